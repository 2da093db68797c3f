"""``anti-affinity``: members keep apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, ClassVar, Literal, Self

import numpy as np

from groupsolver.constraints.policies.counting_policy import CountingPolicy
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.conflict_facts import Facts
from groupsolver.constraints.problem.partial import Partial
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.problem.view import View
from groupsolver.constraints.protocols.conflicts import Evidence, Relaxable
from groupsolver.constraints.protocols.headroom import DomainBounds
from groupsolver.constraints.protocols.heuristic import MarginalCost
from groupsolver.constraints.protocols.presolve import DomainLimit, HostEquivalence, HostSymmetry
from groupsolver.constraints.protocols.relaxation import (
    HostLimits,
    MutualExclusion,
    RisingMeasure,
)
from groupsolver.model.compiled.arrays import Ints, Mask
from groupsolver.model.units import count_of
from groupsolver.model.value import HOST, INT64_MAX, Positive

if TYPE_CHECKING:
    from groupsolver.constraints.cp_model.model_builder import ModelBuilder


def rising_cost(excess: int) -> int:
    """Return ``1 + 2 + ... + excess``, 0 where nothing is in excess."""
    return excess * (excess + 1) // 2 if excess > 0 else 0


def _rising_costs(excesses: Ints) -> Ints:
    """Return `rising_cost` of each, (D,) int64."""
    above = np.maximum(0, excesses)
    costs: Ints = above * (above + 1) // 2
    return costs


class AntiAffinity(
    CountingPolicy,
    HostSymmetry,
    DomainLimit,
    HostLimits,
    MutualExclusion,
    RisingMeasure,
    MarginalCost,
    DomainBounds,
    Evidence,
    Relaxable,
):
    """No domain of `level` holds more than `max_per_domain` members of the group.

    Measure: ``sum(t * (t + 1) / 2 for d in domains)``, where t is how many members d has above
    the limit: the k-th of them costs k, so nine members on three hosts are best as 3, 3 and 3.
    Hosts in no domain of the level are not bound. With ``between: children`` it counts the child
    groups with a member in d instead of members.

    Source: Nova's ``ServerGroupAntiAffinityFilter`` with ``max_server_per_host``, here at any
    level.
    """

    kind: Literal["anti-affinity"] = "anti-affinity"
    max_per_domain: Positive = 1
    monotone: ClassVar[bool] = True

    def describe(self, group: str) -> str:
        """Return the rule in words."""
        most = count_of(self.max_per_domain, self.noun)
        return f"no {self.level} holds more than {most} of {group}"

    def violations(self, group: str, view: View) -> int:
        """Add up what the members above the limit of each domain cost: 1, 2, 3, and so on."""
        counts = self.tally(group, view).values()
        return sum(rising_cost(count - self.max_per_domain) for count in counts)

    def excesses(self, group: str, view: View) -> Iterable[str]:
        """Name the domains that hold too many, the fullest first."""
        fullest_first = sorted(self.tally(group, view).items(), key=lambda one: (-one[1], one[0]))
        for name, count in fullest_first:
            if count > self.max_per_domain:
                held = count_of(count, self.noun)
                excess = count - self.max_per_domain
                cost = f" (counted {rising_cost(excess)})" if excess > 1 else ""
                yield f"{self.level} {name} holds {held}, {excess} more{cost}"

    def allowed(self, group: str, member_group: str, partial: Partial) -> Mask | None:
        """Return the domains below their limit, and those where one more adds nothing."""
        added = self.added(group, member_group, partial)
        below = self.tally_so_far(group, partial) + added <= self.max_per_domain
        return partial.where(self.level, below | (added == 0))

    def encode(self, group: str, builder: ModelBuilder) -> None:
        """Bound the count in each domain."""
        tallies = list(self.tallies(group, builder).values())
        builder.require_rising(self, tallies, self.max_per_domain)

    # Presolve.

    def host_equivalence(self, group: str, compiled: CompiledProblem, own: bool) -> HostEquivalence:
        """Return that an untouched domain is as good as another for a member.

        For a child group that is so of its first member in a domain only.
        """
        # A member of two child groups adds both to a host where it goes alone.
        together = self.counts_child_groups and not self.hard and self.level == HOST
        free_entry = not self.counts_child_groups
        return HostEquivalence(self.level, free_entry=free_entry, sharing=together)

    @property
    def limit_per_domain(self) -> int | None:
        """The limit, where it counts members."""
        return None if self.counts_child_groups else self.max_per_domain

    # Relaxation.

    def members_per_host(self, group: str, partial: Partial) -> Ints | None:
        """Return what is left of the limit in each host's domain.

        Child groups have no size of their own.
        """
        if self.counts_child_groups:
            return None
        counts = partial.spread_out(self.level, partial.counts(group, self.level), 0)
        left = np.maximum(0, self.max_per_domain - counts)
        return np.where(partial.codes(self.level) >= 0, left, INT64_MAX)

    def members_before_rise(self, group: str, compiled: CompiledProblem) -> Ints | None:
        """Return what running members leave of the limit; a child group has no size of its own."""
        if self.counts_child_groups:
            return None
        return self.max_per_domain - compiled.running(group, self.level)

    # Heuristic.

    def marginal_cost(self, group: str, member_group: str, partial: Partial) -> Ints:
        """Return what one more costs: the more are above the limit already, the more."""
        before = self.tally_so_far(group, partial) - self.max_per_domain
        after = before + self.added(group, member_group, partial)
        rise = _rising_costs(after) - _rising_costs(before)
        return partial.spread_out(self.level, rise, 0)

    # Relaxation, of child groups.

    def mutually_exclusive_groups(
        self, group: str, problem: Problem
    ) -> tuple[tuple[str, ...], int] | None:
        """Return the child groups, where it counts these."""
        if self.counts_child_groups:
            return problem.children[group], self.max_per_domain
        return None

    # Headroom.

    def most_in_one_domain(self, group: str, compiled: CompiledProblem) -> int | None:
        """Return the limit."""
        return self.limit_per_domain

    def balanced_window(self, group: str, compiled: CompiledProblem) -> tuple[int, int] | None:
        """Return anything up to the limit."""
        return None if self.counts_child_groups else (0, self.max_per_domain)

    # Conflicts.

    def weaker_versions(self, group: str, problem: Problem) -> Iterator[Self]:
        """Yield higher limits, up to the one by which all could share a domain."""
        for limit in range(self.max_per_domain + 1, self.size(group, problem) + 1):
            yield self.model_copy(update={"max_per_domain": limit})

    def evidence(self, group: str, facts: Facts) -> str:
        """Return how many domains that takes, and how many there are."""
        size = self.size(group, facts.compiled.problem)
        need = -(-size // self.max_per_domain)
        could = facts.domains(facts.hosts(group), self.level)
        takes = f"{count_of(size, self.noun)} need {count_of(need, self.level)}"
        if need > len(could):
            return f"{takes}, and {facts.counted(self.level, could)} could take one"
        held = facts.holds(group, self.level)
        places = sum(min(count, self.max_per_domain) for count, _ in held)
        if not self.counts_child_groups and places < size:
            return (
                f"by this rule there are {count_of(places, 'place')} for {count_of(size, 'member')}"
            )
        return takes
