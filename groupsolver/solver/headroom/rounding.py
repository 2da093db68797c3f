"""From the units on each host to whole copies that keep their own rules.

The members of a unit, in the order of domains and hosts, are dealt to k copies in turn. The
members in a domain come one after the other, so each copy gets its even share of them, rounded
down or up, at every level that nests: where k copies have at most k m in a domain, no copy has
more than m. (That such totals are a sum of whole copies is the integer decomposition property:
Baum & Trotter (1978), on balanced integer points of polymatroids and totally unimodular systems.)
If one rule has several units, they are dealt one by one, and members that then meet change places.

Example: 3 copies with 2 members each, and racks r1, r2, r3 with 3, 2 and 1 members. Dealt in turn,
the first copy gets r1 r2, the second r1 r2, the third r1 r3: no copy has two in a rack.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from groupsolver.model.compiled.arrays import Ints, Mask
from groupsolver.model.value import HOST
from groupsolver.solver.headroom.demand import Confinement, Demand, DomainLimit
from groupsolver.solver.headroom.host_classes import HostClasses
from groupsolver.solver.headroom.knapsack import no_limit
from groupsolver.solver.headroom.master import Master, MasterSolution

MAX_SWAP_TRIES = 40  # for one member
COPIES_BETWEEN_CLOCKS = 1_000  # that are added up before the clock is looked at
MAX_ROUNDS = 6
_UNBOUNDED_COPIES = np.iinfo(np.int64).max // 2**20  # may be multiplied by members of a copy

Loads = dict[tuple[int, int], float]  # (copy, domain): the weight of its members there


def round_columns(
    master: Master, classes: HostClasses, solution: MasterSolution, mixed: bool = False
) -> Ints:
    """(N, U) int64: whole fillings of the hosts, close to an optimum of the program.

    The hosts of a class that whole numbers of columns leave take the columns with the largest
    fractions; or, where `mixed`, each a mixture of all fractions, rounded down. The latter loses
    less where hosts are few and hold many units.

    Example: 0.8 of two hosts take 50 of unit A and 1.2 of them 33 of unit B. By the largest
    fractions one host holds 50 A and the other 33 B. Mixed, one host holds 33 B and the other
    0.8 * 50 = 40 A and 0.2 * 33 = 6 B.
    """
    whole = np.floor(solution.hosts + 1e-7).astype(np.int64)
    rest = solution.hosts - whole
    owner = master.owner[: len(whole)]  # other columns joined after that optimum
    unfilled = classes.number.copy()
    np.subtract.at(unfilled, owner, whole)
    # The hosts of a class that are left take the columns with the largest fractions.
    order = np.lexsort((-rest, owner))
    owner_in_order = owner[order]
    rank = np.arange(len(order)) - np.searchsorted(owner_in_order, owner_in_order)
    if not mixed:
        rounded_up = order[(rank < unfilled[owner_in_order]) & (rest[order] > 1e-6)]
        whole[rounded_up] += 1

    used = np.flatnonzero(whole)
    used = used[np.argsort(master.owner[used], kind="stable")]
    hosts = np.argsort(classes.label, kind="stable")  # class by class
    next_host = np.cumsum(np.r_[0, classes.number])[:-1]
    counts = np.zeros((len(classes.rows), len(master.demand.units)), dtype=np.int64)
    for column in used.tolist():
        host_class = int(master.owner[column])
        start = int(next_host[host_class])
        end = start + int(whole[column])
        counts[hosts[start:end]] = master.counts[column]
        next_host[host_class] = end
    if mixed:
        mixture = np.zeros((len(classes), counts.shape[1]))
        of_columns = master.counts[: len(whole)] * np.maximum(0.0, rest)[:, None]
        np.add.at(mixture, owner, of_columns)
        mixture /= np.maximum(1, unfilled)[:, None]
        fillings = np.floor(mixture * (1 + 1e-12)).astype(np.int64)
        of_host = np.repeat(np.arange(len(classes)), classes.number)
        place = np.arange(len(of_host)) - (np.cumsum(classes.number) - classes.number)[of_host]
        taken = (classes.number - unfilled)[of_host]
        is_left = place >= taken
        counts[hosts[is_left]] = fillings[of_host[is_left]]
    return counts


def level_down(counts: Ints, total: int) -> Ints:
    """Take from the largest counts until the total is left.

    Example: of 5, 1, 3 the total 6 leaves 3, 1, 2.
    """
    if int(counts.sum()) <= total:
        return counts
    # Find the largest level at which the counts, cut off there, are not more than the total.
    low = 0
    high = int(counts.max())
    while low < high:
        middle = (low + high + 1) // 2
        if int(np.minimum(counts, middle).sum()) <= total:
            low = middle
        else:
            high = middle - 1
    levelled = np.minimum(counts, low)
    missing = total - int(levelled.sum())
    levelled[np.flatnonzero(counts > low)[:missing]] += 1
    return levelled


@dataclass(frozen=True)
class _LimitLoads:
    """A limit, the domain of each host at its level, and what each copy has in each domain."""

    limit: DomainLimit
    codes: Ints
    loads: Loads

    def over(self, copy: int, domain: int, added: float = 0.0) -> bool:
        """Return whether a copy has more in a domain than it may, with some weight added."""
        return self.loads.get((copy, domain), 0.0) + added > self.limit.high

    def move(self, copy: int, source: int, target: int, weight: float) -> None:
        """Move weight of a copy between domains; a domain below 0 is none."""
        if source >= 0:
            self.loads[copy, source] -= weight
        if target >= 0:
            self.loads[copy, target] = self.loads.get((copy, target), 0.0) + weight


class Dealer:
    """Deals the units on hosts to copies.

    Parameters
    ----------
    demand : Demand
    rows : (N,) int64
        The fleet's rows, in ascending order.
    counts : (N, U) int64
        Units on each host.
    seed : int
    """

    def __init__(self, demand: Demand, rows: Ints, counts: Ints, seed: int) -> None:
        self.demand = demand
        self.rows = rows
        self.counts = counts.copy()
        self.random = np.random.default_rng(seed)
        fleet = demand.compiled.fleet
        self.codes = {level: fleet.codes(level)[rows] for level in [*demand.levels(), HOST]}
        self._confinement: dict[int, Confinement] = {}
        for confinement in demand.confinements:
            self._confinement |= dict.fromkeys(confinement.units, confinement)

    # The number of copies.

    def copies(self, most: int = _UNBOUNDED_COPIES, left: Callable[[], float] = no_limit) -> int:
        """Return for how many copies there is enough, and take away what is too much for them.

        Parameters
        ----------
        most : int
            No more copies than that are dealt.
        left : callable
            Returns the seconds that are left. None are dealt where they do not suffice.
        """
        copies = min(most, self._enough_for())
        while copies > 0:
            if left() <= 0:
                return 0
            before = self.counts.copy()
            self._cut_to_limits(copies)
            enough = self._enough_for()
            if enough >= copies:
                break
            self.counts = before
            copies = max(enough, copies - max(1, copies // 200))
        for unit in range(len(self.demand.units)):
            if unit not in self._confinement:
                total = int(self.demand.number[unit]) * copies
                self.counts[:, unit] = self._reduced(unit, total)
        return max(0, copies)

    def _enough_for(self) -> int:
        """Return the copies that there are enough of all units for."""
        enough = [int(self._copies_in(one).sum()) for one in self.demand.confinements]
        enough += [
            int(self.counts[:, unit].sum()) // int(self.demand.number[unit])
            for unit in range(len(self.demand.units))
            if unit not in self._confinement
        ]
        return min(enough)

    def _copies_in(self, confinement: Confinement) -> Ints:
        """(D,) int64: copies that each domain has enough units of a confinement for.

        Each of them may have only a number of a unit on one host.
        """
        codes = self.codes[confinement.level]
        inside = np.flatnonzero(codes >= 0)
        domains = self.demand.compiled.fleet.domains(confinement.level)
        copies = np.full(domains, _UNBOUNDED_COPIES)
        for unit in confinement.units:
            counts = self.counts[inside, unit]
            # Fewer copies may use less of each host, which may be enough for fewer copies still.
            for _ in range(MAX_ROUNDS):
                usable = np.minimum(counts, self._most_on_host(unit) * copies[codes[inside]])
                in_domain = np.bincount(codes[inside], weights=usable, minlength=domains)
                enough = in_domain.astype(int) // int(self.demand.number[unit])
                copies = np.minimum(copies, enough)
        return copies

    def _most_on_host(self, unit: int) -> int:
        """Return how many of a unit a copy may have on one host."""
        of_limits = [
            limit.high / limit.weight[unit]
            for limit in self.demand.sufficient
            if limit.level == HOST and limit.weight[unit]
        ]
        return int(min([float(self.demand.number[unit]), *of_limits]))

    def _cut_to_limits(self, copies: int) -> None:
        """Take away what is above a limit."""
        for limit in self.demand.sufficient:
            codes = self.codes[limit.level]
            inside = codes >= 0
            domains = int(codes.max(initial=-1)) + 1
            loads = np.zeros(domains)
            np.add.at(loads, codes[inside], (self.counts @ limit.weight)[inside])
            allowed = np.zeros(domains)
            allowed[codes[inside]] = limit.high * self._copies_on_hosts(limit, copies)[inside]
            for domain in np.flatnonzero(loads > allowed).tolist():
                hosts = self._hosts_in(limit.level, domain)
                self._take_away(limit, hosts, int(loads[domain] - allowed[domain]))

    def _copies_on_hosts(self, limit: DomainLimit, copies: int) -> Ints:
        """(N,) int64: how many copies may be on each host, for a limit."""
        confinement = self._confinement_of(limit)
        if confinement is None:
            return np.full(len(self.rows), copies)
        codes = self.codes[confinement.level]
        in_domain = self._copies_in(confinement)[np.maximum(codes, 0)]
        return np.where(codes >= 0, in_domain, 0)

    def _confinement_of(self, limit: DomainLimit) -> Confinement | None:
        """Return the confinement that has all units of a limit at host."""
        units = set(np.flatnonzero(limit.weight).tolist())
        for confinement in self.demand.confinements:
            if limit.level == HOST and units <= set(confinement.units):
                return confinement
        return None

    def _hosts_in(self, level: str, domain: int) -> Ints:
        if level == HOST:
            return np.array([int(np.searchsorted(self.rows, domain))])
        return np.flatnonzero(self.codes[level] == domain)

    def _take_away(self, limit: DomainLimit, hosts: Ints, excess: int) -> None:
        """Take units of a limit from hosts, the most frequent unit first."""
        units = np.flatnonzero(limit.weight).tolist()
        for unit in sorted(units, key=lambda unit: -int(self.counts[hosts, unit].sum())):
            counts = self.counts[hosts, unit]
            weight = int(limit.weight[unit])
            number = int(counts.sum())
            taken = min(number, -(-excess // weight))  # the quotient rounded up
            self.counts[hosts, unit] = level_down(counts, number - taken)
            excess -= taken * weight
            if excess <= 0:
                break

    def _reduced(self, unit: int, total: int) -> Ints:
        """(N,) int64: counts of a unit, less in the fullest domains and on their fullest hosts."""
        counts = self.counts[:, unit]
        for limit in self.demand.sufficient:
            if not limit.weight[unit] or limit.level == HOST:
                continue
            codes = self.codes[limit.level]
            # Hosts in no domain are one more.
            codes = np.where(codes >= 0, codes, codes.max() + 1)
            by_domain = np.bincount(codes, weights=counts).astype(np.int64)
            wanted = level_down(by_domain, total)
            reduced = np.zeros_like(counts)
            for domain in np.flatnonzero(wanted).tolist():
                hosts = np.flatnonzero(codes == domain)
                reduced[hosts] = level_down(counts[hosts], int(wanted[domain]))
            return reduced
        return level_down(counts, total)

    # Dealing.

    def deal(self, copies: int) -> list[Ints]:
        """Return, by unit, the (k, n) int64 positions in `rows` of each copy's n."""
        order = self._domain_order()
        copies_in = {one: self._chosen_domains(one, copies) for one in self.demand.confinements}
        dealt: list[Ints] = []
        for unit in range(len(self.demand.units)):
            number = int(self.demand.number[unit])
            confinement = self._confinement.get(unit)
            if confinement is None:
                hosts = np.repeat(order, self.counts[order, unit])
                dealt.append(hosts.reshape(number, copies).T.copy())
                continue
            # Some copies in each domain, one domain after the other.
            codes = self.codes[confinement.level]
            out = np.zeros((copies, number), dtype=np.int64)
            start = 0
            for domain, size in copies_in[confinement]:
                hosts = order[codes[order] == domain]
                on_hosts = np.repeat(hosts, self._counts_of_copies(hosts, unit, size))
                out[start : start + size] = on_hosts.reshape(number, size).T
                start += size
            dealt.append(out)
        return dealt

    def _domain_order(self) -> Ints:
        """(N,) int64: the hosts, by the domains of the levels of few domains first."""
        positions = np.arange(len(self.rows))
        keys = [self.codes[level] for level in reversed(self.demand.levels())]
        return np.lexsort((positions, *keys)) if keys else positions

    def _chosen_domains(self, confinement: Confinement, copies: int) -> list[tuple[int, int]]:
        """Return domains, and how many of the copies each of them has."""
        wanted = level_down(self._copies_in(confinement), copies)
        return [(domain, int(wanted[domain])) for domain in np.flatnonzero(wanted).tolist()]

    def _counts_of_copies(self, hosts: Ints, unit: int, copies: int) -> Ints:
        """(n,) int64: how many of a unit on each host are of some copies.

        No more than these may have there, where that is enough.
        """
        total = copies * int(self.demand.number[unit])
        counts = self.counts[hosts, unit]
        allowed = np.minimum(counts, self._most_on_host(unit) * copies)
        return level_down(allowed if int(allowed.sum()) >= total else counts, total)

    # Repairs.

    def repair(self, dealt: list[Ints], left: Callable[[], float] = no_limit) -> None:
        """Swap members of a unit between copies until each keeps its limits.

        Or until the tries, or the seconds that `left` returns, end.
        """
        number = self.demand.number
        can_bind = [
            limit for limit in self.demand.sufficient if limit.high < float(limit.weight @ number)
        ]
        checks = []
        for limit in can_bind:
            loads = self._loads(limit, dealt, left)
            if left() <= 0:
                return  # what is added up so far may be a part
            checks.append(_LimitLoads(limit, self.codes[limit.level], loads))
        for _ in range(MAX_ROUNDS):
            if left() <= 0:
                return
            violations = [
                (unit, copy, at)
                for check in checks
                for unit in np.flatnonzero(check.limit.weight).tolist()
                for copy, at in np.argwhere(self._over(check, dealt[unit])).tolist()
            ]
            if not violations:
                return
            for unit, copy, at in violations:
                if left() <= 0:
                    return
                self._swap(unit, copy, at, dealt, checks)

    def _loads(self, limit: DomainLimit, dealt: list[Ints], left: Callable[[], float]) -> Loads:
        """Return what each copy has in each domain; a part of it where the time is over."""
        loads: Loads = {}
        codes = self.codes[limit.level]
        for unit in np.flatnonzero(limit.weight).tolist():
            weight = float(limit.weight[unit])
            for start in range(0, len(dealt[unit]), COPIES_BETWEEN_CLOCKS):
                if left() <= 0:
                    return loads
                positions = dealt[unit][start : start + COPIES_BETWEEN_CLOCKS]
                for copy, domains in enumerate(codes[positions].tolist(), start):
                    for domain in domains:
                        if domain >= 0:
                            loads[copy, domain] = loads.get((copy, domain), 0.0) + weight
        return loads

    def _over(self, check: _LimitLoads, positions: Ints) -> Mask:
        """(k, n) bool: members of a unit in a domain of which their copy has too much."""
        over = [key for key, weight in check.loads.items() if weight > check.limit.high]
        if not over:
            return np.zeros(positions.shape, dtype=np.bool_)
        codes = check.codes[positions]
        # One number for each pair of copy and domain.
        span = int(check.codes.max()) + 2
        keys = np.array([copy * span + domain for copy, domain in over])
        of_members = np.arange(len(positions))[:, None] * span + codes
        return np.isin(of_members, keys) & (codes >= 0)

    def _swap(
        self, unit: int, copy: int, at: int, dealt: list[Ints], checks: Sequence[_LimitLoads]
    ) -> None:
        """Swap a member with one of another copy, if both then keep their limits."""
        positions = dealt[unit]
        involved = [check for check in checks if check.limit.weight[unit]]
        mine = int(positions[copy, at])
        if not any(check.over(copy, int(check.codes[mine])) for check in involved):
            return  # an earlier swap repaired it
        first, end = self._swappable_copies(unit, copy, positions)
        for _ in range(MAX_SWAP_TRIES):
            other = int(self.random.integers(first, end))
            place = int(self.random.integers(positions.shape[1]))
            theirs = int(positions[other, place])
            if other == copy or theirs == mine:
                continue
            if all(_may_swap(check, unit, copy, mine, other, theirs) for check in involved):
                for check in involved:
                    weight = float(check.limit.weight[unit])
                    here = int(check.codes[mine])
                    there = int(check.codes[theirs])
                    check.move(copy, here, there, weight)
                    check.move(other, there, here, weight)
                positions[copy, at] = theirs
                positions[other, place] = mine
                return

    def _swappable_copies(self, unit: int, copy: int, positions: Ints) -> tuple[int, int]:
        """Return the copies, from and to, that may swap a unit: those in its domain if confined."""
        confinement = self._confinement.get(unit)
        if confinement is None:
            return 0, len(positions)
        codes = self.codes[confinement.level][positions[:, 0]]
        same = np.flatnonzero(codes == codes[copy])
        return int(same[0]), int(same[-1]) + 1


def _may_swap(check: _LimitLoads, unit: int, copy: int, mine: int, other: int, theirs: int) -> bool:
    """Return whether two copies still keep a limit once their members have changed places."""
    here = int(check.codes[mine])
    there = int(check.codes[theirs])
    if here == there:
        return True
    weight = float(check.limit.weight[unit])
    fits_there = there < 0 or not check.over(copy, there, weight)
    fits_here = here < 0 or not check.over(other, here, weight)
    return fits_there and fits_here
