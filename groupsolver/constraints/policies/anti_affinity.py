"""``anti-affinity``: members keep apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, ClassVar, Literal, Self

import numpy as np

from groupsolver.constraints.policies.counting_policy import Counting
from groupsolver.constraints.policy import HostEquivalence, number
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.partial import Partial
from groupsolver.constraints.problem.problem import Problem, Rule
from groupsolver.constraints.problem.view import View
from groupsolver.model.compiled.compiled_fleet import Ints, Mask
from groupsolver.model.value import HOST, INT64_MAX, Positive

if TYPE_CHECKING:
    from groupsolver.constraints.cp_model.model_builder import ModelBuilder
    from groupsolver.constraints.problem.conflict_facts import Facts


class AntiAffinity(Counting):
    """No domain of `level` holds more than `max_per_domain` members of the group.

    Measure: ``sum(max(0, members in d - max_per_domain) for d in domains)``. Hosts in no
    domain of the level are not bound. With ``between: children`` it counts the child groups
    with a member in d instead of members.

    Source: Nova's ``ServerGroupAntiAffinityFilter`` with ``max_server_per_host``, here at any level.
    """

    kind: Literal["anti-affinity"] = "anti-affinity"
    max_per_domain: Positive = 1
    monotone: ClassVar[bool] = True

    def describe(self, group: str) -> str:
        """Say the rule."""
        return (
            f"no {self.level} holds more than {number(self.max_per_domain, self.noun)} of {group}"
        )

    def violations(self, group: str, view: View) -> int:
        """Count members above the limit, over all domains."""
        return sum(
            max(0, count - self.max_per_domain) for count in self.tally(group, view).values()
        )

    def excesses(self, group: str, view: View) -> Iterable[str]:
        """Name the domains that hold too many, the fullest first."""
        found = sorted(self.tally(group, view).items(), key=lambda one: (-one[1], one[0]))
        limit, noun = self.max_per_domain, self.noun
        return (
            f"{self.level} {name} holds {number(n, noun)}, {n - limit} more"
            for name, n in found
            if n > limit
        )

    def eased(self, group: str, problem: Problem) -> Iterator[Self]:
        """Give higher limits, up to the one that all could share a domain by."""
        for limit in range(self.max_per_domain + 1, self.size(group, problem) + 1):
            yield self.model_copy(update={"max_per_domain": limit})

    def evidence(self, group: str, facts: Facts) -> str:
        """Say how many domains that takes, and how many there are."""
        size = self.size(group, facts.compiled.problem)
        need, could = -(-size // self.max_per_domain), facts.domains(facts.hosts(group), self.level)
        places = sum(min(count, self.max_per_domain) for count, _ in facts.holds(group, self.level))
        if self.between is None and need <= len(could) and places < size:
            return f"by this rule there are {number(places, 'place')} for {number(size, 'member')}"
        takes = f"{number(size, self.noun)} need {number(need, self.level)}"
        return (
            takes
            if need <= len(could)
            else f"{takes}, and {facts.told(self.level, could)} could take one"
        )

    def allowed(self, group: str, who: str, partial: Partial) -> Mask | None:
        """Give the domains below their limit, and those where one more adds nothing."""
        added = self.added(group, who, partial)
        return partial.where(
            self.level, (self.tallied(group, partial) + added <= self.max_per_domain) | (added == 0)
        )

    def room(self, group: str, partial: Partial) -> Ints | None:
        """Give what is left of the limit in each host's domain; child groups have no size of their own."""
        if self.between:
            return None
        counts = partial.counts(group, self.level)
        left = np.maximum(
            0, self.max_per_domain - partial.spread_out(self.level, counts, without_domain=0)
        )
        return np.where(partial.codes(self.level) >= 0, left, INT64_MAX)

    def most_in_one(self, group: str, compiled: CompiledProblem) -> int | None:
        """Give the limit."""
        return None if self.between else self.max_per_domain

    def even(self, group: str, compiled: CompiledProblem) -> tuple[int, int] | None:
        """Give anything up to the limit."""
        return None if self.between else (0, self.max_per_domain)

    def rivals(self, group: str, problem: Problem) -> tuple[tuple[str, ...], int] | None:
        """Give the child groups, where it counts these."""
        return (problem.children[group], self.max_per_domain) if self.between else None

    def encode(self, rule: Rule, builder: ModelBuilder) -> None:
        """Bound the count in each domain."""
        builder.require(rule, list(self.tallies(rule.group, builder).values()), self.max_per_domain)

    def host_equivalence(self, own: bool) -> HostEquivalence:
        """An untouched domain has room for a member, whichever it is; for the first of its child groups only."""
        # A member of two child groups adds both to a host where it goes alone.
        together = self.between is not None and not self.hard and self.level == HOST
        return HostEquivalence(self.level, free_entry=self.between is None, sharing=together)
