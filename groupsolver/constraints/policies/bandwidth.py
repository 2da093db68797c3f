"""``bandwidth``: what members may send each other fits the links between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING, ClassVar, Literal, Self

import numpy as np

from groupsolver.constraints.capacity.shared_links import (
    link_loads,
    overloadable_links,
    peak_load,
)
from groupsolver.constraints.cp_model import traffic
from groupsolver.constraints.cp_model.linear_expr import Linear
from groupsolver.constraints.policies.hose_model import hose, hose_between
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.conflict_facts import Facts, Findings
from groupsolver.constraints.problem.findings import WidestLinks
from groupsolver.constraints.problem.partial import Partial
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.problem.view import View, count_domains
from groupsolver.constraints.protocols.conflicts import (
    DependsOnUsage,
    Evidence,
    HelpedBy,
    Relaxable,
)
from groupsolver.constraints.protocols.fleet_validation import BoundedMeasure
from groupsolver.constraints.protocols.network import LinkLoad
from groupsolver.constraints.protocols.presolve import HostEquivalence, HostSymmetry
from groupsolver.constraints.protocols.survivability import LossSensitive
from groupsolver.model.compiled.arrays import Ints, Mask
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.model.value import HOST, Domain, GroupName, Positive

if TYPE_CHECKING:
    from groupsolver.constraints.cp_model.model_builder import ModelBuilder


class Bandwidth(
    Policy,
    LinkLoad,
    HostSymmetry,
    BoundedMeasure,
    LossSensitive,
    DependsOnUsage,
    HelpedBy,
    Relaxable,
    Evidence,
):
    """Each member may send and receive `mbps`, to members of its group or of group `to`.

    For each domain D of any level, and each host, members need of the links that leave D

    - ``min(inside, outside) * mbps``, over the group's members inside and outside of D;
    - with `to`, of A's members to B's:
      ``(min(A inside, B outside) + min(B inside, A outside)) * mbps``.

    Measure: ``sum(max(0, need(all) - need(running members alone) - free) for D)``, in Mbit/s: what
    new members add fits what is free. ``free`` is the sum of ``max(0, bandwidth_mbps -
    used_mbps)`` over the links that leave D, running members' traffic being part of ``used_mbps``.
    A link leaves D if exactly one end lies inside: D itself, a host in D, or a domain whose hosts
    are some but not all of D's, or the same at a level that comes later. A switch lies inside
    nothing, nor does a domain that overlaps D only in part. Where no link leaves D, or one that
    does not tell its bandwidth, D says nothing.

    Hard policies share the links: what all of them together add must fit too, which is capacity.

    Source: the hose model, Duffield et al., SIGCOMM 1999, doi:10.1145/316188.316209, as virtual
    clusters have it: Oktopus, Ballani et al., SIGCOMM 2011, doi:10.1145/2018436.2018465.
    """

    kind: Literal["bandwidth"] = "bandwidth"
    mbps: Positive
    to: GroupName | None = None
    target_key: ClassVar[str] = "to"

    def describe(self, group: str) -> str:
        """Return the rule in words."""
        partners = "each other" if self.to is None else f"members of {self.to}"
        return f"members of {group} have {self.mbps} Mbit/s each to {partners}"

    @property
    def rate(self) -> int:
        """Its field `mbps`."""
        return self.mbps

    def flow(self, group: str) -> traffic.Flow:
        """Return between whose members the traffic runs."""
        return traffic.Flow(group, self.to)

    # The checker.

    def grown(self, group: str, view: View) -> dict[Domain, int]:
        """Return by how many Mbit/s new members raise the need of each domain, where they do."""
        found: dict[Domain, int] = {}
        for level in (*view.problem.hosts.levels, HOST):
            now = self._crossing(group, view, level, new=True)
            then = self._crossing(group, view, level, new=False)
            for name in now.keys() | then.keys():
                if now[name] != then[name]:
                    found[level, name] = (now[name] - then[name]) * self.mbps
        return found

    def _crossing(self, group: str, view: View, level: str, *, new: bool) -> Counter[str]:
        """Return how many members' traffic crosses the cut of each domain."""

        def counted(name: str) -> tuple[Counter[str], int]:
            members = [member for member in view.members(name) if new or not member.new]
            return count_domains(view, members, level), len(members)

        mine, size = counted(group)
        if self.to is None:
            return hose(mine, size)
        return hose_between(mine, size, *counted(self.to))

    def _over(self, group: str, view: View) -> list[tuple[int, Domain]]:
        """Return the domains whose links are too narrow, and by how many Mbit/s, worst first."""
        over = []
        for domain, mbps in self.grown(group, view).items():
            free = view.problem.hosts.free_mbps(*domain)
            if free is not None and mbps > free:
                over.append((mbps - free, domain))
        return sorted(over, key=lambda one: (-one[0], one[1]))

    def violations(self, group: str, view: View) -> int:
        """Sum what new members need of the links beyond what is free."""
        return sum(mbps for mbps, _ in self._over(group, view))

    def excesses(self, group: str, view: View) -> Iterable[str]:
        """Name the domains whose links are too narrow."""
        for mbps, (level, name) in self._over(group, view):
            yield f"{mbps} Mbit/s over on the links that leave {level} {name}"

    def measure_ceiling(self, hosts: HostIndex, members: int) -> int:
        """Return every member's rate in every domain."""
        levels = (HOST, *hosts.levels) if hosts.links else ()
        domains = sum(hosts.number_of_domains(level) for level in levels)
        return self.mbps * members * max(1, domains)

    # The heuristic.

    def allowed(self, group: str, member_group: str, partial: Partial) -> Mask | None:
        """Return hosts where one more overloads no link: what crosses a cut never gets less."""
        mask: Mask | None = None
        for level, which in self._tight(group, partial.compiled).items():
            found = self._allowed_at(group, member_group, partial, level, which)
            mask = found if mask is None else mask & found
        return mask

    def _allowed_at(
        self, group: str, member_group: str, partial: Partial, level: str, which: Mask
    ) -> Mask:
        """Return the hosts where one more overloads no link of the marked domains of a level."""
        codes = np.flatnonzero(which)
        limit = self._limit(group, partial, level)[codes]
        inside, outside = traffic.after(partial, self.flow(group), level, member_group)
        here = np.ones(len(which), dtype=np.bool_)
        here[codes] = inside[codes] <= limit
        # Outside of such a domain the member would overload its links, so it must come inside.
        full = codes[outside[codes] > limit]
        if len(full):
            stays = here[full]
            here[:] = False
            here[full] = stays & (len(full) == 1)
        return partial.where(level, here, without_domain=not len(full))

    def _limit(self, group: str, partial: Partial, level: str) -> Ints:
        """Return how much may cross each cut, in members, beside what others add so far.

        (D,) int64.
        """
        compiled = partial.compiled
        free = compiled.fleet.cut(level).free
        if self.declared_hard:
            free = free.copy()
            for name, policy in link_loads(compiled):
                if policy is not self:
                    at, more = traffic.grown(partial, policy.flow(name), level)
                    free[at] -= policy.rate * more
        # Less than nothing is free where others overload it already.
        limit: Ints = traffic.before(compiled, self.flow(group), level) + free // self.mbps
        return limit

    # The model.

    def encode(self, group: str, builder: ModelBuilder) -> None:
        """Bound, or price, what crosses each cut that can be too narrow."""
        compiled, flow = builder.compiled, self.flow(group)
        for level, which in self._narrow(group, compiled).items():
            before = traffic.before(compiled, flow, level)
            free = compiled.fleet.cut(level).free
            for code, pairs in traffic.crossing(builder, flow, level, which).items():
                ran, limit = int(before[code]), int(free[code])
                if (traffic.ceiling(builder, pairs) - ran) * self.mbps > limit:
                    crossing = builder.total(traffic.lesser(builder, *pair) for pair in pairs)
                    self._hold(crossing.plus(-ran), limit, builder)

    def _hold(self, grown: Linear, free: int, builder: ModelBuilder) -> None:
        """Hold the growth across one cut within what is free of its links.

        Parameters
        ----------
        grown : Linear
            In members.
        free : int
            In Mbit/s.
        """
        if not self.hard:
            builder.require(self, [grown.times(self.mbps)], free)
            return
        limit = free // self.mbps
        if grown.const > limit:
            # What is constant here is no value of before: new members elsewhere raise it too.
            grown = builder.largest([grown])
        builder.require(self, [grown], limit)

    # What can be too narrow at all.

    def _narrow(self, group: str, compiled: CompiledProblem) -> dict[str, Mask]:
        """Return by level the domains whose links this policy alone can overload, (D,) bool."""

        def make() -> dict[str, Mask]:
            found: dict[str, Mask] = {}
            for level in (*compiled.fleet.levels, HOST):
                cut = compiled.fleet.cut(level)
                found[level] = cut.bounded & (peak_load(compiled, group, self, level) > cut.free)
            return {level: which for level, which in found.items() if which.any()}

        return compiled.once(("narrow links", group, id(self)), make)

    def _tight(self, group: str, compiled: CompiledProblem) -> dict[str, Mask]:
        """Return the same for all policies that share the links, where this one may add to it."""
        if not self.declared_hard:
            return self._narrow(group, compiled)

        def make() -> dict[str, Mask]:
            found = {
                level: which & (peak_load(compiled, group, self, level) > 0)
                for level, which in overloadable_links(compiled).items()
            }
            return {level: which for level, which in found.items() if which.any()}

        return compiled.once(("tight links", group, id(self)), make)

    # Presolve.

    def host_equivalence(self, group: str, compiled: CompiledProblem, own: bool) -> HostEquivalence:
        """Return the partition by the domains whose links can be too narrow, and the host's own.

        Where no link can be, hosts are the same to it.
        """
        tight = self._tight(group, compiled)
        if not tight or self.to is not None:
            return HostEquivalence(level=None, pinned=bool(tight))
        return compiled.once(
            ("bandwidth host equivalence", group, id(self)),
            lambda: HostEquivalence(_partition(compiled, tight), sharing=HOST in tight),
        )

    def host_labels(
        self, group: str, compiled: CompiledProblem, share: Mapping[int, int]
    ) -> Ints | None:
        """Label hosts by what the share needs beyond what is free of the host's own links."""
        if HOST not in self._tight(group, compiled):
            return None
        cut = compiled.fleet.cut(HOST)
        loads = link_loads(compiled) if self.declared_hard else [(group, self)]
        need = sum(_alone(policy, name, compiled, share) for name, policy in loads)
        over = np.maximum(0, need - cut.free) * cut.bounded
        return np.unique(over > 0 if self.hard else over, return_inverse=True)[1].astype(np.int64)

    # Losses of domains.

    def sensitive_domains(
        self, group: str, after: View, level: str, more: int, *, worse: bool
    ) -> set[str | None]:
        """Return all domains: which links leave one depends on the hosts of the others."""
        return set(after.problem.hosts.domains(level)) if after.problem.hosts.links else set()

    # Conflicts.

    def helped_by(self, group: str, problem: Problem) -> frozenset[str]:
        """Return none: every new member sends and receives."""
        return frozenset()

    def weaker_versions(self, group: str, problem: Problem) -> Iterator[Self]:
        """Yield half the rate each time, down to 1."""
        rate = self.mbps // 2
        while rate:
            yield self.model_copy(update={"mbps": rate})
            rate //= 2

    def evidence(self, group: str, facts: Facts) -> Findings:
        """Return how wide the widest links are where a member could be, if too narrow for all."""
        fleet = facts.compiled.fleet
        hosts = facts.hosts(group)
        found = []
        for level in (*fleet.levels, HOST):
            cut = fleet.cut(level)
            codes = fleet.codes(level)[hosts]
            inside = np.unique(codes[codes >= 0])
            free = cut.free[inside][cut.bounded[inside]]
            if not len(free) or len(free) < len(inside):
                continue  # where some domain has no bound, there is nothing to say of the level
            widest = max(0, int(free.max()))
            if widest < self.mbps * facts.size(group):
                found.append(WidestLinks(group, level, widest, facts.runs(group)))
        return tuple(found)


def _alone(
    policy: LinkLoad, group: str, compiled: CompiledProblem, share: Mapping[int, int]
) -> int:
    """Return the Mbit/s that a share needs of a host's links, alone of its group on the host.

    `share` is the number of members by member class.
    """
    if policy.flow(group).to is not None:
        return 0  # where it could need any, nothing is dropped
    inside = sum(share.get(index, 0) for index in compiled.member_classes_below(group))
    return policy.rate * min(inside, compiled.problem.size(group) - inside)


def _partition(compiled: CompiledProblem, tight: Mapping[str, Mask]) -> str:
    """Return the name of the partition of the hosts by their domains that are marked."""
    fleet = compiled.fleet
    label = np.zeros(fleet.row_count, dtype=np.int64)
    for level in tight:
        if level != HOST:
            codes = fleet.codes(level)
            part = np.where((codes >= 0) & tight[level][codes], codes, -1)
            _, label = np.unique(label * (fleet.domains(level) + 1) + part, return_inverse=True)
    label = label.astype(np.int64)
    digest = blake2b(label.tobytes(), digest_size=16).hexdigest()
    return fleet.partition(f"bandwidth {digest}", lambda: label)
