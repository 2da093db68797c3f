"""Recoveries of a placement, loss by loss: each an ordinary solve of what the loss leaves.

For each loss the lost members are placed again, first in plain order, then by the pipeline. Where
not all find a place, a model counts the fewest that do not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from groupsolver.constraints.failures.losses import Loss, State
from groupsolver.constraints.failures.recovery import STEPS, Recovery, recover, sound
from groupsolver.constraints.failures.representative_losses import representative_losses
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.problem.view import View
from groupsolver.constraints.protocols.survivability import FailureModel
from groupsolver.constraints.rules import Rule
from groupsolver.model.application import Application
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.result import Placement, Witness
from groupsolver.model.value import INT64_MAX
from groupsolver.solver.budget import Budget, PartialBudget
from groupsolver.solver.exact.cp_sat import solve_hinted
from groupsolver.solver.incumbent import Assignment, Incumbent
from groupsolver.solver.lexicographic.tiers import Minimise
from groupsolver.solver.presolve.eligibility import find_eligibility
from groupsolver.solver.stage import SINGLE_STAGE
from groupsolver.solver.survivability.scenario import Scenario, fleet_without

MAX_QUICK_STEPS = 200  # members put down in plain order before a solver is asked
FIRST_PLACEMENT_GAP = 1e9  # a gap that every placement has: the first one ends the search
TIME_SHARE_PER_LOSS = 0.5  # share of the time left, for each loss


class _OutOfTimeError(Exception):
    """The time for losses is over."""

    def __init__(self, loss: Loss) -> None:
        self.loss = loss


class LossRecovery(NamedTuple):
    """A loss, and what is known of its recovery.

    Attributes
    ----------
    rule : Rule
        The rule of kind `survives` that the loss belongs to.
    loss, full_loss : Loss
        Without the domains that make no difference, and one with as many as fail together; see
        `groupsolver.constraints.failures.representative_losses`.
    recovery : Recovery
    """

    rule: Rule
    loss: Loss
    full_loss: Loss
    recovery: Recovery


class Recoveries:
    """Finds places for lost members, and remembers them for the next placement.

    Parameters
    ----------
    original : CompiledProblem
        The application as the user gave it.
    minimise : callable
        The pipeline.
    budget : Budget

    Attributes
    ----------
    witness : dict of str to dict of str to str
        By loss, the hosts of the lost members after it, of the last placement that was looked at.
    complete : bool
        Whether every loss of that placement was looked at, as far as losses were asked for.
    """

    def __init__(self, original: CompiledProblem, minimise: Minimise, budget: Budget) -> None:
        self._original = original
        self._minimise = minimise
        self._budget = budget
        self.witness: Witness = {}
        self.complete = True

    def of(
        self,
        rules: list[tuple[Rule, FailureModel]],
        view: View,
        limits: Mapping[Rule, int] | None = None,
        time_share: float = 1.0,
    ) -> Iterator[LossRecovery]:
        """Yield losses of a placement with their recoveries, enough of them to know all.

        Where the time is over before, the last is a loss of which nothing is known.

        Parameters
        ----------
        rules : list of (Rule, FailureModel)
        view : View
            The placement.
        limits : mapping of Rule to int, optional
            How many members may be without a place. The recovery of a loss is not
            looked into further once it is proved that there are more.
        time_share : float, default 1
            Share of the time left that all of them may take.
        """
        self.complete = True
        now = self._budget.elapsed()
        until = now + time_share * (self._budget.limits.seconds - now)
        state = State.of(view)

        @cache
        def fleet() -> CompiledFleet:  # a copy costs more than most recoveries, which need none
            filled = self._original.fleet.copy()
            for host in state.changed:
                filled.put(host)
            return filled

        for rule, (level, failures) in rules:
            limit = INT64_MAX if limits is None else limits.get(rule, INT64_MAX)

            # The defaults bind the values of this turn of the loop.
            def find(
                loss: Loss, group: str = rule.group, limit: int = limit
            ) -> tuple[Problem, Recovery]:
                if self._budget.elapsed() >= until:
                    raise _OutOfTimeError(loss)
                problem = state.after(group, loss)
                key = loss.key(group)
                known = self.witness.get(key, {})
                recovery = self._recover(problem, state, fleet, loss, known, limit)
                self.witness[key] = recovery.placement
                return problem, recovery

            try:
                for tried in representative_losses(rule.group, level, failures, view, find):
                    yield LossRecovery(rule, *tried)
            except _OutOfTimeError as error:
                self.complete = False
                unknown = Recovery(0, len(state.lost(rule.group, error.loss)), {})
                yield LossRecovery(rule, error.loss, error.loss, unknown)
                return

    def _recover(
        self,
        problem: Problem,
        state: State,
        fleet: Callable[[], CompiledFleet],
        loss: Loss,
        known: Mapping[str, str],
        limit: int,
    ) -> Recovery:
        """Place the lost members again, as many as can be, in four attempts of rising cost.

        Parameters
        ----------
        problem : Problem
            What the loss leaves, with the lost members to be placed.
        state : State
        fleet : callable
            Returns the fleet with what new members take.
        loss : Loss
        known : mapping of str to str
            Where members went after this loss of an earlier placement.
        limit : int
            See `of`.
        """
        lost = {member.id for member in problem.new_members}
        start = {id_: host for id_, host in known.items() if id_ in lost}
        best = recover(problem, start, MAX_QUICK_STEPS, self._is_over, loss.level)
        if _decided(best) or best.least > limit or self._budget.left() <= 0:
            return best
        left = fleet_without(fleet(), state.gone(loss))
        left.reserve(problem.hosts.reserved)
        left.replace_pools(problem.hosts.pools)
        compiled = CompiledProblem(Problem(problem.app, left.index), left)
        seconds = TIME_SHARE_PER_LOSS * self._budget.left()
        part = PartialBudget(self._budget, seconds, FIRST_PLACEMENT_GAP, quiet=True)
        if not best.least:
            best = self._place_all(compiled, best, part)
            if _decided(best) or best.least > limit:
                return best
        again = recover(problem, best.placement, STEPS, lambda: part.left() <= 0, loss.level)
        best = _combined(best, again)
        if _decided(best):
            return best
        return _combined(best, _fewest_unplaced(compiled, part))

    def _place_all(self, compiled: CompiledProblem, best: Recovery, part: Budget) -> Recovery:
        """Ask the pipeline for places of all lost members, or for a proof that one has none."""
        incumbent = Incumbent(compiled, "pack", part)
        possible = self._minimise(compiled, "pack", SINGLE_STAGE, incumbent, part)
        if incumbent.assignments is not None:
            placement, _ = incumbent.name_members(incumbent.assignments)
            return Recovery(0, 0, placement)
        least = best.least if possible else max(1, best.least)
        return Recovery(least, best.most, best.placement)

    def _is_over(self) -> bool:
        """Whether the time is over.

        A call that its watcher has stopped may still look whether its answer survives.
        """
        return self._budget.elapsed() >= self._budget.limits.seconds


def _decided(recovery: Recovery) -> bool:
    return recovery.least == recovery.most


def _combined(one: Recovery, other: Recovery) -> Recovery:
    """Return the better placement of two recoveries, and the better bound."""
    best = min(one, other, key=lambda recovery: recovery.most)
    return Recovery(max(one.least, other.least), best.most, best.placement)


def _fewest_unplaced(compiled: CompiledProblem, budget: Budget) -> Recovery:
    """Minimise how many members are left out, by a model of some of the policies.

    The model has the policies that leaving members out cannot break, so its bound holds for all.
    Its placement counts only where it keeps the others as well.
    """
    size = len(compiled.problem.new_members)
    app = _monotone_policies(compiled.problem.app)
    easier = CompiledProblem(Problem(app, compiled.fleet.index), compiled.fleet)
    most = find_eligibility(easier, "cost").max_members
    rows = [limits.nonzero()[0] for limits in most]
    most_there = [limits[at] for limits, at in zip(most, rows, strict=True)]
    builder = Scenario(easier, rows, most_there, compiled.problem.groups)
    builder.minimize_unplaced()
    until = budget.elapsed() + budget.left()
    outcome = solve_hinted(builder, rows, None, budget, until, 0.0)
    if outcome.placement is None:
        return Recovery(0, size, {})
    placement = _names(easier, outcome.placement)
    least = max(0, outcome.bound or 0)
    if not sound(compiled.problem, placement):
        return Recovery(least, size, {})
    return Recovery(least, size - len(placement), placement)


def _monotone_policies(app: Application[Any]) -> Application[Any]:
    """Return an application with its monotone policies alone."""
    groups = []
    for group in app.groups:
        policies = tuple(policy for policy in group.policies if policy.monotone)
        groups.append(group.model_copy(update={"policies": policies}))
    return app.model_copy(update={"groups": tuple(groups)})


def _names(compiled: CompiledProblem, assignment: list[Assignment]) -> Placement:
    """Return the hosts of the first members of each class: some may be left out."""
    ids = [iter(member_class.ids) for member_class in compiled.member_classes]
    return {next(ids[class_index]): compiled.fleet.names[row] for class_index, row in assignment}
