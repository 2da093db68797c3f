"""``exclusive``: the group has its domains to itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from groupsolver.constraints.failures.emptied_domains import vacated
from groupsolver.constraints.policy import HostEquivalence, Policy
from groupsolver.constraints.problem.partial import Partial
from groupsolver.constraints.problem.problem import EVERYONE, Problem, Rule
from groupsolver.constraints.problem.view import View
from groupsolver.model.compiled.compiled_fleet import Mask
from groupsolver.model.value import HOST, LevelName

if TYPE_CHECKING:
    from groupsolver.constraints.cp_model.model_builder import ModelBuilder
    from groupsolver.constraints.problem.conflict_facts import Facts


class Exclusive(Policy):
    """In the domains of `level` that the group uses stands nothing else.

    Nothing else: no stranger, and no used capacity but that of running members that are none. With
    ``scope: group`` all members of other groups are strangers; with ``scope: tenant`` those of other
    projects' groups are (`Group.tenant_id`; groups that do not say are all of one project).
    Measure: domains shared. Hosts in no domain of the level are not bound.
    Source: dedicated hosts; Nova's ``AggregateMultiTenancyIsolation``, here by group or project.
    """

    kind: Literal["exclusive"] = "exclusive"
    level: LevelName = HOST
    scope: Literal["group", "tenant"] = "group"
    monotone: ClassVar[bool] = True
    counts_all_groups: ClassVar[bool] = True

    def counted(self, group: str, problem: Problem) -> frozenset[str]:
        """Give all groups: any may be the intruder."""
        return frozenset(problem.groups)

    def allowed_cohabitants(self, group: str, problem: Problem) -> str:
        """Give the group, or its project."""
        return group if self.scope == "group" else problem.project(group)

    def describe(self, group: str) -> str:
        """Say the rule."""
        alone = (
            f"nothing but {group}"
            if self.scope == "group"
            else f"nothing but the project of {group}"
        )
        return f"{alone} stands in a {self.level} where {group} does"

    def violations(self, group: str, view: View) -> int:
        """Count the domains that are shared."""
        return sum(1 for _ in self._shared(group, view))

    def _shared(self, group: str, view: View) -> Iterator[str]:
        allowed_cohabitants, level = self.allowed_cohabitants(group, view.problem), self.level
        # Counted once for all rules: where many groups are alone, each looks at its own domains only.
        everyone = view.once((Exclusive, EVERYONE, level), lambda: view.counts(EVERYONE, level))
        mine = view.counts(group, level)
        family = (
            mine
            if allowed_cohabitants == group
            else view.once(
                (Exclusive, allowed_cohabitants, level),
                lambda: view.counts(allowed_cohabitants, level),
            )
        )
        own: dict[str, dict[str, int]] = {}
        for there in view.problem.running(allowed_cohabitants) if mine else ():
            uses = own.setdefault(there.host, {})
            for name, amount in there.resources.items():
                uses[name] = uses.get(name, 0) + amount
        for domain in mine:
            if everyone[domain] > family[domain] or any(
                amount > own.get(host.name, {}).get(name, 0)
                for host in view.problem.hosts.hosts_in(level, domain)
                for name, amount in host.in_use().items()
            ):
                yield domain

    def excesses(self, group: str, view: View) -> Iterable[str]:
        """Name the domains that are shared."""
        return (f"{self.level} {domain} is shared" for domain in sorted(self._shared(group, view)))

    def sensitive_domains(
        self, group: str, after: View, level: str, more: int, *, worse: bool
    ) -> set[str | None]:
        """Give also those without which nothing is used in a domain."""
        if worse and not self.violations(group, after):
            return set()
        used = vacated(after, self.level, level, more, lambda host: any(host.in_use().values()))
        # At one level, what is lost is the domain itself.
        return super().sensitive_domains(group, after, level, more, worse=worse) | (
            set() if level == self.level else used
        )

    def evidence(self, group: str, facts: Facts) -> str:
        """Say how many domains have nothing else in them."""
        alien = facts.compiled.foreign(
            self.allowed_cohabitants(group, facts.compiled.problem), self.level
        )
        names = facts.domains(facts.hosts(group), self.level)
        free = [name for name in names if not alien[facts.compiled.fleet.code(self.level, name)]]
        has = "has" if len(free) < 2 else "have"
        return f"of those that members of {group} could stand in, {facts.told(self.level, free)} {has} nothing else"

    def allowed(self, group: str, who: str, partial: Partial) -> Mask | None:
        """Give domains with nothing else in them; to strangers, domains without the group."""
        compiled, level, below = partial.compiled, self.level, partial.problem.below
        allowed_cohabitants = self.allowed_cohabitants(group, partial.problem)
        if who in below[allowed_cohabitants] and who not in below[group]:
            return None
        alien = compiled.foreign(allowed_cohabitants, level)
        mine, strange = (
            compiled.running(group, level),
            compiled.running(EVERYONE, level) > compiled.running(allowed_cohabitants, level),
        )
        shared = (mine > 0) & (alien | strange)
        if who not in below[group]:
            free = partial.counts(group, level) == 0
        else:
            free = ~alien & (
                partial.counts(EVERYONE, level) == partial.counts(allowed_cohabitants, level)
            )
        return partial.where(level, free | shared)

    def encode(self, rule: Rule, builder: ModelBuilder) -> None:
        """Let the group or strangers use a domain, not both; they are there where capacity is used."""
        mine = builder.uses(rule.group, self.level)
        theirs = builder.others_use(
            self.allowed_cohabitants(rule.group, builder.compiled.problem), self.level
        )
        builder.require(rule, [mine[code].plus(theirs[code]) for code in mine if code in theirs], 1)

    def host_equivalence(self, own: bool) -> HostEquivalence:
        """Where sharing has a price, its own share of a host moves as one; above, only the domain counts."""
        apart = own and not self.hard and self.level == HOST
        return HostEquivalence(self.level, sharing=apart, splits_used=apart)
