"""From how many units stand on each host to whole copies whose own rules hold.

Members of a unit, in the order of domains and hosts, are dealt to k copies in turn. A domain's members
come one after the other, so each copy gets its even share of them, rounded down or up, at every level that
nests; where k copies have at most k m in a domain, none has more than m. (That whole copies exist is the
integer decomposition of such totals: Baum & Trotter 1978, on balanced integer points of polymatroids and
totally unimodular systems.) Several units under one rule are dealt one by one; what then meets is swapped.
"""

from __future__ import annotations

import numpy as np

from groupsolver.model.compiled.compiled_fleet import Ints, Mask
from groupsolver.model.value import HOST
from groupsolver.solver.headroom.demand import Ceiling, Demand, Whole
from groupsolver.solver.headroom.host_classes import HostClasses
from groupsolver.solver.headroom.master import Master
from groupsolver.solver.headroom.master_program import Solved

SWAPS = 40  # tries to mend one member
ROUNDS = 6


def rounded(master: Master, classes: HostClasses, solved: Solved) -> Ints:
    """(N, U) int64: whole fillings of the hosts, close to an optimum of the program."""
    whole = np.floor(solved.takes + 1e-7).astype(np.int64)
    rest = solved.takes - whole
    taken = master.owner[: len(whole)]  # others joined after that optimum
    missing = classes.number.copy()
    np.subtract.at(missing, taken, whole)
    order = np.lexsort((-rest, taken))
    owner = taken[order]
    rank = np.arange(len(order)) - np.searchsorted(owner, owner)
    more = order[(rank < missing[owner]) & (rest[order] > 1e-6)]
    whole[more] += 1
    chosen = np.flatnonzero(whole)
    chosen = chosen[np.argsort(master.owner[chosen], kind="stable")]
    places = np.argsort(classes.label, kind="stable")
    starts = np.cumsum(np.r_[0, classes.number])
    out = np.zeros((len(classes.rows), len(master.demand.units)), dtype=np.int64)
    used = np.zeros(len(classes), dtype=np.int64)
    for column in chosen.tolist():
        one = int(master.owner[column])
        start = int(starts[one] + used[one])
        out[places[start : start + int(whole[column])]] = master.counts[column]
        used[one] += whole[column]
    return out


def level_down(counts: Ints, total: int) -> Ints:
    """Take from the largest counts until so many are left in all."""
    if int(counts.sum()) <= total:
        return counts
    low, high = 0, int(counts.max())
    while (
        low < high
    ):  # the largest level below which all counts together are not more than the total
        middle = (low + high + 1) // 2
        low, high = (
            (middle, high) if int(np.minimum(counts, middle).sum()) <= total else (low, middle - 1)
        )
    out = np.minimum(counts, low)
    more = np.flatnonzero(counts > low)[: total - int(out.sum())]
    out[more] += 1
    return out


class Dealer:
    """Deals what stands on hosts out to copies.

    Parameters
    ----------
    demand : Demand
    rows : (N,) int64
        The fleet's rows.
    counts : (N, U) int64
        Units on each.
    seed : int
    """

    def __init__(self, demand: Demand, rows: Ints, counts: Ints, seed: int) -> None:
        self.demand, self.rows, self.counts = demand, rows, counts.copy()
        self.random = np.random.default_rng(seed)
        fleet = demand.compiled.fleet
        self.codes = {level: fleet.codes(level)[rows] for level in [*demand.levels(), HOST]}
        self._whole: dict[int, Whole] = {
            unit: whole for whole in demand.wholes for unit in whole.units
        }

    def copies(self) -> int:
        """Find for how many copies there is enough, and take away what is too much for so many."""
        copies = self._enough()
        while copies > 0:
            before = self.counts.copy()
            self._clip(copies)
            enough = self._enough()
            if enough >= copies:
                break
            self.counts, copies = before, max(enough, copies - max(1, copies // 200))
        for unit in range(len(self.demand.units)):
            if unit not in self._whole:
                self.counts[:, unit] = self._even(unit, int(self.demand.number[unit]) * copies)
        return max(0, copies)

    def _enough(self) -> int:
        """Count the copies that all units are enough for."""
        loose = [unit for unit in range(len(self.demand.units)) if unit not in self._whole]
        found = [int(self.counts[:, unit].sum()) // int(self.demand.number[unit]) for unit in loose]
        found += [int(self._in_domains(whole).sum()) for whole in self.demand.wholes]
        return min(found)

    def _in_domains(self, whole: Whole) -> Ints:
        """(D,) int64: copies of a whole that each domain has enough of, on hosts where each may have so many."""
        codes = self.codes[whole.level]
        here, size = np.flatnonzero(codes >= 0), self.demand.compiled.fleet.domains(whole.level)
        copies = np.full(size, np.iinfo(np.int64).max // 2**20)
        for unit in whole.units:
            counts, number, each = (
                self.counts[here, unit],
                int(self.demand.number[unit]),
                self._each(unit),
            )
            for _ in range(ROUNDS):
                most = np.minimum(counts, each * copies[codes[here]])
                copies = np.minimum(
                    copies,
                    np.bincount(codes[here], weights=most, minlength=size).astype(int) // number,
                )
        return copies

    def _each(self, unit: int) -> int:
        """Give how many of a unit a copy may have on one host."""
        highs = [
            one.high / one.weight[unit]
            for one in self.demand.even
            if one.level == HOST and one.weight[unit]
        ]
        return int(min([float(self.demand.number[unit]), *highs]))

    def _clip(self, copies: int) -> None:
        """Take away what is above a ceiling."""
        for one in self.demand.even:
            codes = self.codes[one.level]
            units = np.flatnonzero(one.weight)
            inside = self._part_of(one)
            if inside is not None:
                within = self.codes[inside.level]
                most = np.where(within >= 0, self._in_domains(inside)[np.maximum(within, 0)], 0)
            else:
                most = np.full(len(self.rows), copies)
            loads = np.zeros(int(codes.max(initial=-1)) + 1)
            np.add.at(loads, codes[codes >= 0], (self.counts @ one.weight)[codes >= 0])
            limit = np.zeros(len(loads))
            limit[codes[codes >= 0]] = one.high * most[codes >= 0]
            for domain in np.flatnonzero(loads > limit).tolist():
                here = (
                    np.flatnonzero(codes == domain)
                    if one.level != HOST
                    else np.array([self._at(domain)])
                )
                excess = int(loads[domain] - limit[domain])
                for unit in sorted(units.tolist(), key=lambda u: -int(self.counts[here, u].sum())):
                    own = self.counts[here, unit]
                    take = min(int(own.sum()), -(-excess // int(one.weight[unit])))
                    self.counts[here, unit] = level_down(own, int(own.sum()) - take)
                    excess -= take * int(one.weight[unit])
                    if excess <= 0:
                        break

    def _at(self, row: int) -> int:
        return int(np.searchsorted(self.rows, row))

    def _part_of(self, ceiling: Ceiling) -> Whole | None:
        units = set(np.flatnonzero(ceiling.weight).tolist())
        return next(
            (w for w in self.demand.wholes if ceiling.level == HOST and units <= set(w.units)), None
        )

    def _even(self, unit: int, total: int) -> Ints:
        """Take a unit from the fullest domains, and there from the fullest hosts, until so many are left."""
        counts = self.counts[:, unit]
        for one in self.demand.even:
            if one.weight[unit] and one.level != HOST:
                codes = np.where(
                    self.codes[one.level] >= 0,
                    self.codes[one.level],
                    self.codes[one.level].max() + 1,
                )
                sums = np.bincount(codes, weights=counts).astype(np.int64)
                wanted = level_down(sums, total)
                out = np.zeros_like(counts)
                for domain in np.flatnonzero(wanted).tolist():
                    here = np.flatnonzero(codes == domain)
                    out[here] = level_down(counts[here], int(wanted[domain]))
                return out
        return level_down(counts, total)

    def deal(self, copies: int) -> list[Ints]:
        """Deal: by unit, (k, n) int64, the place in `rows` of each of a copy's."""
        keys = [self.codes[level] for level in reversed(self.demand.levels())]
        order = (
            np.lexsort((np.arange(len(self.rows)), *keys)) if keys else np.arange(len(self.rows))
        )
        found: list[Ints] = []
        blocks = {whole: self._blocks(whole, copies) for whole in self.demand.wholes}
        for unit in range(len(self.demand.units)):
            number = int(self.demand.number[unit])
            if unit in self._whole:
                whole = self._whole[unit]
                out = np.zeros((copies, number), dtype=np.int64)
                codes = self.codes[whole.level]
                start = 0
                for domain, size in blocks[whole]:
                    here = order[codes[order] == domain]
                    wanted = self._wanted(here, unit, size, number)
                    out[start : start + size] = np.repeat(here, wanted).reshape(number, size).T
                    start += size
                found.append(out)
            else:
                found.append(
                    np.repeat(order, self.counts[order, unit]).reshape(number, copies).T.copy()
                )
        return found

    def _wanted(self, here: Ints, unit: int, size: int, number: int) -> Ints:
        """Give how many of each host's units stay for a block of copies: if it can be, what these may have there."""
        most = np.minimum(self.counts[here, unit], self._each(unit) * size)
        return level_down(
            most if int(most.sum()) >= size * number else self.counts[here, unit], size * number
        )

    def _blocks(self, whole: Whole, copies: int) -> list[tuple[int, int]]:
        wanted = level_down(self._in_domains(whole), copies)
        return [(domain, int(wanted[domain])) for domain in np.flatnonzero(wanted).tolist()]

    def mend(self, dealt: list[Ints]) -> None:
        """Swap members of one unit between copies until no copy has more in a domain than it may, or tries end."""
        rules = [
            one for one in self.demand.even if one.high < float(one.weight @ self.demand.number)
        ]
        loads = [self._loads(one, dealt) for one in rules]
        for _ in range(ROUNDS):
            bad = [
                (unit, copy, at)
                for one, load in zip(rules, loads, strict=True)
                for unit in np.flatnonzero(one.weight).tolist()
                for copy, at in np.argwhere(self._over(one, load, dealt[unit])).tolist()
            ]
            if not bad:
                return
            for unit, copy, at in bad:
                self._swap(unit, copy, at, dealt, rules, loads)

    def _block_of(self, unit: int, copy: int, dealt: list[Ints]) -> tuple[int, int]:
        """Give the copies, from and to, that a unit may change places with: those in its domain, if it is bound."""
        whole = self._whole.get(unit)
        if whole is None:
            return 0, len(dealt[unit])
        codes = self.codes[whole.level][dealt[unit][:, 0]]
        same = np.flatnonzero(codes == codes[copy])
        return int(same[0]), int(same[-1]) + 1

    def _loads(self, one: Ceiling, dealt: list[Ints]) -> dict[tuple[int, int], float]:
        found: dict[tuple[int, int], float] = {}
        codes = self.codes[one.level]
        for unit in np.flatnonzero(one.weight).tolist():
            for copy, inside in enumerate(codes[dealt[unit]].tolist()):
                for code in inside:
                    if code >= 0:
                        found[copy, code] = found.get((copy, code), 0.0) + float(one.weight[unit])
        return found

    def _over(self, one: Ceiling, load: dict[tuple[int, int], float], rows: Ints) -> Mask:
        over = {key for key, weight in load.items() if weight > one.high}
        if not over:
            return np.zeros(rows.shape, dtype=np.bool_)
        codes = self.codes[one.level][rows]
        span = int(self.codes[one.level].max()) + 2
        keys = np.array([copy * span + code for copy, code in over])
        return np.isin(np.arange(len(rows))[:, None] * span + codes, keys) & (codes >= 0)

    def _swap(
        self,
        unit: int,
        copy: int,
        at: int,
        dealt: list[Ints],
        rules: list[Ceiling],
        loads: list[dict[tuple[int, int], float]],
    ) -> None:
        mine = dealt[unit]
        involved = [
            (one, load, self.codes[one.level])
            for one, load in zip(rules, loads, strict=True)
            if one.weight[unit]
        ]
        row = int(mine[copy, at])
        if not any(
            load.get((copy, int(codes[row])), 0.0) > one.high for one, load, codes in involved
        ):
            return  # mended by an earlier swap
        low, high = self._block_of(unit, copy, dealt)
        for _ in range(SWAPS):
            other, place = (
                int(self.random.integers(low, high)),
                int(self.random.integers(mine.shape[1])),
            )
            theirs = int(mine[other, place])
            if other == copy or theirs == row:
                continue
            good = True
            for one, load, codes in involved:
                a, b, weight = int(codes[row]), int(codes[theirs]), float(one.weight[unit])
                if a == b:
                    continue
                good = good and (b < 0 or load.get((copy, b), 0.0) + weight <= one.high)
                good = good and (a < 0 or load.get((other, a), 0.0) + weight <= one.high)
            if good:
                for one, load, codes in involved:
                    a, b, weight = int(codes[row]), int(codes[theirs]), float(one.weight[unit])
                    for who, loses, gains in ((copy, a, b), (other, b, a)):
                        if loses >= 0:
                            load[who, loses] -= weight
                        if gains >= 0:
                            load[who, gains] = load.get((who, gains), 0.0) + weight
                mine[copy, at], mine[other, place] = theirs, row
                return
