"""Dual feasible functions: weights of members of which no host holds more than its own weight.

A function f is *superadditive* and ascending on 0..C where ``f(a) + f(b) <= f(a + b)``. Members of
sizes a, b, ... that fit a host of free capacity c <= C then have weights that sum to at most f(c).
So the hosts in use have at least the weight of all members, whatever is placed where::

    sum(f(c) of hosts in use) >= sum(f(size) of members)

All functions have integers as arguments and values, so nothing is rounded. For hosts of 10 and
three members of 6, volume says two hosts; in units of 6 each host holds one, so three::

    volume: 3 * 6 / 10 = 1.8        counted in units of 6: 3 * 1 / 1 = 3

Sources: Martello & Toth (1990), doi:10.1016/0166-218X(90)90094-S; Fekete & Schepers (2001),
doi:10.1007/s101070100243; Carlier, Clautiaux & Moukrim (2007), doi:10.1016/j.cor.2005.08.012;
surveyed by Clautiaux, Alves & Valerio de Carvalho (2010), doi:10.1007/s10479-008-0453-8.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from groupsolver.model.compiled.arrays import Ints

MAX_PARAMETERS = 6  # sizes from which functions are made
MAX_PARTS = 4  # a host is counted in units of just above a half, a third ... of it

Function = Callable[[Ints], Ints]


def volume(x: Ints) -> Ints:
    """Return the size itself."""
    return x


def without_ends(capacity: int, small: int) -> Function:
    """Return f(x): 0 below `small`, all of the capacity where less than `small` is left, else x.

    Martello & Toth's bound L2. With a capacity of 10 and small = 4, sizes of 7, 5 and 3 weigh 10,
    5 and 0.
    """

    def weigh(x: Ints) -> Ints:
        return np.where(x > capacity - small, capacity, np.where(x >= small, x, 0))

    return weigh


def rounded(capacity: int, parts: int) -> Function:
    """Return f(x), sizes rounded to multiples of 1 / `parts` of the capacity.

    Fekete & Schepers' u(k), here times ``k * capacity``: k times the size where ``(k + 1) x`` is a
    multiple of the capacity, else ``floor((k + 1) x / capacity)`` times the capacity. With a
    capacity of 10 and k = 2, sizes of 4, 5 and 3 weigh 10, 10 and 0, the host 20.
    """

    def weigh(x: Ints) -> Ints:
        times = (parts + 1) * x
        return np.where(times % capacity == 0, parts * x, times // capacity * capacity)

    return weigh


def counted(capacity: int, small: int) -> Function:
    """Return f(x): twice how many members of `small` fit beside, or instead of, one of size x.

    Carlier, Clautiaux & Moukrim's function. With a capacity of 10 and small = 3, sizes of 7, 5 and
    4 weigh ``2 * (3 - 1)``, 3 and ``2 * 1``, the host 6.
    """
    number = capacity // small

    def weigh(x: Ints) -> Ints:
        large = 2 * (number - (capacity - x) // small)
        lesser = 2 * (x // small)
        return np.where(2 * x > capacity, large, np.where(2 * x == capacity, number, lesser))

    return weigh


def functions(capacity: int, sizes: Sequence[int]) -> Iterator[Function]:
    """Yield functions for hosts of a capacity and members of some sizes, above 0.

    Sizes and capacities above `capacity` must not be weighed.
    """
    yield volume
    for parts in range(1, MAX_PARTS + 1):
        if capacity > 0:
            yield rounded(capacity, parts)
    for small in _parameters(capacity, sizes):
        yield without_ends(capacity, small)
        yield counted(capacity, small)


def _parameters(capacity: int, sizes: Sequence[int]) -> list[int]:
    """Return what is small: the sizes up to half of a host, and what is beside the larger ones."""
    distinct = sorted(set(sizes))
    small = {size for size in distinct if 0 < 2 * size <= capacity}
    beside = {capacity - size + 1 for size in distinct if 2 * size > capacity >= size}
    found = sorted(small | {one for one in beside if 2 * one <= capacity})
    if len(found) <= MAX_PARAMETERS:
        return found
    places = np.linspace(0, len(found) - 1, MAX_PARAMETERS).round().astype(int)
    return [found[place] for place in places.tolist()]
