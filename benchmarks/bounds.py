"""Lower bounds of the objective on planted batches, by several methods.

``python -m benchmarks.bounds --size M --fill 0.85 --time-limit 20 [--methods ascent glop]``.

Each method bounds the same relaxation, on one core: dual ascent; or column generation, whose
restricted master is solved from the start in each round by GLOP, by PDLP, or by HiGHS's simplex or
interior point method. Whatever the method, what counts is Lagrange's bound at the prices it found.
The last column compares it with the planted placement, which is no optimum: it bounds the gap from
above.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from unittest.mock import patch

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import vstack

from benchmarks.support.planted_batches import SIZES, PlantedBatch, planted_batch
from benchmarks.support.report import machine
from groupsolver import Limits, check
from groupsolver.checking.check import unit_of
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.solver.budget import Budget
from groupsolver.solver.linear_program import Optimum, ProgramArrays, solve_by_ortools
from groupsolver.solver.preparation import prepare
from groupsolver.solver.presolve.eligibility import find_eligibility
from groupsolver.solver.presolve.interchangeable_groups import merge_interchangeable
from groupsolver.solver.relaxation import column_generation, dual_sweeps, linear_program
from groupsolver.solver.relaxation.opening_floors import with_openings

Solve = Callable[[ProgramArrays, float, str], Optimum | None]


def by_ortools(name: str) -> Solve:
    """Return a way to solve linear programs, by a solver of OR-Tools."""

    def solve(program: ProgramArrays, seconds: float, _: str) -> Optimum | None:
        return solve_by_ortools(program, seconds, name)

    return solve


def by_highs(method: str) -> Solve:
    """Return a way to solve linear programs, by a method of HiGHS."""

    def solve(program: ProgramArrays, seconds: float, _: str) -> Optimum | None:
        equal = np.flatnonzero(program.row_low == program.row_high)
        differ = program.row_low != program.row_high
        has_high = np.flatnonzero(np.isfinite(program.row_high) & differ)
        has_low = np.flatnonzero(np.isfinite(program.row_low) & differ)
        found = linprog(
            program.cost,
            A_ub=vstack([program.table[has_high], -program.table[has_low]], format="csr"),
            b_ub=np.concatenate([program.row_high[has_high], -program.row_low[has_low]]),
            A_eq=program.table[equal],
            b_eq=program.row_high[equal],
            bounds=np.stack([np.zeros(len(program.cost)), program.high], axis=1),
            method=method,
            options={"time_limit": seconds},
        )
        if found.status != 0:
            return None
        dual = np.zeros(len(program.row_high))
        dual[has_high] = found.ineqlin.marginals[: len(has_high)]
        dual[has_low] -= found.ineqlin.marginals[len(has_high) :]
        dual[equal] = found.eqlin.marginals
        return Optimum(float(found.fun), found.x, dual)

    return solve


SOLVERS = {
    "glop": by_ortools("glop"),
    "pdlp": by_ortools("pdlp"),
    "highs-simplex": by_highs("highs-ds"),
    "highs-interior-point": by_highs("highs-ipm"),
}
METHODS = ("ascent", *SOLVERS)


def bounded(batch: PlantedBatch, method: str, seconds: float) -> tuple[float, float]:
    """Return the best bound that a method finds, and the seconds of the relaxation."""
    compiled = CompiledProblem(Problem(batch.application, batch.compiled.index), batch.compiled)
    merged = merge_interchangeable(compiled).compiled
    eligibility = with_openings(merged, find_eligibility(merged, "pack"))
    with ExitStack() as patches:
        patches.enter_context(patch.object(dual_sweeps, "SHARE_OF_TIME", 1.0))
        if method != "ascent":
            patches.enter_context(patch.object(column_generation, "MANY_BLOCKS", math.inf))
            patches.enter_context(patch.object(linear_program, "solve_linear", SOLVERS[method]))
        begin = time.perf_counter()
        budget = Budget(Limits(seconds=seconds, workers=1), None)
        prepared = prepare(merged, eligibility, budget, unit_of("pack"))
    bound = math.nan if prepared is None else prepared.relaxed.bounds.lower
    return bound, time.perf_counter() - begin


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=list(SIZES), default="M")
    parser.add_argument("--fill", type=float, default=0.85)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--time-limit", type=float, default=30.0)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    given = parser.parse_args(arguments)
    size = SIZES[given.size]
    batch = planted_batch(
        hosts=size.hosts,
        members=size.members,
        groups=size.groups,
        fill=given.fill,
        seed=given.seed,
    )
    planted = check(batch.application, batch.compiled, batch.placement, objective="pack").objective
    print(machine())
    print(f"{given.size}, fill {given.fill}, seed {given.seed}, planted {planted}")
    print("method                  bound   seconds   below the planted placement")
    for method in given.methods:
        bound, seconds = bounded(batch, method, given.time_limit)
        gap = 100 * (1 - bound / planted)
        print(f"{method:22} {bound:9.0f} {seconds:8.1f} {gap:8.1f} %", flush=True)


if __name__ == "__main__":
    main()
