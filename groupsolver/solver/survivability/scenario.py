"""Scenarios: what is left after one loss, as part of a model of the placement.

Of each member class of the group that survives, the members on a host after the loss are those that
were there and those that came. So every policy posts itself over them by its own `encode`::

    placed[db, h0] = 2, h1 = 0, h2 = 1       before the loss of h0
    after[db, h1] >= 0, after[db, h2] >= 1   members of h2 stay
    after[db, h1] + after[db, h2] + unplaced = 3

What a scenario leaves out makes it easier, never harder: policies that are better off with more
members, those that ask the network, and those that running members break already. Where it is too
easy, the placement that it lets pass fails the test afterwards.

Source: scenarios that are added as they are needed, Zeng & Zhao (2013),
doi:10.1016/j.orl.2013.05.003.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from ortools.sat.python import cp_model

from groupsolver.constraints.cp_model.linear_expr import Linear
from groupsolver.constraints.cp_model.model_builder import ModelBuilder
from groupsolver.constraints.failures.losses import Loss, State
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.compiled_problem import CompiledProblem, MemberClass
from groupsolver.constraints.problem.problem import Problem, Size
from groupsolver.constraints.problem.view import View
from groupsolver.constraints.protocols.fleet_validation import needs_links
from groupsolver.constraints.rules import rules_of
from groupsolver.model.compiled.arrays import Ints
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.solver.exact.capacity import post_capacity
from groupsolver.solver.presolve.eligibility import find_eligibility

ClassKey = tuple[str, Size]  # group and size: the same member class in two compiled problems


class Scenario(ModelBuilder):
    """The members after a loss, in the model of the placement before it or in a model of its own.

    Parameters
    ----------
    compiled : CompiledProblem
        What is left; its new members are all that are not certain to run there.
    rows : sequence of (C,) int64, one a member class
    most : sequence of (C,) int64, one a member class
    own : collection of str
        The groups whose lost members are placed again. Lost members of other groups are gone.
    base : ModelBuilder, optional
        The placement; None: no new member runs on what is left.

    Attributes
    ----------
    unplaced : Linear
        How many members find no place.
    """

    def __init__(
        self,
        compiled: CompiledProblem,
        rows: Sequence[Ints],
        most: Sequence[Ints],
        own: Collection[str],
        base: ModelBuilder | None = None,
    ) -> None:
        # What `_place` reads, which the constructor of the model calls.
        self._own = own
        self._before = _variables_by_class(base)
        self.unplaced = Linear()
        super().__init__(compiled, rows, most, unit=1, base=base)
        post_capacity(self)
        for rule in rules_of(compiled.problem).all:
            rule.policy.encode(rule.group, self)

    def _place(self, class_index: int) -> list[cp_model.IntVar]:
        """Return the variables of a class after the loss.

        Members of other groups that are not lost stay, and lost ones are gone: their variables are
        those of the placement before it. Lost members of the own groups are placed again.
        """
        member_class = self.compiled.member_classes[class_index]
        rows = self.rows[class_index].tolist()
        before = self._before.get(_key(member_class), {})
        if member_class.group not in self._own:
            return [before[row] for row in rows]
        after = [self.number(high) for high in self.most[class_index].tolist()]
        unplaced = self.number(member_class.number)
        everyone = cp_model.LinearExpr.sum([*after, unplaced])
        self.model.add(everyone == member_class.number)
        for row, var in zip(rows, after, strict=True):
            if row in before:
                self.model.add(var >= before[row])
        self.unplaced.vars.append(unplaced)
        self.unplaced.coefs.append(1)
        return after

    def minimize_unplaced(self) -> None:
        """Make the number of members without a place the objective."""
        self._cost = self.unplaced
        self.minimize()

    def together(self, group: str, level: str) -> None:
        """Put all members of a group that are there into one domain; some may be left out or lost.

        Overrides a constraint that places every member.
        """
        domains_used = self.total(self.uses(group, level).values())
        self.at_most(domains_used, 1)
        self.at_most(self.without_domain(group, level), 0)


def _key(member_class: MemberClass) -> ClassKey:
    return member_class.group, member_class.size


def _variables_by_class(
    base: ModelBuilder | None,
) -> dict[ClassKey, dict[int, cp_model.IntVar]]:
    """Return, for each member class of a model, the variable of each row."""
    found: dict[ClassKey, dict[int, cp_model.IntVar]] = {}
    if base is None:
        return found
    for class_index, member_class in enumerate(base.compiled.member_classes):
        rows = base.rows[class_index].tolist()
        found[_key(member_class)] = dict(zip(rows, base.placed[class_index], strict=True))
    return found


class ScenarioTemplate:
    """A loss, and the scenario that it makes in any model of the placement.

    Parameters
    ----------
    original : CompiledProblem
        The application as the user gave it.
    group : str
        The group that survives.
    loss : Loss

    Attributes
    ----------
    gone : (G,) int64
        Rows of the lost hosts.
    compiled : CompiledProblem
        What is left, with all members to be placed that may be lost.
    """

    def __init__(self, original: CompiledProblem, group: str, loss: Loss) -> None:
        self.loss = loss
        self._own = original.problem.below[group]
        nothing_placed = View(original.problem, {})
        state = State(nothing_placed)

        def keep(name: str, policy: Policy) -> bool:
            if not policy.monotone or needs_links(policy):
                return False
            return not policy.violations(name, nothing_placed)

        lost_hosts = state.gone(loss)
        rows = [original.fleet.rows[name] for name in lost_hosts]
        self.gone = np.array(rows, dtype=np.int64)
        fleet = fleet_without(original.fleet, lost_hosts)
        returned = state.taken_from_pools(state.lost(group, loss), -1)
        fleet.replace_pools(fleet.index.pools.with_more_used(returned))
        app = state.whole(group, loss, keep)
        self.compiled = CompiledProblem(Problem(app, fleet.index), fleet)
        self._most = find_eligibility(self.compiled, "cost").max_members

    def add_to(self, base: ModelBuilder, extra: Ints, all_hosts: bool) -> Scenario:
        """Add the scenario to a model.

        Parameters
        ----------
        base : ModelBuilder
            The model of the placement.
        extra : (E,) int64
            Rows where lost members may go as well as to those of the placement.
        all_hosts : bool
            Whether they may go anywhere.
        """
        base_index = {
            _key(member_class): class_index
            for class_index, member_class in enumerate(base.compiled.member_classes)
        }
        rows = []
        most = []
        for class_index, member_class in enumerate(self.compiled.member_classes):
            index = base_index.get(_key(member_class))
            here, limits = self._rows_of_survivors(base, index)
            if member_class.group in self._own:
                recoverable = np.flatnonzero(self._most[class_index])
                if not all_hosts:
                    before = self._rows_before(base, index)
                    recoverable = np.intersect1d(recoverable, np.union1d(extra, before))
                here = np.union1d(here, recoverable)
                limits = np.maximum(limits, self._most[class_index])
            rows.append(here)
            most.append(limits[here])
        return Scenario(self.compiled, rows, most, self._own, base)

    def _rows_of_survivors(self, base: ModelBuilder, index: int | None) -> tuple[Ints, Ints]:
        """Return the rows where members may survive, and how many on each row, (H,) int64."""
        limits = np.zeros(self.compiled.fleet.row_count, dtype=np.int64)
        before = self._rows_before(base, index)
        if index is not None:
            limits[before] = base.most[index]
        limits[self.gone] = 0
        return np.setdiff1d(before, self.gone), limits

    @staticmethod
    def _rows_before(base: ModelBuilder, index: int | None) -> Ints:
        """Return the rows of a class in the placement, none where the class is not in it."""
        return np.zeros(0, dtype=np.int64) if index is None else base.rows[index]


def fleet_without(fleet: CompiledFleet, names: Collection[str]) -> CompiledFleet:
    """Return a fleet without some hosts; rows of the others stay the same."""
    left = fleet.copy()
    for name in names:
        left.remove(name)
    return left
