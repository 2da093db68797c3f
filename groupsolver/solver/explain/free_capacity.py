"""A fix on the fleet: the fewest hosts on which capacity must be freed, and how much."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from groupsolver.changes.change import Change, apply_changes
from groupsolver.changes.fleet import CapacityFreed
from groupsolver.constraints.eligibility import open_hosts, suited
from groupsolver.constraints.problem.compiled_problem import CompiledProblem, used_by
from groupsolver.constraints.problem.problem import EVERYONE, Problem, Size
from groupsolver.constraints.protocols.exclusivity import Exclusivity
from groupsolver.constraints.rules import rules_of
from groupsolver.model.application import Application
from groupsolver.model.compiled.arrays import Ints
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.fleet import Host
from groupsolver.model.numa_cell import Cell
from groupsolver.model.result import Result
from groupsolver.solver.explain.capacity_model import (
    EnlargedFleet,
    Load,
    Loads,
    fewest_hosts,
    load_of,
)
from groupsolver.solver.explain.feasibility import FeasibilityOracle
from groupsolver.solver.presolve.host_reduction import hosts_touched

InCells = tuple[tuple[str, tuple[tuple[str, int], ...]], ...]  # amounts by cell

MAX_HOSTS = 1000  # on which capacity may be freed; of more, the nearest of each place


def fewest_freed_hosts(
    app: Application[Any], fleet: CompiledFleet, oracle: FeasibilityOracle, seconds: float
) -> list[Change] | None:
    """Return the fewest hosts on which capacity must be freed, and how much.

    Returns
    -------
    list of Change, or None
        None if freeing capacity is not enough, or the minimum was not proved in time.
    """
    compiled = CompiledProblem(Problem(app, fleet.index), fleet)
    rows = _with_neighbours(_nearest(compiled), compiled)
    rank = np.arange(len(rows), dtype=np.int64)
    enlarged = EnlargedFleet(_with_rows_freed(fleet, rows), rows, fleet, rank)
    amounts = _Amounts(app, compiled, oracle)
    found = fewest_hosts(app, enlarged, oracle.budget, seconds, amounts.help)
    return None if found is None else amounts.changes


class _Amounts:
    """What is freed on hosts: as little as is enough, or all.

    Parameters
    ----------
    app : Application
    compiled : CompiledProblem
        On the fleet as it is.
    oracle : FeasibilityOracle

    Attributes
    ----------
    changes : list of Change
        The last that helped.
    """

    def __init__(
        self, app: Application[Any], compiled: CompiledProblem, oracle: FeasibilityOracle
    ) -> None:
        self._app = app
        self._compiled = compiled
        self._oracle = oracle
        self.changes: list[Change] = []

    def help(self, loads: Loads) -> bool | None:
        """Return whether it helps to free capacity on some hosts; None if it was not decided."""
        least = self._changes(loads)
        if least is not None and self._try(least).placement is not None:
            self.changes = least
            return True
        everything: list[Change] = []
        for row in loads:
            everything += self._all_of(row)
        result = self._try(everything)
        if result.placement is None:
            return False if result.status == "infeasible" else None
        self.changes = everything
        # Less may be enough: what the members take there now, and after each loss.
        less = self._changes(self._taken(result, loads))
        if less is not None and self._try(less).placement is not None:
            self.changes = less
        return True

    def _try(self, changes: list[Change]) -> Result:
        _, changed = apply_changes(self._app, self._compiled.fleet, changes)
        return self._oracle.solve(self._app, changed)

    def _changes(self, loads: Loads) -> list[Change] | None:
        """Return the changes by which loads fit; None where a cell cannot hold them."""
        fleet = self._compiled.fleet
        changes: list[Change] = []
        for row, load in loads.items():
            if load.alone:
                changes += self._all_of(row)
                continue
            host = fleet.index[fleet.names[row]]
            in_cells = _shortage_in_cells(host, load)
            if in_cells is None:
                return None
            shortage = _shortage(host, load.total)
            if shortage or in_cells:
                changes.append(CapacityFreed(host, shortage, in_cells))
        return changes

    def _all_of(self, row: int) -> list[Change]:
        """Return that all is freed on a host that is used by no running member of the groups."""
        host = self._compiled.fleet.index[self._compiled.fleet.names[row]]
        own = used_by(self._compiled.problem, EVERYONE).get(host.name, {})
        amounts: list[tuple[str, int]] = []
        in_cells: list[tuple[str, tuple[tuple[str, int], ...]]] = []
        for name, amount in host.used.items():
            freed = amount - own.get(name, 0)
            if freed > 0:
                amounts.append((name, freed))
        for name, cell in zip(host.cell_names(), host.cells, strict=True):
            of_cell = tuple((c, n) for c, n in cell.used.items() if n > 0 and not own.get(c, 0))
            if of_cell:
                in_cells.append((name, of_cell))
        if not amounts and not in_cells:
            return []
        return [CapacityFreed(host, tuple(amounts), tuple(in_cells))]

    def _taken(self, result: Result, loads: Loads) -> Loads:
        """Return what members take of some hosts in a placement, or after a loss, at most."""
        size_of = {member.id: member.size for member in self._compiled.problem.new_members}
        size_of |= {
            there.id: tuple(sorted(there.resources.items()))
            for there in self._compiled.problem.running_members
        }
        fleet = self._compiled.fleet
        placement = result.placement or {}
        most: dict[int, dict[Size, int]] = {row: {} for row in loads}
        for after in ({}, *(result.witness or {}).values()):
            now: dict[int, Counter[Size]] = {row: Counter() for row in loads}
            for id_, host in {**placement, **after}.items():
                row = fleet.rows[host]
                if row in now and id_ in size_of:
                    now[row][size_of[id_]] += 1
            for row, sizes in now.items():
                for size, number in sizes.items():
                    most[row][size] = max(most[row].get(size, 0), number)
        return {row: load_of(most[row], load.alone) for row, load in loads.items()}


def _with_neighbours(rows: Ints, compiled: CompiledProblem) -> Ints:
    """Return hosts, and those in use that share a domain with them which a group wants alone."""
    found = set(rows.tolist())
    for rule in rules_of(compiled.problem).hard:
        if not isinstance(rule.policy, Exclusivity):
            continue
        codes = compiled.fleet.codes(rule.policy.exclusive_level)
        usable = np.isin(codes, codes[rows]) & (codes >= 0)
        found.update(np.flatnonzero(usable & compiled.fleet.busy).tolist())
    neighbours = sorted(found.difference(rows.tolist()))
    return np.concatenate([rows, np.array(neighbours, dtype=np.int64)])


def _with_rows_freed(fleet: CompiledFleet, rows: Ints) -> CompiledFleet:
    """Return a copy of a fleet where nothing is used on some hosts."""
    enlarged = fleet.copy()
    enlarged.cost[:] = 0
    for row in rows.tolist():
        host = enlarged.index[enlarged.names[row]]
        enlarged.put(host.emptied().model_copy(update={"cost": 1}))
    return enlarged


def _shortage(host: Host, load: dict[str, int]) -> tuple[tuple[str, int], ...]:
    """Return what a load needs beyond what is free on a host, by resource class."""
    shortage = []
    for name, inventory in host.inventory.items():
        free = inventory.capacity - host.used.get(name, 0)
        missing = load.get(name, 0) - free
        if missing > 0:
            shortage.append((name, missing))
    return tuple(shortage)


def _shortage_in_cells(host: Host, load: Load) -> InCells | None:
    """Return what a load needs beyond what is free in a host's cells, by cell and resource class.

    Each member, the largest first, goes into the cell in which least has to be freed for it, as a
    share of what the cell has. None: so there is no way.
    """
    inside = host.cell_classes()
    cells = dict(zip(host.cell_names(), host.cells, strict=True))
    # What runs in an unknown cell counts against each.
    used = {
        name: {c: cell.used.get(c, 0) + host.used.get(c, 0) for c in cell.inventory}
        for name, cell in cells.items()
    }
    sizes = [
        {c: n for c, n in size if c in inside}
        for number, size in load.members
        for _ in range(number)
    ]
    taken: dict[str, dict[str, int]] = {name: {} for name in cells}
    for size in sorted(sizes, key=lambda size: -sum(size.values())):
        if not size:
            continue
        costs = {name: _cost(cells[name], used[name], taken[name], size) for name in cells}
        possible = {name: cost for name, cost in costs.items() if cost is not None}
        if not possible:
            return None
        best = min(possible, key=lambda name: possible[name])
        for c, n in size.items():
            taken[best][c] = taken[best].get(c, 0) + n
    freed = []
    for name, amounts in taken.items():
        inventory = cells[name].inventory
        missing = {c: n + used[name][c] - inventory[c].capacity for c, n in amounts.items()}
        short = tuple((c, n) for c, n in missing.items() if n > 0)
        if short:
            freed.append((name, short))
    return tuple(freed)


def _cost(
    cell: Cell, used: dict[str, int], taken: dict[str, int], size: dict[str, int]
) -> float | None:
    """Return what has to be freed in a cell for one more member, as shares; None: it cannot go."""
    cost = 0.0
    for name, amount in size.items():
        inventory = cell.inventory.get(name)
        after = taken.get(name, 0) + amount
        if inventory is None or after > inventory.capacity:
            return None
        if amount > (inventory.max_unit or amount):
            return None
        free = inventory.capacity - used[name] - taken.get(name, 0)
        cost += max(0, amount - max(0, free)) / inventory.capacity
    return cost


def _nearest(compiled: CompiledProblem) -> Ints:
    """Return hosts that could take members if more were free there, the nearest first.

    Of more than `MAX_HOSTS`, each place keeps as many as the new members can touch.
    """
    fleet = compiled.fleet
    shortage = _relative_shortage(compiled)
    rows = np.flatnonzero(np.isfinite(shortage))
    rows = rows[np.argsort(shortage[rows], kind="stable")]
    if len(rows) <= MAX_HOSTS:
        return rows
    levels = {rule.policy.at for rule in rules_of(compiled.problem).all}
    codes = [fleet.codes(level)[rows].tolist() for level in fleet.levels if level in levels]
    touched = hosts_touched(compiled)
    seen: dict[tuple[int, ...], int] = {}
    kept = []
    for row, *domains in zip(rows.tolist(), *codes, strict=True):
        place = tuple(domains)
        seen[place] = seen.get(place, 0) + 1
        if seen[place] <= touched:
            kept.append(row)
    return np.array(kept[:MAX_HOSTS], dtype=np.int64)


def _relative_shortage(compiled: CompiledProblem) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return how far each host is from taking a member, (H,) float64.

    It is the least over the member classes, and infinite where freeing capacity does not help::

        sum over resource classes of max(0, need - free) / capacity
    """
    fleet = compiled.fleet
    shortage = np.full(fleet.row_count, np.inf)
    for member_class in compiled.member_classes:
        class_shortage = np.zeros(fleet.row_count)
        possible = fleet.enabled & suited(compiled, member_class.group)
        possible &= open_hosts(compiled, member_class.group)
        for name, amount in member_class.size:
            # What is free of a pool stays so: hosts are freed, pools are not.
            capacity = fleet.pools.instead(name, fleet.capacity(name), fleet.pools.free)
            possible &= capacity >= amount
            if amount:
                possible &= fleet.admits(name, amount)  # freeing changes no limit of one member
            missing = np.maximum(0, amount - fleet.free(name))
            class_shortage += missing / np.maximum(1, capacity)
        shortage = np.minimum(shortage, np.where(possible, class_shortage, np.inf))
    return shortage
