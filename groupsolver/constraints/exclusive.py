"""``exclusive``: the group has its domains to itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from groupsolver.constraints.partial import Partial
from groupsolver.constraints.policy import Policy, Sees
from groupsolver.constraints.scene import EVERYONE, Rule, Scene
from groupsolver.constraints.view import View, count_domains
from groupsolver.model.compiled import Mask
from groupsolver.model.value import HOST, LevelName

if TYPE_CHECKING:
    from groupsolver.constraints.encoding import Encoding


class Exclusive(Policy):
    """In the domains of `level` that the group uses stands nothing else.

    Nothing else: no member of another group, no used capacity but its own running members'.
    Measure: domains shared. Hosts in no domain of the level are not bound.
    Source: dedicated hosts; Nova's ``AggregateMultiTenancyIsolation``, here by group.
    """

    kind: Literal["exclusive"] = "exclusive"
    level: LevelName = HOST
    scope: Literal["group"] = "group"
    monotone: ClassVar[bool] = True
    of_all: ClassVar[bool] = True

    def counted(self, group: str, scene: Scene) -> frozenset[str]:
        """Give all groups: any may be the intruder."""
        return frozenset(scene.groups)

    def describe(self, group: str) -> str:
        """Say the rule."""
        return f"nothing but {group} stands in a {self.level} where {group} does"

    def violations(self, group: str, view: View) -> int:
        """Count the domains that are shared."""
        own: dict[str, dict[str, int]] = {}
        for there in view.scene.running(group):
            uses = own.setdefault(there.host, {})
            for name, amount in there.resources.items():
                uses[name] = uses.get(name, 0) + amount
        others = count_domains(view, view.others(group), self.level)
        return sum(
            1
            for domain in view.counts(group, self.level)
            if domain in others
            or any(
                amount > own.get(host.name, {}).get(name, 0)
                for host in view.scene.hosts.hosts_in(self.level, domain)
                for name, amount in host.used.items()
            )
        )

    def allowed(self, group: str, who: str, partial: Partial) -> Mask | None:
        """Give domains with nothing else in them; to others, domains without the group."""
        ground, level = partial.ground, self.level
        alien = ground.foreign(group, level)
        everyone, mine = ground.running(EVERYONE, level), ground.running(group, level)
        shared = (mine > 0) & (alien | (everyone > mine))
        if who not in partial.scene.below[group]:
            free = partial.counts(group, level) == 0
        else:
            free = ~alien & (partial.counts(EVERYONE, level) == partial.counts(group, level))
        return partial.where(level, free | shared)

    def encode(self, rule: Rule, enc: Encoding) -> None:
        """Let the group or others use a domain, not both; others are there where capacity is used."""
        mine, theirs = enc.uses(rule.group, self.level), enc.others_use(rule.group, self.level)
        enc.require(rule, [mine[code].plus(theirs[code]) for code in mine if code in theirs], 1)

    def sees(self, own: bool) -> Sees:
        """Where sharing has a price, its own share of a host moves as one; above, only the domain counts."""
        apart = own and not self.hard and self.level == HOST
        return Sees(self.level, sharing=apart, splits_used=apart)
