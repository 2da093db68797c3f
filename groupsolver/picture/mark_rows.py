"""The marks of the members on one host, in rows below its bar."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import NamedTuple

from groupsolver.picture.host_state import Mark

MARK_WIDTH = 26.0
MARK_HEIGHT = 14.0
MARK_GAP = 3.0
_MAX_ROWS = 3


class MarkRows(NamedTuple):
    """Marks to draw.

    Attributes
    ----------
    piles : list of list of Mark
        Members that share a drawn mark: one each, or all of a group where they are many.
    left_out : int
        Members for which there is no room; they are shown as a number.
    width : float
        Of one mark.
    columns : int
        Marks side by side.
    """

    piles: list[list[Mark]]
    left_out: int
    width: float
    columns: int

    @property
    def rows(self) -> int:
        """The number of rows that the marks take, with the number of those left out."""
        return ceil((len(self.piles) + (self.left_out > 0)) / self.columns)


def arrange_marks(marks: Sequence[Mark], room: float) -> MarkRows:
    """Arrange the marks of one host in rows of at most `room` in width."""
    columns = _columns(MARK_WIDTH, room)
    if len(marks) <= columns * _MAX_ROWS:
        return MarkRows([[mark] for mark in marks], 0, MARK_WIDTH, columns)
    by_group: dict[tuple[str, bool], list[Mark]] = {}
    for mark in marks:
        by_group.setdefault((mark.group, mark.new), []).append(mark)
    width = 2 * MARK_WIDTH + MARK_GAP  # has room for a number
    columns = _columns(width, room)
    piles = list(by_group.values())
    most = columns * _MAX_ROWS
    if len(piles) <= most:
        return MarkRows(piles, 0, width, columns)
    # The last place is for the number of those left out.
    shown = piles[: most - 1]
    rest = piles[most - 1 :]
    return MarkRows(shown, sum(len(pile) for pile in rest), width, columns)


def _columns(width: float, room: float) -> int:
    return int((room + MARK_GAP) // (width + MARK_GAP))
