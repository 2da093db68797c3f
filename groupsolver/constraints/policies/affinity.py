"""``affinity``: members run together in one domain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal

import numpy as np

from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.conflict_facts import Facts, Findings
from groupsolver.constraints.problem.partial import Partial
from groupsolver.constraints.problem.view import View
from groupsolver.constraints.protocols.conflicts import Evidence
from groupsolver.constraints.protocols.optional_members import SameForAnySize
from groupsolver.constraints.protocols.presolve import HostEquivalence, HostSymmetry
from groupsolver.constraints.protocols.relaxation import KeepsTogether
from groupsolver.model.compiled.arrays import Mask
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.units import count_of, shortened
from groupsolver.model.value import HOST, LevelName

if TYPE_CHECKING:
    from groupsolver.constraints.cp_model.model_builder import ModelBuilder

MAX_DOMAINS_NAMED = 3  # domains that are named


def domains_beyond(level: str, group: str, view: View) -> int:
    """Count the domains that a group uses beyond the first."""
    without_domain = view.without_domain(group, level)
    used = len(view.counts(group, level)) + without_domain
    return max(0, used - 1, min(1, without_domain))


def domains_in_words(level: str, group: str, view: View) -> Iterator[str]:
    """Yield in words which domains a group uses, and that members are in none."""
    used = sorted(view.counts(group, level))
    if used:
        named = shortened(used, MAX_DOMAINS_NAMED)
        yield f"they use {count_of(len(used), level)}: {named}"
    without_domain = view.without_domain(group, level)
    if without_domain:
        yield f"in no {level}: {count_of(without_domain, 'member')}"


def domains_open(level: str, group: str, partial: Partial) -> Mask:
    """Return the hosts in domains in use, and all while one more may be used, (U,) bool."""
    running = int(np.count_nonzero(partial.compiled.running(group, level)))
    without_domain = partial.compiled.running_without_domain(group, level)
    limit = max(0, running + without_domain - 1, min(1, without_domain))
    counts = partial.counts(group, level)
    used = np.count_nonzero(counts) + partial.without_domain(group, level)
    another = used <= limit
    return partial.where(level, (counts > 0) | another, without_domain=bool(another and limit > 0))


def share_domain(policy: Policy, level: str, group: str, builder: ModelBuilder) -> None:
    """Count domains used; where none is yet, put all members into one."""
    used = builder.domains_used(group, level)
    without_domain = builder.without_domain(group, level)
    beyond = used.plus(-1)
    if not policy.hard:
        anywhere = without_domain.const > 0 or without_domain.vars
        if anywhere:
            beyond = builder.largest([beyond, builder.some(without_domain)])
        builder.require(policy, [beyond])
    elif used.const == 0:
        builder.together(group, level)
    else:
        builder.require(policy, [beyond], max(used.const - 1, min(1, without_domain.const)))


class Affinity(Policy, HostSymmetry, KeepsTogether, SameForAnySize, Evidence):
    """All members of the group share one domain of `level`, by default one host.

    Measure: domains used - 1, a member in no domain being one of its own; and at least 1
    while any member is in no domain, since the policy cannot be satisfied there.

    Source: Nova's ``ServerGroupAffinityFilter``, here at any level.
    """

    kind: Literal["affinity"] = "affinity"
    level: LevelName = HOST

    @property
    def monotone(self) -> bool:
        """Leaving members out never raises the measure."""
        return True

    def describe(self, group: str) -> str:
        """Return the rule in words."""
        return f"all members of {group} share one {self.level}"

    def violations(self, group: str, view: View) -> int:
        """Count the domains used beyond the first."""
        return domains_beyond(self.level, group, view)

    def excesses(self, group: str, view: View) -> Iterable[str]:
        """Name the domains that it uses."""
        return domains_in_words(self.level, group, view)

    def allowed(self, group: str, member_group: str, partial: Partial) -> Mask | None:
        """Return the domains in use, and the others while one more may be used."""
        return domains_open(self.level, group, partial)

    def encode(self, group: str, builder: ModelBuilder) -> None:
        """Count domains used; where none is yet, put all members into one."""
        share_domain(self, self.level, group, builder)

    def host_equivalence(self, group: str, compiled: CompiledProblem, own: bool) -> HostEquivalence:
        """Return that only the domain counts; on one host the share moves as one."""
        return HostEquivalence(self.level, sharing=self.level == HOST)

    def keeps_together(self, fleet: CompiledFleet) -> bool:
        """Return that it does."""
        return True

    def evidence(self, group: str, facts: Facts) -> Findings:
        """Return how many the roomiest domain takes."""
        return facts.roomiest(group, self.level)
