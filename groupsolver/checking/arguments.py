"""Arguments of public functions: what of them has the wrong type, as a `TypeError` in words."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, get_args

from groupsolver.errors import BadInput, Fault, nearest, require_type
from groupsolver.model.application import Application
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.model.fleet import Fleet
from groupsolver.model.fleet_in_use import FleetInUse
from groupsolver.model.result import Limits, Objective


def require_application(app: object) -> None:
    """Refuse what is no application. Raises `TypeError`."""
    hint = "load_application reads one from a file"
    if isinstance(app, Mapping):
        hint = "Application(**document) makes one"
    require_type("app", app, Application, "an Application", hint)


def require_fleet(fleet: object) -> None:
    """Refuse what is no fleet in any form that the checker reads. Raises `TypeError`."""
    if not isinstance(fleet, HostIndex):
        require_solver_fleet(fleet)


def require_solver_fleet(fleet: object) -> None:
    """Refuse what is no fleet: plain, compiled or in use. Raises `TypeError`."""
    hint = "load_fleet reads one from a file"
    if isinstance(fleet, Mapping):
        hint = "Fleet(**document) makes one"
    kinds = (Fleet, CompiledFleet, FleetInUse)
    require_type("fleet", fleet, kinds, "a Fleet, CompiledFleet or Cluster", hint)


def require_objective(objective: object) -> None:
    """Refuse an unknown objective. Raises `TypeError`, or `BadInput` for an unknown name."""
    known = get_args(Objective)
    expected = f"one of {', '.join(known)}"
    require_type("objective", objective, str, expected)
    if objective not in known:
        message = f"expected {expected}, got {objective!r}{nearest(str(objective), known)}"
        raise BadInput([Fault("wrong-value", "objective", message)])


def require_limits(limits: object) -> None:
    """Refuse what is no `Limits` and not None. Raises `TypeError`."""
    hint = ""
    if isinstance(limits, (int, float)) and not isinstance(limits, bool):
        hint = f"Limits(seconds={limits}) bounds the time"
    require_type("limits", limits, (Limits, type(None)), "Limits or None", hint)


def require_callable(name: str, value: object) -> None:
    """Refuse what is neither callable nor None. Raises `TypeError`."""
    if value is not None and not callable(value):
        require_type(name, value, type(None), "a callable or None")


def require_flags(**flags: object) -> None:
    """Refuse what is neither True nor False. Raises `TypeError`."""
    for name, value in flags.items():
        require_type(name, value, bool, "True or False")


def require_names(name: str, value: object) -> None:
    """Refuse what is neither a collection of texts nor None; a text is none. Raises `TypeError`."""
    expected = "a collection of names, or None"
    if isinstance(value, str):
        require_type(name, value, type(None), expected)
    require_type(name, value, (Collection, type(None)), expected)


def require_placement(name: str, value: object, what: str) -> None:
    """Refuse what is no mapping of texts to texts. Raises `TypeError`.

    Parameters
    ----------
    name : str
        The argument's.
    value : object
    what : str
        What is mapped to what: ``member to host``.
    """
    expected = f"a mapping of {what}"
    hint = f"its attribute {name!r} is one" if hasattr(value, name) else ""
    require_type(name, value, Mapping, expected, hint)
    require_texts(name, value, expected)


def require_texts(name: str, mapping: Any, expected: str) -> None:
    """Refuse keys and values of a mapping that are no texts. Raises `TypeError`."""
    entries: Iterable[tuple[object, object]] = mapping.items()
    for key, value in entries:
        require_type(f"{name}, a key", key, str, expected)
        require_type(f"{name}[{key!r}]", value, str, expected)
