"""``exclusive``: the group has its domains to itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal

from groupsolver.constraints.failures.domains_emptied_by_loss import emptied_domains
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.compiled_problem import CompiledProblem, used_by
from groupsolver.constraints.problem.conflict_facts import Facts, Findings
from groupsolver.constraints.problem.findings import DomainsWithNothingElse
from groupsolver.constraints.problem.partial import Partial
from groupsolver.constraints.problem.problem import EVERYONE
from groupsolver.constraints.problem.view import View
from groupsolver.constraints.protocols.conflicts import DependsOnUsage, Evidence
from groupsolver.constraints.protocols.exclusivity import Exclusivity, allowed_cohabitants
from groupsolver.constraints.protocols.optional_members import SameForAnySize
from groupsolver.constraints.protocols.presolve import HostEquivalence, HostSymmetry
from groupsolver.constraints.protocols.survivability import LossSensitive, domains_of_counted
from groupsolver.model.compiled.arrays import Mask
from groupsolver.model.value import HOST, LevelName

if TYPE_CHECKING:
    from groupsolver.constraints.cp_model.model_builder import ModelBuilder


class Exclusive(
    Policy,
    Exclusivity,
    HostSymmetry,
    LossSensitive,
    SameForAnySize,
    DependsOnUsage,
    Evidence,
):
    """In the domains of `level` that the group uses runs nothing else.

    Nothing else: no stranger, and no used capacity but that of running members that are none. With
    ``scope: group`` all members of other groups are strangers; with ``scope: tenant`` those of
    other projects' groups are (`Group.tenant_id`; groups that name none are all of one project).

    Measure: domains shared. Hosts in no domain of the level are not bound.

    Source: dedicated hosts; Nova's ``AggregateMultiTenancyIsolation``, here by group or project.
    """

    kind: Literal["exclusive"] = "exclusive"
    level: LevelName = HOST
    scope: Literal["group", "tenant"] = "group"

    @property
    def monotone(self) -> bool:
        """Leaving members out never raises the measure."""
        return True

    @property
    def exclusive_level(self) -> str:
        """Its level."""
        return self.level

    @property
    def admits_project(self) -> bool:
        """Whether its scope is the project."""
        return self.scope == "tenant"

    def describe(self, group: str) -> str:
        """Return the rule in words."""
        alone = f"the project of {group}" if self.admits_project else group
        return f"nothing but {alone} runs in a {self.level} where {group} does"

    def violations(self, group: str, view: View) -> int:
        """Count the domains that are shared."""
        return sum(1 for _ in self._shared(group, view))

    def _counts(self, group: str, view: View) -> Counter[str]:
        # Counted once for all rules: where many groups are exclusive, each looks at its own
        # domains only.
        key = ("exclusive", group, self.level)
        return view.once(key, lambda: view.counts(group, self.level))

    def _shared(self, group: str, view: View) -> Iterator[str]:
        """Yield the domains of the group in which something else is."""
        mine = view.counts(group, self.level)
        if not mine:
            return
        cohabitants = allowed_cohabitants(self, group, view.problem)
        everyone = self._counts(EVERYONE, view)
        admitted = mine if cohabitants == group else self._counts(cohabitants, view)
        own = used_by(view.problem, cohabitants)
        for domain in mine:
            hosts = view.problem.hosts.hosts_in(self.level, domain)
            foreign_use = any(
                amount > own.get(host.name, {}).get(name, 0)
                for host in hosts
                for name, amount in host.in_use().items()
            )
            if everyone[domain] > admitted[domain] or foreign_use:
                yield domain

    def excesses(self, group: str, view: View) -> Iterable[str]:
        """Name the domains that are shared."""
        return (f"{self.level} {domain} is shared" for domain in sorted(self._shared(group, view)))

    def allowed(self, group: str, member_group: str, partial: Partial) -> Mask | None:
        """Return domains with nothing else in them; for strangers, domains without the group."""
        compiled, level = partial.compiled, self.level
        cohabitants = allowed_cohabitants(self, group, partial.problem)
        own = member_group in partial.problem.below[group]
        if not own and member_group in partial.problem.below[cohabitants]:
            return None
        used = compiled.foreign(cohabitants, level)
        strangers_run = compiled.running(EVERYONE, level) > compiled.running(cohabitants, level)
        # Domains that running members share already forbid nothing.
        shared = (compiled.running(group, level) > 0) & (used | strangers_run)
        if own:
            everyone = partial.counts(EVERYONE, level)
            free = ~used & (everyone == partial.counts(cohabitants, level))
        else:
            free = partial.counts(group, level) == 0
        return partial.where(level, free | shared)

    def encode(self, group: str, builder: ModelBuilder) -> None:
        """Allow the group or strangers in a domain, not both; used capacity is a stranger too."""
        mine = builder.uses(group, self.level)
        cohabitants = allowed_cohabitants(self, group, builder.compiled.problem)
        theirs = builder.others_use(cohabitants, self.level)
        both = [mine[code].plus(theirs[code]) for code in mine if code in theirs]
        builder.require(self, both, 1)

    def host_equivalence(self, group: str, compiled: CompiledProblem, own: bool) -> HostEquivalence:
        """Return that only the domain counts, above host.

        Where sharing a host has a price, the members of the group on it move as one.
        """
        apart = own and not self.hard and self.level == HOST
        return HostEquivalence(self.level, sharing=apart, splits_used=apart)

    def sensitive_domains(
        self, group: str, after: View, level: str, more: int, *, worse: bool
    ) -> set[str | None]:
        """Return also those without which nothing is used in a domain."""
        if worse and not self.violations(group, after):
            return set()
        found = domains_of_counted(self, group, after, level, worse=worse)
        if level == self.level:
            return found  # what is lost is the domain itself
        return found | emptied_domains(
            after, self.level, level, more, lambda host: any(host.in_use().values())
        )

    def evidence(self, group: str, facts: Facts) -> Findings:
        """Return how many domains have nothing else in them."""
        compiled = facts.compiled
        if not facts.new(group):
            return ()
        cohabitants = allowed_cohabitants(self, group, compiled.problem)
        strangers_run = compiled.running(EVERYONE, self.level) > compiled.running(
            cohabitants, self.level
        )
        shared = compiled.foreign(cohabitants, self.level) | strangers_run
        names = facts.domains(facts.hosts(group), self.level)
        free = [name for name in names if not shared[compiled.fleet.code(self.level, name)]]
        return (DomainsWithNothingElse(group, self.level, tuple(free), facts.runs(group)),)
