"""``near``: each member has one of another group close by."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from groupsolver.constraints.partial import Partial
from groupsolver.constraints.policy import Policy, Sees
from groupsolver.constraints.scene import Rule
from groupsolver.constraints.view import Placed, View
from groupsolver.model.compiled import Mask
from groupsolver.model.value import HOST, GroupName, LevelName

if TYPE_CHECKING:
    from groupsolver.constraints.encoding import Encoding


class Near(Policy):
    """Each member has a member of `group` in its domain of `level`.

    Measure: members without one; a member in no domain has none. As a hard policy it binds
    new members only. Source: dependency between services, ROADEF/EURO challenge 2012.
    """

    kind: Literal["near"] = "near"
    group: GroupName
    level: LevelName = HOST
    follows: ClassVar[bool] = True

    def describe(self, group: str) -> str:
        """Say the rule."""
        return f"each member of {group} has a member of {self.group} in its {self.level}"

    def _alone(self, group: str, view: View) -> list[Placed]:
        there = view.counts(self.group, self.level)
        return [member for member in view.members(group) if view.domain(member, self.level) not in there]

    def violations(self, group: str, view: View) -> int:
        """Count the members without one."""
        return len(self._alone(group, view))

    def broken(self, group: str, view: View, before: View) -> int:
        """Count the new members without one."""
        return sum(1 for member in self._alone(group, view) if member.new)

    def allowed(self, group: str, who: str, partial: Partial) -> Mask | None:
        """Give the domains of the other group; all domains while some of it is still to come."""
        if who not in partial.scene.below[group]:
            return None
        there = partial.counts(self.group, self.level) > 0
        if partial.left(self.group):
            there = np.ones_like(there)
        return partial.where(self.level, there, adrift=False)

    def encode(self, rule: Rule, enc: Encoding) -> None:
        """Let members stand only where the other group does."""
        used = enc.uses(self.group, self.level)
        alone = [enc.adrift(rule.group, self.level)]
        for code, count in enc.count(rule.group, self.level).items():
            if code not in used:
                alone.append(count)
            elif not used[code].const:
                alone.append(count.plus(used[code], -enc.high(count)))
                if self.hard:
                    enc.only_where(count, used[code])
        enc.require(rule, alone)

    def sees(self, own: bool) -> Sees:
        """On one host it ties two groups together; above, only the domain counts."""
        return Sees(pinned=True) if self.level == HOST else Sees(self.level)
