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
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.protocols.conflicts import groups_helping, pieces_of, rests_on
from groupsolver.constraints.protocols.scope import groups_counted
from groupsolver.model.application import Application
from groupsolver.solver.presolve.subproblem import build_subproblem


@dataclass(frozen=True, eq=False)
class PolicyRule:
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
class SizeRule:
    """All new members of a group are placed."""

    group: str


@dataclass(frozen=True)
class CapacityRule:
    """New members take what hosts have of a resource class."""

    resource: str


RuleAtom = PolicyRule | SizeRule | CapacityRule
RuleAtoms = frozenset[RuleAtom]


def in_pieces(problem: Problem) -> Application[Any]:
    """Give the same application with its policies in pieces: each hard one says one thing."""
    groups = [
        group.model_copy(
            update={
                "policies": tuple(
                    piece
                    for policy in group.policies
                    for piece in (
                        pieces_of(policy, group.name, problem) if policy.hard else (policy,)
                    )
                )
            }
        )
        for group in problem.app.groups
    ]
    return problem.app.model_copy(update={"groups": tuple(groups)})


class Atomized:
    """One application in atoms.

    Parameters
    ----------
    problem : Problem
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

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.app = problem.app
        self.placed = frozenset(member.group for member in problem.new_members)
        self.sizes = tuple(SizeRule(group) for group in problem.groups if group in self.placed)
        self.pieces = tuple(
            PolicyRule(group.name, place, policy)
            for group in problem.app.groups
            for place, policy in enumerate(group.policies)
            if policy.hard
        )
        needed = dict.fromkeys(name for member in problem.new_members for name, _ in member.size)
        self.rooms = tuple(CapacityRule(name) for name in needed)
        self._helping: dict[PolicyRule, frozenset[str]] = {}
        self._resting: dict[PolicyRule, RuleAtoms] = {}

    @property
    def every(self) -> list[RuleAtom]:
        """All atoms: sizes, policies, room."""
        return [*self.sizes, *self.pieces, *self.rooms]

    def counted(self, piece: PolicyRule) -> frozenset[str]:
        """Give the groups with new members that a piece looks at."""
        return groups_counted(piece.policy, piece.group, self.problem) & self.placed

    def helping(self, piece: PolicyRule) -> frozenset[str]:
        """Give the groups with new members without whose sizes a piece does not bind."""
        if piece not in self._helping:
            self._helping[piece] = (
                groups_helping(piece.policy, piece.group, self.problem) & self.placed
            )
        return self._helping[piece]

    def about(self, groups: Collection[str]) -> list[RuleAtom]:
        """Give the atoms that bind some groups alone: their sizes, what looks at them and nobody else counts, room."""
        part = frozenset(groups)
        pieces = [
            piece
            for piece in self.pieces
            if self.helping(piece) <= part and self.counted(piece) & part
        ]
        sizes = [size for size in self.sizes if size.group in part]
        needed = {
            name
            for member in self.problem.new_members
            if member.group in part
            for name, _ in member.size
        }
        return [*sizes, *pieces, *(room for room in self.rooms if room.resource in needed)]

    def resting(self, piece: PolicyRule) -> RuleAtoms:
        """Give the pieces without which a piece does not bind, since it would say something else."""
        if piece not in self._resting:
            rest = [
                other
                for other in self.pieces
                if rests_on(piece.policy, piece.group, other.policy, other.group, self.problem)
            ]
            self._resting[piece] = frozenset(rest)
        return self._resting[piece]

    def application(self, atoms: Iterable[RuleAtom]) -> Application[Any]:
        """Give the application that has just some of the rules."""
        chosen = set(atoms)
        sized = frozenset(atom.group for atom in chosen if isinstance(atom, SizeRule))
        rules: dict[str, list[Policy]] = {}
        for piece in self.pieces:
            if piece in chosen and self.helping(piece) <= sized and self.resting(piece) <= chosen:
                rules.setdefault(piece.group, []).append(piece.policy)
        ignored = {room.resource for room in self.rooms if room not in chosen}
        return build_subproblem(
            self.problem, sized, lambda group: tuple(rules.get(group, ())), ignored
        )
