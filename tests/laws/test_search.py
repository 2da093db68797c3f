"""The large-neighbourhood search on small problems: it finds what the exact method proves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from groupsolver import Limits, check
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.model.compiled.compiled_fleet import compile_fleet
from groupsolver.solver.budget import Budget
from groupsolver.solver.presolve.eligibility import find_eligibility
from groupsolver.solver.search import large_neighbourhood_search, pipeline
from groupsolver.solver.search.construction import first_placements
from groupsolver.solver.search.large_neighbourhood_search import LargeNeighbourhoodSearch
from groupsolver.solver.search.search_problem import SearchProblem
from tests.laws.test_laws import (
    OBJECTIVES,
    assert_brute_forced_optimum,
    drawn,
    every_policy,
    values,
)


@pytest.fixture(autouse=True)
def every_problem_is_large() -> Iterator[None]:
    """Send each problem through the search, which gives up soon where it gains nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "LARGE_CANDIDATES", 1)
        patch.setattr(pipeline, "LARGE_CLASSES", 1)
        patch.setattr(large_neighbourhood_search, "PATIENCE", 4)
        yield


few = settings(max_examples=max(1, settings().max_examples // 4))  # each is many small models


@every_policy
@few
@given(data=st.data())
def test_with_the_search_before_it_the_exact_method_proves_the_brute_forced_optimum(
    kind: str, soft: bool, data: Any
) -> None:
    case, rnd = drawn(kind, soft, data)
    result = assert_brute_forced_optimum(case, rnd.choice(OBJECTIVES))
    event(result.method)


@every_policy
@few
@given(data=st.data())
def test_what_the_search_places_holds_and_improves(kind: str, soft: bool, data: Any) -> None:
    case, rnd = drawn(kind, soft, data)
    objective = rnd.choice(OBJECTIVES)
    app, fleet = values(case)
    compiled_fleet = compile_fleet(fleet)
    compiled = CompiledProblem(Problem(app, compiled_fleet.index), compiled_fleet)
    if not compiled.member_classes or kind == "survives":
        return
    problem = SearchProblem(compiled, find_eligibility(compiled, objective))
    budget = Budget(Limits(seconds=60, workers=rnd.choice([1, 2])), None)
    rng = np.random.default_rng(rnd.randrange(2**31))
    found = next(first_placements(problem, budget, rng))
    # Something is missing in any case, so that there is something to search for.
    found.clear(rnd.randrange(len(compiled.member_classes)))
    search = LargeNeighbourhoodSearch(problem, found, budget, rng)
    whole = search.place_missing(60)
    event(f"{'whole' if whole else 'missing'}")
    if not whole:
        return
    before = check(app, fleet, found.placement(), objective=objective)
    assert not before.violations
    search.improve(60, lambda: False, lambda: None)
    after = check(app, fleet, found.placement(), objective=objective)
    assert not after.violations
    assert after.objective <= before.objective
