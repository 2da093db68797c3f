"""Copies one batch after the other, by the ordinary solve, on what earlier ones leave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from groupsolver.checking.copies import Together
from groupsolver.constraints.capacity.host_capacity import cells_for, from_cell
from groupsolver.constraints.problem.copies import copied, copies_of
from groupsolver.constraints.protocols.scope import counts_all_groups
from groupsolver.model.application import Application, member_ids
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.compiled.numa_packing import Undecided
from groupsolver.model.fleet import Host
from groupsolver.model.result import Cells, Limits, Placement, Result
from groupsolver.solver.budget import Budget
from groupsolver.solver.pipeline import solve

Copy = tuple[Placement, Cells]
LARGEST = 240  # members of a batch
FIRST_PLACEMENT_GAP = 1e9  # a gap at which the first placement will do
TRY = 2.0  # seconds for a try to improve
VAIN = 8  # such tries in vain, one after the other, that are enough


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
        self.sizes = {
            id_: app.resources(members)
            for group in app.groups
            for id_, members in member_ids(group)
        }
        # Copies that stand are strangers to those that come where some policy looks at whoever comes near.
        self._seen = any(
            counts_all_groups(policy)
            for group in app.groups
            for policy in group.policies
            if policy.hard
        )

    def take(self, copies: Iterable[Copy]) -> None:
        """Let copies stand."""
        taken: dict[
            str, dict[tuple[str, str | None], int]
        ] = {}  # by host: of each class, and of each in which cell
        for copy in copies:
            self.copies.append(copy)
            placement, cells = copy
            for id_, name in placement.items():
                here, cell = taken.setdefault(name, {}), cells.get(id_)
                for key, amount in self.sizes[id_].items():
                    here[key, cell] = here.get((key, cell), 0) + amount
            if self.empty.links:
                added = Counter(self.fleet.index.reserved)
                added.update(self.together.adds(placement))
                self.fleet.reserve(added)
        for name, here in taken.items():
            self.fleet.update(_with(self.fleet.index[name], here))

    def replace(self, copies: Iterable[Copy]) -> None:
        """Let other copies stand instead."""
        self.fleet, self.copies = self.empty.copy(), []
        self.take(copies)

    def application(self, number: int) -> Application[Any]:
        """Give so many copies more as an application."""
        return copies_of(self.app, number, self.copies if self._seen else ())


def _with(host: Host, taken: Mapping[tuple[str, str | None], int]) -> Host:
    """Give a host of which more is used; its values were valid, and are not looked at again."""
    used, in_cells = dict(host.used), host.used_in_cells()
    inside = host.cell_classes()
    for (name, cell), amount in taken.items():
        into = in_cells[cell] if cell is not None and name in inside else used
        into[name] = into.get(name, 0) + amount
    return host.with_used(used, in_cells)


def refill(stock: Stock, most: int, budget: Budget) -> bool:
    """Place copies until there are `most`, none more fits, or time is over; say whether none more fits.

    Without moving those that stand: so that none fits proves nothing about the fleet without them.
    """
    largest = max(1, LARGEST // len(stock.sizes))
    size = min(largest, 4)
    while len(stock.copies) < most and budget.left() > 0:
        size = min(size, most - len(stock.copies))
        result = _solve(
            stock.application(size),
            stock.fleet,
            budget,
            0.5 * budget.left() if size > 1 else budget.left(),
        )
        found = split(stock, result, size)
        stock.take(found)
        if not found and size == 1:
            return result.status == "infeasible"
        size = min(largest, 2 * size) if found else size // 2
        largest = size if not found else largest
    return False


def improve(stock: Stock, most: int, budget: Budget) -> None:
    """Take some copies up and place one more than these, until there are `most`, or it was tried in vain.

    Source: large neighbourhood search, Shaw (1998), doi:10.1007/3-540-49481-2_30.
    """
    random, vain = np.random.default_rng(budget.limits.seed), 0
    number = max(1, LARGEST // len(stock.sizes))
    while len(stock.copies) < most and vain < VAIN and budget.left() > 0:
        before = list(stock.copies)
        up = set(random.choice(len(before), min(number, len(before)), replace=False).tolist())
        stock.replace(copy for at, copy in enumerate(before) if at not in up)
        result = _solve(
            stock.application(len(up) + 1), stock.fleet, budget, min(TRY, budget.left())
        )
        found = split(stock, result, len(up) + 1)
        stock.take(found or [before[at] for at in sorted(up)])
        vain = 0 if found else vain + 1


def _limits(budget: Budget, seconds: float) -> Limits:
    return replace(budget.limits, seconds=max(0.05, seconds), gap=FIRST_PLACEMENT_GAP)


def _solve(app: Application[Any], fleet: CompiledFleet, budget: Budget, seconds: float) -> Result:
    """Place anywhere; whoever watches the run may stop it, and hears nothing of single placements."""
    return solve(
        app, fleet, limits=_limits(budget, seconds), progress=lambda _: budget.report("refill")
    )


def split(stock: Stock, result: Result, number: int) -> list[Copy]:
    """Give each copy of an answer, by the members' names in the file."""
    placement = result.placement
    if placement is None:
        return []
    return [
        (
            {id_: placement[copied(id_, copy)] for id_ in stock.sizes},
            {
                id_: result.cells[copied(id_, copy)]
                for id_ in stock.sizes
                if copied(id_, copy) in result.cells
            },
        )
        for copy in range(number)
    ]


def whole(stock: Stock, number: int, budget: Budget) -> tuple[list[Copy], bool]:
    """Place so many copies at once, on the fleet without any; or prove that they do not fit."""
    result = _solve(copies_of(stock.app, number), stock.empty, budget, budget.left())
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
                found = cells_for(
                    hosts[name], [(copied(id_, number), sizes[id_]) for number, id_ in staying]
                )
            except Undecided:
                found = None
            if found is not None:
                break
            dropped.add(staying[-1][0])
        for number, id_ in staying:
            cells[number][id_] = found[copied(id_, number)]
    return [(p, cells[i]) for i, p in enumerate(placements) if i not in dropped]
