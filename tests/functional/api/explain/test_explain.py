"""``POST /v1.0/{tenant_id}/explain``, and the conflict in the answer to a refused placement."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from groupsolver.api.services import placement
from groupsolver.model.result import Limits, Result
from groupsolver.solver import pipeline
from groupsolver.wire.bodies.explain import ExplanationAnswer
from groupsolver.wire.read import read_data
from tests.functional.api.http.test_hidden import OUTSIDE
from tests.support.drivers.api_driver import UNKNOWN, Asker, World, hosts, one, opened, refused

RACK = {"kind": "anti-affinity", "level": "rack"}
NONE = dict.fromkeys(("relax", "soften", "drop", "fewer", "free", "add", "move"))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path) as world:
        world.asker("ops", "admin").load(*hosts())
        yield world


def explained(asker: Asker, *instances: dict[str, Any], **fields: Any) -> dict[str, Any]:
    answer = asker("POST", "~/explain", {"placement": {"instances": list(instances), **fields}})
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json()["explanation"])


def kinds(conflict: dict[str, Any]) -> list[str]:
    return [rule["policy"] for rule in conflict["policies"]]


def dump(world: World) -> list[str]:
    with closing(sqlite3.connect(world.path)) as base:
        return list(base.iterdump())


def test_the_conflict_is_minimal_and_the_fixes_help(world: World, member: Asker) -> None:
    web = member.id(
        name="web", policies=[RACK, {"kind": "anti-affinity", "level": "host", "max_per_domain": 2}]
    )
    found = explained(member, one(web, count=4, name="w"), one(member.id(name="db"), name="d"))
    conflict = found["conflict"]
    assert (found["status"], found["placement"], found["never"], found["warnings"]) == (
        "infeasible",
        None,
        True,
        [],
    )
    assert (kinds(conflict), conflict["minimal"], conflict["capacity"]) == (
        ["members", "anti-affinity"],
        True,
        [],
    )
    assert (
        "4 members need 4 racks, and 3 racks could take one" in conflict["policies"][1]["sentence"]
    )
    assert found["conflicts"] == [conflict]
    first = conflict["fixes"][0]
    assert (first["change"], first["cost"]) == (
        "web anti-affinity at rack max_per_domain 1 -> 2",
        1,
    )
    assert first["placement"].keys() == {"w-1", "w-2", "w-3", "w-4", "d"}
    assert (
        member(
            "PATCH", f"~/groups/{web}", {"group": {"policies": [{**RACK, "max_per_domain": 2}]}}
        ).status_code
        == 200
    )
    assert member.ask(one(web, count=4)).status_code == 201


def test_the_same_body_is_refused_with_the_same_conflict(member: Asker) -> None:
    web = member.id(policies=[RACK])
    requested = [one(web, count=4, name="w")]
    conflict = refused(member.ask(*requested, ttl=60), "placement-infeasible", 409)["conflict"]
    assert conflict == explained(member, *requested, ttl=60)["conflict"]
    assert (
        refused(member.ask(*requested, query="?dry_run=true"), "placement-infeasible", 409)[
            "conflict"
        ]
        == conflict
    )


def test_where_it_can_be_placed_it_is_told_as_a_dry_run_does(
    world: World, member: Asker, admin: Asker
) -> None:
    for asker in (member, admin):
        found = explained(asker, one(name="a", vcpu=3))
        assert (found["status"], found["conflict"], found["conflicts"]) == ("optimal", None, [])
        dry = asker.ask(one(name="a", vcpu=3), query="?dry_run=true").get_json()["placement"]
        for shown in (found["placement"], dry):
            del shown["instances"][0]["id"]
        assert found["placement"] == dry
        assert (found["placement"]["instances"][0]["host"] is None) == (asker is member)


def test_nothing_is_claimed_and_nothing_stored(world: World, member: Asker) -> None:
    web = member.id(policies=[RACK])
    before, tag = dump(world), member("GET", f"~/groups/{web}").headers["ETag"]
    for count in (2, 4):
        explained(member, one(web, count=count), every=True)
    assert dump(world) == before
    assert member("GET", f"~/groups/{web}").headers["ETag"] == tag


@pytest.mark.parametrize("infeasible", [True, False])
def test_it_speaks_both_forms(member: Asker, infeasible: bool) -> None:
    name = "]]> & <odd> \u20ac"
    web = member.id(name=name, policies=[RACK])
    requested = {
        "placement": {
            "instances": [one(web, count=4 if infeasible else 2, name=name)],
            "time_limit": 20,
        }
    }
    plain = member("POST", "~/explain", requested).get_json()
    xml = member("POST", "~/explain", requested, Accept="application/xml")
    assert xml.mimetype == "application/xml"
    from_xml = read_data("xml", xml.data, ExplanationAnswer)
    ExplanationAnswer.model_validate(from_xml)
    if infeasible:
        assert from_xml == plain
        assert (
            from_xml["explanation"]["conflict"]["policies"][0]["sentence"]
            == f"4 new members of {name} are placed"
        )
    instance = "<instance><resources><VCPU>99</VCPU></resources></instance>"
    body = f"<placement><instances>{instance}</instances></placement>"
    answer = member("POST", "~/explain", body.encode(), Content_Type="application/xml")
    assert answer.get_json()["explanation"]["status"] == "infeasible"


def test_a_price_that_is_null_is_no_proposal(member: Asker, admin: Asker) -> None:
    web = member.id(name="web", policies=[RACK])
    requested = one(web, count=4)
    assert explained(member, requested, costs=NONE)["conflict"]["fixes"] == []
    fixes = explained(member, requested, costs={**NONE, "fewer": 3})["conflict"]["fixes"]
    assert [(fix["change"], fix["cost"]) for fix in fixes] == [("web 4 -> 3 members", 3)]
    dear = explained(member, requested, costs={"relax": 500})["conflict"]["fixes"]
    assert dear[0]["change"].startswith("1 more host (8 VCPU) in another rack")
    assert explained(member, requested, fixes=False)["conflict"]["fixes"] == []


def test_every_conflict_is_told_that_has_nothing_in_common_with_the_first(member: Asker) -> None:
    web, db = member.id(name="web", policies=[RACK]), member.id(name="db")
    requested = [one(web, count=4), one(db, vcpu=9)]
    assert len(explained(member, *requested)["conflicts"]) == 1
    found = explained(member, *requested, every=True)["conflicts"]
    assert sorted(rule["group"] for conflict in found for rule in conflict["policies"]) == sorted(
        [web, web, db]
    )
    assert [bool(conflict["fixes"]) for conflict in found] == [True, False]


@pytest.mark.parametrize(
    ("fields", "code", "path"),
    [
        ({"instances": []}, "out-of-range", "placement.instances"),
        ({"costs": {"relax": 0}}, "out-of-range", "placement.costs.relax"),
        ({"costs": {"relaxx": 1}}, "unknown-key", "placement.costs.relaxx"),
        ({"every": "true"}, "wrong-type", "placement.every"),
        ({"time_limit": 31}, "out-of-range", "placement.time_limit"),
        ({"instances": [{"flavor": "none"}]}, "unknown-flavor", "placement.instances[0].flavor"),
    ],
)
def test_bad_bodies_are_told_by_their_path(
    member: Asker, fields: Any, code: str, path: str
) -> None:
    answer = member("POST", "~/explain", {"placement": {"instances": [one()], **fields}})
    refused(answer, code, 400, path)


def test_who_may_ask_and_about_what(world: World, member: Asker) -> None:
    body = {"placement": {"instances": [one()]}}
    refused(world.asker("demo", "reader")("POST", "~/explain", body), "forbidden", 403)
    refused(world.nobody()("POST", "~/explain", body), "unauthorized", 401)
    refused(
        world.asker("demo", "member", at="other")("POST", "~/explain", body),
        "tenant-not-found",
        404,
    )
    strange = world.asker("other", "member").id()
    for group in (UNKNOWN, strange):
        refused(
            member("POST", "~/explain", {"placement": {"instances": [one(group)]}}),
            "group-not-found",
            404,
        )
    refused(
        member("POST", "~/explain", {"placement": {"instances": [one(id=UNKNOWN)]}}),
        "forbidden",
        403,
    )
    refused(member("GET", "~/explain"), "method-not-allowed", 405)


def test_it_waits_for_a_turn_and_ends_in_time(
    tmp_path: Path, world: World, member: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"placement": {"instances": [one()], "time_limit": 0.2}}
    with world.app.service.pool.slot(1), world.app.service.pool.slot(1):
        refused(member("POST", "~/explain", body), "busy", 503)
    monkeypatch.setattr(placement, "_solve", lambda *_: Result(status="unknown"))
    refused(member("POST", "~/explain", body), "no-answer-in-time", 503)
    text = world.nobody()("GET", "/metrics").text
    assert 'groupsolver_explanations_total{outcome="busy"} 1.0' in text
    assert 'groupsolver_explanations_total{outcome="no-answer"} 1.0' in text


def test_it_is_counted(world: World, member: Asker) -> None:
    explained(member, one())
    explained(member, one(vcpu=99))
    member.ask(one(vcpu=99))
    text = world.nobody()("GET", "/metrics").text
    for line in (
        'explanations_total{outcome="placed"} 1.0',
        'explanations_total{outcome="infeasible"} 1.0',
        "explain_seconds_count 2.0",
        'placements_total{outcome="infeasible"} 1.0',
        'http_requests_total{method="POST",route="/v1.0/<tenant_id>/explain",status="200"} 2.0',
    ):
        assert f"groupsolver_{line}" in text


def test_a_refusal_takes_no_more_than_its_setting_and_its_own_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[float] = []
    requestedot = pipeline.why_not

    def watched(*args: Any, limits: Limits, **more: Any) -> Any:
        given.append(limits.seconds)
        return requestedot(*args, limits=limits, **more)

    monkeypatch.setattr(pipeline, "why_not", watched)
    with opened(tmp_path, explain=1.5) as world:
        member = world.asker("demo", "member")
        world.asker("ops", "admin").load(*hosts())
        member.ask(one(vcpu=99))
        member.ask(one(vcpu=99), time_limit=1)
        explained(member, one(vcpu=99), time_limit=20)
    assert given[0] == 1.5
    assert 0 < given[1] < 1
    assert 10 < given[2] < 20


def test_without_time_a_refusal_is_not_narrowed_down(tmp_path: Path) -> None:
    with opened(tmp_path, explain=0) as world:
        other, member = world.asker("other", "member"), world.asker("demo", "member")
        world.asker("ops", "admin").load(*hosts(2))
        web = member.id(name="web", policies=[RACK, "anti-affinity"])
        for blocked in (False, True):
            conflict = refused(
                member.ask(one(web, count=2 if blocked else 3)), "placement-infeasible", 409
            )["conflict"]
            assert (conflict["minimal"], conflict["fixes"]) == (False, [])
            assert kinds(conflict)[:3] == ["anti-affinity", "anti-affinity", "members"]
            assert (OUTSIDE in conflict["policies"]) == blocked
            if not blocked:
                other.place(one(other.id(policies=["exclusive"])))


def test_instances_are_called_by_names_that_only_one_has(world: World, admin: Asker) -> None:
    web, chosen = admin.id(policies=[RACK]), UNKNOWN
    requested = [
        one(web, name="a", id=chosen),
        one(web, name="b"),
        one(web, name="b"),
        one(web, name=chosen),
    ]
    placement = explained(admin, *requested)["conflict"]["fixes"][0]["placement"]
    assert len(placement) == 4
    # A name that is another's id, or that two have, tells nobody apart.
    assert {"a"} == placement.keys() & {"a", "b", chosen}


def test_the_audit_log_has_the_sentences_with_all_names(
    world: World, member: Asker, caplog: pytest.LogCaptureFixture
) -> None:
    other = world.asker("other", "member")
    secret = other.id(name="their-secret", policies=["exclusive"])
    other.place(one(secret, count=5), objective="spread")
    web = member.id(name="web", policies=[RACK])
    with caplog.at_level(logging.INFO, "groupsolver.audit"):
        answer = member.ask(one(web, count=2))
        member.ask(one(web, count=4))
        explained(member, one(web, count=2))
    lines = [
        json.loads(record.getMessage())
        for record in caplog.records
        if record.name == "groupsolver.audit"
    ]
    assert [line["outcome"] for line in lines] == ["infeasible", "infeasible"]
    sentences = " ".join(lines[0]["sentences"])
    assert "their-secret" in sentences
    assert "(r0, r1 and r2)" in " ".join(lines[1]["sentences"])
    assert "their-secret" not in answer.text
