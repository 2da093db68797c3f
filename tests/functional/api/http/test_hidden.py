"""What a project is not told: names of hosts, and whatever is another project's."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.drivers.api_driver import Asker, World, hosts, one, opened, refused

OUTSIDE = {"group": "", "policy": "", "sentence": "a rule outside your project"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path) as world:
        world.asker("ops", "admin").load(*hosts(2, vcpu=8))
        yield world


def everywhere(asker: Asker) -> list[dict[str, Any]]:
    """The same instance, by every way on which it is told."""
    placed = asker.ask(one(), key="k", ttl=60).get_json()["placement"]
    again = asker.ask(one(), key="k", ttl=60).get_json()["placement"]
    confirmed = asker("POST", f"~/placements/{placed['id']}/confirm").get_json()["placement"]
    there = placed["instances"][0]["id"]
    shown, listed = (
        asker.get(f"~/instances/{there}", "instance"),
        asker.get("~/instances", "instances"),
    )
    tried = asker.ask(one(), query="?dry_run=true").get_json()["placement"]
    return [p["instances"][0] for p in (placed, again, confirmed, tried)] + [shown, *listed]


@pytest.mark.parametrize("role", ["reader", "member", "service", "admin"])
def test_names_of_hosts_are_shown_to_admins_alone(world: World, role: str) -> None:
    asker = world.asker("demo", role)
    if role == "reader":  # who may not place is shown what others have placed
        placed = world.asker("demo", "member").place(one())["instances"][0]["id"]
        found = [
            asker.get(f"~/instances/{placed}", "instance"),
            *asker.get("~/instances", "instances"),
        ]
    else:
        found = everywhere(asker)
    for instance in found:
        assert instance["host"] == ("h0" if role == "admin" else None)
        # Nova's form.
        assert instance["hostId"] == hashlib.sha224(b"demo" + b"h0").hexdigest()


def test_ids_of_hosts_are_a_projects_own(world: World) -> None:
    demo = world.asker("demo", "member").place(one(), one())["instances"]
    other = world.asker("other", "member").place(one())["instances"]
    assert demo[0]["hostId"] == demo[1]["hostId"] != other[0]["hostId"]


@pytest.mark.parametrize(
    ("setting", "roles"), [(True, {"reader", "member", "service"}), (["member"], {"member"})]
)
def test_an_operator_may_reveal_them(tmp_path: Path, setting: Any, roles: set[str]) -> None:
    (tmp_path / "x").mkdir()
    with opened(tmp_path / "x", reveal_hosts=setting) as world:
        world.asker("ops", "admin").load(*hosts(1))
        world.asker("demo", "member").place(one())
        for role in ("reader", "member", "service", "admin"):
            host = world.asker("demo", role).get("~/instances", "instances")[0]["host"]
            assert host == ("h0" if role in roles | {"admin"} else None)


def test_a_conflict_names_no_other_projects_groups(world: World) -> None:
    other, demo = world.asker("other", "member"), world.asker("demo", "member")
    secret = other.id(name="their-secret", policies=["exclusive"])
    other.place(one(secret, count=2, vcpu=5))
    mine = demo.id(name="mine", policies=["anti-affinity"])
    answer = demo.ask(one(mine, count=2), key="k")
    for repeated in (answer, demo.ask(one(mine, count=2), key="k")):
        conflict = refused(repeated, "placement-infeasible", 409)["conflict"]
        assert OUTSIDE in conflict["policies"]
        assert {rule["group"] for rule in conflict["policies"]} <= {mine, ""}
        assert secret not in repeated.text
        assert "their-secret" not in repeated.text
        assert "h0" not in repeated.text
        assert "h1" not in repeated.text
    # Whose it is hears of it by name.
    theirs = refused(other.ask(one(secret, vcpu=9)), "placement-infeasible", 409)["conflict"]
    assert "their-secret" in json.dumps(theirs)
    assert OUTSIDE not in theirs["policies"]


def test_nobody_is_told_of_other_projects_that_have_nothing_to_do_with_it(world: World) -> None:
    other, demo = world.asker("other", "member"), world.asker("demo", "member")
    other.place(one(other.id(policies=["anti-affinity"])))
    conflict = refused(demo.ask(one(vcpu=9)), "placement-infeasible", 409)["conflict"]
    assert OUTSIDE not in conflict["policies"]


def test_nobody_can_watch_whether_others_have_the_fleet_to_themselves(world: World) -> None:
    member, other = world.asker("demo", "member"), world.asker("other", "member")
    before = refused(member.ask(one(vcpu=9)), "placement-infeasible", 409)
    other.place(one(other.id(policies=["exclusive"])))
    after = refused(member.ask(one(vcpu=9)), "placement-infeasible", 409)
    assert after["conflict"] == before["conflict"]


def test_another_projects_soft_rules_cost_nobody_else(world: World) -> None:
    other, demo = world.asker("other", "member"), world.asker("demo", "member")
    soft = {"kind": "exclusive", "weight": 2**47}
    other.place(one(other.id(policies=[soft]), count=2))
    # Six members, and a price that 64 bits could not hold.
    assert demo.ask(one(count=6)).status_code == 201


WIDE = {"kind": "exclusive", "level": "rack"}
HOSTS = {"kind": "within", "hosts": ["h0"]}


SHARES = {"kind": "spread", "level": "host", "share": {"h1": 50}}


@pytest.mark.parametrize(
    "policy",
    [
        WIDE,
        HOSTS,
        {"kind": "outside", "hosts": ["h1"]},
        {"kind": "within", "domains": {"host": ["h0"]}},
        SHARES,
        {**WIDE, "weight": 5},
    ],
)
@pytest.mark.parametrize("setting", ["admin", "service", "member"])
def test_what_is_the_operators_needs_the_role_that_is_set(
    tmp_path: Path, policy: Any, setting: str
) -> None:
    (tmp_path / "x").mkdir()
    may = {
        "admin": {"admin"},
        "service": {"service", "admin"},
        "member": {"member", "service", "admin"},
    }[setting]
    with opened(tmp_path / "x", host_policies=setting) as world:
        world.asker("ops", "admin").load(*hosts(2))
        for role in ("member", "service", "admin"):
            asker = world.asker("demo", role)
            plain = asker.id()
            made = asker("POST", "~/groups", {"group": {"policies": [policy]}})
            changed = asker("PATCH", f"~/groups/{plain}", {"group": {"policies": [policy]}})
            if role in may:
                assert (made.status_code, changed.status_code) == (201, 200)
            else:
                refused(made, "forbidden", 403)
                refused(changed, "forbidden", 403)


def test_domains_and_single_hosts_are_anybodys(world: World) -> None:
    member = world.asker("demo", "member")
    for policy in (
        {"kind": "within", "domains": {"rack": ["r0"]}},
        {"kind": "spread", "level": "rack", "share": {"r0": 50}},
        "exclusive",
        {"kind": "anti-affinity", "level": "rack"},
        {"kind": "within", "hosts": []},
    ):
        assert member("POST", "~/groups", {"group": {"policies": [policy]}}).status_code == 201
