"""The solve of a batch: merge, bound, search, prove, and say why the others are left out.

Without `partial` the merged application is an ordinary one: all are placed, or none. With it, the
applications that are placed are chosen: the largest value first, then the objective.

1. The value of all placements is bounded by capacity alone (`bound_value`).
2. Applications are placed one after another (`place_greedily`); where the batch is large, by a
   search that makes room (`search_batch`).
3. Where the batch is small enough, the largest value and then the objective are proved
   (`OptionalMembersSolve`, each application being a bundle).
4. For each application that is left out the reason is looked for (`BatchReasons`).
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from typing import Any

from groupsolver.checking.arguments import (
    require_application,
    require_callable,
    require_flags,
    require_limits,
    require_objective,
)
from groupsolver.constraints.batch_document import BatchDocument
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.problem.used_amounts import require_covered
from groupsolver.errors import BadInput, Fault, nearest, require_type
from groupsolver.model.answers.batch import BatchEntry, BatchResult
from groupsolver.model.application import Application
from groupsolver.model.compiled.compiled_fleet import CompiledFleet, compile_fleet
from groupsolver.model.fleet import Fleet
from groupsolver.model.result import Limits, Objective, Result, Status, Watch, gap_of
from groupsolver.solver.batch.greedy import place_greedily
from groupsolver.solver.batch.incumbent import BatchIncumbent
from groupsolver.solver.batch.least_objective import least_objective
from groupsolver.solver.batch.merging import MergedApplications
from groupsolver.solver.batch.problem import BatchProblem
from groupsolver.solver.batch.progress import BatchWatch
from groupsolver.solver.batch.reasons import (
    ANOTHER_IS_NOT,
    NOT_IN_TIME,
    BatchReasons,
    Reason,
    joint_reason,
)
from groupsolver.solver.batch.search import search_batch
from groupsolver.solver.batch.value_bound import ValueBound, bound_value
from groupsolver.solver.budget import Budget, PartialBudget
from groupsolver.solver.incumbent import Assignment
from groupsolver.solver.lexicographic.tiers import prioritized_rules
from groupsolver.solver.optional_members.pipeline import OptionalMembersSolve
from groupsolver.solver.pipeline import answer

MAX_CANDIDATES_EXACT = 50_000  # member classes times hosts of a batch that is proved
CANDIDATES_EXACT_PER_SECOND = 5_000  # and at most so many for each second of the limit
TIME_SHARE_REASONS = 0.1  # of the limit
TIME_SHARE_BOUND = 0.1  # of the time left
TIME_SHARE_SEARCH = 0.25  # of the time left, where the ordinary solve follows
TIME_SHARE_PROOF = 0.7  # of the time left; the rest is for a search, where it does not suffice
MAX_REASON_SECONDS = 10.0
MAX_VALUE = 10**9  # of an application: the sum of all stays far within 64 bits


def solve_many(
    apps: Mapping[str, Application[Any]] | BatchDocument,
    fleet: Fleet | CompiledFleet,
    *,
    partial: bool = False,
    values: Mapping[str, int] | None = None,
    objective: Objective = "pack",
    limits: Limits | None = None,
    progress: Watch | None = None,
    executor: Executor | None = None,
) -> BatchResult:
    """Place several applications, each whole: all or none, or the most valuable that fit.

    In a policy, ``application:group`` names a group of another application of the batch. Such an
    application is placed only together with those that it names.

    Parameters
    ----------
    apps : mapping of str to Application, or BatchDocument
        By name. `load_batch` reads a batch from a file.
    fleet : Fleet or CompiledFleet
        On a cluster, call `Cluster.place_many`.
    partial : bool, default False
        Whether some may be left out. Then the sum of the values is maximised, and among placements
        of that value the objective is minimised.
    values : mapping of str to int, optional
        What applications are worth, at least 1; by default what the batch's file says, or the
        number of their new members.
    objective : {"pack", "spread", "cost"}, default "pack"
        Of all placements together.
    limits : Limits, optional
        Bounds on the whole call. The gap is that of the objective.
    progress : callable, optional
        Called with a `Progress` for each better placement and bound; it says how many applications
        are placed, their value, and a bound of it. A true answer stops the solve: with `partial`
        the best placement so far is the answer.
    executor : concurrent.futures.Executor, optional
        Not used yet: a batch is solved in threads of this process.

    Returns
    -------
    BatchResult
        Infeasible and out of time are answers, not errors. Every placement has passed `check`.

    Raises
    ------
    BadInput
        Where an application does not fit the fleet, or another one of the batch.
    BrokenAnswer, UnknownSolverStatus
        A bug of this library.
    BaseException
        What `progress` raised, once the solve has stopped.
    """
    given, stated = _applications(apps)
    require_type("fleet", fleet, (Fleet, CompiledFleet), "a Fleet or CompiledFleet")
    require_flags(partial=partial)
    require_objective(objective)
    require_limits(limits)
    require_callable("progress", progress)
    require_type("executor", executor, (Executor, type(None)), "an Executor, or None")
    require_type("values", values, (Mapping, type(None)), "a mapping of names to values, or None")
    merged = MergedApplications(given)
    worth = application_values(merged, {**stated, **(values or {})})
    compiled_fleet = fleet if isinstance(fleet, CompiledFleet) else compile_fleet(fleet)
    watch = None if progress is None else BatchWatch(progress, merged.required_members, worth)
    budget = Budget(limits or Limits(), watch)
    compiled = _compiled(merged, compiled_fleet)
    batch = BatchProblem(merged, compiled, worth, objective, partial=partial)
    solve = BatchSolve(batch, budget, watch, executor)
    result = solve.most_valuable() if partial else solve.all_or_none()
    budget.raise_watch_error()
    return result


def _applications(
    apps: object,
) -> tuple[dict[str, Application[Any]], dict[str, int]]:
    """Return the applications by name, and the values that their file says. Raises `TypeError`."""
    if isinstance(apps, BatchDocument):
        found = {app.name: app for app in apps.applications}
        stated = {app.name: app.value for app in apps.applications if app.value is not None}
        return {**found}, stated
    expected = "a mapping of names to applications, or a BatchDocument"
    hint = "load_batch reads a file"
    require_type("apps", apps, Mapping, expected, hint)
    given: dict[str, Application[Any]] = {}
    if isinstance(apps, Mapping):
        for name, app in apps.items():
            require_type("apps, a key", name, str, "the name of an application")
            require_application(app)
            given[name] = app
    return given, {}


def application_values(merged: MergedApplications, stated: Mapping[str, int]) -> dict[str, int]:
    """Return what each application is worth; by default its number of new members.

    Raises
    ------
    TypeError, BadInput
        For values that are none.
    """
    found = dict(merged.new_members)
    for name, value in stated.items():
        require_type(f"values[{name!r}]", value, int, "an integer")
        if name not in found:
            hint = nearest(str(name), list(found))
            message = f"no application {name!r} is in the batch{hint}"
            raise BadInput([Fault("unknown-application", f"values.{name}", message)])
        if not 1 <= value <= MAX_VALUE:
            message = f"expected 1 to {MAX_VALUE}, found {value}"
            raise BadInput([Fault("out-of-range", f"values.{name}", message)])
        found[name] = value
    return found


def _compiled(merged: MergedApplications, fleet: CompiledFleet) -> CompiledProblem:
    """Return the merged problem on a fleet. Raises `BadInput` with each application's paths."""
    try:
        require_covered(merged.app, fleet.index)
        return CompiledProblem(Problem(merged.app, fleet.index), fleet)
    except BadInput as error:
        raise merged.relative_faults(error) from None


class BatchSolve:
    """One solve of a batch.

    Parameters
    ----------
    batch : BatchProblem
    budget : Budget
    watch : BatchWatch or None
        It is told the bound of the value.
    executor : concurrent.futures.Executor or None
    """

    def __init__(
        self,
        batch: BatchProblem,
        budget: Budget,
        watch: BatchWatch | None,
        executor: Executor | None,
    ) -> None:
        self._batch = batch
        self._budget = budget
        self._watch = watch
        self._executor = executor
        self._warnings = batch.merged.prefixed(batch.compiled.problem.warnings)

    # All of them, or none.

    def all_or_none(self) -> BatchResult:
        """Place all applications, or prove that it cannot be done."""
        batch = self._batch
        fleet = batch.compiled.fleet
        fallback = self._searched_whole()
        result = answer(batch.merged.app, fleet, batch.objective, self._budget)
        if not result.placed and result.status == "unknown" and fallback is not None:
            result = fallback
        if result.placed:
            return self._placed_result(result, range(len(batch.names)), batch.total_value)
        if result.status == "unknown":
            reasons = [Reason(NOT_IN_TIME) for _ in batch.names]
            return self._nothing("unknown", reasons, batch.total_value)
        return self._nothing("infeasible", self._infeasible_reasons(), 0)

    def _searched_whole(self) -> Result | None:
        """Return a placement of all that is found at once, where the batch is large."""
        if self._is_small or self._budget.left() <= 0:
            return None
        part = PartialBudget(
            self._budget, TIME_SHARE_SEARCH * self._budget.left(), self._budget.limits.gap
        )
        bound = bound_value(self._batch, TIME_SHARE_BOUND * part.left())
        if bound.value < self._batch.total_value:
            return None
        # Placements of some of the applications are no answer here: they are not reported.
        quiet = PartialBudget(part, part.left(), self._budget.limits.gap, quiet=True)
        best = BatchIncumbent(self._batch, bound.value, quiet)
        place_greedily(self._batch, bound, best, quiet)
        if not best.complete or best.result is None:
            return None
        return self._with_bound(best.result, self._batch.total_value)

    def _infeasible_reasons(self) -> list[Reason]:
        """Return why each application is not placed, where all together are impossible."""
        seconds = min(MAX_REASON_SECONDS, self._budget.left())
        part = PartialBudget(self._budget, seconds, 0.0, quiet=True)
        bound = bound_value(self._batch, TIME_SHARE_BOUND * part.left())
        found = BatchReasons(self._batch, bound, part, answer)
        alone = [found.impossible_alone(number) for number in range(len(self._batch.names))]
        default = Reason(ANOTHER_IS_NOT)
        if not any(alone) and part.left() > 0:
            default = Reason(joint_reason(self._batch.compiled, self._batch, part, answer))
        return [default if one is None else one for one in alone]

    # The most valuable that fit.

    def most_valuable(self) -> BatchResult:
        """Place the most valuable applications that fit together."""
        budget = self._budget
        reserve = TIME_SHARE_REASONS * budget.limits.seconds
        part = PartialBudget(budget, budget.left() - reserve, budget.limits.gap)
        bound = bound_value(self._batch, TIME_SHARE_BOUND * part.left())
        self._tell_value_bound(bound.value)
        best = BatchIncumbent(self._batch, bound.value, part)
        if self._is_small:
            # What a search would find in seconds is proved in less, most of the time.
            place_greedily(self._batch, bound, best, part)
            result = self._prove(best, part)
            if result is not None and not self._is_improved(result, bound, best, part):
                return self._selected_result(result, bound, best.value_bound)
        else:
            search_batch(self._batch, bound, best, part, self._executor)
        if best.result is None:
            reasons = self._reasons(bound, [], range(len(self._batch.names)))
            status: Status = "optimal" if best.value_bound == 0 else "unknown"
            return self._nothing(status, reasons, best.value_bound)
        result = best.result
        if best.complete and part.left() > 0:
            result = self._with_better_objective(result, best, part)
        return self._selected_result(result, bound, best.value_bound, method="search")

    def _with_better_objective(self, result: Result, best: BatchIncumbent, part: Budget) -> Result:
        """Solve all applications as an ordinary one; return the better placement with its bound."""
        batch = self._batch
        # What it finds on the way may be worse than what is known: it is not reported.
        quiet = PartialBudget(part, part.left(), part.limits.gap, quiet=True)
        found = answer(batch.merged.app, batch.compiled.fleet, batch.objective, quiet)
        if not found.placed or best.offer(self._assignments(found), "improve"):
            return found if found.placed else result
        return result.model_copy(update={"bound": found.bound})

    @property
    def _is_small(self) -> bool:
        compiled = self._batch.compiled
        candidates = len(compiled.member_classes) * len(compiled.fleet)
        in_time = CANDIDATES_EXACT_PER_SECOND * self._budget.limits.seconds
        return candidates <= min(MAX_CANDIDATES_EXACT, in_time)

    def _is_improved(
        self, result: Result, bound: ValueBound, best: BatchIncumbent, part: Budget
    ) -> bool:
        """Search for more value than that of a placement that is not proved to have the most."""
        best.offer(self._assignments(result), "select")
        before = best.value or 0
        if before < best.value_bound and part.left() > 0:
            search_batch(self._batch, bound, best, part, self._executor)
        return (best.value or 0) > before

    def _prove(self, best: BatchIncumbent, whole: Budget) -> Result | None:
        """Return the placement of the largest value and the least objective, as far as proved."""
        if whole.left() <= 0:
            return None
        batch = self._batch
        # Where the largest value is known, the objective may take all the time.
        share = 1.0 if best.has_largest_value else TIME_SHARE_PROOF
        part = PartialBudget(whole, share * whole.left(), whole.limits.gap)
        solve = OptionalMembersSolve(
            batch.merged.app, batch.compiled.fleet, batch.objective, part, answer, batch.bundles
        )
        solve.begin_with(best.assignments or [], best.value_bound)
        result = solve.run()
        best.prove_value(solve.bundles_value_bound)
        self._tell_value_bound(best.value_bound)
        return result if result.placed else None

    def _tell_value_bound(self, bound: int) -> None:
        if self._watch is not None:
            self._watch.value_bound = bound
            self._budget.report("bound")

    # Answers.

    def _selected_result(
        self, result: Result, bound: ValueBound, value_bound: int, method: str = "exact"
    ) -> BatchResult:
        """Return the answer that a placement of some of the applications is."""
        batch = self._batch
        assignments = self._assignments(result)
        selection, _ = batch.selection_of(assignments)
        placed = batch.classes.placed_bundles(selection)
        if not (result.placement or placed):
            reasons = self._reasons(bound, assignments, range(len(batch.names)))
            status: Status = "optimal" if value_bound == 0 else "unknown"
            return self._nothing(status, reasons, value_bound)
        left_out = [number for number in range(len(batch.names)) if number not in set(placed)]
        result = self._with_bound(result, batch.classes.value_of_bundles(selection))
        reasons = self._reasons(bound, assignments, left_out)
        found = dict(zip(left_out, reasons, strict=True))
        return self._placed_result(result, placed, value_bound, found, method)

    def _assignments(self, result: Result) -> list[Assignment]:
        """Return the member class and the row of each member of a placement."""
        rows = self._batch.compiled.fleet.rows
        class_of = {
            id_: index
            for index, one in enumerate(self._batch.compiled.member_classes)
            for id_ in one.ids
        }
        return [(class_of[id_], rows[host]) for id_, host in (result.placement or {}).items()]

    def _reasons(
        self, bound: ValueBound, assignments: list[Assignment], left_out: Any
    ) -> list[Reason]:
        seconds = min(self._budget.left(), MAX_REASON_SECONDS)
        seconds = min(seconds, TIME_SHARE_REASONS * self._budget.limits.seconds)
        part = PartialBudget(self._budget, seconds, 0.0, quiet=True)
        reasons = BatchReasons(self._batch, bound, part, answer)
        return list(reasons.of_left_out(list(left_out), assignments).values())

    def _placed_result(
        self,
        result: Result,
        placed: Any,
        value_bound: int,
        reasons: Mapping[int, Reason] | None = None,
        method: str = "exact",
    ) -> BatchResult:
        batch = self._batch
        placements = batch.merged.split(result.placement or {})
        cells = batch.merged.split(result.cells)
        entries = []
        numbers = frozenset(placed)
        for number, name in enumerate(batch.names):
            if number in numbers:
                entry = BatchEntry(
                    name=name, status="placed", placement=placements[name], cells=cells[name]
                )
            else:
                entry = (reasons or {})[number].entry(name)
            entries.append(entry)
        value = sum(batch.bundles[number].value for number in numbers)
        objective = result.objective or 0
        bound = min(objective, result.bound if result.bound is not None else objective)
        # Where a larger value is open, nothing is optimal.
        proved = value == value_bound and result.status == "optimal"
        return BatchResult.model_validate(
            {
                "status": "optimal" if proved else "feasible",
                "applications": tuple(entries),
                "value": value,
                "value_bound": value_bound,
                "objective": objective,
                "bound": bound,
                "gap": gap_of(objective, bound),
                "method": method,
                "seconds": self._budget.elapsed(),
                "penalties": result.penalties,
                "warnings": self._warnings,
            }
        )

    def _with_bound(self, result: Result, value: int) -> Result:
        """Return a placement with the better lower bound of the objective at its value."""
        objective = result.objective or 0
        bound = min(objective, least_objective(self._batch, value))
        if prioritized_rules(self._batch.compiled.problem):
            bound = min(bound, objective - 1)  # it says nothing of the tiers
        if result.bound is not None:
            bound = min(objective, max(bound, result.bound))
        status: Status = "optimal" if bound == objective else "feasible"
        changes = {"status": status, "bound": bound, "gap": gap_of(objective, bound)}
        return result.model_copy(update=changes)

    def _nothing(self, status: Status, reasons: list[Reason], value_bound: int) -> BatchResult:
        """Return an answer without a placement."""
        entries = [
            reason.entry(name) for name, reason in zip(self._batch.names, reasons, strict=True)
        ]
        return BatchResult(
            status=status,
            applications=tuple(entries),
            value_bound=value_bound,
            seconds=self._budget.elapsed(),
            warnings=self._warnings,
        )
