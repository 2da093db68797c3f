"""What every model has: no host, and no cell of one, gives more than is free of any resource."""

from __future__ import annotations

import numpy as np
from ortools.sat.python import cp_model

from groupsolver.constraints.cp_model.linear_expr import Linear
from groupsolver.constraints.cp_model.model_builder import Encoding


def capacity(enc: Encoding) -> None:
    """Keep each host within what is free of every resource, and each cell where that says more."""
    ground = enc.ground
    for name in sorted({name for lot in ground.lots for name, _ in lot.size}):
        sizes = [dict(lot.size).get(name, 0) for lot in ground.lots]
        free = ground.fleet.free(name)
        # In floating point, a little low: rows that can never bind are not worth a constraint.
        load = np.zeros(len(free))
        for lot, size in enumerate(sizes):
            load[enc.rows[lot]] += float(size) * enc.most[lot] * (1 + 1e-9)
        tight = load >= free
        here: dict[int, Linear] = {}
        for lot, size in enumerate(sizes):
            for at in np.flatnonzero(tight[enc.rows[lot]]).tolist() if size else ():
                found = here.setdefault(int(enc.rows[lot][at]), Linear())
                found.vars.append(enc.placed[lot][at])
                found.coefs.append(size)
        for row, expr in here.items():
            enc.at_most(expr, int(free[row]))
    if ground.fleet.cells.width:
        _cells(enc)


def _cells(enc: Encoding) -> None:
    """Share members out over the cells of their host."""
    here: dict[int, list[tuple[int, int]]] = {}
    for lot, what in enumerate(enc.ground.lots):
        needy = enc.ground.fleet.cells.within((name for name, _ in what.size), enc.rows[lot])
        for at in np.flatnonzero(needy).tolist():
            here.setdefault(int(enc.rows[lot][at]), []).append((lot, at))
    for row, found in here.items():
        if len(found) > 1:  # of one lot alone, the survey knows exactly how many go into the cells
            _share_out(enc, row, found)


def _share_out(enc: Encoding, row: int, found: list[tuple[int, int]]) -> None:
    table = enc.ground.fleet.cells
    names = [name for name, inside in table.inside.items() if inside[row]]
    free = {name: table.free[name][row].tolist() for name in names}
    unit = {name: table.unit[name][row].tolist() for name in names}
    needs, holds = [], []
    for lot, at in found:
        need = {name: amount for name, amount in enc.ground.lots[lot].size if name in free}
        most = int(enc.most[lot][at])
        needs.append(need)
        holds.append(
            [
                min(most, *(free[n][k] // a if a <= unit[n][k] else 0 for n, a in need.items()))
                for k in range(table.width)
            ]
        )
    all_of_them = {name: sum(n.get(name, 0) * max(h) for n, h in zip(needs, holds, strict=True)) for name in names}
    for k in range(table.width):
        if all(h[k] == enc.most[lot][at] for h, (lot, at) in zip(holds, found, strict=True)) and all(
            amount <= free[name][k] for name, amount in all_of_them.items()
        ):
            return  # one cell takes all that may come
    loads: dict[tuple[str, int], Linear] = {}
    for (lot, at), need, hold in zip(found, needs, holds, strict=True):
        open_ = [k for k, most in enumerate(hold) if most]
        whole = enc.placed[lot][at]
        parts = [(open_[0], whole)] if len(open_) == 1 else [(k, enc.number(hold[k])) for k in open_]
        if len(parts) > 1:
            enc.model.add(cp_model.LinearExpr.sum([var for _, var in parts]) == whole)
        enc.inside[lot, row] = parts
        for k, var in parts:
            for name, amount in need.items():
                load = loads.setdefault((name, k), Linear())
                load.vars.append(var)
                load.coefs.append(amount)
    for (name, k), load in loads.items():
        enc.at_most(load, free[name][k])
