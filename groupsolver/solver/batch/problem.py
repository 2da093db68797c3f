"""A batch as one compiled problem, of which whole applications may be left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cached_property

from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.model.optional_members import has_optional_members
from groupsolver.model.result import Objective
from groupsolver.solver.batch.merging import MergedApplications
from groupsolver.solver.incumbent import Assignment
from groupsolver.solver.optional_members.relaxed_problem import relax_for_any_size
from groupsolver.solver.optional_members.selections import (
    Bundle,
    OptionalClasses,
    Selection,
)
from groupsolver.solver.presolve.eligibility import Eligibility, find_eligibility


class BatchProblem:
    """The merged problem of a batch, and which of its member classes belong to which application.

    Applications are numbered in the order in which they were given; each is a bundle.

    Parameters
    ----------
    merged : MergedApplications
    compiled : CompiledProblem
        Of the merged application.
    values : mapping of str to int
        What each application is worth.
    objective : {"pack", "spread", "cost"}
    partial : bool
        Whether applications may be left out.

    Attributes
    ----------
    bundles : tuple of Bundle
        By application: its groups, its value, and the applications that its policies name.
    classes : OptionalClasses
        `whole_classes` has the member classes of each application that are placed whole.
    """

    def __init__(
        self,
        merged: MergedApplications,
        compiled: CompiledProblem,
        values: Mapping[str, int],
        objective: Objective,
        *,
        partial: bool,
    ) -> None:
        self.merged = merged
        self.compiled = compiled
        self.objective: Objective = objective
        self.partial = partial
        self.names = merged.names
        number_of = {name: number for number, name in enumerate(merged.names)}
        self.bundles = tuple(
            Bundle(
                merged.groups_of[name],
                values[name],
                tuple(number_of[needed] for needed in merged.named_by[name]),
            )
            for name in merged.names
        )
        self.classes = OptionalClasses(compiled, self.bundles)

    @property
    def total_value(self) -> int:
        """The value of all applications."""
        return sum(bundle.value for bundle in self.bundles)

    @cached_property
    def searched(self) -> CompiledProblem:
        """The problem in whose rules a search places members, with the same member classes.

        Where members of a placed application may be left out, policies say what they say for any
        number of members; otherwise it is the merged problem.
        """
        if not has_optional_members(self.compiled.problem.app):
            return self.compiled
        return relax_for_any_size(self.compiled, self.bundles).compiled

    @cached_property
    def eligibility(self) -> Eligibility:
        """Where the members of each class may go, of `searched`."""
        return find_eligibility(self.searched, self.objective)

    @cached_property
    def member_classes(self) -> tuple[tuple[int, ...], ...]:
        """By application, its member classes."""
        found: list[list[int]] = [[] for _ in self.bundles]
        number_of = {group: i for i, one in enumerate(self.bundles) for group in one.groups}
        for index, member_class in enumerate(self.compiled.member_classes):
            found[number_of[member_class.group]].append(index)
        return tuple(map(tuple, found))

    def with_needed(self, number: int) -> set[int]:
        """Return an application, those that it names, those that these name, and so on."""
        found = {number}
        pending = [number]
        while pending:
            needed = set(self.bundles[pending.pop()].needs) - found
            found |= needed
            pending += needed
        return found

    def least_members(self, number: int) -> dict[int, int]:
        """Return the members of each class that are placed at least where an application is."""
        classes = self.classes
        found = {index: classes.numbers[index] for index in classes.whole_classes[number]}
        for required in classes.required_in(number):
            missing = required.least - sum(found.get(index, 0) for index in required.classes)
            for index in required.classes:
                taken = max(0, min(missing, classes.numbers[index] - found.get(index, 0)))
                if taken:
                    found[index] = found.get(index, 0) + taken
                missing -= taken
        return found

    def selection_of(self, assignments: list[Assignment]) -> tuple[Selection, list[Assignment]]:
        """Return the selection of the applications that assignments place, and their assignments.

        Those of applications that are not placed whole, or without one that they name, are dropped.
        """
        counts = Counter(class_index for class_index, _ in assignments)
        numbers = range(len(self.classes.numbers))
        selection = tuple(counts[index] for index in numbers)
        placed = self.classes.placed_bundles(selection)
        kept = {index for number in placed for index in self.member_classes[number]}
        selection = tuple(counts[index] if index in kept else 0 for index in numbers)
        return selection, [one for one in assignments if one[0] in kept]
