"""Shares of a group's members in named domains, and a bound on how many domains they cover."""

from __future__ import annotations

from typing import Any

import pytest

from groupsolver import BadInput, Limits, Result, Spread, check, explain, solve
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.problem.view import View
from groupsolver.constraints.protocols.conflicts import pieces_of, weaker_versions
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.model.fleet import Fleet
from tests.support.small import app, fleet, group, host

ONE = Limits(seconds=20, workers=1)


def zones(**vcpu: int) -> Fleet:
    """One host a zone: z1 on h1 at cost 1, z2 on h2 at cost 2, and so on."""
    hosts = [
        host(f"h{name[1:]}", vcpu=free, domains={"zone": name}, cost=int(name[1:]))
        for name, free in vcpu.items()
    ]
    return fleet(*hosts, levels=("zone",))


def spread(**fields: Any) -> dict[str, Any]:
    return {"kind": "spread", "level": "zone", **fields}


def placed(on: Fleet, count: int, *policies: Any, existing: tuple[Any, ...] = ()) -> Result:
    one = app(group("A", count, *policies), existing=existing)
    return solve(one, on, objective="cost", limits=ONE, explain=False)


def in_zones(result: Result) -> list[int]:
    """How many members each zone has."""
    assert result.placement is not None
    hosts = list(result.placement.values())
    return [hosts.count(name) for name in ("h1", "h2", "h3")]


def running(*zones: int) -> tuple[dict[str, Any], ...]:
    return tuple({"group": "A", "id": f"old{i}", "host": f"h{z}"} for i, z in enumerate(zones))


def measure(
    policy: dict[str, Any], *hosts: str, existing: tuple[Any, ...] = (), size: int = 0
) -> int:
    on = zones(z1=9, z2=9, z3=9)
    index = HostIndex(on.levels, on.hosts)
    problem = Problem(app(group("A", size or len(hosts), policy), existing=existing), index)
    placement = {f"A/{i}": name for i, name in enumerate(hosts)}
    return Spread(**policy).violations("A", View(problem, placement))


def test_a_share_is_rounded_up_and_a_limit_down() -> None:
    # 50 % of 5 are 2.5: at least 3 in z2, and in z1, which is cheaper, the others.
    assert in_zones(placed(zones(z1=9, z2=9), 5, spread(share={"z2": 50}))) == [2, 3, 0]
    # At most 2 in z1, then.
    assert in_zones(placed(zones(z1=9, z2=9), 5, spread(at_most={"z1": 50}))) == [2, 3, 0]


def test_0_per_cent_at_most_keeps_a_domain_empty_and_100_needs_all() -> None:
    assert in_zones(placed(zones(z1=9, z2=9), 3, spread(at_most={"z1": 0}))) == [0, 3, 0]
    assert in_zones(placed(zones(z1=9, z2=9), 3, spread(share={"z2": 100}))) == [0, 3, 0]


def test_members_cover_at_most_so_many_domains() -> None:
    # Each zone takes 2. Two zones take 4 of 5 members.
    four = placed(zones(z1=2, z2=2, z3=2), 4, spread(max_domains=2))
    assert in_zones(four) == [2, 2, 0]
    assert placed(zones(z1=2, z2=2, z3=2), 5, spread(max_domains=2)).status == "infeasible"


def test_soft_numbers_add_up_in_one_measure() -> None:
    # 3 zones covered, 1 too many; z1 is to have 3 of 4 and has 2: 1; z3 may have 0 and has 1: 1.
    policy = spread(max_domains=2, share={"z1": 75}, at_most={"z3": 0})
    assert measure(policy, "h1", "h1", "h2", "h3") == 1 + 1 + 1
    # Two in z2: z1 is short of two of its share, and only two zones are covered.
    assert measure(policy, "h1", "h2", "h2", "h2") == 2


def test_what_is_not_placed_yet_is_not_missed() -> None:
    # 2 of 4 members have to be in z1, so 2 may be elsewhere: of 3 there, one is too many.
    half = spread(share={"z1": 50})
    assert measure(half, existing=running(2, 2), size=2) == 0
    assert measure(half, existing=running(2, 2, 2), size=1) == 1


def test_what_running_members_break_may_not_grow() -> None:
    # 3 of 6 have to be in z2, and 4 run in z1: both that come go to z2, and one is missing.
    result = placed(zones(z1=9, z2=9), 2, spread(share={"z2": 50}), existing=running(1, 1, 1, 1))
    assert in_zones(result) == [0, 2, 0]
    # 2 of 6 may be in z1, where 3 run: none of the three that come.
    most = spread(at_most={"z1": 34})
    assert in_zones(placed(zones(z1=9, z2=9), 3, most, existing=running(1, 1, 1))) == [0, 3, 0]
    # Two zones are used already, one more than allowed: no third one.
    few = spread(max_domains=1)
    assert in_zones(placed(zones(z1=1, z2=9, z3=9), 2, few, existing=running(2, 3))) == [0, 2, 0]


def test_a_host_may_be_named_where_hosts_are_the_domains() -> None:
    # 3 VCPU on each of 40 hosts that are alike; 4 of 6 members have to be on h7, which takes 3.
    hosts = [host(f"h{i}", vcpu=3) for i in range(40)]
    policy = {"kind": "spread", "level": "host", "share": {"h7": 50}}
    result = solve(app(group("A", 6, policy)), fleet(*hosts), limits=ONE)
    assert result.placement is not None
    assert list(result.placement.values()).count("h7") == 3


def test_an_unknown_domain_is_a_warning_with_the_nearest_name() -> None:
    result = placed(zones(z1=9, z2=9), 2, spread(share={"z11": 50}, at_most={"z2": 0}))
    assert result.status == "infeasible"
    assert result.warnings == (
        "groups[0].policies[0].share.z11: zone has no domain 'z11' (did you mean 'z1'?)",
    )


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"share": {"z1": 101}},
        {"share": {"z1": -1}},
        {"share": {"z1": 0.5}},
        {"share": {"z1": True}},
        {"share": {"z1": 60, "z2": 41}},
        {"share": {"z1": 60}, "at_most": {"z1": 59}},
        {"share": {"z1": 50, "z2": 50}, "max_domains": 1},
        {"share": {"z1": 50}, "between": "children"},
        {"at_most": {"z1": 50}, "between": "children"},
        {"max_domains": 0},
    ],
    ids=str,
)
def test_what_can_never_hold_is_bad_input(fields: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        Spread(level="zone", **fields)


def test_an_empty_share_adds_no_constraint() -> None:
    assert in_zones(placed(zones(z1=9, z2=9), 3, spread(share={}))) == [3, 0, 0]


def test_each_number_is_a_piece_and_the_first_has_the_rest() -> None:
    policy = Spread(
        level="zone",
        max_domains=2,
        max_skew=1,
        share={"z1": 50},
        at_most={"z2": 1},
        everywhere=True,
    )
    on = zones(z1=9, z2=9)
    problem = Problem(app(group("A", 4, policy)), HostIndex(on.levels, on.hosts))
    assert pieces_of(policy, "A", problem) == (
        Spread(level="zone", max_domains=2, everywhere=True),
        Spread(level="zone", max_skew=1),
        Spread(level="zone", share={"z1": 50}),
        Spread(level="zone", at_most={"z2": 1}),
    )


def test_weaker_versions_go_member_by_member_and_domain_by_domain() -> None:
    on = zones(z1=9, z2=9, z3=9)

    def weaker(**fields: Any) -> list[Any]:
        policy = Spread(level="zone", **fields)
        problem = Problem(app(group("A", 4, policy)), HostIndex(on.levels, on.hosts))
        (field,) = fields
        return [getattr(one, field) for one in weaker_versions(policy, "A", problem)]

    # 60 % of 4 are 3: then 2 (50 %), 1 (25 %) and none.
    assert weaker(share={"z1": 60}) == [{"z1": 50}, {"z1": 25}, {"z1": 0}]
    # 40 % of 4 are 1: then 2, 3 and all.
    assert weaker(at_most={"z1": 40}) == [{"z1": 50}, {"z1": 75}, {"z1": 100}]
    assert weaker(max_domains=1) == [2, 3]  # of 3 zones


def test_a_conflict_says_what_the_named_domain_has_to_hold_and_a_fix_lowers_it() -> None:
    # z1 takes 2 of 5 members; 60 % of 5 are 3. 40 % of 5 are 2.
    asked = app(group("A", 5, spread(share={"z1": 60})))
    explanation = explain(asked, zones(z1=2, z2=9), limits=ONE)
    assert explanation.conflict is not None
    (policy,) = [one for one in explanation.conflict.policies if one.policy == "spread"]
    assert "zone z1 has to hold at least 3 of 5 members" in policy.sentence
    changes = [fix.change for fix in explanation.conflict.fixes]
    assert any("share z1 60 -> z1 40" in change for change in changes), changes


def test_a_penalty_names_the_domains_that_are_short_and_over() -> None:
    on = zones(z1=9, z2=9)
    policy = spread(share={"z1": 100}, at_most={"z2": 0}, max_domains=1, weight=5)
    verdict = check(app(group("A", 2, policy)), on, {"A/0": "h1", "A/1": "h2"})
    (penalty,) = verdict.penalties
    assert penalty.cost == 5 * (1 + 1 + 1)
    assert penalty.detail.endswith(
        "they cover 2 zones; zone z1 holds 1 member, and has to hold 2; "
        "zone z2 holds 1 member, and may hold 0"
    )
