"""Runs one case by ours and by the baselines, one after the other in one process."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.baselines import filter_and_weigh, first_fit_decreasing, textbook
from benchmarks.baselines.common import Answer
from benchmarks.support.board import own_groups
from benchmarks.support.specs import Case, Spec
from groupsolver.checking.check import judge
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.model.result import Limits, Objective, Progress, gap_of

OURS = "groupsolver"
TEXTBOOK = "textbook"
SWIFT = {
    "filter-and-weigh": filter_and_weigh.place,
    "first-fit-decreasing": first_fit_decreasing.place,
}


@dataclass(frozen=True)
class Run:
    """One solver on one case.

    Attributes
    ----------
    seconds : float
        From the compiled fleet to the answer, the answer's own check included.
    first : float or None
        Seconds to the first solution, where the solver tells.
    cpu : float
        Processor seconds in the same time; well below `seconds` where other work held the machine.
    placed, groups : int
        Groups that stand whole with no hard policy broken, of how many.
    """

    spec: str
    objective: Objective
    seed: int
    solver: str
    status: str
    seconds: float
    cpu: float
    first: float | None
    value: int | None
    bound: int | None
    gap: float | None
    placed: int
    groups: int
    compile_seconds: float

    def document(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


def runs_of(
    spec: Spec,
    seed: int,
    case: Case,
    *,
    seconds: float,
    textbook_seconds: float,
    with_textbook: bool,
) -> Iterator[Run]:
    """Run ours, then each baseline, for each objective."""
    for objective in spec.objectives:
        yield _ours(spec, seed, case, objective, seconds)
        if spec.feasible:
            for name, place in SWIFT.items():
                yield _baseline(spec, seed, case, objective, name, place)
        if with_textbook:

            def book(app: Any, fleet: Any, *, objective: Objective, seed: int) -> Answer:
                return textbook.place(
                    app, fleet, objective=objective, seed=seed, seconds=textbook_seconds
                )

            yield _baseline(spec, seed, case, objective, TEXTBOOK, book)


def _ours(spec: Spec, seed: int, case: Case, objective: Objective, seconds: float) -> Run:
    from groupsolver.solver.pipeline import solve

    gc.collect()
    start, cpu = time.perf_counter(), time.process_time()
    first: list[float] = []

    def watch(progress: Progress) -> None:
        if not first and progress.incumbent is not None:
            first.append(time.perf_counter() - start)

    limits = Limits(seconds=seconds, gap=spec.gap, workers=1, seed=seed)
    result = solve(
        case.app, case.fleet, objective=objective, limits=limits, progress=watch, explain=False
    )
    took, cpu = time.perf_counter() - start, time.process_time() - cpu
    problem = Problem(case.app, case.fleet.index)
    groups = len(own_groups(CompiledProblem(problem, case.fleet)))
    if result.placement is not None:
        verdict = judge(problem, result.placement, objective)
        if verdict.violations or verdict.objective != result.objective:
            raise AssertionError(f"{spec.name}, seed {seed}: a wrong answer: {verdict}")
    return Run(
        spec=spec.name,
        objective=objective,
        seed=seed,
        solver=OURS,
        status=result.status,
        seconds=took,
        cpu=cpu,
        first=first[0] if first else None,
        value=result.objective,
        bound=result.bound,
        gap=result.gap,
        placed=groups if result.placed else 0,
        groups=groups,
        compile_seconds=case.compile_seconds,
    )


def _baseline(
    spec: Spec, seed: int, case: Case, objective: Objective, name: str, place: Callable[..., Answer]
) -> Run:
    gc.collect()
    cpu = time.process_time()
    answer = place(case.app, case.fleet, objective=objective, seed=seed)
    cpu = time.process_time() - cpu
    known = answer.objective is not None and answer.bound is not None
    return Run(
        spec=spec.name,
        objective=objective,
        seed=seed,
        solver=name,
        status=answer.status,
        seconds=answer.seconds,
        cpu=cpu,
        first=None,
        value=answer.objective,
        bound=answer.bound,
        gap=gap_of(answer.objective or 0, answer.bound or 0) if known else None,
        placed=answer.placed,
        groups=answer.groups,
        compile_seconds=case.compile_seconds,
    )
