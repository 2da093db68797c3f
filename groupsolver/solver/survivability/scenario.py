"""What is left after one loss as a part of a model: where the lost members go, beside where all members are.

Of each member class of the group that is to survive, the members on a host after the loss are those that stood
there and those that came; so every policy posts itself over them by its own `encode`. What a scenario
leaves out makes it easier, never harder: policies that are better off with more members, those that ask the
network, and those that running members break already. What it lets pass is looked at when it is found.

Source: scenarios that are added as they are needed, Zeng & Zhao (2013), doi:10.1016/j.orl.2013.05.003.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from ortools.sat.python import cp_model

from groupsolver.constraints.cp_model.linear_expr import Linear
from groupsolver.constraints.cp_model.model_builder import ModelBuilder
from groupsolver.constraints.failures.losses import Loss, State
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.problem.view import View
from groupsolver.constraints.protocols.fleet_validation import needs_links
from groupsolver.constraints.rules import rules_of
from groupsolver.model.compiled.arrays import Ints
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.solver.exact.capacity import capacity
from groupsolver.solver.presolve.eligibility import find_eligibility


class Scenario(ModelBuilder):
    """The members after a loss, in the model of the placement that it follows from, or in one of its own.

    Parameters
    ----------
    compiled problem : CompiledProblem
        What is left; its batch is everything that is not sure to run there.
    rows : sequence of (C,) int64, one a member class
    most : sequence of (C,) int64, one a member class
    own : collection of str
        The groups whose lost members are placed again; of others, those that stood there stay.
    base : ModelBuilder, optional
        The placement; None: nothing of the batch stands there.

    Attributes
    ----------
    left : Linear
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
        self.compiled, self.rows, self.most = compiled, rows, most
        self.model = cp_model.CpModel() if base is None else base.model
        self.inside = {}
        self._unit = 1
        self._high = {} if base is None else base._high  # noqa: SLF001 - it is one model
        self._cost, self._spent, self._counts, self._uses = Linear(), {}, {}, {}
        stood = _standing(base)
        self.placed, self.left = [], Linear()
        for number, member_class in enumerate(compiled.member_classes):
            before = stood.get((member_class.group, member_class.size), {})
            if member_class.group not in own:
                self.placed.append([before[row] for row in rows[number].tolist()])
                continue
            after = [self.number(high) for high in most[number].tolist()]
            out = self.number(member_class.number)
            self.model.add(cp_model.LinearExpr.sum([*after, out]) == member_class.number)
            for row, var in zip(rows[number].tolist(), after, strict=True):
                if row in before:
                    self.model.add(var >= before[row])
            self.placed.append(after)
            self.left.vars.append(out)
            self.left.coefs.append(1)
        capacity(self)
        for rule in rules_of(compiled.problem).all:
            rule.policy.encode(rule.group, self)

    def together(self, group: str, level: str) -> None:
        """Put what is there of a group into one domain: some may be left out, or lost for good."""
        self.at_most(self.total(self.uses(group, level).values()), 1)
        self.at_most(self.without_domain(group, level), 0)


def _standing(base: ModelBuilder | None) -> dict[tuple[str, object], dict[int, cp_model.IntVar]]:
    """Give, by group and size, the variable of each row."""
    if base is None:
        return {}
    return {
        (member_class.group, member_class.size): dict(
            zip(base.rows[number].tolist(), base.placed[number], strict=True)
        )
        for number, member_class in enumerate(base.compiled.member_classes)
    }


class Aftermath:
    """A loss, and the scenario that it makes in any model of the placement.

    Parameters
    ----------
    told : CompiledProblem
    group : str
    loss : Loss
    """

    def __init__(self, told: CompiledProblem, group: str, loss: Loss) -> None:
        self.loss, self._group = loss, group
        self._own = told.problem.below[group]
        state = State(View(told.problem, {}))
        before = View(told.problem, {})

        def stays(name: str, policy: Policy) -> bool:
            return (
                policy.monotone and not needs_links(policy) and not policy.violations(name, before)
            )

        fleet = without(told.fleet, state.gone(loss))
        self.gone = np.array([told.fleet.rows[name] for name in state.gone(loss)], dtype=np.int64)
        self.compiled = CompiledProblem(
            Problem(state.whole(group, loss, stays), fleet.index), fleet
        )
        self.lost_before = len(state.lost(group, loss))
        self._most = find_eligibility(self.compiled, "cost").max_members

    def beside(self, base: ModelBuilder, extra: Ints, full: bool) -> Scenario:
        """Put it into a model: over all hosts, or over those of the placement and some more."""
        rows, most = [], []
        known = {
            (member_class.group, member_class.size): n
            for n, member_class in enumerate(base.compiled.member_classes)
        }
        for number, member_class in enumerate(self.compiled.member_classes):
            at = known.get((member_class.group, member_class.size))
            stood = base.rows[at] if at is not None else np.zeros(0, dtype=np.int64)
            highs = np.zeros(len(self.compiled.fleet), dtype=np.int64)
            if at is not None:
                highs[stood] = base.most[at]
            highs[self.gone] = 0
            here = np.setdiff1d(stood, self.gone)
            if member_class.group in self._own:
                highs = np.maximum(highs, self._most[number])
                fresh = np.flatnonzero(self._most[number])
                here = np.union1d(
                    here, fresh if full else np.intersect1d(fresh, np.union1d(extra, stood))
                )
            rows.append(here)
            most.append(highs[here])
        return Scenario(self.compiled, rows, most, self._own, base)


def without(fleet: CompiledFleet, gone: Collection[str]) -> CompiledFleet:
    """Give a fleet without some hosts; rows of the others stay the same."""
    left = fleet.copy()
    for name in gone:
        left.remove(name)
    return left
