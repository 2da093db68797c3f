"""The best placement of a call: what is taken, what is proved, and what is answered."""

from __future__ import annotations

import math

import pytest

from groupsolver import BrokenAnswer
from groupsolver.solver.incumbent import Incumbent, empty_result, unknown_result
from groupsolver.solver.stage import Stage
from tests.support.small import group, host
from tests.support.small_problems import APART, SmallProblem, budget

PROBLEM = SmallProblem(
    [group("A", 2, APART)], [host("h1", cost=1), host("h2", cost=4), host("h3", cost=9)]
)


def incumbent(problem: SmallProblem = PROBLEM) -> Incumbent:
    return Incumbent(problem.compiled, problem.objective, budget())


def test_members_are_named_in_the_files_order_over_hosts_in_the_fleets() -> None:
    placement, cells = incumbent().name_members([(0, 2), (0, 0)])
    assert placement == {"A/0": "h1", "A/1": "h3"}
    assert cells == {}


def test_a_better_placement_is_taken_and_a_worse_one_left() -> None:
    best = incumbent()
    assert (best.value, best.placed, best.assignments) == (None, False, None)
    best.offer([(0, 0), (0, 2)], "construct")
    assert best.value == 10  # 1 + 9
    best.offer([(0, 1), (0, 2)], "construct")
    assert best.value == 10  # 4 + 9 is worse
    best.offer([(0, 0), (0, 1)], "search")
    assert best.value == 5  # 1 + 4
    assert best.assignments == [(0, 0), (0, 1)]


def test_a_placement_that_breaks_a_rule_is_left_and_is_a_bug_if_it_must_hold() -> None:
    best = incumbent()
    best.offer([(0, 0), (0, 0)], "construct")
    assert not best.placed
    with pytest.raises(BrokenAnswer):
        best.offer([(0, 0), (0, 0)], "search", must_hold=True)


def test_a_bound_never_exceeds_the_best_placement_and_never_sinks() -> None:
    best = incumbent()
    best.prove(3)
    best.prove(2)
    assert best.bound == 3
    assert best.gap == math.inf
    best.offer([(0, 0), (0, 1)], "construct")
    assert best.gap == pytest.approx(2 / 5)  # (5 - 3) / 5
    assert not best.done
    best.prove(100)  # nothing else is better
    assert best.bound == 5
    assert best.done


def test_the_answer_is_unknown_feasible_or_optimal() -> None:
    best = incumbent()
    assert best.result().status == "unknown"
    best.offer([(0, 0), (0, 1)], "construct")
    best.prove(4)
    assert (best.result().status, best.result().bound) == ("feasible", 4)
    best.prove(5)
    result = best.result()
    assert (result.status, result.objective, result.gap) == ("optimal", 5, 0.0)
    assert result.placement == {"A/0": "h1", "A/1": "h2"}


def test_a_new_stage_forgets_the_bound_and_keeps_the_placement() -> None:
    soft = {"kind": "anti-affinity", "weight": 2, "priority": 1}
    problem = SmallProblem([group("A", 2, soft)], [host("h1"), host("h2", cost=1)])
    best = incumbent(problem)
    best.offer([(0, 0), (0, 0)], "construct")
    best.prove(1)
    best.enter(Stage(target=1), budget())
    assert (best.bound, best.value, best.tiers) == (None, 2, {1: 2})
    # Better in the tier, dearer in the objective.
    best.offer([(0, 0), (0, 1)], "search")
    assert (best.value, best.tiers) == (0, {1: 0})
    best.enter(Stage(limits={1: -1}), budget())
    assert best.value is None
    assert best.placed


def test_a_call_without_new_members_is_optimal_and_one_without_time_unknown() -> None:
    existing = [{"group": "A", "id": "A/0", "host": "h1"}]
    problem = SmallProblem([group("A", 1)], [host("h1", cost=3)], existing=existing)
    result = empty_result(problem.compiled, "cost", budget())
    assert (result.status, result.placement, result.objective) == ("optimal", {}, 0)
    assert unknown_result(problem.compiled, budget()).status == "unknown"
