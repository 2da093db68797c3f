"""The capacity constraints of every model: no host, cell or pool gives more than is free."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from ortools.sat.python import cp_model

from groupsolver.constraints.cp_model.linear_expr import Linear
from groupsolver.constraints.cp_model.model_builder import ModelBuilder
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.model.compiled.arrays import Floats, Mask

ROUNDING = 1e-9  # relative: loads are summed in floating point, and must not come out too low


def post_capacity(builder: ModelBuilder) -> None:
    """Post the capacity of hosts, cells and pools.

    For each host and resource class: ``sum(size[c] * placed[c, host] for c in member classes)`` is
    at most what is free there. Where a host has NUMA cells that its members compete for, the same
    holds for each cell, and each member is in one cell.

    A row is left out where the most members that could land there still fit. With 4 VCPU free and
    members of 3 and 1 VCPU, at most one of each::

        placed[3 VCPU] + placed[1 VCPU]: 3 + 1 <= 4, no constraint
        with 3 VCPU free:                3 * a + 1 * b <= 3
    """
    for name in _resource_classes(builder.compiled):
        _post_resource(builder, name)
        _post_pools(builder, name)
    if builder.compiled.fleet.cells.width:
        _post_cells(builder)


def _resource_classes(compiled: CompiledProblem) -> list[str]:
    names = {name for member_class in compiled.member_classes for name, _ in member_class.size}
    return sorted(names)


def _post_resource(builder: ModelBuilder, name: str) -> None:
    """Keep each host within what is free of one resource class."""
    compiled = builder.compiled
    sizes = [dict(member_class.size).get(name, 0) for member_class in compiled.member_classes]
    free = compiled.fleet.free(name)
    can_bind = _largest_load(builder, sizes) >= free
    loads: dict[int, Linear] = {}
    for class_index, size in enumerate(sizes):
        if not size:
            continue
        rows = builder.rows[class_index]
        for candidate in np.flatnonzero(can_bind[rows]).tolist():
            load = loads.setdefault(int(rows[candidate]), Linear())
            load.vars.append(builder.placed[class_index][candidate])
            load.coefs.append(size)
    for row, load in loads.items():
        builder.at_most(load, int(free[row]))


def _post_pools(builder: ModelBuilder, name: str) -> None:
    """Keep each pool within what is free of one resource class, over all hosts that take from it.

    For each pool: ``sum(size[c] * placed[c, host] for c and host)`` is at most what is free of it.
    """
    compiled = builder.compiled
    pools = compiled.fleet.pools
    numbers = pools.of.get(name)
    if numbers is None:
        return
    sizes = [dict(member_class.size).get(name, 0) for member_class in compiled.member_classes]
    free = pools.free(name)
    taking = numbers >= 0
    most = np.zeros(len(pools))
    np.add.at(most, numbers[taking], _largest_load(builder, sizes)[taking])
    can_bind = most >= free
    loads: dict[int, Linear] = {}
    for class_index, size in enumerate(sizes):
        if not size:
            continue
        rows = builder.rows[class_index]
        for candidate in np.flatnonzero(taking[rows]).tolist():
            number = int(numbers[rows[candidate]])
            if can_bind[number]:
                load = loads.setdefault(number, Linear())
                load.vars.append(builder.placed[class_index][candidate])
                load.coefs.append(size)
    for number, load in loads.items():
        builder.at_most(load, int(free[number]))


def _largest_load(builder: ModelBuilder, sizes: list[int]) -> Floats:
    """(H,) float64: what members take where as many land as may, rounded up a little.

    In floating point, since a sum in 64 bits could overflow.
    """
    load = np.zeros(builder.compiled.fleet.row_count)
    for class_index, size in enumerate(sizes):
        largest = float(size) * builder.most[class_index] * (1 + ROUNDING)
        load[builder.rows[class_index]] += largest
    return load


class _CellUser(NamedTuple):
    """A member class on one host that takes something from the host's cells.

    Attributes
    ----------
    class_index : int
    candidate : int
        Position of the host among the class's candidates.
    most : int
        How many members may land there.
    need : dict of str to int
        What one member takes of its cell.
    cell_limits : list of int
        How many members each cell takes alone.
    """

    class_index: int
    candidate: int
    most: int
    need: dict[str, int]
    cell_limits: list[int]


def _post_cells(builder: ModelBuilder) -> None:
    """Distribute members over the cells of their host."""
    compiled = builder.compiled
    users: dict[int, list[tuple[int, int]]] = {}
    for class_index, member_class in enumerate(compiled.member_classes):
        rows = builder.rows[class_index]
        names = [name for name, _ in member_class.size]
        uses_cells: Mask = compiled.fleet.cells.within(names, rows)
        for candidate in np.flatnonzero(uses_cells).tolist():
            users.setdefault(int(rows[candidate]), []).append((class_index, candidate))
    for row, found in users.items():
        # Of one member class alone, `builder.most` is already exactly what the cells take.
        if len(found) > 1:
            _post_cells_of_host(builder, row, found)


def _post_cells_of_host(builder: ModelBuilder, row: int, found: list[tuple[int, int]]) -> None:
    """Post the capacity of each cell of one host, unless one cell takes everything."""
    table = builder.compiled.fleet.cells
    names = [name for name, inside in table.inside.items() if inside[row]]
    free = {name: table.free[name][row].tolist() for name in names}
    users = [
        _cell_user(builder, class_index, candidate, row, free) for class_index, candidate in found
    ]
    if any(_takes_all(users, free, cell) for cell in range(table.width)):
        return
    loads: dict[tuple[str, int], Linear] = {}
    for user in users:
        in_cells = _variables_by_cell(builder, user)
        builder.inside[user.class_index, row] = in_cells
        for cell, var in in_cells:
            for name, amount in user.need.items():
                load = loads.setdefault((name, cell), Linear())
                load.vars.append(var)
                load.coefs.append(amount)
    for (name, cell), load in loads.items():
        builder.at_most(load, free[name][cell])


def _cell_user(
    builder: ModelBuilder,
    class_index: int,
    candidate: int,
    row: int,
    free: dict[str, list[int]],
) -> _CellUser:
    size = builder.compiled.member_classes[class_index].size
    need = {name: amount for name, amount in size if name in free}
    most = int(builder.most[class_index][candidate])
    table = builder.compiled.fleet.cells
    limits = [most] * table.width
    for name, amount in need.items():
        allowed = table.admits(name, amount, np.array([row]))[0].tolist()
        for cell, available in enumerate(free[name]):
            # A cell with a smaller `max_unit` takes no member of this size at all.
            holds = available // amount if allowed[cell] else 0
            limits[cell] = min(limits[cell], holds)
    return _CellUser(class_index, candidate, most, need, limits)


def _takes_all(users: list[_CellUser], free: dict[str, list[int]], cell: int) -> bool:
    """Whether one cell takes all members that may come, so that the host's own rows suffice."""
    if any(user.cell_limits[cell] < user.most for user in users):
        return False
    for name in free:
        load = sum(user.need.get(name, 0) * max(user.cell_limits) for user in users)
        if load > free[name][cell]:
            return False
    return True


def _variables_by_cell(builder: ModelBuilder, user: _CellUser) -> list[tuple[int, cp_model.IntVar]]:
    """Return each cell open to a member class with the variable that counts its members there."""
    on_host = builder.placed[user.class_index][user.candidate]
    open_cells = [cell for cell, limit in enumerate(user.cell_limits) if limit]
    if len(open_cells) == 1:
        return [(open_cells[0], on_host)]
    in_cells = [(cell, builder.number(user.cell_limits[cell])) for cell in open_cells]
    variables = [var for _, var in in_cells]
    builder.model.add(cp_model.LinearExpr.sum(variables) == on_host)
    return in_cells
