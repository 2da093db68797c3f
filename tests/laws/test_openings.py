"""What opening domains costs at least, against every placement: no bound is above the least."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import event, given, note
from hypothesis import strategies as st

from groupsolver.checking.check import unit_of
from groupsolver.solver.budget import Budget
from groupsolver.solver.exact.cp_sat import build_model
from groupsolver.solver.preparation import relax
from groupsolver.solver.presolve.openings import Opening
from groupsolver.solver.relaxation.blocks import blocks_of
from groupsolver.solver.relaxation.opening_floors import with_openings
from tests.laws.test_laws import OBJECTIVES, ONE, Case
from tests.laws.test_reduction import Wide, least
from tests.support.draws.applications import cases, dice, draws
from tests.support.draws.packings import packings
from tests.support.minimal_documents import case_of
from tests.support.oracle.brute_force import Oracle


def opening_points(oracle: Oracle, opening: Opening, placement: dict[str, str], unit: int) -> int:
    """What a placement adds for opening domains, from the documents alone."""
    if opening.rule is None:
        return oracle.opening_points(placement)
    group, policy = opening.rule.group, opening.rule.policy
    for name, document in oracle.rules:
        same = document.get("level", "host") == policy.at and document.get("weight")
        if name == group and document["kind"] == policy.kind and same == policy.weight:
            after = oracle.measure(name, document, oracle.assignments(placement))
            return (
                unit
                * document["weight"]
                * (after - oracle.measure(name, document, oracle.existing))
            )
    raise AssertionError(opening)


def some_case(rnd: Random) -> Case:
    """One case in two of the ordinary draws, with a soft affinity; else hosts to be packed."""
    if rnd.randint(0, 1):
        return cases(rnd, "affinity", soft=True)
    return packings(rnd)


@given(data=st.data())
@draws(120)
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


@given(data=st.data())
@draws(120)
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
