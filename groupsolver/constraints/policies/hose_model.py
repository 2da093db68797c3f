"""The hose model in plain counts: what may cross the cut of each domain, at one unit a member."""

from __future__ import annotations

from collections import Counter
from typing import TypeVar

D = TypeVar("D")


def hose(inside: Counter[D], size: int) -> Counter[D]:
    """Return ``min(inside, outside)`` of each domain, over a group of so many members."""
    return Counter({domain: min(count, size - count) for domain, count in inside.items()})


def hose_between(mine: Counter[D], size: int, theirs: Counter[D], other: int) -> Counter[D]:
    """Return what crosses each cut between groups A and B of so many members.

    ``min(A inside, B outside) + min(B inside, A outside)``: with 2 of 3 of A inside, and 1 of 4 of
    B, it is ``min(2, 3) + min(1, 1)``.
    """
    return Counter(
        {
            d: min(mine[d], other - theirs[d]) + min(theirs[d], size - mine[d])
            for d in mine.keys() | theirs.keys()
        }
    )
