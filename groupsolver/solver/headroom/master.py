"""How many copies the fillings of hosts add up to: a linear program over columns, and its bound.

A column is a filling of one host: whole members of each unit. The program chooses how many hosts
of each class take which filling:

    maximise    k                                                    copies
    subject to  n[u] k  <=  sum of a[j, u] x[j]                      for each unit u
                sum of x[j] over the columns j of c  <=  N[c]        for each class c of hosts
                low k  <=  sum of w[u] a[j, u] x[j] in d  <=  high k for each limit and domain d

where a copy has n[u] of unit u, and column j has a[j, u]. Where units are confined to one domain,
there are variables for the copies in each domain, too. The dual values are prices of units and
domains. The fillings that are worth most at these prices join the columns, until none is worth
more than its host.

At *any* prices y >= 0 of units, Lagrange's bound is valid: hosts are taken one by one, each filled
for the most. Where no more than K copies fit, no more fit than

    sum of N[c] * (the most that a filling of c is worth)  +  K * max(0, 1 - sum of n[u] y[u])

So what is proved rests neither on the linear solver nor on the columns.

Example: a copy is one member of 2 VCPU, and there are 3 hosts of 5 VCPU. The best filling is 2
members. At the price 1 a host is worth 2, and the bound is 3 * 2 + K * 0 = 6 copies.

Sources: Gilmore & Gomory (1961), doi:10.1287/opre.9.6.849; the bound at any prices, Lasdon,
*Optimization Theory for Large Systems* (1970).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import coo_array, csr_array

from groupsolver.model.compiled.arrays import Floats, Ints
from groupsolver.model.value import HOST
from groupsolver.solver.headroom.demand import Demand, DomainLimit
from groupsolver.solver.headroom.host_classes import HostClasses
from groupsolver.solver.headroom.knapsack import Knapsacks, no_limit
from groupsolver.solver.linear_program import ProgramArrays, solve_integer, solve_linear

CLOSE_ENOUGH = 1e-3  # a gap between program and bound, a fraction
VIOLATION = 1e-6  # of the copies: a limit is violated by more than that
MIN_SECONDS = 0.1  # for a solve
MAX_LIMITS_ADDED = 4_000  # limits that join at a time, the most violated first


@dataclass
class Prices:
    """Dual values, all at least 0, by the rows of a `Master`.

    Attributes
    ----------
    unit : (U,) float64
        Copies that one more of a unit is worth.
    high, low : list of (C or D,) float64
        Of each limit, by domain, or by class of hosts at host.
    confined : list of (units, D) float64
        Of each confinement: of its units in each domain.
    once : (W,) float64
        Of each confinement: of having a copy in one of its domains.
    """

    unit: Floats
    high: list[Floats] = field(default_factory=list)
    low: list[Floats] = field(default_factory=list)
    confined: list[Floats] = field(default_factory=list)
    once: Floats = field(default_factory=lambda: np.zeros(0))


@dataclass(frozen=True)
class MasterSolution:
    """An optimum over the columns so far.

    Attributes
    ----------
    copies : float
    hosts : (J,) float64
        How many hosts take each column.
    copies_in : list of (D,) float64
        Of each confinement: copies in each domain.
    prices : Prices
    host_value : (C,) float64
        What one more host of each class is worth, over these columns.
    """

    copies: float
    hosts: Floats
    copies_in: list[Floats]
    prices: Prices
    host_value: Floats


class Master:
    """The program over some classes of hosts.

    Parameters
    ----------
    demand : Demand
    classes : HostClasses
    limits : tuple of DomainLimit
        Those at levels by which the classes are divided; others are left out, as are confinements.
    most : int
        No more copies than that fit.
    left : callable, optional
        Returns the seconds that are left, for all that is done with the program.

    Attributes
    ----------
    owner : (J,) int64
        The class of each column.
    counts : (J, U) int64
        The filling.
    rows : list of (int, int)
        The limits that are in the program: (limit, domain), or (limit, ~domain) for a lower limit.
    """

    def __init__(
        self,
        demand: Demand,
        classes: HostClasses,
        limits: tuple[DomainLimit, ...],
        most: int,
        left: Callable[[], float] = no_limit,
    ) -> None:
        self.left = left
        self.demand = demand
        self.classes = classes
        self.most = most
        self.limits = tuple(one for one in limits if one.level in {HOST, *classes.codes})
        self.confinements = tuple(one for one in demand.confinements if one.level in classes.codes)
        self.knapsacks = Knapsacks(classes.free, classes.slots, demand.size, left)
        self.owner = np.zeros(0, dtype=np.int64)
        self.counts = np.zeros((0, len(demand.units)), dtype=np.int64)
        self._known: set[bytes] = set()
        # By class: the domain of each limit, and of each confinement.
        self.limit_codes = [self._codes(one.level) for one in self.limits]
        self.confinement_codes = [self._codes(one.level) for one in self.confinements]
        # Of each limit: the confinement that it counts copies by, or None.
        self.confinement_of = [self._confinement_of(one) for one in self.limits]
        fleet = demand.compiled.fleet
        self.domains = [
            len(classes) if one.level == HOST else fleet.domains(one.level) for one in self.limits
        ]
        self.rows: list[tuple[int, int]] = []
        for at in range(len(self.limits)):
            self.rows += self._first_rows(at)

    def _codes(self, level: str) -> Ints:
        return np.arange(len(self.classes)) if level == HOST else self.classes.codes[level]

    def _confinement_of(self, limit: DomainLimit) -> int | None:
        """Return the confinement that has all units of a limit at host.

        The limit is then by the copies in that domain, not by all copies.
        """
        units = set(np.flatnonzero(limit.weight).tolist())
        for at, confinement in enumerate(self.confinements):
            if limit.level == HOST and units <= set(confinement.units):
                return at
        return None

    def _first_rows(self, at: int) -> list[tuple[int, int]]:
        """Return the rows of a limit that are in the program from the start."""
        limit = self.limits[at]
        rows: list[tuple[int, int]] = []
        if limit.low:
            domains = np.arange(self.domains[at])
            if limit.counted is not None:
                domains = np.flatnonzero(limit.counted)
            rows += [(at, ~domain) for domain in domains.tolist()]
        # Where the copies in one domain are few, upper limits at host mostly bind.
        if self.confinement_of[at] is not None and len(self.classes) <= MAX_LIMITS_ADDED:
            may_bind = self.classes.slots @ limit.weight > limit.high
            rows += [(at, host_class) for host_class in np.flatnonzero(may_bind).tolist()]
        return rows

    def times(self, limit: DomainLimit) -> Ints:
        """Return by what to multiply a limit: at host, by the hosts of each class."""
        return self.classes.number if limit.level == HOST else np.ones(1, dtype=np.int64)

    def add_columns(self, counts: Ints, owner: Ints | None = None) -> int:
        """Add fillings that are new, one of each class or of the owners; return how many."""
        if owner is None:
            owner = np.arange(len(self.classes))
        fresh = []
        for at, host_class in enumerate(owner.tolist()):
            key = host_class.to_bytes(8, "little") + counts[at].tobytes()
            if key not in self._known and counts[at].any():
                self._known.add(key)
                fresh.append(at)
        self.owner = np.r_[self.owner, owner[fresh]]
        self.counts = np.concatenate([self.counts, counts[fresh]])
        return len(fresh)

    def add_single_fillings(self) -> None:
        """Add fillings with one unit alone: a start for any mixture, complete if time allows."""
        for unit in range(len(self.demand.units)):
            if self.left() <= 0:
                break
            prices = np.zeros((len(self.classes), len(self.demand.units)))
            prices[:, unit] = 1.0
            self.add_columns(self.knapsacks.best(prices).counts)

    def add_violated_limits(self, solution: MasterSolution) -> int:
        """Add the limits that a solution violates most; return how many."""
        known = set(self.rows)
        violated: list[tuple[float, tuple[int, int]]] = []
        for at, limit in enumerate(self.limits):
            if self.left() <= 0:
                break
            codes = self.limit_codes[at][self.owner]
            inside = codes >= 0
            loads = np.zeros(self.domains[at])
            of_columns = (self.counts @ limit.weight) * solution.hosts
            np.add.at(loads, codes[inside], of_columns[inside])
            allowed = limit.high * self._copies_of(at, solution) * self.times(limit)
            over = loads - allowed
            too_much = over > VIOLATION * max(1.0, solution.copies)
            violated += [
                (-float(over[domain]), (at, domain))
                for domain in np.flatnonzero(too_much).tolist()
                if (at, domain) not in known
            ]
        worst = sorted(violated)[:MAX_LIMITS_ADDED]
        self.rows += [row for _, row in worst]
        return len(worst)

    def _copies_of(self, at: int, solution: MasterSolution) -> Floats:
        """Return the copies that a limit is by, for each of its domains."""
        copies = np.full(self.domains[at], solution.copies)
        confinement = self.confinement_of[at]
        if confinement is None:
            return copies
        codes = self.confinement_codes[confinement]
        in_domain = solution.copies_in[confinement][np.maximum(codes, 0)]
        return np.where(codes >= 0, in_domain, copies)

    def worth(self, prices: Prices) -> Floats:
        """(C, U) float64: what a unit is worth on a host of each class."""
        worth = np.tile(prices.unit, (len(self.classes), 1))
        if prices.high:
            for at, limit in enumerate(self.limits):
                net = prices.high[at] - prices.low[at]
                if net.any():
                    of_class = _at_codes(net, self.limit_codes[at])
                    worth -= of_class[:, None] * limit.weight
        if prices.confined:
            for at, confinement in enumerate(self.confinements):
                for number, unit in enumerate(confinement.units):
                    price = prices.confined[at][number]
                    worth[:, unit] -= _at_codes(price, self.confinement_codes[at])
        return worth

    def bound(self, prices: Prices, most: Floats) -> float:
        """Return Lagrange's bound on the copies.

        Parameters
        ----------
        prices : Prices
        most : (C,) float64
            No filling of a class is worth more at these prices.
        """
        # What one more copy, and one more copy in a domain, gains at these prices: the bound takes
        # as many copies as possible where that is above 0, and none elsewhere.
        per_copy = 1.0 - float(self.demand.number @ prices.unit)
        fleet = self.demand.compiled.fleet
        per_copy_in = [np.zeros(fleet.domains(one.level)) for one in self.confinements]
        if prices.high:
            for at, limit in enumerate(self.limits):
                of_high = prices.high[at] * limit.high * self.times(limit)
                gain = of_high - prices.low[at] * limit.low
                confinement = self.confinement_of[at]
                if confinement is None:
                    per_copy += float(gain.sum())
                    continue
                codes = self.confinement_codes[confinement]
                np.add.at(per_copy_in[confinement], codes[codes >= 0], gain[codes >= 0])
                per_copy += float(gain[codes < 0].sum())
        total = float(self.classes.number @ most)
        if prices.confined:
            for at, confined in enumerate(self.confinements):
                number = self.demand.number[list(confined.units)]
                per_copy += float(prices.once[at])
                gain = per_copy_in[at] + number @ prices.confined[at] - prices.once[at]
                total += self.most * float(np.maximum(0.0, gain).sum())
        return total + self.most * max(0.0, per_copy)

    def solve(self, seconds: float) -> MasterSolution | None:
        """Solve over the columns so far; None where there was no time."""
        return _Program(self).optimum(seconds)

    def solve_integer(self, near: MasterSolution, seconds: float) -> MasterSolution | None:
        """Solve over whole numbers of hosts, close to an optimum; None where time was too short."""
        return _Program(self).integer_optimum(near, seconds)


def _at_codes(by_domain: Floats, codes: Ints) -> Floats:
    """Return the value of the domain of each class, 0 where it is in none."""
    return np.where(codes >= 0, by_domain[np.maximum(codes, 0)], 0.0)


class _Program:
    """Rows ``table @ x <= right`` over the columns of a `Master`.

    The variables: copies; copies in each domain of each confinement; hosts that take each column.

    The rows: of each unit, what copies need and columns provide; of each class, its hosts; limits;
    of each confinement, what its copies in a domain need of each unit there, and that the copies
    in all domains are no more than all copies.
    """

    def __init__(self, master: Master) -> None:
        self.master = master
        self._entries: list[tuple[Ints, Ints, Floats]] = []
        self._right: list[Floats] = []
        self._rows = 0
        fleet = master.demand.compiled.fleet
        self._domains = [fleet.domains(one.level) for one in master.confinements]
        # Variable 0 is the copies; those of each confinement follow, and then the columns.
        self._first = np.cumsum([1, *self._domains])
        self._base = int(self._first[-1])
        self._add_units()
        self._add_classes()
        self._add_limits()
        self._add_confinements()
        row, column, value = (np.concatenate(parts) for parts in zip(*self._entries, strict=True))
        shape = self._rows, self._base + len(master.owner)
        places = row.astype(np.int64), column.astype(np.int64)
        cost = np.zeros(self._base + len(master.owner))
        cost[0] = -1.0
        self._program = ProgramArrays(
            cost=cost,
            high=np.full(len(cost), np.inf),
            table=csr_array(coo_array((value, places), shape=shape)),
            row_low=np.full(self._rows, -np.inf),
            row_high=np.concatenate(self._right),
        )

    def _add(self, row: ArrayLike, column: ArrayLike, value: ArrayLike) -> None:
        self._entries.append(
            (np.asarray(row), np.asarray(column), np.asarray(value, dtype=np.float64))
        )

    def _end_rows(self, right: Floats) -> None:
        """Count the rows whose entries were added, and set their right-hand sides."""
        self._right.append(right)
        self._rows += len(right)

    def _add_units(self) -> None:
        master = self.master
        units = len(master.demand.units)
        at, unit = np.nonzero(master.counts)
        self._add(unit, self._base + at, -master.counts[at, unit])
        self._add(np.arange(units), np.zeros(units), master.demand.number)
        self._end_rows(np.zeros(units))

    def _add_classes(self) -> None:
        master = self.master
        columns = np.arange(len(master.owner))
        self._add(self._rows + master.owner, self._base + columns, np.ones(len(columns)))
        self._end_rows(master.classes.number.astype(np.float64))

    def _add_limits(self) -> None:
        master = self.master
        loads = [master.counts @ limit.weight for limit in master.limits]
        # The columns of each limit, sorted by domain: those of one domain follow each other.
        codes = [of_class[master.owner] for of_class in master.limit_codes]
        orders = [np.argsort(of_columns, kind="stable") for of_columns in codes]
        in_order = [of_columns[by] for of_columns, by in zip(codes, orders, strict=True)]
        for at, place in master.rows:
            limit = master.limits[at]
            is_low = place < 0
            domain = ~place if is_low else place
            start, end = np.searchsorted(in_order[at], [domain, domain + 1])
            columns = orders[at][start:end]
            sign = -1.0 if is_low else 1.0
            times = int(master.times(limit)[domain]) if limit.level == HOST else 1
            per_copy = limit.low if is_low else limit.high * times
            row = np.full(len(columns), self._rows)
            self._add(row, self._base + columns, sign * loads[at][columns])
            self._add([self._rows], [self._copies_variable(at, domain)], [-sign * per_copy])
            self._end_rows(np.zeros(1))

    def _copies_variable(self, at: int, domain: int) -> int:
        """Return the variable of the copies that a limit is by."""
        confinement = self.master.confinement_of[at]
        if confinement is None:
            return 0
        code = int(self.master.confinement_codes[confinement][domain])
        return int(self._first[confinement]) + code if code >= 0 else 0

    def _add_confinements(self) -> None:
        master = self.master
        for at, confinement in enumerate(master.confinements):
            codes = master.confinement_codes[at][master.owner]
            domains = np.arange(self._domains[at])
            variables = self._first[at] + domains
            for unit in confinement.units:
                columns = np.flatnonzero((codes >= 0) & (master.counts[:, unit] > 0))
                row = self._rows + codes[columns]
                # What the columns have there is no more than what the copies there need.
                self._add(row, self._base + columns, master.counts[columns, unit])
                needed = np.full(len(domains), master.demand.number[unit])
                self._add(self._rows + domains, variables, -needed)
                self._end_rows(np.zeros(len(domains)))
            self._add(np.full(len(domains), self._rows), variables, np.ones(len(domains)))
            self._add([self._rows], [0], [-1.0])
            self._end_rows(np.zeros(1))

    def optimum(self, seconds: float) -> MasterSolution | None:
        """Solve over the reals; None where there was no time."""
        found = solve_linear(self._program, max(MIN_SECONDS, seconds), "highs")
        if found is None:
            return None
        dual: Floats = np.maximum(0.0, -found.dual)
        units = len(self.master.demand.units)
        host_value = dual[units : units + len(self.master.classes)]
        return self._solution(found.x, self._prices(dual), host_value)

    def integer_optimum(self, near: MasterSolution, seconds: float) -> MasterSolution | None:
        """Solve over whole numbers, close to an optimum; None where nothing was found in time."""
        # Half a copy: then no solution has one copy more.
        gap = 0.5 / max(1.0, near.copies)
        x = solve_integer(self._program, max(MIN_SECONDS, seconds), gap)
        if x is None:
            return None
        return self._solution(x, near.prices, near.host_value)

    def _solution(self, x: Floats, prices: Prices, host_value: Floats) -> MasterSolution:
        ends = zip(self._first[:-1], self._first[1:], strict=True)
        return MasterSolution(
            copies=float(x[0]),
            hosts=x[self._base :],
            copies_in=[x[start:end] for start, end in ends],
            prices=prices,
            host_value=host_value,
        )

    def _prices(self, dual: Floats) -> Prices:
        """Return the dual values of the rows, in the order in which these were added."""
        master = self.master
        units = len(master.demand.units)
        high = [np.zeros(number) for number in master.domains]
        low = [np.zeros(number) for number in master.domains]
        row = units + len(master.classes)
        for at, place in master.rows:
            if place < 0:
                low[at][~place] = dual[row]
            else:
                high[at][place] = dual[row]
            row += 1
        confined = []
        once = []
        for confinement, domains in zip(master.confinements, self._domains, strict=True):
            end = row + domains * len(confinement.units)
            confined.append(dual[row:end].reshape(len(confinement.units), domains))
            once.append(dual[end])
            row = end + 1
        return Prices(dual[:units], high, low, confined, np.array(once))


def generate_columns(
    master: Master, start: Prices, left: Callable[[], float], close: float = CLOSE_ENOUGH
) -> tuple[MasterSolution | None, float, Prices]:
    """Add fillings until the program comes close to its bound, or time is over.

    Parameters
    ----------
    master : Master
    start : Prices
        The prices at which the first fillings are found.
    left : callable
        Returns the seconds that are left.
    close : float
        The gap between program and bound, a fraction, at which to stop.

    Returns
    -------
    MasterSolution or None
        The last optimum.
    float
        The best bound.
    Prices
        The prices that proved it.
    """
    fillings = master.knapsacks.best(master.worth(start))
    best_bound = master.bound(start, fillings.bound)
    best_prices = start
    master.add_columns(fillings.counts)
    last: MasterSolution | None = None
    copies_before = np.inf
    while left() > 0:
        solution = master.solve(left())
        if solution is None:
            break
        last = solution
        fillings = master.knapsacks.best(master.worth(solution.prices))
        bound = master.bound(solution.prices, fillings.bound)
        if bound < best_bound:
            best_bound = bound
            best_prices = solution.prices
        limits_added = master.add_violated_limits(solution)
        enough = solution.copies * (1 + close)
        # Violated limits lower the optimum: the gap is known only once it hardly falls any more.
        if best_bound <= enough and (not limits_added or copies_before <= enough):
            break
        copies_before = solution.copies
        better = np.flatnonzero(fillings.value > solution.host_value + 1e-9)
        columns_added = master.add_columns(fillings.counts[better], better)
        if not columns_added and not limits_added:
            break
    return last, best_bound, best_prices
