"""The fleet over HTTP: section 1's shapes, what others use apart from what is claimed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.drivers.api_driver import Asker, World, hosts, one, opened, refused, spots

HOST = "/v1.0/fleet/hosts/"
FLEET: dict[str, Any] = {
    "levels": ["zone", "rack"],
    "hosts": [
        {
            "name": "h0001",
            "domains": {"zone": "z1", "rack": "r01"},
            "inventory": {
                "VCPU": {"total": 64, "reserved": 2, "allocation_ratio": 4.0},
                "MEMORY_MB": 262144,
            },
            "used": {"VCPU": 12, "MEMORY_MB": 65536},
            "traits": ["STORAGE_DISK_SSD", "CUSTOM_FAST"],
            "enabled": True,
            "cost": 0,
            "metadata": {"row": 7},
            "x-note": ["kept"],
        }
    ],
    "links": [
        {"between": ["r01", "spine"], "bandwidth_mbps": 40000, "used_mbps": 1200, "latency_us": 5}
    ],
}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path) as world:
        yield world


def shown(asker: Asker) -> Any:
    answer = asker("GET", "/v1.0/fleet")
    assert answer.status_code == 200
    return answer.get_json()


def test_what_was_put_is_given_back(admin: Asker) -> None:
    assert shown(admin) == {"version": 1, "levels": [], "hosts": [], "links": []}
    assert admin("PUT", "/v1.0/fleet", FLEET).status_code == 204
    fleet = shown(admin)
    bare = fleet["hosts"][0]["inventory"].pop("MEMORY_MB")
    assert bare == {"total": 262144, "reserved": 0, "allocation_ratio": 1.0}
    wanted = {**FLEET["hosts"][0], "inventory": {"VCPU": FLEET["hosts"][0]["inventory"]["VCPU"]}}
    assert fleet == {**FLEET, "version": 1, "hosts": [wanted]}
    # And again: nothing has changed, for the tags neither.
    tag = admin("GET", HOST + "h0001").headers["ETag"]
    assert admin("PUT", "/v1.0/fleet", shown(admin)).status_code == 204
    assert admin("GET", HOST + "h0001").headers["ETag"] == tag


def test_used_is_what_others_use_and_claims_are_added_to_it(admin: Asker) -> None:
    admin.load(*hosts(1, vcpu=8, used={"VCPU": 3}))
    before = shown(admin)
    admin.place(one(vcpu=4))
    assert shown(admin) == before
    assert admin("GET", HOST + "h0").get_json() == before["hosts"][0]
    refused(admin.ask(one(vcpu=2)), "placement-infeasible", 409)
    # Others leave, and what is claimed stays claimed: 8 - 4.
    admin.load(*hosts(1, vcpu=8))
    refused(admin.ask(one(vcpu=5)), "placement-infeasible", 409)
    assert admin.ask(one(vcpu=4)).status_code == 201


def test_a_host_with_members_stays(admin: Asker) -> None:
    admin.load(*hosts(2))
    held = admin.place(one())["instances"][0]
    assert held["host"] == "h0"
    refused(admin("DELETE", HOST + "h0"), "host-in-use", 409)
    refused(
        admin("PUT", "/v1.0/fleet", {"hosts": hosts(2)[1:], "levels": ["zone", "rack"]}),
        "host-in-use",
        409,
    )
    assert [host["name"] for host in shown(admin)["hosts"]] == ["h0", "h1"]
    assert admin("DELETE", HOST + "h1").status_code == 204
    admin("DELETE", f"~/instances/{held['id']}")
    assert admin("DELETE", HOST + "h0").status_code == 204
    assert shown(admin)["hosts"] == []
    for method in ("GET", "DELETE"):
        refused(admin(method, HOST + "h0"), "host-not-found", 404)


def test_a_host_is_added_and_replaced_whole(admin: Asker) -> None:
    admin.load(*hosts(1))
    new = {"name": "h9", "inventory": {"VCPU": 100}, "cost": 7, "domains": {"rack": "r9"}}
    made = admin("PUT", HOST + "h9", new)
    assert (made.status_code, made.get_json()["cost"]) == (201, 7)
    assert spots(admin.place(one(vcpu=50))) == ["h9"]
    put = admin("PUT", HOST + "h9", {"name": "h9", "inventory": {"VCPU": 60}})
    assert (put.status_code, put.get_json()["cost"], put.get_json()["domains"]) == (200, 0, {})
    refused(admin.ask(one(vcpu=11)), "placement-infeasible", 409)  # 60 - 50
    refused(admin("PUT", HOST + "h8", new), "wrong-value", 400, "name")
    unknown = {**new, "domains": {"room": "x"}}
    refused(admin("PUT", HOST + "h9", unknown), "unknown-level", 400, "domains.room")
    refused(admin("PUT", HOST + "h9", {**new, "cpus": 4}), "unknown-key", 400, "cpus")
    assert admin("GET", HOST + "h9").get_json() == put.get_json()


@pytest.mark.parametrize("name", ["a b", "é", "a/b", "a%2Fb", "h.example.org", "a?b", "a;b"])
def test_any_name_of_a_host_has_a_path(admin: Asker, name: str) -> None:
    from urllib.parse import quote

    path = HOST + quote(name, safe="")
    host = {"name": name, "inventory": {"VCPU": 1}}
    assert admin("PUT", path, host).status_code == 201
    assert admin("GET", path).get_json()["name"] == name
    assert admin("DELETE", path).status_code == 204


def test_a_stale_tag_of_a_host_is_refused(admin: Asker) -> None:
    admin.load(*hosts(1))
    (host,) = hosts(1)
    old = admin("GET", HOST + "h0").headers["ETag"]
    changed = admin("PUT", HOST + "h0", {**host, "cost": 1}, If_Match=old)
    assert changed.status_code == 200
    assert changed.headers["ETag"] == admin("GET", HOST + "h0").headers["ETag"] != old
    refused(admin("PUT", HOST + "h0", {**host, "cost": 2}, If_Match=old), "stale", 412)
    refused(admin("DELETE", HOST + "h0", If_Match=old), "stale", 412)
    assert admin("GET", HOST + "h0").get_json()["cost"] == 1
    # A fleet that is replaced changes the tags of those hosts that it changes.
    admin.load(*hosts(1))
    refused(admin("PUT", HOST + "h0", host, If_Match=changed.headers["ETag"]), "stale", 412)
    refused(admin("PUT", HOST + "h7", {"name": "h7"}, If_Match='"1"'), "host-not-found", 404)


def test_a_level_at_which_policies_speak_stays(admin: Asker) -> None:
    admin.load(*hosts())
    flat = {"hosts": [{"name": f"h{i}", "inventory": {"VCPU": 8}} for i in range(6)]}
    for policy in (
        {"kind": "affinity", "level": "rack"},
        {"kind": "within", "domains": {"rack": ["r0"]}},
    ):
        group = admin.id(policies=[policy])
        refused(admin("PUT", "/v1.0/fleet", flat), "level-in-use", 409)
        assert shown(admin)["levels"] == ["zone", "rack"]
        assert admin("DELETE", f"~/groups/{group}").status_code == 204
    admin.id(policies=["affinity"])
    assert admin("PUT", "/v1.0/fleet", flat).status_code == 204
    assert shown(admin)["levels"] == []
    assert admin.ask(one(count=48)).status_code == 201


@pytest.mark.parametrize(
    ("fleet", "code", "path"),
    [
        ({}, "missing-key", "hosts"),
        ({"hosts": []}, "out-of-range", "hosts"),
        ({"hosts": [{"name": "a"}, {"name": "a"}]}, "duplicate-name", "hosts[1].name"),
        (
            {"hosts": [{"name": "a", "domains": {"rack": "r"}}]},
            "unknown-level",
            "hosts[0].domains.rack",
        ),
        (
            {"hosts": [{"name": "a", "inventory": {"VCPU": -1}}]},
            "out-of-range",
            "hosts[0].inventory.VCPU",
        ),
        ({"hosts": [{"name": "a", "used": {"vcpu": 1}}]}, "ill-formed-name", "hosts[0].used.vcpu"),
        ({"hosts": [{"name": "a", "traits": ["ssd"]}]}, "ill-formed-name", "hosts[0].traits[0]"),
        ({"hosts": [{"name": "a"}], "levels": ["host"]}, "reserved-name", "levels[0]"),
        ({"hosts": [{"name": "a"}], "version": 2}, "wrong-value", "version"),
        ([], "wrong-type", ""),
    ],
)
def test_a_fleet_that_means_nothing_changes_nothing(
    admin: Asker, fleet: Any, code: str, path: str
) -> None:
    admin.load(*hosts(2))
    before = shown(admin)
    refused(admin("PUT", "/v1.0/fleet", fleet), code, 400, path)
    assert shown(admin) == before


def test_a_fleet_may_be_larger_than_other_bodies(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    with opened(tmp_path / "x", body=1000, fleet_body=100_000) as world:
        admin = world.asker("demo", "admin")
        admin.load(*hosts(60))
        refused(admin("PUT", "/v1.0/fleet", {"hosts": hosts(3000)}), "body-too-large", 413)
        big = {"name": "h0", "traits": [f"T{i}" for i in range(500)]}
        refused(admin("PUT", HOST + "h0", big), "body-too-large", 413)
        assert len(shown(admin)["hosts"]) == 60


@pytest.mark.parametrize("role", ["reader", "member", "service"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1.0/fleet"),
        ("PUT", "/v1.0/fleet"),
        *((m, HOST + "h0") for m in ("GET", "PUT", "DELETE")),
    ],
)
def test_the_fleet_is_for_admins(
    world: World, admin: Asker, role: str, method: str, path: str
) -> None:
    admin.load(*hosts(1))
    before = shown(admin)
    body = {"hosts": hosts(1, racks=1)} if path.endswith("fleet") else hosts(1)[0]
    refused(
        world.asker("demo", role)(method, path, body if method == "PUT" else None), "forbidden", 403
    )
    refused(world.nobody()(method, path, body if method == "PUT" else None), "unauthorized", 401)
    assert shown(admin) == before
