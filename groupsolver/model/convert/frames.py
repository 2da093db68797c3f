"""Hosts and placements to and from pandas frames.

A frame of hosts has one row a host. Its columns are

- ``name``, ``traits``, ``enabled``, ``cost``, ``opening_cost``, ``reserved_for`` and ``cells``, as
  the fields of a host;
- one a level, such as ``zone``, with the host's domain;
- one a resource class, such as ``VCPU``, with its total; ``VCPU.used`` with what is in use, and
  ``VCPU.reserved``, ``VCPU.allocation_ratio`` and the other fields of an inventory;
- ``metadata`` and ``x-...``, which are kept.

A level whose name is that of another column is called ``domains.LEVEL``. An empty cell, or NaN, is
a value that is not given.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from typing import Any

from groupsolver.errors import BadInput, Fault, nearest, require_type
from groupsolver.model.inventory import Inventory
from groupsolver.model.value import free_key

HOST_FIELDS = ("name", "traits", "enabled", "cost", "opening_cost", "reserved_for", "cells")
_LISTS = {"traits", "reserved_for"}
_CLASS = re.compile(r"[A-Z0-9_]+")
_SEPARATORS = re.compile(r"[\s,;]+")
_USED = "used"
Document = dict[str, Any]


def pandas() -> Any:
    """Return the module pandas. Raises `ImportError` where it is not installed."""
    try:
        return import_module("pandas")
    except ImportError:
        message = "pandas is not installed; install it with: pip install 'groupsolver[pandas]'"
        raise ImportError(message) from None


def hosts_from_frame(frame: Any, levels: Sequence[str]) -> list[Document]:
    """Return the hosts of a frame as documents, which are not validated yet.

    Raises
    ------
    BadInput
        For a column that means nothing, or is missing.
    """
    require_type("frame", frame, pandas().DataFrame, "a pandas DataFrame")
    columns = {_level_column(level): level for level in levels}
    faults = list(_column_faults([str(name) for name in frame.columns], columns))
    if faults:
        raise BadInput(faults)
    records = frame.to_dict("records")
    return [_host({str(key): value for key, value in row.items()}, columns) for row in records]


def frame_of_hosts(hosts: Iterable[Document], levels: Sequence[str]) -> Any:
    """Return a frame of hosts, given as documents with every field."""
    rows = [_row(host, levels) for host in hosts]
    columns: dict[str, None] = {"name": None}
    columns.update(dict.fromkeys(_level_column(level) for level in levels))
    for row in rows:
        columns.update(dict.fromkeys(row))
    # As objects, or pandas would make floats of integers where some are missing.
    return pandas().DataFrame(rows, columns=list(columns), dtype=object)


def _level_column(level: str) -> str:
    taken = level in HOST_FIELDS or free_key(level) or "." in level or _CLASS.fullmatch(level)
    return f"domains.{level}" if taken else level


def _column_faults(names: list[str], levels: Mapping[str, str]) -> Iterable[Fault]:
    known = [*HOST_FIELDS, *levels]
    seen: set[str] = set()
    for name in names:
        if name in seen:
            yield Fault("duplicate-name", f"columns.{name}", f"column {name!r} is there twice")
        seen.add(name)
        if name not in known and not free_key(name) and not _means_amount(name):
            message = f"column {name!r} means nothing{nearest(name, known)}; is it a level?"
            yield Fault("unknown-key", f"columns.{name}", message)
    for column in ("name", *levels):
        if column not in seen:
            message = f"expected a column {column!r}{nearest(column, names)}"
            yield Fault("missing-key", f"columns.{column}", message)


def _means_amount(column: str) -> bool:
    """Return whether a column is of a resource class: ``VCPU`` or ``VCPU.used``."""
    resource, dot, part = column.partition(".")
    if not _CLASS.fullmatch(resource):
        return False
    return not dot or part == _USED or part in Inventory.model_fields


def _host(row: Document, levels: Mapping[str, str]) -> Document:
    host: Document = {"domains": {}, "inventory": {}, _USED: {}}
    for column, value in row.items():
        if _missing(value):
            continue
        plain = _plain(value)
        if column in levels:
            host["domains"][levels[column]] = plain
        elif column in _LISTS:
            host[column] = _SEPARATORS.split(plain.strip()) if isinstance(plain, str) else plain
        elif column in HOST_FIELDS or free_key(column):
            host[column] = plain
        else:
            _put_amount(host, column, plain)
    return host


def _put_amount(host: Document, column: str, value: Any) -> None:
    resource, _, part = column.partition(".")
    if part == _USED:
        host[_USED][resource] = value
    else:
        host["inventory"].setdefault(resource, {})[part or "total"] = value


def _row(host: Document, levels: Sequence[str]) -> Document:
    row: Document = {"name": host["name"]}
    for level in levels:
        row[_level_column(level)] = host["domains"].get(level)
    for resource, inventory in host["inventory"].items():
        for part, value in inventory.items():
            row[resource if part == "total" else f"{resource}.{part}"] = value
    for resource, amount in host[_USED].items():
        row[f"{resource}.{_USED}"] = amount
    done = {"name", "domains", "inventory", _USED}
    row.update({key: value for key, value in host.items() if key not in done})
    return row


def _missing(value: Any) -> bool:
    """Return whether a cell is empty: None, NaN, NA or NaT. Lists and mappings never are."""
    if value is None:
        return True
    if isinstance(value, (str, list, tuple, set, frozenset, dict)) or hasattr(value, "__len__"):
        return False
    return bool(pandas().isna(value))


def _plain(value: Any) -> Any:
    """Return a value of numpy's as Python's, and a whole float as an integer."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(one) for one in value]
    if hasattr(value, "tolist"):  # numpy's scalars and arrays
        value = value.tolist()
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
