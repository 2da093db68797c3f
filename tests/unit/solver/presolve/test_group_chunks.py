"""Which placements the chunks of a merged group allow, by enumeration of the model's solutions."""

from __future__ import annotations

from itertools import product

from ortools.sat.python import cp_model

from groupsolver.constraints.problem.view import View
from groupsolver.solver.exact.cp_sat import build_model
from groupsolver.solver.presolve.group_chunks import Chunks
from groupsolver.solver.presolve.interchangeable_groups import merge_interchangeable
from tests.support.small import group
from tests.support.small_problems import AFFINITY, APART, Doc, SmallProblem, in_rack

HOSTS = [in_rack("h0", "r0"), in_rack("h1", "r0"), in_rack("h2", "r1")]


class Collector(cp_model.CpSolverSolutionCallback):
    """Collects the members on each host of every solution."""

    def __init__(self, variables: list[cp_model.IntVar]) -> None:
        super().__init__()
        self._variables = variables
        self.found: set[tuple[int, ...]] = set()

    def on_solution_callback(self) -> None:
        self.found.add(tuple(self.value(var) for var in self._variables))


def allowed(*policies: Doc, hosts: list[Doc] | None = None) -> set[tuple[int, ...]]:
    """Members by host in every placement of two merged groups of two members each."""
    problem = SmallProblem([group(name, 2, *policies) for name in "AB"], hosts or HOSTS)
    merged = merge_interchangeable(problem.compiled)
    assert merged.compiled is not problem.compiled
    of_merged = SmallProblem([], problem.hosts)
    of_merged.compiled = merged.compiled
    builder = build_model(merged.compiled, of_merged.eligibility, of_merged.candidates)
    builder.model.clear_objective()  # type: ignore[no-untyped-call]
    collector = Collector(list(builder.placed[0]))
    solver = cp_model.CpSolver()
    solver.parameters.enumerate_all_solutions = True
    solver.parameters.num_workers = 1
    solver.solve(builder.model, collector)
    return collector.found


def expected(max_on_host: int = 4) -> set[tuple[int, ...]]:
    """Four members, an even number in each rack."""
    return {
        counts
        for counts in product(range(max_on_host + 1), repeat=3)
        if sum(counts) == 4 and counts[2] % 2 == 0
    }


def test_each_rack_holds_whole_chunks() -> None:
    assert allowed(AFFINITY) == expected()


def test_a_host_holds_no_more_than_its_racks_chunks_may_have_there() -> None:
    # One member of a chunk on a host: with both chunks in r0 two on each host; and none in r1,
    # whose one host cannot hold a chunk of two.
    assert allowed(AFFINITY, APART) == {(2, 2, 0)}


def test_a_host_in_no_rack_takes_no_chunk() -> None:
    hosts = [in_rack("h0", "r0"), in_rack("h1", "r0"), {"name": "h2", "inventory": {"VCPU": 4}}]
    # So h2 is no candidate, and both chunks are on h0 and h1.
    assert allowed(AFFINITY, hosts=hosts) == {(0, 4), (1, 3), (2, 2), (3, 1), (4, 0)}


def test_the_checker_counts_members_beyond_whole_chunks() -> None:
    chunks = Chunks(number=2, inner="rack")
    problem = SmallProblem([group("A", 4)], HOSTS).compiled.problem
    whole = {"A/0": "h0", "A/1": "h1", "A/2": "h2", "A/3": "h2"}
    assert chunks.violations("A", View(problem, whole)) == 0
    # Three in r0 and one in r1: one member too many in each.
    assert chunks.violations("A", View(problem, whole | {"A/2": "h0"})) == 2
    assert chunks.describe("A") == "members of A are in 2 chunks of one rack each"
