"""``affinity`` and ``network-proximity`` by level: members stand together."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from groupsolver.constraints.partial import Partial
from groupsolver.constraints.policy import Policy, Sees
from groupsolver.constraints.scene import Rule
from groupsolver.constraints.view import View
from groupsolver.model.compiled import Mask
from groupsolver.model.value import HOST, LevelName

if TYPE_CHECKING:
    from groupsolver.constraints.encoding import Encoding


class Together(Policy):
    """All members of the group share one domain of `level`.

    Measure: domains used - 1, a member in no domain being one of its own; and at least 1
    while any member is in no domain, since the policy cannot be satisfied there.
    """

    level: LevelName
    monotone: ClassVar[bool] = True
    binds_whole: ClassVar[bool] = True

    def describe(self, group: str) -> str:
        """Say the rule."""
        return f"all members of {group} share one {self.level}"

    def violations(self, group: str, view: View) -> int:
        """Count the domains used beyond the first."""
        adrift = view.adrift(group, self.level)
        return max(0, len(view.counts(group, self.level)) + adrift - 1, min(1, adrift))

    def allowed(self, group: str, who: str, partial: Partial) -> Mask | None:
        """Give the domains in use, and the others while one more may be used."""
        running = int(np.count_nonzero(partial.ground.running(group, self.level)))
        adrift = partial.ground.running_adrift(group, self.level)
        limit = max(0, running + adrift - 1, min(1, adrift))
        counts = partial.counts(group, self.level)
        another = np.count_nonzero(counts) + partial.adrift(group, self.level) <= limit
        return partial.where(self.level, (counts > 0) | another, adrift=bool(another and limit > 0))

    def encode(self, rule: Rule, enc: Encoding) -> None:
        """Count domains used; where none is yet, all members go to one domain or none does."""
        used, adrift = enc.domains_used(rule.group, self.level), enc.adrift(rule.group, self.level)
        if not self.hard:
            beyond = used.plus(-1)
            anywhere = adrift.const > 0 or adrift.vars
            enc.require(rule, [enc.largest([beyond, enc.some(adrift)]) if anywhere else beyond])
        elif used.const == 0:
            enc.together(rule.group, self.level)
        else:
            enc.require(rule, [used.plus(-1)], max(used.const - 1, min(1, adrift.const)))

    def sees(self, own: bool) -> Sees:
        """On one host the share moves as one; above, only the domain counts."""
        return Sees(self.level, sharing=self.level == HOST)


class Affinity(Together):
    """All members of the group share one domain of `level`, by default one host.

    Source: Nova's ``ServerGroupAffinityFilter``, here at any level.
    """

    kind: Literal["affinity"] = "affinity"
    level: LevelName = HOST


class NetworkProximity(Together):
    """All members of the group share one domain of `level`: they are near on the network.

    Source: the proposal *Nova Instance Grouping API* (OpenStack, 2014).
    """

    kind: Literal["network-proximity"] = "network-proximity"

    def describe(self, group: str) -> str:
        """Say the rule."""
        return f"all members of {group} are near each other: in one {self.level}"
