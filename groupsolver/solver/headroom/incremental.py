"""Copies placed by the ordinary solve, some at a time, on what earlier copies leave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from groupsolver.checking.copies import Together
from groupsolver.constraints.capacity.host_capacity import cells_for, from_cell
from groupsolver.constraints.problem.copies import Copy, alike, copied, copies_of
from groupsolver.constraints.problem.problem import Size
from groupsolver.constraints.protocols.scope import counts_all_groups
from groupsolver.model.application import Application, member_ids
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.compiled.numa_packing import Undecided
from groupsolver.model.fleet import Host
from groupsolver.model.result import Cells, Limits, Placement, Result
from groupsolver.solver.budget import Budget
from groupsolver.solver.headroom.knapsack import no_limit
from groupsolver.solver.pipeline import solve

Taken = dict[tuple[str, str | None], int]  # (resource class, cell if any) -> amount
MAX_MEMBERS_AT_ONCE = 240
FIRST_COPIES_AT_ONCE = 4
FIRST_PLACEMENT_GAP = 1e9  # a gap at which the first placement is good enough
MIN_SECONDS = 0.05  # for a solve
SHARE_TO_PACK = 0.7  # of the time for cells, a fraction; the rest lists what is on each host
SECONDS_TO_IMPROVE = 2.0  # for a try
MAX_FAILED_TRIES = 8  # tries to improve that fail in a row


class PlacedCopies:
    """A fleet with copies on it.

    Parameters
    ----------
    app : Application
    fleet : CompiledFleet
        Without the copies.
    together : Together
        The checker of copies on that fleet.

    Attributes
    ----------
    fleet : CompiledFleet
        With the copies.
    copies : list of (Placement, Cells)
    sizes : dict of str to dict of str to int
        What each member of a copy takes.
    """

    def __init__(self, app: Application[Any], fleet: CompiledFleet, together: Together) -> None:
        self.app = app
        self.empty = fleet
        self.together = together
        self.fleet = fleet.copy()
        self.copies: list[Copy] = []
        self.sizes = {
            id_: app.resources(members)
            for group in app.groups
            for id_, members in member_ids(group)
        }
        # Some policies count members of any group: further copies must then see those placed.
        self._seen_by_others = any(
            counts_all_groups(policy)
            for group in app.groups
            for policy in group.policies
            if policy.hard
        )

    def add(self, copies: Iterable[Copy]) -> None:
        """Put copies on the fleet."""
        taken: dict[str, Taken] = {}
        added = list(copies)
        self.copies += added
        reserved = Counter(self.fleet.index.reserved)
        for (placement, cells), number in alike(added):
            for id_, host in placement.items():
                on_host = taken.setdefault(host, {})
                cell = cells.get(id_)
                for resource, amount in self.sizes[id_].items():
                    before = on_host.get((resource, cell), 0)
                    on_host[resource, cell] = before + number * amount
            if self.empty.links:
                for domain, mbps in self.together.adds(placement).items():
                    reserved[domain] += number * mbps
        if self.empty.links:
            self.fleet.reserve(reserved)
        for host, on_host in taken.items():
            self.fleet.put(_with_taken(self.fleet.index[host], on_host))
        from_pools: Counter[tuple[str, str]] = Counter()
        for (placement, _), number in alike(added):
            for key, amount in self.from_pools(placement).items():
                from_pools[key] += number * amount
        self.fleet.replace_pools(self.fleet.index.pools.with_more_used(from_pools))

    def from_pools(self, placement: Placement) -> Counter[tuple[str, str]]:
        """Return what a copy takes from pools, by pool and resource class."""
        index = self.empty.index
        taken: Counter[tuple[str, str]] = Counter()
        if not index.pools:
            return taken
        for id_, host in placement.items():
            for share in index.pools.shares(index[host], self.sizes[id_].items()):
                taken[share.pool, share.resource] += share.amount
        return taken

    def replace(self, copies: Iterable[Copy]) -> None:
        """Put other copies on the fleet instead of the present ones."""
        self.fleet = self.empty.copy()
        self.copies = []
        self.add(copies)

    def application(self, number: int) -> Application[Any]:
        """Return further copies as an application."""
        return copies_of(self.app, number, self.copies if self._seen_by_others else ())


def fitting_pools(placed: PlacedCopies, copies: Sequence[Copy]) -> list[Copy]:
    """Return the copies, from the first on, that the pools have enough for; others are left out."""
    pools = placed.fleet.index.pools
    if not pools:
        return list(copies)
    left: dict[tuple[str, str], int] = {}
    kept: list[Copy] = []
    for copy, number in alike(copies):
        taken = placed.from_pools(copy[0])
        for name, resource in taken:
            left.setdefault((name, resource), pools[name].free(resource))
        fits = min([number, *(left[key] // amount for key, amount in taken.items())])
        for key, amount in taken.items():
            left[key] -= fits * amount
        kept += [copy] * fits
    return kept


def _with_taken(host: Host, taken: Mapping[tuple[str, str | None], int]) -> Host:
    """Return a host of which more is used."""
    used = dict(host.used)
    in_cells = host.used_in_cells()
    of_cells = host.cell_classes()
    for (resource, cell), amount in taken.items():
        part = in_cells[cell] if cell is not None and resource in of_cells else used
        part[resource] = part.get(resource, 0) + amount
    return host.with_used(used, in_cells)


def place_more(placed: PlacedCopies, most: int, budget: Budget) -> bool:
    """Place copies until there are `most`, no more fit, or time is over.

    The copies that are placed do not move. So where no more fit, that proves nothing about the
    fleet without them.

    Returns
    -------
    bool
        Whether no more fit.
    """
    largest = max(1, MAX_MEMBERS_AT_ONCE // len(placed.sizes))
    size = min(largest, FIRST_COPIES_AT_ONCE)
    while len(placed.copies) < most and budget.left() > 0:
        size = min(size, most - len(placed.copies))
        seconds = 0.5 * budget.left() if size > 1 else budget.left()
        result = _solve(placed.application(size), placed.fleet, budget, seconds)
        copies = _copies_in(placed, result, size)
        placed.add(copies)
        if copies:
            size = min(largest, 2 * size)
        elif size == 1:
            return result.status == "infeasible"
        else:
            size = size // 2
            largest = size
    return False


def improve(placed: PlacedCopies, most: int, budget: Budget) -> None:
    """Take some copies away and place one more than these; again, until there are `most`.

    It ends when several tries in a row failed.

    Source: large neighbourhood search, Shaw (1998), doi:10.1007/3-540-49481-2_30.
    """
    random = np.random.default_rng(budget.limits.seed)
    failed = 0
    number = max(1, MAX_MEMBERS_AT_ONCE // len(placed.sizes))
    while len(placed.copies) < most and failed < MAX_FAILED_TRIES and budget.left() > 0:
        before = list(placed.copies)
        chosen = random.choice(len(before), min(number, len(before)), replace=False)
        removed = set(chosen.tolist())
        placed.replace(copy for at, copy in enumerate(before) if at not in removed)
        wanted = len(removed) + 1
        seconds = min(SECONDS_TO_IMPROVE, budget.left())
        result = _solve(placed.application(wanted), placed.fleet, budget, seconds)
        copies = _copies_in(placed, result, wanted)
        placed.add(copies or [before[at] for at in sorted(removed)])
        failed = 0 if copies else failed + 1


def place_all(placed: PlacedCopies, number: int, budget: Budget) -> tuple[list[Copy], bool]:
    """Place a number of copies at once, on the fleet without any.

    Returns
    -------
    list of (Placement, Cells)
        The copies; none where none were found.
    bool
        Whether it is proved that they do not fit.
    """
    result = _solve(copies_of(placed.app, number), placed.empty, budget, budget.left())
    return _copies_in(placed, result, number), result.status == "infeasible"


def _solve(app: Application[Any], fleet: CompiledFleet, budget: Budget, seconds: float) -> Result:
    """Place an application anywhere.

    Whoever watches the run may stop it, and is not told of single placements.
    """
    limits: Limits = replace(
        budget.limits, seconds=max(MIN_SECONDS, seconds), gap=FIRST_PLACEMENT_GAP
    )
    return solve(
        app, fleet, limits=limits, progress=lambda _: budget.report("refill"), explain=False
    )


def _copies_in(placed: PlacedCopies, result: Result, number: int) -> list[Copy]:
    """Return each copy of an answer, by the members' names in the file."""
    if result.placement is None:
        return []
    copies: list[Copy] = []
    for copy in range(number):
        placement: Placement = {}
        cells: Cells = {}
        for id_ in placed.sizes:
            member = copied(id_, copy)
            placement[id_] = result.placement[member]
            if member in result.cells:
                cells[id_] = result.cells[member]
        copies.append((placement, cells))
    return copies


def assign_cells(
    placed: PlacedCopies, copies: Sequence[Copy], left: Callable[[], float] = no_limit
) -> list[Copy]:
    """Put members into the cells of their hosts; leave out copies for which there is no way.

    Parameters
    ----------
    placed : PlacedCopies
    copies : sequence of Copy
        Without cells.
    left : callable
        Returns the seconds that are left. Copies with members whose cells are not found in time
        are left out.
    """
    hosts = placed.empty.index
    if not placed.empty.cells.width:
        return list(copies)
    sizes = {id_: tuple(sorted(size.items())) for id_, size in placed.sizes.items()}
    in_cells_of: dict[str, list[tuple[int, str]]] = {}
    dropped: set[int] = set()
    seconds_to_pack = SHARE_TO_PACK * left()
    for number, (placement, _) in enumerate(copies):
        if left() <= 0 or left() < seconds_to_pack:
            copies = copies[:number]
            break
        for id_, host in placement.items():
            if from_cell(hosts[host], sizes[id_]):
                in_cells_of.setdefault(host, []).append((number, id_))
    cells: list[Cells] = [{} for _ in copies]
    for host, members in in_cells_of.items():
        candidates = [(number, id_) for number, id_ in members if number not in dropped]
        cell_of = _most_in_cells(hosts[host], candidates, sizes, left)
        for number, id_ in candidates:
            cell = cell_of.get(copied(id_, number))
            if cell is None:
                dropped.add(number)
            else:
                cells[number][id_] = cell
    return [
        (placement, cells[number])
        for number, (placement, _) in enumerate(copies)
        if number not in dropped
    ]


def _most_in_cells(
    host: Host,
    members: list[tuple[int, str]],
    sizes: Mapping[str, Size],
    left: Callable[[], float],
) -> Cells:
    """Return a cell for each member of the first copies, of as many as the cells of a host hold.

    Parameters
    ----------
    host : Host
    members : list of (int, str)
        Copy and member, in the order of copies.
    sizes : mapping of str to Size
    left : callable
        Returns the seconds that are left.
    """
    named = [(copied(id_, number), sizes[id_]) for number, id_ in members]
    # How many members the first copies have here: none, those of the first, of the first two ...
    ends = [0]
    for at, (number, _) in enumerate(members, 1):
        if at == len(members) or members[at][0] != number:
            ends.append(at)
    best: Cells = {}
    fits = 0
    tried = len(ends) - 1
    too_many = len(ends)
    while tried > fits and left() > 0:
        try:
            found = cells_for(host, named[: ends[tried]])
        except Undecided:
            found = None
        if found is None:
            too_many = tried
        else:
            best = found
            fits = tried
        # All, and then by halves.
        tried = (fits + too_many) // 2
    return best
