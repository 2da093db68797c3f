"""The cheapest fixes of different kinds, each shown to help by the ordinary solve."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from groupsolver.changes.change import Change, Kind, apply_changes
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.protocols.conflicts import depends_on_usage
from groupsolver.model.application import Application
from groupsolver.model.change_costs import Costs
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.solver.explain.add_hosts import fewest_added_hosts
from groupsolver.solver.explain.corrections import Corrections, VerifiedFix
from groupsolver.solver.explain.feasibility import FeasibilityOracle, RuleFeasibility
from groupsolver.solver.explain.free_capacity import fewest_freed_hosts
from groupsolver.solver.explain.free_pools import least_freed_in_pools
from groupsolver.solver.explain.move_members import fewest_moves
from groupsolver.solver.explain.quickxplain import MinimalConflict, find_conflict
from groupsolver.solver.explain.rules import ApplicationRules, CapacityRule, PolicyRule

APPLICATION_KINDS: tuple[Kind, ...] = ("relax", "soften", "drop", "fewer")
SINGLE_KINDS: tuple[tuple[Kind, ...], ...] = (("relax",), ("soften", "drop"))
FEWER: tuple[Kind, ...] = ("fewer",)
TIME_SHARE_PER_FLEET_CHANGE = 0.3  # of the time left, for each kind of change to the fleet
MAX_SECONDS_PER_FLEET_CHANGE = 3.0
MAX_WIDENINGS = 4  # parts of the application for which one kind of change is tried

FindChanges = Callable[[Application[Any], CompiledFleet], list[Change] | None]


def find_fixes(
    rules: ApplicationRules,
    fleet: CompiledFleet,
    oracle: FeasibilityOracle,
    costs: Costs,
    conflict: MinimalConflict,
    own: Collection[str] | None = None,
) -> Iterator[VerifiedFix]:
    """Yield fixes as they are found.

    The first is the cheapest of all changes to policies and sizes, which may be of several kinds.
    Then come the cheapest of each kind by itself. Changes to the fleet are not mixed with others.

    Parameters
    ----------
    rules : ApplicationRules
        Of an application that is impossible.
    fleet : CompiledFleet
    oracle : FeasibilityOracle
    costs : Costs
    conflict : MinimalConflict
        A conflict of these rules.
    own : collection of str, optional
        Groups whose policies may be changed, and whose running members may be moved; by default
        all.
    """
    corrections = Corrections(rules, fleet, oracle, costs, conflict, own)
    yielded: list[tuple[Change, ...]] = []

    def cheapest_of(kinds: Collection[Kind]) -> Iterator[VerifiedFix]:
        fix = corrections.cheapest(kinds) if oracle.budget.left() > 0 else None
        if fix is not None and fix.changes and fix.changes not in yielded:
            yielded.append(fix.changes)
            yield fix

    yield from cheapest_of(APPLICATION_KINDS)
    for kinds in SINGLE_KINDS:
        yield from cheapest_of(kinds)
    for cost, find_changes in _fleet_changes(oracle, costs, conflict, own):
        fix = _fleet_fix(rules, fleet, oracle, conflict, find_changes, cost)
        if fix is not None:
            yield fix
    # Last, because it may take long: where policies count on a size, its positions are tried one by
    # one.
    yield from cheapest_of(FEWER)


def _fleet_changes(
    oracle: FeasibilityOracle,
    costs: Costs,
    conflict: MinimalConflict,
    own: Collection[str] | None,
) -> Iterator[tuple[int, FindChanges]]:
    """Yield the kinds of change to the fleet that have a price, each with its price."""
    budget = oracle.budget

    def seconds() -> float:
        return min(MAX_SECONDS_PER_FLEET_CHANGE, TIME_SHARE_PER_FLEET_CHANGE * budget.left())

    if costs.add is not None:
        yield costs.add, lambda app, on: fewest_added_hosts(app, on, oracle, seconds())
    if costs.free is not None and _usage_may_matter(conflict):
        yield costs.free, lambda app, on: fewest_freed_hosts(app, on, oracle, seconds())
        yield costs.free, lambda app, on: least_freed_in_pools(app, on, oracle, seconds())
    if costs.move is not None:
        yield (
            costs.move,
            lambda app, on: fewest_moves(app, on, oracle, TIME_SHARE_PER_FLEET_CHANGE, own),
        )


def _usage_may_matter(conflict: MinimalConflict) -> bool:
    """Return whether what is used may be in the way."""
    return any(
        isinstance(atom, CapacityRule)
        or (isinstance(atom, PolicyRule) and depends_on_usage(atom.policy))
        for atom in conflict.atoms
    )


def _fleet_fix(
    rules: ApplicationRules,
    fleet: CompiledFleet,
    oracle: FeasibilityOracle,
    conflict: MinimalConflict,
    find_changes: FindChanges,
    cost: int,
) -> VerifiedFix | None:
    """Find changes to the fleet that make the whole application possible.

    The search begins with the groups of the conflict alone, because a small question is answered
    faster. Where the changes do not help the whole, the groups of what is in the way then join.
    """
    groups: frozenset[str] = frozenset()
    for _ in range(MAX_WIDENINGS):
        if oracle.budget.left() <= 0:
            return None
        groups |= _groups_of(conflict, rules)
        changes = find_changes(rules.application(rules.atoms_about(groups)), fleet)
        if not changes or oracle.budget.left() <= 0:
            return None
        app, changed_fleet = apply_changes(rules.app, fleet, changes)
        result = oracle.solve(app, changed_fleet)
        if result.placement is not None:
            quantity = sum(change.quantity for change in changes)
            return VerifiedFix(tuple(changes), quantity * cost, result)
        if result.status != "infeasible":
            return None
        remaining = ApplicationRules(Problem(app, changed_fleet.index))
        further = find_conflict(RuleFeasibility(remaining, changed_fleet, oracle))
        if further is None:
            return None
        conflict = further
    return None


def _groups_of(conflict: MinimalConflict, rules: ApplicationRules) -> frozenset[str]:
    """Return the groups with new members that a conflict is about."""
    groups: set[str] = set()
    for atom in conflict.atoms:
        if isinstance(atom, PolicyRule):
            groups |= rules.counted_groups(atom)
        elif not isinstance(atom, CapacityRule):
            groups.add(atom.group)
    return frozenset(groups)
