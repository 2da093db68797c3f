"""What fits one host and is worth most at given prices: integer knapsacks of several resources, many at once.

Branch and bound over counts, unit by unit, all classes of hosts in step. The bound of what is still to come
is the linear relaxation's, exact: of a linear program with R rows its dual has few vertices, and what is left
of every host is priced at each of them (Gilmore & Gomory 1966, doi:10.1287/opre.14.6.1045, have the
knapsacks; Shih 1979, doi:10.1057/jors.1979.78, the bounds). Where there are too many cases, the bound of
those that are not looked at is kept, so that `most` is valid always.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from groupsolver.model.compiled.compiled_fleet import Floats, Ints, Mask

STATES = 20_000  # partly filled hosts that are looked at, at a time
VERTICES = 3_000  # sets of rows of a dual that are solved for its vertices
NOISE = 1e-9


class Knapsacks:
    """Hosts of some classes, to be filled with units.

    Parameters
    ----------
    free : (C, R) int64
    slots : (C, U) int64
        How many of each unit alone.
    size : (U, R) int64
    """

    def __init__(self, free: Ints, slots: Ints, size: Ints) -> None:
        self.free, self.slots, self.size = free, slots, size
        open_ = slots > 0
        patterns, self._pattern = np.unique(open_, axis=0, return_inverse=True)
        self._pattern = self._pattern.reshape(-1)
        self._patterns = patterns

    def best(self, prices: Floats, states: int = STATES) -> tuple[Ints, Floats, Floats]:
        """Fill each class for most.

        Parameters
        ----------
        prices : (C, U) float64
            What a unit is worth on a host of each class.
        states : int
            How many partly filled hosts of one sort are looked at, at a time: what is found, and proved, is
            better with more, and takes longer.

        Returns
        -------
        counts : (C, U) int64
        value, most : (C,) float64
            What they are worth, and what no filling exceeds.
        """
        counts = np.zeros_like(self.slots)
        value, most = np.zeros(len(self.free)), np.zeros(len(self.free))
        rows, which = np.unique(prices, axis=0, return_inverse=True)
        which = which.reshape(-1)
        label = which * len(self._patterns) + self._pattern
        for one in np.unique(label).tolist():
            here = np.flatnonzero(label == one)
            price = rows[one // len(self._patterns)]
            units = np.flatnonzero(self._patterns[one % len(self._patterns)] & (price > 0))
            if len(units):
                found = _Fill(self, here, units, price, states)
                counts[here], value[here], most[here] = found.counts, found.value, found.most
        return counts, value, most


class _Fill:
    """One set of prices, on classes that take the same units."""

    def __init__(
        self, sacks: Knapsacks, here: Ints, units: Ints, price: Floats, states: int
    ) -> None:
        self.states = states
        self.free, self.slots = sacks.free[here], sacks.slots[here]
        self.size, self.price = sacks.size, price
        typical = np.maximum(1.0, np.median(self.free, axis=0))
        self.units = units[
            np.argsort(-(self.size[units] / typical).max(axis=1, initial=0), kind="stable")
        ]
        self.counts = np.zeros_like(self.slots)
        self.value = np.zeros(len(here))
        self.most = np.zeros(len(here))
        self._greedy()
        self._search()

    def _greedy(self) -> None:
        """Fill by worth for what is taken, and by the largest first."""
        weight = 1 / np.maximum(1.0, self.free.mean(axis=0))
        rate = self.price[self.units] / np.maximum(
            1e-300, (self.size[self.units] * weight).sum(axis=1)
        )
        for order in (self.units[np.argsort(-rate, kind="stable")], self.units):
            left, counts = self.free.copy(), np.zeros_like(self.slots)
            for unit in order.tolist():
                take = np.minimum(self.slots[:, unit], _holds(left, self.size[unit]))
                counts[:, unit] = take
                left -= take[:, None] * self.size[unit]
            self._keep(np.arange(len(left)), counts, counts @ self.price)

    def _keep(self, at: Ints, counts: Ints, value: Floats) -> None:
        if len(at):
            order = np.lexsort((value, at))
            last = order[np.r_[at[order][1:] != at[order][:-1], True]]
            better = last[value[last] > self.value[at[last]]]
            self.counts[at[better]], self.value[at[better]] = counts[better], value[better]

    def _search(self) -> None:
        at = np.arange(len(self.free))
        left, value, counts = self.free, np.zeros(len(at)), np.zeros_like(self.slots)
        dropped = np.zeros(len(at))
        for step, unit in enumerate(self.units.tolist()):
            rest = self.units[step + 1 :]
            take = np.minimum(self.slots[at, unit], _holds(left, self.size[unit]))
            if not len(rest):
                counts[:, unit] = take
                self._keep(at, counts, value + take * self.price[unit])
                break
            if not self.size[unit].any():  # as many as may be, whatever comes
                counts[:, unit] = take
                value = value + take * self.price[unit]
                continue
            bound = _vertices(self.size[rest], self.price[rest])
            free_of_size = [other for other in rest.tolist() if not self.size[other].any()]
            # More of what comes later never helps where a whole state is beaten already: drop it before it branches.
            widths = take + 1
            if int(widths.sum()) > 20 * self.states:
                keep = np.cumsum(widths) <= 20 * self.states
                np.maximum.at(
                    dropped, at[~keep], self._whole(at[~keep], left[~keep], value[~keep], step)
                )
                at, left, counts = at[keep], left[keep], counts[keep]
                value, take, widths = value[keep], take[keep], widths[keep]
            chosen = np.arange(int(widths.sum())) - np.repeat(np.cumsum(widths) - widths, widths)
            origin = np.repeat(np.arange(len(at)), widths)
            new_left = trimmed(left[origin] - chosen[:, None] * self.size[unit], self.size[rest])
            new_value = value[origin] + chosen * self.price[unit]
            most = new_value + _priced(bound, new_left)
            for other in free_of_size:
                most += self.price[other] * self.slots[at[origin], other]
            good = most > self.value[at[origin]] * (1 + NOISE) + NOISE
            good[good] = _best_of_same(at[origin[good]], new_left[good], new_value[good])
            if int(good.sum()) > self.states:
                order = np.argsort(-(most - self.value[at[origin]]) * good, kind="stable")
                good[order[self.states :]] = False
                lost = order[self.states :]
                np.maximum.at(dropped, at[origin[lost]], most[lost])
            kept = origin[good]
            at, left, value, new = at[kept], new_left[good], new_value[good], counts[kept]
            new[:, unit] = chosen[good]
            counts = new
        # What was pruned is worth no more than what was found, but for noise.
        self.most = np.maximum(self.value * (1 + NOISE) + NOISE, dropped)

    def _whole(self, at: Ints, left: Ints, value: Floats, step: int) -> Floats:
        units = self.units[step:]
        most = value + _priced(_vertices(self.size[units], self.price[units]), left)
        for unit in units.tolist():
            if not self.size[unit].any():
                most += self.price[unit] * self.slots[at, unit]
        return most


def trimmed(free: Ints, size: Ints, most: Floats | None = None) -> Ints:
    """(N, R) int64: what is free, without what no number of units of some sizes can use.

    Of resource r no more serves than what is free of another lets in, nor, where that is told, than `most`;
    and that in steps of the sizes' greatest common divisor.
    """
    unit = np.gcd.reduce(size, axis=0, initial=0)
    found = free.astype(np.float64) if most is None else np.minimum(free, most)
    for r in np.flatnonzero(unit).tolist():
        needy = size[:, r] > 0
        for s in np.flatnonzero((size[needy] > 0).all(axis=0)).tolist():
            if s != r:
                ratio = (size[needy, r] / size[needy, s]).max()
                found[:, r] = np.minimum(found[:, r], free[:, s] * ratio)
    step = np.maximum(1, unit)
    whole = (
        np.minimum(free // step, np.floor(found * (1 + 1e-12) / step + 1e-9).astype(np.int64))
        * step
    )
    return np.where(unit > 0, whole, 0)


def _best_of_same(at: Ints, left: Ints, value: Floats) -> Mask:
    """(N,) bool: of hosts that have the same left, the one that is worth most so far."""
    order = np.lexsort((value, *left.T, at))
    same = (at[order][1:] == at[order][:-1]) & (left[order][1:] == left[order][:-1]).all(axis=1)
    found = np.ones(len(at), dtype=np.bool_)
    found[order[:-1][same]] = False
    return found


def _holds(left: Ints, size: Ints) -> Ints:
    some = np.flatnonzero(size)
    if not len(some):
        return np.full(len(left), np.iinfo(np.int64).max)
    found: Ints = np.min(left[:, some] // size[some], axis=1)
    return found


def _vertices(size: Ints, price: Floats) -> Floats:
    """(V, R): points of the dual ``{y >= 0: size @ y >= price}`` of which one is least for whatever is free.

    Units without a size are left out. Any point of it gives a valid bound.
    """
    some = size.any(axis=1)
    rows, right = size[some].astype(np.float64), price[some]
    number = rows.shape[1]
    if not len(rows):
        return np.zeros((1, number))
    scale = rows.max(axis=0)
    used = np.flatnonzero(scale > 0)
    scaled = rows[:, used] / scale[used]
    full = np.concatenate([scaled, np.eye(len(used))])
    bounds = np.concatenate([right, np.zeros(len(used))])
    points = [_uniform(scaled, right)]
    picks = list(combinations(range(len(full)), len(used)))
    if len(picks) <= VERTICES:
        choice = np.array(picks)
        matrices = full[choice]
        sound = np.abs(np.linalg.det(matrices)) > 1e-12
        points += list(np.linalg.solve(matrices[sound], bounds[choice[sound]][..., None])[..., 0])
    else:
        for r in range(len(used)):
            if (scaled[:, r] > 0).all():
                point = np.zeros(len(used))
                point[r] = (right / scaled[:, r]).max()
                points.append(point)
    found = np.maximum(0.0, np.array(points))
    # Lifted by what rounding took, so that each is a point of the dual; those far from it are none.
    lack = (right - found @ scaled.T).max(axis=1)
    found = found[lack <= 1e-9 * (1 + right.max())]
    lift = np.maximum(
        0.0, ((right - found @ scaled.T) / scaled.max(axis=1)).max(axis=1, initial=0.0)
    )
    out = np.zeros((len(found), number))
    out[:, used] = (found + lift[:, None]) / scale[used]
    return np.unique(out, axis=0)


def _uniform(scaled: Floats, right: Floats) -> Floats:
    """The point that prices all resources alike."""
    return np.full(scaled.shape[1], float((right / scaled.sum(axis=1)).max()))


def _priced(points: Floats, left: Ints) -> Floats:
    """(N,): the least that what is left costs at some point."""
    if not points.shape[1]:
        return np.zeros(len(left))
    found = np.full(len(left), np.inf)
    for start in range(0, len(left), 50_000):
        part = slice(start, start + 50_000)
        found[part] = (left[part].astype(np.float64) @ points.T).min(axis=1)
    return found * (1 + NOISE)
