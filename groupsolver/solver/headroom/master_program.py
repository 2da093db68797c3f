"""The program of a `Master` as arrays, solved by HiGHS: over reals, with its prices, and over whole numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import coo_array, csr_array

from groupsolver.model.compiled.compiled_fleet import Floats, Ints
from groupsolver.model.value import HOST

if TYPE_CHECKING:
    from groupsolver.solver.headroom.master import Master


@dataclass
class Prices:
    """Dual values, all at least 0, by the rows of a `Master`.

    Attributes
    ----------
    unit : (U,) float64
        Copies that one more of a unit is worth.
    ceiling : list of (C or D,) float64
        Of each ceiling, by domain, or by class at host.
    floor : list of (D,) float64
    whole : list of (units, D) float64
    once : (W,) float64
    """

    unit: Floats
    ceiling: list[Floats] = field(default_factory=list)
    floor: list[Floats] = field(default_factory=list)
    whole: list[Floats] = field(default_factory=list)
    once: Floats = field(default_factory=lambda: np.zeros(0))


@dataclass(frozen=True)
class Solved:
    """An optimum over the columns so far.

    Attributes
    ----------
    copies : float
    takes : (J,) float64
        How many hosts take each column.
    inside : list of (D,) float64
        By whole: copies in each domain.
    prices : Prices
    slack : (C,) float64
        What one more host of each class is worth, over these columns.
    """

    copies: float
    takes: Floats
    inside: list[Floats]
    prices: Prices
    slack: Floats


class Program:
    """Rows ``table @ x <= right`` over x: copies, copies in each domain of each whole, hosts that take each column.

    The rows: by unit, what copies ask and columns give; by class, its hosts; ceilings and floors; by whole, what
    its copies in a domain ask of each unit there, and that they are no more than all copies.
    """

    def __init__(self, master: Master) -> None:
        self.master = master
        self._parts: list[tuple[Ints, Ints, Floats]] = []
        self._right: list[Floats] = []
        self._rows = 0
        fleet = master.demand.compiled.fleet
        self.domains = [fleet.domains(whole.level) for whole in master.wholes]
        self.first = np.cumsum([1, *self.domains])  # of each whole's variables
        self.base = int(self.first[-1])  # of the columns
        self._units()
        self._ceilings()
        self._wholes()
        row, column, value = (np.concatenate([part[i] for part in self._parts]) for i in range(3))
        shape = self._rows, self.base + len(master.owner)
        self.table = csr_array(
            coo_array((value, (row.astype(np.int64), column.astype(np.int64))), shape=shape)
        )
        self.right = np.concatenate(self._right)

    def _add(self, row: ArrayLike, column: ArrayLike, value: ArrayLike) -> None:
        self._parts.append(
            (np.asarray(row), np.asarray(column), np.asarray(value, dtype=np.float64))
        )

    def _limit(self, right: Floats) -> None:
        self._right.append(right)
        self._rows += len(right)

    def _units(self) -> None:
        master = self.master
        units, columns = len(master.demand.units), np.arange(len(master.owner))
        at, unit = np.nonzero(master.counts)
        self._add(unit, self.base + at, -master.counts[at, unit])
        self._add(np.arange(units), np.zeros(units), master.demand.number)
        self._limit(np.zeros(units))
        self._add(units + master.owner, self.base + columns, np.ones(len(columns)))
        self._limit(master.classes.number.astype(np.float64))

    def _ceilings(self) -> None:
        master = self.master
        loads = [master.counts @ one.weight for one in master.ceilings]
        places = [codes[master.owner] for codes in master.codes[: len(loads)]]
        order = [np.argsort(place, kind="stable") for place in places]
        ordered = [place[by] for place, by in zip(places, order, strict=True)]
        for one, place in master.rows:
            ceiling, low = master.ceilings[one], place < 0
            domain = ~place if low else place
            start, end = np.searchsorted(ordered[one], [domain, domain + 1])
            here = order[one][start:end]
            sign = -1.0 if low else 1.0
            times = master.classes.number[domain] if ceiling.level == HOST else 1
            limit = ceiling.low if low else ceiling.high * times
            self._add(np.full(len(here), self._rows), self.base + here, sign * loads[one][here])
            self._add([self._rows], [self._copies_in(one, domain)], [-sign * limit])
            self._limit(np.zeros(1))

    def _copies_in(self, ceiling: int, domain: int) -> int:
        """Give the variable of the copies that a ceiling is by."""
        whole = self.master.inside[ceiling]
        code = (
            -1
            if whole is None
            else int(self.master.codes[len(self.master.ceilings) + whole][domain])
        )
        return int(self.first[whole]) + code if whole is not None and code >= 0 else 0

    def _wholes(self) -> None:
        master = self.master
        for w, whole in enumerate(master.wholes):
            place = master.codes[len(master.ceilings) + w][master.owner]
            every = np.arange(self.domains[w])
            for one in whole.units:
                here = np.flatnonzero((place >= 0) & (master.counts[:, one] > 0))
                self._add(self._rows + place[here], self.base + here, master.counts[here, one])
                self._add(
                    self._rows + every,
                    self.first[w] + every,
                    np.full(len(every), -master.demand.number[one]),
                )
                self._limit(np.zeros(len(every)))
            self._add(np.full(len(every), self._rows), self.first[w] + every, np.ones(len(every)))
            self._add([self._rows], [0], [-1.0])
            self._limit(np.zeros(1))

    def _cost(self) -> Floats:
        cost = np.zeros(self.table.shape[1])
        cost[0] = -1.0
        return cost

    def optimum(self, seconds: float) -> Solved | None:
        """Solve over the reals; None where there was no time."""
        options = {"time_limit": max(0.1, seconds)}
        found = linprog(
            self._cost(), A_ub=self.table, b_ub=self.right, method="highs", options=options
        )
        if found.status != 0:
            return None
        dual: Floats = np.maximum(0.0, -found.ineqlin.marginals)
        units, classes = len(self.master.demand.units), len(self.master.classes)
        takes, inside = found.x[self.base :], self._inside(found.x)
        return Solved(
            float(found.x[0]), takes, inside, self._prices(dual), dual[units : units + classes]
        )

    def whole(self, near: Solved, seconds: float) -> Solved | None:
        """Solve over whole numbers, close to an optimum; None where nothing was found in time."""
        kinds = np.ones(self.table.shape[1])
        options = {"time_limit": max(0.1, seconds), "mip_rel_gap": 0.5 / max(1.0, near.copies)}
        rows, limits = LinearConstraint(self.table, ub=self.right), Bounds(0, np.inf)
        found = milp(
            self._cost(), constraints=rows, bounds=limits, integrality=kinds, options=options
        )
        if found.x is None:
            return None
        x = np.round(found.x)
        return Solved(float(x[0]), x[self.base :], self._inside(x), near.prices, near.slack)

    def _inside(self, x: Floats) -> list[Floats]:
        return [x[start:end] for start, end in zip(self.first[:-1], self.first[1:], strict=True)]

    def _prices(self, dual: Floats) -> Prices:
        master = self.master
        units = len(master.demand.units)
        ceiling = [np.zeros(number) for number in master.domains]
        floor = [np.zeros(number) for number in master.domains]
        row = units + len(master.classes)
        for one, place in master.rows:
            (floor if place < 0 else ceiling)[one][~place if place < 0 else place] = dual[row]
            row += 1
        whole, once = [], []
        for each, domains in zip(master.wholes, self.domains, strict=True):
            end = row + domains * len(each.units)
            whole.append(dual[row:end].reshape(len(each.units), domains))
            once.append(dual[end])
            row = end + 1
        return Prices(dual[:units], ceiling, floor, whole, np.array(once))
