"""Fewer candidates, the same optimum: the reduced problem against the model over every eligible host."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
from hypothesis import given, note
from hypothesis import strategies as st
from ortools.sat.python import cp_model

from groupsolver import compile_fleet
from groupsolver.constraints.cp_model.model_builder import ModelBuilder
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.model.compiled.compiled_fleet import Ints
from groupsolver.model.result import Objective
from groupsolver.solver.exact.cp_sat import encode
from groupsolver.solver.presolve.eligibility import Survey, survey
from groupsolver.solver.presolve.host_reduction import reduce
from tests.laws.test_laws import OBJECTIVES, Case, every_policy, values
from tests.support.draws.applications import FLAVORS, Doc, dice, priced_anew, wide_cases


class Wide:
    """A drawn case with every eligible host a candidate."""

    def __init__(self, case: Case, objective: Objective) -> None:
        self.app, self.fleet = values(case)
        compiled_fleet = compile_fleet(self.fleet)
        self.compiled = CompiledProblem(Problem(self.app, compiled_fleet.index), compiled_fleet)
        self.survey: Survey = survey(self.compiled, objective)
        self.every: list[Ints] = [np.flatnonzero(most > 0) for most in self.survey.most]

    def encoded(self) -> ModelBuilder:
        """The model over all of them."""
        return encode(self.compiled, self.survey, self.every)

    def best(self, candidates: list[Ints]) -> int | None:
        """The least objective over some candidates, None where there is no placement."""
        return least(encode(self.compiled, self.survey, candidates).model)


def least(model: cp_model.CpModel) -> int | None:
    """The optimum of a model, None where it is infeasible."""
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.cp_model_probing_level = 0
    status = solver.solve(model)
    assert status in (cp_model.OPTIMAL, cp_model.INFEASIBLE)
    return round(solver.objective_value) if status == cp_model.OPTIMAL else None


def wide(kind: str, soft: bool, data: Any) -> tuple[Case, Random]:
    rnd = data.draw(dice(kind, soft))
    case = wide_cases(rnd, kind, soft)
    note(str(case))
    return case, rnd


@every_policy
@given(data=st.data())
def test_the_reduced_problem_has_the_optimum_of_the_unreduced(
    kind: str, soft: bool, data: Any
) -> None:
    case, rnd = wide(kind, soft, data)
    cases = [case, *(wide_cases(rnd, kind, soft) for _ in range(3))]
    tried = [(case, objective) for case in cases for objective in OBJECTIVES]
    tried += [(priced_anew(rnd, case), "cost") for case in cases]
    for priced, objective in tried:
        problem = Wide(priced, objective)
        kept = reduce(problem.compiled, problem.survey)
        if sum(map(len, kept)) < sum(map(len, problem.every)):
            assert problem.best(kept) == problem.best(problem.every), priced


def test_members_of_two_groups_that_keep_apart_share_a_host_that_is_kept_for_that() -> None:
    """P and Q have A in common, so that each host with a member of A is shared: one host is better than two."""
    size = {"VCPU": 4, "MEMORY_MB": 4}
    fleet: Doc = {
        "levels": [],
        "hosts": [{"name": f"h{i}", "inventory": size, "used": {"VCPU": 2}} for i in range(5)],
    }
    fleet["hosts"].append({"name": "roomy", "inventory": size})
    apart = {"kind": "apart-from", "group": "Q", "weight": 2}
    groups = [
        {"name": "A", "members": [{"flavor": "m"}, {"flavor": "s"}]},
        {"name": "P", "groups": ["A"], "policies": [apart]},
        {"name": "Q", "groups": ["A"]},
    ]
    problem = Wide(({"flavors": FLAVORS, "groups": groups}, fleet), "pack")
    # m and s take 3 VCPU, where all but `roomy` have 2. There: 2 x 1000 for a host that is all free,
    # 1 shared host x weight 2 x 1000. Apart on hosts half free in VCPU: 2 x 750, and 2 x 2 x 1000.
    assert problem.best(reduce(problem.compiled, problem.survey)) == 4000
    assert problem.best(problem.every) == 4000
