"""How many of a group's members named domains hold: at least, or at most, a percentage."""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Self

import numpy as np
from pydantic import model_validator
from pydantic_core import PydanticCustomError

from groupsolver.constraints.cp_model.linear_expr import Linear
from groupsolver.constraints.policies.counting_policy import EverywherePolicy
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.conflict_facts import Facts, Findings
from groupsolver.constraints.problem.findings import Finding, ShareAtMost, ShareNeeded
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.problem.view import View
from groupsolver.constraints.protocols.named_places import NamesPlaces
from groupsolver.model.compiled.arrays import Ints, Mask
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.units import count_of
from groupsolver.model.value import DomainName, PercentOrZero

if TYPE_CHECKING:
    from groupsolver.constraints.cp_model.model_builder import ModelBuilder


def share_rounded_up(percent: int, size: int) -> int:
    """Return a percentage of a number, rounded up: 50 % of 5 are 3."""
    return -(-percent * size // 100)


def share_rounded_down(percent: int, size: int) -> int:
    """Return a percentage of a number, rounded down: 50 % of 5 are 2."""
    return percent * size // 100


class DomainShares(EverywherePolicy, NamesPlaces, ABC):
    """A counting policy that may ask for shares of the members in named domains of its level.

    Parameters
    ----------
    share : dict of str to int, optional
        By domain: the percentage of the group's members, rounded up, that it holds at least.
    at_most : dict of str to int, optional
        By domain: the percentage of the group's members, rounded down, that it holds at most.

    The percentages are of all n members of the group, new and running. Measure::

        sum(max(0, members outside d - (n - up(share[d] * n))) for d in share)
        + sum(max(0, members in d - down(at_most[d] * n)) for d in at_most)

    Once all members are placed, the first term is what d is short of its share. Before, a member
    that is not placed yet is not missed: so the measure of running members alone is what they make
    impossible. For example, of 4 members 50 % have to be in z1. Three that run elsewhere leave one
    for it, so the measure is ``3 - (4 - 2) = 1``.
    """

    share: dict[DomainName, PercentOrZero] | None = None
    at_most: dict[DomainName, PercentOrZero] | None = None

    @model_validator(mode="after")
    def _possible_shares(self) -> Self:
        shares = self.share or {}
        limits = self.at_most or {}
        if self.between is not None and (shares or limits):
            raise PydanticCustomError(
                "wrong-value", "expected no share or at_most with between: they count members"
            )
        total = sum(shares.values())
        if total > 100:
            raise PydanticCustomError(
                "wrong-value",
                "expected shares of at most 100 per cent in all, found {total}",
                {"total": total},
            )
        for name, percent in shares.items():
            if percent > limits.get(name, 100):
                raise PydanticCustomError(
                    "wrong-value",
                    "expected a share of {name} of no more than its at_most, {most}, found {share}",
                    {"name": name, "most": limits[name], "share": percent},
                )
        return self

    @property
    def names_domains(self) -> bool:
        """Whether it tells domains apart by their names."""
        return bool(self.share or self.at_most)

    @property
    def places_named(self) -> Mapping[str, tuple[str, ...]]:
        """The domains with a share or a limit."""
        named = dict.fromkeys((*(self.share or {}), *(self.at_most or {})))
        return {self.level: tuple(named)} if named else {}

    def least_members(self, group: str, problem: Problem) -> dict[str, int]:
        """Return how many members each domain with a share has to hold, where it is any."""
        size = problem.size(group)
        found = {name: share_rounded_up(one, size) for name, one in (self.share or {}).items()}
        return {name: least for name, least in found.items() if least}

    def most_members(self, group: str, problem: Problem) -> dict[str, int]:
        """Return how many members each domain with a limit may hold."""
        size = problem.size(group)
        return {name: share_rounded_down(one, size) for name, one in (self.at_most or {}).items()}

    def shares_in_words(self) -> Iterator[str]:
        """Yield what the shares say."""
        for name, percent in (self.share or {}).items():
            yield f"keep at least {percent} % of them in {self.level} {name}"
        for name, percent in (self.at_most or {}).items():
            yield f"keep at most {percent} % of them in {self.level} {name}"

    # The checker.

    def shares_broken(self, group: str, view: View) -> int:
        """Count the members short of shares, and above limits."""
        counts = view.counts(group, self.level)
        placed = len(view.members(group))
        size = view.problem.size(group)
        measure = 0
        for name, least in self.least_members(group, view.problem).items():
            measure += max(0, placed - counts[name] - (size - least))
        for name, most in self.most_members(group, view.problem).items():
            measure += max(0, counts[name] - most)
        return measure

    def shares_broken_text(self, group: str, view: View) -> Iterator[str]:
        """Yield in words which domains hold too few, and which too many."""
        counts = view.counts(group, self.level)
        placed = len(view.members(group))
        size = view.problem.size(group)
        for name, least in self.least_members(group, view.problem).items():
            if placed - counts[name] > size - least:
                held = count_of(counts[name], "member")
                yield f"{self.level} {name} holds {held}, and has to hold {least}"
        for name, most in self.most_members(group, view.problem).items():
            if counts[name] > most:
                held = count_of(counts[name], "member")
                yield f"{self.level} {name} holds {held}, and may hold {most}"

    # Arrays and models.

    def running_shares_broken(self, group: str, compiled: CompiledProblem) -> int:
        """Return the part of the measure that running members alone have."""
        problem = compiled.problem
        counts = compiled.running(group, self.level)
        running = len(problem.running(group))
        size = problem.size(group)
        measure = 0
        for name, least in self.least_members(group, problem).items():
            measure += max(0, running - self._held(compiled.fleet, counts, name) - (size - least))
        for name, most in self.most_members(group, problem).items():
            measure += max(0, self._held(compiled.fleet, counts, name) - most)
        return measure

    def _held(self, fleet: CompiledFleet, counts: Ints, name: str) -> int:
        """Return the count of a domain, 0 for one that the fleet has not."""
        code = fleet.code(self.level, name)
        return int(counts[code]) if code >= 0 else 0

    def shares_allow(self, group: str, compiled: CompiledProblem, counts: Ints, left: int) -> Mask:
        """Return the domains, (D,) bool, that may take one of the `left` members that come.

        Those below their limit, from which the others can still fill the shares. The last entry, at
        D, is for hosts in no domain.
        """
        fleet = compiled.fleet
        open_to = np.ones(len(counts) + 1, dtype=np.bool_)
        missing = 0
        short_of: list[int] = []
        for name, least in self.least_members(group, compiled.problem).items():
            short = least - self._held(fleet, counts, name)
            if short > 0:
                missing += short
                short_of.append(fleet.code(self.level, name))
        if missing >= left:
            # Each member that comes is one that some domain still needs.
            open_to[:] = False
            open_to[[code for code in short_of if code >= 0]] = True
        for name, most in self.most_members(group, compiled.problem).items():
            code = fleet.code(self.level, name)
            if code >= 0 and counts[code] >= most:
                open_to[code] = False
        return open_to

    def share_parts(self, group: str, builder: ModelBuilder) -> list[Linear]:
        """Return what shares miss, and what is above limits, in a model."""
        problem = builder.compiled.problem
        fleet = builder.compiled.fleet
        counts = builder.count(group, self.level) if self.names_domains else {}
        parts = []
        for name, least in self.least_members(group, problem).items():
            held = counts.get(fleet.code(self.level, name), Linear())
            parts.append(held.times(-1).plus(least))
        for name, most in self.most_members(group, problem).items():
            held = counts.get(fleet.code(self.level, name), Linear())
            parts.append(held.plus(-most))
        return parts

    # Conflicts.

    def share_pieces(self) -> Iterator[dict[str, dict[str, int] | None]]:
        """Yield each share, and each limit, as the fields of a policy that says that alone."""
        for name, percent in (self.share or {}).items():
            yield {"share": {name: percent}, "at_most": None}
        for name, percent in (self.at_most or {}).items():
            yield {"share": None, "at_most": {name: percent}}

    def weaker_shares(self, group: str, problem: Problem) -> Iterator[Self]:
        """Yield smaller shares, then larger limits, by one member each.

        The largest percentage of which so many are enough, and the smallest that allows so many.
        """
        weaker = self
        size = problem.size(group)
        for name, least in self.least_members(group, problem).items():
            smaller = (100 * number // size for number in range(least - 1, -1, -1))
            # Of more than 100 members, some have the same percentage.
            for percent in dict.fromkeys(smaller):
                share = {**(weaker.share or {}), name: percent}
                weaker = weaker.model_copy(update={"share": share})
                yield weaker
        for name, most in self.most_members(group, problem).items():
            larger = (-(-100 * number // size) for number in range(most + 1, size + 1))
            for percent in dict.fromkeys(larger):
                at_most = {**(weaker.at_most or {}), name: percent}
                weaker = weaker.model_copy(update={"at_most": at_most})
                yield weaker

    def share_evidence(self, group: str, facts: Facts) -> Findings:
        """Return how many members the named domains have to hold, or may hold."""
        problem = facts.compiled.problem
        members = problem.size(group)
        running = facts.compiled.running(group, self.level)
        holds = facts.holds(group, self.level)
        found: list[Finding] = []
        for name, least in self.least_members(group, problem).items():
            most = holds.get(name, 0) + self._held(facts.compiled.fleet, running, name)
            found.append(ShareNeeded(self.level, name, members, least, most))
        for name, most in self.most_members(group, problem).items():
            found.append(ShareAtMost(self.level, name, members, most))
        return tuple(found)
