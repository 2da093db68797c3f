"""Placements by the heuristic: each keeps all rules, and easy problems get the best one."""

from __future__ import annotations

import numpy as np
import pytest

from groupsolver import check
from groupsolver.solver.heuristic.constructive import PlacementBuilder, block_orders, construct
from groupsolver.solver.incumbent import Assignment, Incumbent
from groupsolver.solver.presolve.interchangeable_groups import merge_interchangeable
from groupsolver.solver.relaxation.blocks import Block
from tests.support.small import group, host
from tests.support.small_problems import (
    AFFINITY,
    APART,
    Doc,
    SmallProblem,
    budget,
    drawn_problem,
    in_rack,
)


def constructed(problem: SmallProblem) -> list[list[Assignment]]:
    best = Incumbent(problem.compiled, problem.objective, budget())
    return list(construct(problem.prepared(), best, budget()))


def builder(problem: SmallProblem) -> PlacementBuilder:
    prices = [
        problem.eligibility.prices[index][rows].astype(np.float64)
        for index, rows in enumerate(problem.candidates)
    ]
    return PlacementBuilder(problem.compiled, problem.eligibility, problem.candidates, prices)


@pytest.mark.parametrize("seed", range(40))
def test_every_placement_passes_the_check(seed: int) -> None:
    problem = drawn_problem(seed)
    best = Incumbent(problem.compiled, problem.objective, budget())
    for assignments in constructed(problem):
        placement, _ = best.name_members(assignments)
        verdict = check(problem.app, problem.compiled.fleet, placement, objective="cost")
        assert not verdict.violations


def test_most_problems_that_have_a_placement_get_one_and_most_of_these_the_best() -> None:
    possible, placed, optimal = 0, 0, 0
    for seed in range(40):
        problem = drawn_problem(seed)
        if problem.best() is None:
            assert constructed(problem) == []
            continue
        best = Incumbent(problem.compiled, "cost", budget())
        for assignments in constructed(problem):
            best.offer(assignments, "construct", must_hold=True)
        possible += 1
        placed += best.placed
        optimal += best.value == problem.best()
    assert possible >= 20
    assert placed >= 0.9 * possible
    assert optimal >= 0.7 * possible


def test_the_next_member_costs_what_its_host_and_the_rules_it_breaks_cost() -> None:
    soft = {"kind": "anti-affinity", "weight": 7}
    problem = SmallProblem([group("A", 3, soft, vcpu=2)], [host("h0", 4, cost=1), host("h1", 3)])
    placement = builder(problem)
    mask, cost = placement.cost_of_next(0)
    assert (mask.tolist(), cost.tolist()) == ([True, True], [1.0, 0.0])
    placement.place(0, 1)
    # h1 has 1 of 3 left. On h0 the first member breaks nothing, the second would.
    mask, cost = placement.cost_of_next(0)
    assert (mask.tolist(), cost.tolist()) == ([True, False], [1.0, 7.0])
    placement.place(0, 0)
    mask, cost = placement.cost_of_next(0)
    assert (mask.tolist(), cost.tolist()) == ([True, False], [8.0, 7.0])
    assert placement.assignments() == [(0, 1), (0, 0)]


def test_what_is_undone_leaves_no_trace() -> None:
    problem = SmallProblem([group("A", 2, APART, vcpu=2)], [host("h0", 4), host("h1", 4)])
    placement = builder(problem)
    before = [array.tolist() for array in placement.cost_of_next(0)]
    placement.place(0, 0)
    assert placement.cost_of_next(0)[0].tolist() == [False, True]
    placement.undo(0)
    assert [array.tolist() for array in placement.cost_of_next(0)] == before
    assert placement.assignments() == []


def test_a_block_that_fits_nowhere_leaves_nothing_behind() -> None:
    hosts = [in_rack("h0", "r0", 1), in_rack("h1", "r1", 1)]
    problem = SmallProblem([group("A", 2, AFFINITY)], hosts)
    placement = builder(problem)
    (block,) = problem.blocks
    assert not placement.place_block(block)
    assert placement.placed == []


def test_a_block_that_shares_a_domain_takes_the_cheapest_one_where_all_fit() -> None:
    hosts = [
        in_rack("h0", "r0", 1, cost=0),
        in_rack("h1", "r1", 2, cost=3),
        in_rack("h2", "r2", 2, cost=4),
    ]
    problem = SmallProblem([group("A", 2, AFFINITY)], hosts)
    placement = builder(problem)
    assert placement.place_block(problem.blocks[0])
    assert placement.assignments() == [(0, 1), (0, 1)]


def test_chunks_are_placed_each_in_one_domain() -> None:
    hosts = [in_rack("h0", "r0", 3), in_rack("h1", "r1", 2, cost=1), in_rack("h2", "r1", 1)]
    problem = SmallProblem([group(name, 2, AFFINITY) for name in "AB"], hosts)
    merged = SmallProblem([], hosts)
    merged.compiled = merge_interchangeable(problem.compiled).compiled
    found = constructed(merged)
    # Three would be cheapest in r0, but a chunk is two: two in r0, and one each of r1's hosts.
    assert sorted(found[0]) == [(0, 0), (0, 0), (0, 1), (0, 2)]


def test_chunks_that_do_not_all_fit_leave_nothing_behind() -> None:
    hosts = [in_rack("h0", "r0", 3), in_rack("h1", "r1", 1)]
    problem = SmallProblem([group(name, 2, AFFINITY) for name in "AB"], hosts)
    merged = SmallProblem([], hosts)
    merged.compiled = merge_interchangeable(problem.compiled).compiled
    placement = builder(merged)
    # One chunk of two fits in r0, the other nowhere.
    assert not placement.place_block(merged.blocks[0])
    assert placement.placed == []


def groups_in(problem: SmallProblem, order: list[Block]) -> list[str]:
    classes = problem.compiled.member_classes
    return [classes[index].group for block in order for index in block.member_classes]


def test_groups_that_others_follow_come_first_then_the_ones_with_fewest_choices() -> None:
    near: Doc = {"kind": "near", "group": "B", "level": "rack"}
    ssd = {"kind": "host-capabilities", "required": ["SSD"]}
    hosts = [in_rack(f"h{i}", "r0", traits=["SSD"] if i == 0 else []) for i in range(4)]
    groups = [group("A", 1, near, ssd), group("B", 1), group("C", 1, ssd), group("D", 1, vcpu=3)]
    problem = SmallProblem(groups, hosts)
    first, _, largest, _ = block_orders(problem.compiled, problem.blocks, problem.candidates)
    # A follows B, so it is last; of the others C has one candidate, B and D four.
    assert groups_in(problem, first) == ["C", "B", "D", "A"]
    assert groups_in(problem, largest) == ["D", "B", "C", "A"]


def test_nothing_is_constructed_without_time() -> None:
    problem = SmallProblem([group("A", 1)], [host("h0")])
    out_of_time = budget()
    out_of_time.stopped = True
    best = Incumbent(problem.compiled, "cost", out_of_time)
    assert list(construct(problem.prepared(), best, out_of_time)) == []
