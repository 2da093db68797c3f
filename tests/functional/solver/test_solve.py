"""What `solve` answers: its status, its numbers worked out by hand, its warnings and refusals."""

from __future__ import annotations

import json
import time
from contextlib import nullcontext
from typing import Any

import pytest

from groupsolver import Application, BadInput, Fleet, Limits, Result, check, compile_fleet, solve
from groupsolver.model.result import NEVER, Objective
from tests.functional.solver.test_stop import LOOSE, TIGHT, Case, loose, values

ONE = Limits(workers=1)
KEYS = ["version", "status", "placement", "objective", "bound", "gap", "seconds"]
KEYS += ["penalties", "warnings", "witness", "conflict", "cells", "method", "left_out"]


def host(name: str, vcpu: Any = 4, **more: Any) -> dict[str, Any]:
    return {"name": name, "inventory": {"VCPU": vcpu}, **more}


def group(name: str, *sizes: int, policies: tuple[Any, ...] = (), **more: Any) -> dict[str, Any]:
    """A group with a member for each size in VCPU."""
    members = [{"resources": {"VCPU": size}} for size in sizes]
    return {"name": name, "policies": policies, "members": members, **more}


def place(
    groups: list[Any],
    hosts: list[Any],
    objective: Objective = "pack",
    limits: Limits = ONE,
    **more: Any,
) -> Result:
    app = Application.model_validate({"groups": groups, "existing": more.pop("existing", ())})
    return solve(
        app, Fleet.model_validate({"hosts": hosts, **more}), objective=objective, limits=limits
    )


def refused(groups: list[Any], hosts: list[Any], objective: Objective = "pack") -> tuple[str, str]:
    with pytest.raises(BadInput) as caught:
        place(groups, hosts, objective)
    (fault,) = caught.value.faults
    return fault.code, fault.path


# Of h1's VCPU 6/8 are free, 750 points for members that take VCPU alone. Of h2's 3/10: 300 points.
PAIR = [
    {
        "name": "h1",
        "inventory": {"VCPU": 8, "MEMORY_MB": 16},
        "used": {"VCPU": 2, "MEMORY_MB": 12},
        "cost": 3,
    },
    {"name": "h2", "inventory": {"VCPU": 10}, "used": {"VCPU": 7}, "cost": -2},
]


@pytest.mark.parametrize(
    ("objective", "sizes", "expected", "hosts"),
    [
        ("pack", (1, 1), 600, ["h2", "h2"]),  # 300 + 300: what was free before the batch, for each
        (
            "pack",
            (1, 1, 1, 1),
            1650,
            ["h1", "h2", "h2", "h2"],
        ),  # 3 x 300 + 750: h2 has room for three
        ("spread", (1,), 250, ["h1"]),  # 1000 - 750 < 1000 - 300
        ("spread", (1, 1), 950, ["h1", "h2"]),  # 250 + 700; both on h1: 250 + 250 + 1000
        (
            "spread",
            (1, 1, 1),
            2200,
            ["h1", "h1", "h2"],
        ),  # 2 x 250 + 700, and 1000 for the second on h1
        (
            "spread",
            (1, 1, 1, 1, 1),
            6150,
            ["h1", "h1", "h1", "h2", "h2"],
        ),  # 3 x 250 + 2 x 700, 1000 + 2000 on h1, 1000 on h2
        ("cost", (1, 1), -4, ["h2", "h2"]),  # -2 - 2
        ("cost", (2, 2), 1, ["h1", "h2"]),  # 3 - 2: h2 has room for one
    ],
)
def test_the_objective_is_the_sum_that_the_contract_says(
    objective: Objective, sizes: tuple[int, ...], expected: int, hosts: list[str]
) -> None:
    result = place([group("A", *sizes)], PAIR, objective)
    assert (result.status, result.objective, result.bound, result.gap) == (
        "optimal",
        expected,
        expected,
        0.0,
    )
    assert sorted((result.placement or {}).values()) == hosts


def test_points_are_rounded_and_count_reserved_and_overcommitted_capacity() -> None:
    assert place([group("A", 1)], [host("h1", 3, used={"VCPU": 1})]).objective == 667  # 2/3
    inventory = {"total": 10, "reserved": 2, "allocation_ratio": 2.0}
    assert (
        place([group("A", 1)], [host("h1", inventory, used={"VCPU": 4})]).objective == 750
    )  # (16 - 4) / 16


@pytest.mark.parametrize(
    ("objective", "expected"),
    [
        ("pack", 4000),  # 2 x 1000 points of an empty host, 2 x 1000 for the weight
        ("spread", 3000),  # 2 x 0, 1000 for the second on the host, 2 x 1000 for the weight
        ("cost", 12),  # 2 x 5, 2 for the weight
    ],
)
def test_a_unit_of_weight_is_1000_points_and_1_under_cost(
    objective: Objective, expected: int
) -> None:
    soft = {"kind": "anti-affinity", "weight": 2}
    result = place([group("A", 1, 1, policies=(soft,))], [host("h1", cost=5)], objective)
    assert (result.status, result.objective) == ("optimal", expected)
    (penalty,) = result.penalties
    assert (penalty.group, penalty.policy, penalty.cost) == ("A", "anti-affinity", 2)
    assert "no host holds more than 1 member of A" in penalty.detail


@pytest.mark.parametrize(("weight", "expected", "hosts"), [(4, 4, 1), (6, 5, 2)])
def test_a_soft_policy_is_kept_where_that_is_cheaper(
    weight: int, expected: int, hosts: int
) -> None:
    soft = {"kind": "anti-affinity", "weight": weight}  # the second host costs 5
    result = place([group("A", 1, 1, policies=(soft,))], [host("h1"), host("h2", cost=5)], "cost")
    assert (result.objective, len(set((result.placement or {}).values()))) == (expected, hosts)
    assert len(result.penalties) == 2 - hosts


def test_a_gap_limit_gives_feasible_with_at_most_that_gap_proved() -> None:
    for gap in (0.2, 0.02):
        result = solve(*values(LOOSE), limits=Limits(seconds=60, gap=gap, workers=1))
        assert result.objective is not None
        assert result.bound is not None
        assert result.gap == (result.objective - result.bound) / result.objective
        assert 0 < result.gap <= gap
        assert result.status == "feasible"
        assert result.seconds < 30


def test_optimal_means_that_the_bound_is_the_objective() -> None:
    for seed in range(
        8
    ):  # small enough for some to be proved, hard enough for some to stop at the gap
        app, fleet = values(loose(12, 12, seed))
        for gap in (0.0, 0.003, 0.05):
            result = solve(
                app, fleet, objective="cost", limits=Limits(seconds=10, gap=gap, workers=1)
            )
            assert (result.status == "optimal") == (result.objective == result.bound)
            assert result.gap is not None
            assert result.gap <= gap
            assert (result.gap == 0) == (result.status == "optimal")


@pytest.mark.parametrize("case", [TIGHT, LOOSE], ids=["tight", "loose"])
@pytest.mark.parametrize("seconds", [0.001, 0.2, 1.0])
def test_the_time_limit_bounds_the_whole_call(case: Case, seconds: float) -> None:
    app, fleet = values(case)
    compiled = compile_fleet(fleet)
    start, work = time.perf_counter(), time.process_time()
    result = solve(app, compiled, limits=Limits(seconds=seconds, workers=1))
    elapsed = time.perf_counter() - start
    assert (
        time.process_time() - work < 2 * seconds + 2
    )  # of this process: others may be at work on the machine
    assert elapsed < 30
    assert 0 < result.seconds <= elapsed
    assert result.status == "unknown" or (case is LOOSE and result.status == "feasible")
    if result.status == "unknown":
        assert (result.placement, result.objective, result.bound, result.gap, result.conflict) == (
            None,
        ) * 5
    else:
        assert not check(app, fleet, result.placement or {}).violations


def test_all_are_placed_or_none() -> None:
    hosts = [host("h1"), host("h2")]  # room for four of 2
    assert sorted(place([group("A", 2, 2, 2, 2)], hosts).placement or {}) == [
        "A/0",
        "A/1",
        "A/2",
        "A/3",
    ]
    assert place([group("A", 2, 2, 2, 2), group("B", 1)], hosts).placement is None


def test_disabled_hosts_that_would_have_helped_are_named_and_no_others() -> None:
    ssd = {"kind": "host-capabilities", "required": ["STORAGE_DISK_SSD"]}
    fast = {"traits": ["STORAGE_DISK_SSD"], "enabled": False}
    hosts = [
        host("here", traits=["STORAGE_DISK_SSD"]),
        host("would", **fast),
        host("small", 1, **fast),
        host("full", used={"VCPU": 4}, **fast),
        host("over", used={"VCPU": 5}, **fast),
        host("units", {"total": 4, "max_unit": 1}, **fast),
        host("slow", enabled=False),
    ]
    result = place([group("A", 2, 2, policies=("anti-affinity", ssd))], hosts)
    assert result.status == "infeasible"
    (warning,) = [text for text in result.warnings if "disabled" in text]
    assert "would" in warning.split(":", 1)[1]
    assert not [
        name
        for name in ("here", "small", "full", "over", "units", "slow")
        if name in warning.split(":", 1)[1]
    ]
    hosts[1] |= {"enabled": True}
    assert place([group("A", 2, 2, policies=("anti-affinity", ssd))], hosts).status == "optimal"


def test_no_disabled_host_is_named_where_a_placement_exists() -> None:
    assert place([group("A", 1)], [host("h1"), host("h2", enabled=False)]).warnings == ()


def test_nothing_to_place_succeeds() -> None:
    there = {"group": "A", "id": "A/0", "host": "h1"}
    result = place([group("A", 9)], [host("h1", used={"VCPU": 5}, enabled=False)], existing=[there])
    assert (result.status, result.placement, result.objective, result.bound) == (
        "optimal",
        {},
        0,
        0,
    )
    assert (result.gap, result.warnings, result.conflict) == (0.0, (), None)


def test_the_same_seed_and_one_worker_give_the_same_answer_again() -> None:
    hosts = [
        host(f"h{i}", 4 + i % 2, domains={"rack": f"r{i // 3}"}, cost=i % 2) for i in range(12)
    ]  # many ties
    rack = {"kind": "anti-affinity", "level": "rack", "max_per_domain": 2}
    app = Application.model_validate(
        {"groups": [group("A", 1, 1, 2, 2, policies=(rack,)), group("B", 2, 3, 3)]}
    )
    fleet = Fleet.model_validate({"levels": ["rack"], "hosts": hosts})
    compiled = compile_fleet(fleet)
    for objective in ("pack", "spread", "cost"):
        answers = [
            solve(app, f, objective=objective, limits=ONE)
            for f in (compiled, compiled, compile_fleet(fleet))
        ]
        assert {answer.status for answer in answers} == {"optimal"}
        assert answers[0].placement == answers[1].placement == answers[2].placement


def test_every_key_is_present_whatever_the_answer() -> None:
    short, near = Limits(seconds=0.001, workers=1), Limits(gap=0.2, workers=1)
    answers = [place([group("A", 1)], [host("h1")]), place([group("A", 9)], [host("h1")])]
    answers += [solve(*values(TIGHT), limits=short), solve(*values(LOOSE), limits=near)]
    assert [answer.status for answer in answers] == ["optimal", "infeasible", "unknown", "feasible"]
    assert all(list(json.loads(json.dumps(answer.document()))) == KEYS for answer in answers)


def test_amounts_near_the_end_of_64_bits_are_exact() -> None:
    top = 2**63 - 1
    assert place([group("A", 5)], [host("h1", top, used={"VCPU": top - 5})]).status == "optimal"
    assert place([group("A", 6)], [host("h1", top, used={"VCPU": top - 5})]).status == "infeasible"
    pair, half = (
        [host("h1", 2**58), host("h2", 2**58)],
        2**57,
    )  # a float cannot tell 2**57 + 1 from 2**57
    assert (
        place([group("A", half + 1, half - 1), group("B", half + 2, half - 2)], pair).status
        == "optimal"
    )
    assert (
        place([group("A", half + 1, half - 1), group("B", half + 2, half - 1)], pair).status
        == "infeasible"
    )


def test_sums_that_leave_64_bits_are_refused() -> None:
    assert refused([group("A", *[2**62] * 4)], [host("h1", 2**63 - 1)]) == (
        "amount-overflow",
        "groups",
    )
    assert refused([group("A", 1, 1)], [host("h1", cost=2**62)], "cost") == (
        "amount-overflow",
        "hosts",
    )
    assert refused([group("A", 1, 1)], [host("h1", cost=-(2**62))], "cost") == (
        "amount-overflow",
        "hosts",
    )
    heavy = {"kind": "affinity", "weight": 2**60}
    assert refused([group("A", 1, 1, policies=(heavy,))], [host("h1")]) == (
        "amount-overflow",
        "groups",
    )


@pytest.mark.parametrize(("power", "refuses"), [(52, True), (40, False)])
def test_costs_that_cannot_be_summed_over_all_hosts_are_refused(power: int, refuses: bool) -> None:
    # 14 members and some 300 hosts: 2**52 x 14 x 300 > 2**61, 2**40 x 14 x 300 < 2**53.
    hosts = [
        host(f"h{i}", 4 + i % 6, cost=2**power + i, domains={"rack": f"r{i // 3}"})
        for i in range(300)
    ]
    spread = {"kind": "spread", "level": "rack", "min_domains": 2}
    near = [{"kind": "near", "group": f"g{(i + 1) % 7}", "level": "rack"} for i in range(7)]
    groups = [group(f"g{i}", *[2 + i % 4] * 2, policies=(spread, near[i])) for i in range(7)]
    with pytest.raises(BadInput, match="amount-overflow") if refuses else nullcontext():
        assert (
            place(groups, hosts, "cost", Limits(seconds=2, workers=1), levels=["rack"]).status
            != "infeasible"
        )


def test_costs_that_nobody_asks_for_are_never_too_large() -> None:
    assert place([group("A", 1, 1)], [host("h1", cost=2**62)], "pack").status == "optimal"
    pair = [
        host("h1", cost=2**62),
        host("h2", cost=2**62),
    ]  # 3 + 3 + 2 is 4 + 4, and yet the 2 fits nowhere
    assert place([group("A", 3), group("B", 3), group("C", 2)], pair, "pack").status == "infeasible"


def test_max_unit_bounds_each_member_and_not_their_sum() -> None:
    hosts = [host("h1", {"total": 8, "max_unit": 2})]
    assert place([group("A", 2, 2, 2, 2)], hosts).status == "optimal"
    assert place([group("A", 3)], hosts).status == "infeasible"


def test_what_takes_nothing_of_an_overfull_class_lands_and_nothing_else_does() -> None:
    over = {"name": "h1", "inventory": {"VCPU": 4, "DISK_GB": 9}, "used": {"VCPU": 5}}
    sizes: list[dict[str, int]] = [{"DISK_GB": 1}, {}, {"VCPU": 1}, {"VCPU": 1, "DISK_GB": 1}]
    found = [place([{"name": "A", "members": [{"resources": s}]}], [over]).status for s in sizes]
    assert found == ["optimal", "optimal", "infeasible", "infeasible"]
    of_another = host("h1", used={"DISK_GB": 1})  # uses a class that it does not have
    assert place([group("A", 1)], [of_another]).status == "optimal"
    assert place([group("A", 1)], [host("h1", used={"VCPU": 3})]).status == "optimal"


@pytest.mark.parametrize(
    ("policy", "status", "field", "found", "meant"),
    [
        (
            {"kind": "host-capabilities", "required": ["CUSTOM_SDD"]},
            "infeasible",
            "required[0]",
            "SDD",
            "CUSTOM_SSD",
        ),
        (
            {"kind": "host-capabilities", "forbidden": ["CUSTOM_SDD"]},
            "optimal",
            "forbidden[0]",
            "SDD",
            "CUSTOM_SSD",
        ),
        ({"kind": "within", "hosts": ["alfa1"]}, "infeasible", "hosts[0]", "'alfa1'", "alpha1"),
        (
            {"kind": "outside", "domains": {"zone": ["est"]}},
            "optimal",
            "domains.zone[0]",
            "'est'",
            "east",
        ),
    ],
)
def test_a_name_that_the_fleet_lacks_is_a_warning_with_the_nearest(
    policy: dict[str, Any], status: str, field: str, found: str, meant: str
) -> None:
    hosts = [host("alpha1", domains={"zone": "east"}, traits=["CUSTOM_SSD"])]
    result = place([group("A", 1, policies=(policy,))], hosts, levels=["zone"])
    assert result.status == status
    warning, *never = result.warnings
    assert never == ([NEVER] if status == "infeasible" else [])
    assert warning.startswith(f"groups[0].policies[0].{field}: ")
    assert found in warning
    assert f"did you mean {meant!r}?" in warning


def test_a_group_with_policies_and_no_members_holds_nothing() -> None:
    policies = (
        "anti-affinity",
        {"kind": "spread", "level": "host", "min_domains": 3},
        "affinity",
        "exclusive",
    )
    result = place([group("empty", policies=policies), group("A", 4)], [host("h1")])
    assert (result.status, result.placement) == ("optimal", {"A/0": "h1"})


@pytest.mark.parametrize(("most", "status"), [(2, "optimal"), (1, "infeasible")])
def test_members_below_two_parents_count_once(most: int, status: str) -> None:
    limit = {"kind": "anti-affinity", "max_per_domain": most}
    inner = [group("A", 1, 1), group("P", groups=["A"]), group("Q", groups=["A"])]
    assert (
        place([*inner, group("R", groups=["P", "Q"], policies=(limit,))], [host("h1")]).status
        == status
    )
    soft = {
        "kind": "anti-affinity",
        "weight": 1,
    }  # one member of two is above the limit, not three of four
    result = place([*inner, group("R", groups=["P", "Q"], policies=(soft,))], [host("h1")])
    assert [penalty.cost for penalty in result.penalties] == [1]
