"""What a stage minimises of a placement, and when a placement is outside its limits."""

from __future__ import annotations

from groupsolver.checking.check import Verdict, judge
from groupsolver.solver.stage import SINGLE_STAGE, Stage
from tests.support.small import group
from tests.support.small_problems import SmallProblem, in_rack

# Two members in one rack break the rule once, which costs its tier 3 units of weight.
SPREAD = {"kind": "anti-affinity", "level": "rack", "weight": 3, "priority": 1}
PROBLEM = SmallProblem([group("A", 2, SPREAD)], [in_rack("h1", "r1", cost=5), in_rack("h2", "r2")])


def verdict(*hosts: str) -> Verdict:
    placement = {f"A/{i}": name for i, name in enumerate(hosts)}
    return judge(PROBLEM.compiled.problem, placement, "cost")


def test_without_priorities_the_objective_is_minimised() -> None:
    # h1 costs 5 a member; a tier's cost is part of the objective, 1 x weight 3.
    assert SINGLE_STAGE.value(verdict("h1", "h2")) == 5
    assert SINGLE_STAGE.value(verdict("h1", "h1")) == 13


def test_a_stage_with_a_target_minimises_the_cost_of_that_tier() -> None:
    stage = Stage(target=1)
    assert stage.value(verdict("h1", "h2")) == 0
    assert stage.value(verdict("h1", "h1")) == 3


def test_a_placement_above_a_limit_has_no_value() -> None:
    assert Stage(limits={1: 2}).value(verdict("h1", "h1")) is None
    assert Stage(limits={1: 3}).value(verdict("h1", "h1")) == 13
