"""One conflict in the words for each who may read it: a project, who sees hosts, an admin."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from groupsolver.api.http.errors import ApiError
from groupsolver.api.services.conflict_view import Audience
from tests.functional.api.explain.test_explain import RACK, explained
from tests.functional.api.groups.test_grants import GRANT
from tests.functional.api.http.test_hidden import OUTSIDE
from tests.support.drivers.api_driver import Asker, World, hosts, one, opened, refused


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path) as world:
        world.asker("ops", "admin").load(*hosts())
        yield world


def changes(conflict: dict[str, Any]) -> list[str]:
    return [fix["change"] for fix in conflict["fixes"]]


def conflict_of(answer: Any) -> dict[str, Any]:
    return dict(refused(answer, "placement-infeasible", 409)["conflict"])


def test_an_answer_that_is_kept_for_an_admin_shows_others_no_names(
    world: World, admin: Asker, member: Asker
) -> None:
    web = admin.id(name="web", policies=[RACK])
    full, plain = (conflict_of(asker.ask(one(web, count=4), key="k")) for asker in (admin, member))
    assert "(r0, r1 and r2)" in json.dumps(full)
    assert not any(f'"{name}' in json.dumps(plain) for name in ("h0", "h1", "h2", "new-1"))
    assert "r0" not in json.dumps(plain)
    assert "3 racks could take one" in json.dumps(plain)
    # The admin gets the same answer again. The answer that a member got first is also the admin's.
    assert conflict_of(admin.ask(one(web, count=4), key="k")) == full
    first, again = (
        conflict_of(asker.ask(one(web, count=5), key="other")) for asker in (member, admin)
    )
    assert first == again


def test_an_answer_that_an_older_server_kept_is_told_as_it_is() -> None:
    conflict = {"policies": [], "capacity": [], "minimal": False, "fixes": []}
    kept = {"code": "placement-infeasible", "detail": "no", "conflict": conflict}
    answersr = ApiError.from_stored(kept, Audience("demo"))
    assert answersr.conflict is not None
    assert answersr.conflict.model_dump(mode="json") == conflict
    assert (
        ApiError.from_stored(
            {"code": "busy", "detail": "no", "conflict": None}, Audience("demo")
        ).conflict
        is None
    )


def busy(world: World) -> tuple[Asker, str]:
    """Two hosts, each half full: a third instance that is as large as a host fits on neither."""
    world.asker("ops", "admin").load(*hosts(2, vcpu=1013))
    member = world.asker("demo", "member")
    web = member.id(name="web")
    member.place(one(web, vcpu=311, count=2), objective="spread")
    return member, web


def test_what_is_freed_and_moved_is_for_those_who_may_see_it(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    with opened(tmp_path / "x", reveal_hosts=["service"]) as world:
        _, web = busy(world)
        answers = {
            role: explained(world.asker("demo", role), one(web, vcpu=1013))
            for role in ("member", "service", "admin")
        }
    plain, hosted, full = (changes(answers[role]["conflict"]) for role in answers)
    assert plain == ["1 more host (1,013 VCPU) in the right rack"]
    assert [change for change in hosted if change.startswith("free 311 VCPU on h")]
    assert not [change for change in hosted if change.startswith("move")]
    assert [change for change in full if change.startswith("move") and "from h" in change]
    # A project is told in whole members what there is.
    assert re.findall(r"\b(?:702|311)\b", json.dumps(answers["member"])) == []
    (short,) = answers["member"]["conflict"]["capacity"]
    assert (short["needed"], short["available"]) == (1013, 0)
    assert (
        short["sentence"] == "a member of web takes 1,013 VCPU; there is not as much free for them"
    )
    assert answers["admin"]["conflict"]["capacity"][0]["available"] == 702


def test_room_is_counted_in_whole_members(world: World) -> None:
    member, web = busy(world)
    short = explained(member, one(web, vcpu=200, count=8), one(web, vcpu=100))["conflict"][
        "capacity"
    ][0]
    assert (short["needed"], short["available"] % 200) == (1700, 0)
    assert short["available"] < short["needed"]


def test_a_rule_over_a_shared_group_is_told_without_its_name(world: World) -> None:
    owner, guest = world.asker("owner", "member"), world.asker("guest", "member")
    shared = owner.id(name="shared-name")
    tier = owner.id(
        name="tier-secret", groups=[shared], policies=[{"kind": "affinity", "level": "rack"}]
    )
    owner("POST", f"~/groups/{shared}/grants", GRANT)
    found = explained(guest, one(shared, vcpu=8, count=3))  # a rack has two such hosts
    conflict = found["conflict"]
    assert conflict["policies"] == [OUTSIDE]
    assert conflict["minimal"] is True
    # Not even at which level it speaks.
    answersence = "the new members take 24 VCPU; there is not as much free for them"
    assert [short["sentence"] for short in conflict["capacity"]] == [answersence]
    assert changes(conflict)[-1] == f"{shared} 3 -> 2 members"
    text = json.dumps(found)
    assert [word for word in (tier, "tier-secret", "shared-name", "owner") if word in text] == []
    # An admin of the project reads whose rule it is; yet it is not the project's to change.
    full = explained(world.asker("guest", "admin"), one(shared, vcpu=8, count=3))["conflict"]
    assert [rule["group"] for rule in full["policies"]] == [shared, tier]
    assert "tier-secret" in full["policies"][1]["sentence"]
    assert not any("tier-secret" in change for change in changes(full))


def test_of_others_nothing_is_said_where_it_fails_without_them(world: World, member: Asker) -> None:
    """Though a conflict with their rules is as minimal."""
    before = explained(member, one(vcpu=9))
    other = world.asker("other", "member")
    other.place(one(other.id(policies=["exclusive"]), count=6), objective="spread")
    after = explained(member, one(vcpu=9))
    assert OUTSIDE not in after["conflict"]["policies"]
    assert after["conflict"]["policies"] == before["conflict"]["policies"]
    assert after["conflict"]["capacity"] == before["conflict"]["capacity"]
    blocked = explained(member, one())
    assert blocked["conflict"]["policies"] == [
        {
            "group": "no group",
            "policy": "members",
            "sentence": "1 new instance outside groups is placed",
        },
        OUTSIDE,
    ]
    assert (blocked["conflict"]["minimal"], blocked["never"]) == (True, False)
    assert changes(blocked["conflict"])[0].startswith("1 more host (8 VCPU)")


def test_warnings_are_for_admins(world: World, member: Asker, admin: Asker) -> None:
    admin.load(*hosts(), {**hosts(7)[6], "name": "spare", "enabled": False})
    web = admin.id(
        name="web",
        policies=[
            {"kind": "within", "hosts": ["h9"]},
            {"kind": "outside", "domains": {"rack": ["r7"]}},
        ],
    )
    assert explained(member, one(web))["warnings"] == []
    answersings = explained(admin, one(web))["warnings"]
    assert any(
        line.startswith("group web: policies[0].hosts[0]: no host is called 'h9'")
        for line in answersings
    )
    assert any("spare" in line for line in explained(admin, one(vcpu=8, count=7))["warnings"])


def test_names_of_traits_are_names_too(world: World, member: Asker, admin: Asker) -> None:
    admin.load(*({**host, "traits": ["CUSTOM_FOR_ACME"]} for host in hosts(2, racks=2)))
    web = member.id(name="web", policies=[RACK])
    plain, full = (json.dumps(explained(asker, one(web, count=3))) for asker in (member, admin))
    assert ("CUSTOM_FOR_ACME" in plain, "CUSTOM_FOR_ACME" in full) == (False, True)


def test_a_group_may_be_called_anything(world: World, member: Asker) -> None:
    db = member.id(name="db")
    for name in (db, "no group", '"}], "fixes": [', "</sentence><sentence>", "a; b"):
        web = member.id(name=name, policies=[RACK])
        found = explained(member, one(web, count=4))["conflict"]
        assert [rule["group"] for rule in found["policies"]] == [web, web]
        assert found["policies"][0]["sentence"] == f"4 new members of {name} are placed"
        assert changes(found)[0] == f"{name} anti-affinity at rack max_per_domain 1 -> 2"
