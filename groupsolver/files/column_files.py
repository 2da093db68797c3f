"""Fleets in CSV and Parquet files: one row a host, read as columns by pyarrow (extra ``arrow``).

The columns are those of a pandas frame (`groupsolver.model.convert.frames`), but for ``cells``.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any

from groupsolver.errors import BadInput, Fault, nearest, quoted, require_type
from groupsolver.files.fault_text import refuse
from groupsolver.files.reading import MIB, name_of
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.convert.column_reader import Column, class_name
from groupsolver.model.convert.columns import INVENTORY_FIELDS, GivenColumns, read_columns
from groupsolver.model.fleet import Link
from groupsolver.model.pools.pool import Pool
from groupsolver.model.value import free_key

ENDINGS = (".csv", ".parquet")
MAX_FILE = 2048 * MIB
MAX_ROWS = 20_000_000
MAX_COLUMNS = 10_000
_FIELDS = ("name", "traits", "reserved_for", "enabled", "cost", "opening_cost")
_USED = "used"
_DOMAINS = "domains."
_LIKE_FIELD = 0.8  # a column so like a field is rather that field misspelt than a level
_WHOLE = re.compile(r"[+-]?[0-9]{1,19}")


def is_column_file(path: str | os.PathLike[str]) -> bool:
    """Return whether a file is one of columns, by its ending: ``.csv`` or ``.parquet``."""
    return Path(path).suffix.lower() in ENDINGS


def load_columns(
    path: str | os.PathLike[str],
    *,
    levels: Sequence[str] | None = None,
    links: Iterable[Link | Mapping[str, Any]] = (),
    pools: Iterable[Pool | Mapping[str, Any]] = (),
) -> CompiledFleet:
    """Read a fleet from a CSV or Parquet file with one row a host.

    Its columns are ``name``; one a level, such as ``zone``, with the host's domain; one a resource
    class, such as ``VCPU``, with its total, and ``VCPU.used``, ``VCPU.reserved``,
    ``VCPU.allocation_ratio`` and the other fields of an inventory; ``traits`` and
    ``reserved_for``, as text with spaces or commas or as lists; ``enabled``, ``cost``,
    ``opening_cost``. ``metadata`` and ``x-...`` are ignored. An empty cell, or null, is a value
    that is not given.

    Parameters
    ----------
    path : str or path-like
        By its ending, ``.csv`` or ``.parquet``.
    levels : sequence of str, optional
        The levels, from the outermost. By default, every column that is nothing else is one, in
        the order of the file. A level with the name of another column is called ``domains.LEVEL``.
    links, pools : iterable, optional
        What a table of hosts does not have.

    Raises
    ------
    BadInput
        Naming the file: ``columns.VCPU.used[3]`` is the row at position 3.
    ImportError
        Where pyarrow is not installed.
    """
    require_type("path", path, (str, os.PathLike), "the path of a file")
    require_type("levels", levels, (list, tuple, type(None)), "a list of names, or None")
    require_type("links", links, Iterable, "an iterable of links")
    require_type("pools", pools, Iterable, "an iterable of pools")
    arrow = _pyarrow()
    try:
        return _load(arrow, Path(path), levels, links, pools)
    except BadInput as error:
        raise error.in_file(name_of(path)) from None


def _load(
    arrow: Any,
    path: Path,
    levels: Sequence[str] | None,
    links: Iterable[Link | Mapping[str, Any]],
    pools: Iterable[Pool | Mapping[str, Any]],
) -> CompiledFleet:
    if not is_column_file(path):
        raise refuse("wrong-value", f"expected a file that ends in {' or '.join(ENDINGS)}")
    try:
        if path.stat().st_size > MAX_FILE:
            raise refuse("file-too-large", f"expected at most {MAX_FILE // MIB} MiB, found more")
        if path.suffix.lower() == ".csv":
            columns = _csv_columns(arrow, path)
        else:
            columns = _parquet_columns(arrow, path)
    except (OSError, ValueError) as error:  # pyarrow's errors are of either
        raise _unreadable(arrow, path, error) from None
    given = _meaning(columns, levels)
    return CompiledFleet.of_host_columns(read_columns(given), links, pools)


def _unreadable(arrow: Any, path: Path, error: Exception) -> BadInput:
    text = " ".join(str(error).split())[:300]
    if isinstance(error, arrow.ArrowException) or not getattr(error, "strerror", None):
        kind = "CSV" if path.suffix.lower() == ".csv" else "Parquet"
        code = "not-csv" if kind == "CSV" else "not-parquet"
        return refuse(code, f"expected {kind}: {text}")
    reason = getattr(error, "strerror", text)
    return refuse("unreadable-file", f"expected a file that can be read: {reason}")


def _pyarrow() -> Any:
    """Return the module pyarrow, with its readers. Raises `ImportError`."""
    try:
        for name in ("pyarrow.csv", "pyarrow.parquet"):
            import_module(name)
        return import_module("pyarrow")
    except ImportError:
        message = "pyarrow is not installed; install it with: pip install 'groupsolver[arrow]'"
        raise ImportError(message) from None


def _parquet_columns(arrow: Any, path: Path) -> dict[str, Any]:
    with arrow.parquet.ParquetFile(path) as file:
        metadata = file.metadata
        if metadata.num_rows > MAX_ROWS or metadata.num_columns > MAX_COLUMNS:
            raise refuse("file-too-large", f"expected at most {MAX_ROWS:,} rows, found more")
        _check_names(list(file.schema_arrow.names))
        table = file.read()
    # Also that texts are UTF-8: they are decoded later.
    table.validate(full=True)
    return {name: table.column(name) for name in table.column_names}


def _csv_columns(arrow: Any, path: Path) -> dict[str, Any]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = next(csv.reader([file.readline(MIB)]), [])
    if not header:
        raise refuse("not-csv", "expected CSV: a first line with the names of the columns")
    _check_names(header)
    types = {name: _arrow_type(arrow, name) for name in header}
    try:
        table = _read_csv(arrow, path, types)
    except arrow.ArrowInvalid as error:
        if "conversion error" not in str(error):
            raise
        # Some number is none: read all as text, to say which.
        table = _read_csv(arrow, path, dict.fromkeys(header, arrow.string()))
        return {
            name: table.column(name)
            if types[name] == arrow.string()
            else [_number(text) for text in table.column(name).to_pylist()]
            for name in header
        }
    return {name: table.column(name) for name in header}


def _read_csv(arrow: Any, path: Path, types: Mapping[str, Any]) -> Any:
    options = arrow.csv.ConvertOptions(
        column_types=types,
        strings_can_be_null=True,
        quoted_strings_can_be_null=True,
        null_values=[""],
        true_values=["true", "True", "TRUE"],
        false_values=["false", "False", "FALSE"],
    )
    return arrow.csv.read_csv(path, convert_options=options)


def _arrow_type(arrow: Any, name: str) -> Any:
    if name == "enabled":
        return arrow.bool_()
    if name.endswith(".allocation_ratio") and _amount(name):
        return arrow.float64()
    if name in {"cost", "opening_cost"} or _amount(name):
        return arrow.int64()
    return arrow.string()


def _number(text: str | None) -> Any:
    """Return a cell of CSV as a number or a flag; as text where it is neither."""
    if text is None:
        return None
    plain = text.strip()
    if _WHOLE.fullmatch(plain):
        return int(plain)
    if plain.lower() in {"true", "false"}:
        return plain.lower() == "true"
    try:
        number = float(plain)
    except ValueError:
        return text
    return int(number) if number.is_integer() else number


def _check_names(names: Sequence[str]) -> None:
    """Refuse columns that are there twice."""
    if len(names) > MAX_COLUMNS:
        raise refuse("file-too-large", f"expected at most {MAX_COLUMNS:,} columns, found more")
    seen: set[str] = set()
    faults = []
    for name in names:
        if name in seen:
            message = f"column {quoted(name)} is there twice"
            faults.append(Fault("duplicate-name", f"columns.{name}", message))
        seen.add(name)
    if faults:
        raise BadInput(faults)


def _amount(name: str) -> bool:
    """Return whether a column is of a resource class: ``VCPU`` or ``VCPU.used``."""
    resource, dot, part = name.partition(".")
    return class_name(resource) and (not dot or part == _USED or part in INVENTORY_FIELDS[1:])


def _meaning(columns: Mapping[str, Any], levels: Sequence[str] | None) -> GivenColumns:
    """Return what each column is. Raises `BadInput` for one that is nothing, or missing."""
    named = {name: Column(f"columns.{name}", values) for name, values in columns.items()}
    if "name" not in named:
        message = f"expected a column 'name'{nearest('name', list(columns))}"
        raise BadInput([Fault("missing-key", "columns.name", message)])
    given = GivenColumns(names=named["name"])
    faults: list[Fault] = []
    found: dict[str, Column] = {}
    for name, column in named.items():
        level = name.removeprefix(_DOMAINS)
        if level == name and (free_key(name) or name in _FIELDS):
            continue
        if level == name and _amount(name):
            _put_amount(given, name, column)
        elif levels is not None and level not in levels:
            message = f"column {quoted(name)} means nothing{nearest(level, list(levels))}"
            faults.append(Fault("unknown-key", column.path, f"{message}; is it a level?"))
        elif level == name and (fault := _no_level(name)):
            faults.append(Fault("unknown-key", column.path, fault))
        else:
            found[level] = column
    for level in levels or ():
        if level not in found:
            message = f"expected a column {level!r}{nearest(level, list(columns))}"
            faults.append(Fault("missing-key", f"columns.{level}", message))
    if faults:
        raise BadInput(faults)
    given.levels = {level: found[level] for level in (found if levels is None else levels)}
    for name in ("traits", "reserved_for", "enabled", "cost", "opening_cost"):
        if name in named:
            setattr(given, name, named[name])
    return given


def _no_level(name: str) -> str:
    """Return why a column that is nothing else is no level either, or nothing."""
    if name == "cells":
        return "NUMA cells are no column: a fleet of YAML or JSON has them"
    resource, dot, part = name.partition(".")
    if dot and class_name(resource):
        hint = nearest(part, [_USED, *INVENTORY_FIELDS])
        return f"column {quoted(name)} means nothing{hint}"
    alike = get_close_matches(name, _FIELDS, n=1, cutoff=_LIKE_FIELD)
    if alike:
        return (
            f"column {quoted(name)} means nothing (did you mean {alike[0]!r}?); a level of this "
            f"name is called {_DOMAINS}{name}"
        )
    return ""


def _put_amount(given: GivenColumns, name: str, column: Column) -> None:
    resource, _, part = name.partition(".")
    if part == _USED:
        given.used[resource] = column
    else:
        given.inventory.setdefault(resource, {})[part or "total"] = column
