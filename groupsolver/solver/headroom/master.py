"""How many copies fillings of hosts add up to: a linear program over columns, and a bound that needs no trust in it.

A column is a filling of one host: whole members of each unit. The program says how many hosts of each class
take which; its dual values price units and domains, and what is worth most at these prices joins. At *any*
prices Lagrange's bound is valid: hosts taken one by one, each filled for most. So what is proved rests on
neither the linear solver nor the columns.

Source: Gilmore & Gomory (1961), doi:10.1287/opre.9.6.849; the bound at any prices, Lasdon,
*Optimization Theory for Large Systems* (1970).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from groupsolver.model.compiled.compiled_fleet import Floats, Ints
from groupsolver.model.value import HOST
from groupsolver.solver.headroom.demand import Ceiling, Demand
from groupsolver.solver.headroom.host_classes import HostClasses
from groupsolver.solver.headroom.knapsack import Knapsacks
from groupsolver.solver.headroom.master_program import Prices, Program, Solved

CLOSE = 1e-3  # a gap between program and bound, a fraction, that is close enough
VIOLATED = 1e-6
ADDED = 4_000  # ceilings that join at a time, the most violated first


class Master:
    """The program over some classes.

    Parameters
    ----------
    demand : Demand
    classes : HostClasses
    ceilings : tuple of Ceiling
        Those at levels by which the classes are told apart; others are left out, as are wholes.
    most : int
        No more copies than so many fit.
    """

    def __init__(
        self, demand: Demand, classes: HostClasses, ceilings: tuple[Ceiling, ...], most: int
    ) -> None:
        self.demand, self.classes, self.most = demand, classes, most
        self.ceilings = tuple(one for one in ceilings if one.level in {HOST, *classes.codes})
        self.wholes = tuple(one for one in demand.wholes if one.level in classes.codes)
        self.sacks = Knapsacks(classes.free, classes.slots, demand.size)
        self.owner = np.zeros(0, dtype=np.int64)  # of each column: its class
        self.counts = np.zeros((0, len(demand.units)), dtype=np.int64)
        self._known: set[bytes] = set()
        # Which rows of ceilings and floors are in the program: (ceiling, domain), the latter of a floor as ~domain.
        self.rows: list[tuple[int, int]] = []
        levels = [one.level for one in self.ceilings] + [one.level for one in self.wholes]
        self.codes = [
            self._code(level) for level in levels
        ]  # of each ceiling, and then of each whole
        self.inside = [self._part_of(one) for one in self.ceilings]
        fleet = demand.compiled.fleet
        self.domains = [
            len(classes) if one.level == HOST else fleet.domains(one.level) for one in self.ceilings
        ]
        for at, one in enumerate(self.ceilings):
            if one.low:
                where = (
                    range(self.domains[at])
                    if one.counted is None
                    else np.flatnonzero(one.counted).tolist()
                )
                self.rows += [(at, ~domain) for domain in where]
            if (
                self.inside[at] is not None and len(classes) <= ADDED
            ):  # of few copies, these bind mostly
                open_ = (classes.slots @ one.weight > one.high) & (one.level == HOST)
                self.rows += [(at, one_) for one_ in np.flatnonzero(open_).tolist()]

    def _code(self, level: str) -> Ints:
        return np.arange(len(self.classes)) if level == HOST else self.classes.codes[level]

    def _part_of(self, ceiling: Ceiling) -> int | None:
        """Give the whole that a ceiling at host is part of: it is then by copies in that domain, not by all."""
        units = set(np.flatnonzero(ceiling.weight).tolist())
        for at, whole in enumerate(self.wholes):
            if ceiling.level == HOST and units <= set(whole.units):
                return at
        return None

    def join(self, counts: Ints, which: Ints | None = None) -> int:
        """Let fillings join, one of each class or of some; say how many are new."""
        which = np.arange(len(self.classes)) if which is None else which
        fresh = []
        for at, one in enumerate(which.tolist()):
            key = one.to_bytes(8, "little") + counts[at].tobytes()
            if key not in self._known and counts[at].any():
                self._known.add(key)
                fresh.append(at)
        self.owner = np.r_[self.owner, which[fresh]]
        self.counts = np.concatenate([self.counts, counts[fresh]])
        return len(fresh)

    def solve(self, seconds: float) -> Solved | None:
        """Solve over the columns so far; None where there was no time."""
        return Program(self).optimum(seconds)

    def worth(self, prices: Prices) -> Floats:
        """(C, U) float64: what a unit is worth on a host of each class."""
        found = np.tile(prices.unit, (len(self.classes), 1))
        for at, one in enumerate(self.ceilings):
            if prices.ceiling and (prices.ceiling[at].any() or prices.floor[at].any()):
                codes = self.codes[at]
                net = np.where(
                    codes >= 0, (prices.ceiling[at] - prices.floor[at])[np.maximum(codes, 0)], 0.0
                )
                found -= net[:, None] * one.weight
        for at, whole in enumerate(self.wholes):
            if prices.whole:
                codes = self.codes[len(self.ceilings) + at]
                for number, unit in enumerate(whole.units):
                    found[:, unit] -= np.where(
                        codes >= 0, prices.whole[at][number][np.maximum(codes, 0)], 0.0
                    )
        return found

    def bound(self, prices: Prices, most: Floats) -> float:
        """Give Lagrange's bound, where no filling of a class is worth more than `most` at some prices."""
        total = float(self.classes.number @ most)
        by_all = 1.0 - float(self.demand.number @ prices.unit)
        inside = [
            np.zeros(self.demand.compiled.fleet.domains(whole.level)) for whole in self.wholes
        ]
        for at, one in enumerate(self.ceilings if prices.ceiling else ()):
            times = self.classes.number if one.level == HOST else 1
            gain = prices.ceiling[at] * one.high * times - prices.floor[at] * one.low
            whole = self.inside[at]
            if whole is None:
                by_all += float(gain.sum())
            else:
                codes = self.codes[len(self.ceilings) + whole]
                np.add.at(inside[whole], codes[codes >= 0], gain[codes >= 0])
                by_all += float(gain[codes < 0].sum())
        for at, each in enumerate(self.wholes if prices.whole else ()):
            by_all += float(prices.once[at])
            net = (
                inside[at]
                + self.demand.number[list(each.units)] @ prices.whole[at]
                - prices.once[at]
            )
            total += self.most * float(np.maximum(0.0, net).sum())
        return total + self.most * max(0.0, by_all)

    def violated(self, solved: Solved) -> int:
        """Let ceilings that an optimum breaks join; say how many."""
        known, found = set(self.rows), list[tuple[float, tuple[int, int]]]()
        for at, one in enumerate(self.ceilings):
            codes = self.codes[at][self.owner]
            loads = np.zeros(self.domains[at])
            np.add.at(
                loads, codes[codes >= 0], ((self.counts @ one.weight) * solved.takes)[codes >= 0]
            )
            times = self.classes.number if one.level == HOST else 1
            whole, copies = self.inside[at], np.full(self.domains[at], solved.copies)
            if whole is not None:
                within = self.codes[len(self.ceilings) + whole]
                copies = np.where(
                    within >= 0, solved.inside[whole][np.maximum(within, 0)], solved.copies
                )
            over = loads - one.high * copies * times
            found += [
                (-float(over[domain]), (at, domain))
                for domain in np.flatnonzero(over > VIOLATED * max(1.0, solved.copies)).tolist()
                if (at, domain) not in known
            ]
        self.rows += [row for _, row in sorted(found)[:ADDED]]
        return min(len(found), ADDED)


def generate(
    master: Master, start: Prices, left: Callable[[], float], close: float = CLOSE
) -> tuple[Solved | None, float, Prices]:
    """Let fillings join until the program comes close to its bound, or time is over.

    Returns
    -------
    (Solved or None, float, Prices)
        The last optimum, the best bound, and the prices that gave it.
    """
    counts, _, most = master.sacks.best(master.worth(start))
    best, at = master.bound(start, most), start
    master.join(counts)
    solved, before = None, np.inf
    while left() > 0:
        now = master.solve(left())
        if now is None:
            break
        solved = now
        counts, value, most = master.sacks.best(master.worth(now.prices))
        bound = master.bound(now.prices, most)
        if bound < best:
            best, at = bound, now.prices
        rows = master.violated(now)
        if best <= now.copies * (1 + close) and (not rows or before <= now.copies * (1 + close)):
            break
        before = now.copies
        better = np.flatnonzero(value > now.slack + 1e-9)
        if not master.join(counts[better], better) and not rows:
            break
    return solved, best, at
