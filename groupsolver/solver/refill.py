"""Copies one batch after the other, by the ordinary solve, on what earlier ones leave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from groupsolver.constraints.copies import copied, copies_of
from groupsolver.model.application import Application, member_ids
from groupsolver.model.compiled import CompiledFleet
from groupsolver.model.fleet import Host
from groupsolver.model.packing import Undecided
from groupsolver.model.result import Cells, Placement, Result
from groupsolver.room import dealt, from_cell
from groupsolver.solver.run import Run
from groupsolver.solver.solve import solve
from groupsolver.together import Together

Copy = tuple[Placement, Cells]
LARGEST = 64  # copies of a batch
ANY = 1e9  # a gap at which the first placement will do
SLOWER = 1.3  # times the seconds a copy, from which a larger batch is no gain


class Stock:
    """A fleet with copies on it.

    Parameters
    ----------
    app : Application
    fleet : CompiledFleet
    together : Together
        The checker of copies on that fleet.
    """

    def __init__(self, app: Application[Any], fleet: CompiledFleet, together: Together) -> None:
        self.app, self.empty, self.together = app, fleet, together
        self.fleet = fleet.copy()
        self.copies: list[Copy] = []
        self.sizes = {id_: app.resources(members) for group in app.groups for id_, members in member_ids(group)}
        # Copies that stand are strangers to those that come where some policy looks at whoever comes near.
        self._seen = any(policy.of_all for group in app.groups for policy in group.policies if policy.hard)

    def take(self, copies: Iterable[Copy]) -> None:
        """Let copies stand."""
        changed: dict[str, Host] = {}
        for copy in copies:
            self.copies.append(copy)
            placement, cells = copy
            for id_, name in placement.items():
                host = changed.get(name) or self.fleet.index[name]
                changed[name] = _with(host, self.sizes[id_], cells.get(id_))
            if self.empty.links:
                added = Counter(self.fleet.index.reserved)
                added.update(self.together.adds(placement))
                self.fleet.reserve(added)
        for host in changed.values():
            self.fleet.update(host)

    def replace(self, copies: Iterable[Copy]) -> None:
        """Let other copies stand instead."""
        self.fleet, self.copies = self.empty.copy(), []
        self.take(copies)

    def batch(self, number: int) -> Application[Any]:
        """Give so many copies more as an application."""
        return copies_of(self.app, number, self.copies if self._seen else ())


def _with(host: Host, size: dict[str, int], cell: str | None) -> Host:
    """Give a host with one member more; its values were valid, and are not looked at again."""
    inside = dict(from_cell(host, tuple(size.items())))
    used = dict(host.used)
    for name, amount in size.items():
        if name not in inside:
            used[name] = used.get(name, 0) + amount
    if not inside:
        return host.model_copy(update={"used": used})
    cells = []
    for name, one in zip(host.cell_names(), host.cells, strict=True):
        more = {n: one.used.get(n, 0) + a for n, a in inside.items()} if name == cell else {}
        cells.append(one.model_copy(update={"used": {**one.used, **more}}))
    return host.model_copy(update={"used": used, "cells": tuple(cells)})


def refill(stock: Stock, most: int, run: Run) -> bool:
    """Place copies until there are `most`, none more fits, or time is over; say whether none more fits.

    Without moving those that stand: so that none fits proves nothing about the fleet without them.
    """
    size, slowest, pace = 1, float("inf"), LARGEST
    while len(stock.copies) < most and run.left() > 0:
        size = max(1, min(size, pace, most - len(stock.copies)))
        began = run.elapsed()
        result = solve(stock.batch(size), stock.fleet, limits=_limits(run, 0.5 if size > 1 else 1.0))
        each = (run.elapsed() - began) / size
        found = [copy for copy in split(stock, result, size) if stock.together.alone(copy[0])]
        stock.take(found)
        if found:
            if each > slowest * SLOWER:
                pace = max(1, size // 2)
            slowest = min(slowest, each)
            size *= 2
        elif size == 1:
            return result.status == "infeasible"
        else:
            size = pace = size // 2
    return False


def _limits(run: Run, share: float) -> Any:
    return replace(run.limits, seconds=max(0.05, share * run.left()), gap=ANY)


def split(stock: Stock, result: Result, number: int) -> list[Copy]:
    """Give each copy of an answer, by the members' names in the file."""
    placement = result.placement
    if placement is None:
        return []
    return [
        (
            {id_: placement[copied(id_, copy)] for id_ in stock.sizes},
            {id_: result.cells[copied(id_, copy)] for id_ in stock.sizes if copied(id_, copy) in result.cells},
        )
        for copy in range(number)
    ]


def whole(stock: Stock, number: int, run: Run) -> tuple[list[Copy], bool]:
    """Place so many copies at once, on the fleet without any; or prove that they do not fit."""
    result = solve(copies_of(stock.app, number), stock.empty, limits=_limits(run, 1.0))
    return split(stock, result, number), result.status == "infeasible"


def in_cells(stock: Stock, placements: Sequence[Placement]) -> list[Copy]:
    """Put members into the cells of their hosts; copies for which there is no way are left out."""
    hosts = stock.empty.index
    if not stock.empty.cells.width:
        return [(placement, {}) for placement in placements]
    sizes = {id_: tuple(sorted(size.items())) for id_, size in stock.sizes.items()}
    there: dict[str, list[tuple[int, str]]] = {}
    for number, placement in enumerate(placements):
        for id_, name in placement.items():
            if from_cell(hosts[name], sizes[id_]):
                there.setdefault(name, []).append((number, id_))
    dropped: set[int] = set()
    cells: list[Cells] = [{} for _ in placements]
    for name, members in there.items():
        while True:
            staying = [(number, id_) for number, id_ in members if number not in dropped]
            try:
                found = dealt(hosts[name], [(copied(id_, number), sizes[id_]) for number, id_ in staying])
            except Undecided:
                found = None
            if found is not None:
                break
            dropped.add(staying[-1][0])
        for number, id_ in staying:
            cells[number][id_] = found[copied(id_, number)]
    return [(p, cells[i]) for i, p in enumerate(placements) if i not in dropped]
