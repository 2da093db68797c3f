"""Candidates as a table of slots: member class, host, price, and how many members at that price."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from groupsolver.model.compiled.compiled_fleet import Floats, Ints, Mask
from groupsolver.model.value import HOST
from groupsolver.solver.presolve.eligibility import Survey
from groupsolver.solver.relaxation.blocks import Block


@dataclass(frozen=True)
class Slots:
    """All candidates of all member classes, a member class after the other.

    Attributes
    ----------
    member class, row, price, most : (N,) int64
        Row of the fleet, points, and how many members may take such a slot there.
    first : (N,) bool
        A host's first slot for the member class, where further ones have another price.
    starts : (member classes + 1,) int64
    """

    member_class: Ints
    row: Ints
    price: Ints
    most: Ints
    first: Mask
    starts: Ints

    def __len__(self) -> int:
        return len(self.member_class)

    def of(self, member_class: int) -> slice:
        """Give the part of the table that is a member class's."""
        return slice(int(self.starts[member_class]), int(self.starts[member_class + 1]))

    def take(self, which: Ints) -> Slots:
        """Give some of the slots, ascending, as a table of their own."""
        starts = np.searchsorted(which, self.starts)
        return Slots(
            self.member_class[which],
            self.row[which],
            self.price[which],
            self.most[which],
            self.first[which],
            starts,
        )


def slots_of(survey: Survey, candidates: list[Ints], blocks: list[Block]) -> Slots:
    """Lay candidates out as slots; where members beyond the first are dearer, these are slots of their own."""
    beyond = survey.beyond_first
    # Of member classes that share one host, only one has a member that is the first there.
    second = {
        member_class
        for block in blocks
        if block.whole and block.level == HOST
        for member_class in block.member_classes[1:]
    }
    empty = np.zeros(0, dtype=np.int64)
    member_classes, rows, prices, most, first = (
        [empty],
        [empty],
        [empty],
        [empty],
        [empty.astype(np.bool_)],
    )
    for member_class, found in enumerate(candidates):
        price, room = survey.prices[member_class][found], survey.most[member_class][found]
        single = not beyond or member_class in second
        more = np.zeros(len(found), dtype=np.bool_) if single else room > 1
        rows += [found, found[more]]
        prices += [price + beyond if member_class in second else price, price[more] + beyond]
        most += [room if single else np.minimum(room, 1), room[more] - 1]
        first += [
            np.full(len(found), member_class not in second),
            np.zeros(int(more.sum()), dtype=np.bool_),
        ]
        member_classes.append(np.full(len(found) + int(more.sum()), member_class, dtype=np.int64))
    sizes = np.array([*map(len, member_classes)], dtype=np.int64)
    return Slots(
        np.concatenate(member_classes),
        np.concatenate(rows),
        np.concatenate(prices),
        np.concatenate(most),
        np.concatenate(first),
        np.cumsum(sizes),
    )


def by_domain(price: Floats | Ints, codes: Ints) -> Ints:
    """(N,) int64: slots by domain, and by price in each; those in none (-1) come first."""
    order = np.argsort(_short(price), kind="stable")
    return (
        order[np.argsort(_short(codes[order]), kind="stable")]
        if len(codes) and codes.max() > 0
        else order
    )


def _short(values: Floats | Ints) -> Floats | Ints | NDArray[np.int16]:
    """Give whole numbers in 16 bits where they fit: numpy sorts these by radix, ten times as fast."""
    if len(values) and max(values.max(), -values.min()) < 2**15:
        short = values.astype(np.int16)
        if values.dtype.kind == "i" or (short == values).all():
            return short
    return values


def cheapest(
    price: Floats | Ints, most: Ints, codes: Ints, size: int, number: int, order: Ints
) -> tuple[Floats, Floats]:
    """Take the `number` cheapest slots of each domain.

    Parameters
    ----------
    price, most, codes : (N,)
        Of each slot: its price, how many there are, its domain or -1 for one that is out.
    size : int
        How many domains, D.
    number : int
    order : (N,) int64
        As `by_domain` gives it.

    Returns
    -------
    total, last : (D,) float64
        Their cost, and that of the dearest of them; inf where a domain has fewer.
    """
    order = order[codes[order] >= 0]
    price, most, codes = price[order], np.minimum(most[order], number), codes[order]
    ends = np.cumsum(most)
    starts = np.searchsorted(codes, np.arange(size))
    before = np.r_[0, ends][starts]
    taken = np.clip(number - (ends - most - before[codes]), 0, most)
    total = np.bincount(codes, weights=taken * price.astype(np.float64), minlength=size)
    have = np.bincount(codes, weights=taken, minlength=size)
    last = np.full(size, -np.inf)
    used = taken > 0
    last[codes[used]] = price[
        used
    ]  # ascending within a domain: the last one written is the dearest
    enough = have >= number
    return np.where(enough, total, np.inf), np.where(enough, last, np.inf)
