"""Placing the members of a neighbourhood anew, by CP-SAT.

The model has the members on the hosts of the neighbourhood, and the missing ones that are wanted
there. All others keep their places; those that a rule counts together with what moves are constants
of the model. So it is the model of the whole problem with most variables fixed.

Source: large-neighbourhood search, Shaw (1998), doi:10.1007/3-540-49481-2_30.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import numpy as np
from ortools.sat.python import cp_model

from groupsolver.checking.check import unit_of, value_of
from groupsolver.constraints.cp_model.linear_expr import Linear
from groupsolver.constraints.cp_model.model_builder import ModelBuilder
from groupsolver.constraints.problem.view import View
from groupsolver.constraints.rules import rules_of
from groupsolver.model.compiled.arrays import Ints
from groupsolver.model.result import Placement
from groupsolver.solver.exact.cp_sat import build_constraints
from groupsolver.solver.search.neighbourhood import Neighbourhood
from groupsolver.solver.search.partial_assignment import Counts, PartialAssignment
from groupsolver.solver.search.search_problem import SearchProblem


class RepairModel:
    """The model of one neighbourhood.

    Parameters
    ----------
    problem : SearchProblem
    assignment : PartialAssignment
        The placement so far. It is read, not changed.
    neighbourhood : Neighbourhood
    frozen : collection of str
        Groups whose members do not move, even on the hosts of the neighbourhood.

    Attributes
    ----------
    rows : list of int
        The hosts whose members are placed anew.
    moving : list of int
        The member classes that may move, ascending.
    groups : frozenset of str
        Their groups.
    builder : ModelBuilder
    """

    def __init__(
        self,
        problem: SearchProblem,
        assignment: PartialAssignment,
        neighbourhood: Neighbourhood,
        frozen: Collection[str] = frozenset(),
    ) -> None:
        self._problem = problem
        self._assignment = assignment
        self._inside = neighbourhood.rows
        self.rows = neighbourhood.rows.tolist()
        classes = problem.compiled.member_classes
        here = {index for row in self.rows for index in assignment.in_row.get(row, ())}
        able = here | set(neighbourhood.wanted)
        self.moving = sorted(index for index in able if classes[index].group not in frozen)
        self.groups = frozenset(classes[index].group for index in self.moving)
        sharing = problem.rows_sharing(neighbourhood.rows)
        present = {index for row in sharing for index in assignment.in_row.get(row, ())}
        concerned = problem.couplings.of(self.groups, {classes[index].group for index in present})
        self._part = problem.subproblem(concerned)
        moving = set(self.moving)
        self._moves = [index in moving for index in self._part.classes]
        self._open: list[Ints] = []  # by class of the part: rows where it may be placed anew
        self._kept: list[list[int]] = []  # and rows where its members stay
        for index, moves in zip(self._part.classes, self._moves, strict=True):
            self._open.append(self._open_rows(index) if moves else self._inside[:0])
            self._kept.append(self._kept_rows(index, moves))
        self.builder = self._build()
        # What is minimised, of a placement: by default nothing.
        self.value: Callable[[PartialAssignment], int] = lambda _: 0

    def _open_rows(self, index: int) -> Ints:
        return self._inside[self._problem.eligibility.max_members[index][self._inside] > 0]

    def _kept_rows(self, index: int, moves: bool) -> list[int]:
        inside = set(self.rows) if moves else set()
        return sorted(row for row in self._assignment.on_rows[index] if row not in inside)

    def _is_optional(self, index: int) -> bool:
        """Return whether the model decides how many members of a class are placed.

        Members of a bundle are placed, all of them, or the bundle is not in the model's reach.
        """
        group = self._problem.compiled.member_classes[index].group
        if group not in self._problem.couplings.bundle_of:
            return True
        return self._assignment.missing[index] > 0 and index not in self.moving

    def _build(self) -> ModelBuilder:
        part = self._part
        assignment = self._assignment
        candidates = [
            np.concatenate([rows, np.array(kept, dtype=np.int64)])
            for rows, kept in zip(self._open, self._kept, strict=True)
        ]
        optional = [own for own, index in enumerate(part.classes) if self._is_optional(index)]
        eligibility = self._problem.eligibility_of(part)
        builder = build_constraints(part.compiled, eligibility, candidates, optional)
        self._candidates = candidates
        for own, index in enumerate(part.classes):
            stay = builder.placed[own][len(self._open[own]) :]
            for row, var in zip(self._kept[own], stay, strict=True):
                builder.model.add(var == assignment.on_rows[index][row])
            if own in builder.totals and not self._moves[own]:
                builder.model.add(builder.totals[own] == sum(assignment.on_rows[index].values()))
        return builder

    def minimise_missing(self, weights: Sequence[int]) -> None:
        """Place as many members as possible, each of them worth its class's weight."""
        cost = Linear()
        for own, total in self.builder.totals.items():
            index = self._part.classes[own]
            cost.vars.append(total)
            cost.coefs.append(-weights[index])
            cost.const += weights[index] * self._problem.compiled.member_classes[index].number
        self.builder.minimize_only(cost)
        weight_of = {index: weights[index] for index in self.moving}
        self.value = lambda assignment: sum(
            weight * assignment.missing[index] for index, weight in weight_of.items()
        )

    def minimise_points(self) -> None:
        """Minimise the objective; no member that has a place loses it."""
        for own, total in self.builder.totals.items():
            placed = sum(self._assignment.on_rows[self._part.classes[own]].values())
            self.builder.model.add(total >= placed)
        self.builder.minimize()
        self.value = self._points

    def _points(self, assignment: PartialAssignment) -> int:
        """Return the objective of the model's members and rules."""
        problem = self._part.compiled.problem
        placement: Placement = {}
        names = self._problem.compiled.fleet.names
        for index, member_class in zip(
            self._part.classes, self._part.compiled.member_classes, strict=True
        ):
            ids = iter(member_class.ids)
            for row, number in assignment.on_rows[index].items():
                placement.update((next(ids), names[row]) for _ in range(number))
        objective = self._problem.objective
        view = View(problem, placement)
        soft = sum(
            rule.weight * rule.policy.violations(rule.group, view)
            for rule in rules_of(problem).soft
        )
        return value_of(problem, placement, (), objective) + unit_of(objective) * soft

    def hint(self) -> None:
        """Hint the present placement."""
        model = self.builder.model
        for own, index in enumerate(self._part.classes):
            counts = self._assignment.on_rows[index]
            rows = self._candidates[own].tolist()
            for row, var in zip(rows, self.builder.placed[own], strict=True):
                model.add_hint(var, counts.get(row, 0))
            if own in self.builder.totals:
                model.add_hint(self.builder.totals[own], sum(counts.values()))

    def found(self, solver: cp_model.CpSolver) -> dict[int, Counts]:
        """Return, by class that may move, its members on each row of the neighbourhood."""
        found: dict[int, Counts] = {}
        for own, index in enumerate(self._part.classes):
            if not self._moves[own]:
                continue
            rows = self._open[own].tolist()
            numbers = [solver.value(var) for var in self.builder.placed[own][: len(rows)]]
            found[index] = {row: n for row, n in zip(rows, numbers, strict=True) if n}
        return found
