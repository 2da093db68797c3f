"""Upper bounds on how many members of some classes hosts and domains take together.

A host takes no more than by each resource class alone, the smallest members first; no more than
each of its cells by itself; and no more than rules allow that bound single hosts. A domain takes no
more than its hosts do, and no more than rules allow that bound domains of any level. Members of one
size on hosts without cells are counted exactly.

Example: a host with 40 VCPU, and three members of 8 VCPU in each of two groups. The host takes
``40 // 8 = 5`` of the six, though it takes all three of either group.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cached_property

import numpy as np

from groupsolver.constraints.eligibility import open_hosts, suits
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.partial import Partial
from groupsolver.constraints.protocols.headroom import most_in_one_domain
from groupsolver.constraints.protocols.host_filters import HostFilter
from groupsolver.constraints.protocols.levels import level_on
from groupsolver.constraints.protocols.relaxation import members_per_host
from groupsolver.constraints.rules import Rule, rules_of
from groupsolver.model.compiled.arrays import Ints, Mask
from groupsolver.model.value import HOST, INT64_MAX

MAX_LIMITS_TOGETHER = 32  # limits on domains that are combined with what all others take together


class MemberBounds:
    """The bounds of one problem.

    Parameters
    ----------
    compiled : CompiledProblem
    """

    def __init__(self, compiled: CompiledProblem) -> None:
        self.compiled = compiled
        self.numbers = [member_class.number for member_class in compiled.member_classes]
        self.sizes = [dict(member_class.size) for member_class in compiled.member_classes]
        self._slots: dict[int, Ints] = {}
        self._in_all: dict[tuple[int, ...], int] = {}

    @cached_property
    def _limits(self) -> list[tuple[frozenset[int], Ints]]:
        """The limits on single hosts: member classes, and (H,) limits."""
        return list(self._host_limits())

    @cached_property
    def _limits_of(self) -> dict[int, list[int]]:
        """The numbers of the limits on single hosts that count each member class."""
        return _by_class(limited for limited, _ in self._limits)

    @cached_property
    def _domain_limits(self) -> list[tuple[str, frozenset[int], Ints]]:
        """The limits on domains: level, member classes, and (D,) limits."""
        return list(self._limits_on_domains())

    @cached_property
    def _domain_limits_of(self) -> dict[int, list[int]]:
        """The numbers of the limits on domains that count each member class."""
        return _by_class(limited for _, limited, _ in self._domain_limits)

    def suited(self, class_index: int, *but: HostFilter) -> Mask:
        """Return the hosts that suit a member class, some policies aside, (H,) bool.

        Whatever is free there.
        """
        group = self.compiled.member_classes[class_index].group
        found = open_hosts(self.compiled, group).copy()
        for rule in rules_of(self.compiled.problem).over(group):
            policy = rule.policy
            if not isinstance(policy, HostFilter) or not policy.hard:
                continue
            if all(policy is not one for one in but):
                found &= suits(self.compiled, policy)
        return found

    def room(self, class_index: int, *but: HostFilter) -> Ints:
        """Return how many of a class each host that suits has room for alone, (H,) int64."""
        slots = self.compiled.fleet.slots(self.sizes[class_index], self.numbers[class_index])
        return np.where(self.suited(class_index, *but), slots, 0)

    def slots(self, class_index: int) -> Ints:
        """Return how many of a class each host takes alone, rules on single hosts kept."""
        if class_index not in self._slots:
            slots = self.room(class_index)
            for number in self._limits_of.get(class_index, ()):
                _, limit = self._limits[number]
                slots = np.minimum(slots, limit)
            self._slots[class_index] = slots
        return self._slots[class_index]

    def on_hosts(self, classes: Sequence[int]) -> Ints:
        """Return how many members of some classes each host takes together, (H,) int64."""
        fleet = self.compiled.fleet
        most = np.zeros(fleet.row_count, dtype=np.int64)
        if not classes:
            return most
        slots = {class_index: self.slots(class_index) for class_index in classes}
        for class_slots in slots.values():
            most += class_slots
        if len(classes) == 1:
            return most
        alone = most.copy()
        for name in {name for class_index in classes for name in self.sizes[class_index]}:
            most = np.minimum(most, self._by_resource(name, slots))
        for number, inside in _touching(self._limits_of, classes).items():
            # What one class takes alone keeps its limits already.
            if len(inside) > 1:
                _, limit = self._limits[number]
                most = np.minimum(most, _capped(alone, slots, inside, limit))
        return self._within_cells(most, slots)

    def _by_resource(self, name: str, slots: dict[int, Ints]) -> Ints:
        """Return how many members one resource class allows, the smallest first, (H,) int64."""
        free = self.compiled.fleet.free(name).copy()
        found = np.zeros(len(free), dtype=np.int64)
        for class_index in sorted(slots, key=lambda index: self.sizes[index].get(name, 0)):
            amount = self.sizes[class_index].get(name, 0)
            number = slots[class_index]
            if amount:
                number = np.minimum(number, free // amount)
                free -= number * amount
            found += number
        return found

    def _within_cells(self, most: Ints, slots: dict[int, Ints]) -> Ints:
        """Return no more than the cells of each host take, each cell by itself."""
        table = self.compiled.fleet.cells
        if not table.width:
            return most
        # A member that takes nothing of the cells is in none of them.
        users = {index: table.within(self._classes_of(index)) for index in slots}
        rows = np.flatnonzero(np.logical_or.reduce(list(users.values())))
        each: dict[int, Ints] = {}
        others = np.zeros(len(rows), dtype=np.int64)
        for index, user in users.items():
            alone = slots[index][rows]
            cells = table.each(self.sizes[index], rows, self.numbers[index])
            each[index] = np.where(user[rows, None], np.minimum(cells, alone[:, None]), 0)
            others += np.where(user[rows], 0, alone)
        by_cell = np.sum(list(each.values()), axis=0)
        for name in table.inside:
            inside = table.inside[name][rows][:, None]
            bound = self._by_cell(name, table.free[name][rows], each)
            by_cell = np.where(inside, np.minimum(by_cell, bound), by_cell)
        most = most.copy()
        most[rows] = np.minimum(most[rows], by_cell.sum(axis=1) + others)
        return most

    def _classes_of(self, class_index: int) -> list[str]:
        """Return the resource classes that a member of a class takes of."""
        return [name for name, amount in self.sizes[class_index].items() if amount]

    def _by_cell(self, name: str, free: Ints, each: dict[int, Ints]) -> Ints:
        """Return how many members one resource class of each cell allows, (R, K) int64."""
        free = free.copy()
        found = np.zeros(free.shape, dtype=np.int64)
        for class_index in sorted(each, key=lambda index: self.sizes[index].get(name, 0)):
            amount = self.sizes[class_index].get(name, 0)
            number = each[class_index]
            if amount:
                number = np.minimum(number, free // amount)
                free -= number * amount
            found += number
        return found

    def in_domains(self, classes: Sequence[int], level: str) -> tuple[Ints, int]:
        """Return how many members each domain takes, (D,) int64, and how many hosts in none do."""
        fleet = self.compiled.fleet
        codes = fleet.codes(level)
        # Hosts in no domain count as one more, in the last place.
        labels = np.where(codes < 0, fleet.domains(level), codes)
        bounds = self._by_label(classes, labels, fleet.domains(level) + 1)
        return bounds[:-1], int(bounds[-1])

    def in_all(self, classes: Sequence[int]) -> int:
        """Return how many members all hosts take together."""
        key = tuple(classes)
        if key not in self._in_all:
            labels = np.zeros(self.compiled.fleet.row_count, dtype=np.int64)
            self._in_all[key] = int(self._by_label(classes, labels, 1)[0])
        return self._in_all[key]

    def _by_label(self, classes: Sequence[int], labels: Ints, number: int) -> Ints:
        """Return how many members each set of hosts takes, (number,) int64."""
        limits = _touching(self._domain_limits_of, classes)
        of_class = {index: self._of_class(index, labels, number) for index in classes}
        alone = np.zeros(number, dtype=np.int64)
        for of_one in of_class.values():
            alone += of_one
        bounds = np.minimum(self._without_limits(classes, labels, number), alone)
        together = len(limits) <= MAX_LIMITS_TOGETHER
        for limit_number, inside in limits.items():
            if not together and len(inside) == 1:
                continue  # the sum of what the classes take alone says as much
            level, limited, limit = self._domain_limits[limit_number]
            bounded = self._limited(inside, labels, number, level, limit)
            if together:
                outside = [index for index in classes if index not in limited]
                bounded += self._without_limits(outside, labels, number)
            else:
                # Work on all classes for each of many limits would be quadratic.
                bounded += alone
                for index in inside:
                    bounded -= of_class[index]
            bounds = np.minimum(bounds, bounded)
        return bounds

    def _of_class(self, class_index: int, labels: Ints, number: int) -> Ints:
        """Return how many members of one class each set of hosts takes, (number,) int64."""
        of_class = self._without_limits([class_index], labels, number)
        for limit_number in self._domain_limits_of.get(class_index, ()):
            level, _, limit = self._domain_limits[limit_number]
            bounded = self._limited([class_index], labels, number, level, limit)
            of_class = np.minimum(of_class, bounded)
        return of_class

    def _without_limits(self, classes: Sequence[int], labels: Ints, number: int) -> Ints:
        """Return how many members each set of hosts takes, without limits on domains."""
        members = sum(self.numbers[class_index] for class_index in classes)
        on_hosts = self.on_hosts(classes)
        bounds = np.minimum(_sums(on_hosts, labels, number), members)
        for name in self._pooled(classes):
            bounds = np.minimum(bounds, self._by_pools(name, classes, on_hosts, labels, number))
        return bounds

    def _pooled(self, classes: Sequence[int]) -> list[str]:
        """Return the resource classes of some members that some hosts take from pools."""
        pooled = self.compiled.fleet.pools.of
        return sorted({name for index in classes for name in self.sizes[index] if name in pooled})

    def _by_pools(
        self, name: str, classes: Sequence[int], on_hosts: Ints, labels: Ints, number: int
    ) -> Ints:
        """Return how many members each set of hosts takes, by what pools have of a class.

        The hosts of a pool take no more together than the smallest members of which it has enough.
        """
        pools = self.compiled.fleet.pools
        numbers = pools.of[name]
        found = _sums(np.where(numbers < 0, on_hosts, 0), labels, number)
        for pool, free in enumerate(pools.free(name).tolist()):
            of_pool = _sums(np.where(numbers == pool, on_hosts, 0), labels, number)
            found += np.minimum(of_pool, self._most_within(name, classes, free))
        return found

    def _most_within(self, name: str, classes: Sequence[int], free: int) -> int:
        """Return how many members an amount of a class is enough for, the smallest first."""
        most = 0
        for index in sorted(classes, key=lambda index: self.sizes[index].get(name, 0)):
            amount = self.sizes[index].get(name, 0)
            number = min(self.numbers[index], free // amount) if amount else self.numbers[index]
            free -= number * amount
            most += number
        return most

    def _limited(
        self, classes: Sequence[int], labels: Ints, number: int, level: str, limit: Ints
    ) -> Ints:
        """Return what sets of hosts take where each domain of a level has a limit."""
        fleet = self.compiled.fleet
        domains = fleet.domains(level)
        codes = fleet.codes(level)
        inside = codes >= 0
        on_hosts = self.on_hosts(classes)
        # Of each set, the hosts of each domain, and those of none, which have no limit.
        keys, position = np.unique(labels * (domains + 1) + codes + 1, return_inverse=True)
        parts = _sums(on_hosts, position, len(keys))
        limits = np.full(len(keys), INT64_MAX, dtype=np.int64)
        limits[position[inside]] = limit[codes[inside]]
        return _sums(np.minimum(parts, limits), keys // (domains + 1), number)

    def _host_limits(self) -> Iterator[tuple[frozenset[int], Ints]]:
        """Yield the hard rules that bound single hosts: their member classes, and (H,) limits."""
        here = Partial(self.compiled, self.compiled.fleet.codes(HOST))
        for rule in self._hard_at(HOST):
            limits = members_per_host(rule.policy, rule.group, here)
            if limits is not None:
                yield frozenset(self.compiled.member_classes_below(rule.group)), limits

    def _limits_on_domains(self) -> Iterator[tuple[str, frozenset[int], Ints]]:
        """Yield the hard rules that bound domains: level, member classes, and (D,) limits.

        What runs in a domain counts against its limit.
        """
        compiled = self.compiled
        for level in (*compiled.fleet.levels, HOST):
            for rule in self._hard_at(level):
                if not rule.policy.monotone:
                    continue  # a limit that follows from what others must have explains nothing
                limit = most_in_one_domain(rule.policy, rule.group, compiled)
                if limit is None:
                    continue
                there = compiled.running(rule.group, level)
                limits = np.maximum(0, limit - there)
                yield level, frozenset(compiled.member_classes_below(rule.group)), limits

    def _hard_at(self, level: str) -> Iterator[Rule]:
        """Yield the hard rules that speak at a level."""
        for rule in rules_of(self.compiled.problem).hard:
            if level_on(rule.policy, self.compiled.fleet) == level:
                yield rule


def _by_class(limited: Iterable[Collection[int]]) -> defaultdict[int, list[int]]:
    """Return the numbers of the limits that count each member class."""
    found: defaultdict[int, list[int]] = defaultdict(list)
    for number, classes in enumerate(limited):
        for class_index in classes:
            found[class_index].append(number)
    return found


def _touching(limits_of: dict[int, list[int]], classes: Sequence[int]) -> dict[int, list[int]]:
    """Return the limits that count some of the classes: by number, those that each counts."""
    found: dict[int, list[int]] = {}
    for class_index in classes:
        for number in limits_of.get(class_index, ()):
            found.setdefault(number, []).append(class_index)
    return found


def _capped(alone: Ints, slots: dict[int, Ints], limited: Sequence[int], limit: Ints) -> Ints:
    """Return the sum of slots, those of limited classes together at most their limit.

    `alone` is the sum without the limit: the classes outside of it need not be added up again.
    """
    inside = np.zeros(len(limit), dtype=np.int64)
    for class_index in limited:
        inside += slots[class_index]
    return alone - inside + np.minimum(inside, limit)


def _sums(amounts: Ints, labels: Ints, number: int) -> Ints:
    """Return the sum of amounts, (H,) int64, by label, (number,) int64."""
    found = np.zeros(number, dtype=np.int64)
    np.add.at(found, labels, amounts)
    return found
