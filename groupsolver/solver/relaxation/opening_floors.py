"""How many domains new members open at least: volume and dual feasible functions, per capacity.

Members of some classes fit only as far as hosts are open. For each scarce capacity, and each way to
weigh it (`dual_feasible.py`), the domains in use have at least the weight of all members; the
cheapest domains that cover it are a lower bound of what openings cost. All of it is in integers and
fractions, so the bound holds whatever floating point does. For example, hosts at one point each::

    members 10 x 2, 10 x 4, 10 x 8 and 10 x 4 VCPU: 180 in all
    hosts of 32 VCPU: 180 / 32 = 5.6, so 6 hosts, 6 points

Members that may go to few hosts, for a trait or by a policy, are bounded among these hosts as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import gcd
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groupsolver.checking.check import unit_of
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.protocols.levels import level_on
from groupsolver.constraints.protocols.relaxation import keeps_together
from groupsolver.constraints.rules import Rule, rules_of
from groupsolver.model.compiled.arrays import Ints, Mask
from groupsolver.model.value import HOST, INT64_MAX
from groupsolver.solver.presolve.eligibility import Eligibility
from groupsolver.solver.presolve.openings import Opening, OpeningFloor
from groupsolver.solver.relaxation.dual_feasible import Function, functions, volume
from groupsolver.solver.relaxation.rows.capacity_rows import CapacityRows, whole_capacity_rows_of

MAX_REFERENCES = 2  # capacities from which functions are made, of one resource class
MAX_SUBSETS = 8  # sets of hosts among which members are bounded by themselves
MAX_TIGHTENED = 20_000  # member classes times hosts: with more, `max_members` is left out
AMPLE = 4  # times what all members take: a domain with so much room is taken to hold them
SMALL_MEMBERS = 8  # where so many of the largest fit a host, volume alone says all
INT64_SAFE = 2.0**60  # sums up to this stay in 64 bits; larger ones are made in Python's integers
FLOAT_SAFE = 2.0**52  # whole numbers up to this are exact in floating point
LARGEST_FACTOR = 16  # times its argument that a function may return, at most

# Exact integers: int64, or Python's own where sums would leave 64 bits.
Exact = NDArray[Any]


def with_openings(compiled: CompiledProblem, eligibility: Eligibility) -> Eligibility:
    """Return the eligibility with every price of opening domains, and its lower bounds."""
    openings = list(_openings(compiled, eligibility))
    if not openings:
        return eligibility
    bounded = [_bounded(compiled, eligibility, one) for one in openings]
    return replace(eligibility, openings=tuple(bounded))


def _openings(compiled: CompiledProblem, eligibility: Eligibility) -> Iterator[Opening]:
    """Yield what has a price, without bounds."""
    unit = unit_of(eligibility.objective)
    for rule in rules_of(compiled.problem).soft:
        below = tuple(compiled.member_classes_below(rule.group))
        if rule.weight and below and keeps_together(rule.policy, compiled.fleet):
            yield _opening_of_rule(compiled, rule, below, unit * rule.weight)
    if eligibility.opening_prices is not None:
        every = tuple(range(len(compiled.member_classes)))
        yield Opening(every, HOST, eligibility.opening_prices, 0, 0, None)


def _opening_of_rule(
    compiled: CompiledProblem, rule: Rule, below: tuple[int, ...], points: int
) -> Opening:
    """Return the price of each domain beyond the first, by a soft policy.

    The measure is ``max(0, domains in use - 1)``, where a member in no domain has a domain of its
    own, and at least 1 while there is such a member. So the first domain is free while none is in
    use.
    """
    level = str(level_on(rule.policy, compiled.fleet))
    in_use = compiled.running(rule.group, level) > 0
    without_domain = compiled.running_without_domain(rule.group, level)
    beyond_first = int(np.count_nonzero(in_use)) + without_domain - 1
    measure = max(0, beyond_first, min(1, without_domain))
    by_domain = np.where(in_use, np.int64(0), np.int64(points))
    if not len(by_domain):  # a level at which no host has a domain
        by_domain = np.zeros(1, dtype=np.int64)
    return Opening(below, level, by_domain, points, points * (measure - beyond_first), rule)


@dataclass(frozen=True)
class _Place:
    """Where members of one opening may go: hosts, and the domains that they open.

    Attributes
    ----------
    rows : (R,) int64
        Hosts where some of its members may land.
    domain : (R,) int64
        The domain of each; hosts in no domain have numbers from D on, one each.
    points : (domains,) int64
        Points of each of these domains.
    """

    rows: Ints
    domain: Ints
    points: Ints

    @classmethod
    def of(cls, compiled: CompiledProblem, eligibility: Eligibility, opening: Opening) -> _Place:
        """Number the domains of an opening, and those of hosts that have none."""
        anywhere = np.zeros(compiled.fleet.row_count, dtype=np.bool_)
        for class_index in opening.member_classes:
            anywhere |= eligibility.max_members[class_index] > 0
        rows = np.flatnonzero(anywhere)
        domain = compiled.fleet.codes(opening.level)[rows].copy()
        outside = np.flatnonzero(domain < 0)
        domain[outside] = len(opening.points) + np.arange(len(outside))
        # A member on a host in no domain pays for itself, so such a host costs as much at least.
        more = np.full(len(outside), opening.without_domain, dtype=np.int64)
        return cls(rows, domain, np.concatenate([opening.points, more]))


def _bounded(compiled: CompiledProblem, eligibility: Eligibility, opening: Opening) -> Opening:
    """Return an opening with its lower bounds."""
    place = _Place.of(compiled, eligibility, opening)
    if _one_domain_suffices(compiled, eligibility, opening, place):
        return _with_floors(opening, [_cheapest_domain(place)])
    cover = _Cover(compiled, eligibility, whole_capacity_rows_of(compiled), opening, place)
    return _with_floors(opening, list(cover.floors()))


def _one_domain_suffices(
    compiled: CompiledProblem, eligibility: Eligibility, opening: Opening, place: _Place
) -> bool:
    """Return whether some domain has far more room than all members take, as most racks have.

    A host then has room for all of them, or a domain `AMPLE` times the room. More bounds would cost
    time and say nothing more.
    """
    several = opening.level != HOST
    ample = np.ones(len(place.points) if several else len(place.rows), dtype=np.bool_)
    total: dict[str, int] = {}
    for class_index in opening.member_classes:
        member_class = compiled.member_classes[class_index]
        most = eligibility.max_members[class_index][place.rows]
        if several:
            by_domain = np.bincount(place.domain, weights=most, minlength=len(ample))
            ample &= by_domain >= AMPLE * member_class.number
        else:
            ample &= most >= member_class.number
        for name, amount in member_class.size:
            total[name] = total.get(name, 0) + amount * member_class.number
    for name, amount in total.items():
        room = compiled.fleet.free(name)[place.rows]
        if several:
            by_domain = np.bincount(place.domain, weights=room, minlength=len(ample))
            ample &= by_domain >= AMPLE * float(amount)
        else:
            ample &= room >= amount
    return bool(ample.any())


def _cheapest_domain(place: _Place) -> tuple[Mask, int]:
    """Return the floor of members that open at least one domain, or use one that is open."""
    in_reach = np.zeros(len(place.points), dtype=np.bool_)
    in_reach[place.domain] = True
    return in_reach, int(place.points[in_reach].min()) if in_reach.any() else 0


def _with_floors(opening: Opening, found: list[tuple[Mask, int]]) -> Opening:
    """Return an opening with bounds among some domains, and their best sum over disjoint ones.

    Hosts in no domain are part of every floor: the caller counts all members on them.
    """
    floors = [(mask, least) for mask, least in found if least > 0]
    # Small sets first leave room for others; the best ones first make at least the best alone.
    smallest_first = sorted(floors, key=lambda floor: int(floor[0].sum()))
    best_first = sorted(floors, key=lambda floor: -floor[1])
    least = max(_sum_of_disjoint(smallest_first), _sum_of_disjoint(best_first))
    size = len(opening.points)
    kept = tuple(OpeningFloor(mask[:size], one) for mask, one in best_first)
    return replace(opening, floors=kept, least=least)


def _sum_of_disjoint(floors: list[tuple[Mask, int]]) -> int:
    """Return the sum of bounds, taken in order where their domains are still free."""
    taken = np.zeros_like(floors[0][0]) if floors else np.zeros(0, dtype=np.bool_)
    total = 0
    for mask, least in floors:
        if not (taken & mask).any():
            taken |= mask
            total += least
    return total


@dataclass(frozen=True)
class _Dimension:
    """One capacity: what members take of it, and what there is.

    Attributes
    ----------
    sizes : list of int
        By class of the opening.
    room : (R,) int64 or (D,) int64
        By host of the place, or by domain.
    by_host : bool
    """

    sizes: list[int]
    room: Ints
    by_host: bool


def _dimensions(
    compiled: CompiledProblem, opening: Opening, place: _Place, rows: Sequence[CapacityRows]
) -> Iterator[_Dimension]:
    """Yield the capacities that bound members of an opening, by host or by its domains."""
    level = compiled.fleet.codes(opening.level)
    has_outside = bool((place.domain >= len(opening.points)).any())
    for row in rows:
        sizes = [int(row.size[index]) for index in opening.member_classes]
        if not any(sizes):
            continue
        codes = row.codes[place.rows]
        unbounded = codes < 0
        if unbounded.all():
            continue
        if (unbounded | (codes == place.rows)).all():
            room = np.where(unbounded, INT64_MAX, row.room[np.maximum(codes, 0)])
            yield _Dimension(sizes, room, by_host=True)
        elif not has_outside and np.array_equal(row.codes, level):
            yield _Dimension(sizes, row.room, by_host=False)


class _Cover:
    """The bounds of one opening, over all capacities and some sets of hosts."""

    def __init__(
        self,
        compiled: CompiledProblem,
        eligibility: Eligibility,
        rows: Sequence[CapacityRows],
        opening: Opening,
        place: _Place,
    ) -> None:
        classes = opening.member_classes
        self._place = place
        self._numbers = [compiled.member_classes[index].number for index in classes]
        self._max_members = [eligibility.max_members[index][place.rows] for index in classes]
        self._tight = len(classes) * len(place.rows) <= MAX_TIGHTENED
        self._dimensions = list(_dimensions(compiled, opening, place, rows))
        self._alone = opening.level == HOST  # each host is a domain

    def floors(self) -> Iterator[tuple[Mask, int]]:
        """Yield domains, (domains,) bool, and what is paid for openings among them at least."""
        for members, hosts in self._subsets():
            domains = np.zeros(len(self._place.points), dtype=np.bool_)
            domains[self._place.domain[hosts]] = True
            cheapest = int(self._place.points[domains].min(initial=INT64_MAX))
            bounds = [self._least(one, members, hosts) for one in self._dimensions]
            # Even members that take nothing are in some domain.
            yield domains, max([cheapest if domains.any() else 0, *bounds])

    def _subsets(self) -> Iterator[tuple[list[int], Mask]]:
        """Yield sets of hosts, (R,) bool, and the classes that may go nowhere else.

        All hosts first, then those of the classes that may go to few.
        """
        where: dict[bytes, tuple[Mask, list[int]]] = {}
        for number, most in enumerate(self._max_members):
            mask = most > 0
            where.setdefault(mask.tobytes(), (mask, []))[1].append(number)
        every = np.ones(len(self._place.rows), dtype=np.bool_)
        yield list(range(len(self._numbers))), every
        few = [mask for mask, _ in where.values() if not mask.all()]
        few.sort(key=lambda mask: int(mask.sum()))
        for mask in few[:MAX_SUBSETS]:
            inside: list[int] = []
            for other, numbers in where.values():
                if not (other & ~mask).any():
                    inside += numbers
            yield inside, mask

    def _least(self, dimension: _Dimension, members: list[int], hosts: Mask) -> int:
        """Return what the members of some classes pay at least, by one capacity alone."""
        sizes = [dimension.sizes[one] for one in members]
        numbers = [self._numbers[one] for one in members]
        total = sum(size * number for size, number in zip(sizes, numbers, strict=True))
        if not total:
            return 0
        if not dimension.by_host:
            domains = np.unique(self._place.domain[hosts])
            rooms = np.minimum(dimension.room[domains], total)
            return cover_cost(self._place.points[domains], rooms, total)
        unit = gcd(*sizes)
        sizes = [size // unit for size in sizes]
        room = _exact(np.where(hosts, dimension.room // unit, 0), total // unit)
        best = 0
        for function, reference in _functions(room, sizes):
            weights = [_weight(function, size, reference) for size in sizes]
            weight = sum(w * number for w, number in zip(weights, numbers, strict=True))
            rooms = _rooms(function, reference, room, sizes, weights)
            if self._tight:
                rooms = np.minimum(rooms, self._most(weights, members, rooms.dtype))
            best = max(best, self._cover_cost(rooms, weight))
        return best

    def _most(self, weights: list[int], members: list[int], exact: Any) -> Exact:
        """(R,) exact integers: what all members weigh that each host may take, class by class."""
        most = np.zeros(len(self._place.rows), dtype=exact)
        for weight, one in zip(weights, members, strict=True):
            if weight:
                most += weight * self._max_members[one].astype(exact)
        return most

    def _cover_cost(self, rooms: Exact, weight: int) -> int:
        """Return the cost of the cheapest domains whose hosts have the weight of all members."""
        domains = len(self._place.points)
        if self._alone:
            by_domain, points = rooms, self._place.points[self._place.domain]
        elif rooms.dtype == np.int64 and float(rooms.sum()) < FLOAT_SAFE:
            # Sums of whole numbers this small are exact in floating point.
            sums = np.bincount(self._place.domain, weights=rooms, minlength=domains)
            by_domain, points = sums.astype(np.int64), self._place.points
        else:
            by_domain, points = np.zeros(domains, dtype=rooms.dtype), self._place.points
            np.add.at(by_domain, self._place.domain, rooms)
        used = np.flatnonzero(by_domain > 0)
        return cover_cost(points[used], by_domain[used], weight)


def _exact(room: Ints, total: int) -> Exact:
    """Return rooms, of which more than all members take is of no use, without overflow later.

    In int64 where no weight, and no sum of weights over all hosts, leaves 64 bits.
    """
    exact: Any = np.int64
    if LARGEST_FACTOR * float(total) * max(1, len(room)) * max(1, total) >= INT64_SAFE:
        exact = np.object_
    useful: Exact = np.minimum(room.astype(exact), total)
    return useful


def _functions(room: Exact, sizes: list[int]) -> Iterator[tuple[Function, int]]:
    """Yield functions, and the largest capacity that each may weigh: the most common, and all."""
    capacities, hosts = np.unique(room[room > 0], return_counts=True)
    if not len(capacities):
        return
    largest = int(capacities[-1])
    yield volume, largest
    by_number = np.argsort(-hosts, kind="stable")[:MAX_REFERENCES]
    references = {int(capacities[place]) for place in by_number.tolist()} | {largest}
    for reference in sorted(references):
        inside = [size for size in sizes if 0 < size <= reference]
        if inside and SMALL_MEMBERS * max(inside) >= reference:
            for function in functions(reference, inside):
                yield function, reference


def _weight(function: Function, size: int, reference: int) -> int:
    """Return the weight of a member; 0 for one that is larger than the function may weigh."""
    return int(function(np.array(size, dtype=np.object_))) if size <= reference else 0


def _rooms(
    function: Function, reference: int, room: Exact, sizes: list[int], weights: list[int]
) -> Exact:
    """(R,) exact integers: the most that members on each host can weigh.

    A host above the reference has no weight of its own. Members weigh at most ``r * size`` there,
    with the largest r of all sizes, so they weigh at most ``floor(r * capacity)``.
    """
    small = room <= reference
    own = np.where(small, function(np.where(small, room, 0)), 0)
    if small.all():
        return own
    pairs = zip(weights, sizes, strict=True)
    ratio = max(Fraction(weight, size) for weight, size in pairs if size)
    return np.where(small, own, room * ratio.numerator // ratio.denominator)


def cover_cost(points: Ints, rooms: Exact, weight: int) -> int:
    """Return what domains cost at least that have a weight together.

    The greater of two bounds: the fewest domains that have the room, at the least points; and the
    domains with the least points for their room, the last one in part. For a weight of 10::

        rooms 6, 4, 4 at 3, 2, 2 points: two domains, 2 + 2 = 4
        in parts: all rooms cost 1/2 a unit, 5
        the bound is 5

    Parameters
    ----------
    points : (D,) int64
    rooms : (D,) integers, above 0
    weight : int

    Returns
    -------
    int
        0 where all domains together have too little room: nothing is said then.
    """
    priced = points > 0
    needed = weight - int(rooms[~priced].sum())
    points = points[priced]
    rooms = rooms[priced]
    if needed <= 0 or int(rooms.sum()) < needed:
        return 0
    cost = _cost_of_fewest(points, rooms, needed)
    if points.min() == points.max():
        return cost  # a part of a domain costs no more than all of it
    return max(cost, _cost_in_parts(points, rooms, needed))


def _cost_of_fewest(points: Ints, rooms: Exact, needed: int) -> int:
    """Return the least points of as many domains as the roomiest ones that suffice."""
    held = np.cumsum(np.sort(rooms)[::-1])
    fewest = int(np.searchsorted(held, needed)) + 1
    return int(np.sort(points)[:fewest].sum())


def _cost_in_parts(points: Ints, rooms: Exact, needed: int) -> int:
    """Return the least points where a part of a domain may be opened, rounded up.

    With the last domain's points for its room, r, as the price of room, the bound is::

        r * needed - sum(max(0, r * room[d] - points[d]) for d in domains)

    It holds for every r, so it does not matter that floating point orders the domains.
    """
    order = np.argsort(points / rooms.astype(np.float64), kind="stable")
    held = np.cumsum(rooms[order])
    last = order[int(np.searchsorted(held, needed))]
    price = Fraction(int(points[last]), int(rooms[last]))
    own = price.denominator * points.astype(np.object_)
    saved = np.maximum(0, price.numerator * rooms.astype(np.object_) - own)
    total = price.numerator * needed - int(saved.sum())
    return -(-total // price.denominator)
