"""What can be changed of what is asked for, step by step: each policy, and each size.

A relaxation has positions, of which the first changes nothing. Turned further it never forbids what an
earlier position allowed, but for a size that other rules count on: of that, only the position itself
tells anything.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from groupsolver.changes.application import Fewer, Replaced
from groupsolver.changes.change import Change, Kind
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.protocols.conflicts import weaker_versions
from groupsolver.model.application import member_ids
from groupsolver.model.change_costs import Costs
from groupsolver.solver.explain.rules import Atomized, PolicyRule

STEPS = 1000  # of one number


@dataclass(frozen=True)
class Position:
    """A way to set a relaxation.

    Attributes
    ----------
    kind : str
    cost : int
    policy : Policy or None
        Of a policy's relaxation: what becomes of it.
    out : tuple of str
        Of a size's relaxation: ids of the members that are not asked for.
    """

    kind: Kind
    cost: int
    policy: Policy | None = None
    out: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Relaxation:
    """Something that can be changed.

    Attributes
    ----------
    group : str
    place : int
        Of a policy: where it stands among the group's; of a size, -1.
    policy : Policy or None
        As it is told.
    positions : tuple of Position
        Beyond the first, which changes nothing.
    """

    group: str
    place: int
    policy: Policy | None
    positions: tuple[Position, ...]

    @property
    def last(self) -> int:
        """The last position."""
        return len(self.positions)

    def at(self, position: int) -> Position:
        """Give a position but the first."""
        return self.positions[position - 1]

    def cost(self, position: int) -> int:
        """What a position costs."""
        return self.at(position).cost if position else 0


State = Mapping[Relaxation, int]  # positions of the relaxations that are turned


def knobs_of(
    atomized: Atomized, costs: Costs, own: Collection[str] | None = None
) -> list[Relaxation]:
    """Give the relaxations of an application in pieces: policies of `own` groups, by default of all, and every size."""
    problem = atomized.problem
    found = [
        Relaxation(piece.group, piece.place, piece.policy, tuple(_of_policy(piece, problem, costs)))
        for piece in atomized.pieces
        if own is None or piece.group in own
    ]
    if costs.fewer is not None:
        member_classes: dict[tuple[str, object], list[str]] = {}
        for member in problem.new_members:
            member_classes.setdefault((member.group, member.size), []).append(member.id)
        for (group, _), ids in member_classes.items():
            # The last ones of a member class go first: the names of those that stay are what they were.
            steps = [
                Position("fewer", less * costs.fewer, out=tuple(ids[len(ids) - less :]))
                for less in range(1, min(len(ids), STEPS) + 1)
            ]
            found.append(Relaxation(group, -1, None, tuple(steps)))
    return [relaxation for relaxation in found if relaxation.positions]


def _of_policy(piece: PolicyRule, problem: Problem, costs: Costs) -> Iterator[Position]:
    """Give a policy's positions: its number, step by step, and then a wish or nothing at all."""
    if costs.relax is not None:
        for step, policy in enumerate(
            islice(weaker_versions(piece.policy, piece.group, problem), STEPS), 1
        ):
            yield Position("relax", step * costs.relax, policy)
    if costs.soften is not None and (costs.drop is None or costs.soften <= costs.drop):
        yield Position("soften", costs.soften, piece.policy.model_copy(update={"weight": 1}))
    elif costs.drop is not None:
        yield Position("drop", costs.drop)


def changes_of(atomized: Atomized, state: State) -> list[Change]:
    """Give the changes that set the relaxations; policies last first, so that each finds its place."""
    changes: list[Change] = []
    out: dict[str, list[str]] = {}
    for relaxation, position in sorted(state.items(), key=lambda one: -one[0].place):
        if not position:
            continue
        at = relaxation.at(position)
        if relaxation.policy is not None:
            changes.append(
                Replaced(relaxation.group, relaxation.place, relaxation.policy, at.policy)
            )
        else:
            out.setdefault(relaxation.group, []).extend(at.out)
    sizes = {group.name: sum(1 for _ in member_ids(group)) for group in atomized.app.groups}
    changes += [Fewer(group, sizes[group], tuple(ids)) for group, ids in out.items()]
    return changes
