"""Reasons before they are put into words, and the order in which conflicts are preferred."""

from __future__ import annotations

from typing import Any

from groupsolver import Costs, Explanation, Limits, compile_fleet
from groupsolver.constraints.problem.problem import Problem
from groupsolver.solver.budget import Budget
from groupsolver.solver.explain import pipeline
from groupsolver.solver.explain.pipeline import (
    Reasons,
    explain_problem,
    find_reasons,
    further_conflicts,
    reasons_without_search,
)
from groupsolver.solver.pipeline import answer
from tests.support.explain_cases import ExplainCase
from tests.support.small import app, fleet, group, host

FULL = compile_fleet(fleet(host("h1", 4), host("h2", 4, used={"VCPU": 2})))
APART = {"kind": "apart-from", "group": "mine", "level": "host"}


def problem(*groups: dict[str, Any], **more: Any) -> Problem:
    return Problem(app(*groups, **more), FULL.index)


def reasons(found: Problem, **more: Any) -> Reasons:
    budget = Budget(Limits(seconds=60, workers=1), None)
    return find_reasons(found, FULL, "pack", budget, answer, **more)


def explained(found: Problem, **more: Any) -> Explanation:
    budget = Budget(Limits(seconds=60, workers=1), None)
    return explain_problem(found, FULL, "pack", budget, answer, **more)


def test_fixes_are_sorted_by_cost_and_bounded_in_words(monkeypatch: Any) -> None:
    found = reasons(problem(group("A", 3, "anti-affinity")))
    costs = [fix.cost for fix in found.fixes]
    assert costs == sorted(costs)
    assert len(costs) > 2
    monkeypatch.setattr(pipeline, "MAX_FIXES", 2)
    conflict = found.explanation().conflict
    assert conflict is not None
    assert [fix.cost for fix in conflict.fixes] == costs[:2]


def test_fixes_that_may_not_be_shown_are_left_out() -> None:
    found = reasons(problem(group("A", 3, "anti-affinity")))
    shown = found.explanation(may_be_shown=lambda fix: fix.kinds == {"fewer"}).conflict
    assert shown is not None
    assert [fix.change for fix in shown.fixes] == ["A 3 -> 2 members"]


def test_without_fixes_nothing_is_looked_for_beyond_the_conflict() -> None:
    found = reasons(problem(group("A", 3, "anti-affinity")), fixes=False)
    assert (len(found.conflicts), found.fixes) == (1, ())
    assert found.impossible_on_empty_fleet is None


def test_without_a_search_every_hard_rule_is_listed() -> None:
    found = reasons_without_search(problem(group("A", 3, "anti-affinity")), FULL, 1.5, True)
    assert (found.conflicts, found.possible_without_others) == ((), True)
    explanation = found.explanation()
    assert explanation.seconds == 1.5
    assert explanation.conflict is not None
    assert not explanation.conflict.minimal
    assert {one.policy for one in explanation.conflict.policies} == {"anti-affinity", "members"}


def test_policies_of_others_take_part_only_where_there_is_no_conflict_without() -> None:
    existing = tuple(
        {"group": "theirs", "id": f"t{i}", "host": f"h{i}", "resources": {"VCPU": 1}}
        for i in (1, 2)
    )
    theirs = {"name": "theirs", "policies": [APART]}
    needs_theirs = problem(theirs, group("mine", 1), existing=existing)
    found = reasons(needs_theirs, own=["mine"], fixes=False)
    assert found.possible_without_others is True
    assert {getattr(atom, "group", "") for atom in found.conflicts[0].atoms} == {"mine", "theirs"}
    without = problem(theirs, group("mine", 1, vcpu=9), existing=existing)
    found = reasons(without, own=["mine"], fixes=False)
    assert found.possible_without_others is False
    assert "theirs" not in {getattr(atom, "group", "") for atom in found.conflicts[0].atoms}
    assert reasons(without, fixes=False).possible_without_others is None  # all rules are its own


def test_further_conflicts_share_capacity_at_most() -> None:
    groups = [group(name, 1, vcpu=9) for name in "AB"]
    case = ExplainCase(app(*groups, group("C", 1)), fleet(host("h1")))
    first = case.conflict()
    (second,) = further_conflicts(case.feasibility, first)
    assert not first.policies_and_sizes & second.policies_and_sizes
    assert set(first.atoms) & set(second.atoms) == set(case.rules.capacities)


def test_what_turns_out_to_be_possible_is_placed() -> None:
    found = explained(problem(group("A", 1)), known=False)
    assert found.status == "optimal"
    assert found.conflicts == ()
    impossible = explained(problem(group("A", 1, vcpu=9)), known=False, costs=Costs(add=None))
    assert impossible.status == "infeasible"
    assert impossible.never is True
