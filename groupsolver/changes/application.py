"""Changes to what is asked for: policies and sizes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from groupsolver.changes.change import Change, Kind
from groupsolver.constraints.policy import Policy
from groupsolver.model.application import Application, Group, Members, member_ids
from groupsolver.model.units import count_of


@dataclass(frozen=True)
class Replaced(Change):
    """A policy of a group is another, or none.

    Attributes
    ----------
    group : str
    place : int
        Where it stands in the group's list.
    old : Policy
    new : Policy or None
    """

    group: str
    place: int
    old: Policy
    new: Policy | None

    @cached_property
    def kind(self) -> Kind:  # type: ignore[override]
        """``relax`` for another number, ``soften`` for a weight, ``drop`` for none."""
        if self.new is None:
            return "drop"
        return "soften" if self.new.weight is not None and self.old.weight is None else "relax"

    def describe(self, reveal: bool = True) -> str:
        """Say what becomes of the policy."""
        level = self.old.at
        name = f"{self.group} {self.old.kind}" + (f" at {level}" if level is not None else "")
        if self.new is None:
            return f"drop {name}: {self.old.describe(self.group)}"
        if self.kind == "soften":
            return f"make {name} soft: {self.old.describe(self.group)}"
        fields = type(self.old).model_fields
        told = [
            f"{field} {_told(getattr(self.old, field))} -> {_told(getattr(self.new, field))}"
            for field in fields
            if getattr(self.old, field) != getattr(self.new, field)
        ]
        return f"{name} {', '.join(told)}"

    def on_application(self, app: Application[Any]) -> Application[Any]:
        """Put the new policy in the place of the old."""

        def policies(group: Group[Any]) -> dict[str, Any]:
            told = list(group.policies)
            told[self.place : self.place + 1] = [] if self.new is None else [self.new]
            return {"policies": tuple(told)}

        return _with(app, self.group, policies)


@dataclass(frozen=True)
class Fewer(Change):
    """Some members of a group are not asked for.

    Attributes
    ----------
    group : str
    size : int
        How many members of its own the group has now, running ones of the file too.
    ids : tuple of str
        Those that are left out.
    """

    group: str
    size: int
    ids: tuple[str, ...]
    kind: ClassVar[Kind] = "fewer"

    def describe(self, reveal: bool = True) -> str:
        """Say how many are left."""
        left = self.size - len(self.ids)
        if not left:
            return f"leave {self.group} out, {count_of(self.size, 'member')}"
        return f"{self.group} {self.size} -> {count_of(left, 'member')}"

    def on_application(self, app: Application[Any]) -> Application[Any]:
        """Take the members out; the others keep their ids."""
        out = set(self.ids)

        def members(group: Group[Any]) -> dict[str, Any]:
            return {
                "members": tuple(
                    _one(id_, what) for id_, what in member_ids(group) if id_ not in out
                )
            }

        return _with(app, self.group, members)


@dataclass(frozen=True)
class More(Change):
    """A group has more members.

    Attributes
    ----------
    group : str
    size : int
        How many members of its own the group has now, running ones of the file too.
    like : Members
        What each of the new ones is.
    ids : tuple of str
        Those that come.
    """

    group: str
    size: int
    like: Members
    ids: tuple[str, ...]
    kind: ClassVar[Kind] = "more"

    def describe(self, reveal: bool = True) -> str:
        """Say how many there are then."""
        return f"{self.group} {self.size} -> {count_of(self.size + len(self.ids), 'member')}"

    def on_application(self, app: Application[Any]) -> Application[Any]:
        """Put the members behind the others, which keep their ids."""
        more = tuple(_one(id_, self.like) for id_ in self.ids)
        return _with(app, self.group, lambda group: {"members": (*group.members, *more)})


def _told(value: object) -> str:
    """Give a field's value as a person says it."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {_told(inner)}" for key, inner in value.items()) or "none"
    if isinstance(value, (tuple, list)):
        return ", ".join(map(_told, value)) or "none"
    return "none" if value is None else str(value)


def _one(id_: str, what: Members) -> Members:
    return what.model_copy(update={"id": id_, "count": 1})


def _with(
    app: Application[Any], name: str, change: Callable[[Group[Any]], dict[str, Any]]
) -> Application[Any]:
    """Give an application with some fields of one group changed."""
    groups = [
        group.model_copy(update=change(group)) if group.name == name else group
        for group in app.groups
    ]
    return app.model_copy(update={"groups": tuple(groups)})
