"""Bounds of blocks, what each column raises them by, and which candidates that drops."""

from __future__ import annotations

import math

import numpy as np
import pytest

from groupsolver.solver.presolve.interchangeable_groups import merge_interchangeable
from groupsolver.solver.relaxation.reduced_cost_fixing import (
    Bounds,
    bound_blocks,
    candidates_within,
    domain_costs,
    rank_columns,
    slack_keeping,
)
from tests.support.small import group, host
from tests.support.small_problems import AFFINITY, SmallProblem, drawn_problem, in_rack


def bounds_of(problem: SmallProblem, worth: list[float] | None = None) -> Bounds:
    """The bounds at the hosts' own prices."""
    prices = problem.columns.price.astype(np.float64)
    ranked = rank_columns(problem.compiled, problem.columns, problem.blocks, prices)
    return bound_blocks(
        problem.compiled,
        problem.columns,
        problem.blocks,
        ranked,
        prices,
        0.0,
        np.full(len(problem.blocks), np.inf),
        None if worth is None else np.array(worth),
    )


def test_each_block_is_bounded_by_its_cheapest_columns() -> None:
    hosts = [host("h0", 1, cost=3), host("h1", 1, cost=5), host("h2", 1, cost=9)]
    problem = SmallProblem([group("A", 1), group("B", 2)], hosts)
    found = bounds_of(problem)
    # A: 3. B: 3 + 5; blocks do not compete here.
    assert found.block_bounds.tolist() == [3.0, 8.0]
    assert (found.lower, found.proved) == (11.0, 11)
    # A raises by price - 3, B by price - 5.
    assert found.raises.tolist() == [0.0, 2.0, 6.0, 0.0, 0.0, 4.0]


def test_candidates_that_raise_the_bound_beyond_the_slack_are_dropped() -> None:
    hosts = [host("h0", cost=3), host("h1", cost=5), host("h2", cost=9)]
    problem = SmallProblem([group("A", 1)], hosts)
    found = bounds_of(problem)
    # A placement of 5 is known, and the bound is 3.
    kept = candidates_within(found, problem.columns, problem.candidates, 5 - found.lower)
    assert kept[0].tolist() == [0, 1]
    assert slack_keeping(found, 1) == 2.0  # h0 alone raises less
    assert slack_keeping(found, 3) == math.inf


def test_a_block_that_shares_a_domain_is_bounded_by_the_cheapest_domain() -> None:
    hosts = [
        in_rack("h0", "r0", 1, cost=0),
        in_rack("h1", "r0", 1, cost=8),
        in_rack("h2", "r1", 2, cost=3),
        in_rack("h3", "r1", 2, cost=4),
        host("h4", cost=0),
    ]
    problem = SmallProblem([group("A", 2, AFFINITY)], hosts)
    found = bounds_of(problem)
    # r0: 0 + 8. r1: 3 + 3. h4 is in no rack, and takes none.
    assert found.lower == 6.0
    # In r0 the total is 2 more; h3 costs 1 more than the dearest in r1.
    assert found.raises.tolist() == [2.0, 2.0, 0.0, 1.0]


def test_classes_that_share_a_ceiling_are_bounded_together() -> None:
    members = [{"resources": {"VCPU": 1}}, {"resources": {"VCPU": 2}}]
    one_each = {"kind": "anti-affinity", "max_per_domain": 1}
    hosts = [in_rack("h0", "r0", cost=1), in_rack("h1", "r0", cost=4)]
    problem = SmallProblem(
        [{"name": "A", "policies": [AFFINITY, one_each], "members": members}], hosts
    )
    prices = problem.columns.price.astype(np.float64)
    ranked = rank_columns(problem.compiled, problem.columns, problem.blocks, prices)
    (block,) = problem.blocks
    # Each class alone takes h0, 1 + 1; together they need both hosts, 1 + 4.
    costs = domain_costs(problem.compiled, problem.columns, block, ranked, prices)
    assert costs.tolist() == [5.0]


def test_a_further_domain_is_opened_where_its_columns_pay_for_it() -> None:
    soft = AFFINITY | {"weight": 4}
    hosts = [in_rack("h0", "r0", 1, cost=0), in_rack("h1", "r1", 1, cost=0)]
    problem = SmallProblem([group("A", 2, soft)], hosts)
    # A worth of 4 a member: each rack costs 4 and brings 4. Less the first, which is free:
    # 2 x 4 + 0 + 0 - 4.
    assert bounds_of(problem, [4.0]).lower == 4.0
    # Without a worth domains are free.
    assert bounds_of(problem).lower == 0.0


def test_the_cost_of_chunks_counts_once_for_all_their_classes() -> None:
    sizes = [{"resources": {"VCPU": 1}}, {"resources": {"VCPU": 2}}]
    groups = [{"name": name, "policies": [AFFINITY], "members": sizes} for name in "AB"]
    hosts = [in_rack("h0", "r0", 8, cost=3), in_rack("h1", "r1", 8, cost=5)]
    merged = SmallProblem([], hosts)
    merged.compiled = merge_interchangeable(SmallProblem(groups, hosts).compiled).compiled
    found = bounds_of(merged)
    # Four members in two classes, all on h0: 4 x 3.
    assert found.lower == 12.0
    # A member on h1 takes its whole chunk along: two members at 5 - 3 more.
    assert found.raises.tolist() == [0.0, 4.0, 0.0, 4.0]


def test_a_block_without_room_makes_the_bound_infinite() -> None:
    problem = SmallProblem([group("A", 3)], [host("h0", 2)])
    assert bounds_of(problem).lower == math.inf


@pytest.mark.parametrize("seed", range(40))
def test_no_placement_is_cheaper_than_the_bound_and_what_its_candidates_raise(seed: int) -> None:
    problem = drawn_problem(seed)
    compiled = problem.compiled
    found = bounds_of(problem)
    class_of = {id_: index for index, one in enumerate(compiled.member_classes) for id_ in one.ids}
    raises = {
        (class_index, row): raised
        for class_index, row, raised in zip(
            problem.columns.member_class.tolist(),
            problem.columns.row.tolist(),
            found.raises.tolist(),
            strict=True,
        )
    }
    for placement in problem.placements():
        cost = problem.oracle.value(placement, "cost")
        for id_, name in placement.items():
            raised = raises[class_of[id_], compiled.fleet.rows[name]]
            assert found.lower + raised <= cost + found.noise
