"""``spread``: members cover domains, evenly or in given shares."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from pydantic import model_validator
from pydantic_core import PydanticCustomError

from groupsolver.constraints.cp_model.linear_expr import Linear
from groupsolver.constraints.eligibility import eligible, occupiable_domains
from groupsolver.constraints.failures.domains_emptied_by_loss import emptied_domains
from groupsolver.constraints.policies.domain_shares import DomainShares
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.conflict_facts import Facts, Findings
from groupsolver.constraints.problem.findings import LeastShare, RoomiestDomains, UnevenShares
from groupsolver.constraints.problem.partial import Partial
from groupsolver.constraints.problem.problem import EVERYONE, Problem
from groupsolver.constraints.problem.view import View
from groupsolver.constraints.protocols.conflicts import (
    DependsOnUsage,
    Divisible,
    Evidence,
    HelpedBy,
    Relaxable,
    RestsOn,
)
from groupsolver.constraints.protocols.fleet_validation import NeedsLevel
from groupsolver.constraints.protocols.headroom import DomainBounds
from groupsolver.constraints.protocols.host_filters import HostFilter
from groupsolver.constraints.protocols.optional_members import AnySize, GroupSizes
from groupsolver.constraints.protocols.presolve import HostEquivalence, HostSymmetry
from groupsolver.constraints.protocols.scope import GroupScope
from groupsolver.constraints.protocols.survivability import LossSensitive, domains_of_counted
from groupsolver.constraints.skew_domains import (
    counted_before,
    counted_domains,
    counted_in_model,
    counted_so_far,
    evens_out,
)
from groupsolver.constraints.spare_room import roomy_domains
from groupsolver.model.application import SOFTNESS
from groupsolver.model.compiled.arrays import Mask
from groupsolver.model.units import count_of
from groupsolver.model.value import HOST, INT64_MAX, Amount, LevelName, Positive

if TYPE_CHECKING:
    from groupsolver.constraints.cp_model.model_builder import ModelBuilder

# What it may say, and what each by itself is a piece of.
NUMBERS = ("min_domains", "max_domains", "max_skew", "share", "at_most")


# What it says of which `for_any_size` knows what it comes to for fewer members.
FIELDS_OF_ANY_SIZE = {
    "kind",
    "level",
    "min_domains",
    "max_skew",
    "everywhere",
    "between",
    "metadata",
}


class Spread(
    DomainShares,
    HostSymmetry,
    DomainBounds,
    AnySize,
    LossSensitive,
    Divisible,
    RestsOn,
    DependsOnUsage,
    GroupScope,
    HelpedBy,
    Relaxable,
    Evidence,
    NeedsLevel,
):
    """Members are spread over domains of `level`, by any of several numbers.

    Parameters
    ----------
    min_domains : int, optional
        They cover at least so many domains, or as many as there are members.
    max_domains : int, optional
        They cover at most so many domains.
    max_skew : int, optional
        The counts of domains differ by at most so much.
    skew_over : {"eligible", "with-room"}, default "eligible"
        Over which domains: those with an eligible host or a running member; or those that hold a
        member, or have an eligible host with room for one more after the placement.
    share, at_most : dict of str to int, optional
        See `DomainShares`.

    Notes
    -----
    Measure, hosts in no domain of the level not counted::

        max(0, min(min_domains, members) - covered)
        + max(0, covered - max_domains)
        + max(0, largest - smallest - max_skew)
        + members short of shares and above limits

    With ``between: children`` it counts the child groups with a member in a domain instead of
    members. With ``everywhere`` members on hosts in no domain of the level are added to the
    measure.

    Source: Kubernetes' ``topologySpreadConstraints``; spread of services, ROADEF/EURO challenge
    2012.
    """

    kind: Literal["spread"] = "spread"
    level: LevelName
    min_domains: Positive | None = None
    max_domains: Positive | None = None
    max_skew: Amount | None = None
    skew_over: Literal["eligible", "with-room"] = "eligible"

    @model_validator(mode="after")
    def _something(self) -> Self:
        numbers = (self.min_domains, self.max_domains, self.max_skew, self.share, self.at_most)
        if all(number is None for number in numbers):
            raise PydanticCustomError(
                "missing-key", "expected min_domains, max_domains, max_skew, share or at_most"
            )
        if self.skew_over == "with-room" and self.max_skew is None:
            raise PydanticCustomError("missing-key", "expected max_skew with skew_over")
        shares = sum(1 for percent in (self.share or {}).values() if percent)
        if self.max_domains is not None and shares > self.max_domains:
            raise PydanticCustomError(
                "wrong-value",
                "expected max_domains of at least {shares}, one for each share",
                {"shares": shares},
            )
        return self

    @property
    def monotone(self) -> bool:
        """Leaving members out lowers no count of domains; a share of fewer members is another."""
        return self.min_domains is None and self.max_skew is None and not self.names_domains

    def describe(self, group: str) -> str:
        """Return the rule in words."""
        parts = []
        if self.min_domains is not None:
            parts.append(f"cover at least {count_of(self.min_domains, self.level)}")
        if self.max_domains is not None:
            parts.append(f"cover at most {count_of(self.max_domains, self.level)}")
        if self.max_skew is not None:
            where = f"{self.level}s{' with room' if self._by_room else ''}"
            parts.append(f"differ by at most {self.max_skew} between {where}")
        if self.everywhere:
            parts.append(f"run only in {self.level}s")
        parts.extend(self.shares_in_words())
        if not parts:
            parts.append(f"are spread over {self.level}s in any way")
        return f"{self.noun}s of {group} " + " and ".join(parts)

    def violations(self, group: str, view: View) -> int:
        """Add up what is missing and too much of domains, skew, shares and known levels."""
        counts = self.tally(group, view)
        measure = self.outside_domains(group, view) + self.shares_broken(group, view)
        if self.min_domains is not None:
            # Of the members that have a place: those that have none yet cover nothing, and miss
            # nothing.
            measure += max(0, min(self.min_domains, self.placed(group, view)) - len(counts))
        if self.max_domains is not None:
            measure += max(0, len(counts) - self.max_domains)
        if self.max_skew is not None:
            counted = self._counted(group, view)
            if counted:
                measure += max(0, max(counted)[0] - min(counted)[0] - self.max_skew)
        return measure

    @property
    def _by_room(self) -> bool:
        """Whether the skew is over the domains with room for one more."""
        return self.skew_over == "with-room"

    @property
    def _most_domains(self) -> int:
        """The most domains that may be covered."""
        return INT64_MAX if self.max_domains is None else self.max_domains

    def _counted(self, group: str, view: View) -> list[tuple[int, str]]:
        """Return the count and the name of each domain that the skew is taken over."""
        counts = self.tally(group, view)
        names = counted_domains(view, group, self.level, self._by_room)
        return [(counts[name], name) for name in names]

    def excesses(self, group: str, view: View) -> Iterable[str]:
        """Return how many domains are covered, and which are the fullest and the emptiest."""
        covered = len(self.tally(group, view))
        too_few = covered < min(self.min_domains or 0, self.placed(group, view))
        if too_few or covered > self._most_domains:
            yield f"they cover {count_of(covered, self.level)}"
        counted = [] if self.max_skew is None else self._counted(group, view)
        if counted and self.max_skew is not None:
            most, full = max(counted)
            least, empty = min(counted)
            if most - least > self.max_skew:
                yield f"{self.level} {full} holds {most} and {empty} holds {least}"
        yield from self.shares_broken_text(group, view)
        yield from self.outside_domains_text(group, view)

    def allowed(self, group: str, member_group: str, partial: Partial) -> Mask | None:
        """Return the domains from which the rest can still make it, by counting alone."""
        compiled = partial.compiled
        if self._before(group, compiled) or member_group not in partial.problem.below[group]:
            return None  # members of other groups may be anywhere
        counts = self.tally_so_far(group, partial)
        added = self.added(group, member_group, partial)
        if not added.any():
            anywhere = np.ones(len(counts), dtype=np.bool_)
            return partial.where(self.level, anywhere, False) if self.everywhere else None
        left = partial.left(group)
        free = np.ones(len(counts), dtype=np.bool_)
        without_domain = not self.everywhere
        if self.min_domains is not None:
            to_cover = min(self.min_domains, self.size(group, partial.problem))
            if left <= to_cover - np.count_nonzero(counts):
                free, without_domain = counts == 0, False
        counted = counted_so_far(partial, group, self.level, self._by_room)
        if self.max_skew is not None and counted.any() and not self.counts_child_groups:
            here = counts[counted]
            free[counted] &= evens_out(here, left, self.max_skew)[here]
        if np.count_nonzero(counts) >= self._most_domains:
            free &= (counts > 0) | (added == 0)
        if self.names_domains:
            allowed = self.shares_allow(group, compiled, counts, left)
            free &= allowed[:-1]
            without_domain = without_domain and bool(allowed[-1])
        return partial.where(self.level, free, without_domain)

    def _before(self, group: str, compiled: CompiledProblem) -> int:
        """Return the measure of the running members alone."""
        no_hosts = np.zeros(0, dtype=np.int64)
        # Kept: both go through all members or classes, and each group asks.
        nowhere = compiled.once(("nowhere",), lambda: Partial(compiled, no_hosts))
        running = self.tally_so_far(group, nowhere)
        before = compiled.once(("running members",), lambda: View(compiled.problem, {}))
        to_cover = min(self.min_domains or 0, self.placed(group, before))
        measure = max(0, to_cover - int(np.count_nonzero(running)))
        measure += max(0, int(np.count_nonzero(running)) - self._most_domains)
        measure += self.running_outside_domains(group, compiled)
        measure += self.running_shares_broken(group, compiled)
        counted = counted_before(compiled, group, self.level, self._by_room)
        if self.max_skew is not None and counted.any():
            measure += max(0, int(np.ptp(running[counted])) - self.max_skew)
        return measure

    def encode(self, group: str, builder: ModelBuilder) -> None:
        """Bound each part of the measure, or what running members make of their sum."""
        compiled = builder.compiled
        size = self.size(group, compiled.problem)
        parts = self.outside_domains_parts(group, builder) + self.share_parts(group, builder)
        if self.min_domains is not None or self.max_domains is not None:
            covered = builder.total(self._covered(group, builder))
            if self.min_domains is not None:
                parts.append(covered.times(-1).plus(min(self.min_domains, size)))
            if self.max_domains is not None:
                parts.append(covered.plus(-self.max_domains))
        if self.max_skew is not None:
            counts = self.tallies(group, builder)
            counted = counted_in_model(builder, group, self.level, self._by_room)
            tallies = [counts.get(code) for code, _ in counted]
            skew = builder.skew(tallies, size, [there for _, there in counted])
            parts.append(skew.plus(-self.max_skew))
        builder.require_sum(self, parts, self._before(group, compiled))

    def _covered(self, group: str, builder: ModelBuilder) -> list[Linear]:
        """Return for each domain, 0 or 1, whether anything that is counted is there."""
        if not self.counts_child_groups:
            return list(builder.uses(group, self.level).values())
        return [builder.some(count) for count in self.tallies(group, builder).values()]

    # Optional members.

    def for_any_size(self, group: str, sizes: GroupSizes) -> Self | None:
        """Return no more domains to cover than there are members in any case.

        Nothing where it says something else besides, of which nothing is known here.
        """
        if not self.model_dump(exclude_defaults=True).keys() <= FIELDS_OF_ANY_SIZE | SOFTNESS:
            return None
        if self.min_domains is None:
            return self
        # Of child groups it is open which have members.
        members = 0 if self.counts_child_groups else sizes.least(group)
        least = min(self.min_domains, members)
        if least == self.min_domains:
            return self
        if least:
            return self.model_copy(update={"min_domains": least})
        # A skew that no placement exceeds says nothing, and keeps the rest of the policy.
        skew = sizes.most(group) if self.max_skew is None else self.max_skew
        return self.model_copy(update={"min_domains": None, "max_skew": skew})

    def encode_size(self, group: str, size: Linear, builder: ModelBuilder) -> None:
        """Cover enough domains, or one for each member."""
        if self.min_domains is None or not self.hard or self.counts_child_groups:
            return
        if self._before(group, builder.compiled):
            return
        covered = builder.total(builder.uses(group, self.level).values())
        builder.one_holds(covered.times(-1).plus(self.min_domains), size.plus(covered, -1))

    @property
    def level_needed(self) -> str | None:
        """The level, unless members run only where it is known."""
        return None if self.everywhere else self.level

    # Presolve.

    def host_equivalence(self, group: str, compiled: CompiledProblem, own: bool) -> HostEquivalence:
        """Return that only the domain counts; an untouched host is one more that is covered.

        Where few hosts are to be covered, what shares a host moves as one.
        """
        if self.names_domains and self.level == HOST:
            return HostEquivalence(pinned=True)
        if self._by_room:
            if roomy_domains(compiled, group, self.level).undecided:
                return HostEquivalence(
                    self.level, counts_empty_domains=True, looks_at_room=True, pinned=True
                )
            if not own:
                return HostEquivalence(None)
        return HostEquivalence(
            self.level,
            sharing=self.max_domains is not None and self.level == HOST,
            counts_empty_domains=self.max_skew is not None,
            names_domains=self.names_domains,
            looks_at_room=self._by_room,
        )

    # Headroom.

    def most_in_one_domain(self, group: str, compiled: CompiledProblem) -> int | None:
        """Return what leaves enough members for the other domains.

        One for each that is to be covered, and no fewer than the skew allows.
        """
        if self.counts_child_groups:
            return None
        size = self.size(group, compiled.problem)
        counted = occupiable_domains(compiled, group, self.level)
        if self._by_room:
            # Others may fill up.
            counted = compiled.running(group, self.level) > 0
        domains = int(counted.sum())
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
        if self.names_domains or self.max_domains is not None:
            return None  # of these a domain may hold none, or has a number of its own
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
        if self._by_room:
            # Any host that is lost has no room any more.
            return set(after.problem.hosts.domains(level))
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

        Of a broken one only the sum of all may not grow.
        """
        if self.violations(group, View(problem, {})):
            return (self,)
        said: list[dict[str, object]] = [
            {name: getattr(self, name)}
            for name in ("min_domains", "max_domains")
            if getattr(self, name) is not None
        ]
        if self.max_skew is not None:
            said.append({"max_skew": self.max_skew, "skew_over": self.skew_over})
        said.extend(map(dict, self.share_pieces()))
        if len(said) < 2:
            return (self,)
        nothing = dict.fromkeys(NUMBERS) | {"everywhere": False, "skew_over": "eligible"}
        silent = self.model_copy(update=nothing)
        first, *others = (silent.model_copy(update=fields) for fields in said)
        # That the level is known is part of the first.
        return first.model_copy(update={"everywhere": self.everywhere}), *others

    def rests_on(self, group: str, other: Policy, other_group: str, problem: Problem) -> bool:
        """Return whether `other` makes hosts eligible: the skew is over domains that have some."""
        over = other_group in problem.above[group] and isinstance(other, HostFilter)
        return over and self.max_skew is not None

    def groups_rested_on(self, group: str, problem: Problem) -> Collection[str]:
        """Return the groups over its own, where the skew counts."""
        return () if self.max_skew is None else problem.above[group]

    @property
    def rests_on_capacity(self) -> bool:
        """Whether domains that are full are not counted."""
        return self._by_room

    @property
    def depends_on_usage(self) -> bool:
        """Whether domains that are full are not counted."""
        return self._by_room

    @property
    def has_own_scope(self) -> bool:
        """Whether any member may fill a domain, which is then not counted."""
        return self._by_room

    def counted_groups(self, group: str, problem: Problem) -> frozenset[str]:
        """Return all groups."""
        return problem.below[EVERYONE]

    def helped_by(self, group: str, problem: Problem) -> frozenset[str]:
        """Return the group's own, or all groups where any of them may fill a domain."""
        if self.monotone:
            return frozenset()
        return problem.below[EVERYONE if self._by_room else group]

    def weaker_versions(self, group: str, problem: Problem) -> Iterator[Self]:
        """Yield fewer domains to cover, then more, then more skew, then other shares.

        Each up to what says nothing. No more domains are to be covered than there are members:
        fewer begin there.
        """
        last = self
        to_cover = min(self.min_domains or 1, self.size(group, problem))
        for least in range(to_cover - 1, 0, -1):
            last = self.model_copy(update={"min_domains": least})
            yield last
        domains = min(self.size(group, problem), problem.hosts.number_of_domains(self.level))
        for most in range(self._most_domains + 1, domains + 1):
            last = last.model_copy(update={"max_domains": most})
            yield last
        if self.max_skew is not None:
            for skew in range(self.max_skew + 1, self.size(group, problem) + 1):
                last = last.model_copy(update={"max_skew": skew})
                yield last
        yield from last.weaker_shares(group, problem)

    def evidence(self, group: str, facts: Facts) -> Findings:
        """Return what a domain cannot hold of its share; or in which domains members could be."""
        share = None if self.max_skew is None else self.least_share(group, facts)
        if share is not None:
            return (share,)
        few = self._roomiest(group, facts)
        return self.share_evidence(group, facts) + few or facts.could(self.level, group)

    def _roomiest(self, group: str, facts: Facts) -> Findings:
        """Return how many members the most domains take that may be covered; nothing if all."""
        members = facts.new(group)
        if self.max_domains is None or facts.outside(facts.hosts(group), self.level):
            return ()
        holds = facts.holds(group, self.level)
        roomiest = sorted(holds, key=lambda name: -holds[name])[: self.max_domains]
        takes = sum(holds[name] for name in roomiest)
        if takes >= members:
            return ()
        return (RoomiestDomains(group, self.level, tuple(roomiest), takes, members),)

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
        if self._by_room:
            return None  # which domains count is not known
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
