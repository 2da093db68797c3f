"""Nogoods of losses: placements that a model may not choose again below their true cost."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from ortools.sat.python import cp_model

from groupsolver.constraints.cp_model.linear_expr import Linear
from groupsolver.constraints.cp_model.model_builder import ModelBuilder
from groupsolver.constraints.failures.losses import Loss
from groupsolver.constraints.protocols.survivability import FailureModel
from groupsolver.constraints.rules import Rule
from groupsolver.solver.survivability.recovery import LossRecovery
from groupsolver.solver.survivability.scenario import Scenario


@dataclass(frozen=True)
class Nogood:
    """A placement with a loss that leaves some members without a place.

    Attributes
    ----------
    rule : Rule
    counts : frozenset of ((int, int), int)
        How many members of each class are on each row that is left. Which rows the lost members
        were on makes no difference.
    gone : frozenset of int
        The rows that are lost.
    unplaced : int
        Members without a place.
    """

    rule: Rule
    counts: frozenset[tuple[tuple[int, int], int]]
    gone: frozenset[int]
    unplaced: int

    @classmethod
    def of(
        cls, found: LossRecovery, assignment: list[tuple[int, int]], gone: set[int], unplaced: int
    ) -> Nogood:
        """Return the nogood of an assignment and a loss."""
        counts = Counter((class_index, row) for class_index, row in assignment if row not in gone)
        return cls(found.rule, frozenset(counts.items()), frozenset(gone), unplaced)


class Nogoods:
    """The nogoods of a search, and how they are posted into a model, beside its scenarios."""

    def __init__(self) -> None:
        self._known: dict[Nogood, None] = {}  # an ordered set

    def add(self, nogood: Nogood) -> bool:
        """Add one; return False if it was known."""
        if nogood in self._known:
            return False
        self._known[nogood] = None
        return True

    def post(
        self,
        builder: ModelBuilder,
        rules: list[tuple[Rule, FailureModel]],
        forgiven: dict[Rule, int],
        scenarios: list[tuple[str, Loss, Scenario]],
    ) -> None:
        """Bound, or price, the members that find no place after the worst known loss of each rule.

        Parameters
        ----------
        builder : ModelBuilder
            The model of the placement.
        rules : list of (Rule, FailureModel)
        forgiven : dict of Rule to int
            So many members without a place are allowed.
        scenarios : list of (str, Loss, Scenario)
            In the same model, with the group that survives the loss.
        """
        for rule, (level, failures) in rules:
            size = max(1, builder.compiled.problem.size(rule.group))
            # At least the members without a place, after each known loss.
            unplaced = builder.number(size)
            builder.require(rule.policy, [Linear([unplaced], [1])], forgiven[rule])
            domains = builder.compiled.fleet.index.domains(level)
            num_lost = min(failures, len(domains))
            own = (rule.group, level, num_lost)
            for group, loss, scenario in scenarios:
                if (group, loss.level, len(loss.domains)) == own:
                    builder.at_most(scenario.unplaced.plus(Linear([unplaced], [-1])), 0)
            for nogood in self._known:
                if nogood.rule == rule:
                    _post(builder, nogood, unplaced)


def _post(builder: ModelBuilder, nogood: Nogood, unplaced: cp_model.IntVar) -> None:
    """Post a nogood: the placement differs from it on some row, or pays its price.

    A clause over 0-1 variables, where `row` is any row that is not lost. For a nogood with one
    member on h0 and two on h1::

        placed[h0] = 0   or   placed[h1] != 2   or   placed[any other row] > 0
        or   unplaced >= nogood.unplaced
    """
    counts = dict(nogood.counts)
    clause: list[cp_model.LiteralT] = []
    elsewhere = Linear()  # members on rows that have none in the nogood
    for class_index, rows in enumerate(builder.rows):
        for row, var in zip(rows.tolist(), builder.placed[class_index], strict=True):
            if row in nogood.gone:
                continue
            number = counts.get((class_index, row), 0)
            if number:
                clause.append(_differs(builder, var, number))
            else:
                elsewhere.vars.append(var)
                elsewhere.coefs.append(1)
    if elsewhere.vars:
        some = builder.number(1)
        builder.at_most(Linear([some], [1]).plus(elsewhere, -1), 0)
        clause.append(some)
    pays = builder.number(1)
    builder.at_most(Linear([pays], [nogood.unplaced]).plus(Linear([unplaced], [-1])), 0)
    builder.model.add_bool_or([*clause, pays])


def _differs(builder: ModelBuilder, var: cp_model.IntVar, number: int) -> cp_model.LiteralT:
    """Return a literal that is true only where a variable differs from a number above 0."""
    if builder.high(Linear([var], [1])) == 1:
        return var.negated()
    differs = builder.number(1)
    builder.model.add(var != number).only_enforce_if(differs)
    return differs
