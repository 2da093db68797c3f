"""``apart-from``: two groups share no domain."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, Literal

from groupsolver.constraints.policy import HostEquivalence, Policy
from groupsolver.constraints.problem.partial import Partial
from groupsolver.constraints.problem.problem import Problem, Rule
from groupsolver.constraints.problem.view import View
from groupsolver.model.compiled.compiled_fleet import Mask
from groupsolver.model.value import HOST, GroupName, LevelName

if TYPE_CHECKING:
    from groupsolver.constraints.cp_model.model_builder import ModelBuilder
    from groupsolver.constraints.problem.conflict_facts import Facts


class ApartFrom(Policy):
    """No domain of `level` holds members of both this group and `group`.

    Measure: domains shared. Hosts in no domain of the level are not bound.
    Source: Nova's ``DifferentHostFilter``, between groups; Kubernetes' inter-pod anti-affinity.
    """

    kind: Literal["apart-from"] = "apart-from"
    group: GroupName
    level: LevelName = HOST
    monotone: ClassVar[bool] = True

    def describe(self, group: str) -> str:
        """Say the rule."""
        return f"no {self.level} holds members of both {group} and {self.group}"

    def violations(self, group: str, view: View) -> int:
        """Count the domains that both stand in."""
        return len(
            view.counts(group, self.level).keys() & view.counts(self.group, self.level).keys()
        )

    def excesses(self, group: str, view: View) -> Iterable[str]:
        """Name the domains that both stand in."""
        shared = view.counts(group, self.level).keys() & view.counts(self.group, self.level).keys()
        return (f"{self.level} {name} holds both" for name in sorted(shared))

    def evidence(self, group: str, facts: Facts) -> str:
        """Say where members of either group could stand."""
        return facts.could(self.level, group, self.group)

    def allowed(self, group: str, who: str, partial: Partial) -> Mask | None:
        """Give the domains without the other group, and those that running members share already."""
        problem, level = partial.problem, self.level
        shared = (partial.compiled.running(group, level) > 0) & (
            partial.compiled.running(self.group, level) > 0
        )
        free = partial.counts(self.group, level) == 0
        if who not in problem.below[group]:
            free = partial.counts(group, level) == 0
        elif who in problem.below[self.group]:  # it stands below both: wherever it goes is shared
            free[:] = False
        return partial.where(level, free | shared)

    def rivals(self, group: str, problem: Problem) -> tuple[tuple[str, ...], int]:
        """Give the two groups: one of them has a domain."""
        return (group, self.group), 1

    def encode(self, rule: Rule, builder: ModelBuilder) -> None:
        """Let one of the two use a domain, not both."""
        mine, theirs = builder.uses(rule.group, self.level), builder.uses(self.group, self.level)
        builder.require(rule, [mine[code].plus(theirs[code]) for code in mine if code in theirs], 1)

    def host_equivalence(self, own: bool) -> HostEquivalence:
        """An untouched host is shared with nobody; above, only the domain counts."""
        return HostEquivalence(self.level)
