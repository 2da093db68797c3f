"""The parts of the search: first placements, neighbourhoods, their models, the loop."""

from __future__ import annotations

import time
from concurrent.futures import Future

import numpy as np
import pytest
from ortools.sat.python import cp_model

from groupsolver import Limits, Progress, check, solve
from groupsolver.model.compiled.arrays import Ints
from groupsolver.solver.budget import Budget
from groupsolver.solver.presolve.eligibility import find_eligibility
from groupsolver.solver.search import pipeline
from groupsolver.solver.search.construction import drop_broken, first_placements
from groupsolver.solver.search.large_neighbourhood_search import LargeNeighbourhoodSearch, Task
from groupsolver.solver.search.neighbourhood import Neighbourhood
from groupsolver.solver.search.partial_assignment import PartialAssignment
from groupsolver.solver.search.repair import RepairModel
from groupsolver.solver.search.search_problem import SearchProblem
from tests.support.small import group, host
from tests.support.small_problems import AFFINITY, APART, Doc, SmallProblem, budget, in_rack


def search_problem(groups: list[Doc], hosts: list[Doc]) -> SearchProblem:
    small = SmallProblem(groups, hosts)
    return SearchProblem(small.compiled, find_eligibility(small.compiled, "cost"))


def search(problem: SearchProblem, assignment: PartialAssignment) -> LargeNeighbourhoodSearch:
    rng = np.random.default_rng(0)
    return LargeNeighbourhoodSearch(problem, assignment, budget(), rng)


def two_resources(name: str, vcpu: int, memory: int) -> Doc:
    return {**host(name, vcpu), "inventory": {"VCPU": vcpu, "MEMORY_MB": memory}}


def sized(name: str, number: int, vcpu: int, memory: int, *policies: Doc) -> Doc:
    resources = {"VCPU": vcpu, "MEMORY_MB": memory}
    return {
        "name": name,
        "members": [{"count": number, "resources": resources}],
        "policies": list(policies),
    }


def test_first_placements_keep_what_is_left_in_proportion() -> None:
    # Both hosts have room for "lean" (3 VCPU, 1 GB) and "fat" (1, 3), but only one of each.
    hosts = [two_resources("h0", 4, 4), two_resources("h1", 4, 4)]
    groups = [sized("lean", 2, 3, 1), sized("fat", 2, 1, 3)]
    small = SmallProblem(groups, hosts, levels=())
    problem = SearchProblem(small.compiled, find_eligibility(small.compiled, "cost"))
    found = next(first_placements(problem, budget(), np.random.default_rng(0)))
    assert found.complete
    assert found.on_rows == [{0: 1, 1: 1}, {0: 1, 1: 1}]


def test_members_whose_rule_is_broken_are_taken_away() -> None:
    problem = search_problem([group("A", 2, APART)], [in_rack("h0", "r0"), in_rack("h1", "r0")])
    broken = PartialAssignment.of(problem.compiled, [(0, 0), (0, 0)])
    drop_broken(problem, broken)
    assert broken.missing == [2]
    kept = PartialAssignment.of(problem.compiled, [(0, 0), (0, 1)])
    drop_broken(problem, kept)
    assert kept.complete


def test_a_bundle_stays_whole_or_goes() -> None:
    covers = {"kind": "spread", "level": "rack", "min_domains": 2}
    hosts = [in_rack("h0", "r0"), in_rack("h1", "r1")]
    problem = search_problem([group("A", 2, covers)], hosts)
    half = PartialAssignment.of(problem.compiled, [(0, 0)])
    drop_broken(problem, half)
    assert half.missing == [2]


def test_a_missing_member_makes_others_move() -> None:
    # B needs 3 of a host's 4 VCPU: of the five members of A, of 1 VCPU, four go to the other one.
    hosts = [in_rack("h0", "r0", 4), in_rack("h1", "r0", 4)]
    problem = search_problem([group("A", 5), group("B", 1, vcpu=3)], hosts)
    assignment = PartialAssignment.of(problem.compiled, [(0, 0), (0, 0), (0, 0), (0, 1), (0, 1)])
    assert search(problem, assignment).place_missing(10)
    assert sorted(assignment.on_rows[0].values()) == [1, 4]


def test_a_group_bound_to_a_host_moves_to_one_that_can_hold_it() -> None:
    # A (two of 2 VCPU on one host) fits h0 alone, where B stands now.
    together: Doc = {"kind": "affinity"}
    hosts = [in_rack("h0", "r0", 4), in_rack("h1", "r0", 3)]
    groups = [group("A", 2, together, vcpu=2), group("B", 1, vcpu=3)]
    problem = search_problem(groups, hosts)
    assignment = PartialAssignment.of(problem.compiled, [(1, 0)])
    assert search(problem, assignment).place_missing(10)
    assert assignment.on_rows == [{0: 2}, {1: 1}]


def test_what_does_not_fit_stays_missing_and_the_search_ends() -> None:
    problem = search_problem([group("A", 3, vcpu=3)], [in_rack("h0", "r0", 4)])
    assignment = PartialAssignment.of(problem.compiled, [(0, 0)])
    start = time.monotonic()
    assert not search(problem, assignment).place_missing(3)
    assert time.monotonic() - start < 30
    assert assignment.missing == [2]


def test_members_move_to_cheaper_hosts() -> None:
    hosts = [{**in_rack("h0", "r0", 4), "cost": 9}, {**in_rack("h1", "r0", 4), "cost": 1}]
    problem = search_problem([group("A", 2)], hosts)
    assignment = PartialAssignment.of(problem.compiled, [(0, 0), (0, 0)])
    search(problem, assignment).improve(2, lambda: 1 in assignment.on_rows[0], lambda: None)
    assert assignment.on_rows == [{1: 2}]


def test_a_choice_of_hosts_without_members_does_not_end_the_search() -> None:
    hosts = [{**in_rack("h0", "r0", 4), "cost": 9}, {**in_rack("h1", "r0", 4), "cost": 1}]
    problem = search_problem([group("A", 2)], hosts)
    assignment = PartialAssignment.of(problem.compiled, [(0, 0), (0, 0)])
    loop = search(problem, assignment)
    nothing: list[int] = []
    choices = iter([nothing] * 20 + [[0, 1]] * 20)

    def choose(*_: object) -> Ints:
        return np.array(next(choices), dtype=np.int64)

    loop._chooser.for_objective = dict.fromkeys(loop._chooser.for_objective, choose)
    loop.improve(5, lambda: 1 in assignment.on_rows[0], lambda: None)
    assert assignment.on_rows == [{1: 2}]


def test_frozen_groups_stay_and_keep_their_room() -> None:
    # Of the 4 VCPU of h0, A has 1 and stays: B, of 2 VCPU a member, fits there once.
    hosts = [in_rack("h0", "r0", 4)]
    problem = search_problem([group("A", 1, vcpu=1), group("B", 2, vcpu=2)], hosts)
    assignment = PartialAssignment.of(problem.compiled, [(0, 0)])
    rows = np.array([0], dtype=np.int64)
    model = RepairModel(problem, assignment, Neighbourhood(rows, [1]), frozen={"A"})
    assert model.moving == [1]
    model.minimise_missing(problem.volumes)
    solver = cp_model.CpSolver()
    assert solver.solve(model.builder.model) == cp_model.OPTIMAL
    assert model.found(solver) == {1: {0: 1}}


def test_members_outside_of_a_neighbourhood_stay_where_they_are() -> None:
    hosts = [{**in_rack("h0", "r0"), "cost": 9}, {**in_rack("h1", "r0"), "cost": 1}]
    problem = search_problem([group("A", 1)], hosts)
    assignment = PartialAssignment.of(problem.compiled, [(0, 0)])
    model = RepairModel(problem, assignment, Neighbourhood(np.array([1]), [0]))
    model.minimise_points()
    solver = cp_model.CpSolver()
    assert solver.solve(model.builder.model) == cp_model.OPTIMAL
    assert model.found(solver) == {0: {}}


def test_what_members_elsewhere_take_of_a_pool_is_not_free() -> None:
    # The pool has room for one member of 2, which B has.
    pool = {"name": "p", "inventory": {"DISK_GB": 2}, "hosts": ["h0", "h1"]}
    disk = [{"resources": {"DISK_GB": 2}, "count": 1}]
    groups = [{"name": name, "members": disk} for name in ("A", "B")]
    small = SmallProblem(groups, [in_rack("h0", "r0"), in_rack("h1", "r0")], pools=[pool])
    problem = SearchProblem(small.compiled, find_eligibility(small.compiled, "cost"))
    assignment = PartialAssignment.of(problem.compiled, [(1, 0)])
    model = RepairModel(problem, assignment, Neighbourhood(np.array([1]), [0]))
    model.minimise_missing(problem.volumes)
    solver = cp_model.CpSolver()
    assert solver.solve(model.builder.model) == cp_model.OPTIMAL
    assert model.found(solver) == {0: {}}


def test_models_in_work_keep_their_hosts_and_groups_to_themselves() -> None:
    near: Doc = {"kind": "apart-from", "group": "B"}
    hosts = [in_rack(f"h{i}", "r0") for i in range(3)]
    problem = search_problem([group("A", 1, near), group("B", 1), group("C", 1)], hosts)
    assignment = PartialAssignment.of(problem.compiled, [(0, 0), (1, 1), (2, 2)])
    loop = search(problem, assignment)
    model = RepairModel(problem, assignment, Neighbourhood(np.array([0])))
    loop._working = {Future(): Task(model, lambda _: None)}
    assert loop._frozen() == {"A", "B"}
    assert loop._usable().tolist() == [False, True, True]


def test_a_worse_placement_is_not_taken() -> None:
    hosts = [{**in_rack("h0", "r0"), "cost": 1}, {**in_rack("h1", "r0"), "cost": 9}]
    problem = search_problem([group("A", 1)], hosts)
    assignment = PartialAssignment.of(problem.compiled, [(0, 0)])
    model = RepairModel(problem, assignment, Neighbourhood(np.array([0, 1])))
    model.minimise_points()
    model.builder.model.add(model.builder.placed[0][0] == 0)
    task = Task(model, lambda _: None)
    assert task.solver.solve(model.builder.model) == cp_model.OPTIMAL
    assert search(problem, assignment)._take(task) == 0
    assert assignment.on_rows == [{0: 1}]


def test_members_elsewhere_count_in_the_rules_of_those_that_move() -> None:
    # One member of A is on h0, outside of the neighbourhood, and no rack takes two.
    rack = {**APART, "level": "rack"}
    hosts = [in_rack("h0", "r0"), in_rack("h1", "r0"), in_rack("h2", "r1")]
    problem = search_problem([group("A", 2, rack)], hosts)
    assignment = PartialAssignment.of(problem.compiled, [(0, 0)])
    model = RepairModel(problem, assignment, Neighbourhood(np.array([1, 2]), [0]))
    model.minimise_missing(problem.volumes)
    solver = cp_model.CpSolver()
    assert solver.solve(model.builder.model) == cp_model.OPTIMAL
    assert model.found(solver) == {0: {2: 1}}


def test_a_large_problem_says_that_its_placement_was_searched_and_proves_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pipeline, "LARGE_CANDIDATES", 1)
    monkeypatch.setattr(pipeline, "LARGE_CLASSES", 1)
    small = SmallProblem(
        [group("A", 3, APART), group("B", 4, AFFINITY)],
        [in_rack(f"h{i}", f"r{i % 2}", 6) for i in range(6)],
    )
    seen: list[Progress] = []
    # All hosts cost nothing, so the first placement is the best one.
    result = solve(
        small.app,
        small.compiled.fleet,
        objective="cost",
        limits=Limits(seconds=20),
        progress=seen.append,
    )
    assert (result.status, result.method) == ("optimal", "search")
    assert not check(small.app, small.compiled.fleet, result.placement or {}).violations
    assert "construct" in {one.phase for one in seen}


def test_a_limit_and_a_watcher_stop_the_search_at_once() -> None:
    problem = search_problem([group("A", 3, vcpu=3)], [in_rack("h0", "r0", 4)])
    stopped = Budget(Limits(seconds=60), lambda _: True)
    assignment = PartialAssignment.of(problem.compiled, [(0, 0)])
    rng = np.random.default_rng(0)
    start = time.monotonic()
    LargeNeighbourhoodSearch(problem, assignment, stopped, rng).place_missing(60)
    assert time.monotonic() - start < 10


def test_the_whole_problem_of_a_part_is_the_part_of_its_groups() -> None:
    problem = search_problem([group("A", 2, APART), group("B", 1)], [in_rack("h0", "r0")])
    part = problem.subproblem(problem.couplings.of(["A"]))
    assert part.classes == [0]
    assert [one.group for one in part.compiled.member_classes] == ["A"]
