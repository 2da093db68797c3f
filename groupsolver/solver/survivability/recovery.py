"""Recoveries of a placement, loss by loss: each an ordinary solve of what the loss leaves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from groupsolver.constraints.failures.losses import Loss, State
from groupsolver.constraints.failures.recovery import STEPS, Recovery, recover, sound
from groupsolver.constraints.failures.representative_losses import enough
from groupsolver.constraints.policies.survives import Survives
from groupsolver.constraints.problem.compiled_problem import Ground
from groupsolver.constraints.problem.problem import Rule, Scene
from groupsolver.constraints.problem.view import View
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.result import Placement, Witness
from groupsolver.model.value import INT64_MAX
from groupsolver.solver.budget import Part, Run
from groupsolver.solver.exact.cp_sat import solved
from groupsolver.solver.incumbent import Incumbent
from groupsolver.solver.lexicographic.tiers import Minimise
from groupsolver.solver.presolve.eligibility import survey
from groupsolver.solver.stage import WHOLE
from groupsolver.solver.survivability.scenario import Scenario, without

QUICK = 200  # members put down in plain order before a solver is asked
ANY = 1e9  # a gap that every placement has: the first will do
EACH = 0.5  # of the time left, for each loss


class Fall(NamedTuple):
    """A loss, and what is known of its recovery; see `groupsolver.constraints.failures.representative_losses`."""

    rule: Rule
    loss: Loss
    whole: Loss
    found: Recovery


class Recoveries:
    """Finds places for lost members, and remembers them for the next placement.

    Parameters
    ----------
    told : Ground
    minimise : callable
        The pipeline.
    run : Run
    """

    def __init__(self, told: Ground, minimise: Minimise, run: Run) -> None:
        self._told = told
        self._minimise = minimise
        self._run = run
        self.witness: Witness = {}

    def of(
        self, rules: list[tuple[Rule, Survives]], view: View, limits: Mapping[int, int] | None = None
    ) -> Iterator[Fall]:
        """Give losses of a placement with their recoveries, enough to know all.

        Parameters
        ----------
        limits : mapping of int to int, optional
            By id of a rule: how many members may be nowhere. Once it is proved that more are, no more is asked.
        """
        state, fleet = State(view), self._told.fleet.copy()
        for host in state.changed:
            fleet.update(host)
        for rule, policy in rules:
            limit = (limits or {}).get(id(rule), INT64_MAX)

            def find(loss: Loss, group: str = rule.group, limit: int = limit) -> tuple[Scene, Recovery]:
                scene, key = state.after(group, loss), loss.key(group)
                found = self._one(scene, state, fleet, loss, self.witness.get(key, {}), limit)
                self.witness[key] = found.placement
                return scene, found

            for tried in enough(rule.group, policy.level, policy.failures, view, find):
                yield Fall(rule, *tried)

    def _one(
        self, scene: Scene, state: State, fleet: CompiledFleet, loss: Loss, known: Mapping[str, str], limit: int
    ) -> Recovery:
        lost = {member.id for member in scene.batch}
        told = {id_: host for id_, host in known.items() if id_ in lost}
        found = recover(scene, told, QUICK, self._late, loss.level)
        if found.least == found.most or found.least > limit or self._run.left() <= 0:
            return found
        left = without(fleet, state.gone(loss))
        left.reserve(scene.hosts.reserved)
        ground = Ground(Scene(scene.app, left.index), left)
        part = Part(self._run, EACH * self._run.left(), ANY, quiet=True)
        if not found.least:
            best = Incumbent(ground, "pack", part)
            possible = self._minimise(ground, "pack", WHOLE, best, part)
            if best.stands is not None:
                return Recovery(0, 0, best.named(best.stands)[0])
            found = Recovery(found.least if possible else max(1, found.least), found.most, found.placement)
            if found.least > limit:
                return found
        found = _better(found, recover(scene, found.placement, STEPS, lambda: part.left() <= 0, loss.level))
        return found if found.least == found.most else _better(found, self._fewest(ground, part))

    def _late(self) -> bool:
        """Whether the time is over; a run that is stopped may still look whether its answer survives."""
        return self._run.elapsed() >= self._run.limits.seconds

    @staticmethod
    def _fewest(ground: Ground, run: Run) -> Recovery:
        """Bound how many are left out by a model of the policies that leaving out cannot break."""
        size = len(ground.scene.batch)
        groups = [
            one.model_copy(update={"policies": tuple(policy for policy in one.policies if policy.monotone)})
            for one in ground.scene.app.groups
        ]
        app = ground.scene.app.model_copy(update={"groups": tuple(groups)})
        easier = Ground(Scene(app, ground.fleet.index), ground.fleet)
        most = survey(easier, "cost").most
        rows = [there.nonzero()[0] for there in most]
        enc = Scenario(easier, rows, [there[at] for there, at in zip(most, rows, strict=True)], ground.scene.groups)
        enc.model.minimize(sum(enc.left.vars))
        answer = solved(enc, rows, None, run, run.elapsed() + run.left(), 0.0)
        if answer.placement is None:
            return Recovery(0, size, {})
        ids = {number: iter(lot.ids) for number, lot in enumerate(easier.lots)}
        placement: Placement = {next(ids[lot]): ground.fleet.names[row] for lot, row in answer.placement}
        least = max(0, answer.bound or 0)
        return (
            Recovery(least, size - len(placement), placement)
            if sound(ground.scene, placement)
            else Recovery(least, size, {})
        )


def _better(one: Recovery, other: Recovery) -> Recovery:
    best = min(one, other, key=lambda found: found.most)
    return Recovery(max(one.least, other.least), best.most, best.placement)
