"""``near``: each member has one of another group close by."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import model_validator

from groupsolver.constraints.policies.distance_policy import DistancePolicy
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.conflict_facts import Facts, Findings
from groupsolver.constraints.problem.partial import Partial
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.problem.view import PlacedMember, View
from groupsolver.constraints.protocols.checking import Forgiving
from groupsolver.constraints.protocols.conflicts import Evidence, HelpedBy
from groupsolver.constraints.protocols.heuristic import FollowsTarget
from groupsolver.constraints.protocols.optional_members import SameForAnySize
from groupsolver.constraints.protocols.presolve import HostEquivalence, HostSymmetry
from groupsolver.model.compiled.arrays import Mask
from groupsolver.model.value import HOST, GroupName

if TYPE_CHECKING:
    from groupsolver.constraints.cp_model.model_builder import ModelBuilder


class Near(
    DistancePolicy, Forgiving, HostSymmetry, FollowsTarget, SameForAnySize, HelpedBy, Evidence
):
    """Each member has a member of `group` close by.

    In its domain of `level`, or within a bound on the network graph.

    At most one of `level`, `max_hops` and `max_latency_us`; none of them: `level` is ``host``.
    Measure: members without one; a member in no domain, or that no path joins to one, has none. As
    a hard policy it binds new members only.

    Source: dependency between services, ROADEF/EURO challenge 2012.
    """

    kind: Literal["near"] = "near"
    group: GroupName

    @model_validator(mode="before")
    @classmethod
    def _on_one_host(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        keys = ("level", "max_hops", "max_latency_us")
        given = any(data.get(key) is not None for key in keys)
        return data if given else {**data, "level": HOST}

    def describe(self, group: str) -> str:
        """Return the rule in words."""
        where = f"in its {self.level}" if self.level is not None else f"at most {self.within} away"
        return f"each member of {group} has a member of {self.group} {where}"

    def _alone(self, group: str, view: View) -> list[PlacedMember]:
        """Return the members without one of the other group."""
        members = view.members(group)
        if self.level is not None:
            there = view.counts(self.group, self.level)
            return [member for member in members if view.domain(member, self.level) not in there]
        theirs = {member.host for member in view.members(self.group)}
        mine = {member.host for member in members}
        served = {host for host in mine if any(self.near(host, other, view) for other in theirs)}
        return [member for member in members if member.host not in served]

    def violations(self, group: str, view: View) -> int:
        """Count the members without one."""
        return len(self._alone(group, view))

    def broken(self, group: str, view: View, before: View) -> int:
        """Count the new members without one."""
        return sum(1 for member in self._alone(group, view) if member.new)

    def excesses(self, group: str, view: View) -> Iterable[str]:
        """Name the members without one."""
        return (f"{member.id} on {member.host} has none" for member in self._alone(group, view))

    def allowed(self, group: str, member_group: str, partial: Partial) -> Mask | None:
        """Return the domains of the other group, or what is near to it.

        While some of the other group is still to come: all.
        """
        if member_group not in partial.problem.below[group]:
            return None
        level = self.level_on(partial.compiled.fleet)
        near = self.nearness(partial.compiled.fleet)
        there = partial.counts(self.group, level) > 0
        if partial.left(self.group):
            there = np.ones_like(there)
        elif near is not None:
            there = near.reached(there)
        return partial.where(level, there, without_domain=False)

    def encode(self, group: str, builder: ModelBuilder) -> None:
        """Allow members only where the other group is, or near to it."""
        level = self.level_on(builder.compiled.fleet)
        near = self.nearness(builder.compiled.fleet)
        used = builder.uses(self.group, level)
        zones = np.array([*used], dtype=np.int64)
        alone = [builder.without_domain(group, level)]
        for code, count in builder.count(group, level).items():
            if near is None or near.equivalence:
                beside = [code]
            else:
                beside = zones[near.of(code)[zones]].tolist()
            served = builder.any_of([used[other] for other in beside if other in used])
            if served is None:
                alone.append(count)
            elif not served.const:
                bound = count
                if self.hard:
                    builder.only_where(count, served)
                    bound = count.plus(-count.const)  # running members are not bound
                alone.append(bound.plus(served, -builder.high(bound)))
        builder.require(self, alone)

    def host_equivalence(self, group: str, compiled: CompiledProblem, own: bool) -> HostEquivalence:
        """Return that only the domain or the zone counts; on one host it ties two groups."""
        if self.level == HOST:
            return HostEquivalence(pinned=True)
        # Hosts of one zone are as near to all others; a host that is a zone of its own stays.
        return HostEquivalence(self.level or self.level_on(compiled.fleet))

    def helped_by(self, group: str, problem: Problem) -> frozenset[str]:
        """Return the other group: its members are what is looked for."""
        return problem.below[self.group]

    def evidence(self, group: str, facts: Facts) -> Findings:
        """Return where members of either group could run."""
        if self.level is None:
            return ()
        return facts.could(self.level, group, self.group)
