"""What earlier placements taught the model: scenarios of losses, and what may not be seen again below its price."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from groupsolver.constraints.cp_model.linear_expr import Linear
from groupsolver.constraints.cp_model.model_builder import ModelBuilder
from groupsolver.constraints.failures.losses import Loss
from groupsolver.constraints.protocols.survivability import FailureModel
from groupsolver.constraints.rules import Rule
from groupsolver.solver.survivability.recovery import Fall
from groupsolver.solver.survivability.scenario import Scenario


@dataclass(frozen=True)
class Seen:
    """A placement that a loss leaves so many members of without a place.

    Attributes
    ----------
    rule : int
        Id of the rule.
    stands : frozenset of ((int, int), int)
        How many of each member class on each row; where in the domains that are lost members stand tells nothing.
    gone : frozenset of int
        The rows whose number does not matter.
    nowhere : int
    """

    rule: int
    stands: frozenset[tuple[tuple[int, int], int]]
    gone: frozenset[int]
    nowhere: int

    @classmethod
    def of(cls, fall: Fall, stands: list[tuple[int, int]], gone: set[int], nowhere: int) -> Seen:
        """Keep what a fall depends on."""
        counts = Counter(stand for stand in stands if stand[1] not in gone)
        return cls(id(fall.rule), frozenset(counts.items()), frozenset(gone), nowhere)


class Memory:
    """Placements that were seen, and how a model is told of them."""

    def __init__(self) -> None:
        self._seen: dict[Seen, None] = {}

    def note(self, seen: Seen) -> bool:
        """Keep one; false where it was known."""
        known = seen in self._seen
        self._seen[seen] = None
        return not known

    def post(
        self,
        builder: ModelBuilder,
        rules: list[tuple[Rule, FailureModel]],
        forgiven: dict[int, int],
        scenarios: list[tuple[str, Loss, Scenario]],
    ) -> None:
        """Bound, or price, the members that find no place after any loss that is known."""
        for rule, failure_model in rules:
            size = max(1, builder.compiled.problem.size(rule.group))
            nowhere = builder.number(size)
            builder.require(rule.policy, [Linear([nowhere], [1])], forgiven[id(rule)])
            lost = min(
                failure_model.failures,
                len(builder.compiled.fleet.index.domains(failure_model.level)),
            )
            for group, loss, scenario in scenarios:
                if (group, loss.level, len(loss.domains)) == (
                    rule.group,
                    failure_model.level,
                    lost,
                ):
                    builder.at_most(scenario.left.plus(Linear([nowhere], [-1])), 0)
            for seen in self._seen:
                if seen.rule == id(rule):
                    _again(builder, seen, nowhere)


def _again(builder: ModelBuilder, seen: Seen, nowhere: Any) -> None:
    """Let it be another placement, or cost what it was found to."""
    model, counts = builder.model, dict(seen.stands)
    others: list[Any] = []
    rest = Linear()
    for member_class, rows in enumerate(builder.rows):
        for row, var in zip(rows.tolist(), builder.placed[member_class], strict=True):
            number = counts.get((member_class, row), 0)
            if row in seen.gone:
                continue
            if not number:
                rest.vars.append(var)
                rest.coefs.append(1)
            elif builder.high(Linear([var], [1])) == 1:
                others.append(var.negated())
            else:
                other = builder.number(1)
                model.add(var != number).only_enforce_if(other)
                others.append(other)
    if rest.vars:
        more = builder.number(1)
        builder.at_most(Linear([more], [1]).plus(rest, -1), 0)
        others.append(more)
    price = builder.number(1)
    builder.at_most(Linear([price], [seen.nowhere]).plus(Linear([nowhere], [-1])), 0)
    model.add_bool_or([*others, price])
