"""``exclusive``: the group has its domains to itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from groupsolver.constraints.failures.emptied_domains import vacated
from groupsolver.constraints.policy import Policy, Sees
from groupsolver.constraints.problem.partial import Partial
from groupsolver.constraints.problem.problem import EVERYONE, Rule, Scene
from groupsolver.constraints.problem.view import View
from groupsolver.model.compiled.compiled_fleet import Mask
from groupsolver.model.value import HOST, LevelName

if TYPE_CHECKING:
    from groupsolver.constraints.cp_model.model_builder import Encoding
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
    of_all: ClassVar[bool] = True

    def counted(self, group: str, scene: Scene) -> frozenset[str]:
        """Give all groups: any may be the intruder."""
        return frozenset(scene.groups)

    def kin(self, group: str, scene: Scene) -> str:
        """Give the group, or its project."""
        return group if self.scope == "group" else scene.project(group)

    def describe(self, group: str) -> str:
        """Say the rule."""
        alone = f"nothing but {group}" if self.scope == "group" else f"nothing but the project of {group}"
        return f"{alone} stands in a {self.level} where {group} does"

    def violations(self, group: str, view: View) -> int:
        """Count the domains that are shared."""
        return sum(1 for _ in self._shared(group, view))

    def _shared(self, group: str, view: View) -> Iterator[str]:
        kin, level = self.kin(group, view.scene), self.level
        # Counted once for all rules: where many groups are alone, each looks at its own domains only.
        everyone = view.once((Exclusive, EVERYONE, level), lambda: view.counts(EVERYONE, level))
        mine = view.counts(group, level)
        family = mine if kin == group else view.once((Exclusive, kin, level), lambda: view.counts(kin, level))
        own: dict[str, dict[str, int]] = {}
        for there in view.scene.running(kin) if mine else ():
            uses = own.setdefault(there.host, {})
            for name, amount in there.resources.items():
                uses[name] = uses.get(name, 0) + amount
        for domain in mine:
            if everyone[domain] > family[domain] or any(
                amount > own.get(host.name, {}).get(name, 0)
                for host in view.scene.hosts.hosts_in(level, domain)
                for name, amount in host.in_use().items()
            ):
                yield domain

    def excesses(self, group: str, view: View) -> Iterable[str]:
        """Name the domains that are shared."""
        return (f"{self.level} {domain} is shared" for domain in sorted(self._shared(group, view)))

    def minds(self, group: str, after: View, level: str, more: int, *, worse: bool) -> set[str | None]:
        """Give also those without which nothing is used in a domain."""
        if worse and not self.violations(group, after):
            return set()
        used = vacated(after, self.level, level, more, lambda host: any(host.in_use().values()))
        # At one level, what is lost is the domain itself.
        return super().minds(group, after, level, more, worse=worse) | (set() if level == self.level else used)

    def evidence(self, group: str, facts: Facts) -> str:
        """Say how many domains have nothing else in them."""
        alien = facts.ground.foreign(self.kin(group, facts.ground.scene), self.level)
        names = facts.domains(facts.hosts(group), self.level)
        free = [name for name in names if not alien[facts.ground.fleet.code(self.level, name)]]
        has = "has" if len(free) < 2 else "have"
        return f"of those that members of {group} could stand in, {facts.told(self.level, free)} {has} nothing else"

    def allowed(self, group: str, who: str, partial: Partial) -> Mask | None:
        """Give domains with nothing else in them; to strangers, domains without the group."""
        ground, level, below = partial.ground, self.level, partial.scene.below
        kin = self.kin(group, partial.scene)
        if who in below[kin] and who not in below[group]:
            return None
        alien = ground.foreign(kin, level)
        mine, strange = ground.running(group, level), ground.running(EVERYONE, level) > ground.running(kin, level)
        shared = (mine > 0) & (alien | strange)
        if who not in below[group]:
            free = partial.counts(group, level) == 0
        else:
            free = ~alien & (partial.counts(EVERYONE, level) == partial.counts(kin, level))
        return partial.where(level, free | shared)

    def encode(self, rule: Rule, enc: Encoding) -> None:
        """Let the group or strangers use a domain, not both; they are there where capacity is used."""
        mine = enc.uses(rule.group, self.level)
        theirs = enc.others_use(self.kin(rule.group, enc.ground.scene), self.level)
        enc.require(rule, [mine[code].plus(theirs[code]) for code in mine if code in theirs], 1)

    def sees(self, own: bool) -> Sees:
        """Where sharing has a price, its own share of a host moves as one; above, only the domain counts."""
        apart = own and not self.hard and self.level == HOST
        return Sees(self.level, sharing=apart, splits_used=apart)
