"""Recoveries of a placement, loss by loss: each an ordinary solve of what the loss leaves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from groupsolver.constraints.failures.losses import Loss, State
from groupsolver.constraints.failures.recovery import STEPS, Recovery, recover, sound
from groupsolver.constraints.failures.representative_losses import representative_losses
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.problem.view import View
from groupsolver.constraints.protocols.survivability import FailureModel
from groupsolver.constraints.rules import Rule
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.result import Placement, Witness
from groupsolver.model.value import INT64_MAX
from groupsolver.solver.budget import Budget, PartialBudget
from groupsolver.solver.exact.cp_sat import solved
from groupsolver.solver.incumbent import Incumbent
from groupsolver.solver.lexicographic.tiers import Minimise
from groupsolver.solver.presolve.eligibility import find_eligibility
from groupsolver.solver.stage import SINGLE_STAGE
from groupsolver.solver.survivability.scenario import Scenario, without

QUICK = 200  # members put down in plain order before a solver is asked
FIRST_PLACEMENT_GAP = 1e9  # a gap that every placement has: the first will do
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
    told : CompiledProblem
    minimise : callable
        The pipeline.
    run : Run
    """

    def __init__(self, told: CompiledProblem, minimise: Minimise, budget: Budget) -> None:
        self._told = told
        self._minimise = minimise
        self._budget = budget
        self.witness: Witness = {}

    def of(
        self,
        rules: list[tuple[Rule, FailureModel]],
        view: View,
        limits: Mapping[int, int] | None = None,
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
        for rule, (level, failures) in rules:
            limit = (limits or {}).get(id(rule), INT64_MAX)

            def find(
                loss: Loss, group: str = rule.group, limit: int = limit
            ) -> tuple[Problem, Recovery]:
                problem, key = state.after(group, loss), loss.key(group)
                found = self._one(problem, state, fleet, loss, self.witness.get(key, {}), limit)
                self.witness[key] = found.placement
                return problem, found

            for tried in representative_losses(rule.group, level, failures, view, find):
                yield Fall(rule, *tried)

    def _one(
        self,
        problem: Problem,
        state: State,
        fleet: CompiledFleet,
        loss: Loss,
        known: Mapping[str, str],
        limit: int,
    ) -> Recovery:
        lost = {member.id for member in problem.new_members}
        told = {id_: host for id_, host in known.items() if id_ in lost}
        found = recover(problem, told, QUICK, self._late, loss.level)
        if found.least == found.most or found.least > limit or self._budget.left() <= 0:
            return found
        left = without(fleet, state.gone(loss))
        left.reserve(problem.hosts.reserved)
        compiled = CompiledProblem(Problem(problem.app, left.index), left)
        part = PartialBudget(
            self._budget, EACH * self._budget.left(), FIRST_PLACEMENT_GAP, quiet=True
        )
        if not found.least:
            best = Incumbent(compiled, "pack", part)
            possible = self._minimise(compiled, "pack", SINGLE_STAGE, best, part)
            if best.assignments is not None:
                return Recovery(0, 0, best.name_members(best.assignments)[0])
            found = Recovery(
                found.least if possible else max(1, found.least), found.most, found.placement
            )
            if found.least > limit:
                return found
        found = _better(
            found, recover(problem, found.placement, STEPS, lambda: part.left() <= 0, loss.level)
        )
        return found if found.least == found.most else _better(found, self._fewest(compiled, part))

    def _late(self) -> bool:
        """Whether the time is over; a run that is stopped may still look whether its answer survives."""
        return self._budget.elapsed() >= self._budget.limits.seconds

    @staticmethod
    def _fewest(compiled: CompiledProblem, budget: Budget) -> Recovery:
        """Bound how many are left out by a model of the policies that leaving out cannot break."""
        size = len(compiled.problem.new_members)
        groups = [
            one.model_copy(
                update={"policies": tuple(policy for policy in one.policies if policy.monotone)}
            )
            for one in compiled.problem.app.groups
        ]
        app = compiled.problem.app.model_copy(update={"groups": tuple(groups)})
        easier = CompiledProblem(Problem(app, compiled.fleet.index), compiled.fleet)
        most = find_eligibility(easier, "cost").max_members
        rows = [there.nonzero()[0] for there in most]
        builder = Scenario(
            easier,
            rows,
            [there[at] for there, at in zip(most, rows, strict=True)],
            compiled.problem.groups,
        )
        builder.model.minimize(sum(builder.left.vars))
        answer = solved(builder, rows, None, budget, budget.elapsed() + budget.left(), 0.0)
        if answer.placement is None:
            return Recovery(0, size, {})
        ids = {
            number: iter(member_class.ids)
            for number, member_class in enumerate(easier.member_classes)
        }
        placement: Placement = {
            next(ids[member_class]): compiled.fleet.names[row]
            for member_class, row in answer.placement
        }
        least = max(0, answer.bound or 0)
        return (
            Recovery(least, size - len(placement), placement)
            if sound(compiled.problem, placement)
            else Recovery(least, size, {})
        )


def _better(one: Recovery, other: Recovery) -> Recovery:
    best = min(one, other, key=lambda found: found.most)
    return Recovery(max(one.least, other.least), best.most, best.placement)
