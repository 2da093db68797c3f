"""``survives``: after a loss, every lost member finds a place again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Literal, Self

from groupsolver.constraints.failures.losses import Loss, State
from groupsolver.constraints.failures.recovery import AGAIN, STEPS, Recovery, recover
from groupsolver.constraints.failures.representative_losses import Tried, representative_losses
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.conflict_facts import Facts, Findings
from groupsolver.constraints.problem.findings import PlacesAfterLoss
from groupsolver.constraints.problem.partial import Partial
from groupsolver.constraints.problem.problem import EVERYONE, Problem
from groupsolver.constraints.problem.view import View
from groupsolver.constraints.protocols.checking import Forgiving, Witnessed
from groupsolver.constraints.protocols.conflicts import Evidence, HelpedBy, Relaxable, RestsOn
from groupsolver.constraints.protocols.fleet_validation import BoundedMeasure, NeedsLevel
from groupsolver.constraints.protocols.scope import GroupScope
from groupsolver.constraints.protocols.survivability import (
    CheckedAfterSolve,
    FailureModel,
    checked_after_solve,
)
from groupsolver.constraints.rules import rules_of
from groupsolver.model.compiled.arrays import Mask
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.model.result import Placement
from groupsolver.model.units import count_of
from groupsolver.model.value import HOST, LevelName, Positive

if TYPE_CHECKING:
    from groupsolver.constraints.cp_model.model_builder import ModelBuilder

MAX_DOMAINS_NAMED = 5  # domains that are named


class Survives(
    Policy,
    CheckedAfterSolve,
    GroupScope,
    Forgiving,
    Witnessed,
    BoundedMeasure,
    NeedsLevel,
    HelpedBy,
    RestsOn,
    Relaxable,
    Evidence,
):
    """After the loss of any `failures` domains of `level`, all members lost find a place again.

    A loss is any so many domains, with members of the group or without; all, where the fleet has
    fewer. Their hosts are gone with all that runs there. What survives stays where it is, running;
    the lost members of the group, new or running, are placed again on what is left, by its room
    and all hard policies but `survives`, as `place` would. Lost members of other groups are gone.

    Measure: ``max(members that cannot be placed again after l for l in losses)``; of members on
    hosts in no domain of the level, none is lost. Where the checker does not get to the end of its
    search, it counts those that it found no place for.

    The witness has the losses of `representative_losses`: where it names fewer than `failures`
    domains, the same placement serves each loss of these and others that play no part.

    Source: recoverable robustness, Liebchen, Lübbecke, Möhring & Stiller (2009),
    doi:10.1007/978-3-642-05465-5_1: the recovery is a placement, and nothing that survives moves.
    """

    kind: Literal["survives"] = "survives"
    level: LevelName = HOST
    failures: Positive = 1

    @property
    def failure_model(self) -> FailureModel:
        """Its level and its failures."""
        return FailureModel(self.level, self.failures)

    def counted_groups(self, group: str, problem: Problem) -> frozenset[str]:
        """Return all groups: every member that takes room takes it from the recovery."""
        return problem.below[EVERYONE]

    def describe(self, group: str) -> str:
        """Return the rule in words."""
        what = self.level if self.failures == 1 else f"{self.failures} {self.level}s"
        return f"after the loss of any {what}, all members of {group} find a place again"

    def recoveries(self, group: str, view: View) -> list[Tried]:
        """Return losses with what can be placed again after them.

        A witness in the view is tried first.
        """
        state = State.of(view)

        def find(loss: Loss) -> tuple[Problem, Recovery]:
            problem = state.after(group, loss)
            given = view.witness.get(loss.key(group))
            steps = AGAIN if given else STEPS
            return problem, recover(problem, given, steps, level=self.level)

        return view.once(
            ("recoveries", group, self.level, self.failures),
            lambda: list(representative_losses(group, self.level, self.failures, view, find)),
        )

    def violations(self, group: str, view: View) -> int:
        """Count the members that find no place after the worst loss."""
        return max((tried.found.most for tried in self.recoveries(group, view)), default=0)

    def broken(self, group: str, view: View, before: View) -> int:
        """Return by how much the measure exceeds what is proved of the running members alone."""
        measure = self.violations(group, view)
        if not measure:
            return 0
        proved = [tried.found.least for tried in self.recoveries(group, before)]
        return max(0, measure - max(proved, default=0))

    def excesses(self, group: str, view: View) -> Iterable[str]:
        """Name the losses after which members find no place, the worst first."""
        state = State.of(view)
        worst_first = sorted(self.recoveries(group, view), key=lambda tried: -tried.found.most)
        for tried in worst_first:
            found = tried.found
            if found.most:
                lost = count_of(len(state.lost(group, tried.whole)), "lost member")
                proved = found.least == found.most
                cannot = "cannot" if proved else "could not be shown to"
                yield f"after {tried.whole} {found.most} of {lost} {cannot} find a place"

    def witness(self, group: str, view: View) -> dict[str, Placement]:
        """Return, by loss, where lost members find a place."""
        return {
            tried.loss.key(group): tried.found.placement for tried in self.recoveries(group, view)
        }

    def allowed(self, group: str, member_group: str, partial: Partial) -> Mask | None:
        """Rule nothing out: it is looked at when all members are down."""
        return None

    def encode(self, group: str, builder: ModelBuilder) -> None:
        """Post nothing: `solver.survivability.cutting` adds the losses that a model needs."""

    def measure_ceiling(self, hosts: HostIndex, members: int) -> int:
        """Return all members."""
        return members + 1

    # Conflicts.

    def helped_by(self, group: str, problem: Problem) -> frozenset[str]:
        """Return none: a member that is left out takes no room.

        All, where something is forgiven to running members.
        """
        return self.counted_groups(group, problem) if _forgiven(problem) else frozenset()

    def rests_on(self, group: str, other: Policy, other_group: str, problem: Problem) -> bool:
        """Return whether something is forgiven: without another rule that may be less."""
        return not checked_after_solve(other) and _forgiven(problem)

    def groups_rested_on(self, group: str, problem: Problem) -> Collection[str]:
        """Return all groups where something is forgiven."""
        return problem.groups if _forgiven(problem) else ()

    def weaker_versions(self, group: str, problem: Problem) -> Iterator[Self]:
        """Yield fewer failures, down to one; no more domains fail than there are.

        Where a rule looks at who else is lost, fewer failures may at times be no easier.
        """
        together = min(self.failures, problem.hosts.number_of_domains(self.level))
        for failures in range(together - 1, 0, -1):
            yield self.model_copy(update={"failures": failures})

    def evidence(self, group: str, facts: Facts) -> Findings:
        """Return how many places are left without the roomiest domains, where these are too few."""
        members = facts.new(group)
        lost, left = facts.without(group, self.level, self.failures)
        if lost and left < members:
            return (PlacesAfterLoss(self.level, lost, left, members),)
        return facts.could(self.level, group) if members else ()


def _forgiven(problem: Problem) -> bool:
    """Return whether running members alone break a hard rule: part of what follows is forgiven."""
    running = View(problem, {})
    return bool(problem.running_members) and any(
        rule.policy.violations(rule.group, running) for rule in rules_of(problem).hard
    )
