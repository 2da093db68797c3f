"""The hose model in plain counts: what may cross the cut of each domain, at one unit a member."""

from __future__ import annotations

from collections import Counter
from typing import TypeVar

D = TypeVar("D")


def hose(inside: Counter[D], size: int) -> Counter[D]:
    """Give ``min(inside, outside)`` of each domain, over a group of so many members."""
    return Counter({domain: min(count, size - count) for domain, count in inside.items()})


def hose_between(mine: Counter[D], size: int, theirs: Counter[D], other: int) -> Counter[D]:
    """Give ``min(A inside, B outside) + min(B inside, A outside)``, over groups A and B of so many members."""
    return Counter(
        {
            d: min(mine[d], other - theirs[d]) + min(theirs[d], size - mine[d])
            for d in mine.keys() | theirs.keys()
        }
    )
