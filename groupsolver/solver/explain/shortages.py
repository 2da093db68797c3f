"""By how much a resource class is short in a conflict, as typed values that make a sentence.

The narrowest shortage is told, because a reader can see it best. In this order:

1. for a single member: no host, or no cell of one, has what it takes;
2. for members that have to share a domain: no domain has what they take together;
3. for members that take from one pool wherever they run: the pool has less;
4. for a share: a domain takes fewer members than a rule asks of it;
5. for the members of a group, or of several: the hosts that they may use take fewer;
6. for all members: what the domains take one by one.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.conflict_facts import Facts
from groupsolver.constraints.problem.findings import (
    MAX_NAMES_SHOWN,
    Finding,
    LeastShare,
    members_of,
)
from groupsolver.constraints.protocols.conflicts import evidence_of
from groupsolver.constraints.protocols.relaxation import keeps_together
from groupsolver.constraints.rules import rules_of
from groupsolver.model.compiled.arrays import Ints, Mask
from groupsolver.model.result import Shortage
from groupsolver.model.units import amount_text, count_of, joined, quantity, resource_name
from groupsolver.model.value import HOST

MAX_NEAREST = 3  # hosts, cells or domains that are named as the nearest
HIDDEN = "there is not as much free for them"  # in place of what is free

Domain = tuple[str, str]  # level and name


@dataclass(frozen=True)
class ResourceShortage(Finding):
    """A resource class of which something is short.

    Attributes
    ----------
    resource : str
    groups : tuple of str
        Whose new members take of it.
    only_new : bool
        Whether members of these groups run, too.
    needed : int
        What these members take.
    available : int
        An upper bound on what of it is for them.
    """

    resource: str
    groups: tuple[str, ...]
    only_new: bool
    needed: int
    available: int

    def text(self, reveal: bool) -> str:
        """Return what is needed, and what there is."""
        return f"{self.need()}; {self.have(reveal)}"

    @abstractmethod
    def need(self) -> str:
        """Return what is needed."""

    @abstractmethod
    def have(self, reveal: bool) -> str:
        """Return what there is; to whom nothing is revealed: not how much is free anywhere."""

    def shortage(self, reveal: bool) -> Shortage:
        """Return it as it is answered."""
        return Shortage(
            resource=self.resource,
            needed=self.needed,
            available=self.available,
            sentence=self.text(reveal),
        )


@dataclass(frozen=True)
class MemberShortage(ResourceShortage):
    """A member that no host has enough for.

    `available` is the most that one host, or one cell, has for it: on hosts that suit it and have
    the other resource classes that it takes; of cells, in one that has these.

    Attributes
    ----------
    nearest : tuple of (str, str or None)
        Hosts, each with a cell or None, that have most, the most first.
    from_cell, from_host : bool
        Whether hosts that suit it give of the resource class from a cell, and as a whole.
    every : bool
        Whether no host or cell at all has more.
    unit : bool
        Whether more is free on the nearest, and one member may not take more.
    overfull : tuple of (str, int, int)
        Hosts that suit it and use more than they have: name, used, capacity.
    refusal : str
        Where as much is free on the first of the nearest, and it does not give one member such an
        amount: ``at least 4 VCPU``. `available` is then what of it a smaller member
        may take.
    """

    nearest: tuple[tuple[str, str | None], ...]
    from_cell: bool
    from_host: bool
    every: bool
    unit: bool
    overfull: tuple[tuple[str, int, int], ...]
    refusal: str = ""

    def need(self) -> str:
        """Return what a member takes."""
        amount = amount_text(self.resource, self.needed)
        where = " from one cell" if self.from_cell and not self.from_host else ""
        return f"a member of {self.groups[0]} takes {amount}{where}"

    def have(self, reveal: bool) -> str:
        """Return the most that there is in one place, and where."""
        place = "host"
        if self.from_cell:
            place = "host or cell" if self.from_host else "cell"
        if self.refusal:
            return self._refused(place, reveal)
        if not reveal and self.unit:
            return f"no {place} that it may use gives one member as much"
        if not reveal:
            return HIDDEN if place == "host" else f"no {place} has as much free"
        which = f"no {place}" if self.every else f"no {place} that it may use"
        if self.unit:
            amount = quantity(self.resource, self.available)
            sentence = f"{which} gives one member more than {amount}"
        elif self.from_cell:
            sentence = f"{which} has more than {quantity(self.resource, self.available)} free"
        else:
            sentence = f"{which} has more than {amount_text(self.resource, self.available)} free"
        return sentence + self._nearest() + self._overfull()

    def _refused(self, place: str, reveal: bool) -> str:
        sentence = f"no {place} that it may use gives one member as much"
        if not reveal:
            return sentence
        ((host, cell), *_) = self.nearest
        where = host if cell is None else f"{host}, cell {cell},"
        return f"{sentence}; {where} gives {self.refusal}"

    def _nearest(self) -> str:
        if not self.available:
            return ""
        names = [name if cell is None else f"{name}, cell {cell}" for name, cell in self.nearest]
        if self.from_cell:
            return f" ({names[0]})"
        return f"; nearest: {joined(names, MAX_NEAREST)}"

    def _overfull(self) -> str:
        hosts = [
            f"{name} ({used:,} of {quantity(self.resource, capacity)} used)"
            for name, used, capacity in self.overfull
        ]
        return f"; over capacity: {joined(hosts, MAX_NEAREST)}" if hosts else ""


@dataclass(frozen=True)
class DomainShortage(ResourceShortage):
    """Members that have to share a domain, of which none has enough for all.

    Attributes
    ----------
    level : str
    nearest : tuple of str
        Domains that have most, the most first; or those in which members run, which have it
        together.
    pinned : bool
        Whether these are where members run.
    """

    level: str
    nearest: tuple[str, ...]
    pinned: bool

    def need(self) -> str:
        """Return what they take."""
        members = members_of(self.groups, self.only_new)
        return f"{members} take {amount_text(self.resource, self.needed)} together"

    def have(self, reveal: bool) -> str:
        """Return what the roomiest domain has."""
        if not reveal:
            return HIDDEN
        amount = amount_text(self.resource, self.available)
        if self.pinned:
            several = len(self.nearest) > 1
            names = f"{self.level}{'s' * several} {joined(self.nearest, MAX_NEAREST)}"
            return f"{names}, where members run, {'have' if several else 'has'} {amount} for them"
        sentence = f"the {self.level} with most room for them has {amount}"
        return (
            f"{sentence}; nearest: {joined(self.nearest, MAX_NEAREST)}"
            if self.available
            else sentence
        )


@dataclass(frozen=True)
class HostsShortage(ResourceShortage):
    """Members that the hosts which they may use do not take.

    Attributes
    ----------
    members : int
        How many there are.
    takes : int
        An upper bound on how many of them these hosts take.
    place : (str, str) or None
        The domain in which all hosts are that suit them, if it is one.
    each : int or None
        What each of them takes, where these are not all members of their group that take any.
    """

    members: int
    takes: int
    place: Domain | None
    each: int | None

    def need(self) -> str:
        """Return what they take."""
        if self.each is not None:
            some = f"{count_of(self.members, 'new member')} of {self.groups[0]}"
            amount = f"{amount_text(self.resource, self.each)} each"
            return f"{some} that take {amount} take {quantity(self.resource, self.needed)} in all"
        members = members_of(self.groups, self.only_new)
        return f"{members} take {amount_text(self.resource, self.needed)} in all"

    def have(self, reveal: bool) -> str:
        """Return how many of them the hosts take, or how much these have."""
        where = "the hosts that they may use"
        if self.place is not None:
            level, name = self.place
            where = f"{level} {name}" if reveal else f"the {level} that they may use"
        one = self.place is not None
        # Of members of one size, what is there for them says the same.
        whole = self.needed * self.takes == self.available * self.members
        if self.takes < self.members and (one or not whole or not reveal):
            most = f"at most {self.takes:,}" if self.takes else "none"
            return f"{where} {'takes' if one else 'take'} {most} of {self.members:,}"
        if not reveal:
            return HIDDEN
        amount = amount_text(self.resource, self.available)
        return f"{where} {'has' if one else 'have'} {amount} for them"


@dataclass(frozen=True)
class PoolShortage(ResourceShortage):
    """Members that take from one pool wherever they run, which has less than they take together.

    Attributes
    ----------
    pool : str
    members : int
        How many there are.
    short : int
        How much more of the resource class the pool would need.
    """

    pool: str
    members: int
    short: int

    def need(self) -> str:
        """Return what they take."""
        who = f"{count_of(self.members, 'new member')} of {joined(self.groups, MAX_NAMES_SHOWN)}"
        verb = "takes" if self.members == 1 else "take"
        return f"{who} {verb} {amount_text(self.resource, self.needed)} in all"

    def have(self, reveal: bool) -> str:
        """Return by how much the pool is short."""
        if not reveal:
            return HIDDEN
        has = amount_text(self.resource, self.available)
        short = quantity(self.resource, self.short)
        return f"pool {self.pool} has {has} for them and is {short} short"


@dataclass(frozen=True)
class ShareShortage(ResourceShortage):
    """A domain that takes fewer members than a rule asks of it.

    Attributes
    ----------
    share : LeastShare
    """

    share: LeastShare

    def need(self) -> str:
        """Return what all take."""
        members = members_of(self.groups, self.only_new)
        return f"{members} take {amount_text(self.resource, self.needed)} in all"

    def have(self, reveal: bool) -> str:
        """Return what a domain takes of its share."""
        return self.share.text(reveal)


@dataclass(frozen=True)
class ScatteredShortage(ResourceShortage):
    """Members that have enough in all, and no way to stand there by the other rules.

    Attributes
    ----------
    members : int
        How many there are.
    level : str
    takes : tuple of (str, int)
        Each domain of the level, with an upper bound on how many of them it takes, the most first.
    """

    members: int
    level: str
    takes: tuple[tuple[str, int], ...]

    def need(self) -> str:
        """Return what they take."""
        members = members_of(self.groups, self.only_new)
        return f"{members} take {amount_text(self.resource, self.needed)} in all"

    def have(self, reveal: bool) -> str:
        """Return how many of them each place takes."""
        if not self.takes:
            return f"no host is in a {self.level}"
        of = f"of {self.members:,}"
        if not reveal or len(self.takes) > MAX_NAMES_SHOWN:
            return f"no {self.level} takes more than {self.takes[0][1]:,} {of}"
        (name, most), *others = self.takes
        first = f"{self.level} {name} takes at most {most:,} {of}"
        return joined([first, *(f"{name} at most {most:,}" for name, most in others)], 99)


def find_shortage(resource: str, facts: Facts) -> ResourceShortage:
    """Return by how much a resource class is short, in the narrowest way found in time."""
    for found in _shortages(resource, facts):
        if found is not None:
            return found
        if facts.stop():
            break
    return _in_whole_fleet(resource, facts)


def _takers(resource: str, compiled: CompiledProblem) -> list[int]:
    """Return the member classes that take of a resource class."""
    return [
        class_index
        for class_index, member_class in enumerate(compiled.member_classes)
        if dict(member_class.size).get(resource, 0)
    ]


def _in_whole_fleet(resource: str, facts: Facts) -> ResourceShortage:
    """Return what members take and what all hosts have: true whatever else is counted."""
    fleet = facts.compiled.fleet
    takers = _takers(resource, facts.compiled)
    about = _about(resource, takers, facts)
    needed = about[-1]
    free = _once_a_pool(resource, fleet.free(resource), fleet.enabled, facts)
    members = _count(takers, facts)
    available = min(free, needed)
    return HostsShortage(*about, available, members=members, takes=members, place=None, each=None)


def _shortages(resource: str, facts: Facts) -> Iterator[ResourceShortage | None]:
    """Yield what is short, the narrowest first; at least one.

    None stands between pieces of work, where the clock may be looked at.
    """
    yield None
    compiled = facts.compiled
    takers = _takers(resource, compiled)
    for class_index in takers:
        yield None
        yield from _of_member(resource, class_index, facts)
    for group, level in _groups_in_one_domain(facts):
        yield None
        yield from _of_domain(resource, group, level, facts)
    yield None
    yield from _of_pools(resource, takers, facts)
    for rule in rules_of(compiled.problem).hard:
        yield None
        for finding in evidence_of(rule.policy, rule.group, facts):
            if isinstance(finding, LeastShare):
                classes = compiled.member_classes_below(rule.group)
                about = _about(resource, classes, facts)
                yield ShareShortage(*about, _in_all(resource, classes, facts), share=finding)
    for classes in _sets_of(takers, facts):
        yield None
        yield from _of_hosts(resource, classes, facts)
    yield None
    yield _scattered(resource, takers, facts)


def _about(
    resource: str, classes: Sequence[int], facts: Facts
) -> tuple[str, tuple[str, ...], bool, int]:
    """Return the resource class, the groups that take of it, whether members run, and how much."""
    compiled = facts.compiled
    needed = 0
    groups: dict[str, None] = {}
    for class_index in classes:
        amount = facts.bounds.sizes[class_index].get(resource, 0)
        needed += amount * facts.bounds.numbers[class_index]
        if amount:
            groups[compiled.member_classes[class_index].group] = None
    return resource, tuple(groups), any(map(facts.runs, groups)), needed


# A member that no host has enough for.


@dataclass(frozen=True)
class _Spot:
    """A host, or a cell of one, that would take a member but for one resource class.

    Attributes
    ----------
    host : str
    cell : str or None
    free, gives : int
        What is free there, and what of it one member may take.
    refusal : str
        The smallest amount or the step that the member does not keep to; mostly empty.
    """

    host: str
    cell: str | None
    free: int
    gives: int
    refusal: str = ""


def _of_member(resource: str, class_index: int, facts: Facts) -> Iterator[ResourceShortage]:
    """Yield the shortage if no host, and no cell, has enough for a member of a class."""
    size = facts.bounds.sizes[class_index]
    need = size[resource]
    suited = facts.bounds.suited(class_index) & facts.compiled.fleet.enabled
    others = {name: amount for name, amount in size.items() if name != resource}
    fits = suited & (facts.compiled.fleet.slots(others, 1) > 0)
    fleet = facts.compiled.fleet
    # Most conflicts are about something else: first over arrays, then host by host.
    if (fits & (fleet.slots(size, 1) > 0)).any():
        return
    spots = [
        spot
        for row in np.flatnonzero(fits)
        for spot in _spots(resource, others, need, int(row), facts)
    ]
    spots.sort(key=lambda spot: -spot.gives)
    available = spots[0].gives if spots else 0
    if available >= need:
        return  # another resource class of the same cell is short
    group = facts.compiled.member_classes[class_index].group
    refusing = [spot for spot in spots if spot.refusal and spot.free >= need]
    best = refusing[:1] or [spot for spot in spots[:MAX_NEAREST] if spot.gives]
    everywhere = np.flatnonzero(fleet.enabled)
    yield MemberShortage(
        resource,
        (group,),
        facts.runs(group),
        need,
        available,
        nearest=tuple((spot.host, spot.cell) for spot in best),
        from_cell=any(spot.cell is not None for spot in spots),
        from_host=any(spot.cell is None for spot in spots),
        every=_is_most(resource, available, everywhere, facts),
        unit=any(spot.free > spot.gives == available for spot in spots[:1]),
        overfull=tuple(_overfull(resource, np.flatnonzero(suited), facts))[:MAX_NEAREST],
        refusal=refusing[0].refusal if refusing else "",
    )


def _is_most(resource: str, available: int, rows: Ints, facts: Facts) -> bool:
    """Return whether some hosts have cells, and none of these has more than so much free."""
    fleet = facts.compiled.fleet
    if resource not in fleet.cells.inside:
        return False
    inside = fleet.cells.inside[resource][rows]
    in_cells = fleet.cells.free[resource][rows].max(initial=0)
    on_hosts = fleet.free(resource)[rows][~inside].max(initial=0)
    return max(int(in_cells), int(on_hosts)) <= available


def _spots(
    resource: str, others: dict[str, int], need: int, row: int, facts: Facts
) -> Iterator[_Spot]:
    """Yield the places of a host that would take a member but for one resource class."""
    fleet = facts.compiled.fleet
    host = fleet.index[fleet.names[row]]
    if resource not in host.cell_classes():
        free = int(fleet.free(resource)[row])
        pool = fleet.index.pools.pool_of(host, resource)
        inventory = (host if pool is None else pool).inventory.get(resource)
        if inventory is None:
            yield _Spot(host.name, None, free, free)
            return
        gives = min(free, inventory.max_unit or free)
        yield _spot(
            resource, host.name, None, free, gives, need, (inventory.min_unit, inventory.step_size)
        )
        return
    inside = {name: n for name, n in others.items() if n and name in host.cell_classes()}
    for cell in host.cell_capacities():
        if cell.takes(inside):
            free = cell.free.get(resource, 0)
            gives = min(free, cell.unit.get(resource, 0))
            limits = cell.least.get(resource, 1), cell.step.get(resource, 1)
            yield _spot(resource, host.name, cell.name, free, gives, need, limits)


def _spot(
    resource: str,
    host: str,
    cell: str | None,
    free: int,
    gives: int,
    need: int,
    limits: tuple[int, int],
) -> _Spot:
    """Return a place, where one member may take only so much, by its smallest amount and steps."""
    least, step = limits
    refusal = _refusal(resource, need, least, step)
    if refusal or gives < need:
        # The largest amount that a member like this could take instead.
        smaller = min(gives, need)
        smaller -= smaller % step
        gives = smaller if smaller >= least else 0
    return _Spot(host, cell, free, gives, refusal)


def _refusal(resource: str, amount: int, least: int, step: int) -> str:
    """Return the smallest amount or the step that one member does not keep to; empty if it does."""
    if amount < least:
        return f"at least {amount_text(resource, least)}"
    if amount % step:
        return f"{resource_name(resource)} in steps of {quantity(resource, step)}"
    return ""


def _overfull(resource: str, rows: Ints, facts: Facts) -> Iterator[tuple[str, int, int]]:
    """Yield the hosts that use more of a resource class than they have, with both amounts."""
    fleet = facts.compiled.fleet
    numbers = fleet.pools.of.get(resource)
    if numbers is not None:
        rows = rows[numbers[rows] < 0]
    # Of a host that has any, nothing is free where it is over capacity.
    for row in rows[fleet.free(resource)[rows] == 0].tolist():
        over = fleet.index[fleet.names[row]].overfull_classes()
        if resource in over:
            yield (fleet.names[row], *over[resource])


# Members that no domain, or no hosts, have enough for.


def _groups_in_one_domain(facts: Facts) -> Iterator[tuple[str, str]]:
    """Yield groups that must share one domain, with the level of it."""
    fleet = facts.compiled.fleet
    for rule in rules_of(facts.compiled.problem).hard:
        if keeps_together(rule.policy, fleet) and rule.policy.at in (HOST, *fleet.levels):
            yield rule.group, str(rule.policy.at)


def _of_domain(resource: str, group: str, level: str, facts: Facts) -> Iterator[ResourceShortage]:
    """Yield the shortage if no domain of a level has enough for all members of a group."""
    fleet = facts.compiled.fleet
    classes = facts.compiled.member_classes_below(group)
    about = _about(resource, classes, facts)
    needed = about[-1]
    names = list(fleet.index.domains(level))
    if not needed or not names:
        return
    holds = facts.holds(group, level)
    usable = _usable(resource, classes, facts)
    amounts = {}
    for name in names:
        there = _once_a_pool(resource, usable, fleet.codes(level) == fleet.code(level, name), facts)
        amounts[name] = min(there, _largest(resource, classes, holds[name], facts))
    pinned = facts.runs(group)
    if pinned:
        names = list(facts.running_domains(group, level))
        if facts.compiled.running_without_domain(group, level):
            return
        available = sum(amounts[name] for name in names)
    else:
        names.sort(key=lambda name: -amounts[name])
        available = amounts[names[0]]
    if available < needed:
        nearest = tuple(names) if pinned else tuple(names[:MAX_NEAREST])
        groups = (group,)
        yield DomainShortage(
            resource, groups, facts.runs(group), needed, available, level, nearest, pinned
        )


def _of_pools(resource: str, takers: Sequence[int], facts: Facts) -> Iterator[ResourceShortage]:
    """Yield the pools that have less than what those members take that have no other place."""
    pools = facts.compiled.fleet.pools
    numbers = pools.of.get(resource)
    if numbers is None:
        return
    bound: dict[int, list[int]] = {}
    elsewhere: set[str] = set()  # groups with members that have other places
    for class_index in takers:
        places = np.unique(numbers[facts.bounds.room(class_index) > 0])
        if len(places) == 1 and places[0] >= 0:
            bound.setdefault(int(places[0]), []).append(class_index)
        else:
            elsewhere.add(facts.compiled.member_classes[class_index].group)
    for number, every in bound.items():
        groups = {index: facts.compiled.member_classes[index].group for index in every}
        classes = [index for index in every if groups[index] not in elsewhere]
        free = int(pools.free(resource)[number])
        about = _about(resource, classes, facts)
        if free < about[-1]:
            name = facts.compiled.fleet.index.pools.pools[number].name
            members = _count(classes, facts)
            yield PoolShortage(*about, free, name, members, short=about[-1] - free)


def _count(classes: Sequence[int], facts: Facts) -> int:
    return sum(facts.bounds.numbers[class_index] for class_index in classes)


def _sets_of(takers: Sequence[int], facts: Facts) -> Iterator[list[int]]:
    """Yield the takers below each group, the fewest first, then all, then those of one size."""
    compiled = facts.compiled
    seen = set()
    sets = sorted(
        (compiled.member_classes_below(group) for group in compiled.problem.groups), key=len
    )
    sets.append(list(takers))
    sets += [[class_index] for class_index in takers]
    every = set(takers)
    for classes in sets:
        kept = [class_index for class_index in classes if class_index in every]
        if kept and tuple(kept) not in seen:
            seen.add(tuple(kept))
            yield kept


def _of_hosts(resource: str, classes: Sequence[int], facts: Facts) -> Iterator[ResourceShortage]:
    """Yield the shortage if all hosts that members may use do not take them."""
    compiled = facts.compiled
    members = sum(facts.bounds.numbers[class_index] for class_index in classes)
    takes = min(members, facts.bounds.in_all(classes))
    about = _about(resource, classes, facts)
    available = _in_all(resource, classes, facts)
    if available >= about[-1]:
        return
    group = compiled.member_classes[classes[0]].group
    takers = sum(
        1
        for size, member_class in zip(facts.bounds.sizes, compiled.member_classes, strict=True)
        if member_class.group == group and size.get(resource, 0)
    )
    partial = len(classes) < takers
    yield HostsShortage(
        *about,
        available,
        members=members,
        takes=takes,
        place=_one_place(classes, facts),
        each=facts.bounds.sizes[classes[0]][resource] if partial else None,
    )


def _in_all(resource: str, classes: Sequence[int], facts: Facts) -> int:
    """Return what of a resource class all hosts have for some members."""
    everywhere = np.ones(facts.compiled.fleet.row_count, dtype=np.bool_)
    usable = _once_a_pool(resource, _usable(resource, classes, facts), everywhere, facts)
    return min(usable, _largest(resource, classes, facts.bounds.in_all(classes), facts))


def _once_a_pool(resource: str, usable: Ints, hosts: Mask, facts: Facts) -> int:
    """Return what some hosts have together, where a pool gives no more than it has to all of them.

    Parameters
    ----------
    resource : str
    usable : (H,) int64
        What each host has alone.
    hosts : (H,) bool
    facts : Facts
    """
    pools = facts.compiled.fleet.pools
    numbers = pools.of.get(resource)
    if numbers is None:
        return int(usable[hosts].sum())
    total = int(usable[hosts & (numbers < 0)].sum())
    free = pools.free(resource)
    for number in np.unique(numbers[hosts & (numbers >= 0)]).tolist():
        of_pool = int(usable[hosts & (numbers == number)].sum())
        total += min(of_pool, int(free[number]))
    return total


def _usable(resource: str, classes: Sequence[int], facts: Facts) -> Ints:
    """Return what of a resource class each host has for some members, (H,) int64."""
    fleet = facts.compiled.fleet
    whole = np.zeros(fleet.row_count, dtype=np.int64)
    for class_index in classes:
        amount = facts.bounds.sizes[class_index].get(resource, 0)
        whole += facts.bounds.slots(class_index) * amount
    amounts = {facts.bounds.sizes[class_index].get(resource, 0) for class_index in classes}
    if len(amounts) == 1:  # members of one size use whole multiples of it
        whole = np.minimum(whole, facts.bounds.on_hosts(classes) * amounts.pop())
    return np.minimum(whole, fleet.free(resource))


def _largest(resource: str, classes: Sequence[int], number: int, facts: Facts) -> int:
    """Return what so many members take of a resource class at most."""
    total = 0
    by_amount = sorted(classes, key=lambda index: -facts.bounds.sizes[index].get(resource, 0))
    for class_index in by_amount:
        taken = min(number, facts.bounds.numbers[class_index])
        total += taken * facts.bounds.sizes[class_index].get(resource, 0)
        number -= taken
    return total


def _one_place(classes: Sequence[int], facts: Facts) -> Domain | None:
    """Return the one domain in which all hosts are that suit members; the largest of several."""
    fleet = facts.compiled.fleet
    suited = np.zeros(fleet.row_count, dtype=np.bool_)
    for class_index in classes:
        suited |= facts.bounds.suited(class_index)
    suited &= fleet.enabled
    for level in (*fleet.levels, HOST):
        names = facts.domains(suited, level)
        # Where every host is in one domain, its name tells nothing.
        every = fleet.index.number_of_domains(level) == 1 and level != HOST
        if len(names) == 1 and not facts.outside(suited, level) and not every:
            return level, names[0]
    return None


def _scattered(resource: str, takers: Sequence[int], facts: Facts) -> ResourceShortage:
    """Return how many members each domain takes, of a level that other rules speak at."""
    fleet = facts.compiled.fleet
    spoken = {rule.policy.at for rule in rules_of(facts.compiled.problem).hard}
    level = next((level for level in reversed(fleet.levels) if level in spoken), HOST)
    bounds, _ = facts.bounds.in_domains(takers, level)
    takes = [(name, int(bounds[fleet.code(level, name)])) for name in fleet.index.domains(level)]
    takes.sort(key=lambda one: -one[1])
    return ScatteredShortage(
        *_about(resource, takers, facts),
        _in_all(resource, takers, facts),
        members=sum(facts.bounds.numbers[class_index] for class_index in takers),
        level=level,
        takes=tuple(takes),
    )
