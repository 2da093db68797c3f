"""What a set of rules of an application means, read once more, from the definition, with `solve` as the judge.

The rules, or *atoms*, of an application: each hard policy, in pieces where it is a conjunction; each
group's size, that all its new members are placed; each resource class, that hosts have the room. A set of
them is feasible if the new members of just the groups whose size is in it have a placement such that the
room holds in its classes, others not counting, and every piece in it holds. A policy that is not monotone
is void unless the sizes of all groups with new members that it counts are in the set.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from groupsolver import Application, CompiledFleet, HostCapabilities, Limits, Policy, Spread, solve
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.protocols.scope import groups_counted
from groupsolver.model.application import Members, member_ids

GAP = 1e9  # any placement will do


class Piece(NamedTuple):
    """A hard policy of a group, or a part of one: a policy with less in it."""

    group: str
    policy: Policy


class Size(NamedTuple):
    """All new members of a group are placed."""

    group: str


class Room(NamedTuple):
    """Hosts have the room in a resource class."""

    resource: str


RuleAtom = Piece | Size | Room
Name = tuple[str, str] | str  # (group, kind of policy), (group, "members"), or a resource class


def pieces(policy: Policy) -> Iterator[Policy]:
    """Take a policy apart: it holds exactly where all its pieces do."""
    if isinstance(policy, HostCapabilities):
        yield from (HostCapabilities(required=(trait,)) for trait in policy.required)
        yield from (HostCapabilities(forbidden=(trait,)) for trait in policy.forbidden)
        yield from (
            HostCapabilities(minimum={name: amount}) for name, amount in policy.minimum.items()
        )
        if policy.any_of:
            yield HostCapabilities(any_of=policy.any_of)
    elif (
        isinstance(policy, Spread)
        and policy.min_domains is not None
        and policy.max_skew is not None
    ):
        yield policy.model_copy(update={"max_skew": None})
        yield policy.model_copy(update={"min_domains": None})
    else:
        yield policy


def joined(parts: list[Policy]) -> Policy:
    """Put pieces of one policy together again."""
    first = parts[0]
    if isinstance(first, HostCapabilities):
        some = [part for part in parts if isinstance(part, HostCapabilities)]
        return HostCapabilities(
            required=tuple(trait for part in some for trait in part.required),
            forbidden=tuple(trait for part in some for trait in part.forbidden),
            any_of=tuple(trait for part in some for trait in part.any_of),
            minimum={name: amount for part in some for name, amount in part.minimum.items()},
        )
    if len(parts) == 2 and isinstance(first, Spread) and isinstance(parts[1], Spread):
        return first.model_copy(update={"max_skew": parts[1].max_skew})  # the first covers domains
    (only,) = parts
    return only


def new_members(app: Application) -> dict[str, list[Members]]:
    """Give what is to be placed of each group that has new members."""
    running = {there.id for there in app.existing}
    found: dict[str, list[Members]] = {}
    for group in app.groups:
        for id_, members in member_ids(group):
            if id_ not in running:
                found.setdefault(group.name, []).append(members)
    return found


def atoms(app: Application) -> list[RuleAtom]:
    """Give all atoms of an application, in the order of the file."""
    new = new_members(app)
    needs = [app.resources(members) for some in new.values() for members in some]
    return [
        *(
            Piece(group.name, part)
            for group in app.groups
            for policy in group.policies
            if policy.hard
            for part in pieces(policy)
        ),
        *map(Size, new),
        *map(Room, sorted({name for some in needs for name, amount in some.items() if amount})),
    ]


def name_of(atom: RuleAtom) -> Name:
    """Give what a conflict calls an atom; the pieces of a policy have one name."""
    match atom:
        case Piece():
            return atom.group, atom.policy.kind
        case Size():
            return atom.group, "members"
        case Room():
            return atom.resource


def named(app: Application, names: AbstractSet[Name]) -> list[RuleAtom]:
    """Give the atoms that some names mean."""
    return [atom for atom in atoms(app) if name_of(atom) in names]


def sub_application(
    app: Application, fleet: CompiledFleet, chosen: Sequence[RuleAtom]
) -> Application | None:
    """Give the application that has a placement exactly where the chosen atoms are feasible; None: it is empty."""
    problem, new = Problem(app, fleet.index), new_members(app)
    sizes = {atom.group for atom in chosen if isinstance(atom, Size)}
    rooms = {atom.resource for atom in chosen if isinstance(atom, Room)}
    groups = []
    for group in app.groups:
        kept: dict[tuple[str, str | None, str | None], list[Policy]] = {}
        for atom in chosen:
            if isinstance(atom, Piece) and atom.group == group.name:
                rule = atom.policy
                if rule.monotone or groups_counted(rule, group.name, problem) & new.keys() <= sizes:
                    kept.setdefault((rule.kind, rule.at, rule.target), []).append(rule)
        members = [
            Members(
                resources={name: n for name, n in app.resources(one).items() if name in rooms},
                id=id_,
            )
            for id_, one in member_ids(group)
            if group.name in sizes
        ]
        update = {"policies": tuple(map(joined, kept.values())), "members": tuple(members)}
        groups.append(group.model_copy(update=update))
    # Running members say their own size, and keep it: it tells what of their host's use is theirs.
    existing = tuple(
        there.model_copy(update={"flavor": None, "resources": standing.resources})
        for there, standing in zip(app.existing, problem.running_members, strict=True)
    )
    if not existing and not any(group.members for group in groups):
        return None
    return Application(groups=tuple(groups), existing=existing)


def feasible(
    app: Application, fleet: CompiledFleet, chosen: Sequence[RuleAtom], seconds: float = 30
) -> bool:
    """Say whether some atoms of an application hold together; raises where `solve` finds no answer in time."""
    sub = sub_application(app, fleet, chosen)
    if sub is None:
        return True
    answer = solve(
        sub,
        fleet,
        objective="cost",
        limits=Limits(seconds=seconds, gap=GAP, workers=1),
        explain=False,
    )
    if answer.status == "unknown":
        raise TimeoutError(
            f"neither placed nor refuted in {seconds} s: {[str(atom) for atom in chosen]}"
        )
    return answer.placed
