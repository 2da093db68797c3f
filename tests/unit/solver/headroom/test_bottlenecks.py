"""What keeps one more copy out, in words."""

from __future__ import annotations

from groupsolver import Application, Fleet
from groupsolver.model.answers.headroom import Bottleneck
from groupsolver.model.result import Placement
from groupsolver.solver.headroom.bottlenecks import Disclosure, find_bottlenecks
from tests.support.headroom import demand_for, placed_on
from tests.support.small import app, fleet, group, host

FAST = {"kind": "host-capabilities", "required": ["CUSTOM_FAST"]}


def found(
    application: Application,
    made: Fleet,
    copies: list[Placement],
    disclosure: Disclosure | None = None,
) -> tuple[Bottleneck, ...]:
    placed = placed_on(application, made)
    placed.add((copy, {}) for copy in copies)
    return find_bottlenecks(demand_for(application, made), placed, disclosure or Disclosure())


def test_a_resource_that_runs_out_is_named_with_what_is_left() -> None:
    application = app(group("A", 1, vcpu=2))
    [one] = found(
        application, fleet(host("a", 5), host("b", 2)), [{"A/0": "a"}] * 2 + [{"A/0": "b"}]
    )
    assert (one.kind, one.name) == ("resource", "VCPU")
    # 5 + 2 less 3 * 2; each host has less than 2.
    assert one.sentence == (
        "VCPU runs out first: 1 of 7 are left after 3 copies, "
        "and 2 of 2 hosts have less than the 2 that one member of A takes"
    )


def test_amounts_and_hosts_are_not_said_where_they_may_not_be() -> None:
    application = app(group("A", 1, vcpu=2))
    [one] = found(application, fleet(host("a", 2)), [{"A/0": "a"}], Disclosure(reveal=False))
    assert one.sentence == "VCPU runs out first for A"


def test_a_trait_is_named_where_hosts_without_it_have_room() -> None:
    made = fleet(host("a", 1, traits=["CUSTOM_FAST"]), host("b", 9))
    answer = found(app(group("A", 1, FAST)), made, [{"A/0": "a"}])
    assert [(one.kind, one.name) for one in answer] == [
        ("resource", "VCPU"),
        ("trait", "CUSTOM_FAST"),
    ]
    assert answer[1].sentence == (
        "CUSTOM_FAST is what A asks for: 1 host has it, and others have room for 9 more"
    )


def test_a_trait_that_no_host_has_is_the_bottleneck() -> None:
    [one] = found(app(group("A", 1, FAST)), fleet(host("a", 9)), [])
    assert (one.kind, one.name) == ("trait", "CUSTOM_FAST")
    assert one.sentence.startswith("no host that is in service suits A: ")


def test_too_few_domains_with_room_are_the_bottleneck() -> None:
    racks = [host(name, size, domains={"rack": name}) for name, size in {"r1": 9, "r2": 1}.items()]
    apart = {"kind": "anti-affinity", "level": "rack"}
    answer = found(
        app(group("A", 2, apart)), fleet(*racks, levels=("rack",)), [{"A/0": "r1", "A/1": "r2"}]
    )
    assert ("level", "rack") in [(one.kind, one.name) for one in answer]
    level = next(one for one in answer if one.kind == "level")
    assert level.sentence == (
        "rack: each copy needs 2 racks for A, by anti-affinity; 1 of 2 racks has room left"
    )


def test_a_rule_that_admits_no_member_in_any_domain_is_the_bottleneck() -> None:
    # Two members cannot be shared out evenly over three racks: no rack may hold one.
    racks = [host(f"h{i}", 9, domains={"rack": f"r{i}"}) for i in range(3)]
    evenly = {"kind": "spread", "level": "rack", "max_skew": 0}
    answer = found(app(group("A", 2, evenly)), fleet(*racks, levels=("rack",)), [])
    assert [(one.kind, one.name) for one in answer] == [("policy", "spread")]


def test_rules_between_groups_are_named_where_each_group_has_room() -> None:
    # B next to A and A apart from B contradict each other: no copy fits an empty fleet.
    near = {"kind": "near", "group": "A", "level": "host"}
    apart = {"kind": "apart-from", "group": "B", "level": "host"}
    answer = found(
        app(group("A", 1, apart), group("B", 1, near)), fleet(host("a", 9), host("b", 9)), []
    )
    assert {one.kind for one in answer} == {"resource", "policy"}
    assert {one.name for one in answer if one.kind == "policy"} == {"near", "apart-from"}


def test_a_foreign_rule_is_not_named() -> None:
    answer = found(app(group("A", 1, FAST)), fleet(host("a", 9)), [], Disclosure(own=("B",)))
    assert answer == ()
