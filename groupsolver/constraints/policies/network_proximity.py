"""``network-proximity``: members are near each other, by level, by hops or by latency."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import combinations
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from pydantic import model_validator
from pydantic_core import PydanticCustomError

from groupsolver.constraints.cp_model.pairs import all_near, pairs_apart
from groupsolver.constraints.policies.affinity import (
    domains_beyond,
    domains_in_words,
    domains_open,
    share_domain,
)
from groupsolver.constraints.policies.distance_policy import DistancePolicy
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.conflict_facts import Facts, Findings
from groupsolver.constraints.problem.partial import Partial
from groupsolver.constraints.problem.view import View
from groupsolver.constraints.protocols.conflicts import Evidence
from groupsolver.constraints.protocols.fleet_validation import BoundedMeasure
from groupsolver.constraints.protocols.optional_members import AnySize, GroupSizes
from groupsolver.constraints.protocols.presolve import HostEquivalence, HostSymmetry
from groupsolver.constraints.protocols.relaxation import KeepsTogether
from groupsolver.model.compiled.arrays import Mask
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.model.value import HOST

if TYPE_CHECKING:
    from groupsolver.constraints.cp_model.model_builder import ModelBuilder


class NetworkProximity(
    DistancePolicy, HostSymmetry, KeepsTogether, AnySize, BoundedMeasure, Evidence
):
    """All members of the group are near each other.

    They share one domain of `level`, or every two are near on the network graph.

    Exactly one of `level`, `max_hops` and `max_latency_us`. Measure: by level that of ``affinity``;
    else ``sum(1 for a, b in pairs of members if distance(a, b) > bound)``, where two members on one
    host are at distance 0, and what no path joins is infinitely far. As a hard policy, every new
    member is near to every other.

    Source: the proposal *Nova Instance Grouping API* (OpenStack, 2014).
    """

    kind: Literal["network-proximity"] = "network-proximity"

    @property
    def monotone(self) -> bool:
        """Leaving members out never raises the measure."""
        return True

    @model_validator(mode="after")
    def _some_measure(self) -> Self:
        if self.level is None and self.bound is None:
            raise PydanticCustomError(
                "missing-key", "expected one of level, max_hops, max_latency_us"
            )
        return self

    def describe(self, group: str) -> str:
        """Return the rule in words."""
        if self.level is not None:
            return f"all members of {group} are near each other: in one {self.level}"
        return f"all members of {group} are near each other: at most {self.within} apart"

    def _apart(self, group: str, view: View) -> dict[tuple[str, str], int]:
        """Count the pairs of members on each two hosts that are not near."""
        counts = Counter(member.host for member in view.members(group))
        return {
            (one, other): counts[one] * counts[other]
            for one, other in combinations(counts, 2)
            if not self.near(one, other, view)
        }

    def violations(self, group: str, view: View) -> int:
        """Count the domains used beyond the first, or the pairs that are further apart."""
        if self.level is not None:
            return domains_beyond(self.level, group, view)
        return sum(self._apart(group, view).values())

    def excesses(self, group: str, view: View) -> Iterable[str]:
        """Name the domains that it uses, or the hosts that are further apart."""
        if self.level is not None:
            yield from domains_in_words(self.level, group, view)
            return
        most_pairs_first = sorted(self._apart(group, view).items(), key=lambda found: -found[1])
        for (one, other), _ in most_pairs_first:
            yield f"{one} and {other} are more than {self.within} apart"

    def allowed(self, group: str, member_group: str, partial: Partial) -> Mask | None:
        """Return the hosts that are near all members so far."""
        level = self.level_on(partial.compiled.fleet)
        near = self.nearness(partial.compiled.fleet)
        if near is None:
            return domains_open(level, group, partial)
        return partial.where(level, near.reached_by_all(partial.counts(group, level) > 0))

    def encode(self, group: str, builder: ModelBuilder) -> None:
        """Allow one zone, or zones that are near each other; or count the pairs that are apart."""
        level = self.level_on(builder.compiled.fleet)
        near = self.nearness(builder.compiled.fleet)
        if near is None:
            share_domain(self, level, group, builder)
        elif not self.hard:
            builder.require(self, [pairs_apart(group, level, near, builder)])
        elif near.equivalence and not np.any(builder.compiled.running(group, level)):
            builder.together(group, level)
        else:
            all_near(group, level, near, builder)

    def host_equivalence(self, group: str, compiled: CompiledProblem, own: bool) -> HostEquivalence:
        """Return that only the domain or the zone counts; on one host the share moves as one."""
        if self.level is not None:
            return HostEquivalence(self.level, sharing=self.level == HOST)
        # Hosts of one zone are as near to all others; a host that is a zone of its own stays.
        return HostEquivalence(self.level_on(compiled.fleet))

    def keeps_together(self, fleet: CompiledFleet) -> bool:
        """Return whether no two zones of hosts are near: one zone then takes all members."""
        near = self.nearness(fleet)
        return near is None or near.equivalence

    def for_any_size(self, group: str, sizes: GroupSizes) -> Self | None:
        """Return the policy; nothing of pairs that are priced, which are counted from the size."""
        return self if self.hard or self.level is not None else None

    def measure_ceiling(self, hosts: HostIndex, members: int) -> int:
        """Return all pairs, in halves and in whole."""
        return 2 * (members + 1) + members * members

    def evidence(self, group: str, facts: Facts) -> Findings:
        """Return how many the roomiest domain takes."""
        return facts.roomiest(group, self.level) if self.level is not None else ()
