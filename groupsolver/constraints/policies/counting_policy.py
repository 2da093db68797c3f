"""What a domain counts: a group's members, or the child groups with a member there."""

from __future__ import annotations

from abc import ABC
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import numpy as np

from groupsolver.constraints.cp_model.linear_expr import Linear
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.partial import Partial
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.problem.view import View
from groupsolver.constraints.protocols.scope import ChildGroupScope
from groupsolver.model.compiled.arrays import Ints
from groupsolver.model.units import count_of
from groupsolver.model.value import HOST, Flag, LevelName

if TYPE_CHECKING:
    from groupsolver.constraints.cp_model.model_builder import ModelBuilder


class CountingPolicy(Policy, ChildGroupScope, ABC):
    """A policy that counts what is in each domain of `level`.

    Parameters
    ----------
    between : "children", optional
        Count the child groups with a member in the domain, not the members. Members of the
        group's own, of no child, then do not count.
    """

    level: LevelName = HOST
    between: Literal["children"] | None = None

    @property
    def counts_child_groups(self) -> bool:
        """Whether it counts child groups instead of members."""
        return self.between is not None

    @property
    def noun(self) -> str:
        """What is counted."""
        return "child group" if self.between else "member"

    def size(self, group: str, problem: Problem) -> int:
        """Return how many there are to count, of new and running members alike."""
        if self.between is None:
            return problem.size(group)
        return sum(1 for child in problem.children[group] if problem.size(child))

    def placed(self, group: str, view: View) -> int:
        """Return how many have a place in a view."""
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

    def tally_so_far(self, group: str, partial: Partial) -> Ints:
        """Count in each domain of a placement under construction, (D,) int64."""
        if self.between is None:
            return partial.counts(group, self.level)
        found = np.zeros(partial.compiled.fleet.domains(self.level), dtype=np.int64)
        for child in partial.problem.children[group]:
            found += partial.counts(child, self.level) > 0
        return found

    def added(self, group: str, member_group: str, partial: Partial) -> Ints:
        """Return by how much a member would raise the tally of each domain, (D,) int64."""
        domains = partial.compiled.fleet.domains(self.level)
        if self.between is None:
            return np.ones(domains, dtype=np.int64)
        found = np.zeros(domains, dtype=np.int64)
        for child in partial.problem.children[group]:
            # A member of two children counts once for each that has none in the domain yet.
            if member_group in partial.problem.below[child]:
                found += partial.counts(child, self.level) == 0
        return found

    def tallies(self, group: str, builder: ModelBuilder) -> dict[int, Linear]:
        """Count in each domain that may hold any, in a model."""
        if self.between is None:
            return builder.count(group, self.level)
        found: dict[int, list[Linear]] = {}
        for child in builder.compiled.problem.children[group]:
            for code, used in builder.uses(child, self.level).items():
                found.setdefault(code, []).append(used)
        return {code: builder.total(parts) for code, parts in found.items()}


class EverywherePolicy(CountingPolicy, ABC):
    """A counting policy that may ask for hosts whose domain of `level` is known.

    Parameters
    ----------
    everywhere : bool, default False
        Members run only on hosts in a domain of the level. Each other member adds 1 to the
        measure. By default nothing is said about hosts in no domain.
    """

    everywhere: Flag = False

    def outside_domains(self, group: str, view: View) -> int:
        """Return how many members are where the level is unknown, 0 where that is allowed."""
        return view.without_domain(group, self.level) if self.everywhere else 0

    def running_outside_domains(self, group: str, compiled: CompiledProblem) -> int:
        """Return how many running members are where the level is unknown; 0 if allowed."""
        return compiled.running_without_domain(group, self.level) if self.everywhere else 0

    def outside_domains_text(self, group: str, view: View) -> Iterator[str]:
        """Yield in words how many members are where the level is unknown, if any are."""
        number = self.outside_domains(group, view)
        if number:
            yield f"{count_of(number, 'member')} on hosts in no {self.level}"

    def outside_domains_parts(self, group: str, builder: ModelBuilder) -> list[Linear]:
        """Return the number of members where the level is unknown, in a model, if it counts."""
        return [builder.without_domain(group, self.level)] if self.everywhere else []
