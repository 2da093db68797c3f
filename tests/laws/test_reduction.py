"""Fewer candidates, the same optimum: the reduced model against one over every eligible host."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
from hypothesis import event, given, note
from hypothesis import strategies as st
from ortools.sat.python import cp_model

from groupsolver import compile_fleet
from groupsolver.constraints.cp_model.model_builder import ModelBuilder
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.model.compiled.arrays import Ints
from groupsolver.model.result import Objective
from groupsolver.solver.exact.cp_sat import build_model
from groupsolver.solver.presolve.eligibility import find_eligibility
from groupsolver.solver.presolve.host_reduction import reduce_hosts
from tests.laws.test_laws import OBJECTIVES, Case, every_policy, values
from tests.support.draws.applications import FLAVORS, Doc, dice, draws, priced_anew, wide_cases
from tests.support.minimal_documents import case_of


class Wide:
    """A drawn case with every eligible host a candidate.

    Attributes
    ----------
    every : list of (C,) int64, one a member class
        The eligible hosts.
    """

    def __init__(self, case: Case, objective: Objective) -> None:
        self.app, self.fleet = values(case)
        compiled_fleet = compile_fleet(self.fleet)
        self.compiled = CompiledProblem(Problem(self.app, compiled_fleet.index), compiled_fleet)
        self.eligibility = find_eligibility(self.compiled, objective)
        self.every: list[Ints] = [np.flatnonzero(most > 0) for most in self.eligibility.max_members]

    def encoded(self) -> ModelBuilder:
        """The model over all of them."""
        return build_model(self.compiled, self.eligibility, self.every)

    def best(self, candidates: list[Ints]) -> int | None:
        """The least objective over some candidates, None where there is no placement."""
        return least(build_model(self.compiled, self.eligibility, candidates).model)


def least(model: cp_model.CpModel) -> int | None:
    """The optimum of a model, None where it is infeasible."""
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.cp_model_probing_level = 0
    status = solver.solve(model)
    assert status in (cp_model.OPTIMAL, cp_model.INFEASIBLE)
    return round(solver.objective_value) if status == cp_model.OPTIMAL else None


def wide(kind: str, soft: bool, data: Any) -> tuple[Case, Random]:
    """Draw a case with many hosts, and return it with the dice."""
    rnd = data.draw(dice(kind, soft))
    case = case_of(rnd, lambda rnd: wide_cases(rnd, kind, soft))
    note(str(case))
    return case, rnd


def some_objective(rnd: Random, case: Case) -> tuple[Case, Objective]:
    """Draw an objective: one case in four has other costs of hosts, and minimises them."""
    if rnd.randint(1, 4) == 1:
        return priced_anew(rnd, case), "cost"
    return case, rnd.choice(OBJECTIVES)


@every_policy
@given(data=st.data())
def test_the_reduced_problem_has_the_optimum_of_the_unreduced(
    kind: str, soft: bool, data: Any
) -> None:
    case, rnd = wide(kind, soft, data)
    problem = Wide(*some_objective(rnd, case))
    kept = reduce_hosts(problem.compiled, problem.eligibility)
    if sum(map(len, kept)) < sum(map(len, problem.every)):
        assert problem.best(kept) == problem.best(problem.every)


def test_a_host_is_kept_for_groups_that_keep_apart_and_have_members_in_common() -> None:
    """P and Q both contain A, so each host with a member of A counts as shared.

    One shared host is better than two, although its price is higher.
    """
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
    # m and s take 3 VCPU together, and all hosts but `roomy` have 2 free. On `roomy`: 2 x 1000 for
    # a host that is all free, and 1 shared host x weight 2 x 1000. On two of the others, half free
    # in VCPU: 2 x 750, and 2 shared hosts x 2 x 1000.
    assert problem.best(reduce_hosts(problem.compiled, problem.eligibility)) == 4000
    assert problem.best(problem.every) == 4000


def pooled(rnd: Random) -> Case:
    """Hosts in racks that have little disk in one pool each, or disks of their own."""
    hosts: list[Doc] = []
    racks = [f"r{i}" for i in range(rnd.randint(2, 4))]
    for i in range(12):
        host: Doc = {"name": f"h{i}", "inventory": {"VCPU": rnd.randint(1, 3)}, "cost": i}
        if rnd.randint(1, 6) > 1:
            host["domains"] = {"rack": rnd.choice(racks)}
        else:
            host["inventory"]["DISK_GB"] = rnd.randint(1, 3)
        hosts.append(host)
    pools = [
        {"name": rack, "inventory": {"DISK_GB": rnd.randint(1, 5)}, "domains": {"rack": [rack]}}
        for rack in racks
    ]
    members = [
        {"resources": {"VCPU": 1, "DISK_GB": rnd.randint(1, 2)}, "count": rnd.randint(1, 2)}
        for _ in range(2)
    ]
    policies: list[str] = [] if rnd.randint(1, 2) == 1 else ["anti-affinity"]
    app = {"groups": [{"name": "A", "policies": policies, "members": members}]}
    return app, {"levels": ["rack"], "hosts": hosts, "pools": pools}


@draws(60)
@given(seed=st.integers(0, 2**40))
def test_where_pools_run_out_the_reduced_problem_has_the_same_optimum(seed: int) -> None:
    case = pooled(Random(seed))
    note(str(case))
    problem = Wide(case, "cost")
    kept = reduce_hosts(problem.compiled, problem.eligibility)
    best = problem.best(problem.every)
    event("impossible" if best is None else "possible")
    event("dropped" if sum(map(len, kept)) < sum(map(len, problem.every)) else "nothing dropped")
    assert problem.best(kept) == best
