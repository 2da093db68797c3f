"""A problem over arrays: what the heuristic, the reduction and the encoding share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from groupsolver.constraints.problem.problem import Problem, Size
from groupsolver.model.compiled.arrays import Ints, Mask
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.memo import Memo


@dataclass(frozen=True)
class MemberClass:
    """Identical members of one group: counted, not named.

    Attributes
    ----------
    group : str
    size : tuple of (str, int)
        What each takes.
    ids : tuple of str
    """

    group: str
    size: Size
    ids: tuple[str, ...]

    @property
    def number(self) -> int:
        """How many members."""
        return len(self.ids)


class CompiledProblem(Memo):
    """One problem over one compiled fleet. Rows are the fleet's rows, H of them.

    Parameters
    ----------
    problem : Problem
    fleet : CompiledFleet

    Attributes
    ----------
    member_classes : tuple of MemberClass
    """

    def __init__(self, problem: Problem, fleet: CompiledFleet) -> None:
        super().__init__()
        self.problem = problem
        self.fleet = fleet
        ids: dict[tuple[str, Size], list[str]] = {}
        for member in problem.new_members:
            ids.setdefault((member.group, member.size), []).append(member.id)
        self.member_classes = tuple(
            MemberClass(group, size, tuple(names)) for (group, size), names in ids.items()
        )
        self._classes_below: dict[str, list[int]] = {}
        for class_index, member_class in enumerate(self.member_classes):
            for group in problem.above[member_class.group]:
                self._classes_below.setdefault(group, []).append(class_index)

    def member_classes_below(self, group: str) -> list[int]:
        """Return the indices of the member classes below a group, ascending."""
        return self._classes_below.get(group, [])

    def running(self, group: str, level: str) -> Ints:
        """Return the running members of a group in each domain of a level, (D,) int64."""

        def make() -> Ints:
            counts = np.zeros(self.fleet.domains(level), dtype=np.int64)
            codes = self.fleet.codes(level)[self._rows_running(group)]
            np.add.at(counts, codes[codes >= 0], 1)
            return counts

        return self.once(("running", group, level), make)

    def running_without_domain(self, group: str, level: str) -> int:
        """Return how many running members of a group are on hosts in no domain of a level."""
        return int((self.fleet.codes(level)[self._rows_running(group)] < 0).sum())

    def _rows_running(self, group: str) -> Ints:
        rows = [self.fleet.rows[there.host] for there in self.problem.running(group)]
        return np.array(rows, dtype=np.int64)

    def foreign(self, group: str, level: str) -> Mask:
        """Return the domains with used capacity beyond that of a group's members, (D,) bool."""

        def make() -> Mask:
            busy = self.fleet.busy.copy()
            for host, own in used_by(self.problem, group).items():
                used = self.fleet.index[host].in_use()
                busy[self.fleet.rows[host]] = any(
                    amount > own.get(name, 0) for name, amount in used.items()
                )
            foreign = np.zeros(self.fleet.domains(level), dtype=np.bool_)
            codes = self.fleet.codes(level)[busy]
            foreign[codes[codes >= 0]] = True
            return foreign

        return self.once(("foreign", group, level), make)


def used_by(problem: Problem, group: str) -> dict[str, dict[str, int]]:
    """Return by host what a group's running members use of each resource class."""
    found: dict[str, dict[str, int]] = {}
    for there in problem.running(group):
        uses = found.setdefault(there.host, {})
        for name, amount in there.resources.items():
            uses[name] = uses.get(name, 0) + amount
    return found
