"""The law of parts: a problem of which a part is refuted has no placement, by brute force."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsolver import Application, Fleet, Limits, compile_fleet
from groupsolver.constraints.problem.problem import Problem
from groupsolver.solver.budget import Budget
from groupsolver.solver.exact.infeasible_parts import has_infeasible_part
from tests.support.draws.applications import KINDS, cases, dice
from tests.support.minimal_documents import case_of
from tests.support.oracle.brute_force import Oracle


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_an_application_that_has_a_placement_is_never_refuted_by_its_parts(
    kind: str, data: Any
) -> None:
    rnd = data.draw(dice(kind, False))
    case = case_of(rnd, lambda rnd: cases(rnd, kind, soft=False))
    compiled_fleet = compile_fleet(Fleet.model_validate(case[1]))
    problem = Problem(Application.model_validate(case[0]), compiled_fleet.index)
    budget = Budget(Limits(seconds=60, workers=1), None)
    if has_infeasible_part(problem, compiled_fleet, "pack", budget):
        assert Oracle(*case).best("pack") is None
