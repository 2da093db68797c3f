"""The most valuable filling of a host at given prices: integer knapsacks, many at once.

Branch and bound over counts, unit by unit, all classes of hosts in step. The units that are still
to come are bounded by their linear relaxation, exactly. With R resources, free amounts b and
prices p it is

    max { p @ x : size.T @ x <= b, x >= 0 }  =  min { b @ y : y is a vertex of Y }
    where Y = { y >= 0 : size @ y >= p }

and that dual polyhedron Y has few vertices where R is small: each host's free amounts are priced at
each of them. Where there are too many cases, the bound of those that are dropped is kept, so the
bound is always valid.

Example: 7 VCPU are free, units take 2 and 3 VCPU and are worth 2 and 4. The one vertex is
``y = max(2 / 2, 4 / 3)``, and the relaxation is 7 * 4 / 3 = 9.3. The best filling is two of the
second (6 VCPU), worth 8; one of the second and two of the first (7 VCPU) are worth 8 as well.

Sources: the knapsacks, Gilmore & Gomory (1966), doi:10.1287/opre.14.6.1045; the bounds, Shih
(1979), doi:10.1057/jors.1979.78.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np

from groupsolver.model.compiled.arrays import Floats, Ints, Mask

MAX_STATES = 20_000  # partly filled hosts that are looked at, at a time
MAX_BRANCHES = 20  # branches of a step, for each state that may be kept
MAX_VERTEX_CANDIDATES = 3_000  # sets of rows of a dual that are solved for its vertices
HOSTS_AT_ONCE = 50_000  # priced together: bounds the memory
TOLERANCE = 1e-9
_UNBOUNDED = np.iinfo(np.int64).max


def no_limit() -> float:
    """Return the seconds that are left where there is no limit."""
    return float("inf")


@dataclass(frozen=True)
class Fillings:
    """A filling for each class of hosts.

    Attributes
    ----------
    counts : (C, U) int64
        Whole units.
    value : (C,) float64
        What they are worth.
    bound : (C,) float64
        No filling is worth more.
    """

    counts: Ints
    value: Floats
    bound: Floats


class Knapsacks:
    """Classes of hosts, to be filled with units.

    Parameters
    ----------
    free : (C, R) int64
    slots : (C, U) int64
        How many of each unit a host takes, alone.
    size : (U, R) int64
    left : callable, optional
        Returns the seconds that are left. Once there are none, fillings are greedy, and the bounds
        are those of the linear relaxation.
    """

    def __init__(
        self, free: Ints, slots: Ints, size: Ints, left: Callable[[], float] = no_limit
    ) -> None:
        self.free = free
        self.slots = slots
        self.size = size
        self._left = left
        # Classes that take the same units are filled together.
        self._patterns, pattern = np.unique(slots > 0, axis=0, return_inverse=True)
        self._pattern = pattern.reshape(-1)

    def best(self, prices: Floats, max_states: int = MAX_STATES) -> Fillings:
        """Find the most valuable filling of each class.

        Parameters
        ----------
        prices : (C, U) float64
            What a unit is worth on a host of each class.
        max_states : int
            How many partly filled hosts are looked at, at a time. With more, fillings and bounds
            are better, and take longer.
        """
        counts = np.zeros_like(self.slots)
        value = np.zeros(len(self.free))
        bound = np.zeros(len(self.free))
        rows, which = np.unique(prices, axis=0, return_inverse=True)
        label = which.reshape(-1) * len(self._patterns) + self._pattern
        for one in np.unique(label).tolist():
            at, pattern = divmod(one, len(self._patterns))
            price = rows[at]
            units = np.flatnonzero(self._patterns[pattern] & (price > 0))
            if len(units):
                here = np.flatnonzero(label == one)
                search = _BranchAndBound(
                    self.free[here],
                    self.slots[here],
                    self.size,
                    units,
                    price,
                    max_states,
                    self._left,
                )
                counts[here] = search.counts
                value[here] = search.value
                bound[here] = search.bound
        return Fillings(counts, value, bound)


@dataclass
class _States:
    """Partly filled hosts.

    Attributes
    ----------
    host : (S,) int64
    left : (S, R) int64
        What is still free.
    value : (S,) float64
    counts : (S, U) int64
    """

    host: Ints
    left: Ints
    value: Floats
    counts: Ints

    def subset(self, which: Ints | Mask) -> _States:
        return _States(self.host[which], self.left[which], self.value[which], self.counts[which])


class _BranchAndBound:
    """The best fillings of hosts that take the same units, at the same prices.

    Attributes
    ----------
    counts, value, bound
        As of `Fillings`.
    """

    def __init__(
        self,
        free: Ints,
        slots: Ints,
        size: Ints,
        units: Ints,
        price: Floats,
        max_states: int,
        left: Callable[[], float],
    ) -> None:
        self.free = free
        self.slots = slots
        self.size = size
        self.price = price
        self.max_states = max_states
        self.left = left
        self.counts = np.zeros_like(slots)
        self.value = np.zeros(len(free))
        # Of each host: no state that was dropped leads to more than this.
        self.dropped = np.zeros(len(free))
        # The largest first: few of them fit, so that the search branches little.
        typical = np.maximum(1.0, np.median(free, axis=0))
        largest_share = (size[units] / typical).max(axis=1, initial=0)
        self.units = units[np.argsort(-largest_share, kind="stable")]
        self._fill_greedily()
        self._search()
        # Branches were pruned that are worth no more than what was found, up to the tolerance.
        self.bound = np.maximum(self.value * (1 + TOLERANCE) + TOLERANCE, self.dropped)

    def _fill_greedily(self) -> None:
        """Fill by value for the resources that are taken, and by size."""
        weight = 1 / np.maximum(1.0, self.free.mean(axis=0))
        taken = (self.size[self.units] * weight).sum(axis=1)
        rate = self.price[self.units] / np.maximum(1e-300, taken)
        by_rate = self.units[np.argsort(-rate, kind="stable")]
        for order in (by_rate, self.units):
            left = self.free.copy()
            counts = np.zeros_like(self.slots)
            for unit in order.tolist():
                number = np.minimum(self.slots[:, unit], _holds(left, self.size[unit]))
                counts[:, unit] = number
                left -= number[:, None] * self.size[unit]
            self._keep_better(np.arange(len(left)), counts, counts @ self.price)

    def _keep_better(self, host: Ints, counts: Ints, value: Floats) -> None:
        """Keep the best filling of each host where it is worth more than the present one."""
        if not len(host):
            return
        order = np.lexsort((value, host))
        is_last = np.r_[host[order][1:] != host[order][:-1], True]
        best = order[is_last]
        better = best[value[best] > self.value[host[best]]]
        self.counts[host[better]] = counts[better]
        self.value[host[better]] = value[better]

    def _search(self) -> None:
        hosts = len(self.free)
        states = _States(np.arange(hosts), self.free, np.zeros(hosts), np.zeros_like(self.slots))
        for step, unit in enumerate(self.units.tolist()):
            most = np.minimum(self.slots[states.host, unit], _holds(states.left, self.size[unit]))
            last = step == len(self.units) - 1
            if last or not self.size[unit].any():
                # Nothing else needs the room, or it takes none: as many as possible.
                states.counts[:, unit] = most
                states.value = states.value + most * self.price[unit]
            elif self.left() <= 0:
                self._drop(states, step)
                return
            else:
                states = self._branch(states, step, most)
        self._keep_better(states.host, states.counts, states.value)

    def _branch(self, states: _States, step: int, most: Ints) -> _States:
        """Take 0, 1, ..., `most` of a unit; keep the states that may still lead to more."""
        unit = int(self.units[step])
        rest = self.units[step + 1 :]
        branches = most + 1
        within = np.cumsum(branches) <= MAX_BRANCHES * self.max_states
        if not within.all():
            self._drop(states.subset(~within), step)
            states = states.subset(within)
            branches = branches[within]
        # The number taken in each branch: 0 ... most of the first state, then of the next.
        first = np.cumsum(branches) - branches
        taken = np.arange(int(branches.sum())) - np.repeat(first, branches)
        parent = np.repeat(np.arange(len(branches)), branches)
        host = states.host[parent]
        left = trimmed(states.left[parent] - taken[:, None] * self.size[unit], self.size[rest])
        value = states.value[parent] + taken * self.price[unit]
        reachable = value + self._bound_of_rest(host, left, rest)

        good = reachable > self.value[host] * (1 + TOLERANCE) + TOLERANCE
        good[good] = _best_of_equal(host[good], left[good], value[good])
        if int(good.sum()) > self.max_states:
            gain = (reachable - self.value[host]) * good
            lost = np.argsort(-gain, kind="stable")[self.max_states :]
            good[lost] = False
            np.maximum.at(self.dropped, host[lost], reachable[lost])
        counts = states.counts[parent[good]]
        counts[:, unit] = taken[good]
        return _States(host[good], left[good], value[good], counts)

    def _drop(self, states: _States, step: int) -> None:
        """Keep the bound of states that are not branched."""
        rest = self._bound_of_rest(states.host, states.left, self.units[step:])
        np.maximum.at(self.dropped, states.host, states.value + rest)

    def _bound_of_rest(self, host: Ints, left: Ints, units: Ints) -> Floats:
        """(S,) float64: no number of some units is worth more in what is left."""
        bound = _least_price(_dual_vertices(self.size[units], self.price[units]), left)
        for unit in units.tolist():
            if not self.size[unit].any():
                bound += self.price[unit] * self.slots[host, unit]
        return bound


def trimmed(free: Ints, size: Ints, most: Floats | None = None) -> Ints:
    """Return what is free, without what no number of units of some sizes can use.

    A resource is used only in steps of the sizes' greatest common divisor. And if each unit that
    takes resource r takes s as well, at most q of r for each of s, then no more of r is used than
    q times what is free of s.

    Example: sizes (2, 4) and (4, 8). Of (7, 100), 6 of the first are used, in steps of 2, and then
    no more than 12 of the second.

    Parameters
    ----------
    free : (N, R) int64
    size : (U, R) int64
    most : (N, R) float64, optional
        No more is used.

    Returns
    -------
    (N, R) int64
    """
    step = np.gcd.reduce(size, axis=0, initial=0)
    usable = free.astype(np.float64) if most is None else np.minimum(free, most)
    for r in np.flatnonzero(step).tolist():
        needy = size[:, r] > 0
        taken_too = np.flatnonzero((size[needy] > 0).all(axis=0))
        for s in taken_too.tolist():
            if s != r:
                ratio = (size[needy, r] / size[needy, s]).max()
                usable[:, r] = np.minimum(usable[:, r], free[:, s] * ratio)
    step_or_one = np.maximum(1, step)
    # Rounded up where floating point may be off: too much is valid, too little is not.
    steps = np.floor(usable * (1 + 1e-12) / step_or_one + 1e-9).astype(np.int64)
    whole = np.minimum(free // step_or_one, steps) * step_or_one
    return np.where(step > 0, whole, 0)


def _best_of_equal(host: Ints, left: Ints, value: Floats) -> Mask:
    """(S,) bool: of states of a host with the same amounts left, the one that is worth most."""
    order = np.lexsort((value, *left.T, host))
    same_host = host[order][1:] == host[order][:-1]
    same = same_host & (left[order][1:] == left[order][:-1]).all(axis=1)
    best = np.ones(len(host), dtype=np.bool_)
    best[order[:-1][same]] = False
    return best


def _holds(left: Ints, size: Ints) -> Ints:
    """(N,) int64: how many units of a size fit."""
    taken = np.flatnonzero(size)
    if not len(taken):
        return np.full(len(left), _UNBOUNDED)
    number: Ints = np.min(left[:, taken] // size[taken], axis=1)
    return number


def _dual_vertices(size: Ints, price: Floats) -> Floats:
    """(V, R): points of the dual ``{y >= 0: size @ y >= price}``; all vertices if they are few.

    Units without a size are left out. Any point of the dual gives a valid bound.
    """
    with_size = size.any(axis=1)
    rows = size[with_size].astype(np.float64)
    right = price[with_size]
    resources = rows.shape[1]
    if not len(rows):
        return np.zeros((1, resources))
    scale = rows.max(axis=0)
    used = np.flatnonzero(scale > 0)
    scaled = rows[:, used] / scale[used]
    points = np.concatenate([_uniform_price(scaled, right), _candidates(scaled, right)])
    return _scaled_back(_feasible(points, scaled, right), scale, used)


def _uniform_price(scaled: Floats, right: Floats) -> Floats:
    """(1, used): the point that prices all resources alike."""
    return np.full((1, scaled.shape[1]), float((right / scaled.sum(axis=1)).max()))


def _candidates(scaled: Floats, right: Floats) -> Floats:
    """(V, used): where as many of the dual's rows meet as there are resources.

    Where there are too many such sets of rows: the points that price one resource alone.
    """
    used = scaled.shape[1]
    every_row = np.concatenate([scaled, np.eye(used)])
    bounds = np.concatenate([right, np.zeros(used)])
    # Counted before they are listed: of many units there are millions.
    if comb(len(every_row), used) <= MAX_VERTEX_CANDIDATES:
        choice = np.array(list(combinations(range(len(every_row)), used)))
        matrices = every_row[choice]
        regular = np.abs(np.linalg.det(matrices)) > 1e-12
        of_rows = bounds[choice[regular]][..., None]
        points: Floats = np.linalg.solve(matrices[regular], of_rows)[..., 0]
        return points
    by_all = np.flatnonzero((scaled > 0).all(axis=0))
    points = np.zeros((len(by_all), used))
    for row, r in enumerate(by_all.tolist()):
        points[row, r] = (right / scaled[:, r]).max()
    return points


def _feasible(points: Floats, scaled: Floats, right: Floats) -> Floats:
    """Return the points of the dual; those that rounding took out of it are raised into it."""
    points = np.maximum(0.0, points)
    lack = (right - points @ scaled.T).max(axis=1)
    points = points[lack <= 1e-9 * (1 + right.max())]
    lack_by_row = (right - points @ scaled.T) / scaled.max(axis=1)
    raised = np.maximum(0.0, lack_by_row.max(axis=1, initial=0.0))
    lifted: Floats = points + raised[:, None]
    return lifted


def _scaled_back(points: Floats, scale: Floats, used: Ints) -> Floats:
    out = np.zeros((len(points), len(scale)))
    out[:, used] = points / scale[used]
    distinct: Floats = np.unique(out, axis=0)
    return distinct


def _least_price(points: Floats, left: Ints) -> Floats:
    """(N,) float64: the least that what is left costs at one of the points."""
    if not points.shape[1]:
        return np.zeros(len(left))
    least = np.full(len(left), np.inf)
    for start in range(0, len(left), HOSTS_AT_ONCE):
        part = slice(start, start + HOSTS_AT_ONCE)
        least[part] = (left[part].astype(np.float64) @ points.T).min(axis=1)
    return least * (1 + TOLERANCE)
