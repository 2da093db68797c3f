"""CP-SAT on what is left: encode, hint, solve, and map every status."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from ortools.sat.python import cp_model

from groupsolver.checking.check import unit_of
from groupsolver.constraints.cp_model.model_builder import ModelBuilder
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.rules import rules_of
from groupsolver.errors import UnknownSolverStatus
from groupsolver.model.compiled.arrays import Ints
from groupsolver.solver.budget import Budget
from groupsolver.solver.exact.capacity import capacity
from groupsolver.solver.exact.link_cuts import links
from groupsolver.solver.exact.numa import Inside, inside_of
from groupsolver.solver.incumbent import Assignment
from groupsolver.solver.presolve.eligibility import Eligibility

RATE = 20_000  # candidates that are surely encoded in a second: a step must leave time to search
BEAT = 0.1  # seconds between questions to the watcher


@dataclass(frozen=True)
class SearchOutcome:
    """What CP-SAT found.

    Attributes
    ----------
    placement : list of (int, int) or None
        ``(member class, row)`` of each member.
    bound : int or None
        Proved lower bound over these candidates.
    infeasible : bool
        Proved that these candidates hold no placement.
    inside : dict of (int, int) to list of int
        By member class and row, how many members stand in each cell, where the model had to decide.
    """

    placement: list[Assignment] | None
    bound: int | None
    infeasible: bool
    inside: Inside = field(default_factory=dict)


def encode(
    compiled: CompiledProblem, survey: Eligibility, candidates: Sequence[Ints]
) -> ModelBuilder:
    """Build the model: capacity, every policy, the prices, the objective."""
    builder = posted(compiled, survey, candidates)
    for tier, budget in survey.stage.budgets.items():
        builder.bound(tier, budget)
    builder.minimize(survey.stage.offset)
    return builder


def posted(
    compiled: CompiledProblem, survey: Eligibility, candidates: Sequence[Ints]
) -> ModelBuilder:
    """Build the model without its objective."""
    most = [survey.max_members[member_class][rows] for member_class, rows in enumerate(candidates)]
    builder = ModelBuilder(compiled, candidates, most, unit_of(survey.objective))
    capacity(builder)
    links(builder)
    for rule in rules_of(compiled.problem).all:
        rule.policy.encode(rule.group, builder)
    # The hosts' own prices: soft per-host policies, part of the survey's, price themselves.
    builder.price([survey.base_prices[rows] for rows in candidates], survey.extra_member_price)
    return builder


class _Watcher(cp_model.CpSolverSolutionCallback):
    def __init__(self, budget: Budget, outside: float) -> None:
        super().__init__()
        self._budget = budget
        self._outside = outside

    def on_solution_callback(self) -> None:
        """Tell of a better placement; stop where the watcher says so."""
        bound = bound_of(self.best_objective_bound, self._outside)
        if self._budget.report("search", round(self.objective_value), bound):
            self.stop_search()

    def on_bound(self, bound: float) -> None:
        """Tell of a better bound."""
        self._budget.report("search", bound=bound_of(bound, self._outside))


def _search(
    solver: cp_model.CpSolver, builder: ModelBuilder, watcher: _Watcher | None, budget: Budget
) -> cp_model.CpSolverStatus:
    """Search in a thread of its own, so that the caller's hears interrupts, and asks the watcher while all is quiet."""
    with ThreadPoolExecutor(1) as pool:
        searching = pool.submit(solver.solve, builder.model, watcher)
        try:
            while True:
                try:
                    return searching.result(BEAT)
                except TimeoutError:
                    if budget.report("search"):
                        solver.stop_search()
        except BaseException:
            while (
                not searching.done()
            ):  # a search that has not quite begun does not hear the first call
                solver.stop_search()
                wait([searching], BEAT)
            raise


def exact(
    compiled: CompiledProblem,
    survey: Eligibility,
    candidates: Sequence[Ints],
    hint: list[Assignment] | None,
    budget: Budget,
    seconds: float,
    gap: float,
    outside: float = math.inf,
) -> SearchOutcome:
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
    until = budget.elapsed() + seconds
    return solved(
        encode(compiled, survey, candidates), candidates, hint, budget, until, gap, outside
    )


def solved(
    builder: ModelBuilder,
    candidates: Sequence[Ints],
    hint: list[Assignment] | None,
    budget: Budget,
    until: float,
    gap: float,
    outside: float = math.inf,
) -> SearchOutcome:
    """Solve a model that stands, until so many seconds of the run have gone; see `exact`."""
    if hint is not None:
        _hint(builder, candidates, hint)
    return search(builder, budget, until - budget.elapsed(), gap, outside)


def search(
    builder: ModelBuilder, budget: Budget, seconds: float, gap: float, outside: float = math.inf
) -> SearchOutcome:
    """Solve a model that is built; see `exact`."""
    seconds = min(seconds, budget.left())
    if seconds <= 0:
        return SearchOutcome(None, None, False)
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
    solver.parameters.num_workers = budget.limits.workers or os.cpu_count() or 1
    solver.parameters.random_seed = budget.limits.seed
    # CP-SAT's own handler cannot work off the main thread, and on it takes the caller's away.
    solver.parameters.catch_sigint_signal = False
    watcher = _Watcher(budget, outside) if budget.watched and math.isfinite(gap) else None
    if watcher is not None:
        solver.best_bound_callback = watcher.on_bound
    status = _search(solver, builder, watcher, budget)
    if status == cp_model.INFEASIBLE:
        return SearchOutcome(None, None, True)
    if status == cp_model.UNKNOWN:
        return SearchOutcome(None, None, False)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        raise UnknownSolverStatus(
            f"CP-SAT answered {solver.status_name(status)}: {builder.model.validate()}"
        )
    found = [
        (member_class, row)
        for member_class, rows in enumerate(builder.rows)
        for row, var in zip(rows.tolist(), builder.placed[member_class], strict=True)
        for _ in range(solver.value(var))
    ]
    inside: Inside = {}
    for at, cells in builder.inside.items():
        inside[at] = [0] * builder.compiled.fleet.cells.width
        for cell, var in cells:
            inside[at][cell] = solver.value(var)
    if status == cp_model.OPTIMAL and gap == 0:  # exact, where CP-SAT's own bound is a double
        return SearchOutcome(found, builder.objective(solver), False, inside)
    return SearchOutcome(found, bound_of(solver.best_objective_bound, math.inf), False, inside)


def bound_of(bound: float, outside: float) -> int | None:
    """Round a bound of an integer objective up, less the noise of a double; never above `outside`."""
    noise = 1e-6 + 1e-12 * abs(bound)
    least = min(math.ceil(bound - noise) if math.isfinite(bound) else -math.inf, outside)
    return int(least) if math.isfinite(least) else None


def _hint(builder: ModelBuilder, candidates: Sequence[Ints], hint: list[Assignment]) -> None:
    count: dict[Assignment, int] = {}
    for stand in hint:
        count[stand] = count.get(stand, 0) + 1
    if any(row not in candidates[member_class] for member_class, row in hint):
        return  # it stands outside these candidates
    for member_class, rows in enumerate(candidates):
        for row, var in zip(rows.tolist(), builder.placed[member_class], strict=True):
            builder.model.add_hint(var, count.get((member_class, row), 0))
    counts = inside_of(builder.compiled, hint, {}) if builder.inside else {}
    for at, cells in builder.inside.items():
        for cell, var in (
            cells if len(cells) > 1 else ()
        ):  # where one cell is open, it is the host's own variable
            builder.model.add_hint(var, counts[at][cell] if at in counts else 0)
