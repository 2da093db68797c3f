"""The hosts and domains that a conflict's rules speak of, and how they are marked."""

from __future__ import annotations

from typing import Any

import pytest

from groupsolver import HostCapabilities, Within
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.registry import Application
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.model.fleet import Fleet
from groupsolver.model.result import Result
from groupsolver.picture import picture
from groupsolver.picture.conflicts.named_places import MAX_PLACES, NamedPlaces, find_named_places
from groupsolver.picture.conflicts.numbered_rules import numbered_conflicts
from tests.unit.picture.test_picture import Page

# Racks r0, r1 and r2 of three hosts each; the first host of r0 and r1 has an SSD, and the hosts
# have 1, 2 ... 9 VCPU free.
FLEET = {
    "levels": ["rack", "feed"],
    "hosts": [
        {
            "name": f"h{i}",
            "domains": {"rack": f"r{i // 3}", "feed": f"f{i % 2}"},
            "inventory": {"VCPU": 10},
            "used": {"VCPU": 9 - i},
            "traits": ["SSD"] if i in {0, 3} else [],
        }
        for i in range(9)
    ],
}
SSD = {"kind": "host-capabilities", "required": ["SSD", "GPU"]}
APART = {"kind": "anti-affinity", "level": "rack"}
WITH_SSD = HostCapabilities(required=["SSD"]).describe("A")
SIZE = {"group": "A", "policy": "members", "sentence": "3 new members of A are placed"}


def application(policies: list[Any], **more: Any) -> Application:
    group = {
        "name": "A",
        "members": [{"resources": {"VCPU": 20}, "count": 3}],
        "policies": policies,
    }
    return Application.model_validate({"groups": [group], **more})


def rule(kind: str, sentence: str) -> dict[str, str]:
    return {"group": "A", "policy": kind, "sentence": sentence}


def found(app: Application, rules: list[Any], short: list[Any] | None = None) -> NamedPlaces:
    conflict = {"policies": rules, "capacity": short or []}
    result = Result.model_validate({"status": "infeasible", "conflict": conflict})
    fleet = Fleet.model_validate(FLEET)
    problem = Problem(app, HostIndex(fleet.levels, fleet.hosts))
    return find_named_places(problem, numbered_conflicts(app, result), ["rack"])


def test_a_policy_that_names_places_marks_these() -> None:
    within = {"kind": "within", "domains": {"rack": ["r1", "gone"]}, "hosts": ["h8"]}
    places = found(application([within]), [rule("within", "...")])
    assert places.of_domain("rack", "r1") == (1,)
    assert not places.of_domain("rack", "r0")
    assert places.words(1) == "marked: rack r1, host h8"


def test_one_piece_of_a_policy_marks_its_hosts_alone() -> None:
    # The conflict speaks of the SSD; no host has the GPU.
    piece = rule("host-capabilities", f"{WITH_SSD}; such hosts ...")
    places = found(application([SSD]), [piece])
    assert places.words(1) == "marked: hosts h0 and h3"


def test_a_level_is_marked_where_hosts_suit_by_the_other_rules() -> None:
    sentences = [
        rule("anti-affinity", "no rack holds more than 1 member of A; 3 members need 3 racks"),
        rule("host-capabilities", WITH_SSD),
    ]
    app = application([APART, SSD])
    assert found(app, sentences).words(1) == "marked: racks r0 and r1"
    # Alone it speaks of all racks: then nothing stands out.
    alone = found(app, sentences[:1])
    assert not alone
    assert alone.words(1) == ""
    assert not alone.marked(1)


def test_of_several_policies_of_a_kind_the_sentence_tells() -> None:
    policies = [
        {"kind": "within", "hosts": ["h1"]},
        {"kind": "within", "hosts": ["h1", "h2"]},
    ]
    app = application(policies)
    # The first one's words are the beginning of the second one's.
    for hosts, words in ((["h1"], "host h1"), (["h1", "h2"], "hosts h1 and h2")):
        for evidence in ("", "; such hosts ..."):
            sentence = Within(hosts=hosts).describe("A") + evidence
            assert found(app, [rule("within", sentence)]).words(1) == f"marked: {words}"
    unknown = found(app, [rule("within", "in other words")])
    assert unknown.of_domain("host", "h1") == unknown.of_domain("host", "h2") == (1,)


def test_domains_where_counted_members_run_are_marked() -> None:
    running = [{"group": "A", "id": "old", "host": "h4", "resources": {"VCPU": 1}}]
    app = application([{"kind": "affinity", "level": "rack"}], existing=running)
    places = found(app, [rule("affinity", "all members of A share one rack")])
    assert places.words(1) == "marked: rack r1"


def test_a_shortage_marks_the_hosts_with_most_free() -> None:
    short = {"resource": "VCPU", "needed": 20, "available": 9, "sentence": "no host has more"}
    places = found(application([]), [SIZE], [short])
    assert places.words(2) == "marked, most of it is free on: hosts h8, h7 and h6"
    # Of those that suit by the other rules.
    with_ssd = rule("host-capabilities", WITH_SSD)
    places = found(application([SSD]), [with_ssd, SIZE], [short])
    assert places.words(3) == "marked, most of it is free on: hosts h3 and h0"


def test_a_domain_of_a_level_that_is_not_drawn_is_marked_host_by_host() -> None:
    within = {"kind": "within", "domains": {"feed": ["f1"]}}
    places = found(application([within]), [rule("within", "...")])
    hosts = Fleet.model_validate(FLEET).hosts
    assert [host.name for host in hosts if places.of_host(host)] == ["h1", "h3", "h5", "h7"]


def test_a_rule_of_an_unknown_group_marks_nothing() -> None:
    other = {"group": "B", "policy": "within", "sentence": "..."}
    assert not found(application([]), [other])


def large(hosts: int, ssd: int) -> tuple[Application, Fleet, Result]:
    """Return a fleet of racks of 40, of which the first hosts of the last racks have an SSD."""
    racks = hosts // 40
    fleet = Fleet.model_validate(
        {
            "levels": ["rack"],
            "hosts": [
                {
                    "name": f"h{i}",
                    "domains": {"rack": f"r{i // 40}"},
                    "inventory": {"VCPU": 10},
                    "traits": ["SSD"] if i % 40 == 0 and i // 40 >= racks - ssd else [],
                }
                for i in range(hosts)
            ],
        }
    )
    app = application([APART, {"kind": "host-capabilities", "required": ["SSD"]}])
    rules = [
        rule("anti-affinity", "no rack holds more than 1 member of A"),
        rule("host-capabilities", WITH_SSD),
    ]
    return (
        app,
        fleet,
        Result.model_validate({"status": "infeasible", "conflict": {"policies": rules}}),
    )


@pytest.mark.parametrize("hosts", [80, 400, 10_000])
def test_named_hosts_and_domains_are_drawn_in_a_fleet_of_any_size(hosts: int) -> None:
    page = Page(picture(*large(hosts, 2)))
    last = hosts // 40 - 1
    named = [*page.named("named")]
    titles = {page.data["cards"][int(each.get("data-i", ""))]["t"] for each in named}
    expected = {f"h{40 * last}", f"h{40 * last - 40}"}
    # Where every rack has a host that suits, no rack is marked.
    expected |= {f"rack r{last}", f"rack r{last - 1}"} if hosts > 80 else set()
    assert titles == expected
    of_host = page.card(f"h{40 * last}")
    assert of_host["k"] == [2]
    assert "rule 2 of the conflict" in (page.cell(f"h{40 * last}")[0].text or "")
    assert "a rule of the conflict speaks of it" in picture(*large(hosts, 2))


def test_too_many_places_are_counted_and_not_marked() -> None:
    app, fleet, result = large(10_000, MAX_PLACES + 1)
    text = picture(app, fleet, result)
    assert "201 hosts: too many to mark" in text
    assert "201 racks: too many to mark" in text
    assert not Page(text).named("named")
    assert "a rule of the conflict speaks of it" not in text


def test_folded_domains_are_marked_where_something_inside_is_named() -> None:
    # With more hosts than are drawn one by one, tiles stand for their racks.
    app, fleet, result = large(10_000, 3)
    busy = [
        {"group": "A", "id": f"old{i}", "host": f"h{7 * i}", "resources": {"VCPU": 0}}
        for i in range(1100)
    ]
    app = Application.model_validate({**app.document(), "existing": busy})
    page = Page(picture(app, fleet, result))
    assert not page.named("host")
    tiles = [page.data["cards"][int(each.get("data-i", ""))]["t"] for each in page.named("named")]
    assert {"rack r247", "rack r248", "rack r249"} <= set(tiles)
