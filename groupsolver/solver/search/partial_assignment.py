"""A placement of some of the members, which the search changes host by host."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.view import View
from groupsolver.model.result import Placement
from groupsolver.solver.incumbent import Assignment

Counts = dict[int, int]  # row of the fleet -> members of one member class there


class PartialAssignment:
    """How many members of each class are on each host; the others are missing.

    Parameters
    ----------
    compiled : CompiledProblem

    Attributes
    ----------
    on_rows : list of dict of int to int
        By member class: members on each row of the fleet, where there are any.
    in_row : dict of int to dict of int to int
        By row: members of each class, where there are any.
    missing : list of int
        By member class: members that have no place yet.
    absent : set of int
        Member classes that are not to be placed: nothing of them is sought a place for.
    """

    def __init__(self, compiled: CompiledProblem) -> None:
        self._compiled = compiled
        self.on_rows: list[Counts] = [{} for _ in compiled.member_classes]
        self.in_row: dict[int, Counts] = {}
        self.missing = [member_class.number for member_class in compiled.member_classes]
        self.absent: set[int] = set()

    @classmethod
    def of(cls, compiled: CompiledProblem, assignments: Iterable[Assignment]) -> PartialAssignment:
        """Return the partial assignment that has these members."""
        found = cls(compiled)
        for class_index, row in assignments:
            found.add(class_index, row, 1)
        return found

    def copy(self) -> PartialAssignment:
        """Return one that changes without this one."""
        other = PartialAssignment(self._compiled)
        other.on_rows = [dict(counts) for counts in self.on_rows]
        other.in_row = {row: dict(counts) for row, counts in self.in_row.items()}
        other.missing = list(self.missing)
        other.absent = set(self.absent)
        return other

    @property
    def complete(self) -> bool:
        """Whether no member is missing that is to be placed."""
        return not self.classes_missing

    @property
    def classes_missing(self) -> list[int]:
        """The member classes to be placed that lack members."""
        missing = enumerate(self.missing)
        return [index for index, number in missing if number and index not in self.absent]

    def add(self, class_index: int, row: int, number: int) -> None:
        """Put members of a class on a row; fewer of them where `number` is negative."""
        counts = self.on_rows[class_index]
        here = self.in_row.setdefault(row, {})
        total = counts.get(row, 0) + number
        if total:
            counts[row] = total
            here[class_index] = total
        else:
            counts.pop(row, None)
            here.pop(class_index, None)
        self.missing[class_index] -= number

    def replace(self, class_index: int, rows: Iterable[int], counts: Mapping[int, int]) -> None:
        """Set how many members of a class are on some rows: those of `counts`, else none."""
        for row in rows:
            change = counts.get(row, 0) - self.on_rows[class_index].get(row, 0)
            if change:
                self.add(class_index, row, change)

    def clear(self, class_index: int) -> None:
        """Take all members of a class away."""
        for row, number in list(self.on_rows[class_index].items()):
            self.add(class_index, row, -number)

    def assignments(self) -> list[Assignment]:
        """Return ``(class_index, row)`` of each member that has a place."""
        return [
            (class_index, row)
            for class_index, counts in enumerate(self.on_rows)
            for row, number in sorted(counts.items())
            for _ in range(number)
        ]

    def placement(self) -> Placement:
        """Return the host of each member that has a place; of each class the first ids have one."""
        fleet = self._compiled.fleet
        found: Placement = {}
        for member_class, counts in zip(self._compiled.member_classes, self.on_rows, strict=True):
            ids = iter(member_class.ids)
            for row, number in sorted(counts.items()):
                for _ in range(number):
                    found[next(ids)] = fleet.names[row]
        return found


def view_of(compiled: CompiledProblem, assignment: PartialAssignment) -> View:
    """Return what a checker sees of the members that have a place, as if there were no others."""
    problem = compiled.problem
    placement = assignment.placement()
    placed = [member for member in problem.new_members if member.id in placement]
    part = problem.with_members(problem.app, problem.hosts, problem.running_members, placed)
    return View(part, placement)
