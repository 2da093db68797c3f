"""Changes to an application: its policies and the sizes of its groups."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from groupsolver.changes.change import Change, Kind
from groupsolver.constraints.policy import Policy
from groupsolver.model.application import Application, Group, Members, member_ids
from groupsolver.model.units import count_of


@dataclass(frozen=True)
class PolicyReplaced(Change):
    """A policy of a group is replaced by another, or dropped.

    Attributes
    ----------
    group : str
    index : int
        Position in the group's list of policies.
    old : Policy
    new : Policy or None
        None if the policy is dropped.
    """

    group: str
    index: int
    old: Policy
    new: Policy | None

    @property
    def kind(self) -> Kind:  # type: ignore[override]
        """``relax`` for another number, ``soften`` for a weight, ``drop`` for none."""
        if self.new is None:
            return "drop"
        if self.new.weight is not None and self.old.weight is None:
            return "soften"
        return "relax"

    def describe(self, reveal: bool = True) -> str:
        """Return what becomes of the policy."""
        name = f"{self.group} {self.old.kind}"
        if self.old.at is not None:
            name += f" at {self.old.at}"
        if self.new is None:
            return f"drop {name}: {self.old.describe(self.group)}"
        if self.kind == "soften":
            return f"make {name} soft: {self.old.describe(self.group)}"
        differences = []
        for field in type(self.old).model_fields:
            before = getattr(self.old, field)
            after = getattr(self.new, field)
            if before == after:
                continue
            if isinstance(before, bool) or isinstance(after, bool):
                # A flag is written as in a file; null means the same as false.
                differences.append(f"{field} {_flag_text(before)} -> {_flag_text(after)}")
            else:
                differences.append(f"{field} {_as_text(before)} -> {_as_text(after)}")
        return f"{name} {', '.join(differences)}"

    def on_application(self, app: Application[Any]) -> Application[Any]:
        """Return the application with the new policy in the place of the old."""

        def with_new_policy(group: Group[Any]) -> dict[str, Any]:
            policies = list(group.policies)
            policies[self.index : self.index + 1] = [] if self.new is None else [self.new]
            return {"policies": tuple(policies)}

        return _with_group(app, self.group, with_new_policy)


@dataclass(frozen=True)
class FewerMembers(Change):
    """Some members of a group are left out.

    Attributes
    ----------
    group : str
    size : int
        How many members of its own the group has before, running ones of the file included.
    ids : tuple of str
        The members that are left out.
    """

    group: str
    size: int
    ids: tuple[str, ...]
    kind: ClassVar[Kind] = "fewer"

    def describe(self, reveal: bool = True) -> str:
        """Return the sizes before and after."""
        left = self.size - len(self.ids)
        if not left:
            return f"leave {self.group} out, {count_of(self.size, 'member')}"
        return f"{self.group} {self.size} -> {count_of(left, 'member')}"

    def describe_required(self) -> str:
        """Return how many members are required before and after, of a group with `at_least`."""
        left = self.size - len(self.ids)
        return f"{self.group} at_least {self.size} -> {count_of(left, 'member')}"

    def on_application(self, app: Application[Any]) -> Application[Any]:
        """Return the application without the members; the others keep their ids."""
        left_out = set(self.ids)

        def with_fewer_members(group: Group[Any]) -> dict[str, Any]:
            kept = [
                _single(id_, members) for id_, members in member_ids(group) if id_ not in left_out
            ]
            return {"members": tuple(kept)}

        return _with_group(app, self.group, with_fewer_members)


@dataclass(frozen=True)
class MoreMembers(Change):
    """A group has more members.

    Attributes
    ----------
    group : str
    size : int
        How many members of its own the group has before, running ones of the file included.
    like : Members
        The entry whose flavor or resources each new member has.
    ids : tuple of str
        The new members.
    """

    group: str
    size: int
    like: Members
    ids: tuple[str, ...]
    kind: ClassVar[Kind] = "more"

    def describe(self, reveal: bool = True) -> str:
        """Return the sizes before and after."""
        return f"{self.group} {self.size} -> {count_of(self.size + len(self.ids), 'member')}"

    def on_application(self, app: Application[Any]) -> Application[Any]:
        """Return the application with the new members behind the others, which keep their ids."""
        new = [_single(id_, self.like) for id_ in self.ids]

        def with_more_members(group: Group[Any]) -> dict[str, Any]:
            return {"members": (*group.members, *new)}

        return _with_group(app, self.group, with_more_members)


def _flag_text(value: object) -> str:
    return "true" if value else "false"


def _as_text(value: object) -> str:
    """Return a field's value as a person writes it."""
    if value is None:
        return "none"
    if isinstance(value, dict):
        parts = [f"{key} {_as_text(inner)}" for key, inner in value.items()]
    elif isinstance(value, (tuple, list)):
        parts = [_as_text(inner) for inner in value]
    else:
        return str(value)
    return ", ".join(parts) or "none"


def _single(id_: str, members: Members) -> Members:
    """Return one member of an entry, with its id."""
    return members.model_copy(update={"id": id_, "count": 1})


def _with_group(
    app: Application[Any], name: str, update: Callable[[Group[Any]], dict[str, Any]]
) -> Application[Any]:
    """Return an application with some fields of one group changed."""
    groups = [
        group.model_copy(update=update(group)) if group.name == name else group
        for group in app.groups
    ]
    return app.model_copy(update={"groups": tuple(groups)})
