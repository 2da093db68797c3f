"""Thousands of copies at once: a bound over all hosts, and fillings that are dealt to copies.

First come classes of hosts that do not depend on domains: they are few, and limits in domains
seldom bind. Where such limits bind, or units are confined to one domain, hosts are classified by
their domains as well. There may be many classes then: such fleets are taken in parts, each a
sample of the whole. Copies of a part use only its hosts, so those of all parts add up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from groupsolver.constraints.problem.copies import Copy, original
from groupsolver.model.compiled.arrays import Floats, Ints
from groupsolver.model.result import Placement
from groupsolver.solver.headroom.demand import Demand, DomainLimit
from groupsolver.solver.headroom.host_classes import HostClasses, classify_hosts
from groupsolver.solver.headroom.master import Master, MasterSolution, Prices, generate_columns
from groupsolver.solver.headroom.rounding import Dealer, round_columns

MAX_COPIES = 1_000_000  # copies that are counted at all
MAX_UNITS_ON_HOST = 64 * MAX_COPIES  # keeps sums over hosts within 64 bits
MAX_CLASSES_IN_ONE_PART = 500
MIN_DOMAINS_PER_PART = 4  # else a part is no sample of the whole
MAX_MEMBERS_DEALT = 2**24  # of all copies together: bounds the memory
MAX_COLUMNS_INTEGER = 20_000  # of more columns, no integer program is solved
BOUND_TOLERANCE = 1e-6  # copies: far more than floating point may be off by
# Copies for each domain that units are confined to, from which rounding in each loses little.
COPIES_PER_DOMAIN = 4
LOSS_TO_DOMAINS = 0.01  # of the bound: a smaller loss is not worth classes by domain

Clock = Callable[[], float]  # returns the seconds that are left


@dataclass(frozen=True)
class BulkPlacement:
    """Copies that were placed at once.

    Attributes
    ----------
    copies : list of Copy
        Host of each member of the file, without cells. Whether each copy keeps its rules is still
        to be checked. Copies that follow each other and are alike are the same object.
    bound : float
        No more copies fit than this; `prices` prove it.
    prices : (U,) float64
        Copies that one more of each unit would be worth.
    """

    copies: list[Copy]
    bound: float
    prices: Floats


def most_by_one_unit(demand: Demand) -> int:
    """Return the copies that there is room for of the scarcest unit alone, at most `MAX_COPIES`."""
    if not len(demand.units):
        return 0
    room = np.minimum(demand.slots, MAX_UNITS_ON_HOST).sum(axis=1)
    return min(MAX_COPIES, int((room // demand.number).min()))


def place_in_bulk(demand: Demand, most: int, left: Clock, gap: float, seed: int) -> BulkPlacement:
    """Bound the copies, and place many.

    Parameters
    ----------
    demand : Demand
    most : int
        No more copies than that fit.
    left : callable
        Returns the seconds that are left.
    gap : float
        The gap of the whole answer, a fraction, at which to stop.
    seed : int
    """
    by_one_unit = _bound_by_one_unit(demand)
    if not most:
        return by_one_unit
    coarse = classify_hosts(demand, most, ())
    parts = [_Part(demand, one, most, seed, left) for one in _parts(demand, coarse)]
    start = Prices(1 / (len(demand.units) * demand.number.astype(np.float64)))
    if len(parts) == 1:
        bound, prices = parts[0].prove(start, _share_of(left, 0.5), gap)
    else:
        # Prices of a part are good prices of the whole, and any prices bound the whole.
        _, of_part = parts[0].prove(start, _share_of(left, 0.25), gap)
        prices = Prices(of_part.unit / float(demand.number @ of_part.unit))
        every = Master(demand, coarse, (), most, left)
        bound = every.bound(prices, every.knapsacks.best(every.worth(prices)).bound)
    copies: list[Copy] = []
    if not demand.confinements:
        copies = _placed(parts, prices, left, gap)
    if _worth_domains(demand, len(copies), bound) and left() > 0:
        fine = classify_hosts(demand, most, demand.levels())
        parts = [_Part(demand, one, most, seed, left) for one in _parts(demand, fine)]
        if len(parts) == 1:
            fine_bound, fine_prices = parts[0].prove(Prices(prices.unit), _share_of(left, 0.5), gap)
            if fine_bound < bound:
                bound = fine_bound
                prices = fine_prices
        copies = max(copies, _placed(parts, prices, left, gap), key=len)
    if by_one_unit.bound < bound:
        return BulkPlacement(copies, by_one_unit.bound, by_one_unit.prices)
    return BulkPlacement(copies, bound + BOUND_TOLERANCE, prices.unit)


def _bound_by_one_unit(demand: Demand) -> BulkPlacement:
    """Return no copies, and the bound by the scarcest unit."""
    room = np.minimum(demand.slots, MAX_UNITS_ON_HOST).sum(axis=1) / demand.number
    scarcest = int(np.argmin(room))
    prices = np.zeros(len(demand.units))
    prices[scarcest] = 1 / demand.number[scarcest]
    bound = min(float(MAX_COPIES), float(room[scarcest])) + BOUND_TOLERANCE
    return BulkPlacement([], bound, prices)


def _worth_domains(demand: Demand, copies: int, bound: float) -> bool:
    """Return whether classes of hosts by their domains may place more copies."""
    domains = [demand.compiled.fleet.domains(one.level) for one in demand.confinements]
    enough_copies = bound > COPIES_PER_DOMAIN * max(domains, default=0)
    loses = copies < bound * (1 - LOSS_TO_DOMAINS) - 1
    return bool(demand.levels()) and loses and enough_copies


def _placed(parts: list[_Part], prices: Prices, left: Clock, gap: float) -> list[Copy]:
    """Place copies on each part, with an equal share of most of the time for each."""
    copies: list[Copy] = []
    for number, part in enumerate(parts):
        if left() <= 0:
            break
        clock = _share_of(left, 0.8 / (len(parts) - number))
        copies += part.place(Prices(prices.unit), clock, gap)
    return copies


def _share_of(left: Clock, share: float) -> Clock:
    """Return a clock for a share of the time that is left now."""
    floor = left() * (1 - share)
    return lambda: max(0.0, left() - floor)


class _Part:
    """Some hosts, their program, and copies on them."""

    def __init__(
        self, demand: Demand, classes: HostClasses, most: int, seed: int, left: Clock
    ) -> None:
        self.demand = demand
        self.classes = classes
        self.seed = seed
        self.left = left
        self.master = Master(demand, classes, demand.necessary, most, left)
        self.most_dealt = min(most, max(1, MAX_MEMBERS_DEALT // int(demand.number.sum())))
        self.solution: MasterSolution | None = None

    def prove(self, start: Prices, left: Clock, gap: float) -> tuple[float, Prices]:
        """Bound the copies on these hosts; return the prices that prove it, too."""
        self.master.add_single_fillings()
        self.solution, bound, prices = generate_columns(self.master, start, left, gap / 4)
        return bound, prices

    def place(self, start: Prices, left: Clock, gap: float) -> list[Copy]:
        """Place copies whose members can be dealt evenly: within the sufficient limits."""
        master = self._solved_for_dealing(start, left, gap)
        solution = self.solution
        if solution is None or solution.copies < 1:
            return []
        dealer = self._dealer(master, solution)
        copies = dealer.copies(self.most_dealt, self.left)
        if copies + 1 < solution.copies and left() > 0:
            mixed = self._dealer(master, solution, mixed=True)
            mixed_copies = mixed.copies(self.most_dealt, self.left)
            if mixed_copies > copies:
                dealer = mixed
                copies = mixed_copies
        # An integer program helps where rounding lost copies, and all columns are in the solution.
        whole = len(solution.hosts) == len(master.owner) <= MAX_COLUMNS_INTEGER
        if whole and copies + 1 < solution.copies and left() > 0:
            integer = master.solve_integer(solution, left())
            if integer is not None:
                other = self._dealer(master, integer)
                other_copies = other.copies(self.most_dealt, self.left)
                if other_copies > copies:
                    dealer = other
                    copies = other_copies
        if not copies:
            return []
        dealt = dealer.deal(copies)
        dealer.repair(dealt, left)
        return _placements(self.demand, dealer.rows, dealt, copies)

    def _solved_for_dealing(self, start: Prices, left: Clock, gap: float) -> Master:
        """Return the program within the sufficient limits; its solution is `solution`."""
        demand = self.demand
        if self.solution is not None and _same(demand.necessary, demand.sufficient):
            return self.master
        master = Master(demand, self.classes, demand.sufficient, self.master.most, self.left)
        if len(self.master.owner):
            master.add_columns(self.master.counts, self.master.owner)
        else:
            master.add_single_fillings()
        self.solution, _, _ = generate_columns(master, Prices(start.unit), left, gap / 4)
        return master

    def _dealer(self, master: Master, solution: MasterSolution, mixed: bool = False) -> Dealer:
        counts = round_columns(master, self.classes, solution, mixed)
        order = np.argsort(self.classes.rows, kind="stable")
        return Dealer(self.demand, self.classes.rows[order], counts[order], self.seed)


def _same(one: tuple[DomainLimit, ...], other: tuple[DomainLimit, ...]) -> bool:
    """Return whether limits are the same, in any order."""

    def values(limits: tuple[DomainLimit, ...]) -> list[tuple[str, float, float, bytes]]:
        return sorted((one.level, one.high, one.low, one.weight.tobytes()) for one in limits)

    return values(one) == values(other)


def _parts(demand: Demand, classes: HostClasses) -> list[HostClasses]:
    """Divide the hosts into parts, each a sample of the whole.

    Hosts of a domain that units are confined to stay together, if there are many such domains.
    """
    number = -(-len(classes) // MAX_CLASSES_IN_ONE_PART)  # the quotient rounded up
    if number == 1:
        return [classes]
    # The rank of each host, class by class: the parts take the hosts of a class in turn.
    keys = np.argsort(np.argsort(classes.label, kind="stable"), kind="stable")
    for confinement in demand.confinements:
        codes = demand.compiled.fleet.codes(confinement.level)[classes.rows]
        domains, domain = np.unique(codes, return_inverse=True)
        if len(domains) >= MIN_DOMAINS_PER_PART * number:
            keys = domain.reshape(-1)
            break
    return [classes.subset(np.flatnonzero(keys % number == part)) for part in range(number)]


def _placements(demand: Demand, rows: Ints, dealt: list[Ints], copies: int) -> list[Copy]:
    """Return the host of each member of each copy.

    Copies that follow each other and are alike are the same object. As copies are dealt in turn,
    many are.
    """
    names = demand.compiled.fleet.names
    table = np.concatenate(dealt, axis=1)
    starts = np.flatnonzero(np.r_[True, (table[1:] != table[:-1]).any(axis=1)])
    repeats = np.diff(np.r_[starts, copies]).tolist()
    distinct: list[Placement] = [{} for _ in repeats]
    for unit, positions in zip(demand.units, dealt, strict=True):
        on_rows = rows[positions[starts]].tolist()
        hosts = [[names[row] for row in of_copy] for of_copy in on_rows]
        for member_class, members in unit.items():
            ids = [original(id_) for id_ in demand.compiled.member_classes[member_class].ids]
            for placement, of_copy in zip(distinct, hosts, strict=True):
                every = [name for name in of_copy for _ in range(members)]
                placement.update(zip(ids, every, strict=True))
    placed: list[Copy] = []
    for placement, repeated in zip(distinct, repeats, strict=True):
        copy: Copy = placement, {}
        placed += [copy] * repeated
    return placed
