"""An application as a set of rules, any of which may be left out: what a conflict is made of.

A rule is a hard policy, or a part of one that says several things; the size of a group; or the room
of the hosts in one resource class. Leaving rules out never makes an application impossible, which is
what lets a conflict be shrunk: without a group's size none of its new members is placed, and policies
that these members could have helped do not bind; without a resource class nobody needs any of it; and
a policy whose meaning rests on another rule does not bind without that one. Hosts that are disabled,
or over capacity, and what runs already stay as they are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.problem import Rule, Scene
from groupsolver.model.application import Application
from groupsolver.solver.presolve.subproblem import subset


@dataclass(frozen=True, eq=False)
class Piece:
    """A hard policy of a group, or one of the things that it says.

    Attributes
    ----------
    group : str
    place : int
        Where it stands among the group's policies in `Atomized.app`.
    policy : Policy
    """

    group: str
    place: int
    policy: Policy


@dataclass(frozen=True)
class Size:
    """All new members of a group are placed."""

    group: str


@dataclass(frozen=True)
class Room:
    """New members take what hosts have of a resource class."""

    resource: str


Atom = Piece | Size | Room
Atoms = frozenset[Atom]


def _rule(piece: Piece) -> Rule:
    return Rule(piece.group, piece.policy)


def in_pieces(scene: Scene) -> Application[Any]:
    """Give the same application with its policies in pieces: each hard one says one thing."""
    groups = [
        group.model_copy(
            update={
                "policies": tuple(
                    piece
                    for policy in group.policies
                    for piece in (policy.pieces(group.name, scene) if policy.hard else (policy,))
                )
            }
        )
        for group in scene.app.groups
    ]
    return scene.app.model_copy(update={"groups": tuple(groups)})


class Atomized:
    """One application in atoms.

    Parameters
    ----------
    scene : Scene
        Of an application in pieces.

    Attributes
    ----------
    app : Application
    sizes : tuple of Size
        Of each group with new members, in the file's order.
    pieces : tuple of Piece
    rooms : tuple of Room
        Of each class that a new member needs.
    placed : frozenset of str
        The groups with new members.
    """

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.app = scene.app
        self.placed = frozenset(member.group for member in scene.batch)
        self.sizes = tuple(Size(group) for group in scene.groups if group in self.placed)
        self.pieces = tuple(
            Piece(group.name, place, policy)
            for group in scene.app.groups
            for place, policy in enumerate(group.policies)
            if policy.hard
        )
        needed = dict.fromkeys(name for member in scene.batch for name, _ in member.size)
        self.rooms = tuple(Room(name) for name in needed)
        self._helping: dict[Piece, frozenset[str]] = {}
        self._resting: dict[Piece, Atoms] = {}

    @property
    def every(self) -> list[Atom]:
        """All atoms: sizes, policies, room."""
        return [*self.sizes, *self.pieces, *self.rooms]

    def counted(self, piece: Piece) -> frozenset[str]:
        """Give the groups with new members that a piece looks at."""
        return piece.policy.counted(piece.group, self.scene) & self.placed

    def helping(self, piece: Piece) -> frozenset[str]:
        """Give the groups with new members without whose sizes a piece does not bind."""
        if piece not in self._helping:
            self._helping[piece] = piece.policy.helped_by(piece.group, self.scene) & self.placed
        return self._helping[piece]

    def about(self, groups: Collection[str]) -> list[Atom]:
        """Give the atoms that bind some groups alone: their sizes, what looks at them and nobody else counts, room."""
        part = frozenset(groups)
        pieces = [piece for piece in self.pieces if self.helping(piece) <= part and self.counted(piece) & part]
        sizes = [size for size in self.sizes if size.group in part]
        needed = {name for member in self.scene.batch if member.group in part for name, _ in member.size}
        return [*sizes, *pieces, *(room for room in self.rooms if room.resource in needed)]

    def resting(self, piece: Piece) -> Atoms:
        """Give the pieces without which a piece does not bind, since it would say something else."""
        if piece not in self._resting:
            rest = [other for other in self.pieces if piece.policy.rests_on(piece.group, _rule(other), self.scene)]
            self._resting[piece] = frozenset(rest)
        return self._resting[piece]

    def application(self, atoms: Iterable[Atom]) -> Application[Any]:
        """Give the application that has just some of the rules."""
        chosen = set(atoms)
        sized = frozenset(atom.group for atom in chosen if isinstance(atom, Size))
        rules: dict[str, list[Policy]] = {}
        for piece in self.pieces:
            if piece in chosen and self.helping(piece) <= sized and self.resting(piece) <= chosen:
                rules.setdefault(piece.group, []).append(piece.policy)
        ignored = {room.resource for room in self.rooms if room not in chosen}
        return subset(self.scene, sized, lambda group: tuple(rules.get(group, ())), ignored)
