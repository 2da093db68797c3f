"""Solves applications with optional members: the largest value first, then the objective.

1. Where all members can be placed, that is the largest value.
2. A model in which the number of members is open (`SelectionModel`) finds the selection of the
   largest value. It knows policies that depend on that number only in part, so the ordinary solve
   is asked whether the selection can be placed. If not, the selection is excluded, with all that
   place more members where no policy minds fewer members.
3. Of the selections of that value the one of the best objective is found in the same way: the model
   bounds the objective of all selections that were not solved, and each that is solved is excluded.

Bundles of groups, such as the applications of a batch, are placed whole or not at all: then the
selections are of bundles, and of the optional members in them.

This is a logic-based Benders decomposition. What is solved is always an ordinary application with
the members of one selection, so that policies speak of the members that are placed.

Example: five members of value 1 and one of value 3 on hosts with room for four. The model finds
that the member of value 3 and any three others are placed, value 6; nothing is worth as much, so
one ordinary solve of these four has the objective.

Source: Hooker & Ottosson (2003), doi:10.1007/s10107-003-0375-9.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from groupsolver.checking.check import judge
from groupsolver.constraints.policies.survives import Survives
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.member_bounds import MemberBounds
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.rules import rules_of
from groupsolver.model.application import Application
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.optional_members import left_out_of, without_members
from groupsolver.model.result import Objective, Result, gap_of
from groupsolver.solver.budget import Budget, PartialBudget
from groupsolver.solver.exact.cp_sat import CANDIDATES_PER_SECOND
from groupsolver.solver.explain.feasibility import FIRST_PLACEMENT_GAP, Solve
from groupsolver.solver.incumbent import Assignment, unknown_result
from groupsolver.solver.infeasible import infeasible_result
from groupsolver.solver.lexicographic.tiers import prioritized_rules
from groupsolver.solver.optional_members.greedy import select_greedily
from groupsolver.solver.optional_members.relaxed_problem import RelaxedProblem, relax_for_any_size
from groupsolver.solver.optional_members.selected import placed_selection
from groupsolver.solver.optional_members.selection_model import ChosenSelection, SelectionModel
from groupsolver.solver.optional_members.selections import (
    Bundle,
    OptionalClasses,
    Selection,
)
from groupsolver.solver.presolve.eligibility import find_eligibility

TIME_SHARE_WHOLE = 0.1  # of the time left: whether all members can be placed
TIME_SHARE_GREEDY = 0.4  # for a selection by the heuristic
MAX_CLASSES_BOUNDED = 50  # of which places on hosts are counted together
# With more candidates the model takes long to find anything.
MANY_CANDIDATES = 2_000
TIME_SHARE_VALUE = 0.5  # for each question of the largest value
TIME_SHARE_QUESTION = 0.4  # whether one selection can be placed
TIME_SHARE_OBJECTIVE = 0.5  # for the objective of one selection


@dataclass(frozen=True)
class SolvedSelection:
    """A selection that can be placed.

    Attributes
    ----------
    selection : tuple of int
    value : int
    rank : tuple of int
        What its placement costs: tier by tier, then the objective.
    result : Result
        Of the application with the selected members alone.
    """

    selection: Selection
    value: int
    rank: tuple[int, ...]
    result: Result

    @property
    def objective(self) -> int:
        """The objective of its placement."""
        return self.rank[-1]


class OptionalMembersSolve:
    """One solve of an application with optional members.

    Parameters
    ----------
    app : Application
    fleet : CompiledFleet
    objective : {"pack", "spread", "cost"}
    budget : Budget
    pipeline : callable
        The ordinary solve.
    bundles : sequence of Bundle
        Groups that are placed together or not at all.
    """

    def __init__(
        self,
        app: Application[Any],
        fleet: CompiledFleet,
        objective: Objective,
        budget: Budget,
        pipeline: Solve,
        bundles: Sequence[Bundle] = (),
    ) -> None:
        self._app = app
        self._fleet = fleet
        self._objective = objective
        self._budget = budget
        self._pipeline = pipeline
        self._compiled = CompiledProblem(Problem(app, fleet.index), fleet)
        rules = rules_of(self._compiled.problem)
        self._classes = OptionalClasses(self._compiled, bundles)
        self._class_of = {
            id_: index for index, one in enumerate(self._compiled.member_classes) for id_ in one.ids
        }
        self._monotone = all(rule.policy.monotone for rule in rules.hard)
        self._survives = any(isinstance(rule.policy, Survives) for rule in rules.all)
        self._tiers = bool(prioritized_rules(self._compiled.problem))
        self._best: SolvedSelection | None = None
        self._value_bound = self._classes.value(self._classes.whole)
        # A lower bound of the objective of every selection of the best value.
        self._objective_bound = -math.inf

    def begin_with(self, assignments: list[Assignment], most: int) -> None:
        """Take a placement of some bundles, and a proved bound of the value of all bundles."""
        members = self._classes.bundle_weight - 1
        self._value_bound = min(self._value_bound, self._classes.bundle_weight * most + members)
        self._offer_assignments(self._selection_of(assignments), assignments)

    @property
    def bundles_value_bound(self) -> int:
        """A proved upper bound of the sum of the values of the bundles that are placed."""
        least = 0 if self._best is None else self._best.value
        return max(least, self._value_bound) // self._classes.bundle_weight

    def run(self) -> Result:
        """Return the answer; its conflict, where it is infeasible, has all hard rules."""
        whole = self._classes.whole
        found = self._try_whole()
        if found == "feasible":
            return self._result()
        if not self._classes.optional:
            return self._nothing(found)
        if self._classes.alike() and self._lacks_capacity(self._classes.smallest()):
            return self._nothing("infeasible")
        if self._budget.left() <= 0:
            return self._nothing("unknown")
        relaxed = relax_for_any_size(self._compiled, self._classes.bundles)
        model = SelectionModel(relaxed, self._classes, self._objective)
        if self._has_no_selection(model, relaxed):
            return self._nothing("infeasible")
        if model.candidate_count > CANDIDATES_PER_SECOND * self._budget.left():
            return self._result_without_model(whole)
        model.build()
        if found == "infeasible":
            model.exclude(whole, and_larger=True)
        if not self._find_largest_value(model) and self._best is None:
            return self._nothing("infeasible")
        if self._best is None:
            self._first_placement(self._classes.smallest(), 1.0)
        if self._best is not None and not self._wants_any():
            self._minimise_objective(self._best, model, relaxed.exact and not self._tiers)
        return self._result()

    def _try_whole(self) -> str:
        """Place all members; where that is possible, it is the only selection of its value."""
        whole = self._classes.whole
        if self._lacks_capacity(whole):
            return "infeasible"
        if self._best is not None and self._best.selection == whole:
            found = "feasible"
        elif self._classes.value(whole) > self._value_bound:
            return "infeasible"
        else:
            found = self._first_placement(whole, TIME_SHARE_WHOLE)
        if found == "feasible" and not self._wants_any():
            self._objective_bound = self._solve_selection(whole, 1.0)
        return found

    def _has_no_selection(self, model: SelectionModel, relaxed: RelaxedProblem) -> bool:
        """Place a first selection; return True where it is proved that there is none."""
        if self._wants_any():
            return False  # any selection will do, and the model finds one
        if model.candidate_count > MANY_CANDIDATES and not self._classes.bundles:
            seconds = TIME_SHARE_GREEDY * self._budget.left()
            part = PartialBudget(self._budget, seconds, 0.0, quiet=True)
            assignments = select_greedily(
                relaxed, self._classes, model.eligibility, model.candidates, part
            )
            if assignments is not None:
                self._try(self._selection_of(assignments), assignments)
        if self._best is not None:
            return False
        found = self._first_placement(self._classes.smallest(), TIME_SHARE_WHOLE)
        return found == "infeasible" and self._monotone and self._classes.alike()

    def _selection_of(self, assignments: list[Assignment]) -> Selection:
        placed = Counter(class_index for class_index, _ in assignments)
        return tuple(placed[index] for index in range(len(self._classes.numbers)))

    def _result_without_model(self, whole: Selection) -> Result:
        """Return the best selection where there is no time to build the model."""
        if self._best is None:
            self._first_placement(self._classes.smallest(), TIME_SHARE_OBJECTIVE)
        if self._best is not None and not self._wants_any():
            bound = self._solve_selection(self._best.selection)
            if self._best.selection == whole:
                self._objective_bound = bound
        return self._result()

    def _lacks_capacity(self, selection: Selection) -> bool:
        """Return whether all hosts together surely do not take the members of a selection."""
        classes = self._compiled.member_classes
        needed: Counter[str] = Counter()
        for one, number in zip(classes, selection, strict=True):
            needed.update({name: amount * number for name, amount in one.size})
        enabled = self._fleet.enabled
        if any(
            amount > int(np.maximum(0, self._fleet.free(name)[enabled]).sum())
            for name, amount in needed.items()
        ):
            return True
        if len(classes) > MAX_CLASSES_BOUNDED:
            return False
        return self._has_too_few_places(selection)

    def _has_too_few_places(self, selection: Selection) -> bool:
        """Return whether there are fewer places on hosts than a selection has members.

        Only policies count that more members never make easier to keep.
        """
        app = self._selected(selection)
        groups = [
            group.model_copy(
                update={
                    "policies": tuple(one for one in group.policies if one.hard and one.monotone)
                }
            )
            for group in app.groups
        ]
        hosts = self._compiled.problem.hosts
        hard = Problem(app.model_copy(update={"groups": tuple(groups)}), hosts)
        compiled = CompiledProblem(hard, self._fleet)
        places = MemberBounds(compiled).on_hosts(range(len(compiled.member_classes)))
        return int(places.sum()) < sum(selection)

    # The largest value.

    def _find_largest_value(self, model: SelectionModel) -> bool:
        """Find a selection of the largest value; return False where there is no selection.

        Where time runs out the value is that of the best selection so far, and the bound what is
        proved.
        """
        undecided = 0  # the largest value of a selection of which it is not known
        total = self._classes.value(self._classes.whole)
        gap = self._budget.limits.gap if self._wants_any() else 0.0
        while self._budget.left() > 0 and not self._has_largest_value():
            seconds = TIME_SHARE_VALUE * self._budget.left()
            chosen = model.minimise_value_lost(self._hint(), self._budget, seconds, gap)
            if chosen.infeasible:
                self._value_bound = undecided
                return bool(undecided) or self._best is not None
            if chosen.bound is not None:
                self._value_bound = max(undecided, min(self._value_bound, total - chosen.bound))
            if chosen.selection is None:
                return True
            found = self._try(chosen.selection, chosen.assignments)
            if found == "feasible":
                return True
            model.exclude(chosen.selection, and_larger=found == "infeasible" and self._monotone)
            if found == "unknown":
                undecided = max(undecided, self._classes.value(chosen.selection))
        return True

    def _has_largest_value(self) -> bool:
        """Return whether the best selection is proved to have the largest value."""
        return self._best is not None and self._best.value >= self._value_bound

    def _hint(self) -> list[Assignment] | None:
        """Return the best placement so far in the member classes of all members."""
        if self._best is None:
            return None
        rows = self._fleet.rows
        return [
            (self._class_of[id_], rows[host])
            for id_, host in (self._best.result.placement or {}).items()
        ]

    def _try(self, selection: Selection, assignments: list[Assignment]) -> str:
        """Return whether a selection can be placed: a status of the ordinary solve."""
        if self._offer_assignments(selection, assignments):
            return "feasible"
        return self._first_placement(selection, TIME_SHARE_QUESTION)

    # The objective at that value.

    def _minimise_objective(
        self, best: SolvedSelection, model: SelectionModel, exact: bool
    ) -> None:
        """Improve the best selection among those of its value.

        Parameters
        ----------
        best : SolvedSelection
            The first one of that value.
        model : SelectionModel
        exact : bool
            Whether the model has all policies.
        """
        # Lower bounds of the selections that are excluded.
        proved = [self._solve_selection(best.selection)]
        model.exclude(best.selection)
        model.bound_value_lost(self._classes.value(self._classes.whole) - best.value)
        if best.value < self._value_bound:
            # Larger values are open, so nothing is proved of the objective. Better ones help.
            self._improve_value(best, model)
            return
        while self._budget.left() > 0:
            chosen = self._next_selection(model, exact)
            if chosen.infeasible:
                self._objective_bound = min(proved)
                return
            if chosen.bound is not None and not self._tiers:
                self._objective_bound = min(chosen.bound, *proved)
            if chosen.selection is None or self._is_proved():
                return
            if exact:
                self._offer_assignments(chosen.selection, chosen.assignments)
            if self._is_proved():
                return
            bound = self._solve_selection(chosen.selection)
            proved.append(bound if chosen.bound is None else max(bound, chosen.bound))
            model.exclude(chosen.selection)

    def _next_selection(self, model: SelectionModel, exact: bool) -> ChosenSelection:
        """Return another selection of the best value: the one of the least bound."""
        seconds = self._budget.left()
        if self._tiers:
            return model.find_any(self._budget, seconds)
        share = TIME_SHARE_VALUE if exact else TIME_SHARE_QUESTION
        gap = self._budget.limits.gap
        return model.minimise_objective(self._hint(), self._budget, share * seconds, gap)

    def _improve_value(self, best: SolvedSelection, model: SelectionModel) -> None:
        """Use the time that is left for selections of larger values."""
        while self._budget.left() > 0:
            self._find_largest_value(model)
            if self._best is None or self._best.value <= best.value:
                return
            best = self._best
            self._solve_selection(best.selection)
            model.exclude(best.selection)

    def _is_proved(self) -> bool:
        """Return whether the gap that is asked for is proved of the best selection."""
        if self._best is None or not math.isfinite(self._objective_bound):
            return False
        value = self._best.objective
        bound = min(int(self._objective_bound), value)
        return gap_of(value, bound) <= self._budget.limits.gap

    @cached_property
    def _weak_bound(self) -> int:
        """Return a lower bound of the objective of any selection: required members at best prices.

        Soft policies cost nothing or more; a member that is left out costs nothing.
        """
        eligibility = find_eligibility(self._compiled, self._objective)
        optional = frozenset(self._classes.optional)
        total = 0
        for index, number in enumerate(self._classes.numbers):
            open_ = eligibility.max_members[index] > 0
            cheapest = min(0, int(eligibility.base_prices[index].min()))
            if index not in optional and open_.any():
                cheapest = int(eligibility.base_prices[index][open_].min())
            total += number * cheapest
        return total

    # One selection.

    def _first_placement(self, selection: Selection, share: float) -> str:
        """Return whether a selection can be placed: ``feasible``, ``infeasible``, ``unknown``."""
        if self._budget.left() <= 0:
            return "unknown"
        seconds = share * self._budget.left()
        part = PartialBudget(self._budget, seconds, FIRST_PLACEMENT_GAP, quiet=True)
        result = self._pipeline(self._selected(selection), self._fleet, self._objective, part)
        if result.placed:
            self._offer(selection, result)
            return "feasible"
        return result.status

    def _solve_selection(self, selection: Selection, share: float = TIME_SHARE_OBJECTIVE) -> float:
        """Solve a selection and return a lower bound of its objective; infinite: impossible.

        With tiers: infinite where nothing better than its placement is left, else nothing.
        """
        if self._budget.left() <= 0:
            return -math.inf
        seconds = share * self._budget.left()
        part = PartialBudget(self._budget, seconds, self._budget.limits.gap, quiet=True)
        result = self._pipeline(self._selected(selection), self._fleet, self._objective, part)
        if result.placed:
            self._offer(selection, result)
        if result.status == "infeasible":
            return math.inf
        if self._tiers:
            # Objectives of different selections compare only where their tiers cost the same.
            return math.inf if result.status == "optimal" else -math.inf
        return -math.inf if result.bound is None else result.bound

    def _selected(self, selection: Selection) -> Application[Any]:
        return without_members(self._app, self._classes.left_out(selection))

    def _offer_assignments(self, selection: Selection, assignments: list[Assignment]) -> bool:
        """Take a placement that the model found; return whether it passes the check."""
        if self._survives:
            return False  # the ordinary solve has the recoveries at hand that the check asks for
        incumbent = placed_selection(
            self._classes, selection, assignments, self._objective, self._budget
        )
        if incumbent is None or incumbent.value is None:
            return False
        incumbent.prove(incumbent.value)
        self._offer(selection, incumbent.result())
        return True

    def _offer(self, selection: Selection, result: Result) -> None:
        """Keep a placed selection if it is better: by its value, then by its rank."""
        problem = Problem(self._selected(selection), self._fleet.index)
        placement = result.placement or {}
        verdict = judge(problem, placement, self._objective, result.cells, result.witness)
        value = self._classes.value(selection)
        solved = SolvedSelection(selection, value, verdict.rank, result)
        best = self._best
        if best is None or (-value, verdict.rank) < (-best.value, best.rank):
            self._best = solved
            self._budget.report_incumbent("select", verdict.objective, None, placement)

    # Answers.

    def _wants_any(self) -> bool:
        """Return whether any placement will do, of whatever value."""
        return not self._classes.bundles and self._budget.limits.gap >= FIRST_PLACEMENT_GAP

    def _nothing(self, status: str) -> Result:
        if status == "infeasible":
            return infeasible_result(self._compiled.problem, self._budget)
        return unknown_result(self._compiled, self._budget)

    def _result(self) -> Result:
        """Return the best selection as the answer."""
        best = self._best
        if best is None:
            return self._nothing("unknown")
        value = best.objective
        if best.value < self._value_bound:
            # What is proved is the objective alone: something of more value may be possible.
            bound = min(self._weak_bound, value - 1)
        elif self._objective_bound > -math.inf:
            bound = int(min(self._objective_bound, value))
        else:
            bound = min(self._weak_bound, value)
            # With tiers the bound says nothing of them.
            bound = bound - 1 if bound == value else bound
        placed = best.result.placement or {}
        return best.result.model_copy(
            update={
                "status": "optimal" if bound == value else "feasible",
                "objective": value,
                "bound": bound,
                "gap": gap_of(value, bound),
                "seconds": self._budget.elapsed(),
                "warnings": self._compiled.problem.warnings,
                "left_out": left_out_of(self._app, placed),
            }
        )
