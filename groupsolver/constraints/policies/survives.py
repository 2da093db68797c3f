"""``survives``: after a loss, every lost member finds a place again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from groupsolver.constraints.failures.losses import Loss, State
from groupsolver.constraints.failures.recovery import AGAIN, STEPS, Recovery, recover
from groupsolver.constraints.failures.representative_losses import Tried, enough
from groupsolver.constraints.policy import Policy, number
from groupsolver.constraints.problem.partial import Partial
from groupsolver.constraints.problem.problem import Problem, Rule
from groupsolver.constraints.problem.view import View
from groupsolver.model.compiled.compiled_fleet import Mask
from groupsolver.model.result import Placement
from groupsolver.model.units import joined
from groupsolver.model.value import HOST, LevelName, Positive

if TYPE_CHECKING:
    from groupsolver.constraints.cp_model.model_builder import ModelBuilder
    from groupsolver.constraints.problem.conflict_facts import Facts

MAX_DOMAINS_NAMED = 5  # domains that are named


class Survives(Policy):
    """After the loss of any `failures` domains of `level`, all lost members of the group can be placed again.

    A loss is any so many domains, with members of the group or without; all, where the fleet has fewer.
    Their hosts are gone with all that runs there. What survives stays where it is, running;
    the lost members of the group, new or running, are placed again on what is left, by its room and
    all hard policies but `survives`, as `place` would. Lost members of other groups are gone.

    Measure: ``max(members that cannot be placed again after l for l in losses)``; of members on hosts in
    no domain of the level, none is lost. Where the checker does not get to the end of its search, it counts
    those that it found no place for.

    The witness has the losses of `enough`: where it names fewer than `failures` domains, the same placement
    serves each loss of these and others that play no part.

    Source: recoverable robustness, Liebchen, Lübbecke, Möhring & Stiller (2009),
    doi:10.1007/978-3-642-05465-5_1: the recovery is a placement, and nothing that survives moves.
    """

    kind: Literal["survives"] = "survives"
    level: LevelName = HOST
    failures: Positive = 1
    checked_after_solve: ClassVar[bool] = True

    def counted(self, group: str, problem: Problem) -> frozenset[str]:
        """Give all groups: whoever takes room takes it from the recovery."""
        return frozenset(problem.groups)

    def helped_by(self, group: str, problem: Problem) -> frozenset[str]:
        """Give nobody: who is left out takes no room; all, where running members have something forgiven."""
        return self.counted(group, problem) if _forgiven(problem) else frozenset()

    def rests_on(self, group: str, other: Rule, problem: Problem) -> bool:
        """Whether running members have something forgiven: without another rule that may be less."""
        return not other.policy.checked_after_solve and _forgiven(problem)

    def describe(self, group: str) -> str:
        """Say the rule."""
        what = self.level if self.failures == 1 else f"{self.failures} {self.level}s"
        return f"after the loss of any {what}, all members of {group} find a place again"

    def recoveries(self, group: str, view: View) -> list[Tried]:
        """Give losses with what can be placed again after them; a witness in the view is looked at first."""

        def make() -> list[Tried]:
            state = State(view)

            def find(loss: Loss) -> tuple[Problem, Recovery]:
                problem, told = state.after(group, loss), view.witness.get(loss.key(group))
                return problem, recover(problem, told, AGAIN if told else STEPS, level=self.level)

            return list(enough(group, self.level, self.failures, view, find))

        return view.once(("recoveries", group, self.level, self.failures), make)

    def violations(self, group: str, view: View) -> int:
        """Count the members that find no place after the worst loss."""
        return max((tried.found.most for tried in self.recoveries(group, view)), default=0)

    def broken(self, group: str, view: View, before: View) -> int:
        """Give by how much more that is than of the running members alone, of which only what is proved is forgiven."""
        measure = self.violations(group, view)
        return measure and max(
            0,
            measure
            - max((tried.found.least for tried in self.recoveries(group, before)), default=0),
        )

    def excesses(self, group: str, view: View) -> Iterable[str]:
        """Name the losses after which members find no place, the worst first."""
        found = sorted(self.recoveries(group, view), key=lambda tried: -tried.found.most)
        state = State(view)
        return (
            f"after {loss} {found.most} of {number(len(state.lost(group, loss)), 'lost member')} "
            + ("cannot" if found.least == found.most else "could not be shown to")
            + " find a place"
            for _, loss, found in found
            if found.most
        )

    def witness(self, group: str, view: View) -> dict[str, Placement]:
        """Give, by loss, where lost members find a place."""
        return {
            tried.loss.key(group): tried.found.placement for tried in self.recoveries(group, view)
        }

    def eased(self, group: str, problem: Problem) -> Iterator[Self]:
        """Give fewer failures, down to one; where a rule minds who else is lost, that may at times be no easier."""
        for failures in range(self.failures - 1, 0, -1):
            yield self.model_copy(update={"failures": failures})

    def evidence(self, group: str, facts: Facts) -> str:
        """Say how many places are left without the roomiest domains, where these are too few."""
        members, (lost, left) = facts.new(group), facts.without(group, self.level, self.failures)
        if not lost or left >= members:
            return facts.could(self.level, group) if members else ""
        several = len(lost) > 1
        what = self.level + "s" * several
        if facts.reveal:
            what += f" {joined(lost, MAX_DOMAINS_NAMED)}"
        else:
            what = "the roomiest " + f"{len(lost)} " * several + what
        places = "there is 1 place" if left == 1 else f"there are {left} places"
        return f"without {what} {places} for {number(members, 'new member')}"

    def allowed(self, group: str, who: str, partial: Partial) -> Mask | None:
        """Rule nothing out: it is looked at when all members are down."""
        return None

    def encode(self, rule: Rule, builder: ModelBuilder) -> None:
        """Post nothing: `groupsolver.solver.survivability.cutting` adds losses to a model, those that it needs."""

    def ceiling(self, members: int) -> int:
        """Give all members."""
        return members + 1


def _forgiven(problem: Problem) -> bool:
    """Whether running members alone break a hard rule: of what follows from it, part is forgiven."""
    running = View(problem, {})
    return bool(problem.running_members) and any(
        rule.policy.violations(rule.group, running) for rule in problem.hard()
    )
