"""``apart-from``: two groups share no domain."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.conflict_facts import Facts, Findings
from groupsolver.constraints.problem.partial import Partial
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.problem.view import View
from groupsolver.constraints.protocols.conflicts import Evidence
from groupsolver.constraints.protocols.optional_members import SameForAnySize
from groupsolver.constraints.protocols.presolve import HostEquivalence, HostSymmetry
from groupsolver.constraints.protocols.relaxation import MutualExclusion
from groupsolver.model.compiled.arrays import Mask
from groupsolver.model.value import HOST, GroupName, LevelName

if TYPE_CHECKING:
    from groupsolver.constraints.cp_model.model_builder import ModelBuilder


class ApartFrom(Policy, HostSymmetry, MutualExclusion, SameForAnySize, Evidence):
    """No domain of `level` holds members of both this group and `group`.

    Measure: domains shared. Hosts in no domain of the level are not bound.
    Source: Nova's ``DifferentHostFilter``, between groups; Kubernetes' inter-pod anti-affinity.
    """

    kind: Literal["apart-from"] = "apart-from"
    group: GroupName
    level: LevelName = HOST

    @property
    def monotone(self) -> bool:
        """Leaving members out never raises the measure."""
        return True

    def describe(self, group: str) -> str:
        """Return the rule in words."""
        return f"no {self.level} holds members of both {group} and {self.group}"

    def _shared(self, group: str, view: View) -> set[str]:
        mine = view.counts(group, self.level)
        theirs = view.counts(self.group, self.level)
        return mine.keys() & theirs.keys()

    def violations(self, group: str, view: View) -> int:
        """Count the domains with members of both."""
        return len(self._shared(group, view))

    def excesses(self, group: str, view: View) -> Iterable[str]:
        """Name the domains with members of both."""
        return (f"{self.level} {name} holds both" for name in sorted(self._shared(group, view)))

    def allowed(self, group: str, member_group: str, partial: Partial) -> Mask | None:
        """Return the domains without the other group, and those that both share already."""
        problem = partial.problem
        runs_here = partial.compiled.running(group, self.level) > 0
        other_runs_here = partial.compiled.running(self.group, self.level) > 0
        if member_group not in problem.below[group]:
            free = partial.counts(group, self.level) == 0
        elif member_group not in problem.below[self.group]:
            free = partial.counts(self.group, self.level) == 0
        else:  # below both: it shares whatever domain it goes to
            free = runs_here & False
        return partial.where(self.level, free | (runs_here & other_runs_here))

    def encode(self, group: str, builder: ModelBuilder) -> None:
        """Allow one of the two use a domain, not both."""
        mine = builder.uses(group, self.level)
        theirs = builder.uses(self.group, self.level)
        both = [mine[code].plus(theirs[code]) for code in mine if code in theirs]
        builder.require(self, both, 1)

    def host_equivalence(self, group: str, compiled: CompiledProblem, own: bool) -> HostEquivalence:
        """Return that only the domain counts; an untouched host is shared with nobody."""
        return HostEquivalence(self.level)

    def mutually_exclusive_groups(
        self, group: str, problem: Problem
    ) -> tuple[tuple[str, ...], int]:
        """Return the two groups: one of them has a domain."""
        return (group, self.group), 1

    def evidence(self, group: str, facts: Facts) -> Findings:
        """Return where members of either group could run."""
        return facts.could(self.level, group, self.group)
