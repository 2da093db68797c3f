"""Hosts that are given as columns, validated a column at a time: no host is made a value.

The rules are those of `Host` and `Fleet`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np

from groupsolver.errors import BadInput, Fault, nearest, quoted, require_type
from groupsolver.model.compiled.arrays import Floats, Ints, Mask
from groupsolver.model.compiled.host_columns import ABSENT, HostColumns, InventoryColumns
from groupsolver.model.compiled.pool_table import pool_hosts
from groupsolver.model.convert.column_reader import Column, ColumnReader, class_name
from groupsolver.model.fleet import Fleet, Link
from groupsolver.model.inventory import Inventory
from groupsolver.model.pools.pool import Pool
from groupsolver.model.value import HOST, INT64_MAX

INVENTORY_FIELDS = ("total", "reserved", "allocation_ratio", "max_unit", "min_unit", "step_size")
MAX_RATIOS = 256  # allocation ratios that differ, before capacities are found one by one


@dataclass
class GivenColumns:
    """Columns as they were given, by what they mean.

    Attributes
    ----------
    names : Column
    levels : dict of str to Column
    inventory : dict of str to dict of str to Column
        By resource class and field of an inventory.
    used : dict of str to Column
    traits, reserved_for : Column or dict of str to Column
        Lists of traits, or flags by trait.
    enabled, cost, opening_cost : Column or None
    """

    names: Column
    levels: dict[str, Column] = field(default_factory=dict)
    inventory: dict[str, dict[str, Column]] = field(default_factory=dict)
    used: dict[str, Column] = field(default_factory=dict)
    traits: Column | dict[str, Column] = field(default_factory=dict)
    reserved_for: Column | dict[str, Column] = field(default_factory=dict)
    enabled: Column | None = None
    cost: Column | None = None
    opening_cost: Column | None = None


def given_columns(
    *,
    names: Any,
    levels: Mapping[str, Any] | None,
    inventory: Mapping[str, Any] | None,
    used: Mapping[str, Any] | None,
    traits: Any,
    reserved_for: Any,
    enabled: Any,
    cost: Any,
    opening_cost: Any,
) -> GivenColumns:
    """Return the arguments of `CompiledFleet.from_columns` with their names as paths.

    Raises
    ------
    TypeError
        For an argument that is no mapping and should be one.
    """
    classes = {}
    for name, columns in _mapping("inventory", inventory).items():
        fields = columns if isinstance(columns, Mapping) else {"total": columns}
        classes[name] = _columns(f"inventory.{name}", fields)
    return GivenColumns(
        names=Column("names", names),
        levels=_columns("levels", _mapping("levels", levels)),
        inventory=classes,
        used=_columns("used", _mapping("used", used)),
        traits=_column_or_columns("traits", traits),
        reserved_for=_column_or_columns("reserved_for", reserved_for),
        enabled=None if enabled is None else Column("enabled", enabled),
        cost=None if cost is None else Column("cost", cost),
        opening_cost=None if opening_cost is None else Column("opening_cost", opening_cost),
    )


def _mapping(name: str, value: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if value is None:
        return {}
    require_type(name, value, Mapping, "a mapping of names to columns")
    return value


def _columns(path: str, columns: Mapping[str, Any]) -> dict[str, Column]:
    return {name: Column(f"{path}.{name}", values) for name, values in columns.items()}


def _column_or_columns(path: str, value: Any) -> Column | dict[str, Column]:
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return _columns(path, value)
    return Column(path, value)


def read_columns(given: GivenColumns) -> HostColumns:
    """Validate columns.

    Raises
    ------
    BadInput
        With the faults of all columns. Of each column, the first wrong row is named.
    """
    size = _size(given.names)
    reader = ColumnReader(size)
    names = reader.names(given.names)
    rows = reader.rows_of(given.names.path, names) if len(names) == size else {}
    for level, column in given.levels.items():
        _check_level(reader, level, column.path)
    domains = {level: reader.domains(column) for level, column in given.levels.items()}
    inventory = {}
    for name, fields in given.inventory.items():
        inventory[name] = _inventory(reader, name, fields)
    used = {}
    for name, column in given.used.items():
        _check_class(reader, name, column.path)
        used[name], _ = reader.integers(column)
    traits = _traits(reader, given.traits)
    reserved_for = _traits(reader, given.reserved_for)
    enabled = np.ones(size, dtype=np.bool_)
    if given.enabled is not None:
        enabled = reader.flags(given.enabled, default=True)
    cost = np.zeros(size, dtype=np.int64)
    if given.cost is not None:
        cost, _ = reader.integers(given.cost, low=-INT64_MAX, default=0)
    opening_cost = np.full(size, ABSENT, dtype=np.int64)
    if given.opening_cost is not None:
        opening_cost, _ = reader.integers(given.opening_cost)
    if not size:
        reader.fault("out-of-range", given.names.path, "expected at least 1 host, found none")
    if reader.faults:
        raise BadInput(reader.faults)
    return HostColumns(
        names=names,
        codes={level: codes for level, (codes, _) in domains.items()},
        domains={level: named for level, (_, named) in domains.items()},
        inventory=inventory,
        used=used,
        traits=traits,
        reserved_for=reserved_for,
        enabled=enabled,
        cost=cost,
        opening_cost=opening_cost,
        rows=rows,
    )


def links_and_pools(
    columns: HostColumns,
    links: Iterable[Link | Mapping[str, Any]],
    pools: Iterable[Pool | Mapping[str, Any]],
) -> tuple[tuple[Link, ...], tuple[Pool, ...]]:
    """Validate links and pools, and hold them against hosts of columns. Raises `BadInput`."""
    # A fleet of the first host alone has every rule that does not look at the other hosts.
    fleet = Fleet(
        levels=list(columns.codes), hosts=[columns.host(0)], links=tuple(links), pools=tuple(pools)
    )
    faults = [*_ambiguous_ends(columns, fleet.links), *_repeated_classes(columns, fleet.pools)]
    if faults:
        raise BadInput(faults)
    return fleet.links, fleet.pools


def _size(names: Column) -> int:
    values = names.values
    if isinstance(values, (str, bytes)) or not hasattr(values, "__len__"):
        return 0
    try:
        return len(values)
    except TypeError:  # an array without dimensions
        return 0


def _check_level(reader: ColumnReader, level: object, path: str) -> None:
    if level == HOST:
        message = "'host' is the implicit level and is not listed"
        reader.fault("reserved-name", path, message)
    else:
        names = ColumnReader(1)
        names.names(Column(path, [level]))
        for fault in names.faults:
            reader.fault(fault.code, path, f"{fault.message}, as a level")


def _check_class(reader: ColumnReader, name: object, path: str) -> None:
    if not class_name(name):
        text = quoted(str(name))
        message = f"expected a resource class of A-Z, 0-9 and _, found {text}"
        reader.fault("ill-formed-name", path, message)


def _inventory(reader: ColumnReader, name: str, fields: Mapping[str, Column]) -> InventoryColumns:
    path = next(iter(fields.values())).path if fields else f"inventory.{name}"
    _check_class(reader, name, path)
    for key, column in fields.items():
        if key not in INVENTORY_FIELDS:
            hint = nearest(str(key), INVENTORY_FIELDS)
            message = f"unknown field {str(key)!r}{hint}; expected one of: "
            reader.fault("unknown-key", column.path, message + ", ".join(INVENTORY_FIELDS))
    if "total" not in fields:
        reader.fault("missing-key", path, f"expected the total of {name}")
        nothing = np.full(reader.size, ABSENT, dtype=np.int64)
        return InventoryColumns(nothing, np.zeros(reader.size, dtype=np.int64))
    total, absent = reader.integers(fields["total"])
    reserved = _whole(reader, fields, "reserved", absent, 0, 0)
    max_unit = _whole(reader, fields, "max_unit", absent, 1, ABSENT)
    min_unit = _whole(reader, fields, "min_unit", absent, 1, 1)
    step_size = _whole(reader, fields, "step_size", absent, 1, 1)
    ratio = None
    if "allocation_ratio" in fields:
        ratio = reader.ratios(fields["allocation_ratio"])
    present = total != ABSENT
    left = np.where(present, total, 0)
    if reserved is not None:
        reader.rows_fault(
            "out-of-range",
            fields["reserved"].path,
            present & (reserved > total),
            lambda row: (
                f"expected reserved to be at most total, {total[row]}, found {reserved[row]}"
            ),
        )
        left = np.where(present, np.maximum(0, total - reserved), 0)
    capacity, overflow = (left, None) if ratio is None else _capacity(left, ratio)
    if overflow is not None:
        reader.rows_fault(
            "amount-overflow",
            fields["allocation_ratio"].path,
            overflow,
            lambda _: "expected a capacity that fits 64 bits",
        )
    return InventoryColumns(
        total=total,
        capacity=capacity,
        reserved=reserved,
        allocation_ratio=ratio,
        max_unit=max_unit,
        min_unit=min_unit,
        step_size=step_size,
    )


def _whole(
    reader: ColumnReader,
    fields: Mapping[str, Column],
    key: str,
    absent: Mask | None,
    low: int,
    default: int,
) -> Ints | None:
    """Read a field of an inventory; where the host lacks the class, there is none."""
    if key not in fields:
        return None
    column = fields[key]
    values, missing = reader.integers(column, low=low, default=default)
    if absent is None or not absent.any():
        return values
    if not column.single:
        given = absent if missing is None else absent & ~missing
        reader.rows_fault(
            "missing-key", column.path, given, lambda _: f"{key} is given without a total"
        )
    return np.where(absent, default, values)


def _capacity(left: Ints, ratio: Floats) -> tuple[Ints, Mask | None]:
    """Return `Inventory.capacity` for what is not reserved, and where it leaves 64 bits."""
    ratios = np.unique(ratio) if len(ratio) else ratio
    if len(ratios) > MAX_RATIOS:
        return _capacity_one_by_one(left, ratio, np.arange(len(left)))
    capacity = left.copy()
    overflow: Mask | None = None
    largest = int(np.abs(left).max(initial=1))  # at least 1: the ratio by itself must fit, too
    for one in ratios.tolist():
        if one == 1.0:
            continue
        over, under = _decimal_ratio(one)
        rows = np.flatnonzero(ratio == one)
        if largest * over <= INT64_MAX and under <= INT64_MAX:
            capacity[rows] = left[rows] * over // under
            continue
        exact, too_large = _capacity_one_by_one(left, ratio, rows)
        capacity[rows] = exact[rows]
        if too_large is not None:
            overflow = too_large if overflow is None else overflow | too_large
    return capacity, overflow


def _decimal_ratio(ratio: float) -> tuple[int, int]:
    """Return a ratio, as it is written in decimal, as a fraction of whole numbers."""
    return Decimal(repr(ratio)).as_integer_ratio()


def _capacity_one_by_one(left: Ints, ratio: Floats, rows: Ints) -> tuple[Ints, Mask | None]:
    capacity = np.zeros(len(left), dtype=np.int64)
    overflow = np.zeros(len(left), dtype=np.bool_)
    known: dict[tuple[int, float], int] = {}
    pairs = zip(left[rows].tolist(), ratio[rows].tolist(), strict=True)
    for row, pair in zip(rows.tolist(), pairs, strict=True):
        if pair not in known:
            total, one = pair
            # The value is not validated: its capacity may leave 64 bits.
            fields = Inventory.model_construct(total=total, allocation_ratio=one)
            known[pair] = fields.capacity
        if known[pair] > INT64_MAX:
            overflow[row] = True
        else:
            capacity[row] = known[pair]
    return capacity, overflow if overflow.any() else None


def _traits(reader: ColumnReader, given: Column | Mapping[str, Column]) -> dict[str, Mask]:
    if isinstance(given, Column):
        return reader.traits(given)
    found = {}
    for name, column in given.items():
        if not class_name(name):
            text = quoted(str(name))
            message = f"expected a trait of A-Z, 0-9 and _, found {text}"
            reader.fault("ill-formed-name", column.path, message)
        found[name] = reader.flags(column, default=False)
    return found


def _ambiguous_ends(columns: HostColumns, links: tuple[Link, ...]) -> Iterator[Fault]:
    """Yield the ends of links that are known at two levels."""
    if not links:
        return
    levels_of: dict[str, list[str]] = {}
    for level, names in columns.domains.items():
        for name in names:
            levels_of.setdefault(name, []).append(level)
    for i, link in enumerate(links):
        for j, end in enumerate(link.between):
            levels = levels_of.get(end, [])
            if levels and end in columns.rows:
                levels = [HOST, *levels]
            if len(levels) > 1:
                message = f"{end!r} is known at two levels, {levels[0]} and {levels[1]}"
                yield Fault("ambiguous-name", f"links[{i}].between[{j}]", message)


def _repeated_classes(columns: HostColumns, pools: tuple[Pool, ...]) -> Iterator[Fault]:
    """Yield, by pool and class, the first host that would have the class twice."""
    taken: dict[str, Ints] = {}  # by class: the number of the first pool that each host takes from
    for number, pool in enumerate(pools):
        named = pool_hosts(pool, columns)
        for resource in pool.inventory:
            of = taken.setdefault(resource, np.full(len(columns), ABSENT, dtype=np.int64))
            own = columns.has(resource)
            twice = np.flatnonzero(named & (own | (of != ABSENT)))
            if len(twice):
                row = int(twice[0])
                other = "its inventory" if own[row] else f"pool {pools[int(of[row])].name!r}"
                message = (
                    f"host {columns.names[row]!r} has {resource} from pool {pool.name!r} and in "
                    f"{other}; expected it in one of them"
                )
                yield Fault("wrong-value", f"pools[{number}].inventory.{resource}", message)
            of[named & (of == ABSENT)] = number
