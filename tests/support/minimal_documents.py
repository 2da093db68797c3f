"""Minimal failing documents: what a law prints when it fails.

A law draws an application and a fleet from one seed, so Hypothesis cannot make them smaller. This
module does: it removes one part after another for as long as the law still fails (delta debugging,
Zeller & Hildebrandt 2002, doi:10.1109/32.988498, greedily and part by part).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from copy import deepcopy
from dataclasses import dataclass
from random import Random
from time import monotonic
from typing import Any

Doc = dict[str, Any]
Case = tuple[Doc, Doc]  # an application and a fleet
Draw = Callable[[Random], Case]
Path = tuple[str | int, ...]  # the keys and positions that lead to a part of a document

Recorded = list[tuple[Draw, Any]]  # how each case was drawn, and the generator's state before it

_drawn: ContextVar[Recorded] = ContextVar("drawn")
_replayed: ContextVar[Replay | None] = ContextVar("replayed", default=None)


@dataclass
class Replay:
    """A case to look at instead of a drawn one, and the generator's state after it."""

    case: Case
    state: Any
    begun: bool = False  # whether the law has asked for it


class CaseHeld(Exception):
    """Raised where a replayed law draws a second case: it held on the case to look at."""


def case_of(rnd: Random, draw: Draw) -> Case:
    """Return the case that a law looks at: a drawn one, or a smaller one while a failure is shrunk.

    The generator continues in both at the same state, so that what a law draws afterwards stays.
    """
    replayed = _replayed.get()
    if replayed is not None:
        if replayed.begun:
            raise CaseHeld
        replayed.begun = True
        rnd.setstate(replayed.state)
        return deepcopy(replayed.case)
    recorded = _drawn.get(None)
    if recorded is not None:
        recorded.append((draw, rnd.getstate()))
    return draw(rnd)


def begin_again() -> None:
    """Let a law that is run once more look at the same case."""
    replayed = _replayed.get()
    if replayed is not None:
        replayed.begun = False


@contextmanager
def recording() -> Iterator[Recorded]:
    """Record how every case inside is drawn."""
    recorded: Recorded = []
    token = _drawn.set(recorded)
    try:
        yield recorded
    finally:
        _drawn.reset(token)


def redrawn(draw: Draw, before: Any) -> tuple[Case, Any]:
    """Return a recorded case, drawn again, and the generator's state after it."""
    rnd = Random(0)
    rnd.setstate(before)
    case = deepcopy(draw(rnd))
    return case, rnd.getstate()


def fails_with(
    case: Case,
    state: Any,
    law: Callable[[], None],
    failures: tuple[type[Exception], ...] = (AssertionError,),
) -> bool:
    """Whether a law fails on a case as it failed before; other errors are no failure of the law.

    Parameters
    ----------
    case : tuple of dict
    state
        The generator's state after the case was drawn.
    law : callable
    failures : tuple of type, default (AssertionError,)
        What the law raised before.
    """
    token = _replayed.set(Replay(case, state))
    try:
        law()
    except failures:
        return True
    except Exception:  # noqa: BLE001 - a smaller document may be bad input
        return False
    finally:
        _replayed.reset(token)
    return False


def minimal(case: Case, fails: Callable[[Case], bool], seconds: float = 20.0) -> Case:
    """Return a case that still fails and of which no single part can be removed, in the time given.

    Parameters
    ----------
    case : tuple of dict
        It fails.
    fails : callable
    seconds : float, default 20
    """
    end = monotonic() + seconds
    removed = True
    while removed:
        removed = False
        position = 0
        while position < len(parts := _parts_of(case)) and monotonic() < end:
            smaller = _without_part(case, *parts[position])
            if fails(smaller):
                case = smaller
                removed = True  # the part at this position is now another one
            else:
                position += 1
    return case


def _parts_of(case: Case) -> list[tuple[int, Path]]:
    """Return which document each part is in, and its path there, the largest parts first."""
    return [
        (number, path)
        for number, document in enumerate(case)
        for path in sorted(_parts(document), key=len)
    ]


def _without_part(case: Case, number: int, path: Path) -> Case:
    """Return a case without a part of its application (0) or its fleet (1)."""
    app, fleet = case
    if number == 0:
        return _without(app, path), fleet
    return app, _without(fleet, path)


def _parts(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the path of every key and list item below a value."""
    keys: list[str | int] = []
    if isinstance(value, dict):
        keys = list(value)
    elif isinstance(value, list):
        keys = [*range(len(value) - 1, -1, -1)]
    for key in keys:
        yield (*path, key)
        yield from _parts(value[key], (*path, key))


def _without(document: Doc, path: Path) -> Doc:
    """Return a copy of a document without the part at a path; a group goes with what names it."""
    copy = deepcopy(document)
    parent: Any = copy
    for key in path[:-1]:
        parent = parent[key]
    removed = parent[path[-1]]
    del parent[path[-1]]
    if path[:-1] == ("groups",):
        _forget_group(copy, removed.get("name"))
    return copy


def _forget_group(app: Doc, name: str | None) -> None:
    """Remove what names a group that is gone."""
    for group in app["groups"]:
        if "groups" in group:
            group["groups"] = [child for child in group["groups"] if child != name]
        if "policies" in group:
            group["policies"] = [
                policy
                for policy in group["policies"]
                if isinstance(policy, str) or name not in policy.values()
            ]
    if "existing" in app:
        app["existing"] = [there for there in app["existing"] if there.get("group") != name]
