"""Members that may be left out: those below a group with `at_least`.

Such a group asks for `at_least` of the members that the file lists below it. Members of the file
that run already are placed; what is missing must be new. All new members below the group are
optional, each with the `value` of its entry.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Container
from dataclasses import dataclass
from typing import Any

from groupsolver.model.application import Application, Group, Members, member_ids
from groupsolver.model.nesting import below_of
from groupsolver.model.units import count_of


@dataclass(frozen=True)
class Requirement:
    """How many optional members must be placed below one group.

    Attributes
    ----------
    group : str
    below : frozenset of str
        The groups whose members count: the group itself and all below it.
    least : int
        New members that must be placed.
    available : int
        New members that there are.
    """

    group: str
    below: frozenset[str]
    least: int
    available: int


def describe_required_members(group: str, least: int) -> str:
    """Return the sentence that at least so many new members of a group are placed."""
    verb = "is" if least == 1 else "are"
    return f"at least {count_of(least, 'new member')} of {group} {verb} placed"


def has_optional_members(app: Application[Any]) -> bool:
    """Return whether some group may leave members out."""
    return any(group.at_least is not None for group in app.groups)


def requirements(app: Application[Any]) -> tuple[Requirement, ...]:
    """Return what each group with `at_least` requires, in the order of the file.

    For example, a group of five members with ``at_least: 3``, two of which run already, requires
    one of the other three.
    """
    if not has_optional_members(app):
        return ()
    below = below_of(app.groups)
    running = {there.id for there in app.existing}
    own = {group.name: [id_ for id_, _ in member_ids(group)] for group in app.groups}
    size = {name: len(ids) for name, ids in own.items()}
    placed = {name: sum(id_ in running for id_ in ids) for name, ids in own.items()}
    found = []
    for group in app.groups:
        if group.at_least is None:
            continue
        inside = below[group.name]
        listed = sum(size[name] for name in inside)
        run_already = sum(placed[name] for name in inside)
        # A change may have taken members away: no more can be asked for than there are.
        least = max(0, min(group.at_least, listed) - run_already)
        found.append(Requirement(group.name, inside, least, listed - run_already))
    return tuple(found)


def optional_values(app: Application[Any]) -> dict[str, int]:
    """Return the value of each new member that may be left out, by id, in the file's order."""
    optional_groups = set().union(*(one.below for one in requirements(app)))
    running = {there.id for there in app.existing}
    return {
        id_: members.value
        for group in app.groups
        if group.name in optional_groups
        for id_, members in member_ids(group)
        if id_ not in running
    }


def left_out_of(app: Application[Any], placed: Container[str]) -> tuple[str, ...]:
    """Return the optional members that are not placed, in the file's order."""
    return tuple(id_ for id_ in optional_values(app) if id_ not in placed)


def without_members(app: Application[Any], left_out: Collection[str]) -> Application[Any]:
    """Return the application without some members and with all others required.

    The members that stay keep their ids.
    """
    gone = frozenset(left_out)
    groups = [
        group.model_copy(update={"at_least": None, "members": _kept_entries(group, gone)})
        for group in app.groups
    ]
    return app.model_copy(update={"groups": tuple(groups)})


def _kept_entries(group: Group[Any], gone: frozenset[str]) -> tuple[Members, ...]:
    """Return the entries of a group without some members."""
    listed = list(member_ids(group))
    lost = Counter(id_ in gone for id_, _ in listed)[True]
    if not lost:
        return group.members
    # While only the last members of the last entries go, the others keep their ids as they are.
    if all(id_ in gone for id_, _ in listed[len(listed) - lost :]):
        return _shortened(group.members, len(listed) - lost)
    return tuple(
        members.model_copy(update={"id": id_, "count": 1})
        for id_, members in listed
        if id_ not in gone
    )


def _shortened(entries: tuple[Members, ...], number: int) -> tuple[Members, ...]:
    """Return the first so many members of some entries."""
    kept: list[Members] = []
    left = number
    for entry in entries:
        taken = min(entry.count, left)
        if taken:
            kept.append(entry.model_copy(update={"count": taken}))
        left -= taken
    return tuple(kept)
