"""Thousands of copies at once: a bound over all hosts, and fillings dealt out to copies.

Classes that do not tell domains apart come first: they are few, and ceilings of domains seldom bind. Where
they do, or where units are bound to one domain, hosts are told apart by their domains as well. There may be
many classes then: such fleets are taken in parts, each like the whole. Copies of a part stand in it, so
those of all parts add up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from groupsolver.constraints.problem.copies import original
from groupsolver.model.compiled.compiled_fleet import Floats, Ints
from groupsolver.model.result import Placement
from groupsolver.solver.headroom.demand import Ceiling, Demand
from groupsolver.solver.headroom.host_classes import HostClasses, classes_of
from groupsolver.solver.headroom.master import Master, generate
from groupsolver.solver.headroom.master_program import Prices, Program, Solved
from groupsolver.solver.headroom.rounding import Dealer, rounded

MAX_CLASSES_IN_ONE_PART = 500  # classes that are one part
WHOLE = 20_000  # columns that whole numbers of hosts are found for by search
SLACK = 1e-6  # copies that floating point may be off by, and far more
MAX_COPIES = 1_000_000  # copies that are counted at all
PILE = 4  # copies for each domain that units are bound to, from which rounding in each loses little
LOST = 0.01  # of the bound: what is lost to domains before they are told apart

Left = Callable[[], float]  # seconds


@dataclass(frozen=True)
class Bulk:
    """What was found at once.

    Attributes
    ----------
    copies : list of Placement
        Host of each member of the file; whether the rules of each hold is still to be seen.
    bound : float
        No more copies fit than this; `prices` prove it.
    prices : (U,) float64
        Copies that one more of each unit would be worth.
    """

    copies: list[Placement]
    bound: float
    prices: Floats


def at_most(demand: Demand) -> int:
    """Count the copies that each unit alone leaves room for, at most `MOST`."""
    if not len(demand.units):
        return 0
    return int(
        min(
            MAX_COPIES,
            (np.minimum(demand.slots, MAX_COPIES * 64).sum(axis=1) // demand.number).min(),
        )
    )


def bulk(demand: Demand, most: int, left: Left, gap: float, seed: int) -> Bulk:
    """Bound the copies, and place many."""
    start = Prices(1 / (len(demand.units) * demand.number.astype(np.float64)))
    single, alone = _alone(demand)
    if not most:
        return Bulk([], single, alone)
    coarse = classes_of(demand, most, ())
    parts = [_ClassRange(demand, one, most, seed) for one in _parts(demand, coarse)]
    bound, prices = parts[0].prove(start, _share(left, 0.5 if len(parts) == 1 else 0.25), gap)
    if len(parts) > 1:
        every, prices = (
            Master(demand, coarse, (), most),
            Prices(prices.unit / float(demand.number @ prices.unit)),
        )
        bound = every.bound(prices, every.sacks.best(every.worth(prices))[2])
    copies = [] if demand.wholes else _placed(parts, prices, left, gap)
    told = max([demand.compiled.fleet.domains(whole.level) for whole in demand.wholes], default=0)
    if (
        demand.levels()
        and len(copies) < bound * (1 - LOST) - 1
        and bound > PILE * told
        and left() > 0
    ):
        fine = classes_of(demand, most, demand.levels())
        parts = [_ClassRange(demand, one, most, seed) for one in _parts(demand, fine)]
        if len(parts) == 1:
            better, at = parts[0].prove(Prices(prices.unit), _share(left, 0.5), gap)
            bound, prices = (better, at) if better < bound else (bound, prices)
        copies = max(copies, _placed(parts, prices, left, gap), key=len)
    return (
        Bulk(copies, single, alone) if single < bound else Bulk(copies, bound + SLACK, prices.unit)
    )


def _alone(demand: Demand) -> tuple[float, Floats]:
    """Give the bound by the one unit that there is least room for, and its prices."""
    room = np.minimum(demand.slots, MAX_COPIES * 64).sum(axis=1) / demand.number
    unit, prices = int(np.argmin(room)), np.zeros(len(demand.units))
    prices[unit] = 1 / demand.number[unit]
    return min(float(MAX_COPIES), float(room[unit])) + SLACK, prices


def _placed(parts: list[_ClassRange], prices: Prices, left: Left, gap: float) -> list[Placement]:
    """Place copies on each part, with an equal share of most of the time for each."""
    found: list[Placement] = []
    for number, part in enumerate(parts):
        if left() <= 0:
            break
        found += part.place(Prices(prices.unit), _share(left, 0.8 / (len(parts) - number)), gap)
    return found


def _share(left: Left, share: float) -> Left:
    """Give a clock that stops when a share of the time that is left now is over."""
    floor = left() * (1 - share)
    return lambda: max(0.0, left() - floor)


class _ClassRange:
    """Some hosts, their program, and copies on them."""

    def __init__(self, demand: Demand, classes: HostClasses, most: int, seed: int) -> None:
        self.demand, self.classes, self.seed = demand, classes, seed
        self.master = Master(demand, classes, demand.necessary, most)
        self.solved: Solved | None = None

    def prove(self, start: Prices, left: Left, gap: float) -> tuple[float, Prices]:
        """Bound the copies on these hosts."""
        _seed(self.master)
        self.solved, bound, prices = generate(self.master, start, left, gap / 4)
        return bound, prices

    def place(self, start: Prices, left: Left, gap: float) -> list[Placement]:
        """Place copies such that dealing evenly can do: by the narrower ceilings, where there are such."""
        demand, master = self.demand, self.master
        if not _same(demand.necessary, demand.even) or self.solved is None:
            master = Master(demand, self.classes, demand.even, master.most)
            if len(self.master.owner):
                master.join(self.master.counts, self.master.owner)
            else:
                _seed(master)
            self.solved, _, _ = generate(master, Prices(start.unit), left, gap / 4)
        if self.solved is None or self.solved.copies < 1:
            return []
        best, most = self._dealer(master, self.solved)
        exact = len(self.solved.takes) <= WHOLE and len(self.solved.takes) == len(master.owner)
        if exact and most + 1 < self.solved.copies and left() > 0:
            whole = Program(master).whole(self.solved, left())
            other, copies = self._dealer(master, whole) if whole is not None else (best, most)
            best, most = (other, copies) if copies > most else (best, most)
        if not most:
            return []
        dealt = best.deal(most)
        best.mend(dealt)
        return _named(demand, best.rows, dealt, most)

    def _dealer(self, master: Master, solved: Solved) -> tuple[Dealer, int]:
        counts = rounded(master, self.classes, solved)
        order = np.argsort(self.classes.rows, kind="stable")
        dealer = Dealer(self.demand, self.classes.rows[order], counts[order], self.seed)
        return dealer, dealer.copies()


def _same(one: tuple[Ceiling, ...], other: tuple[Ceiling, ...]) -> bool:
    def limits(ceilings: tuple[Ceiling, ...]) -> list[tuple[str, float, float, bytes]]:
        return sorted((one.level, one.high, one.low, one.weight.tobytes()) for one in ceilings)

    return limits(one) == limits(other)


def _seed(master: Master) -> None:
    """Let fillings with one unit alone join: what any mixture starts from."""
    for unit in range(len(master.demand.units)):
        prices = np.zeros((len(master.classes), len(master.demand.units)))
        prices[:, unit] = 1.0
        master.join(master.sacks.best(prices)[0])


def _parts(demand: Demand, classes: HostClasses) -> list[HostClasses]:
    """Part the hosts: whole domains of what units are bound to, where there are many; else host by host."""
    number = -(-len(classes) // MAX_CLASSES_IN_ONE_PART)
    if number == 1:
        return [classes]
    keys = np.argsort(np.argsort(classes.label, kind="stable"), kind="stable")
    for whole in demand.wholes:
        codes = demand.compiled.fleet.codes(whole.level)[classes.rows]
        domains, place = np.unique(codes, return_inverse=True)
        if len(domains) >= 4 * number:
            keys = place.reshape(-1)
            break
    return [classes.only(np.flatnonzero(keys % number == one)) for one in range(number)]


def _named(demand: Demand, rows: Ints, dealt: list[Ints], copies: int) -> list[Placement]:
    names, member_classes = demand.compiled.fleet.names, demand.compiled.member_classes
    found: list[Placement] = [{} for _ in range(copies)]
    for unit, places in zip(demand.units, dealt, strict=True):
        for member_class, count in unit.items():
            ids = [original(id_) for id_ in member_classes[member_class].ids]
            for placement, inside in zip(found, rows[places].tolist(), strict=True):
                placement.update(
                    zip(ids, [names[row] for row in inside for _ in range(count)], strict=True)
                )
    return found
