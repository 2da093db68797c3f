"""`survives` with several failures: any domains, also those without members."""

from __future__ import annotations

from typing import Any

from groupsolver import Application, Fleet, check, survives
from tests.functional.solver.test_survives import ONE, RACK, app, placed, racks

Doc = dict[str, Any]
TWO: Doc = RACK | {"failures": 2}
APART: Doc = {"kind": "anti-affinity", "level": "rack"}


def penalty(hosts: list[Doc], group: Doc, placement: dict[str, str], **more: Any) -> int:
    """Return what a soft `survives` costs, a unit for each member without a place."""
    fleet = {
        "levels": ["rack", "zone"],
        "hosts": [{"inventory": {"VCPU": 9}} | host for host in hosts],
    }
    groups = [{"name": "A", **group}, *more.pop("others", ())]
    verdict = check(
        Application.model_validate({"groups": groups, **more}),
        Fleet.model_validate(fleet),
        placement,
    )
    assert not verdict.violations
    return sum(one.cost for one in verdict.penalties if one.policy == "survives")


def test_the_reserve_may_be_lost_with_what_it_is_for() -> None:
    # One member in one of two racks: with both lost it is nowhere; a third rack takes it.
    assert placed(app(TWO, count=1), racks(1, 1)).status == "infeasible"
    assert placed(app(RACK, count=1), racks(1, 1)).status == "optimal"
    result = placed(app(TWO, count=1), racks(1, 1, 1))
    # Of r0 with r2, it goes to r1; of r0 with r1, to r2.
    assert result.witness == {"A: rack r0": {"A/0": "h1"}, "A: rack r0 + r1": {"A/0": "h2"}}


def test_where_all_domains_fail_nobody_has_a_place_but_outside_of_the_level() -> None:
    assert placed(app(RACK | {"failures": 5}, count=1), racks(1, 1, 1)).status == "infeasible"
    loose = racks(1, 1).document()
    loose["hosts"].append({"name": "loose", "inventory": {"VCPU": 4}, "cost": 9})
    result = placed(app(RACK | {"failures": 5}, count=1), Fleet.model_validate(loose))
    # h0 is the cheapest. Both racks are lost together, and the host in none takes the member.
    assert result.witness == {"A: rack r0 + r1": {"A/0": "loose"}}


def test_each_further_failure_is_tried_beside_those_before() -> None:
    # Three failures: r0, then r1 where the member would go, then r2: four racks are needed.
    assert placed(app(RACK | {"failures": 3}, count=1), racks(1, 1, 1)).status == "infeasible"
    result = placed(app(RACK | {"failures": 3}, count=1), racks(1, 1, 1, 1, 1))
    assert result.witness == {
        "A: rack r0": {"A/0": "h1"},
        "A: rack r0 + r1": {"A/0": "h2"},
        "A: rack r0 + r1 + r2": {"A/0": "h3"},
    }


def test_two_failures_take_two_domains_with_members_or_one_with_and_one_without() -> None:
    # One in each of r0 and r1. Both are lost: two racks are left. One is lost with an empty one:
    # one rack is left.
    result = placed(app(TWO, APART), racks(1, 1, 1, 1))
    assert result.witness == {
        "A: rack r0 + r1": {"A/0": "h2", "A/1": "h3"},
        "A: rack r0": {"A/0": "h2"},
        "A: rack r0 + r2": {"A/0": "h3"},
        "A: rack r1": {"A/1": "h2"},
        "A: rack r1 + r2": {"A/1": "h3"},
    }
    assert placed(app(TWO, APART), racks(1, 1, 1)).status == "infeasible"


def test_the_loss_of_whom_a_member_must_be_near_counts_though_it_goes_elsewhere() -> None:
    # A and B on h0 and h1 of r0. Without h0, A goes to h2, near to B on h1. Without h0 and h1, B is
    # gone, and A has no place.
    hosts = [{"name": f"h{i}", "domains": {"rack": "r0" if i < 3 else "r1"}} for i in range(4)]
    near = {"kind": "near", "group": "B", "level": "rack"}
    rule: Doc = {"kind": "survives", "failures": 2, "weight": 1}
    group = {"policies": [near, rule], "members": [{"resources": {"VCPU": 1}}]}
    other = {"name": "B", "members": [{"resources": {"VCPU": 1}}]}
    assert penalty(hosts, group, {"A/0": "h0", "B/0": "h1"}, others=[other]) == 1
    # With a second member of B on h3, A follows that one.
    two = other | {"members": [{"resources": {"VCPU": 1}, "count": 2}]}
    assert penalty(hosts, group, {"A/0": "h0", "B/0": "h1", "B/1": "h3"}, others=[two]) == 0


def test_a_loss_that_only_makes_it_easier_is_no_loss_less() -> None:
    # Strangers use h1 in r1 and h3 in r2; the other hosts there, h2 and h4, are in no zone. A wants
    # a rack to itself: without z0 alone it has none, but every second zone takes strangers with it.
    hosts: list[Doc] = [
        {"name": "h0", "domains": {"rack": "r0", "zone": "z0"}},
        {"name": "h1", "domains": {"rack": "r1", "zone": "z1"}, "used": {"VCPU": 1}},
        {"name": "h2", "domains": {"rack": "r1"}},
        {"name": "h3", "domains": {"rack": "r2", "zone": "z2"}, "used": {"VCPU": 1}},
        {"name": "h4", "domains": {"rack": "r2"}},
    ]
    rule: Doc = {"kind": "survives", "level": "zone", "weight": 1}
    alone = {"kind": "exclusive", "level": "rack"}

    def group(failures: int) -> Doc:
        return {
            "policies": [alone, rule | {"failures": failures}],
            "members": [{"resources": {"VCPU": 1}}],
        }

    assert penalty(hosts, group(1), {"A/0": "h0"}) == 1
    assert penalty(hosts, group(2), {"A/0": "h0"}) == 0
    # A zone z3 that takes none with it is such a loss.
    assert (
        penalty(
            [*hosts, {"name": "h5", "domains": {"zone": "z3"}, "enabled": False}],
            group(2),
            {"A/0": "h0"},
        )
        == 1
    )


def test_the_question_tells_losses_with_others_that_play_no_part() -> None:
    there = {"group": "A", "id": "old", "host": "h0", "resources": {"VCPU": 4}}
    busy = racks(1, 1, 1, 1).document()
    busy["hosts"][0]["used"] = {"VCPU": 4}
    running = app(count=0, existing=(there,))
    found = survives(running, Fleet.model_validate(busy), level="rack", failures=2, limits=ONE)
    assert found.status == "survives"
    # r0 with r2 or r3: to h1. r0 with r1: to h2.
    losses = [(lost.domains, lost.others, lost.placement) for lost in found.losses]
    assert losses == [(("r0",), 1, {"old": "h1"}), (("r0", "r1"), 0, {"old": "h2"})]
    two = Fleet.model_validate(busy | {"hosts": busy["hosts"][:2]})
    fallen = survives(running, two, level="rack", failures=2, limits=ONE)
    # Of two racks both are lost; nothing is said of r0 alone, after which h1 would take it.
    assert [(lost.domains, lost.nowhere, lost.proved) for lost in fallen.losses] == [
        (("r0", "r1"), ("old",), True)
    ]


def test_the_witness_stays_small_on_a_large_fleet() -> None:
    # 20 members on 20 of 1000 hosts: 190 pairs, 20 hosts alone, and each of these together with the
    # host that its member goes to.
    twenty = app({"kind": "survives", "failures": 2}, {"kind": "anti-affinity"}, count=20)
    result = placed(twenty, racks(*[40] * 25))
    assert result.status == "optimal"
    assert len(result.witness or {}) == 190 + 20 + 20
