"""Why an application of a batch is left out: impossible by itself, or displaced by others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.rules import rules_of
from groupsolver.model.answers.batch import BatchEntry
from groupsolver.model.application import BETWEEN
from groupsolver.model.compiled.arrays import Ints, Mask
from groupsolver.model.optional_members import has_optional_members
from groupsolver.model.result import Conflict, Result
from groupsolver.model.units import amount_text, count_of
from groupsolver.solver.batch.greedy import GreedyBatch
from groupsolver.solver.batch.problem import BatchProblem
from groupsolver.solver.batch.value_bound import CapacityRow, ValueBound
from groupsolver.solver.budget import Budget, PartialBudget
from groupsolver.solver.explain.feasibility import FIRST_PLACEMENT_GAP, Solve
from groupsolver.solver.explain.pipeline import explain_problem
from groupsolver.solver.heuristic.constructive import PlacementBuilder
from groupsolver.solver.incumbent import Assignment
from groupsolver.solver.optional_members.explanation import explain_optional_members

MAX_SENTENCES = 4  # of a conflict, in a reason
TIME_SHARE_ALONE = 0.6  # of the time left, to look at applications alone
TIME_SHARE_APPLICATION = 0.25  # of the time left, for each application that is looked at alone
NOT_IN_TIME = "no placement was found in time"
ANOTHER_IS_NOT = "all are placed or none, and another one is not"
ALONE = "impossible by itself"
DISPLACED = "displaced by others of the batch"


@dataclass(frozen=True)
class Reason:
    """Why an application is left out.

    Attributes
    ----------
    text : str
    conflict : Conflict or None
        Where it is impossible by itself.
    """

    text: str
    conflict: Conflict | None = None

    def entry(self, name: str) -> BatchEntry:
        """Return the entry of the application."""
        return BatchEntry(name=name, status="left-out", reason=self.text, conflict=self.conflict)


class BatchReasons:
    """Finds out why applications are left out, within a budget.

    Parameters
    ----------
    batch : BatchProblem
    bound : ValueBound
    budget : Budget
        While it has time left, applications are looked at alone.
    pipeline : callable
        The ordinary solve.
    """

    def __init__(
        self, batch: BatchProblem, bound: ValueBound, budget: Budget, pipeline: Solve
    ) -> None:
        self._batch = batch
        self._bound = bound
        self._budget = budget
        self._pipeline = pipeline

    def impossible_alone(self, number: int) -> Reason | None:
        """Return why an application is impossible by itself; None where it is not, or not known."""
        counted = self._bound.impossible.get(number)
        if self._batch.bundles[number].needs:
            # One that names others may be possible beside them alone.
            return None if counted is None else Reason(counted)
        if self._budget.left() <= 0:
            return None if counted is None else Reason(f"{ALONE}: {counted}")
        if counted is None and not self._is_refuted(number):
            return None
        conflict = self._conflict(number)
        return Reason(f"{ALONE}: {_sentences(conflict) or counted}", conflict)

    def _is_refuted(self, number: int) -> bool:
        """Return whether the ordinary solve proves that there is no placement of it alone."""
        app = self._batch.merged.given[self._batch.names[number]]
        seconds = TIME_SHARE_APPLICATION * self._budget.left()
        part = PartialBudget(self._budget, seconds, FIRST_PLACEMENT_GAP, quiet=True)
        fleet = self._batch.compiled.fleet
        return self._pipeline(app, fleet, self._batch.objective, part).status == "infeasible"

    def _conflict(self, number: int) -> Conflict | None:
        app = self._batch.merged.given[self._batch.names[number]]
        return explain_infeasible(
            Problem(app, self._batch.compiled.fleet.index),
            self._batch,
            PartialBudget(
                self._budget, TIME_SHARE_APPLICATION * self._budget.left(), 0.0, quiet=True
            ),
            self._pipeline,
        ).conflict

    def of_left_out(
        self, numbers: Sequence[int], assignments: list[Assignment]
    ) -> dict[int, Reason]:
        """Return why applications are left out beside the members that are placed.

        What costs nothing comes first for all of them; then each is looked at alone, and those
        without a reason are placed member by member, while there is time.
        """
        displacement = _Displacement(self._batch, self._bound, self._budget, assignments)
        missing = {number: self._missing(number, frozenset(numbers)) for number in numbers}
        short = {number: displacement.describe_shortage(number) for number in numbers}
        seconds = TIME_SHARE_ALONE * self._budget.left()
        part = PartialBudget(self._budget, seconds, 0.0, quiet=True)
        alone_reasons = BatchReasons(self._batch, self._bound, part, self._pipeline)
        alone = {number: alone_reasons.impossible_alone(number) for number in numbers}
        found: dict[int, Reason] = {}
        for number in numbers:
            text = missing[number] or short[number]
            found[number] = alone[number] or Reason(text or displacement.describe_next(number))
        return found

    def _missing(self, number: int, left_out: frozenset[int]) -> str:
        """Return which applications that one names are left out; nothing where none is."""
        needs = [one for one in self._batch.bundles[number].needs if one in left_out]
        names = ", ".join(self._batch.names[needed] for needed in needs)
        return f"it names groups of {names}, which is left out" if names else ""


class _Displacement:
    """What is short for an application beside the members that are placed.

    Parameters
    ----------
    batch : BatchProblem
    bound : ValueBound
    budget : Budget
    assignments : list of (int, int)
    """

    def __init__(
        self,
        batch: BatchProblem,
        bound: ValueBound,
        budget: Budget,
        assignments: list[Assignment],
    ) -> None:
        self._batch = batch
        self._bound = bound
        self._budget = budget
        self._assignments = assignments
        self._left: dict[int, int] = {}  # by row of the bound, what the placed members leave
        self._free: dict[str, Ints] = {}
        self._builder: PlacementBuilder | None = None

    def describe_shortage(self, number: int) -> str:
        """Return which resource is short for an application; nothing where none is by itself."""
        for row in self._bound.scarcest_first(number):
            left = self._left_of(row)
            needed = row.needed[number]
            if needed > left:
                return f"{DISPLACED}: {row.describe(needed, left)}"
        for index, least in self._batch.least_members(number).items():
            text = self._describe_places(index, least)
            if text:
                return f"{DISPLACED}: {text}"
        return ""

    def _describe_places(self, index: int, least: int) -> str:
        """Return that hosts have too few places left for members of a class, if they have."""
        member_class = self._batch.compiled.member_classes[index]
        places = self._batch.eligibility.max_members[index]
        suits = places > 0
        for name, amount in member_class.size:
            fitting = self._free_of(name) // amount
            if not (suits & (fitting > 0)).any():
                return _no_host_has(member_class.group, name, amount)
            places = np.minimum(places, np.maximum(0, fitting))
        # In Python's integers: what hosts could take may leave 64 bits.
        left = sum(places.tolist())
        if left >= least:
            return ""
        group = member_class.group.partition(BETWEEN)[2]
        if not left:
            return f"no host that suits a member of {group} has room left"
        members = count_of(least, "member")
        return f"the hosts that suit {group} have room left for {left} of its {members}"

    def _free_of(self, name: str) -> Ints:
        """(H,) int64: what the placed members leave of a class on each host; of pools, all."""
        if name not in self._free:
            free = self._batch.compiled.fleet.free(name).copy()
            classes = self._batch.compiled.member_classes
            amounts = [dict(one.size).get(name, 0) for one in classes]
            taken = [(row, amounts[index]) for index, row in self._assignments if amounts[index]]
            if taken and name not in self._batch.compiled.fleet.pools.of:
                rows, of_rows = zip(*taken, strict=True)
                np.subtract.at(free, list(rows), list(of_rows))
            self._free[name] = free
        return self._free[name]

    def _left_of(self, row: CapacityRow) -> int:
        """Return what the members that are placed leave of a row."""
        if id(row) not in self._left:
            classes = self._batch.compiled.member_classes
            taken = 0
            for index, at in self._assignments:
                amount = dict(classes[index].size).get(row.resource, 0)
                if not row.hosts[at] or amount < (row.at_least or 0):
                    continue
                taken += amount if row.at_least is None else 1
            self._left[id(row)] = max(0, row.available - taken)
        return self._left[id(row)]

    def describe_next(self, number: int) -> str:
        """Return why the first member finds no place that finds none, one after the other."""
        if self._budget.left() <= 0:
            return NOT_IN_TIME
        builder = self._with_placed()
        start = len(builder.placed)
        try:
            for index, count in self._batch.least_members(number).items():
                for _ in range(count):
                    mask, cost = builder.cost_of_next(index)
                    if not mask.any():
                        return f"{DISPLACED}: {self._describe_member(builder, index)}"
                    builder.place(index, int(np.argmin(np.where(mask, cost, np.inf))))
        finally:
            builder.undo(start)
        return f"{DISPLACED}: its rules and what is left do not fit together"

    def _with_placed(self) -> PlacementBuilder:
        if self._builder is None:
            self._builder = GreedyBatch(self._batch, self._budget).builder()
            position = {int(row): at for at, row in enumerate(self._builder.rows)}
            for index, row in self._assignments:
                self._builder.place(index, position[row])
        return self._builder

    def _describe_member(self, builder: PlacementBuilder, index: int) -> str:
        """Return why no host takes one more member of a class."""
        member_class = self._batch.compiled.member_classes[index]
        group = member_class.group.partition(BETWEEN)[2]
        suits = self._batch.eligibility.max_members[index][builder.rows] > 0
        free = builder.free_for(index)
        for name, amount in member_class.size:
            if not (suits & free[name]).any():
                return _no_host_has(member_class.group, name, amount)
        room = suits
        for name, _ in member_class.size:
            room = room & free[name]
        if not room.any():
            return f"no host that suits a member of {group} has room left"
        return self._describe_rule(builder, index, room)

    def _describe_rule(self, builder: PlacementBuilder, index: int, room: Mask) -> str:
        """Return the rule that keeps a member from all hosts with room."""
        group = self._batch.compiled.member_classes[index].group
        rules = rules_of(self._batch.searched.problem).counting(group)
        for rule in (one for one in rules if one.policy.hard):
            allowed = rule.policy.allowed(rule.group, group, builder.partial)
            if allowed is not None and not (room & allowed).any():
                return f"no host with room left keeps the rule: {rule}"
        own = group.partition(BETWEEN)[2]
        return f"the hosts with room left for a member of {own} do not keep its rules"


def _no_host_has(group: str, resource: str, amount: int) -> str:
    """Return that no host has room for a member of a group, by its qualified name."""
    member = f"a member of {group.partition(BETWEEN)[2]}"
    return f"no host that suits {member} has {amount_text(resource, amount)} left"


def explain_infeasible(
    problem: Problem, batch: BatchProblem, budget: Budget, pipeline: Solve
) -> Result:
    """Return the answer for a problem that is known to be infeasible, with its conflict."""
    explain = explain_optional_members if has_optional_members(problem.app) else explain_problem
    fleet = batch.compiled.fleet
    explanation = explain(problem, fleet, batch.objective, budget, pipeline, fixes=False)
    return explanation.as_result()


def joint_reason(
    compiled: CompiledProblem, batch: BatchProblem, budget: Budget, pipeline: Solve
) -> str:
    """Return why the applications of a batch cannot be placed together, in words."""
    conflict = explain_infeasible(compiled.problem, batch, budget, pipeline).conflict
    sentence = _sentences(conflict)
    return "cannot be placed together with the others" + (f": {sentence}" if sentence else "")


def _sentences(conflict: Conflict | None) -> str:
    """Return what is short, or which rules contradict each other, in words."""
    if conflict is None:
        return ""
    short = [shortage.sentence for shortage in conflict.capacity]
    rules = [rule.sentence for rule in conflict.policies]
    said = short or rules
    more = [f"and {len(said) - MAX_SENTENCES} more rules"] if len(said) > MAX_SENTENCES else []
    return "; ".join([*said[:MAX_SENTENCES], *more])
