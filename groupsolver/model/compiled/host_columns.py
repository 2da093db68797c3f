"""Valid hosts as one array a field, from which single hosts are built as values when asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from groupsolver.model.compiled.arrays import Floats, Ints, Mask
from groupsolver.model.fleet import Host
from groupsolver.model.inventory import Inventory

ABSENT = -1  # in place of an amount or a domain that is not given


@dataclass(frozen=True)
class InventoryColumns:
    """What each of H hosts has of one resource class; a field that is None has its default.

    Attributes
    ----------
    total : (H,) int64
        `ABSENT` for a host without the class.
    capacity : (H,) int64
        `Inventory.capacity` of each host, 0 for a host without the class.
    reserved, min_unit, step_size : (H,) int64 or None
    max_unit : (H,) int64 or None
        `ABSENT` where there is no bound.
    allocation_ratio : (H,) float64 or None
    """

    total: Ints
    capacity: Ints
    reserved: Ints | None = None
    allocation_ratio: Floats | None = None
    max_unit: Ints | None = None
    min_unit: Ints | None = None
    step_size: Ints | None = None

    @cached_property
    def present(self) -> Mask:
        """(H,) bool: which hosts have the class."""
        present: Mask = self.total != ABSENT
        return present

    def inventory(self, row: int) -> Inventory | None:
        """Return what a host has of the class, or None."""
        total = int(self.total[row])
        if total == ABSENT:
            return None
        fields: dict[str, int | float | None] = {"total": total}
        for name in ("reserved", "allocation_ratio", "max_unit", "min_unit", "step_size"):
            column: NDArray[np.int64] | NDArray[np.float64] | None = getattr(self, name)
            if column is not None:
                value = column[row].item()
                fields[name] = None if value == ABSENT else value
        return Inventory.model_validate(fields)


@dataclass(frozen=True)
class HostColumns:
    """H hosts as arrays. The values are valid, and nothing is ever changed.

    Attributes
    ----------
    names : list of str
        They differ from each other.
    codes : dict of str to (H,) int64
        By level: the number of each host's domain, `ABSENT` for none. Numbers come in the order
        in which domains first occur.
    domains : dict of str to list of str
        By level: the name of each number.
    inventory : dict of str to InventoryColumns
        By resource class.
    used : dict of str to (H,) int64
        By resource class; `ABSENT` where no amount is given.
    traits, reserved_for : dict of str to (H,) bool
        By trait.
    enabled : (H,) bool
    cost : (H,) int64
    opening_cost : (H,) int64
        `ABSENT` for a host without its own.
    """

    names: list[str]
    codes: dict[str, Ints]
    domains: dict[str, list[str]]
    inventory: dict[str, InventoryColumns]
    used: dict[str, Ints]
    traits: dict[str, Mask]
    reserved_for: dict[str, Mask]
    enabled: Mask
    cost: Ints
    opening_cost: Ints
    rows: dict[str, int] = field(repr=False)

    def __len__(self) -> int:
        return len(self.names)

    def has(self, name: str) -> Mask:
        """(H,) bool: which hosts have a resource class."""
        inventory = self.inventory.get(name)
        return np.zeros(len(self), dtype=np.bool_) if inventory is None else inventory.present

    def host(self, row: int) -> Host:
        """Return a host as a value."""
        inventory: dict[str, Inventory] = {}
        for name, columns in self.inventory.items():
            one = columns.inventory(row)
            if one is not None:
                inventory[name] = one
        opening_cost = int(self.opening_cost[row])
        return Host.model_construct(
            name=self.names[row],
            domains=dict(self._domains_of(row)),
            inventory=inventory,
            used=dict(self._used_of(row)),
            traits=_names_in(self.traits, row),
            enabled=bool(self.enabled[row]),
            cost=int(self.cost[row]),
            opening_cost=None if opening_cost == ABSENT else opening_cost,
            reserved_for=_names_in(self.reserved_for, row),
        )

    def _domains_of(self, row: int) -> Iterator[tuple[str, str]]:
        for level, codes in self.codes.items():
            code = int(codes[row])
            if code != ABSENT:
                yield level, self.domains[level][code]

    def _used_of(self, row: int) -> Iterator[tuple[str, int]]:
        for name, amounts in self.used.items():
            amount = int(amounts[row])
            if amount != ABSENT:
                yield name, amount

    @cached_property
    def busy(self) -> Mask:
        """(H,) bool: which hosts have anything in use."""
        found = np.zeros(len(self), dtype=np.bool_)
        for amounts in self.used.values():
            found |= amounts > 0
        return found

    @cached_property
    def unusable(self) -> Ints:
        """(U,) int64: the rows of hosts that are reserved for traits which they have not."""
        found = np.zeros(len(self), dtype=np.bool_)
        for trait, reserved in self.reserved_for.items():
            has = self.traits.get(trait)
            found |= reserved if has is None else reserved & ~has
        return np.flatnonzero(found)

    @cached_property
    def closed(self) -> Ints:
        """(C,) int64: the rows of hosts that are disabled, or reserved for some trait."""
        found = ~self.enabled
        for reserved in self.reserved_for.values():
            found = found | reserved
        return np.flatnonzero(found)


class ColumnDomains:
    """The hosts of each domain of columns.

    Parameters
    ----------
    columns : HostColumns
    """

    def __init__(self, columns: HostColumns) -> None:
        self._columns = columns
        self._grouped: dict[str, tuple[Ints, Ints]] = {}
        self._codes: dict[str, dict[str, int]] = {}

    def names(self, level: str) -> list[str]:
        """Return the names of the domains of a level."""
        return list(self._columns.domains[level])

    def rows(self, level: str, domain: str) -> Ints:
        """Return the rows of the hosts of a domain, ascending; none where there is no such."""
        code = self._code_of(level).get(domain)
        if code is None:
            return np.zeros(0, dtype=np.int64)
        order, starts = self._group(level)
        return order[starts[code] : starts[code + 1]]

    def host_names(self, rows: Iterable[int]) -> Iterator[str]:
        """Yield the names of the hosts of some rows."""
        names = self._columns.names
        return (names[row] for row in rows)

    def by_name(self, level: str) -> dict[str, dict[str, None]]:
        """Return the names of the hosts of each domain of a level."""
        order, starts = self._group(level)
        names = self._columns.names
        bounds = starts.tolist()
        ordered = [names[row] for row in order.tolist()]
        return {
            domain: dict.fromkeys(ordered[bounds[code] : bounds[code + 1]])
            for code, domain in enumerate(self._columns.domains[level])
        }

    def _code_of(self, level: str) -> Mapping[str, int]:
        if level not in self._codes:
            named = enumerate(self._columns.domains[level])
            self._codes[level] = {name: code for code, name in named}
        return self._codes[level]

    def _group(self, level: str) -> tuple[Ints, Ints]:
        """Return the rows in the order of their domains, and where each domain begins there."""
        if level not in self._grouped:
            codes = self._columns.codes[level]
            order = np.argsort(codes, kind="stable")
            order = order[np.count_nonzero(codes == ABSENT) :]
            sizes = np.bincount(codes[order], minlength=len(self._columns.domains[level]))
            starts = np.concatenate([[0], np.cumsum(sizes)])
            self._grouped[level] = order, starts
        return self._grouped[level]


def _names_in(masks: Mapping[str, Mask], row: int) -> tuple[str, ...]:
    return tuple(name for name, mask in masks.items() if mask[row])
