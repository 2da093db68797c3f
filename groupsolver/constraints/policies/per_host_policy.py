"""Policies that look at each member and its host alone: `admits` is all their meaning."""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterable
from typing import TYPE_CHECKING

from groupsolver.constraints.eligibility import suits
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.conflict_facts import Facts, Findings
from groupsolver.constraints.problem.findings import SuitableHosts
from groupsolver.constraints.problem.partial import Partial
from groupsolver.constraints.problem.view import View
from groupsolver.constraints.protocols.conflicts import Evidence
from groupsolver.constraints.protocols.host_filters import HostFilter
from groupsolver.constraints.protocols.optional_members import SameForAnySize
from groupsolver.constraints.protocols.presolve import HostEquivalence, HostSymmetry
from groupsolver.model.compiled.arrays import Mask

if TYPE_CHECKING:
    from groupsolver.constraints.cp_model.model_builder import ModelBuilder


class PerHostPolicy(Policy, HostFilter, HostSymmetry, SameForAnySize, Evidence, ABC):
    """A policy of which `admits` and `mask` are all the meaning.

    A subclass writes these and `describe`.
    """

    @property
    def monotone(self) -> bool:
        """Leaving members out never raises the measure."""
        return True

    def violations(self, group: str, view: View) -> int:
        """Count the members on hosts that do not suit."""
        return sum(1 for member in view.members(group) if not self.admits(view.host(member)))

    def excesses(self, group: str, view: View) -> Iterable[str]:
        """Name the members on hosts that do not suit."""
        for member in view.members(group):
            if not self.admits(view.host(member)):
                yield f"{member.id} is on {member.host}"

    def allowed(self, group: str, member_group: str, partial: Partial) -> Mask | None:
        """Return the hosts that suit."""
        return suits(partial.compiled, self)[partial.rows]

    def encode(self, group: str, builder: ModelBuilder) -> None:
        """Count the members on hosts that do not suit."""
        builder.require(self, [builder.members_on(group, ~suits(builder.compiled, self))])

    def evidence(self, group: str, facts: Facts) -> Findings:
        """Return where the hosts are that suit and that would have room, this rule aside."""
        if not facts.new(group):
            return ()
        hosts = facts.hosts(group, self) & suits(facts.compiled, self)
        spoken = bool(facts.levels(group))
        return (SuitableHosts(group, facts.places(hosts, group), spoken),)

    def host_equivalence(self, group: str, compiled: CompiledProblem, own: bool) -> HostEquivalence:
        """Return nothing beyond the host's own price and eligibility."""
        return HostEquivalence(level=None)
