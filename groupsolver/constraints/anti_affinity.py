"""``anti-affinity``: members keep apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from groupsolver.constraints.partial import Partial
from groupsolver.constraints.policy import Policy, Sees, number
from groupsolver.constraints.scene import Rule
from groupsolver.constraints.view import View
from groupsolver.model.compiled import Ints, Mask
from groupsolver.model.value import HOST, INT64_MAX, LevelName, Positive

if TYPE_CHECKING:
    from groupsolver.constraints.encoding import Encoding


class AntiAffinity(Policy):
    """No domain of `level` holds more than `max_per_domain` members of the group.

    Measure: ``sum(max(0, members in d - max_per_domain) for d in domains)``. Hosts in no
    domain of the level are not bound.

    Source: Nova's ``ServerGroupAntiAffinityFilter`` with ``max_server_per_host``, here at any level.
    """

    kind: Literal["anti-affinity"] = "anti-affinity"
    level: LevelName = HOST
    max_per_domain: Positive = 1
    monotone: ClassVar[bool] = True

    def describe(self, group: str) -> str:
        """Say the rule."""
        return f"no {self.level} holds more than {number(self.max_per_domain, 'member')} of {group}"

    def violations(self, group: str, view: View) -> int:
        """Count members above the limit, over all domains."""
        return sum(max(0, count - self.max_per_domain) for count in view.counts(group, self.level).values())

    def allowed(self, group: str, who: str, partial: Partial) -> Mask | None:
        """Give the domains below their limit."""
        return partial.spread_out(self.level, partial.counts(group, self.level), adrift=0) < self.max_per_domain

    def room(self, group: str, partial: Partial) -> Ints:
        """Give what is left of the limit in each host's domain."""
        counts = partial.counts(group, self.level)
        left = np.maximum(0, self.max_per_domain - partial.spread_out(self.level, counts, adrift=0))
        return np.where(partial.codes(self.level) >= 0, left, INT64_MAX)

    def encode(self, rule: Rule, enc: Encoding) -> None:
        """Bound the count in each domain."""
        enc.require(rule, list(enc.count(rule.group, self.level).values()), self.max_per_domain)

    def sees(self, own: bool) -> Sees:
        """An untouched domain has room for a member, whichever it is."""
        return Sees(self.level, free_entry=True)
