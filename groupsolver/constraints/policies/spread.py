"""``spread``: members cover domains, evenly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from pydantic import model_validator
from pydantic_core import PydanticCustomError

from groupsolver.constraints.cp_model.linear_expr import Linear
from groupsolver.constraints.eligibility import eligible, occupiable_domains, open_domains, suited
from groupsolver.constraints.failures.domains_emptied_by_loss import emptied_domains
from groupsolver.constraints.policies.counting_policy import EverywherePolicy
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.conflict_facts import Facts, Findings
from groupsolver.constraints.problem.findings import LeastShare, UnevenShares
from groupsolver.constraints.problem.partial import Partial
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.problem.view import View
from groupsolver.constraints.protocols.conflicts import Divisible, Evidence, Relaxable, RestsOn
from groupsolver.constraints.protocols.fleet_validation import NeedsLevel
from groupsolver.constraints.protocols.headroom import DomainBounds
from groupsolver.constraints.protocols.host_filters import HostFilter
from groupsolver.constraints.protocols.presolve import HostEquivalence, HostSymmetry
from groupsolver.constraints.protocols.survivability import LossSensitive, domains_of_counted
from groupsolver.model.compiled.arrays import Ints, Mask
from groupsolver.model.units import count_of
from groupsolver.model.value import Amount, LevelName, Positive

if TYPE_CHECKING:
    from groupsolver.constraints.cp_model.model_builder import ModelBuilder


class Spread(
    EverywherePolicy,
    HostSymmetry,
    DomainBounds,
    LossSensitive,
    Divisible,
    RestsOn,
    Relaxable,
    Evidence,
    NeedsLevel,
):
    """Members cover `min_domains` domains of `level`, and counts differ by at most `max_skew`.

    Measure: ``max(0, min(min_domains, members) - covered) + max(0, largest - smallest -
    max_skew)``, the counts taken over the domains with an eligible host or a running member. Hosts
    in no domain of the level are not counted. With ``between: children`` it counts the child
    groups with a member in a domain instead of members. With ``everywhere`` members on hosts in no
    domain of the level are added to the measure.

    Source: Kubernetes' ``topologySpreadConstraints``; spread of services, ROADEF/EURO challenge
    2012.
    """

    kind: Literal["spread"] = "spread"
    level: LevelName
    min_domains: Positive | None = None
    max_skew: Amount | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.min_domains is None and self.max_skew is None:
            raise PydanticCustomError("missing-key", "expected min_domains or max_skew")
        return self

    def describe(self, group: str) -> str:
        """Return the rule in words."""
        parts = []
        if self.min_domains is not None:
            parts.append(f"cover at least {count_of(self.min_domains, self.level)}")
        if self.max_skew is not None:
            parts.append(f"differ by at most {self.max_skew} between {self.level}s")
        if self.everywhere:
            parts.append(f"stand only in {self.level}s")
        return f"{self.noun}s of {group} " + " and ".join(parts)

    def violations(self, group: str, view: View) -> int:
        """Count the domains missing, the skew in excess, and members where the level is unknown."""
        counts = self.tally(group, view)
        measure = self.outside_domains(group, view)
        if self.min_domains is not None:
            # Of the members that have a place: those that have none yet cover nothing, and miss
            # nothing.
            measure += max(0, min(self.min_domains, self.placed(group, view)) - len(counts))
        if self.max_skew is not None:
            counted = self._counted(group, view)
            if counted:
                measure += max(0, max(counted)[0] - min(counted)[0] - self.max_skew)
        return measure

    def _counted(self, group: str, view: View) -> list[tuple[int, str]]:
        """Return the count and the name of each domain that the skew is taken over."""
        problem = view.problem
        counts = self.tally(group, view)
        running = {problem.hosts.domain(there.host, self.level) for there in problem.running(group)}
        occupiable = running | open_domains(problem, group, self.level)
        return [
            (counts[domain], domain)
            for domain in problem.hosts.domains(self.level)
            if domain in occupiable
        ]

    def excesses(self, group: str, view: View) -> Iterable[str]:
        """Return how many domains are covered, and which are the fullest and the emptiest."""
        covered = len(self.tally(group, view))
        if covered < min(self.min_domains or 0, self.placed(group, view)):
            yield f"they cover {count_of(covered, self.level)}"
        counted = [] if self.max_skew is None else self._counted(group, view)
        if counted and self.max_skew is not None:
            most, full = max(counted)
            least, empty = min(counted)
            if most - least > self.max_skew:
                yield f"{self.level} {full} holds {most} and {empty} holds {least}"
        yield from self.outside_domains_text(group, view)

    def allowed(self, group: str, member_group: str, partial: Partial) -> Mask | None:
        """Return the domains from which the rest can still make it, by counting alone."""
        compiled = partial.compiled
        if self._before(group, compiled):
            return None
        counts = self.tally_so_far(group, partial)
        if not self.added(group, member_group, partial).any():
            anywhere = np.ones(len(counts), dtype=np.bool_)
            return partial.where(self.level, anywhere, False) if self.everywhere else None
        left = partial.left(group)
        free = np.ones(len(counts), dtype=np.bool_)
        without_domain = not self.everywhere
        if self.min_domains is not None:
            to_cover = min(self.min_domains, self.size(group, partial.problem))
            if left <= to_cover - np.count_nonzero(counts):
                free, without_domain = counts == 0, False
        counted = occupiable_domains(compiled, group, self.level)
        if self.max_skew is not None and counted.any() and not self.counts_child_groups:
            here = counts[counted]
            free[counted] &= self._evens_out(here, left, self.max_skew)[here]
        return partial.where(self.level, free, without_domain)

    @staticmethod
    def _evens_out(counts: Ints, left: int, skew: int) -> Mask:
        """Return by count n whether a domain of n may take one more of the `left` members.

        Every other domain must then come to the largest count less the skew, by the left - 1
        others: ``sum(max(0, floor - count)) <= left - 1``, the domain itself aside. With counts 0,
        2 and 2, skew 1 and two left: one more in a domain of 2 makes the floor 2, which the empty
        one misses by 2.
        """
        fits = np.zeros(int(counts.max()) + 1, dtype=np.bool_)
        largest = len(fits) - 1
        for n in np.unique(counts).tolist():
            floor = max(n + 1, largest) - skew
            own = int(n < floor)  # its new member is one of those that fill it up
            fits[n] = np.maximum(0, floor - counts).sum() - own <= left - 1
        return fits

    def _before(self, group: str, compiled: CompiledProblem) -> int:
        """Return the measure of the running members alone."""
        no_hosts = np.zeros(0, dtype=np.int64)
        # Kept: both go through all members or classes, and each group asks.
        nowhere = compiled.once(("nowhere",), lambda: Partial(compiled, no_hosts))
        running = self.tally_so_far(group, nowhere)
        before = compiled.once(("running members",), lambda: View(compiled.problem, {}))
        to_cover = min(self.min_domains or 0, self.placed(group, before))
        measure = max(0, to_cover - int(np.count_nonzero(running)))
        measure += self.running_outside_domains(group, compiled)
        counted = occupiable_domains(compiled, group, self.level)
        if self.max_skew is not None and counted.any():
            measure += max(0, int(np.ptp(running[counted])) - self.max_skew)
        return measure

    def encode(self, group: str, builder: ModelBuilder) -> None:
        """Bound each part of the measure, or what running members make of their sum."""
        compiled = builder.compiled
        size = self.size(group, compiled.problem)
        parts = self.outside_domains_parts(group, builder)
        if self.min_domains is not None:
            covered = builder.total(self._covered(group, builder))
            parts.append(covered.times(-1).plus(min(self.min_domains, size)))
        if self.max_skew is not None:
            counts = self.tallies(group, builder)
            counted = np.flatnonzero(occupiable_domains(compiled, group, self.level)).tolist()
            runs = compiled.running(group, self.level)
            hosts = compiled.fleet.enabled & suited(compiled, group)
            present = [
                None if runs[code] else there
                for code, there in zip(
                    counted, builder.present(self.level, hosts, counted), strict=True
                )
            ]
            skew = builder.skew([counts.get(code) for code in counted], size, present)
            parts.append(skew.plus(-self.max_skew))
        builder.require_sum(self, parts, self._before(group, compiled))

    def _covered(self, group: str, builder: ModelBuilder) -> list[Linear]:
        """Return for each domain, 0 or 1, whether anything that is counted is there."""
        if not self.counts_child_groups:
            return list(builder.uses(group, self.level).values())
        return [builder.some(count) for count in self.tallies(group, builder).values()]

    @property
    def level_needed(self) -> str | None:
        """The level, unless members stand only where it is known."""
        return None if self.everywhere else self.level

    # Presolve.

    def host_equivalence(self, group: str, compiled: CompiledProblem, own: bool) -> HostEquivalence:
        """Return that only the domain counts; an untouched host is one more that is covered."""
        return HostEquivalence(self.level, counts_empty_domains=self.max_skew is not None)

    # Headroom.

    def most_in_one_domain(self, group: str, compiled: CompiledProblem) -> int | None:
        """Return what leaves enough members for the other domains.

        One for each that is to be covered, and no fewer than the skew allows.
        """
        if self.counts_child_groups:
            return None
        size = self.size(group, compiled.problem)
        domains = int(occupiable_domains(compiled, group, self.level).sum())
        most = size - max(0, min(self.min_domains or 0, size) - 1)
        if self.max_skew is None or not domains:
            return most
        # With m in one domain, the others have m - skew each, at least:
        # m + (domains - 1) (m - skew) <= size.
        return min(most, (size + (domains - 1) * self.max_skew) // domains)

    def balanced_window(self, group: str, compiled: CompiledProblem) -> tuple[int, int] | None:
        """Return a window within which enough domains are covered and the skew holds.

        If no domain holds more than ``(size - 1) // (min_domains - 1)``, enough are covered; a
        window from the mean that is as wide as the skew keeps the skew.
        """
        domains = int(occupiable_domains(compiled, group, self.level).sum())
        if self.counts_child_groups or not domains:
            return None
        size = self.size(group, compiled.problem)
        least, most = 0, size
        to_cover = min(self.min_domains or 0, size)
        if to_cover > 1:
            most = (size - 1) // (to_cover - 1)
        if self.max_skew is not None:
            least = size // domains
            most = min(most, least + self.max_skew)
        return (least, most) if least <= most and most * domains >= size else None

    # Losses of domains.

    def sensitive_domains(
        self, group: str, after: View, level: str, more: int, *, worse: bool
    ) -> set[str | None]:
        """Return also those without which a domain is not counted.

        A domain less can lessen the skew only if it is empty, and no other empty one stays.
        """
        found = domains_of_counted(self, group, after, level, worse=worse)
        if worse or self.max_skew is None:
            return found
        empty = sum(1 for count, _ in self._counted(group, after) if not count)
        if empty > more + len(after.problem.new_members):
            return found
        return found | emptied_domains(
            after, self.level, level, more, lambda host: eligible(after.problem, group, host)
        )

    # Conflicts.

    def pieces(self, group: str, problem: Problem) -> tuple[Policy, ...]:
        """Return the things it says about numbers, unless running members break it.

        Of a broken one only the sum of both may not grow.
        """
        if self.min_domains is None or self.max_skew is None:
            return (self,)
        if self.violations(group, View(problem, {})):
            return (self,)
        covers = self.model_copy(update={"max_skew": None})
        evens = self.model_copy(update={"min_domains": None, "everywhere": False})
        return covers, evens

    def rests_on(self, group: str, other: Policy, other_group: str, problem: Problem) -> bool:
        """Return whether `other` makes hosts eligible: the skew is over domains that have some."""
        over = other_group in problem.above[group] and isinstance(other, HostFilter)
        return over and self.max_skew is not None

    def weaker_versions(self, group: str, problem: Problem) -> Iterator[Self]:
        """Yield fewer domains to cover, then more skew, up to what says nothing.

        No more domains are to be covered than there are members: fewer begin there.
        """
        last = self
        to_cover = min(self.min_domains or 1, self.size(group, problem))
        for least in range(to_cover - 1, 0, -1):
            last = self.model_copy(update={"min_domains": least})
            yield last
        if self.max_skew is not None:
            for skew in range(self.max_skew + 1, self.size(group, problem) + 1):
                yield last.model_copy(update={"max_skew": skew})

    def evidence(self, group: str, facts: Facts) -> Findings:
        """Return what a domain cannot hold of its share; or in which domains members could be."""
        share = None if self.max_skew is None else self.least_share(group, facts)
        return facts.could(self.level, group) if share is None else (share,)

    def least_share(self, group: str, facts: Facts) -> LeastShare | UnevenShares | None:
        """Return why members cannot be shared out within the skew, by counting alone.

        With n members over d domains that differ by at most s, each holds at least m members, where
        ``m + (d - 1) (m + s) >= n``, so that m is ``n - (d - 1) s`` over d, rounded up.
        """
        compiled = facts.compiled
        running = compiled.running(group, self.level)
        counted = occupiable_domains(compiled, group, self.level)
        domains = int(counted.sum())
        away = facts.outside(facts.hosts(group), self.level)
        if self.counts_child_groups or away or not domains or self.max_skew is None:
            return None
        if int(np.ptp(running[counted])) > self.max_skew:
            return None  # they are uneven already, and may stay so
        members = facts.new(group) + int(running.sum())
        if self.max_skew == 0 and members % domains:
            return UnevenShares(self.level, members, domains)
        least = -(-(members - (domains - 1) * self.max_skew) // domains)
        fleet = compiled.fleet
        holds = {
            name: most + int(running[fleet.code(self.level, name)])
            for name, most in facts.holds(group, self.level).items()
            if counted[fleet.code(self.level, name)]
        }
        short = min(holds, key=lambda name: holds[name])
        if holds[short] >= least:
            return None
        return LeastShare(self.level, short, domains, least, members, holds[short])
