"""An upper bound of the value of a batch: which applications fit by their capacity alone.

A fractional multidimensional knapsack. Each application a is worth v[a] and takes need[k, a] of
each row k::

    maximise sum(v[a] * x[a])   with   sum(need[k, a] * x[a]) <= available[k],  0 <= x <= 1

A row is a set of hosts and a resource class, and it counts the members that may go nowhere else;
or it counts members that take at least an amount of the class, of which each host takes so many
whole ones. At any multipliers y >= 0 of the rows, whatever the arithmetic that found them,

    sum(y * available) + sum(max(0, v[a] - sum(y * need[., a])))

is an upper bound (Lagrange). It is evaluated in whole numbers, so it is valid in any case.

Example: 4 VCPU are free; applications of value 3, 2 and 2 take 3, 2 and 2 of them. With y = 1 for
the row of VCPU the bound is 4, which the last two reach.

Source: Martello & Toth (1990), Knapsack Problems, chapter 2.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import gcd

import numpy as np
from scipy.sparse import coo_array, csr_array

from groupsolver.model.compiled.arrays import Ints, Mask
from groupsolver.model.units import amount_text, count_of
from groupsolver.solver.batch.problem import BatchProblem
from groupsolver.solver.linear_program import ProgramArrays, solve_linear

SCALE = 2**40  # multipliers are whole numbers of this part
MAX_HOST_SETS = 64  # sets of hosts that have rows, those of most member classes first
MAX_AMOUNTS = 8  # of one resource class, for each set of hosts


@dataclass(frozen=True)
class CapacityRow:
    """What applications need of some hosts, and what there is.

    Attributes
    ----------
    resource : str
    at_least : int or None
        Members are counted that take at least so much of the class. None: their amounts are.
    hosts : (H,) bool
        The members that count go to these hosts alone.
    all_hosts : bool
        Whether these are all enabled hosts.
    needed : dict of int to int
        By application.
    available : int
    """

    resource: str
    at_least: int | None
    hosts: Mask
    all_hosts: bool
    needed: dict[int, int]
    available: int

    def describe(self, needed: int, left: int, word: str = "left") -> str:
        """Return what is short, in words."""
        where = "" if self.all_hosts else " on the hosts that suit it"
        if self.at_least is None:
            needs = f"it needs {amount_text(self.resource, needed)}"
            return f"{needs}, with {amount_text(self.resource, left)} {word}{where}"
        size = amount_text(self.resource, self.at_least)
        members = count_of(needed, "member")
        return f"there is room for {left} of its {members} of at least {size}{where}"


@dataclass(frozen=True)
class ValueBound:
    """A proved upper bound of the value of a batch.

    Attributes
    ----------
    value : int
    impossible : dict of int to str
        Applications that are impossible by themselves, by counting alone, and why.
    rows : tuple of CapacityRow
        Those that are scarce.
    prices : tuple of dict of int to int
        For each of these, the part of `SCALE` points that each application pays for it.
    """

    value: int
    impossible: dict[int, str]
    rows: tuple[CapacityRow, ...]
    prices: tuple[dict[int, int], ...]

    def price_of(self, application: int) -> int:
        """Return what an application pays for all rows together, in parts of `SCALE` points."""
        return sum(prices.get(application, 0) for prices in self.prices)

    def scarcest_first(self, application: int) -> list[CapacityRow]:
        """Return the rows that an application needs, those that it pays most for first.

        Rows of whole amounts come before those that count members, which say less.
        """
        paid = [
            (self.rows[number].at_least is not None, -prices[application], number)
            for number, prices in enumerate(self.prices)
            if application in prices
        ]
        return [self.rows[number] for _, _, number in sorted(paid)]


def bound_value(batch: BatchProblem, seconds: float) -> ValueBound:
    """Return an upper bound of the value of the applications that can be placed together.

    Parameters
    ----------
    batch : BatchProblem
    seconds : float
        Time limit of the linear program. Without a solution the bound is that of the applications
        that are not impossible by themselves.
    """
    rows = list(_capacity_rows(batch))
    impossible = _impossible(batch, rows)
    values = [
        0 if number in impossible else bundle.value for number, bundle in enumerate(batch.bundles)
    ]
    needs = [(number, needed) for number, one in enumerate(batch.bundles) for needed in one.needs]
    scarce = [row for row in rows if _is_scarce(row, impossible)]
    multipliers = _multipliers(values, scarce, needs, impossible, seconds)
    prices = tuple(
        {
            number: multiplier * amount // row.available
            for number, amount in row.needed.items()
            if number not in impossible
        }
        for row, multiplier in zip(scarce, multipliers, strict=False)
    )
    prices = prices or tuple({} for _ in scarce)
    # Where an application is impossible, so are those that need it: none of them counts.
    possible = [number for number in range(len(values)) if number not in impossible]
    bound = _lagrangian(values, possible, multipliers, prices, needs)
    return ValueBound(min(bound, sum(values)), impossible, tuple(scarce), prices)


def _lagrangian(
    values: Sequence[int],
    possible: Sequence[int],
    multipliers: Sequence[int],
    prices: Sequence[dict[int, int]],
    needs: Sequence[tuple[int, int]],
) -> int:
    """Return the bound at some multipliers; each row is scaled to have 1 available."""
    reduced = [value * SCALE for value in values]
    for of_row in prices:
        for number, price in of_row.items():
            reduced[number] -= price
    of_needs = multipliers[len(prices) :]
    for (number, needed), multiplier in zip(needs, of_needs, strict=False):
        reduced[number] -= multiplier
        reduced[needed] += multiplier
    total = sum(multipliers[: len(prices)])
    return (total + sum(max(0, reduced[number]) for number in possible)) // SCALE


def _is_scarce(row: CapacityRow, impossible: dict[int, str]) -> bool:
    """Return whether a row does not have what all applications need of it together."""
    total = sum(amount for number, amount in row.needed.items() if number not in impossible)
    return row.available < total


def _multipliers(
    values: Sequence[int],
    rows: Sequence[CapacityRow],
    needs: Sequence[tuple[int, int]],
    impossible: dict[int, str],
    seconds: float,
) -> list[int]:
    """Return a multiplier for each row and each need, in parts of `SCALE`; none without a solution.

    Rows are scaled to have 1 available.
    """
    if not rows or seconds <= 0:
        return []
    entries: list[tuple[int, int, float]] = []
    for at, row in enumerate(rows):
        for number, amount in row.needed.items():
            if number not in impossible:
                entries.append((at, number, amount / row.available))
    for at, (number, needed) in enumerate(needs, start=len(rows)):
        entries += [(at, number, 1.0), (at, needed, -1.0)]
    at_row, at_column, amounts = zip(*entries, strict=True)
    shape = (len(rows) + len(needs), len(values))
    high = np.array([float(number not in impossible) for number in range(len(values))])
    row_high = np.zeros(shape[0])
    row_high[: len(rows)] = 1.0
    program = ProgramArrays(
        cost=-np.array(values, dtype=np.float64),
        high=high,
        table=csr_array(coo_array((amounts, (at_row, at_column)), shape=shape)),
        row_low=np.full(shape[0], -np.inf),
        row_high=row_high,
    )
    optimum = solve_linear(program, seconds, "highs")
    if optimum is None:
        return []
    return [max(0, round(-SCALE * float(dual))) for dual in optimum.dual]


def _impossible(batch: BatchProblem, rows: Sequence[CapacityRow]) -> dict[int, str]:
    """Return the applications that do not fit even alone, by counting, and those that need them."""
    found: dict[int, str] = {}
    most_members = batch.eligibility.max_members
    for number in range(len(batch.bundles)):
        for index in batch.classes.whole_classes[number]:
            least = batch.classes.numbers[index]
            places = sum(map(int, most_members[index]))
            if places < least:
                group = batch.compiled.member_classes[index].group.partition(":")[2]
                members = count_of(least, "new member")
                found[number] = f"{group} has {members}, and all hosts have room for {places}"
                break
    for row in rows:
        for number, needed in row.needed.items():
            if needed > row.available and number not in found:
                found[number] = row.describe(needed, row.available, "free")
    _add_those_that_need(batch, found)
    return found


def _add_those_that_need(batch: BatchProblem, impossible: dict[int, str]) -> None:
    """Add the applications that name groups of an impossible one."""
    named_in: dict[int, list[int]] = {}
    for number, bundle in enumerate(batch.bundles):
        for needed in bundle.needs:
            named_in.setdefault(needed, []).append(number)
    pending = list(impossible)
    while pending:
        needed = pending.pop()
        for number in named_in.get(needed, ()):
            if number not in impossible:
                name = batch.names[needed]
                impossible[number] = f"it names groups of {name}, which is impossible by itself"
                pending.append(number)


def _capacity_rows(batch: BatchProblem) -> Iterator[CapacityRow]:
    """Yield what members need of the hosts that they may go to, and what is free there."""
    masks, set_of = _host_sets(batch)
    if not len(masks):
        return
    # Set d is within set e: no host of d is missing in e.
    missing = masks.astype(np.float32) @ (~masks).T.astype(np.float32)
    within = missing == 0
    whole = batch.compiled.fleet.enabled
    for number, hosts in enumerate(masks):
        inside = [index for index, of in set_of.items() if within[of, number]]
        all_hosts = bool((hosts == whole).all())
        yield from _rows_of_hosts(batch, inside, hosts, all_hosts)


def _host_sets(batch: BatchProblem) -> tuple[Mask, dict[int, int]]:
    """Return the sets of hosts that member classes may go to, (D, H) bool, and that of each class.

    The last one is that of all enabled hosts. Classes whose set is not among them have the last.
    """
    enabled = batch.compiled.fleet.enabled
    masks: dict[bytes, Mask] = {}
    key_of: dict[int, bytes] = {}
    for number in range(len(batch.bundles)):
        for index in batch.classes.whole_classes[number]:
            mask = batch.eligibility.max_members[index] > 0
            key = np.packbits(mask).tobytes()
            masks.setdefault(key, mask)
            key_of[index] = key
    most = Counter(key_of.values()).most_common(MAX_HOST_SETS)
    place = {key: at for at, (key, _) in enumerate(most)}
    table = np.array([*(masks[key] for key in place), enabled], dtype=np.bool_)
    return table, {index: place.get(key, len(place)) for index, key in key_of.items()}


def _rows_of_hosts(
    batch: BatchProblem, inside: Sequence[int], hosts: Mask, all_hosts: bool
) -> Iterator[CapacityRow]:
    """Yield the rows of one set of hosts, for the classes whose members go nowhere else."""
    fleet = batch.compiled.fleet
    sizes = {index: dict(batch.compiled.member_classes[index].size) for index in inside}
    names = sorted({name for size in sizes.values() for name in size})
    members = _members(batch, inside)
    for name in names:
        amounts = {index: size[name] for index, size in sizes.items() if name in size}
        free = fleet.free(name)[hosts]
        from_pools = name in fleet.pools.of
        step = 1 if from_pools else gcd(*amounts.values())
        needed: Counter[int] = Counter()
        for index, amount in amounts.items():
            number, count = members[index]
            needed[number] += amount * count
        available = fleet.total_free(name, hosts) if from_pools else _whole(free, step) * step
        yield CapacityRow(name, None, hosts, all_hosts, dict(needed), available)
        if not from_pools:
            for amount in sorted(set(amounts.values()), reverse=True)[:MAX_AMOUNTS]:
                large = [index for index in amounts if amounts[index] >= amount]
                counted: Counter[int] = Counter()
                for index in large:
                    number, count = members[index]
                    counted[number] += count
                yield CapacityRow(
                    name, amount, hosts, all_hosts, dict(counted), _whole(free, amount)
                )


def _members(batch: BatchProblem, inside: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Return, by member class, its application and the members that are placed at least."""
    wanted = frozenset(inside)
    found: dict[int, tuple[int, int]] = {}
    for number in range(len(batch.bundles)):
        for index in batch.classes.whole_classes[number]:
            if index in wanted:
                found[index] = (number, batch.classes.numbers[index])
    return found


def _whole(free: Ints, amount: int) -> int:
    """Return how many whole times an amount is free on hosts."""
    return sum((free // amount).tolist())
