"""CP-SAT on the candidates that are left: build the model, hint it, solve it, map every status."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Sequence
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
from groupsolver.solver.exact.capacity import post_capacity
from groupsolver.solver.exact.link_cuts import post_link_cuts
from groupsolver.solver.exact.numa import CellCounts, count_by_cell
from groupsolver.solver.exact.opening_floors import post_floors
from groupsolver.solver.incumbent import Assignment
from groupsolver.solver.presolve.eligibility import Eligibility

# Candidates whose model is built in a second on any machine: a step must leave time to search.
CANDIDATES_PER_SECOND = 20_000
WATCH_INTERVAL = 0.1  # seconds between two questions to the watcher
# A double of CP-SAT may differ from the integer that it stands for by this much.
BOUND_NOISE = 1e-6
RELATIVE_BOUND_NOISE = 1e-12


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
        By member class and row, how many members each cell has, where the model had to decide.
    opened : frozenset of int
        Rows of hosts that are added or freed (`ModelBuilder.openings`).
    """

    placement: list[Assignment] | None
    bound: int | None
    infeasible: bool
    inside: CellCounts = field(default_factory=dict)
    opened: frozenset[int] = frozenset()


NOTHING_KNOWN = SearchOutcome(placement=None, bound=None, infeasible=False)
INFEASIBLE = SearchOutcome(placement=None, bound=None, infeasible=True)


def build_model(
    compiled: CompiledProblem, eligibility: Eligibility, candidates: Sequence[Ints]
) -> ModelBuilder:
    """Build the model: capacity, every policy, the prices, the budgets of tiers, the objective."""
    builder = build_constraints(compiled, eligibility, candidates)
    stage = eligibility.stage
    for tier, budget in stage.budgets.items():
        builder.bound(tier, budget)
    builder.minimize(stage.offset)
    return builder


def build_constraints(
    compiled: CompiledProblem,
    eligibility: Eligibility,
    candidates: Sequence[Ints],
    optional: Collection[int] = (),
) -> ModelBuilder:
    """Build the model without its objective.

    Members of the classes of `optional` may be left out.
    """
    most = [
        eligibility.max_members[class_index][rows] for class_index, rows in enumerate(candidates)
    ]
    builder = ModelBuilder(compiled, candidates, most, unit_of(eligibility.objective), optional)
    post_capacity(builder)
    post_link_cuts(builder)
    for rule in rules_of(compiled.problem).all:
        rule.policy.encode(rule.group, builder)
    # `base_prices` has the hosts' own prices alone; soft per-host policies posted theirs above.
    host_prices = [
        base[rows] for base, rows in zip(eligibility.base_prices, candidates, strict=True)
    ]
    builder.price(host_prices, eligibility.extra_member_price, eligibility.max_new)
    if eligibility.opening_prices is not None:
        builder.price_openings(eligibility.opening_prices)
    for opening in eligibility.openings:
        if opening.least_cost:
            post_floors(builder, opening)
    return builder


def solve_candidates(
    compiled: CompiledProblem,
    eligibility: Eligibility,
    candidates: Sequence[Ints],
    hint: list[Assignment] | None,
    budget: Budget,
    seconds: float,
    gap: float,
    outside: float = math.inf,
) -> SearchOutcome:
    """Build a model over some candidates and solve it, all within some seconds.

    Parameters
    ----------
    compiled : CompiledProblem
    eligibility : Eligibility
    candidates : sequence of (C,) int64, one a member class
        The fleet's rows where members of the class may land.
    hint : list of (int, int) or None
        A placement to start from; ignored where it is not within the candidates.
    budget : Budget
    seconds : float
    gap : float
        The relative gap to stop at; infinite: at the first placement.
    outside : float, default infinite
        A bound of all placements outside these candidates. No bound above it is reported.

    Raises
    ------
    UnknownSolverStatus
        Where CP-SAT refuses the model or answers with a status unknown here.
    """
    until = budget.elapsed() + seconds
    builder = build_model(compiled, eligibility, candidates)
    return solve_hinted(builder, candidates, hint, budget, until, gap, outside)


def solve_hinted(
    builder: ModelBuilder,
    candidates: Sequence[Ints],
    hint: list[Assignment] | None,
    budget: Budget,
    until: float,
    gap: float,
    outside: float = math.inf,
) -> SearchOutcome:
    """Hint a model and solve it until `until`, in seconds since the call began.

    The other parameters are those of `solve_candidates`.
    """
    if hint is not None:
        _add_hint(builder, candidates, hint)
    return solve_model(builder, budget, until - budget.elapsed(), gap, outside)


def solve_model(
    builder: ModelBuilder, budget: Budget, seconds: float, gap: float, outside: float = math.inf
) -> SearchOutcome:
    """Solve a model; the parameters are those of `solve_candidates`."""
    seconds = min(seconds, budget.left())
    if seconds <= 0:
        return NOTHING_KNOWN
    solver = configured_solver(budget, seconds, gap)
    callback = None
    if budget.watched and math.isfinite(gap):
        callback = _ProgressCallback(budget, outside)
        solver.best_bound_callback = callback.on_bound
    status = run_search(solver, builder.model, callback, budget)
    if status == cp_model.INFEASIBLE:
        return INFEASIBLE
    if status == cp_model.UNKNOWN:
        return NOTHING_KNOWN
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        name = solver.status_name(status)
        raise UnknownSolverStatus(f"CP-SAT answered {name}: {builder.model.validate()}")
    if status == cp_model.OPTIMAL and gap == 0:
        # In whole numbers, where CP-SAT's own bound is a double. With a gap, CP-SAT says
        # "optimal" as soon as the gap is reached.
        bound: int | None = builder.objective(solver)
    else:
        bound = integer_bound(solver.best_objective_bound, math.inf)
    return SearchOutcome(
        _found_assignments(solver, builder),
        bound,
        False,
        _found_cells(solver, builder),
        frozenset(row for row, var in builder.openings.items() if solver.value(var)),
    )


def integer_bound(bound: float, outside: float) -> int | None:
    """Round a bound of an integer objective up, less the noise of a double.

    ``min(ceil(bound - noise), outside)``, None where that is not finite. For example::

        integer_bound(6.2, inf) = 7
        integer_bound(7.0000001, inf) = 7   (noise)
        integer_bound(6.2, 5) = 5
    """
    noise = BOUND_NOISE + RELATIVE_BOUND_NOISE * abs(bound)
    rounded = math.ceil(bound - noise) if math.isfinite(bound) else -math.inf
    least = min(rounded, outside)
    return int(least) if math.isfinite(least) else None


def configured_solver(budget: Budget, seconds: float, gap: float) -> cp_model.CpSolver:
    """Return a solver with the parameters of every search, for so many seconds and a gap."""
    solver = cp_model.CpSolver()
    parameters = solver.parameters
    parameters.max_time_in_seconds = seconds
    if math.isinf(gap):
        parameters.stop_after_first_solution = True
        parameters.linearization_level = 0
    else:
        parameters.relative_gap_limit = gap
        # Measured: what is left is small and its linear relaxation strong, so the proof comes from
        # the relaxation; a long presolve and lazy rows cost more than they bring.
        parameters.linearization_level = 2
        parameters.add_lp_constraints_lazily = False
        parameters.max_presolve_iterations = 1
        parameters.cp_model_probing_level = 0
    parameters.num_workers = budget.workers
    parameters.random_seed = budget.limits.seed
    # CP-SAT's own handler cannot work off the main thread, and on it takes the caller's away.
    parameters.catch_sigint_signal = False
    return solver


class _ProgressCallback(cp_model.CpSolverSolutionCallback):
    """Reports placements and bounds to the watcher of a budget."""

    def __init__(self, budget: Budget, outside: float) -> None:
        super().__init__()
        self._budget = budget
        self._outside = outside

    def on_solution_callback(self) -> None:
        """Report a better placement; stop the search where the watcher asks for that."""
        bound = integer_bound(self.best_objective_bound, self._outside)
        stop = self._budget.report("search", round(self.objective_value), bound)
        if stop:
            self.stop_search()

    def on_bound(self, bound: float) -> None:
        """Report a better bound."""
        self._budget.report("search", bound=integer_bound(bound, self._outside))


def run_search(
    solver: cp_model.CpSolver,
    model: cp_model.CpModel,
    callback: _ProgressCallback | None,
    budget: Budget,
) -> cp_model.CpSolverStatus:
    """Search in a separate thread, and ask the watcher while the search is quiet.

    Python handles signals in the main thread between two instructions, so a caller that waits here
    hears an interrupt at once, which it would not within CP-SAT.
    """
    with ThreadPoolExecutor(1) as pool:
        searching = pool.submit(solver.solve, model, callback)
        try:
            while True:
                try:
                    return searching.result(WATCH_INTERVAL)
                except TimeoutError:
                    if budget.report("search"):
                        solver.stop_search()
        except BaseException:
            # A search that has not quite begun does not hear the first call.
            while not searching.done():
                solver.stop_search()
                wait([searching], WATCH_INTERVAL)
            raise


def _found_assignments(solver: cp_model.CpSolver, builder: ModelBuilder) -> list[Assignment]:
    found: list[Assignment] = []
    for class_index, rows in enumerate(builder.rows):
        for row, var in zip(rows.tolist(), builder.placed[class_index], strict=True):
            found += [(class_index, row)] * solver.value(var)
    return found


def _found_cells(solver: cp_model.CpSolver, builder: ModelBuilder) -> CellCounts:
    found: CellCounts = {}
    for key, in_cells in builder.inside.items():
        counts = [0] * builder.compiled.fleet.cells.width
        for cell, var in in_cells:
            counts[cell] = solver.value(var)
        found[key] = counts
    return found


def _add_hint(builder: ModelBuilder, candidates: Sequence[Ints], hint: list[Assignment]) -> None:
    if any(row not in candidates[class_index] for class_index, row in hint):
        return  # the placement is not within these candidates
    number = Counter(hint)
    high = {
        (class_index, row): limit
        for class_index, rows in enumerate(candidates)
        for row, limit in zip(rows.tolist(), builder.most[class_index].tolist(), strict=True)
    }
    if any(members > high[key] for key, members in number.items()):
        return  # it has more members on a host than a placement of this step may have
    for class_index, rows in enumerate(candidates):
        for row, var in zip(rows.tolist(), builder.placed[class_index], strict=True):
            builder.model.add_hint(var, number[class_index, row])
    counts = count_by_cell(builder.compiled, hint, {}) if builder.inside else {}
    for key, in_cells in builder.inside.items():
        if len(in_cells) == 1:
            continue  # its variable is the host's own, which is hinted above
        for cell, var in in_cells:
            builder.model.add_hint(var, counts[key][cell] if key in counts else 0)
