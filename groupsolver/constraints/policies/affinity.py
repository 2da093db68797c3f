"""``affinity``: members stand together in one domain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from groupsolver.constraints.policy import HostEquivalence, Policy, number
from groupsolver.constraints.problem.partial import Partial
from groupsolver.constraints.problem.problem import Rule
from groupsolver.constraints.problem.view import View
from groupsolver.model.compiled.compiled_fleet import Mask
from groupsolver.model.value import HOST, LevelName

if TYPE_CHECKING:
    from groupsolver.constraints.cp_model.model_builder import ModelBuilder
    from groupsolver.constraints.problem.conflict_facts import Facts

MAX_DOMAINS_NAMED = 3  # domains that are named


def domains_beyond(level: str, group: str, view: View) -> int:
    """Count the domains that a group uses beyond the first."""
    without_domain = view.without_domain(group, level)
    return max(0, len(view.counts(group, level)) + without_domain - 1, min(1, without_domain))


def domains_told(level: str, group: str, view: View) -> Iterator[str]:
    """Say in words which domains a group uses, and that members are in none."""
    used, without_domain = sorted(view.counts(group, level)), view.without_domain(group, level)
    if used:
        more = f" and {len(used) - MAX_DOMAINS_NAMED} more" if len(used) > MAX_DOMAINS_NAMED else ""
        yield f"they use {number(len(used), level)}: {', '.join(used[:MAX_DOMAINS_NAMED])}{more}"
    if without_domain:
        yield f"in no {level}: {number(without_domain, 'member')}"


def domains_open(level: str, group: str, partial: Partial) -> Mask:
    """Give the domains in use, and the others while one more may be used."""
    running = int(np.count_nonzero(partial.compiled.running(group, level)))
    without_domain = partial.compiled.running_without_domain(group, level)
    limit = max(0, running + without_domain - 1, min(1, without_domain))
    counts = partial.counts(group, level)
    another = np.count_nonzero(counts) + partial.without_domain(group, level) <= limit
    return partial.where(level, (counts > 0) | another, without_domain=bool(another and limit > 0))


def share_domain(level: str, rule: Rule, builder: ModelBuilder) -> None:
    """Count domains used; where none is yet, all members go to one domain or none does."""
    used, without_domain = (
        builder.domains_used(rule.group, level),
        builder.without_domain(rule.group, level),
    )
    if not rule.policy.hard:
        beyond = used.plus(-1)
        anywhere = without_domain.const > 0 or without_domain.vars
        builder.require(
            rule, [builder.largest([beyond, builder.some(without_domain)]) if anywhere else beyond]
        )
    elif used.const == 0:
        builder.together(rule.group, level)
    else:
        builder.require(rule, [used.plus(-1)], max(used.const - 1, min(1, without_domain.const)))


class Affinity(Policy):
    """All members of the group share one domain of `level`, by default one host.

    Measure: domains used - 1, a member in no domain being one of its own; and at least 1
    while any member is in no domain, since the policy cannot be satisfied there.

    Source: Nova's ``ServerGroupAffinityFilter``, here at any level.
    """

    kind: Literal["affinity"] = "affinity"
    level: LevelName = HOST
    monotone: ClassVar[bool] = True
    binds_whole: ClassVar[bool] = True

    def describe(self, group: str) -> str:
        """Say the rule."""
        return f"all members of {group} share one {self.level}"

    def violations(self, group: str, view: View) -> int:
        """Count the domains used beyond the first."""
        return domains_beyond(self.level, group, view)

    def excesses(self, group: str, view: View) -> Iterable[str]:
        """Name the domains that it uses."""
        return domains_told(self.level, group, view)

    def evidence(self, group: str, facts: Facts) -> str:
        """Say how many the roomiest domain takes."""
        return facts.roomiest(group, self.level)

    def allowed(self, group: str, who: str, partial: Partial) -> Mask | None:
        """Give the domains in use, and the others while one more may be used."""
        return domains_open(self.level, group, partial)

    def encode(self, rule: Rule, builder: ModelBuilder) -> None:
        """Count domains used; where none is yet, all members go to one domain or none does."""
        share_domain(self.level, rule, builder)

    def host_equivalence(self, own: bool) -> HostEquivalence:
        """On one host the share moves as one; above, only the domain counts."""
        return HostEquivalence(self.level, sharing=self.level == HOST)
