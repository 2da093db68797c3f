"""What opening domains costs at least, against every placement: no bound is above the least."""

from __future__ import annotations

from random import Random
from typing import Any
from unittest.mock import patch

from hypothesis import event, given, note
from hypothesis import strategies as st

from groupsolver import solve
from groupsolver.checking.check import unit_of
from groupsolver.model.result import Objective
from groupsolver.solver.budget import Budget
from groupsolver.solver.exact.cp_sat import build_model
from groupsolver.solver.exact.packing_proof import prove_by_patterns
from groupsolver.solver.incumbent import Incumbent
from groupsolver.solver.preparation import relax
from groupsolver.solver.presolve.interchangeable_groups import merge_interchangeable
from groupsolver.solver.presolve.openings import Opening
from groupsolver.solver.relaxation.blocks import blocks_of
from groupsolver.solver.relaxation.opening_floors import with_openings
from tests.laws.test_cut import recording_bounds
from tests.laws.test_laws import OBJECTIVES, ONE, Case, values
from tests.laws.test_reduction import Wide, least
from tests.support.draws.applications import cases, dice, draws
from tests.support.draws.packings import packings
from tests.support.minimal_documents import case_of
from tests.support.oracle.brute_force import Oracle
from tests.support.small_problems import dual_ascent_at_any_size


def opening_points(oracle: Oracle, opening: Opening, placement: dict[str, str], unit: int) -> int:
    """What a placement adds for opening domains, from the documents alone."""
    if opening.rule is None:
        return oracle.opening_points(placement)
    group, policy = opening.rule.group, opening.rule.policy
    for name, document in oracle.rules:
        same = document.get("level", "host") == policy.at and document.get("weight")
        if name == group and document["kind"] == policy.kind and same == policy.weight:
            after = oracle.measure(name, document, oracle.assignments(placement))
            before = oracle.measure(name, document, oracle.existing)
            return int(unit * document["weight"] * (after - before))
    raise AssertionError(opening)


def worst_first(problem: Wide, oracle: Oracle, objective: Objective) -> Incumbent | None:
    """The dearest placement that holds, offered as the best so far."""
    held = list(oracle.held())
    if not held:
        return None
    worst = max(held, key=lambda placement: oracle.value(placement, objective))
    rows = problem.compiled.fleet.rows
    assignments = [
        (index, rows[worst[member]])
        for index, member_class in enumerate(problem.compiled.member_classes)
        for member in member_class.ids
    ]
    best = Incumbent(problem.compiled, objective, Budget(ONE, None))
    best.offer(assignments, "construct", must_hold=True)
    return best


@draws(120)
@given(data=st.data())
def test_patterns_never_prove_more_than_the_optimum_and_prove_plain_packings(data: Any) -> None:
    rnd = data.draw(dice("patterns", soft=True))
    case = case_of(rnd, packings)
    note(str(case))
    objective = rnd.choice(OBJECTIVES)
    problem = Wide(case, objective)
    oracle = Oracle(*case)
    best = worst_first(problem, oracle, objective)
    if best is None or not problem.compiled.member_classes:
        return
    budget = Budget(ONE, None)
    compiled = problem.compiled
    eligibility = with_openings(compiled, problem.eligibility)
    blocks = blocks_of(compiled, unit_of(objective), eligibility.openings)
    prepared = relax(compiled, eligibility, problem.every, blocks, budget)
    prove_by_patterns(merge_interchangeable(compiled), prepared, best, budget)
    least_value = oracle.best(objective)
    assert least_value is not None
    assert best.bound is None or best.bound <= least_value
    levels = {policy.get("level", "host") for _, policy in oracle.rules}
    if levels <= {"host"} and any(one.points.any() for one in eligibility.openings):
        assert best.value == best.bound == least_value
        event("proved")


def some_case(rnd: Random) -> Case:
    """One case in two of the ordinary draws, with a soft affinity; else hosts to be packed."""
    if rnd.randint(0, 1):
        return cases(rnd, "affinity", soft=True)
    return packings(rnd)


@draws(120)
@given(data=st.data())
def test_no_placement_pays_less_for_openings_than_the_bound(data: Any) -> None:
    rnd = data.draw(dice("openings", soft=True))
    case = case_of(rnd, some_case)
    note(str(case))
    objective = rnd.choice(OBJECTIVES)
    problem = Wide(case, objective)
    oracle = Oracle(*case)
    held = list(oracle.held())
    if not held or not problem.compiled.member_classes:
        return
    eligibility = with_openings(problem.compiled, problem.eligibility)
    for opening in eligibility.openings:
        if opening.rule is not None and opening.rule.policy.at is None:
            continue  # by distance
        paid = [opening_points(oracle, opening, one, unit_of(objective)) for one in held]
        assert opening.least_cost <= min(paid)
        if opening.least_cost:
            event("met" if opening.least_cost == min(paid) else "below")


@draws(120)
@given(data=st.data())
def test_the_relaxation_and_the_model_with_these_bounds_keep_the_optimum(data: Any) -> None:
    rnd = data.draw(dice("openings", soft=False))
    case = case_of(rnd, some_case)
    note(str(case))
    problem = Wide(case, rnd.choice(OBJECTIVES))
    best = least(problem.encoded().model)
    if best is None or not problem.compiled.member_classes:
        return
    compiled = problem.compiled
    eligibility = with_openings(compiled, problem.eligibility)
    assert least(build_model(compiled, eligibility, problem.every).model) == best
    blocks = blocks_of(compiled, unit_of(eligibility.objective), eligibility.openings)
    budget = Budget(ONE, None)
    relaxed = relax(compiled, eligibility, problem.every, blocks, budget).relaxed
    assert relaxed.bounds.proved <= best
    event("proved" if relaxed.bounds.proved == best else "below")
    with dual_ascent_at_any_size():
        ascended = relax(compiled, eligibility, problem.every, blocks, budget).relaxed
    assert ascended.bounds.proved <= best


@draws(120)
@given(data=st.data())
def test_packings_are_solved_to_the_brute_forced_optimum(data: Any) -> None:
    rnd = data.draw(dice("packings", soft=True))
    case = case_of(rnd, packings)
    note(str(case))
    app, fleet = values(case)
    objective = rnd.choice(OBJECTIVES)
    claims: list[int] = []
    with patch.object(Incumbent, "prove", recording_bounds(claims)):
        result = solve(app, fleet, objective=objective, limits=ONE, explain=False)
    best = Oracle(*case).best(objective)
    event(result.status)
    assert result.status == ("infeasible" if best is None else "optimal")
    assert result.objective == best
    if best is not None:
        assert max(claims) <= best
