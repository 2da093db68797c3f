"""Selections: how many members of each class are placed, and what that is worth.

Members of a class are alike but for their values, so of k members of a class those with the highest
values are placed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.model.optional_members import optional_values, requirements

Selection = tuple[int, ...]  # members placed, by member class


@dataclass(frozen=True)
class Bundle:
    """Groups whose members are placed together or not at all.

    Where they are placed, their optional members may be left out all the same.

    Attributes
    ----------
    groups : tuple of str
        With all groups below them. No group is in two bundles.
    value : int
        What it is worth to place them.
    needs : tuple of int
        Indices of other bundles, without which this one is not placed.
    """

    groups: tuple[str, ...]
    value: int
    needs: tuple[int, ...] = ()


@dataclass(frozen=True)
class RequiredMembers:
    """How many members of some optional classes must be placed together.

    Attributes
    ----------
    classes : list of int
    least : int
    bundle : int or None
        The bundle that they are in; they are required only where it is placed.
    """

    classes: list[int]
    least: int
    bundle: int | None


class OptionalClasses:
    """The member classes of an application with optional members, and their values.

    A selection is worth the values of its optional members and those of its bundles. No value of
    members makes up for one of a bundle: a unit of a bundle's value counts `bundle_weight`, which
    is more than all optional members together.

    Parameters
    ----------
    compiled : CompiledProblem
        With all members.
    bundles : sequence of Bundle

    Attributes
    ----------
    numbers : tuple of int
        Members of each class.
    optional : tuple of int
        Indices of the classes of which members may be left out.
    values : dict of int to list of int
        By class with members that have a value of their own: these values, the highest first.
    requirements : list of RequiredMembers
    bundles : tuple of Bundle
    whole_classes : list of list of int
        By bundle: its classes of which all members are placed or none.
    bundle_weight : int
    """

    def __init__(self, compiled: CompiledProblem, bundles: Sequence[Bundle] = ()) -> None:
        self.compiled = compiled
        self.bundles = tuple(bundles)
        bundle_of = {group: number for number, one in enumerate(bundles) for group in one.groups}
        self.whole_classes: list[list[int]] = [[] for _ in bundles]
        classes = compiled.member_classes
        self.numbers = tuple(member_class.number for member_class in classes)
        value_of = optional_values(compiled.problem.app)
        self._ids: dict[int, list[str]] = {}
        self.values: dict[int, list[int]] = {}
        self._worth: dict[int, list[int]] = {}  # by class and number placed
        for class_index, member_class in enumerate(classes):
            if member_class.ids[0] not in value_of:
                if member_class.group in bundle_of:
                    self._ids[class_index] = list(member_class.ids)
                    self._worth[class_index] = [0] * (member_class.number + 1)
                    self.whole_classes[bundle_of[member_class.group]].append(class_index)
                continue
            # The sort is stable: of members of one value the first of the file are placed.
            ids = sorted(member_class.ids, key=lambda id_: -value_of[id_])
            values = [value_of[id_] for id_ in ids]
            self._ids[class_index] = ids
            self.values[class_index] = values
            self._worth[class_index] = [0, *accumulate(values)]
        self.optional = tuple(self._ids)
        required = requirements(compiled.problem.app)
        self.requirements = [
            RequiredMembers(
                compiled.member_classes_below(one.group), one.least, bundle_of.get(one.group)
            )
            for one in required
            if one.least
        ]
        self._required_in: list[list[RequiredMembers]] = [[] for _ in bundles]
        for one in self.requirements:
            if one.bundle is not None:
                self._required_in[one.bundle].append(one)
        self.bundle_weight = 1 + sum(map(sum, self.values.values())) if bundles else 0

    @property
    def whole(self) -> Selection:
        """All members."""
        return self.numbers

    def value(self, selection: Selection) -> int:
        """Return what a selection is worth: its optional members and its bundles."""
        of_members = sum(self._worth[index][selection[index]] for index in self.optional)
        return of_members + self.bundle_weight * self.value_of_bundles(selection)

    def value_of_bundles(self, selection: Selection) -> int:
        """Return the sum of the values of the bundles that a selection places."""
        return sum(self.bundles[number].value for number in self.placed_bundles(selection))

    def placed_bundles(self, selection: Selection) -> list[int]:
        """Return the bundles of which a selection places what is required, and all they need."""
        placed = {number for number in range(len(self.bundles)) if self._places(number, selection)}
        while True:
            missing = [n for n in placed if not placed.issuperset(self.bundles[n].needs)]
            if not missing:
                return sorted(placed)
            placed.difference_update(missing)

    def required_in(self, bundle: int) -> list[RequiredMembers]:
        """Return what is required of the optional members of a bundle, where it is placed."""
        return self._required_in[bundle]

    def requires_members(self, bundle: int) -> bool:
        """Return whether a bundle has any members that must be placed."""
        return bool(self.whole_classes[bundle] or self._required_in[bundle])

    def _places(self, bundle: int, selection: Selection) -> bool:
        whole = all(selection[index] == self.numbers[index] for index in self.whole_classes[bundle])
        return whole and all(
            sum(selection[index] for index in one.classes) >= one.least
            for one in self._required_in[bundle]
        )

    def left_out(self, selection: Selection) -> list[str]:
        """Return the members that a selection leaves out."""
        return [id_ for index in self.optional for id_ in self._ids[index][selection[index] :]]

    def smallest(self) -> Selection:
        """Return a selection with few members: of the smallest and most valuable what is required.

        It satisfies every requirement, and places no bundle that has any. Where groups are nested,
        those with the fewest classes are served first.
        """
        chosen = [0 if index in self._ids else n for index, n in enumerate(self.numbers)]
        required = [one for one in self.requirements if one.bundle is None]
        for one in sorted(required, key=lambda one: len(one.classes)):
            missing = one.least - sum(chosen[index] for index in one.classes)
            for index in sorted(one.classes, key=self._hardness):
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
        return not self.bundles and all(len(one.classes) == 1 for one in self.requirements)

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
    bundles : sequence of Bundle
    """

    def __init__(self, problem: Problem, bundles: Sequence[Bundle] = ()) -> None:
        self._problem = problem
        required = requirements(problem.app)
        bundled = frozenset(group for bundle in bundles for group in bundle.groups)
        self._required = {
            one.group: one for one in required if one.least and one.group not in bundled
        }
        self._optional_groups = bundled.union(*(one.below for one in required))

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
