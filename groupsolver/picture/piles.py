"""How the members on one host are grouped into marks, so that they fit below its bar."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import NamedTuple

from groupsolver.picture.facts import Mark

MARK, MARK_HEIGHT, MARK_GAP = 26.0, 14.0, 3.0
_ROWS = 3


class Piles(NamedTuple):
    """Marks to draw.

    Attributes
    ----------
    piles : list of list of Mark
        Members that share a mark: one each, or all of a group where they are many.
    left : int
        Members for which there is no room; a number tells of them.
    width : float
        Of one mark.
    columns : int
        Marks side by side.
    """

    piles: list[list[Mark]]
    left: int
    width: float
    columns: int

    @property
    def rows(self) -> int:
        """How many rows the marks take, the number of those left out included."""
        return ceil((len(self.piles) + (self.left > 0)) / self.columns)


def piles_of(marks: Sequence[Mark], room: float) -> Piles:
    """Arrange the marks of one host in rows of so much `room`."""
    columns = int((room + MARK_GAP) // (MARK + MARK_GAP))
    if len(marks) <= columns * _ROWS:
        return Piles([[mark] for mark in marks], 0, MARK, columns)
    heaps: dict[tuple[str, bool], list[Mark]] = {}
    for mark in marks:
        heaps.setdefault((mark.group, mark.new), []).append(mark)
    width = 2 * MARK + MARK_GAP  # with a number
    columns = int((room + MARK_GAP) // (width + MARK_GAP))
    piles = list(heaps.values())
    most = columns * _ROWS
    if len(piles) > most:
        piles, rest = piles[: most - 1], piles[most - 1 :]
        return Piles(piles, sum(map(len, rest)), width, columns)
    return Piles(piles, 0, width, columns)
