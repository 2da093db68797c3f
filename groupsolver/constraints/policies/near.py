"""``near``: each member has one of another group close by."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import model_validator

from groupsolver.constraints.policies.distance_policy import ByDistance
from groupsolver.constraints.policy import HostEquivalence
from groupsolver.constraints.problem.partial import Partial
from groupsolver.constraints.problem.problem import Problem, Rule
from groupsolver.constraints.problem.view import PlacedMember, View
from groupsolver.model.compiled.compiled_fleet import CompiledFleet, Mask
from groupsolver.model.value import HOST, GroupName

if TYPE_CHECKING:
    from groupsolver.constraints.cp_model.model_builder import ModelBuilder
    from groupsolver.constraints.problem.conflict_facts import Facts


class Near(ByDistance):
    """Each member has a member of `group` in its domain of `level`, or so near on the network graph.

    At most one of `level`, `max_hops` and `max_latency_us`; none of them: `level` is ``host``.
    Measure: members without one; a member in no domain, or that no path joins to one, has none. As a
    hard policy it binds new members only.

    Source: dependency between services, ROADEF/EURO challenge 2012.
    """

    kind: Literal["near"] = "near"
    group: GroupName
    follows: ClassVar[bool] = True

    @model_validator(mode="before")
    @classmethod
    def _on_one_host(cls, data: Any) -> Any:
        told = isinstance(data, dict) and any(
            data.get(key) is not None for key in ("level", "max_hops", "max_latency_us")
        )
        return data if told or not isinstance(data, dict) else {**data, "level": HOST}

    def helped_by(self, group: str, problem: Problem) -> frozenset[str]:
        """Give the other group: its members are what is looked for."""
        return problem.below[self.group]

    def describe(self, group: str) -> str:
        """Say the rule."""
        where = f"in its {self.level}" if self.level is not None else f"at most {self.within} away"
        return f"each member of {group} has a member of {self.group} {where}"

    def _alone(self, group: str, view: View) -> list[PlacedMember]:
        if self.level is not None:
            there = view.counts(self.group, self.level)
            return [
                member
                for member in view.members(group)
                if view.domain(member, self.level) not in there
            ]
        theirs = {member.host for member in view.members(self.group)}
        mine = {member.host for member in view.members(group)}
        served = {host for host in mine if any(self.near(host, other, view) for other in theirs)}
        return [member for member in view.members(group) if member.host not in served]

    def violations(self, group: str, view: View) -> int:
        """Count the members without one."""
        return len(self._alone(group, view))

    def broken(self, group: str, view: View, before: View) -> int:
        """Count the new members without one."""
        return sum(1 for member in self._alone(group, view) if member.new)

    def excesses(self, group: str, view: View) -> Iterable[str]:
        """Name the members without one."""
        return (f"{member.id} on {member.host} has none" for member in self._alone(group, view))

    def evidence(self, group: str, facts: Facts) -> str:
        """Say where members of either group could stand."""
        if self.level is None:
            return ""
        return facts.could(self.level, group, self.group)

    def allowed(self, group: str, who: str, partial: Partial) -> Mask | None:
        """Give the domains of the other group, or what is near; all while some of it is still to come."""
        if who not in partial.problem.below[group]:
            return None
        level, near = self.level_on(partial.compiled.fleet), self.nearness(partial.compiled.fleet)
        there = partial.counts(self.group, level) > 0
        if partial.left(self.group):
            there = np.ones_like(there)
        elif near is not None:
            there = near.reached(there)
        return partial.where(level, there, without_domain=False)

    def encode(self, rule: Rule, builder: ModelBuilder) -> None:
        """Let members stand only where the other group does, or near to it."""
        level, near = self.level_on(builder.compiled.fleet), self.nearness(builder.compiled.fleet)
        used = builder.uses(self.group, level)
        alone = [builder.without_domain(rule.group, level)]
        zones = np.array([*used], dtype=np.int64)
        for code, count in builder.count(rule.group, level).items():
            beside = (
                [code] if near is None or near.equivalence else zones[near.of(code)[zones]].tolist()
            )
            served = builder.any_of([used[other] for other in beside if other in used])
            if served is None:
                alone.append(count)
            elif not served.const:
                alone.append(count.plus(served, -builder.high(count)))
                if self.hard:
                    builder.only_where(count, served)
        builder.require(rule, alone)

    def host_equivalence(self, own: bool) -> HostEquivalence:
        """On one host it ties two groups together; above, only the domain counts."""
        return (
            HostEquivalence(pinned=True)
            if self.level in (None, HOST)
            else HostEquivalence(self.level)
        )

    def host_equivalence_on(self, fleet: CompiledFleet, own: bool) -> HostEquivalence:
        """Hosts of one zone are as near to all others; where a host is a zone of its own, it stays."""
        return (
            self.host_equivalence(own)
            if self.bound is None
            else HostEquivalence(self.level_on(fleet))
        )
