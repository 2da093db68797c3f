"""The columns of the relaxation: member class, host, price, and how many members at that price."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from groupsolver.model.compiled.arrays import Floats, Ints, Mask
from groupsolver.model.value import HOST
from groupsolver.solver.presolve.eligibility import Eligibility
from groupsolver.solver.relaxation.blocks import Block


@dataclass(frozen=True)
class Columns:
    """All candidates of all member classes, one member class after the other.

    Attributes
    ----------
    member_class, row, price, max_members : (N,) int64
        Class index, row of the fleet, points of a member, and how many members may be placed there
        at that price.
    first : (N,) bool
        A host's first member of the class, where further ones have another price.
    starts : (member classes + 1,) int64
        Where the columns of each member class begin.
    """

    member_class: Ints
    row: Ints
    price: Ints
    max_members: Ints
    first: Mask
    starts: Ints

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
            self.first[index],
            np.searchsorted(index, self.starts),
        )


def build_columns(eligibility: Eligibility, candidates: list[Ints], blocks: list[Block]) -> Columns:
    """Lay candidates out as columns.

    Where members beyond the first of a host are dearer, these are columns of their own.

    Example: under ``spread`` a host of price 250 that takes three members has two columns, one
    member at 250 and two at 250 + 1000.
    """
    extra_price = eligibility.extra_member_price
    never_first = _never_first(blocks)
    # Empty arrays, so that there is something to concatenate without any candidate.
    rows = [np.zeros(0, dtype=np.int64)]
    prices = [np.zeros(0, dtype=np.int64)]
    max_members = [np.zeros(0, dtype=np.int64)]
    first = [np.zeros(0, dtype=np.bool_)]
    sizes = [0]
    for class_index, hosts in enumerate(candidates):
        price = eligibility.prices[class_index][hosts]
        room = eligibility.max_members[class_index][hosts]
        if extra_price and class_index not in never_first:
            several = room > 1
            rows += [hosts, hosts[several]]
            prices += [price, price[several] + extra_price]
            max_members += [np.minimum(room, 1), room[several] - 1]
            further = int(several.sum())
            first += [np.ones(len(hosts), dtype=np.bool_), np.zeros(further, dtype=np.bool_)]
            sizes.append(len(hosts) + further)
        else:
            is_first = class_index not in never_first
            rows.append(hosts)
            prices.append(price if is_first else price + extra_price)
            max_members.append(room)
            first.append(np.full(len(hosts), is_first))
            sizes.append(len(hosts))
    column_counts = np.array(sizes, dtype=np.int64)
    class_indices = np.arange(len(candidates), dtype=np.int64)
    return Columns(
        np.repeat(class_indices, column_counts[1:]),
        np.concatenate(rows),
        np.concatenate(prices),
        np.concatenate(max_members),
        np.concatenate(first),
        np.cumsum(column_counts),
    )


def _never_first(blocks: list[Block]) -> set[int]:
    """Return the classes that share one host with a class whose member is the first there."""
    never_first: set[int] = set()
    for block in blocks:
        if block.shares_one_domain and block.level == HOST:
            never_first.update(block.member_classes[1:])
    return never_first


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
