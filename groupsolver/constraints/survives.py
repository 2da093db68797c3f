"""``survives``: after a loss, every lost member finds a place again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, Literal

from groupsolver.constraints.losses import Loss, State, losses
from groupsolver.constraints.partial import Partial
from groupsolver.constraints.policy import Policy, number
from groupsolver.constraints.recovery import AGAIN, STEPS, Recovery, recover
from groupsolver.constraints.scene import Rule, Scene
from groupsolver.constraints.view import View
from groupsolver.model.compiled import Mask
from groupsolver.model.result import Placement
from groupsolver.model.value import HOST, LevelName, Positive

if TYPE_CHECKING:
    from groupsolver.constraints.encoding import Encoding


class Survives(Policy):
    """After the loss of any `failures` domains of `level`, all lost members of the group can be placed again.

    A loss is so many domains in which members of the group stand, or all of these where they are
    fewer. Their hosts are gone with all that runs there. What survives stays where it is, running;
    the lost members of the group, new or running, are placed again on what is left, by its room and
    all hard policies but `survives`, as `place` would. Lost members of other groups are gone.

    Measure: ``max(members that cannot be placed again after l for l in losses)``; of members on hosts in
    no domain of the level, none is lost. Where the checker does not get to the end of its search, it counts
    those that it found no place for.

    Source: recoverable robustness, Liebchen, Lübbecke, Möhring & Stiller (2009),
    doi:10.1007/978-3-642-05465-5_1: the recovery is a placement, and nothing that survives moves.
    """

    kind: Literal["survives"] = "survives"
    level: LevelName = HOST
    failures: Positive = 1
    asks_again: ClassVar[bool] = True

    def counted(self, group: str, scene: Scene) -> frozenset[str]:
        """Give all groups: whoever takes room takes it from the recovery."""
        return frozenset(scene.groups)

    def describe(self, group: str) -> str:
        """Say the rule."""
        what = self.level if self.failures == 1 else f"{self.failures} {self.level}s"
        return f"after the loss of any {what} in use, all members of {group} find a place again"

    def recoveries(self, group: str, view: View) -> list[tuple[Loss, Recovery]]:
        """Give each loss with what can be placed again after it; a witness in the view is looked at first."""

        def make() -> list[tuple[Loss, Recovery]]:
            state, found = State(view), []
            for loss in losses(group, self.level, self.failures, view):
                told = view.witness.get(loss.key(group))
                found.append(
                    (loss, recover(state.after(group, loss), told, AGAIN if told else STEPS, level=self.level))
                )
            return found

        return view.once(("recoveries", group, self.level, self.failures), make)

    def violations(self, group: str, view: View) -> int:
        """Count the members that find no place after the worst loss."""
        return max((found.most for _, found in self.recoveries(group, view)), default=0)

    def broken(self, group: str, view: View, before: View) -> int:
        """Give by how much more that is than of the running members alone, of which only what is proved is forgiven."""
        measure = self.violations(group, view)
        return measure and max(
            0, measure - max((found.least for _, found in self.recoveries(group, before)), default=0)
        )

    def excesses(self, group: str, view: View) -> Iterable[str]:
        """Name the losses after which members find no place, the worst first."""
        found = sorted(self.recoveries(group, view), key=lambda one: -one[1].most)
        state = State(view)
        return (
            f"after {loss} {found.most} of {number(len(state.lost(group, loss)), 'lost member')} "
            + ("cannot" if found.least == found.most else "could not be shown to")
            + " find a place"
            for loss, found in found
            if found.most
        )

    def witness(self, group: str, view: View) -> dict[str, Placement]:
        """Give, by loss, where lost members find a place."""
        return {loss.key(group): found.placement for loss, found in self.recoveries(group, view)}

    def allowed(self, group: str, who: str, partial: Partial) -> Mask | None:
        """Rule nothing out: it is looked at when all members are down."""
        return None

    def encode(self, rule: Rule, enc: Encoding) -> None:
        """Post nothing: `groupsolver.solver.survive` adds losses to a model, those that it needs."""

    def ceiling(self, members: int) -> int:
        """Give all members."""
        return members + 1
