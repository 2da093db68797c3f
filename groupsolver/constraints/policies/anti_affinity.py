"""``anti-affinity``: members keep apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from pydantic import model_validator
from pydantic_core import PydanticCustomError

from groupsolver.constraints.policies.counting_policy import CountingPolicy
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.conflict_facts import Facts, Findings
from groupsolver.constraints.problem.findings import DomainsNeeded, PlacesLeft
from groupsolver.constraints.problem.partial import Partial
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.problem.view import View
from groupsolver.constraints.protocols.conflicts import Divisible, Evidence, Relaxable
from groupsolver.constraints.protocols.fleet_validation import BoundedMeasure, NeedsLevel
from groupsolver.constraints.protocols.headroom import DomainBounds
from groupsolver.constraints.protocols.heuristic import MarginalCost
from groupsolver.constraints.protocols.optional_members import AnySize, GroupSizes
from groupsolver.constraints.protocols.presolve import DomainLimit, HostEquivalence, HostSymmetry
from groupsolver.constraints.protocols.relaxation import (
    HostLimits,
    MutualExclusion,
    RisingMeasure,
)
from groupsolver.model.compiled.arrays import Ints, Mask
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.model.units import count_of
from groupsolver.model.value import HOST, INT64_MAX, Flag, Percent, Positive

if TYPE_CHECKING:
    from groupsolver.constraints.cp_model.linear_expr import Linear
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
    AnySize,
    MarginalCost,
    DomainBounds,
    BoundedMeasure,
    Divisible,
    Evidence,
    Relaxable,
    NeedsLevel,
):
    """No domain of `level` holds more than `max_per_domain` members of the group.

    Parameters
    ----------
    max_per_domain : int, default 1
        None where `max_percent` is given.
    max_percent : int, optional
        The limit as a percentage, 1 to 100, of the group's members, rounded down, at least 1.
    everywhere : bool, optional
        Members are only on hosts that have a domain of the level. By default hosts without one are
        not bound.

    Notes
    -----
    Measure: ``sum(t * (t + 1) / 2 for d in domains)``, where t is how many members d has above
    the limit: the k-th of them costs k, so nine members on three hosts are best as 3, 3 and 3.
    With `everywhere`, a member in no domain adds 1. With ``between: children`` it counts the child
    groups with a member in d instead of members.

    Source: Nova's ``ServerGroupAntiAffinityFilter`` with ``max_server_per_host``, here at any
    level.
    """

    kind: Literal["anti-affinity"] = "anti-affinity"
    max_per_domain: Positive | None = 1
    max_percent: Percent | None = None
    everywhere: Flag | None = None

    @model_validator(mode="before")
    @classmethod
    def _one_limit(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        # Null, and false, mean the same as nothing given.
        given = {
            key: value
            for key, value in data.items()
            if not (key == "max_per_domain" and value is None)
            and not (key == "everywhere" and value is False)
        }
        if given.get("max_percent") is None:
            return given
        if given.get("max_per_domain") is not None:
            raise PydanticCustomError(
                "wrong-value", "expected max_per_domain or max_percent, not both"
            )
        return {**given, "max_per_domain": None}

    @property
    def monotone(self) -> bool:
        """Leaving members out raises the measure only if it lowers the limit."""
        return self.max_percent is None

    def _percentage(self, size: int) -> int:
        """Return the limit by `max_percent` for so many members, at least 1."""
        return max(1, size * (self.max_percent or 0) // 100)

    def _limit(self, group: str, problem: Problem) -> int:
        """Return how many each domain may hold; see `limit_of`."""
        return limit_of(self, group, problem)

    def describe(self, group: str) -> str:
        """Return the rule in words."""
        if self.max_per_domain is not None:
            most = f"{count_of(self.max_per_domain, self.noun)} of {group}"
        else:
            most = f"{self.max_percent} % of the {self.noun}s of {group}"
        known = f", and each is in some {self.level}" if self.everywhere else ""
        return f"no {self.level} holds more than {most}{known}"

    def violations(self, group: str, view: View) -> int:
        """Add up what the members above the limit of each domain cost: 1, 2, 3, and so on."""
        limit = self._limit(group, view.problem)
        counts = self.tally(group, view).values()
        unknown = view.without_domain(group, self.level) if self.everywhere else 0
        return unknown + sum(rising_cost(count - limit) for count in counts)

    def excesses(self, group: str, view: View) -> Iterable[str]:
        """Name the domains that hold too many, the fullest first."""
        limit = self._limit(group, view.problem)
        fullest_first = sorted(self.tally(group, view).items(), key=lambda one: (-one[1], one[0]))
        for name, count in fullest_first:
            if count > limit:
                held = count_of(count, self.noun)
                excess = count - limit
                yield f"{self.level} {name} holds {held}, {excess} more"
        unknown = view.without_domain(group, self.level) if self.everywhere else 0
        if unknown:
            are = "is" if unknown == 1 else "are"
            yield f"{count_of(unknown, 'member')} {are} in no {self.level}"

    def allowed(self, group: str, member_group: str, partial: Partial) -> Mask | None:
        """Return the domains below their limit, and those where one more adds nothing."""
        added = self.added(group, member_group, partial)
        limit = self._limit(group, partial.problem)
        below = self.tally_so_far(group, partial) + added <= limit
        return partial.where(self.level, below | (added == 0), not self.everywhere)

    def encode(self, group: str, builder: ModelBuilder) -> None:
        """Bound the count in each domain."""
        tallies = list(self.tallies(group, builder).values())
        builder.require_rising(self, tallies, self._limit(group, builder.compiled.problem))
        if self.everywhere:
            builder.require(self, [builder.without_domain(group, self.level)])

    # Optional members.

    def for_any_size(self, group: str, sizes: GroupSizes) -> Self:
        """Return the limit of the largest size: a percentage of fewer members is no more."""
        if self.max_percent is None:
            return self
        most = max(1, sizes.most(group) * self.max_percent // 100)
        if not self.counts_child_groups and most == self._percentage(sizes.least(group)):
            return self
        return self.model_copy(update={"max_percent": None, "max_per_domain": most})

    def encode_size(self, group: str, size: Linear, builder: ModelBuilder) -> None:
        """Keep each domain within the percentage of the members there are.

        With n members: ``count <= free`` or ``100 * count <= max_percent * n``, where `free` is 1,
        or what runs there.
        """
        if self.max_percent is None or not self.hard or self.counts_child_groups:
            return
        fewest, most = size.const, builder.high(size)
        at_fewest, at_most = (max(100, self.max_percent * n) for n in (fewest, most))
        for count in builder.count(group, self.level).values():
            if count.const <= 1 and fewest < most:
                # The limit is convex in the size, so its chord bounds it: for the relaxation.
                chord = size.plus(-fewest).times(at_fewest - at_most)
                scaled = count.times(100).plus(-at_fewest).times(most - fewest)
                builder.at_most(scaled.plus(chord), 0)
            builder.one_holds(
                count.plus(-max(1, count.const)), count.times(100).plus(size, -self.max_percent)
            )

    # Validation.

    @property
    def level_needed(self) -> str | None:
        """Return the level, where members elsewhere are not bound."""
        return None if self.everywhere else self.level

    def measure_ceiling(self, hosts: HostIndex, members: int) -> int:
        """Return what it is with all members in each domain: terms of a model add up to that."""
        known = self.level == HOST or self.level in hosts.levels
        domains = max(1, hosts.number_of_domains(self.level)) if known else 1
        return domains * rising_cost(members) + members

    # Presolve.

    def host_equivalence(self, group: str, compiled: CompiledProblem, own: bool) -> HostEquivalence:
        """Return that an untouched domain is as good as another for a member.

        For a child group that is so of its first member in a domain only.
        """
        # A member of two child groups adds both to a host where it goes alone.
        together = self.counts_child_groups and not self.hard and self.level == HOST
        free_entry = not self.counts_child_groups and not self.everywhere
        return HostEquivalence(self.level, free_entry=free_entry, sharing=together)

    @property
    def limit_per_domain(self) -> int | None:
        """The limit, where it counts members and says no more than that."""
        return None if self.counts_child_groups or self.everywhere else self.max_per_domain

    # Relaxation.

    def members_per_host(self, group: str, partial: Partial) -> Ints | None:
        """Return what is left of the limit in each host's domain.

        Child groups have no size of their own.
        """
        if self.counts_child_groups:
            return None
        counts = partial.spread_out(self.level, partial.counts(group, self.level), 0)
        left = np.maximum(0, self._limit(group, partial.problem) - counts)
        if self.level == HOST:
            return left
        unknown = 0 if self.everywhere else INT64_MAX
        return np.where(partial.codes(self.level) >= 0, left, unknown)

    def members_before_rise(self, group: str, compiled: CompiledProblem) -> Ints | None:
        """Return what running members leave of the limit; a child group has no size of its own."""
        if self.counts_child_groups:
            return None
        return self._limit(group, compiled.problem) - compiled.running(group, self.level)

    # Heuristic.

    def marginal_cost(self, group: str, member_group: str, partial: Partial) -> Ints:
        """Return what one more costs: the more are above the limit already, the more."""
        before = self.tally_so_far(group, partial) - self._limit(group, partial.problem)
        after = before + self.added(group, member_group, partial)
        rise = _rising_costs(after) - _rising_costs(before)
        return partial.spread_out(self.level, rise, int(bool(self.everywhere)))

    # Relaxation, of child groups.

    def mutually_exclusive_groups(
        self, group: str, problem: Problem
    ) -> tuple[tuple[str, ...], int] | None:
        """Return the child groups, where it counts these."""
        if self.counts_child_groups:
            return problem.children[group], self._limit(group, problem)
        return None

    # Headroom.

    def most_in_one_domain(self, group: str, compiled: CompiledProblem) -> int | None:
        """Return the limit."""
        return None if self.counts_child_groups else self._limit(group, compiled.problem)

    def balanced_window(self, group: str, compiled: CompiledProblem) -> tuple[int, int] | None:
        """Return anything up to the limit."""
        return None if self.counts_child_groups else (0, self._limit(group, compiled.problem))

    # Conflicts.

    def weaker_versions(self, group: str, problem: Problem) -> Iterator[Self]:
        """Yield it without `everywhere`, then higher limits, up to where all could share a domain.

        Of percentages those that change the limit.
        """
        weaker = self
        if self.everywhere:
            weaker = self.model_copy(update={"everywhere": None})
            yield weaker
        size = self.size(group, problem)
        for limit in range(self._limit(group, problem) + 1, size + 1):
            if self.max_percent is None:
                yield weaker.model_copy(update={"max_per_domain": limit})
            else:
                # The least percentage of which so many remain, rounded down.
                yield weaker.model_copy(update={"max_percent": -(-100 * limit // size)})

    def pieces(self, group: str, problem: Problem) -> tuple[Policy, ...]:
        """Return its limit, and that the level is known, each by itself."""
        if not self.everywhere:
            return (self,)
        limit = self.model_copy(update={"everywhere": None})
        no_limit = {"max_per_domain": max(1, self.size(group, problem)), "max_percent": None}
        return limit, self.model_copy(update=no_limit)

    def evidence(self, group: str, facts: Facts) -> Findings:
        """Return how many domains that takes, and how many there are; or how many places."""
        size = self.size(group, facts.compiled.problem)
        hosts = facts.hosts(group)
        new = facts.new(group)
        if not facts.runs(group) and not facts.outside(hosts, self.level):
            needed = -(-size // self._limit(group, facts.compiled.problem))
            possible = facts.domains(hosts, self.level)
            domains = DomainsNeeded(self.level, self.noun, size, needed, possible)
            if self.counts_child_groups or needed > len(possible):
                return (domains,)
        elif self.counts_child_groups:
            return facts.could(self.level, group)
        places = facts.bounds.in_all(facts.compiled.member_classes_below(group))
        if places < new:
            return (PlacesLeft(places, new),)
        if facts.runs(group) or facts.outside(hosts, self.level):
            return facts.could(self.level, group)
        return (domains,)


def limit_of(policy: AntiAffinity, group: str, problem: Problem) -> int:
    """Return how many members of a group the policy lets each domain hold, at least 1.

    A percentage is of all members of the group that the application has, new and running.
    """
    if policy.max_per_domain is not None:
        return policy.max_per_domain
    return max(1, policy.size(group, problem) * (policy.max_percent or 0) // 100)
