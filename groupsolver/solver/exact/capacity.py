"""What every model has: no host, and no cell of one, gives more than is free of any resource."""

from __future__ import annotations

import numpy as np
from ortools.sat.python import cp_model

from groupsolver.constraints.cp_model.linear_expr import Linear
from groupsolver.constraints.cp_model.model_builder import ModelBuilder


def capacity(builder: ModelBuilder) -> None:
    """Keep each host within what is free of every resource, and each cell where that says more."""
    compiled = builder.compiled
    for name in sorted(
        {name for member_class in compiled.member_classes for name, _ in member_class.size}
    ):
        sizes = [dict(member_class.size).get(name, 0) for member_class in compiled.member_classes]
        free = compiled.fleet.free(name)
        # In floating point, a little low: rows that can never bind are not worth a constraint.
        load = np.zeros(len(free))
        for member_class, size in enumerate(sizes):
            load[builder.rows[member_class]] += (
                float(size) * builder.most[member_class] * (1 + 1e-9)
            )
        tight = load >= free
        here: dict[int, Linear] = {}
        for member_class, size in enumerate(sizes):
            for at in np.flatnonzero(tight[builder.rows[member_class]]).tolist() if size else ():
                found = here.setdefault(int(builder.rows[member_class][at]), Linear())
                found.vars.append(builder.placed[member_class][at])
                found.coefs.append(size)
        for row, expr in here.items():
            builder.at_most(expr, int(free[row]))
    if compiled.fleet.cells.width:
        _cells(builder)


def _cells(builder: ModelBuilder) -> None:
    """Share members out over the cells of their host."""
    here: dict[int, list[tuple[int, int]]] = {}
    for member_class, what in enumerate(builder.compiled.member_classes):
        needy = builder.compiled.fleet.cells.within(
            (name for name, _ in what.size), builder.rows[member_class]
        )
        for at in np.flatnonzero(needy).tolist():
            here.setdefault(int(builder.rows[member_class][at]), []).append((member_class, at))
    for row, found in here.items():
        if (
            len(found) > 1
        ):  # of one member class alone, the survey knows exactly how many go into the cells
            _share_out(builder, row, found)


def _share_out(builder: ModelBuilder, row: int, found: list[tuple[int, int]]) -> None:
    table = builder.compiled.fleet.cells
    names = [name for name, inside in table.inside.items() if inside[row]]
    free = {name: table.free[name][row].tolist() for name in names}
    unit = {name: table.unit[name][row].tolist() for name in names}
    needs, holds = [], []
    for member_class, at in found:
        need = {
            name: amount
            for name, amount in builder.compiled.member_classes[member_class].size
            if name in free
        }
        most = int(builder.most[member_class][at])
        needs.append(need)
        holds.append(
            [
                min(most, *(free[n][k] // a if a <= unit[n][k] else 0 for n, a in need.items()))
                for k in range(table.width)
            ]
        )
    all_of_them = {
        name: sum(n.get(name, 0) * max(h) for n, h in zip(needs, holds, strict=True))
        for name in names
    }
    for k in range(table.width):
        if all(
            h[k] == builder.most[member_class][at]
            for h, (member_class, at) in zip(holds, found, strict=True)
        ) and all(amount <= free[name][k] for name, amount in all_of_them.items()):
            return  # one cell takes all that may come
    loads: dict[tuple[str, int], Linear] = {}
    for (member_class, at), need, hold in zip(found, needs, holds, strict=True):
        open_ = [k for k, most in enumerate(hold) if most]
        whole = builder.placed[member_class][at]
        parts = (
            [(open_[0], whole)]
            if len(open_) == 1
            else [(k, builder.number(hold[k])) for k in open_]
        )
        if len(parts) > 1:
            builder.model.add(cp_model.LinearExpr.sum([var for _, var in parts]) == whole)
        builder.inside[member_class, row] = parts
        for k, var in parts:
            for name, amount in need.items():
                load = loads.setdefault((name, k), Linear())
                load.vars.append(var)
                load.coefs.append(amount)
    for (name, k), load in loads.items():
        builder.at_most(load, free[name][k])
