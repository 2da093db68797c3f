"""A placement under construction, in arrays: what `Policy.allowed` looks at."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.model.compiled.compiled_fleet import Ints, Mask

S = TypeVar("S", bound=np.generic)


class Partial:
    """Running members, and new ones as they are put down.

    Parameters
    ----------
    compiled problem : CompiledProblem
    rows : (U,) int64
        The fleet's rows that masks speak of.
    """

    def __init__(self, compiled: CompiledProblem, rows: Ints) -> None:
        self.compiled = compiled
        self.problem = compiled.problem
        self.rows = rows
        self._codes: dict[str, Ints] = {}
        self._counts: dict[tuple[str, str], Ints] = {}
        self._adrift: dict[tuple[str, str], int] = {}
        self._put: list[tuple[str, int]] = []
        self._left = dict.fromkeys(self.problem.below, 0)
        for member_class in compiled.member_classes:
            for group in self.problem.above[member_class.group]:
                self._left[group] += member_class.number

    def codes(self, level: str) -> Ints:
        """(U,) int64: domain of each row at a level, -1 for none."""
        if level not in self._codes:
            self._codes[level] = self.compiled.fleet.codes(level)[self.rows]
        return self._codes[level]

    def counts(self, group: str, level: str) -> Ints:
        """(D,) int64: members of a group in each domain, so far."""
        self._ensure(group, level)
        return self._counts[group, level]

    def without_domain(self, group: str, level: str) -> int:
        """How many members of a group stand in no domain of a level, so far."""
        self._ensure(group, level)
        return self._adrift[group, level]

    def _ensure(self, group: str, level: str) -> None:
        if (group, level) in self._counts:
            return
        self._counts[group, level] = self.compiled.running(group, level).copy()
        self._adrift[group, level] = self.compiled.running_without_domain(group, level)
        codes = self.compiled.fleet.codes(level)
        for who, row in self._put:
            if group in self.problem.above[who]:
                self._add(group, level, int(codes[row]), 1)

    def _add(self, group: str, level: str, code: int, number: int) -> None:
        if code >= 0:
            self._counts[group, level][code] += number
        else:
            self._adrift[group, level] += number

    def left(self, group: str) -> int:
        """How many new members below a group are not put down yet."""
        return self._left[group]

    def put(self, who: str, at: int) -> None:
        """Put one member of group `who` down on the host at place `at` of `rows`."""
        self._count(who, at, 1)
        self._put.append((who, int(self.rows[at])))

    def take(self, who: str, at: int) -> None:
        """Take one member of group `who` up again."""
        self._count(who, at, -1)
        self._put.remove((who, int(self.rows[at])))

    def _count(self, who: str, at: int, number: int) -> None:
        for group, level in self._counts:
            if group in self.problem.above[who]:
                self._add(group, level, int(self.codes(level)[at]), number)
        for group in self.problem.above[who]:
            self._left[group] -= number

    def where(self, level: str, domains: Mask, without_domain: bool = True) -> Mask:
        """(U,) bool from (D,) bool: hosts whose domain is marked; `without a domain` for those in none."""
        return self.spread_out(level, domains, without_domain)

    def spread_out(self, level: str, by_domain: NDArray[S], without_domain: int) -> NDArray[S]:
        """(U,) from (D,): each host's domain's entry; `without a domain` for hosts in none."""
        codes = self.codes(level)
        if not len(by_domain):
            return np.full(len(codes), without_domain, dtype=by_domain.dtype)
        return np.where(
            codes >= 0, by_domain[codes], np.asarray(without_domain, dtype=by_domain.dtype)
        )
