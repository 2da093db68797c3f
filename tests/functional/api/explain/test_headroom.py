"""``POST /v1.0/{tenant_id}/headroom``: how many more copies fit, and what each role may see."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from groupsolver.api.services import headroom
from groupsolver.model.answers.headroom import Headroom
from groupsolver.wire.bodies.headroom import HeadroomAnswer
from groupsolver.wire.read import read_data
from tests.functional.api.explain.test_explain import RACK, dump
from tests.functional.api.groups.test_grants import GRANT
from tests.support.drivers.api_driver import UNKNOWN, Asker, World, hosts, one, opened, refused

SSD = "STORAGE_DISK_SSD"
NEEDS = {"kind": "host-capabilities", "required": [SSD]}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path, reveal_hosts=["service"]) as world:
        world.asker("ops", "admin").load(*hosts())  # 6 hosts of 8 VCPU in 3 racks
        yield world


def counted(asker: Asker, *instances: dict[str, Any], **fields: Any) -> dict[str, Any]:
    answer = asker("POST", "~/headroom", {"placement": {"instances": list(instances), **fields}})
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json()["headroom"])


def copies(asker: Asker, *instances: dict[str, Any], **fields: Any) -> int:
    found = counted(asker, *instances, **fields)
    assert (found["bound"], found["gap"]) == (found["copies"], 0)
    return int(found["copies"])


# What is counted.


def test_each_copy_brings_its_own_groups(world: World, member: Asker) -> None:
    web = member.id(policies=["anti-affinity"])
    assert copies(member, one(web, count=6)) == 8  # one on each host: 8 members a host
    # Six run, one on each host: they take room, and are of no copy.
    member.place(one(web, count=6))
    assert copies(member, one(web, count=6)) == 7
    assert copies(member, one(web, count=7)) == 0


def test_what_stands_above_and_below_comes_with_the_groups(world: World, member: Asker) -> None:
    web, db = member.id(), member.id()
    member.id(groups=[web, db], policies=[{"kind": "affinity", "level": "host"}])
    # 3 and 3 VCPU on one host of 8; apart, there were room for 8.
    assert copies(member, one(web, count=3), one(db, count=3)) == 6
    # Where only one group of a tier is asked of, that one holds together.
    assert copies(member, one(web, count=4)) == 12
    assert copies(member, one(web, count=9)) == 0


def test_instances_of_no_group_and_flavors(world: World, member: Asker) -> None:
    big = {"flavor": "big", "count": 2}
    assert (
        copies(member, big, one(), flavors={"big": {"resources": {"VCPU": 3}}}) == 6
    )  # 3 + 3 + 1 VCPU
    assert copies(member, {"resources": {"CUSTOM_NONE": 1}}) == 0


def test_rules_of_others_bind_as_they_bind_placements(world: World, member: Asker) -> None:
    other = world.asker("other", "member")
    alone = other.id(policies=["exclusive"])
    assert copies(member, one()) == 48
    other.place(one(alone), one(alone, vcpu=8))  # two hosts
    assert copies(member, one()) == 32
    # A policy that names the asked group speaks of its members, and a copy has others.
    web = member.id()
    there = member.id(policies=[{"kind": "apart-from", "group": web}])
    member.place(one(there, count=4), objective="spread")
    assert copies(member, one(web)) == 28
    # Asked for together, the rule holds within each copy.
    assert copies(member, one(web, vcpu=7), one(there, vcpu=7)) == 2


def test_a_group_has_its_hosts_to_itself_in_each_copy(world: World, member: Asker) -> None:
    web = member.id(name="web", policies=["exclusive"])
    assert copies(member, one(web, count=2)) == 6
    member.place(one(web))
    found = counted(member, one(web, count=2))
    assert found["copies"] == 5
    (scarce,) = found["scarce"]
    assert scarce == {
        "kind": "policy",
        "name": "exclusive",
        "sentence": "hosts that have room for web are closed to it: "
        "nothing but web runs in a host where web does",
    }


def test_a_policy_that_names_another_group_means_the_copys_own(world: World, member: Asker) -> None:
    db = member.id()
    web = member.id(policies=[{"kind": "near", "group": db, "level": "host"}])
    member.place(one(db))
    assert copies(member, one(web)) == 0
    assert copies(member, one(web), one(db)) == 23  # 4 a host; 3 where the one runs


def test_quotas_count_no_copies_and_ids_are_nobodys(tmp_path: Path) -> None:
    with opened(tmp_path, quota={"members": 2}) as world:
        admin = world.asker("ops", "admin")
        admin.load(*hosts())
        web = admin.id()
        admin.place(one(web, id=UNKNOWN), one(web))
        assert copies(admin, one(web, id=UNKNOWN), one(web), one(web)) == 15  # 46 VCPU


def test_a_gap_is_enough_and_a_count_has_an_end(
    world: World, member: Asker, admin: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert 0 <= counted(member, one(), gap=0.5)["gap"] <= 0.5
    monkeypatch.setattr(headroom, "MAX_MEMBERS", 10)
    for asker in (member, admin):
        found = counted(asker, one(count=2))
        assert (found["copies"], found["bound"], found["scarce"], found["unlocks"]) == (
            5,
            5,
            [],
            [],
        )
        assert found["warnings"] == ["copies are counted up to 5"]


def test_nothing_is_claimed_and_nothing_stored(world: World, member: Asker) -> None:
    web = member.id(policies=[RACK])
    before = dump(world)
    counted(member, one(web, count=2), ttl=60, objective="cost")
    assert dump(world) == before


# What is said to whom.


def test_each_reads_what_it_may(world: World) -> None:
    world.asker("ops", "admin").load(
        *hosts(4, traits=[SSD]), *({**host, "name": f"x{host['name']}"} for host in hosts(2))
    )
    web = world.asker("demo", "member").id(name="web", policies=[NEEDS])
    answers = {
        role: counted(world.asker("demo", role), one(web, vcpu=3))
        for role in ("member", "service", "admin")
    }
    for found in answers.values():
        assert (found["copies"], found["bound"], found["gap"]) == (8, 8, 0)
        assert [(one["kind"], one["name"]) for one in found["scarce"]] == [
            ("resource", "VCPU"),
            ("trait", SSD),
        ]
    assert [one["sentence"] for one in answers["member"]["scarce"]] == [
        f"VCPU on hosts with {SSD} runs out first for web",
        f"{SSD} is what web asks for, and hosts without it have room left",
    ]
    assert answers["member"]["unlocks"] == []
    for role in ("service", "admin"):
        assert answers[role]["scarce"][0]["sentence"] == (
            f"VCPU on hosts with {SSD} runs out first: 8 of 32 are left after 8 copies, "
            "and 4 of 4 hosts have less than the 3 that one member of web takes"
        )
        assert "4 hosts have it" in answers[role]["scarce"][1]["sentence"]
        assert [(one["like"], one["hosts"], one["rate"]) for one in answers[role]["unlocks"]] == [
            ("h0", 4, 2),
            ("xh0", 2, 0),
        ]


def test_domains_are_not_counted_for_everyone(world: World, member: Asker, admin: Asker) -> None:
    web = member.id(name="web", policies=[RACK])
    plain, full = (counted(asker, one(web, count=4))["scarce"][0] for asker in (member, admin))
    assert (
        plain["sentence"] == "rack: each copy needs 4 racks for web, by anti-affinity; "
        "fewer have a host that suits it"
    )
    assert (
        full["sentence"]
        == "rack: each copy needs 4 racks for web, by anti-affinity; 3 have a host that suits it"
    )
    assert [one["sentence"] for one in counted(member, one(web, count=3))["scarce"]] == [
        "VCPU runs out first for web",
        "rack: each copy needs 3 racks for web, by anti-affinity; fewer have room left",
    ]


def test_where_strangers_are_alone_their_rule_is_told_to_admins_only(
    world: World, member: Asker, admin: Asker
) -> None:
    other = world.asker("other", "member")
    other.place(one(other.id(name="secret", policies=["exclusive"]), count=6), objective="spread")
    plain, full = (counted(asker, one()) for asker in (member, admin))
    assert (plain["copies"], plain["bound"], plain["scarce"]) == (0, 0, [])
    assert [one["sentence"] for one in full["scarce"]] == [
        (
            "hosts that have room for instances outside groups are closed to it: "
            "nothing but secret runs in a host where secret does"
        )
    ]


def test_rules_over_a_shared_group_are_not_told(world: World) -> None:
    owner = world.asker("owner", "member")
    shared = owner.id(name="shared-name", policies=[NEEDS])
    owner.id(
        name="tier-secret", groups=[shared], policies=[{"kind": "affinity", "level": "host"}, RACK]
    )
    owner("POST", f"~/groups/{shared}/grants", GRANT)
    world.asker("ops", "admin").load(
        *hosts(5, traits=[SSD]), *({**host, "name": "x"} for host in hosts(1))
    )
    for role in ("member", "service"):
        for count in (1, 5):
            found = counted(world.asker("guest", role), one(shared, count=count))
            assert [one["sentence"] for one in found["scarce"]] in (
                [f"VCPU runs out first for {shared}"],
                [],
            )
    full = counted(world.asker("guest", "admin"), one(shared))["scarce"]
    assert SSD in full[0]["sentence"]


def test_warnings_are_for_admins(world: World, member: Asker, admin: Asker) -> None:
    web = admin.id(name="web", policies=[{"kind": "within", "hosts": ["h9", "h1"]}])
    assert counted(member, one(web))["warnings"] == []
    (warning,) = counted(admin, one(web))["warnings"]
    assert warning.startswith("group web: policies[0].hosts[0]: no host is called 'h9'")


def test_it_speaks_both_forms(world: World, member: Asker, admin: Asker) -> None:
    name = "]]> & <odd> \u20ac"
    web = member.id(name=name, policies=[RACK])
    body = {"placement": {"instances": [one(web, count=2, name=name)], "time_limit": 20, "gap": 0}}
    for asker in (member, admin):
        plain = asker("POST", "~/headroom", body).get_json()
        xml = asker("POST", "~/headroom", body, Accept="application/xml")
        from_xml = read_data("xml", xml.data, HeadroomAnswer)
        from_xml["headroom"]["seconds"] = plain["headroom"]["seconds"]
        assert from_xml == plain
        assert name in from_xml["headroom"]["scarce"][0]["sentence"]
    instance = "<instance><resources><VCPU>8</VCPU></resources></instance>"
    xml_body = f"<placement><instances>{instance}</instances></placement>"
    answer = member("POST", "~/headroom", xml_body.encode(), Content_Type="application/xml")
    assert answer.get_json()["headroom"]["copies"] == 6


# Who may ask, and how it ends.


@pytest.mark.parametrize(
    ("fields", "code", "path"),
    [
        ({"instances": []}, "out-of-range", "placement.instances"),
        ({"gap": -1}, "out-of-range", "placement.gap"),
        ({"gap": "0"}, "wrong-type", "placement.gap"),
        ({"every": True}, "unknown-key", "placement.every"),
        ({"time_limit": 31}, "out-of-range", "placement.time_limit"),
    ],
)
def test_bad_bodies_are_told_by_their_path(
    member: Asker, fields: Any, code: str, path: str
) -> None:
    answer = member("POST", "~/headroom", {"placement": {"instances": [one()], **fields}})
    refused(answer, code, 400, path)


def test_who_may_ask_and_about_what(world: World, member: Asker) -> None:
    body = {"placement": {"instances": [one()]}}
    refused(world.asker("demo", "reader")("POST", "~/headroom", body), "forbidden", 403)
    refused(world.nobody()("POST", "~/headroom", body), "unauthorized", 401)
    refused(
        world.asker("demo", "member", at="other")("POST", "~/headroom", body),
        "tenant-not-found",
        404,
    )
    strange = world.asker("other", "member").id()
    for group in (UNKNOWN, strange):
        refused(
            member("POST", "~/headroom", {"placement": {"instances": [one(group)]}}),
            "group-not-found",
            404,
        )
    refused(
        member("POST", "~/headroom", {"placement": {"instances": [one(id=UNKNOWN)]}}),
        "forbidden",
        403,
    )
    refused(member("GET", "~/headroom"), "method-not-allowed", 405)


def test_it_waits_for_a_turn_ends_in_time_and_is_counted(
    world: World, member: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"placement": {"instances": [one()], "time_limit": 0.2}}
    with world.app.service.pool.slot(1), world.app.service.pool.slot(1):
        refused(member("POST", "~/headroom", body), "busy", 503)
    counted(member, one())
    monkeypatch.setattr(headroom, "_solve", lambda *_: Headroom(copies=0, bound=2, gap=2.0))
    refused(member("POST", "~/headroom", body), "no-answer-in-time", 503)
    assert counted(member, one(), gap=2)["bound"] == 2  # in as much doubt as was asked for
    refused(
        member("POST", "~/headroom", {"placement": {"instances": [one(UNKNOWN)]}}),
        "group-not-found",
        404,
    )
    text = world.nobody()("GET", "/metrics").text
    for line in (
        'headrooms_total{outcome="busy"} 1.0',
        'headrooms_total{outcome="no-answer"} 1.0',
        'headrooms_total{outcome="answered"} 2.0',
        "headroom_seconds_count 1.0",
        'http_requests_total{method="POST",route="/v1.0/<tenant_id>/headroom",status="200"} 2.0',
    ):
        assert f"groupsolver_{line}" in text
