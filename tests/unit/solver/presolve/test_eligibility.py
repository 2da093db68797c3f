"""How many members of a class each host may take, and at what price."""

from __future__ import annotations

import pytest

from groupsolver import BadInput
from groupsolver.solver.presolve.eligibility import find_eligibility, host_prices
from groupsolver.solver.stage import Stage
from tests.support.small import group, host
from tests.support.small_problems import Doc, SmallProblem, in_rack

SSD: Doc = {"kind": "host-capabilities", "required": ["SSD"]}


def test_room_and_hard_policies_bound_the_members_of_each_host() -> None:
    hosts = [
        host("roomy", 9),
        host("used", 9, used={"VCPU": 6}),
        host("disabled", 9, enabled=False),
        host("running", 9),
    ]
    two_each = {"kind": "anti-affinity", "max_per_domain": 2}
    existing = [{"group": "A", "id": "old", "host": "running"}]
    problem = SmallProblem([group("A", 4, two_each, vcpu=2)], hosts, existing=existing)
    # 9 // 2 = 4 but two at most; 3 // 2 = 1; none; one beside the running member.
    assert problem.eligibility.max_members[0].tolist() == [2, 1, 0, 1]


def test_hosts_that_a_hard_policy_rules_out_take_none_and_a_soft_one_prices_them() -> None:
    hosts = [host("ssd", traits=["SSD"], cost=5), host("plain", cost=1)]
    hard = SmallProblem([group("A", 1, SSD)], hosts)
    assert hard.eligibility.max_members[0].tolist() == [1, 0]
    soft = SmallProblem([group("A", 1, SSD | {"weight": 7})], hosts)
    assert soft.eligibility.max_members[0].tolist() == [1, 1]
    # Under ``cost`` a unit of weight is one point: 1 + 7.
    assert soft.eligibility.prices[0].tolist() == [5, 8]
    assert soft.eligibility.base_prices[0].tolist() == [5, 1]


def test_each_objective_has_its_own_prices() -> None:
    hosts = [host("free", 4, cost=3), host("half", 4, cost=6, used={"VCPU": 2})]
    problem = SmallProblem([group("A", 1)], hosts)
    fleet = problem.compiled.fleet
    assert host_prices(fleet, "cost", ["VCPU"]).tolist() == [3, 6]
    assert host_prices(fleet, "pack", ["VCPU"]).tolist() == [1000, 500]  # free thousandths
    assert host_prices(fleet, "spread", ["VCPU"]).tolist() == [0, 500]  # used thousandths
    assert find_eligibility(problem.compiled, "pack").extra_member_price == 0
    assert find_eligibility(problem.compiled, "spread").extra_member_price == 1000


def test_in_a_stage_that_minimises_a_tier_hosts_are_free_and_a_unit_of_weight_is_a_point() -> None:
    soft = SSD | {"weight": 7}
    problem = SmallProblem([group("A", 1, soft)], [host("plain", cost=9)], objective="pack")
    assert find_eligibility(problem.compiled, "pack").prices[0].tolist() == [1000 + 7 * 1000]
    staged = find_eligibility(problem.compiled, "pack", Stage(target=1))
    assert staged.objective == "cost"
    assert staged.prices[0].tolist() == [7]


def test_too_few_places_for_one_member_class_are_seen() -> None:
    hosts = [in_rack("h1", "r1", 2), in_rack("h2", "r1", 1)]
    enough = SmallProblem([group("A", 3)], hosts)
    assert not enough.eligibility.has_too_few_places(enough.compiled)
    short = SmallProblem([group("A", 1), group("B", 4)], hosts)
    assert short.eligibility.has_too_few_places(short.compiled)


@pytest.mark.parametrize(("cost", "weight", "where"), [(2**60, 1, "hosts"), (1, 2**59, "groups")])
def test_sums_that_leave_64_bits_are_refused(cost: int, weight: int, where: str) -> None:
    soft = {"kind": "anti-affinity", "weight": weight}
    problem = SmallProblem([group("A", 2, soft)], [host("h1", cost=cost), host("h2")])
    with pytest.raises(BadInput) as error:
        find_eligibility(problem.compiled, "cost")
    assert [(one.code, one.path) for one in error.value.faults] == [("amount-overflow", where)]


@pytest.mark.parametrize(("last", "short"), [(1, False), (2, True)])
def test_all_members_together_may_take_more_than_is_free(last: int, short: bool) -> None:
    # 2 + 2 VCPU on the hosts that take members at all. Each group alone has room enough.
    hosts = [host("h0", 2), host("h1", 3, used={"VCPU": 1}), host("off", 9, enabled=False)]
    groups = [group("A", 1, vcpu=2), group("B", 1, vcpu=1), group("C", 1, vcpu=last)]
    problem = SmallProblem(groups, hosts)
    assert problem.eligibility.has_too_few_places(problem.compiled) == short
