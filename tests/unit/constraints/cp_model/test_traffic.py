"""Which hosts bandwidth leaves open, tells apart and keeps.

The policy over arrays, in the solver's hands.
"""

from __future__ import annotations

import numpy as np

from groupsolver import Fleet, check, compile_fleet, solve
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.partial import Partial
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.protocols.presolve import host_equivalence
from groupsolver.constraints.rules import rules_of
from groupsolver.solver.presolve.eligibility import find_eligibility
from groupsolver.solver.presolve.host_reduction import reduce_hosts
from tests.functional.solver.test_bandwidth import RACKS, Doc, app_of, group
from tests.laws.test_laws import ONE


def narrow(rack: int) -> Doc:
    """Two racks, of which one alone has a link that tells its bandwidth: 400 Mbit/s."""
    return {**RACKS, "links": [RACKS["links"][rack]]}


def test_nothing_is_told_apart_where_no_link_can_be_too_narrow() -> None:
    compiled_fleet = compile_fleet(Fleet.model_validate(RACKS))
    for mbps, binds in ((400, False), (401, True)):  # of two members min(1, 1) x mbps at most
        problem = Problem(app_of(group("A", mbps)), compiled_fleet.index)
        compiled = CompiledProblem(problem, compiled_fleet)
        policy = rules_of(problem).all[0].policy
        found = host_equivalence(policy, "A", compiled, own=True)
        assert (found.level is not None) == binds
        assert not found.sharing
        assert bool(policy.allowed("A", "A", _partial(compiled)) is not None) == binds


def _partial(compiled: CompiledProblem) -> Partial:
    return Partial(compiled, np.arange(compiled.fleet.row_count))


def test_a_leaf_spine_fleet_is_reduced_to_a_few_hosts_of_each_rack() -> None:
    hosts = [
        {
            "name": f"h{i}",
            "domains": {"rack": f"r{i // 20}"},
            "inventory": {"VCPU": 8},
            "used": {"VCPU": i % 7},
        }
        for i in range(400)
    ]
    links = [
        {"between": [f"r{i}", f"s{j}"], "bandwidth_mbps": 50} for i in range(20) for j in range(2)
    ]
    links += [{"between": [f"h{i}", f"r{i // 20}"], "bandwidth_mbps": 1000} for i in range(400)]
    compiled_fleet = compile_fleet(
        Fleet.model_validate({"levels": ["rack"], "hosts": hosts, "links": links})
    )
    compiled = CompiledProblem(
        Problem(app_of(group("A", 60), count=4), compiled_fleet.index), compiled_fleet
    )
    # Of 4 members at most 2 x 60 of 2 x 50 leave a rack, and of 1,000 a host: racks tell, hosts do
    # not.
    (kept,) = reduce_hosts(compiled, find_eligibility(compiled, "pack"))
    assert len(kept) == 20 * 4
    app = app_of(group("A", 60), count=4)
    result = solve(app, compiled_fleet, limits=ONE)
    assert result.status == "optimal"
    assert not check(app, compiled_fleet, result.placement or {}).violations


def test_running_members_are_cut_off_by_new_ones_elsewhere() -> None:
    running = [{"group": "A", "id": f"old{i}", "host": "h0"} for i in range(3)]
    rule = {
        "name": "A",
        "policies": [
            {"kind": "bandwidth", "mbps": 200},
            {"kind": "outside", "hosts": ["h0", "h1"]},
        ],
    }
    # min(3, n) x 200 of 400: two new ones in r1 fit, three do not, though nothing changes where
    # the three run.
    for count, status in ((2, "optimal"), (3, "infeasible")):
        app = app_of(rule, count=count, existing=running)
        assert solve(app, Fleet.model_validate(narrow(0)), limits=ONE).status == status


def test_the_heuristic_is_told_where_one_more_overloads_a_link() -> None:
    running = [
        {"group": "A", "id": f"A/{i}", "host": host} for i, host in enumerate(("h0", "h1", "h2"))
    ]
    app = app_of(group("A", 300), count=8, existing=running)

    def open_hosts(rack: int, *put: int) -> list[bool]:
        compiled_fleet = compile_fleet(Fleet.model_validate(narrow(rack)))
        problem = Problem(app, compiled_fleet.index)
        partial = _partial(CompiledProblem(problem, compiled_fleet))
        for at in put:
            partial.put("A", at)
        mask = rules_of(problem).all[0].policy.allowed("A", "A", partial)
        return [True] * 4 if mask is None else [bool(marked) for marked in mask]

    # Of 400 only one more flow of 300 fits beside the min(2, 1) that run: 2 in all.
    for rack in (0, 1):
        assert open_hosts(rack) == [True] * 4  # min(3, 1) or min(2, 2)
        assert open_hosts(rack, 3) == [True] * 4  # min(3, 2) or min(2, 3)
        assert open_hosts(rack, 3, 0) == [True, True, False, False]  # min(4, 2), but min(3, 3)
