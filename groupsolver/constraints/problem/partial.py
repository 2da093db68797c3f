"""A placement under construction, in arrays: what `Policy.allowed` looks at."""

from __future__ import annotations

from collections import Counter
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.model.compiled.arrays import Ints, Mask
from groupsolver.model.value import HOST

S = TypeVar("S", bound=np.generic)


class Partial:
    """Running members, and new ones as they are put down.

    Parameters
    ----------
    compiled : CompiledProblem
    rows : (U,) int64
        The fleet's rows that masks speak of.
    """

    def __init__(self, compiled: CompiledProblem, rows: Ints) -> None:
        self.compiled = compiled
        self.problem = compiled.problem
        self.rows = rows
        every = compiled.fleet.codes(HOST)
        self._of_all_rows = len(rows) == len(every) and bool((rows == every).all())
        self._codes: dict[str, Ints] = {}
        self._counts: dict[tuple[str, str], Ints] = {}
        self._without_domain: dict[tuple[str, str], int] = {}
        self._levels: dict[str, list[str]] = {}  # by group, those at which it is counted
        # By group of the members: how many are put down on each row of the fleet.
        self._put: dict[str, Counter[int]] = {}
        self._left = dict.fromkeys(self.problem.below, 0)
        for member_class in compiled.member_classes:
            for group in self.problem.above[member_class.group]:
                self._left[group] += member_class.number

    def codes(self, level: str) -> Ints:
        """Return the domain of each row at a level, -1 for none, (U,) int64."""
        if level not in self._codes:
            codes = self.compiled.fleet.codes(level)
            self._codes[level] = codes if self._of_all_rows else codes[self.rows]
        return self._codes[level]

    def counts(self, group: str, level: str) -> Ints:
        """Return the members of a group in each domain so far, (D,) int64."""
        self._ensure(group, level)
        return self._counts[group, level]

    def without_domain(self, group: str, level: str) -> int:
        """Return how many members of a group are in no domain of a level, so far."""
        self._ensure(group, level)
        return self._without_domain[group, level]

    def _ensure(self, group: str, level: str) -> None:
        if (group, level) in self._counts:
            return
        self._counts[group, level] = self.compiled.running(group, level).copy()
        self._without_domain[group, level] = self.compiled.running_without_domain(group, level)
        self._levels.setdefault(group, []).append(level)
        codes = self.compiled.fleet.codes(level)
        for member_group in self.problem.below[group]:
            for row, number in self._put.get(member_group, {}).items():
                self._add(group, level, int(codes[row]), number)

    def _add(self, group: str, level: str, code: int, number: int) -> None:
        if code >= 0:
            self._counts[group, level][code] += number
        else:
            self._without_domain[group, level] += number

    def left(self, group: str) -> int:
        """Return how many new members below a group are not put down yet."""
        return self._left[group]

    def put(self, member_group: str, at: int) -> None:
        """Put one member of a group down on the host at place `at` of `rows`."""
        self._count(member_group, at, 1)
        self._put.setdefault(member_group, Counter())[int(self.rows[at])] += 1

    def take(self, member_group: str, at: int) -> None:
        """Take one member of a group up again."""
        self._count(member_group, at, -1)
        self._put[member_group][int(self.rows[at])] -= 1

    def _count(self, member_group: str, at: int, number: int) -> None:
        for group in self.problem.above[member_group]:
            self._left[group] -= number
            for level in self._levels.get(group, ()):
                self._add(group, level, int(self.codes(level)[at]), number)

    def where(self, level: str, domains: Mask, without_domain: bool = True) -> Mask:
        """Return the hosts whose domain is marked, (U,) bool; `without_domain` for those in none.

        `domains` is (D,) bool.
        """
        return self.spread_out(level, domains, without_domain)

    def spread_out(self, level: str, by_domain: NDArray[S], without_domain: int) -> NDArray[S]:
        """Return each host's domain's entry, (U,) from (D,); `without_domain` for hosts in none."""
        if level == HOST:
            # Each host is its own domain.
            return by_domain.copy() if self._of_all_rows else by_domain[self.rows]
        codes = self.codes(level)
        if not len(by_domain):
            return np.full(len(codes), without_domain, dtype=by_domain.dtype)
        return np.where(
            codes >= 0, by_domain[codes], np.asarray(without_domain, dtype=by_domain.dtype)
        )
