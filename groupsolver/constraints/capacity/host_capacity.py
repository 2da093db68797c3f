"""The room of hosts, of their cells and of pools, for the checker.

Plain Python, without arrays or ortools.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from groupsolver.constraints.problem.problem import Problem, Size
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.model.compiled.numa_packing import Undecided, pack
from groupsolver.model.fleet import COMMON_CLASSES, Host, scarce_points
from groupsolver.model.pools.pool import Pool
from groupsolver.model.pools.pool_index import Share
from groupsolver.model.result import Cells
from groupsolver.model.units import amount_text, quantity, resource_name


class Lack(NamedTuple):
    """A reason why new members do not fit on a host: a kind, a sentence, and by how much."""

    kind: str
    sentence: str
    measure: int


Landed = Sequence[tuple[str, Size]]  # id and size of each new member of a host


def from_cell(host: Host, size: Size) -> Size:
    """Return the part of a size that a member takes from one of the host's cells."""
    inside = host.cell_classes()
    return tuple((name, amount) for name, amount in size if amount and name in inside)


def packed(
    host: Host, sizes: Sequence[Mapping[str, int]], numbers: Sequence[int]
) -> list[list[int]] | None:
    """Return how many members of each size go into each cell of a host; None: there is no way.

    What is scarce in a cell is left to members that take it: a member costs the largest free share
    of a scarce class that its cell has and that it does not take (`scarce_points`).

    Raises
    ------
    Undecided
        See `cells_for`.
    """
    cells = host.cell_capacities()
    prices = [
        [scarce_points(cell.capacity, cell.free, size.keys()) for cell in cells] for size in sizes
    ]
    return pack(cells, sizes, numbers, prices)


def scarce_cells(host: Host) -> bool:
    """Return whether a cell of a host has some scarce class."""
    return not host.cell_classes() <= COMMON_CLASSES


def takes(hosts: HostIndex, host: Host, size: Size) -> bool:
    """Return whether a host has room for one member, with its pools, and a cell for it.

    A host that is not disabled.
    """
    if not host.cells and not hosts.pools:
        return _takes_of_its_own(host, size)
    free = host.capacity()
    inside = from_cell(host, size)
    for name, amount in host.used.items():
        free[name] = free.get(name, 0) - amount
    for name, amount in set(size) - set(inside):
        pool = hosts.pools.pool_of(host, name) if amount else None
        if pool is not None:
            if amount > pool.free(name) or not pool.inventory[name].admits(amount):
                return False
            continue
        if amount > max(0, free.get(name, 0)):
            return False
        if amount and name in host.inventory and not host.inventory[name].admits(amount):
            return False
    return not inside or any(room.takes(dict(inside)) for room in host.cell_capacities())


def _takes_of_its_own(host: Host, size: Size) -> bool:
    """Return whether a host without cells and pools has room for one member."""
    for name, amount in size:
        inventory = host.inventory.get(name)
        capacity = inventory.capacity if inventory is not None else 0
        if amount > max(0, capacity - host.used.get(name, 0)):
            return False
        if amount and inventory is not None and not inventory.admits(amount):
            return False
    return True


def cells_for(host: Host, members: Landed) -> Cells | None:
    """Return a cell for each new member of a host that needs one; None where there is no way.

    Always the same for the same members.

    Raises
    ------
    Undecided
        Where no way was found, and none was ruled out, within the packing's steps.
    """
    by_size: dict[Size, list[str]] = {}
    for id_, size in members:
        inside = from_cell(host, size)
        if inside:
            by_size.setdefault(inside, []).append(id_)
    sizes = sorted(by_size)
    numbers = [len(by_size[size]) for size in sizes]
    counts = packed(host, [dict(size) for size in sizes], numbers)
    if counts is None:
        return None
    names = host.cell_names()
    found: Cells = {}
    for size, by_cell in zip(sizes, counts, strict=True):
        places: list[str] = []
        for name, number in zip(names, by_cell, strict=True):
            places += [name] * number
        found |= dict(zip(by_size[size], places, strict=True))
    return found


def lacks(
    problem: Problem, placement: Mapping[str, str], cells: Mapping[str, str] | None
) -> Iterator[Lack]:
    """Yield why a placement does not fit into the room of hosts, of their cells and of pools.

    Parameters
    ----------
    cells : mapping of str to str or None
        Cell of each new member that needs one; None: any way into the cells will do.
    """
    landed: dict[str, list[tuple[str, Size]]] = {}
    for member in problem.new_members:
        if member.id in placement:
            landed.setdefault(placement[member.id], []).append((member.id, member.size))
    yield from lacks_where(problem.hosts, landed, cells)


def lacks_where(
    hosts: HostIndex,
    landed: Mapping[str, Landed],
    cells: Mapping[str, str] | None,
    number: Mapping[str, int] | None = None,
) -> Iterator[Lack]:
    """Yield the same of new members by their hosts, whatever application they are of.

    `number` has, by id, how many members are like the one that is given, on the same host and in
    the same cell; by default it is alone. Those of one host may go into any cells only where each
    is given.
    """
    numbers = number or {}
    for name, members in landed.items():
        host = hosts[name]
        if not host.enabled:
            yield Lack("disabled", f"nothing new lands on {name}, which is disabled", len(members))
        yield from _own(hosts, host, members, numbers)
        if host.cells and cells is None:
            yield from _in_any(host, members)
        elif host.cells and cells is not None:
            yield from _in_given(host, members, cells, numbers)
    yield from pool_lacks(hosts, landed, numbers)


def pool_lacks(
    hosts: HostIndex, landed: Mapping[str, Landed], number: Mapping[str, int] | None = None
) -> Iterator[Lack]:
    """Yield why new members on all hosts together do not fit into the pools: see `lacks_where`."""
    if not hosts.pools:
        return
    numbers = number or {}
    needs: dict[tuple[str, str], int] = {}
    for name, members in landed.items():
        host = hosts[name]
        for id_, size in members:
            for share in hosts.pools.shares(host, size):
                key = share.pool, share.resource
                needs[key] = needs.get(key, 0) + numbers.get(id_, 1) * share.amount
                yield from _refused_by_pool(hosts.pools[share.pool], id_, share)
    for (pool_name, resource), need in needs.items():
        pool = hosts.pools[pool_name]
        yield from _short(
            f"pool {pool_name}", resource, need, pool.capacity(resource), pool.unused(resource)
        )


def _refused_by_pool(pool: Pool, member: str, share: Share) -> Iterator[Lack]:
    inventory = pool.inventory[share.resource]
    unit = inventory.max_unit or share.amount
    limits = (inventory.min_unit, unit, inventory.step_size)
    yield from _refused(f"pool {pool.name}", member, share.resource, share.amount, limits)


def _own(
    hosts: HostIndex, host: Host, members: Landed, numbers: Mapping[str, int]
) -> Iterator[Lack]:
    """Yield why members do not fit into what is the host's own."""
    elsewhere = host.cell_classes() | hosts.pools.classes_of(host).keys()
    needs: dict[str, int] = {}
    for id_, size in members:
        for resource, amount in size:
            if resource in elsewhere:
                continue
            needs[resource] = needs.get(resource, 0) + numbers.get(id_, 1) * amount
            inventory = host.inventory.get(resource)
            if not amount or inventory is None:
                continue
            unit = inventory.max_unit or amount
            yield from _refused(
                host.name, id_, resource, amount, (inventory.min_unit, unit, inventory.step_size)
            )
    for resource, need in needs.items():
        have = host.inventory[resource].capacity if resource in host.inventory else 0
        yield from _short(host.name, resource, need, have, have - host.used.get(resource, 0))


def _short(where: str, resource: str, need: int, have: int, free: int) -> Iterator[Lack]:
    """Yield that a host, or a pool, has less free of a class than its new members take."""
    if need <= max(0, free):
        return
    here = f"{where} has {amount_text(resource, max(0, free))} free"
    if free < 0:
        used = f"{quantity(resource, have - free)} of {amount_text(resource, have)} used"
        here = f"{where} is over capacity, with {used}"
    sentence = f"{here}; its new members take {quantity(resource, need)}"
    yield Lack("capacity", sentence, need - free)


def _in_any(host: Host, members: Landed) -> Iterator[Lack]:
    """Yield why members do not fit into cells, whichever cell each goes into."""
    rooms = host.cell_capacities()
    too_large = False
    for id_, size in members:
        inside = dict(from_cell(host, size))
        if inside and not any(room.takes(inside) for room in rooms):
            yield Lack("capacity", f"no cell of {host.name} has what {id_} takes", 1)
            too_large = True
    if too_large:
        return
    try:
        found = cells_for(host, members)
    except Undecided:
        yield Lack(
            "capacity", f"no way was found to put the new members of {host.name} into its cells", 1
        )
        return
    if found is None:
        yield Lack(
            "capacity", f"the cells of {host.name} cannot hold its new members, each in one", 1
        )


def _in_given(
    host: Host, members: Landed, cells: Mapping[str, str], numbers: Mapping[str, int]
) -> Iterator[Lack]:
    """Yield why members do not fit into the cells that are given."""
    rooms = {room.name: room for room in host.cell_capacities()}
    needs: dict[str, dict[str, int]] = {}
    for id_, size in members:
        inside = from_cell(host, size)
        if not inside:
            continue
        room = rooms.get(cells.get(id_, ""))
        if room is None:
            what = (
                f"is put into {cells[id_]!r}, which it has not"
                if id_ in cells
                else "is put into none of its cells"
            )
            yield Lack("capacity", f"{id_}, which is on {host.name}, {what}", 1)
            continue
        there = needs.setdefault(room.name, {})
        for resource, amount in inside:
            there[resource] = there.get(resource, 0) + numbers.get(id_, 1) * amount
            unit = room.unit.get(resource, amount)
            limits = (room.least.get(resource, 1), unit, room.step.get(resource, 1))
            where = f"cell {room.name} of {host.name}"
            for lack in _refused(where, id_, resource, amount, limits):
                yield lack._replace(measure=1)
    for name, taken in needs.items():
        for resource, need in taken.items():
            free = rooms[name].free.get(resource, 0)
            if need > free:
                sentence = (
                    f"cell {name} of {host.name} has {amount_text(resource, free)} free; "
                    f"its new members take {quantity(resource, need)}"
                )
                yield Lack("capacity", sentence, need - free)


def _refused(
    where: str, member: str, resource: str, amount: int, limits: tuple[int, int, int]
) -> Iterator[Lack]:
    """Yield why one member may not take an amount: the least, the most, and the steps of it."""
    least, most, step = limits
    takes_amount = f"{member} takes {quantity(resource, amount)}"
    if amount < least:
        sentence = f"{where} gives a member at least {amount_text(resource, least)}; {takes_amount}"
        yield Lack("capacity", sentence, least - amount)
    if amount > most:
        sentence = f"{where} gives a member at most {amount_text(resource, most)}; {takes_amount}"
        yield Lack("capacity", sentence, amount - most)
    if amount % step:
        steps = f"{resource_name(resource)} in steps of {quantity(resource, step)}"
        sentence = f"{where} gives a member {steps}; {takes_amount}"
        yield Lack("capacity", sentence, amount % step)
