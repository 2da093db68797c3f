"""Thousands of copies at once: a bound over all hosts, and fillings dealt out to copies.

Fleets whose hosts fall into many classes are taken in parts, each like the whole: copies of a part stand in
it, so they add up, and its prices are good prices for all hosts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from groupsolver.constraints.copies import copied
from groupsolver.model.compiled import Floats, Ints
from groupsolver.model.result import Placement
from groupsolver.solver.deal import Dealer, rounded
from groupsolver.solver.demand import Ceiling, Demand
from groupsolver.solver.hostclasses import HostClasses, classes_of
from groupsolver.solver.master import Master, Prices, generate

FEW = 1_200  # classes that are one part
EXACT = 200_000  # partly filled hosts that are looked at for the last word on the bound
SLACK = 1e-6  # copies that floating point may be off by, and far more
MOST = 1_000_000  # copies that are counted at all


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
    return int(min(MOST, (np.minimum(demand.slots, MOST * 64).sum(axis=1) // demand.number).min()))


def bulk(demand: Demand, most: int, left: Callable[[], float], gap: float, seed: int) -> Bulk:
    """Bound the copies, and place many."""
    start = Prices(1 / (len(demand.units) * demand.number.astype(np.float64)))
    if not most:
        return Bulk([], 0.0, start.unit)
    classes = classes_of(demand, most)
    every = Master(demand, classes, demand.necessary, most)
    if len(classes) <= FEW:
        parts, masters = [classes], [every]
    else:
        parts = _parts(demand, classes)
        masters = [Master(demand, part, (), most) for part in parts]
    bound, prices, weights = float(most), start, list[Floats]()
    copies: list[Placement] = []
    for number, (part, master) in enumerate(zip(parts, masters, strict=True)):
        until = left() - 0.75 * left() / (len(parts) - number)
        limit = _until(left, until)
        _seed(master)
        solved, found, at = generate(master, start, limit, gap / 4)
        if master is every:
            bound, prices = min(bound, found), at
        elif solved is not None:
            weights.append(solved.prices.unit)
            start = Prices(solved.prices.unit)
        if left() > 0:
            copies += _placed(demand, part, master, limit, gap, seed)
    if len(parts) > 1 and weights:
        prices = Prices(np.mean(weights, axis=0))
        bound = min(bound, _said(every, prices, left))
    elif left() > 0 and bound > len(copies) + 1:
        bound = min(bound, _said(every, prices, left))
    return Bulk(copies, bound + SLACK, prices.unit)


def _until(left: Callable[[], float], floor: float) -> Callable[[], float]:
    return lambda: max(0.0, left() - floor)


def _said(master: Master, prices: Prices, left: Callable[[], float]) -> float:
    """Give the bound at some prices with all care that there is time for."""
    scale = float(master.demand.number @ prices.unit)
    if not prices.ceiling and scale > 0:
        prices = Prices(prices.unit / scale)
    best = np.inf
    for states in (20_000, EXACT):
        if left() > 0:
            best = min(best, master.bound(prices, master.sacks.best(master.worth(prices), states)[2]))
    return best


def _seed(master: Master) -> None:
    """Let fillings with one unit alone join: what any mixture starts from."""
    for unit in range(len(master.demand.units)):
        prices = np.zeros((len(master.classes), len(master.demand.units)))
        prices[:, unit] = 1.0
        master.join(master.sacks.best(prices)[0])


def _parts(demand: Demand, classes: HostClasses) -> list[HostClasses]:
    """Part the hosts: whole domains of what units are bound to, where there are many; else host by host."""
    number = -(-len(classes) // FEW)
    keys = classes.label
    for whole in demand.wholes:
        codes = demand.ground.fleet.codes(whole.level)[classes.rows]
        if len(np.unique(codes)) >= 8 * number:
            keys = np.unique(codes, return_inverse=True)[1]
            break
    place = np.unique(keys, return_inverse=True)[1].reshape(-1)
    rank = np.argsort(np.argsort(keys, kind="stable"), kind="stable") if keys is classes.label else place
    return [_only(classes, np.flatnonzero(rank % number == one)) for one in range(number)]


def _only(classes: HostClasses, which: Ints) -> HostClasses:
    """Give the classes of some hosts alone."""
    found, label, number = np.unique(classes.label[which], return_inverse=True, return_counts=True)
    codes = {level: inside[found] for level, inside in classes.codes.items()}
    free, slots = classes.free[found], classes.slots[found]
    return HostClasses(classes.rows[which], label.reshape(-1), number.astype(np.int64), free, slots, codes)


def _placed(
    demand: Demand, part: HostClasses, master: Master, left: Callable[[], float], gap: float, seed: int
) -> list[Placement]:
    """Place copies in a part, such that dealing evenly can do: by the narrower ceilings, where there are such."""
    if _limits(master.ceilings) != _limits(demand.even):
        other = Master(demand, part, demand.even, master.most)
        other.join(master.counts, master.owner)
        master = other
    solved, _, _ = generate(master, Prices(1 / (len(demand.units) * demand.number)), left, gap / 4)
    if solved is None or solved.copies < 1:
        return []
    counts = rounded(master, part, solved)
    order = np.argsort(part.rows, kind="stable")
    dealer = Dealer(demand, part.rows[order], counts[order], seed)
    copies = dealer.copies()
    if not copies:
        return []
    dealt = dealer.deal(copies)
    dealer.mend(dealt)
    return _named(demand, dealer.rows, dealt, copies)


def _limits(ceilings: tuple[Ceiling, ...]) -> list[tuple[str, float, float, bytes]]:
    return sorted((one.level, one.high, one.low, one.weight.tobytes()) for one in ceilings)


def _named(demand: Demand, rows: Ints, dealt: list[Ints], copies: int) -> list[Placement]:
    names, lots = demand.ground.fleet.names, demand.ground.lots
    found: list[Placement] = [{} for _ in range(copies)]
    mark = copied("", 0)
    for unit, places in zip(demand.units, dealt, strict=True):
        for lot, count in unit.items():
            ids = [id_.removesuffix(mark) for id_ in lots[lot].ids]
            for placement, inside in zip(found, rows[places].tolist(), strict=True):
                hosts = [names[row] for row in inside for _ in range(count)]
                placement.update(zip(ids, hosts, strict=True))
    return found
