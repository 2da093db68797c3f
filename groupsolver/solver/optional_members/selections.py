"""Selections: how many members of each class are placed, and what that is worth.

Members of a class are alike but for their values, so of k members of a class those with the highest
values are placed.
"""

from __future__ import annotations

from itertools import accumulate

from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.model.optional_members import optional_values, requirements

Selection = tuple[int, ...]  # members placed, by member class


class OptionalClasses:
    """The member classes of an application with optional members, and their values.

    Parameters
    ----------
    compiled : CompiledProblem
        With all members.

    Attributes
    ----------
    numbers : tuple of int
        Members of each class.
    optional : tuple of int
        Indices of the classes of which members may be left out.
    values : dict of int to list of int
        By optional class: the values of its members, the highest first.
    requirements : list of (list of int, int)
        Optional classes of which some members must be placed together, and how many.
    """

    def __init__(self, compiled: CompiledProblem) -> None:
        self.compiled = compiled
        classes = compiled.member_classes
        self.numbers = tuple(member_class.number for member_class in classes)
        value_of = optional_values(compiled.problem.app)
        self._ids: dict[int, list[str]] = {}
        self.values: dict[int, list[int]] = {}
        self._worth: dict[int, list[int]] = {}  # by class and number placed
        for class_index, member_class in enumerate(classes):
            if member_class.ids[0] not in value_of:
                continue
            # The sort is stable: of members of one value the first of the file are placed.
            ids = sorted(member_class.ids, key=lambda id_: -value_of[id_])
            values = [value_of[id_] for id_ in ids]
            self._ids[class_index] = ids
            self.values[class_index] = values
            self._worth[class_index] = [0, *accumulate(values)]
        self.optional = tuple(self.values)
        required = requirements(compiled.problem.app)
        self.requirements = [
            (compiled.member_classes_below(one.group), one.least) for one in required if one.least
        ]

    @property
    def whole(self) -> Selection:
        """All members."""
        return self.numbers

    def value(self, selection: Selection) -> int:
        """Return the sum of the values of the optional members of a selection."""
        return sum(self._worth[index][selection[index]] for index in self.optional)

    def left_out(self, selection: Selection) -> list[str]:
        """Return the members that a selection leaves out."""
        return [id_ for index in self.optional for id_ in self._ids[index][selection[index] :]]

    def smallest(self) -> Selection:
        """Return a selection with few members: of the smallest and most valuable what is required.

        It satisfies every requirement. Where groups are nested, those with the fewest classes are
        served first.
        """
        chosen = [0 if index in self.values else n for index, n in enumerate(self.numbers)]
        for classes, least in sorted(self.requirements, key=lambda one: len(one[0])):
            missing = least - sum(chosen[index] for index in classes)
            for index in sorted(classes, key=self._hardness):
                taken = max(0, min(missing, self.numbers[index] - chosen[index]))
                chosen[index] += taken
                missing -= taken
        return tuple(chosen)

    def between(self, smaller: Selection, larger: Selection) -> list[int]:
        """Return the classes of the members by which two selections differ, in a good order.

        Members of the most value for what they take come first; among equals, each class gets the
        same part of its members.
        """
        order = []
        for index in self.optional:
            worth = self._worth[index]
            size = self._hardness(index)
            missing = larger[index] - smaller[index]
            for number in range(1, missing + 1):
                placed = smaller[index] + number
                value = worth[placed] - worth[placed - 1]
                order.append((-value / max(size, 1e-12), number / missing, index))
        return [index for _, _, index in sorted(order)]

    def alike(self) -> bool:
        """Return whether every selection has the members of the smallest: one class is required."""
        return all(len(required) == 1 for required, _ in self.requirements)

    def _hardness(self, class_index: int) -> float:
        """Return what one member takes of the free capacity of the fleet."""
        fleet = self.compiled.fleet
        size = self.compiled.member_classes[class_index].size
        return max(
            (amount / max(1, int(fleet.free(name).sum())) for name, amount in size), default=0
        )


class OpenSizes:
    """How many members each group may have where some are optional, running ones included.

    Parameters
    ----------
    problem : Problem
        With all members.
    """

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        required = requirements(problem.app)
        self._required = {one.group: one for one in required if one.least}
        self._optional_groups = frozenset().union(*(one.below for one in required))

    def most(self, group: str) -> int:
        """Return how many members a group has at most."""
        return self._problem.size(group)

    def least(self, group: str) -> int:
        """Return a number of members that a group has at least."""
        below = self._problem.below[group]
        found = len(self._problem.running(group))
        found += sum(self._own_new(one) for one in below - self._optional_groups)
        counted: frozenset[str] = frozenset()
        inside = [self._required[name] for name in below if name in self._required]
        for one in sorted(inside, key=lambda one: -one.least):
            # Of requirements with members in common only one is counted.
            if not one.below & counted:
                found += one.least
                counted |= one.below
        return found

    def _own_new(self, group: str) -> int:
        return self._problem.once("own new members", self._count_new).get(group, 0)

    def _count_new(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for member in self._problem.new_members:
            found[member.group] = found.get(member.group, 0) + 1
        return found
