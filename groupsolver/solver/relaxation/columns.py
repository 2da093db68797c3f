"""The columns of the relaxation: member class, host, price, and how many members at that price."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from groupsolver.model.compiled.arrays import Floats, Ints
from groupsolver.solver.presolve.eligibility import Eligibility
from groupsolver.solver.relaxation.rising_prices import RisingPrice

# Of a class: with more hosts, fewer of the further members of each are told apart.
MAX_RANKED_COLUMNS = 20_000


@dataclass(frozen=True)
class Columns:
    """All candidates of all member classes, one member class after the other.

    Attributes
    ----------
    member_class, row, price, max_members : (N,) int64
        Class index, row of the fleet, points of a member, and how many members may be placed there
        at that price.
    base_price : (N,) int64
        The price without what rises from member to member.
    rank : (N,) int64
        The number of the first of these members among those of its class on the host, from 1.
    starts : (member classes + 1,) int64
        Where the columns of each member class begin.
    rising : tuple of RisingPrice
        What the prices of further members come from.
    """

    member_class: Ints
    row: Ints
    price: Ints
    max_members: Ints
    base_price: Ints
    rank: Ints
    starts: Ints
    rising: tuple[RisingPrice, ...] = ()

    def __len__(self) -> int:
        return len(self.member_class)

    def of(self, class_index: int) -> slice:
        """Return the part of the table that belongs to a member class."""
        return slice(int(self.starts[class_index]), int(self.starts[class_index + 1]))

    def select(self, index: Ints) -> Columns:
        """Return some of the columns, in ascending order, as a table of their own."""
        return Columns(
            self.member_class[index],
            self.row[index],
            self.price[index],
            self.max_members[index],
            self.base_price[index],
            self.rank[index],
            np.searchsorted(index, self.starts),
            self.rising,
        )


def build_columns(
    eligibility: Eligibility, candidates: list[Ints], rising: tuple[RisingPrice, ...] = ()
) -> Columns:
    """Lay candidates out as columns; the first columns of a class are its candidates, in order.

    Where further members of a host are dearer, these are columns of their own, up to a number
    from which on all cost the same: that is less than they do.

    Example: under ``spread`` a host of price 250 that takes three members has three columns of one
    member each, at 250, 250 + 1000 and 250 + 2000.
    """
    parts = [_empty_part()]
    for class_index, hosts in enumerate(candidates):
        parts.append(_class_columns(eligibility, class_index, hosts, rising))
    column_counts = np.array([len(part.row) for part in parts], dtype=np.int64)
    class_indices = np.arange(len(candidates), dtype=np.int64)
    return Columns(
        np.repeat(class_indices, column_counts[1:]),
        np.concatenate([part.row for part in parts]),
        np.concatenate([part.price for part in parts]),
        np.concatenate([part.max_members for part in parts]),
        np.concatenate([part.base_price for part in parts]),
        np.concatenate([part.rank for part in parts]),
        np.cumsum(column_counts),
        rising,
    )


class _Part(NamedTuple):
    """Columns of one class; the fields are those of `Columns`."""

    row: Ints
    price: Ints
    max_members: Ints
    base_price: Ints
    rank: Ints


def _empty_part() -> _Part:
    """Return no columns, so that there is something to concatenate without any candidate."""
    none = np.zeros(0, dtype=np.int64)
    return _Part(none, none, none, none, none)


def _class_columns(
    eligibility: Eligibility, class_index: int, hosts: Ints, rising: tuple[RisingPrice, ...]
) -> _Part:
    """Return the columns of one class."""
    price = eligibility.prices[class_index][hosts]
    room = eligibility.max_members[class_index][hosts]
    own = [one for one in rising if one.by_host and one.counted[class_index]]
    first_rank = np.ones(len(hosts), dtype=np.int64)
    if not own:
        return _Part(hosts, price, room, price, first_rank)
    free = [one.first_free(class_index, hosts) for one in own]
    steps = [one.step for one in own]
    # The first column has all members that cost no more than the first.
    at_first_price = np.clip(np.minimum.reduce(free), 1, room)
    most = int((room - at_first_price).max(initial=0))
    further = min(most, max(2, MAX_RANKED_COLUMNS // max(1, len(hosts))) - 1)
    columns = [_Part(hosts, price, at_first_price, price, first_rank)]
    for number in range(1, further + 1):
        inside = room - at_first_price >= number
        left = (room - at_first_price - number + 1)[inside]
        rank = (at_first_price + number)[inside]
        own_price = price[inside]
        here = np.minimum(left, 1) if number < further else left
        columns.append(_Part(hosts[inside], own_price, here, own_price, rank))
    merged = _Part(*(np.concatenate(fields) for fields in zip(*columns, strict=True)))
    all_free = [one.first_free(class_index, merged.row) for one in own]
    price = merged.price.copy()
    for some_free, step in zip(all_free, steps, strict=True):
        price += step * np.maximum(0, merged.rank - some_free)
    return merged._replace(price=price)


def sort_by_domain(price: Floats | Ints, codes: Ints) -> Ints:
    """(N,) int64: columns by domain, and by price in each; those in none (-1) come first."""
    by_price = np.argsort(_narrowed(price), kind="stable")
    if not len(codes) or codes.max() <= 0:
        return by_price
    return by_price[np.argsort(_narrowed(codes[by_price]), kind="stable")]


def _narrowed(values: Floats | Ints) -> Floats | Ints | NDArray[np.int16]:
    """Return whole numbers in 16 bits where they fit: numpy sorts these ten times as fast."""
    if len(values) and max(values.max(), -values.min()) < 2**15:
        narrow = values.astype(np.int16)
        if values.dtype.kind == "i" or (narrow == values).all():
            return narrow
    return values


def cheapest(
    price: Floats | Ints, max_members: Ints, codes: Ints, size: int, number: int, order: Ints
) -> tuple[Floats, Floats]:
    """Place `number` members in the cheapest columns of each domain.

    Parameters
    ----------
    price, max_members, codes : (N,)
        Of each column: its price, how many members it takes, its domain or -1 for one left out.
    size : int
        How many domains, D.
    number : int
    order : (N,) int64
        As `sort_by_domain` returns it.

    Returns
    -------
    total, dearest : (D,) float64
        The price of all members, and that of the dearest; inf where a domain takes fewer.

    Examples
    --------
    Prices 1, 4 and 9 with room for 2, 2 and 2, in one domain, and three members: two at 1 and one
    at 4, so the total is 6 and the dearest 4.
    """
    order = order[codes[order] >= 0]
    price = price[order]
    max_members = np.minimum(max_members[order], number)
    codes = codes[order]
    # Members that the domain's columns take up to each column, and before it.
    ends = np.cumsum(max_members)
    domain_starts = np.searchsorted(codes, np.arange(size))
    before_domain = np.r_[0, ends][domain_starts]
    before = ends - max_members - before_domain[codes]
    taken = np.clip(number - before, 0, max_members)
    total = np.bincount(codes, weights=taken * price.astype(np.float64), minlength=size)
    placed = np.bincount(codes, weights=taken, minlength=size)
    dearest = np.full(size, -np.inf)
    used = taken > 0
    # Prices ascend within a domain: the last one written is the dearest.
    dearest[codes[used]] = price[used]
    enough = placed >= number
    return np.where(enough, total, np.inf), np.where(enough, dearest, np.inf)
