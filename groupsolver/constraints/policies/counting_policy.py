"""What a domain counts: a group's members, or the groups right below it that have a member there."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Literal

import numpy as np

from groupsolver.constraints.cp_model.linear_expr import Linear
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.partial import Partial
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.problem.view import View
from groupsolver.model.compiled.compiled_fleet import Ints
from groupsolver.model.value import HOST, LevelName

if TYPE_CHECKING:
    from groupsolver.constraints.cp_model.model_builder import ModelBuilder


class Counting(Policy):
    """A policy that counts what stands in each domain of `level`.

    Parameters
    ----------
    between : "children", optional
        Count the child groups with a member in the domain, not the members. Members of the
        group's own, of no child, then do not count.
    """

    level: LevelName = HOST
    between: Literal["children"] | None = None

    @property
    def noun(self) -> str:
        """What is counted."""
        return "child group" if self.between else "member"

    def size(self, group: str, problem: Problem) -> int:
        """How many there are to count, of new and running members alike."""
        if self.between is None:
            return problem.size(group)
        return sum(1 for child in problem.children[group] if problem.size(child))

    def standing(self, group: str, view: View) -> int:
        """How many have a place in a view."""
        if self.between is None:
            return len(view.members(group))
        return sum(1 for child in view.problem.children[group] if view.members(child))

    def tally(self, group: str, view: View) -> Counter[str]:
        """Count in each domain that holds any."""
        if self.between is None:
            return view.counts(group, self.level)
        return Counter(
            domain
            for child in view.problem.children[group]
            for domain in view.counts(child, self.level)
        )

    def tallied(self, group: str, partial: Partial) -> Ints:
        """(D,) int64: the same in a placement under construction."""
        if self.between is None:
            return partial.counts(group, self.level)
        inside = [
            partial.counts(child, self.level) > 0 for child in partial.problem.children[group]
        ]
        none = np.zeros(partial.compiled.fleet.domains(self.level), dtype=np.int64)
        return np.sum(inside, axis=0, dtype=np.int64) if inside else none

    def added(self, group: str, who: str, partial: Partial) -> Ints:
        """(D,) int64: by how much a member of group `who` would raise the tally of each domain."""
        if self.between is None:
            return np.ones(partial.compiled.fleet.domains(self.level), dtype=np.int64)
        holding = [
            child
            for child in partial.problem.children[group]
            if who in partial.problem.below[child]
        ]
        fresh = [partial.counts(child, self.level) == 0 for child in holding]
        none = np.zeros(partial.compiled.fleet.domains(self.level), dtype=np.int64)
        return np.sum(fresh, axis=0, dtype=np.int64) if fresh else none

    def tallies(self, group: str, builder: ModelBuilder) -> dict[int, Linear]:
        """Count in each domain that may hold any, in a model."""
        if self.between is None:
            return builder.count(group, self.level)
        found: dict[int, list[Linear]] = {}
        for child in builder.compiled.problem.children[group]:
            for code, used in builder.uses(child, self.level).items():
                found.setdefault(code, []).append(used)
        return {code: builder.total(parts) for code, parts in found.items()}
