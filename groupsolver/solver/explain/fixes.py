"""The cheapest fixes, different in kind, each shown to help by the ordinary solve."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from groupsolver.changes.change import Change, Kind, changed
from groupsolver.constraints.problem.problem import Problem
from groupsolver.model.application import Application
from groupsolver.model.change_costs import Costs
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.solver.explain.add_hosts import added
from groupsolver.solver.explain.corrections import Corrections, Remedy
from groupsolver.solver.explain.feasibility import Asked, Oracle
from groupsolver.solver.explain.free_capacity import freed
from groupsolver.solver.explain.move_members import moved
from groupsolver.solver.explain.quickxplain import MinimalConflict, find
from groupsolver.solver.explain.rules import Atomized, CapacityRule, PolicyRule

ASKED: tuple[Kind, ...] = ("relax", "soften", "drop", "fewer")
PURE: tuple[tuple[Kind, ...], ...] = (("relax",), ("soften", "drop"))
TIME_SHARE_PER_FLEET_CHANGE = 0.3  # of the time left, for each kind of change to the fleet
SECONDS = 3.0  # and at most so many
WIDER = 4  # parts of the batch that are tried

Way = Callable[[Application[Any], CompiledFleet], list[Change] | None]


def remedies(
    atomized: Atomized,
    fleet: CompiledFleet,
    oracle: Oracle,
    costs: Costs,
    found: MinimalConflict,
    own: Collection[str] | None = None,
) -> Iterator[Remedy]:
    """Give fixes as they are found: the cheapest of changes to what is asked for, then the cheapest of each kind.

    Changes to the fleet are not mixed with others. `own`: the groups whose policies may be changed and whose
    running members may be moved; by default all.
    """
    asked, run = Corrections(atomized, fleet, oracle, costs, found, own), oracle.budget
    told: list[tuple[Change, ...]] = []

    def of_kinds(*some: tuple[Kind, ...]) -> Iterator[Remedy]:
        for kinds in some:
            remedy = asked.cheapest(kinds)
            if remedy is not None and remedy.changes and remedy.changes not in told:
                told.append(remedy.changes)
                yield remedy

    yield from of_kinds(ASKED, *PURE)

    def seconds() -> float:
        return min(SECONDS, TIME_SHARE_PER_FLEET_CHANGE * run.left())

    ways: list[tuple[int | None, Way]] = [
        (costs.add, lambda app, on: added(app, on, run, seconds()))
    ]
    if _filled(found, fleet):
        ways.append((costs.free, lambda app, on: freed(app, on, run, seconds())))
    ways.append(
        (costs.move, lambda app, on: moved(app, on, oracle, TIME_SHARE_PER_FLEET_CHANGE, own))
    )
    for cost, way in ways:
        if cost is not None and (remedy := _of_fleet(atomized, fleet, oracle, found, way, cost)):
            yield remedy
    yield from of_kinds(
        ("fewer",)
    )  # last: where other rules count on a size, one is tried after the other


def _filled(found: MinimalConflict, fleet: CompiledFleet) -> bool:
    """Whether what is used may stand in the way."""
    return any(isinstance(atom, CapacityRule) for atom in found.atoms) or bool(
        (fleet.enabled & ~fleet.ready).any()
    )


def _of_fleet(
    atomized: Atomized,
    fleet: CompiledFleet,
    oracle: Oracle,
    found: MinimalConflict,
    way: Way,
    cost: int,
) -> Remedy | None:
    """Find changes to the fleet that help a conflict's groups, and show that they help all; or take more groups."""
    groups: frozenset[str] = frozenset()
    for _ in range(WIDER):
        for atom in found.atoms:
            if isinstance(atom, PolicyRule):
                groups |= atomized.counted(atom)
            elif not isinstance(atom, CapacityRule):
                groups |= {atom.group}
        changes = way(atomized.application(atomized.about(groups)), fleet)
        if not changes or oracle.budget.left() <= 0:
            return None
        app, better = changed(atomized.app, fleet, changes)
        result = oracle.ask(app, better)
        if result.placement is not None:
            number = sum(len(getattr(change, "hosts", (change,))) for change in changes)
            return Remedy(tuple(changes), number * cost, result)
        left = Atomized(Problem(app, better.index))
        more = find(Asked(left, better, oracle)) if result.status == "infeasible" else None
        if more is None:
            return None
        found = more
    return None
