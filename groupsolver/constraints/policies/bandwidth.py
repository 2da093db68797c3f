"""``bandwidth``: what members may send each other fits the links between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING, ClassVar, Literal, Self

import numpy as np

from groupsolver.constraints.cp_model import traffic
from groupsolver.constraints.policies.hose_model import hose, hose_between
from groupsolver.constraints.policy import HostEquivalence, Policy
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.partial import Partial
from groupsolver.constraints.problem.problem import Problem, Rule
from groupsolver.constraints.problem.view import PlacedMember, View, count_domains
from groupsolver.model.compiled.compiled_fleet import Ints, Mask
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.model.network.link_cuts import Domain
from groupsolver.model.value import HOST, GroupName, Positive

if TYPE_CHECKING:
    from groupsolver.constraints.cp_model.model_builder import ModelBuilder
    from groupsolver.constraints.problem.conflict_facts import Facts


class Bandwidth(Policy):
    """Each member may send and receive `mbps`, to members of its group or, with `to`, to those of that group.

    For each domain D of any level, and each host, members need of the links that leave D

    - ``min(inside, outside) * mbps``, over the group's members inside and outside of D;
    - with `to`, of A's members to B's: ``(min(A inside, B outside) + min(B inside, A outside)) * mbps``.

    Measure: ``sum(max(0, need(all) - need(running members alone) - free) for D)``, in Mbit/s: what new
    members add fits what is free. ``free`` is the sum of ``max(0, bandwidth_mbps - used_mbps)`` over the
    links that leave D, running members' traffic being part of ``used_mbps``. A link leaves D if exactly
    one end lies inside: D itself, a host in D, or a domain whose hosts are some but not all of D's, or the
    same at a level that comes later. A switch lies inside nothing, nor does a domain that overlaps D only in
    part. Where no link leaves D, or one that does not tell its bandwidth, D says nothing.

    Hard policies share the links: what all of them together add must fit too, which is capacity.

    Source: the hose model, Duffield et al., SIGCOMM 1999, doi:10.1145/316188.316209, as virtual clusters have
    it: Oktopus, Ballani et al., SIGCOMM 2011, doi:10.1145/2018436.2018465.
    """

    kind: Literal["bandwidth"] = "bandwidth"
    mbps: Positive
    to: GroupName | None = None
    target_key: ClassVar[str] = "to"

    def helped_by(self, group: str, problem: Problem) -> frozenset[str]:
        """Give nobody: every new member sends and receives."""
        return frozenset()

    def describe(self, group: str) -> str:
        """Say the rule."""
        whom = "each other" if self.to is None else f"members of {self.to}"
        return f"members of {group} have {self.mbps} Mbit/s each to {whom}"

    def ceiling_on(self, hosts: HostIndex, members: int) -> int:
        """Give every member's rate in every domain."""
        domains = (
            sum(len(hosts.domains(level)) for level in (HOST, *hosts.levels)) if hosts.links else 0
        )
        return self.mbps * members * max(1, domains)

    def grown(self, group: str, view: View) -> dict[Domain, int]:
        """Give by how many Mbit/s new members raise the need of each domain, where they do."""
        found: dict[Domain, int] = {}
        for level in (*view.problem.hosts.levels, HOST):
            now, then = (
                self._crossing(group, view, level, True),
                self._crossing(group, view, level, False),
            )
            for name in now.keys() | then.keys():
                if now[name] != then[name]:
                    found[level, name] = (now[name] - then[name]) * self.mbps
        return found

    def _crossing(self, group: str, view: View, level: str, new: bool) -> Counter[str]:
        def counted(name: str) -> tuple[Counter[str], int]:
            members: list[PlacedMember] = [
                member for member in view.members(name) if new or not member.new
            ]
            return count_domains(view, members, level), len(members)

        mine, size = counted(group)
        if self.to is None:
            return hose(mine, size)
        return hose_between(mine, size, *counted(self.to))

    def _over(self, group: str, view: View) -> list[tuple[int, Domain]]:
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
        over = self._over(group, view)
        return (
            f"{mbps} Mbit/s over on the links that leave {level} {name}"
            for mbps, (level, name) in over
        )

    def sensitive_domains(
        self, group: str, after: View, level: str, more: int, *, worse: bool
    ) -> set[str | None]:
        """Give all domains: which links leave one depends on the hosts of others, and all share them."""
        return set(after.problem.hosts.domains(level)) if after.problem.hosts.links else set()

    def eased(self, group: str, problem: Problem) -> Iterator[Self]:
        """Give half the rate each time, down to 1."""
        rate = self.mbps // 2
        while rate:
            yield self.model_copy(update={"mbps": rate})
            rate //= 2

    def evidence(self, group: str, facts: Facts) -> str:
        """Say where no link is wide enough for one member, or how wide the widest are where it could stand."""
        fleet, hosts, parts = facts.compiled.fleet, facts.hosts(group), []
        for level in (*fleet.levels, HOST):
            cut, codes = fleet.cut(level), fleet.codes(level)[hosts]
            inside = np.unique(codes[codes >= 0])
            free = cut.free[inside][cut.bounded[inside]]
            # Where some domain has no bound, it says nothing of the level.
            if (
                len(free)
                and len(free) == len(inside)
                and int(free.max()) < self.mbps * facts.size(group)
            ):
                parts.append(
                    f"no {level} has more than {max(0, int(free.max()))} Mbit/s free on the links that leave it"
                )
        return " and ".join(parts)

    def allowed(self, group: str, who: str, partial: Partial) -> Mask | None:
        """Give hosts where one more overloads no link: what crosses a cut never gets less."""
        mask: Mask | None = None
        for level, which in self.tight(group, partial.compiled).items():
            codes = np.flatnonzero(which)
            limit = self._limit(group, partial, level)[codes]
            inside, outside = traffic.after(partial, self.flow(group), level, who)
            here = np.ones(len(which), dtype=np.bool_)
            here[codes] = inside[codes] <= limit
            full = codes[outside[codes] > limit]  # whoever comes must come inside
            if len(full):
                stays = here.copy()
                here[:] = False
                here[full] = stays[full] & (len(full) == 1)
            found = partial.where(level, here, without_domain=not len(full))
            mask = found if mask is None else mask & found
        return mask

    def encode(self, rule: Rule, builder: ModelBuilder) -> None:
        """Bound, or price, what crosses each cut that can be too narrow."""
        flow = self.flow(rule.group)
        for level, which in self._narrow(rule.group, builder.compiled).items():
            before, free = (
                traffic.before(builder.compiled, flow, level),
                builder.compiled.fleet.cut(level).free,
            )
            for code, pairs in traffic.crossing(builder, flow, level, which).items():
                limit, offset = int(free[code]), -int(before[code])
                if (traffic.ceiling(builder, pairs) + offset) * self.mbps <= limit:
                    continue
                grown = builder.total(traffic.lesser(builder, *pair) for pair in pairs).plus(offset)
                if not self.hard:
                    builder.require(rule, [grown.times(self.mbps)], limit)
                    continue
                limit //= self.mbps
                # What is constant here is no value of before: new members elsewhere raise it too.
                builder.require(
                    rule, [builder.largest([grown]) if grown.const > limit else grown], limit
                )

    # What can be too narrow at all.

    def flow(self, group: str) -> traffic.Flow:
        """Give whose traffic it is."""
        return traffic.Flow(group, self.to)

    def peak(self, group: str, compiled: CompiledProblem, level: str) -> Ints:
        """(D,) int64: by how many Mbit/s the need of each domain may grow at most."""
        flow = self.flow(group)
        grown: Ints = (
            traffic.most(compiled, flow, level) - traffic.before(compiled, flow, level)
        ) * self.mbps
        return grown

    def _limit(self, group: str, partial: Partial, level: str) -> Ints:
        """(D,) int64: how much may cross each cut, in members, with what others add so far that share it."""
        compiled = partial.compiled
        free = compiled.fleet.cut(level).free
        others = (
            [(name, policy) for name, policy in sharing(compiled) if policy is not self]
            if self.told_hard
            else []
        )
        if others:
            free = free.copy()
            for name, policy in others:
                at, more = traffic.grown(partial, policy.flow(name), level)
                free[at] -= policy.mbps * more
        # Less than nothing is free where others overload it already.
        limit: Ints = traffic.before(compiled, self.flow(group), level) + free // self.mbps
        return limit

    def _narrow(self, group: str, compiled: CompiledProblem) -> dict[str, Mask]:
        """Give, by level, the domains whose links this policy alone can overload, (D,) bool, where there are any."""

        def make() -> dict[str, Mask]:
            cuts = {level: compiled.fleet.cut(level) for level in (*compiled.fleet.levels, HOST)}
            found = {
                level: c.bounded & (self.peak(group, compiled, level) > c.free)
                for level, c in cuts.items()
            }
            return {level: which for level, which in found.items() if which.any()}

        return compiled.once(("narrow", group, id(self)), make)

    def tight(self, group: str, compiled: CompiledProblem) -> dict[str, Mask]:
        """Give the same for all policies that share the links, where this one may add to it."""
        if not self.told_hard:
            return self._narrow(group, compiled)

        def make() -> dict[str, Mask]:
            found = {
                level: which & (self.peak(group, compiled, level) > 0)
                for level, which in crowded(compiled).items()
            }
            return {level: which for level, which in found.items() if which.any()}

        return compiled.once(("tight", group, id(self)), make)

    def host_equivalence_in(
        self, group: str, compiled: CompiledProblem, own: bool
    ) -> HostEquivalence:
        """Nothing where no link can be too narrow; else by the domains whose links can, and the host's own."""
        tight = self.tight(group, compiled)
        if not tight or self.to is not None:
            return HostEquivalence(level=None, pinned=bool(tight))
        return compiled.once(
            ("seen", group, id(self)),
            lambda: HostEquivalence(_parts(compiled, tight), sharing=HOST in tight),
        )

    def tells(self, group: str, compiled: CompiledProblem, share: Mapping[int, int]) -> Ints | None:
        """Tell hosts apart by what the share needs beyond what is free of the host's own links."""
        if HOST not in self.tight(group, compiled):
            return None
        cut = compiled.fleet.cut(HOST)
        rules = sharing(compiled) if self.told_hard else [(group, self)]
        need = sum(policy.alone(name, compiled, share) for name, policy in rules)
        over = np.maximum(0, need - cut.free) * cut.bounded
        return np.unique(over > 0 if self.hard else over, return_inverse=True)[1].astype(np.int64)

    def alone(self, group: str, compiled: CompiledProblem, share: Mapping[int, int]) -> int:
        """Give what a share, by member class, needs of a host's links where no other member of the group is on it."""
        if self.to is not None:
            return 0  # where it could need any, nothing is dropped
        inside = sum(
            share.get(member_class, 0) for member_class in compiled.member_classes_below(group)
        )
        return self.mbps * min(inside, compiled.problem.size(group) - inside)


def _parts(compiled: CompiledProblem, tight: Mapping[str, Mask]) -> str:
    """Part the hosts by the domains that they stand in of those that are marked, hosts themselves aside."""
    fleet = compiled.fleet
    label = np.zeros(len(fleet), dtype=np.int64)
    for level in [level for level in tight if level != HOST]:
        codes = fleet.codes(level)
        part = np.where((codes >= 0) & tight[level][codes], codes, -1)
        _, label = np.unique(label * (fleet.domains(level) + 1) + part, return_inverse=True)
    label = label.astype(np.int64)
    digest = blake2b(label.tobytes(), digest_size=16).hexdigest()
    return fleet.partition(f"bandwidth {digest}", lambda: label)


def sharing(compiled: CompiledProblem) -> list[tuple[str, Bandwidth]]:
    """Give the hard policies, with their groups, that share what is free of the links."""
    return [
        (rule.group, rule.policy)
        for rule in compiled.problem.rules
        if isinstance(rule.policy, Bandwidth) and rule.policy.told_hard
    ]


def crowded(compiled: CompiledProblem) -> dict[str, Mask]:
    """Give, by level, the domains whose links all hard policies together can overload, (D,) bool."""

    def make() -> dict[str, Mask]:
        rules, found = sharing(compiled), {}
        for level in (*compiled.fleet.levels, HOST) if rules else ():
            cut = compiled.fleet.cut(level)
            found[level] = cut.bounded & (
                sum(policy.peak(group, compiled, level) for group, policy in rules) > cut.free
            )
        return {level: which for level, which in found.items() if which.any()}

    return compiled.once("crowded links", make)
