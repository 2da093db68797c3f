"""What a subset of an application's rules means, with `solve` as the judge.

The rules of an application, its *atoms*, are each hard policy, split where it is a conjunction;
each group's size; and each resource class that new members need. A subset of them is feasible if

- the new members of just the groups whose size is in it have a placement,
- that respects the capacity of the resource classes in it, while others do not count,
- and every policy in it holds. A policy that is not monotone is void unless the sizes of all groups
  with new members that it counts are in the subset.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from groupsolver import Application, CompiledFleet, HostCapabilities, Limits, Policy, Spread, solve
from groupsolver.constraints.eligibility import traits_required
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.protocols.scope import groups_counted
from groupsolver.model.application import Members, member_ids

ANY_PLACEMENT_GAP = 1e9  # a gap that any placement reaches


class Piece(NamedTuple):
    """A hard policy of a group, or a part of one: a policy with less in it."""

    group: str
    policy: Policy


class Size(NamedTuple):
    """All new members of a group are placed."""

    group: str


class Capacity(NamedTuple):
    """New members consume what hosts have of a resource class."""

    resource: str


RuleAtom = Piece | Size | Capacity
AtomName = tuple[str, str] | str  # (group, kind of policy), (group, "members"), or resource class


def pieces(policy: Policy) -> Iterator[Policy]:
    """Split a policy: it holds exactly where all its pieces do."""
    if isinstance(policy, HostCapabilities):
        yield from (HostCapabilities(required=(trait,)) for trait in policy.required)
        yield from (HostCapabilities(forbidden=(trait,)) for trait in policy.forbidden)
        for name, amount in policy.minimum.items():
            yield HostCapabilities(minimum={name: amount})
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
        asked = [part for part in parts if isinstance(part, HostCapabilities)]
        minimum: dict[str, int] = {}
        for part in asked:
            minimum.update(part.minimum)
        return HostCapabilities(
            required=tuple(trait for part in asked for trait in part.required),
            forbidden=tuple(trait for part in asked for trait in part.forbidden),
            any_of=tuple(trait for part in asked for trait in part.any_of),
            minimum=minimum,
        )
    if len(parts) == 2 and isinstance(first, Spread) and isinstance(parts[1], Spread):
        return first.model_copy(update={"max_skew": parts[1].max_skew})  # the first covers domains
    (only,) = parts
    return only


def new_members(app: Application) -> dict[str, list[Members]]:
    """The new members of each group that has any."""
    running = {there.id for there in app.existing}
    found: dict[str, list[Members]] = {}
    for group in app.groups:
        for id_, members in member_ids(group):
            if id_ not in running:
                found.setdefault(group.name, []).append(members)
    return found


def atoms(app: Application) -> list[RuleAtom]:
    """All atoms of an application, in the order of the file."""
    found: list[RuleAtom] = []
    for group in app.groups:
        for policy in group.policies:
            if policy.hard:
                found += [Piece(group.name, part) for part in pieces(policy)]
    new = new_members(app)
    needed: set[str] = set()
    for group_members in new.values():
        for members in group_members:
            needed |= {name for name, amount in app.resources(members).items() if amount}
    return [*found, *map(Size, new), *map(Capacity, sorted(needed))]


def name_of(atom: RuleAtom) -> AtomName:
    """What a conflict calls an atom; the pieces of a policy share a name."""
    match atom:
        case Piece():
            return atom.group, atom.policy.kind
        case Size():
            return atom.group, "members"
        case Capacity():
            return atom.resource


def named(app: Application, names: AbstractSet[AtomName]) -> list[RuleAtom]:
    """The atoms that some names mean."""
    return [atom for atom in atoms(app) if name_of(atom) in names]


def sub_application(
    app: Application, fleet: CompiledFleet, chosen: Sequence[RuleAtom]
) -> Application | None:
    """The application that has a placement exactly if the chosen atoms are feasible; or None.

    None if nothing would be left to place.
    """
    problem = Problem(app, fleet.index)
    with_new_members = set(new_members(app))
    sizes = {atom.group for atom in chosen if isinstance(atom, Size)}
    resources = {atom.resource for atom in chosen if isinstance(atom, Capacity)}

    def binds(piece: Piece) -> bool:
        if piece.policy.monotone:
            return True
        counted = groups_counted(piece.policy, piece.group, problem)
        return counted & with_new_members <= sizes

    groups = []
    for group in app.groups:
        # Pieces of one policy have the same kind, level and target.
        kept: dict[tuple[str, str | None, str | None], list[Policy]] = {}
        for atom in chosen:
            if isinstance(atom, Piece) and atom.group == group.name and binds(atom):
                policy = atom.policy
                kept.setdefault((policy.kind, policy.at, policy.target), []).append(policy)
        members = []
        if group.name in sizes:
            for id_, described in member_ids(group):
                needs = app.resources(described)
                counted = {name: n for name, n in needs.items() if name in resources}
                members.append(Members(resources=counted, id=id_))
        update = {"policies": tuple(map(joined, kept.values())), "members": tuple(members)}
        groups.append(group.model_copy(update=update))
    # Running members keep their own size: it says what of their host's usage is theirs.
    existing = tuple(
        there.model_copy(update={"flavor": None, "resources": running.resources})
        for there, running in zip(app.existing, problem.running_members, strict=True)
    )
    if not existing and not any(group.members for group in groups):
        return None
    return Application(groups=tuple(groups), existing=existing).requiring(
        {group: traits_required(problem, group) for group in problem.groups}
    )


def feasible(
    app: Application, fleet: CompiledFleet, chosen: Sequence[RuleAtom], seconds: float = 30
) -> bool:
    """Whether some atoms of an application hold together.

    Raises
    ------
    TimeoutError
        If `solve` neither places nor refutes in time.
    """
    sub = sub_application(app, fleet, chosen)
    if sub is None:
        return True
    limits = Limits(seconds=seconds, gap=ANY_PLACEMENT_GAP, workers=1)
    answer = solve(sub, fleet, objective="cost", limits=limits, explain=False)
    if answer.status == "unknown":
        names = [str(atom) for atom in chosen]
        raise TimeoutError(f"neither placed nor refuted in {seconds} s: {names}")
    return answer.placed
