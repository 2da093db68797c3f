"""CP-SAT on what is left: encode, hint, solve, and map every status."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from ortools.sat.python import cp_model

from groupsolver.checking.check import unit_of
from groupsolver.constraints.cp_model.model_builder import Encoding
from groupsolver.constraints.problem.compiled_problem import Ground
from groupsolver.errors import UnknownSolverStatus
from groupsolver.model.compiled.compiled_fleet import Ints
from groupsolver.solver.budget import Run
from groupsolver.solver.exact.capacity import capacity
from groupsolver.solver.exact.link_cuts import links
from groupsolver.solver.exact.numa import Inside, inside_of
from groupsolver.solver.incumbent import Stand
from groupsolver.solver.presolve.eligibility import Survey

RATE = 20_000  # candidates that are surely encoded in a second: a step must leave time to search
BEAT = 0.1  # seconds between questions to the watcher


@dataclass(frozen=True)
class Answer:
    """What CP-SAT found.

    Attributes
    ----------
    placement : list of (int, int) or None
        ``(lot, row)`` of each member.
    bound : int or None
        Proved lower bound over these candidates.
    infeasible : bool
        Proved that these candidates hold no placement.
    inside : dict of (int, int) to list of int
        By lot and row, how many members stand in each cell, where the model had to decide.
    """

    placement: list[Stand] | None
    bound: int | None
    infeasible: bool
    inside: Inside = field(default_factory=dict)


def encode(ground: Ground, survey: Survey, candidates: Sequence[Ints]) -> Encoding:
    """Build the model: capacity, every policy, the prices, the objective."""
    enc = posted(ground, survey, candidates)
    for tier, budget in survey.stage.budgets.items():
        enc.bound(tier, budget)
    enc.minimize(survey.stage.offset)
    return enc


def posted(ground: Ground, survey: Survey, candidates: Sequence[Ints]) -> Encoding:
    """Build the model without its objective."""
    most = [survey.most[lot][rows] for lot, rows in enumerate(candidates)]
    enc = Encoding(ground, candidates, most, unit_of(survey.objective))
    capacity(enc)
    links(enc)
    for rule in ground.scene.rules:
        rule.policy.encode(rule, enc)
    # The hosts' own prices: soft per-host policies, part of the survey's, price themselves.
    enc.price([survey.base[rows] for rows in candidates], survey.beyond_first)
    return enc


class _Watcher(cp_model.CpSolverSolutionCallback):
    def __init__(self, run: Run, outside: float) -> None:
        super().__init__()
        self._run = run
        self._outside = outside

    def on_solution_callback(self) -> None:
        """Tell of a better placement; stop where the watcher says so."""
        bound = bound_of(self.best_objective_bound, self._outside)
        if self._run.tell("search", round(self.objective_value), bound):
            self.stop_search()

    def on_bound(self, bound: float) -> None:
        """Tell of a better bound."""
        self._run.tell("search", bound=bound_of(bound, self._outside))


def _search(solver: cp_model.CpSolver, enc: Encoding, watcher: _Watcher | None, run: Run) -> cp_model.CpSolverStatus:
    """Search in a thread of its own, so that the caller's hears interrupts, and asks the watcher while all is quiet."""
    with ThreadPoolExecutor(1) as pool:
        searching = pool.submit(solver.solve, enc.model, watcher)
        try:
            while True:
                try:
                    return searching.result(BEAT)
                except TimeoutError:
                    if run.tell("search"):
                        solver.stop_search()
        except BaseException:
            while not searching.done():  # a search that has not quite begun does not hear the first call
                solver.stop_search()
                wait([searching], BEAT)
            raise


def exact(
    ground: Ground,
    survey: Survey,
    candidates: Sequence[Ints],
    hint: list[Stand] | None,
    run: Run,
    seconds: float,
    gap: float,
    outside: float = math.inf,
) -> Answer:
    """Solve one model, encoding it included, within some seconds.

    Parameters
    ----------
    gap : float
        Where to stop; infinite: at the first placement.
    outside : float
        A bound of all placements outside these candidates: what is told never exceeds it.

    Raises
    ------
    UnknownSolverStatus
        Where CP-SAT refuses the model or answers with a status unknown here.
    """
    until = run.elapsed() + seconds
    return solved(encode(ground, survey, candidates), candidates, hint, run, until, gap, outside)


def solved(
    enc: Encoding,
    candidates: Sequence[Ints],
    hint: list[Stand] | None,
    run: Run,
    until: float,
    gap: float,
    outside: float = math.inf,
) -> Answer:
    """Solve a model that stands, until so many seconds of the run have gone; see `exact`."""
    if hint is not None:
        _hint(enc, candidates, hint)
    return search(enc, run, until - run.elapsed(), gap, outside)


def search(enc: Encoding, run: Run, seconds: float, gap: float, outside: float = math.inf) -> Answer:
    """Solve a model that is built; see `exact`."""
    seconds = min(seconds, run.left())
    if seconds <= 0:
        return Answer(None, None, False)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    if math.isinf(gap):  # any placement will do
        solver.parameters.stop_after_first_solution = True
        solver.parameters.linearization_level = 0
    else:
        solver.parameters.relative_gap_limit = gap
        # Measured: what is left is small and its linear relaxation strong, so the proof comes from
        # the relaxation; a long presolve and lazy rows cost more than they bring.
        solver.parameters.linearization_level = 2
        solver.parameters.add_lp_constraints_lazily = False
        solver.parameters.max_presolve_iterations = 1
        solver.parameters.cp_model_probing_level = 0
    solver.parameters.num_workers = run.limits.workers or os.cpu_count() or 1
    solver.parameters.random_seed = run.limits.seed
    # CP-SAT's own handler cannot work off the main thread, and on it takes the caller's away.
    solver.parameters.catch_sigint_signal = False
    watcher = _Watcher(run, outside) if run.watched and math.isfinite(gap) else None
    if watcher is not None:
        solver.best_bound_callback = watcher.on_bound
    status = _search(solver, enc, watcher, run)
    if status == cp_model.INFEASIBLE:
        return Answer(None, None, True)
    if status == cp_model.UNKNOWN:
        return Answer(None, None, False)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        raise UnknownSolverStatus(f"CP-SAT answered {solver.status_name(status)}: {enc.model.validate()}")
    found = [
        (lot, row)
        for lot, rows in enumerate(enc.rows)
        for row, var in zip(rows.tolist(), enc.placed[lot], strict=True)
        for _ in range(solver.value(var))
    ]
    inside: Inside = {}
    for at, cells in enc.inside.items():
        inside[at] = [0] * enc.ground.fleet.cells.width
        for cell, var in cells:
            inside[at][cell] = solver.value(var)
    if status == cp_model.OPTIMAL and gap == 0:  # exact, where CP-SAT's own bound is a double
        return Answer(found, enc.objective(solver), False, inside)
    return Answer(found, bound_of(solver.best_objective_bound, math.inf), False, inside)


def bound_of(bound: float, outside: float) -> int | None:
    """Round a bound of an integer objective up, less the noise of a double; never above `outside`."""
    noise = 1e-6 + 1e-12 * abs(bound)
    least = min(math.ceil(bound - noise) if math.isfinite(bound) else -math.inf, outside)
    return int(least) if math.isfinite(least) else None


def _hint(enc: Encoding, candidates: Sequence[Ints], hint: list[Stand]) -> None:
    count: dict[Stand, int] = {}
    for stand in hint:
        count[stand] = count.get(stand, 0) + 1
    if any(row not in candidates[lot] for lot, row in hint):
        return  # it stands outside these candidates
    for lot, rows in enumerate(candidates):
        for row, var in zip(rows.tolist(), enc.placed[lot], strict=True):
            enc.model.add_hint(var, count.get((lot, row), 0))
    counts = inside_of(enc.ground, hint, {}) if enc.inside else {}
    for at, cells in enc.inside.items():
        for cell, var in cells if len(cells) > 1 else ():  # where one cell is open, it is the host's own variable
            enc.model.add_hint(var, counts[at][cell] if at in counts else 0)
