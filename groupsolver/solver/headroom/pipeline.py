"""How many more copies of a whole application fit: `headroom`, as one straight function."""

from __future__ import annotations

import math
from collections.abc import Container
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np

from groupsolver.checking.arguments import (
    require_application,
    require_callable,
    require_flags,
    require_limits,
    require_names,
    require_solver_fleet,
)
from groupsolver.checking.copies import Together
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.copies import Copy, alike
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.problem.used_amounts import require_covered
from groupsolver.constraints.protocols.exclusivity import Exclusivity
from groupsolver.constraints.rules import rules_of
from groupsolver.errors import BadInput, BrokenAnswer, Fault, require_type
from groupsolver.model.answers.headroom import Bottleneck, Headroom, MarginalHost, counted_to
from groupsolver.model.application import Application
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.fleet import Fleet
from groupsolver.model.fleet_in_use import FleetInUse, compiled_with_running
from groupsolver.model.optional_members import without_members
from groupsolver.model.result import Limits, Watch
from groupsolver.solver.budget import Budget, PartialBudget
from groupsolver.solver.headroom.bottlenecks import Disclosure, find_bottlenecks
from groupsolver.solver.headroom.bulk import (
    MAX_COPIES,
    BulkPlacement,
    most_by_one_unit,
    place_in_bulk,
)
from groupsolver.solver.headroom.demand import Demand, demand_of
from groupsolver.solver.headroom.incremental import (
    PlacedCopies,
    assign_cells,
    fitting_pools,
    improve,
    place_all,
    place_more,
)
from groupsolver.solver.headroom.marginal_hosts import marginal_hosts
from groupsolver.solver.headroom.pool_limits import most_by_pools

MAX_MEMBERS_SOLVED_AT_ONCE = 300  # members of all copies together
DESCRIBE_SHARE = 0.05  # of the time, a fraction, for what is scarce
OUT_OF_TIME = "the time limit was reached before all was said of what is scarce"
TIME_FOR_BULK = 0.6  # of the time, a fraction
# Copies that were placed in bulk are checked all together: first these, then more if time allows.
FIRST_COPIES_CHECKED = 1_000
MAX_GROWTH = 10.0
MIN_CHECK_SECONDS = 1e-3
SAFE_SHARE = 0.7  # of the time that is left, for the next check


def headroom(
    app: Application[Any],
    fleet: Fleet | CompiledFleet | FleetInUse,
    *,
    limits: Limits | None = None,
    progress: Watch | None = None,
    most: int = MAX_COPIES,
    reveal: bool = True,
    own: Container[str] | None = None,
) -> Headroom:
    """Find how many more copies of an application fit on a fleet, all at once, and bound them.

    A copy is all members of the file anew, in groups of its own; `at_least` leaves none of them
    out. Its hard policies hold among its own members, and those that name a group mean the copy's.
    Soft policies forbid nothing and are left out. Running members of the file belong to no copy:
    what they use is in use, and `exclusive` counts them, as it counts members of other copies.
    Copies share the room of hosts and cells, and the links.

    Parameters
    ----------
    app : Application
    fleet : Fleet, CompiledFleet or Cluster
    limits : Limits, optional
        Bounds on the whole call; by default 30 s, and no gap at which to stop.
    progress : callable, optional
        Called at each phase; a true answer stops the search.
    most : int, default 1,000,000
        Copies that are counted at all.
    reveal : bool, default True
        Whether the answer contains how full hosts are, how many of them there are, and what one
        more brings.
    own : container of str, optional
        The groups whose rules the answer may name; by default all.

    Returns
    -------
    Headroom

    Raises
    ------
    BadInput
        Where application and fleet do not fit each other; ``empty-application`` where it has no
        members, ``unbounded-copies`` where none of them takes anything, so that any number fits.
    BrokenAnswer, UnknownSolverStatus
        A bug of this library.
    """
    require_application(app)
    require_solver_fleet(fleet)
    require_limits(limits)
    require_callable("progress", progress)
    require_type("most", most, Integral, "a number of copies")
    require_flags(reveal=reveal)
    require_names("own", own)
    app, compiled_fleet = compiled_with_running(app, fleet)
    budget = Budget(limits or Limits(), progress)
    require_covered(app, compiled_fleet.index)
    app = without_members(app, ())  # a copy has every member
    problem = Problem(app, compiled_fleet.index)
    warnings = problem.warnings if reveal else problem.app_warnings
    most = min(most, MAX_COPIES)
    found = search(app, compiled_fleet, budget, most)
    copies = len(found.placed.copies)
    capped = found.bound >= most  # then it is not known what runs out
    if capped:
        warnings += (counted_to(most),)
    scarce: tuple[Bottleneck, ...] = ()
    unlocks: tuple[MarginalHost, ...] | None = ()
    if not capped:
        if budget.left() > 0:
            scarce = find_bottlenecks(
                found.demand, found.placed, Disclosure(reveal, own), budget.left
            )
        if reveal:
            unlocks = marginal_hosts(found.demand, found.bulk, found.bound, budget.left)
        if budget.left() <= 0:
            warnings += (OUT_OF_TIME,)
    answer = Headroom(
        copies=copies,
        bound=found.bound,
        gap=(found.bound - copies) / max(1, copies),
        scarce=scarce,
        unlocks=unlocks or (),
        warnings=warnings,
        seconds=budget.elapsed(),
    )
    budget.raise_watch_error()
    return answer


@dataclass(frozen=True)
class SearchResult:
    """The end of a search: copies that are placed and have passed the check, and the bound."""

    demand: Demand
    bulk: BulkPlacement
    placed: PlacedCopies
    bound: int


def search(
    app: Application[Any], compiled_fleet: CompiledFleet, budget: Budget, most: int = MAX_COPIES
) -> SearchResult:
    """Bound the copies; place them in bulk, and then some at a time where that leaves room.

    Parameters
    ----------
    app : Application
    compiled_fleet : CompiledFleet
    budget : Budget
    most : int
        Copies that are counted at all.
    """
    before_demand = budget.elapsed()
    together = Together(app, compiled_fleet.index)
    demand = demand_of(CompiledProblem(together.problem, compiled_fleet))
    # What is scarce is read off the demand on what the copies leave.
    seconds_to_describe = budget.elapsed() - before_demand + DESCRIBE_SHARE * budget.left()
    _validate(demand)
    placed = PlacedCopies(app, compiled_fleet, together)

    end_of_bulk = (1 - TIME_FOR_BULK) * budget.left()

    def left() -> float:
        return 0.0 if budget.report("bulk") else max(0.0, budget.left() - end_of_bulk)

    upper = min(most, most_by_one_unit(demand))
    bulk = place_in_bulk(demand, upper, left, budget.limits.gap, budget.limits.seed)
    bound = min(most, math.floor(bulk.bound))
    bound = min(bound, _most_with_domain_each(demand), most_by_pools(demand))
    budget.report("copies")
    before_check = budget.elapsed()
    placed.add(_sound_copies(placed, bulk, bound, budget))
    # They are checked again together with those that join.
    check_seconds = budget.elapsed() - before_check
    seconds = budget.left() - check_seconds - seconds_to_describe
    rest = PartialBudget(budget, seconds, budget.limits.gap, quiet=True)
    only_bulk = _close_enough(len(placed.copies), bound, rest)
    if not only_bulk:
        budget.report("refill")
        place_more(placed, bound, rest)
        bound = _solve_exactly(placed, bound, rest)
        if not _close_enough(len(placed.copies), bound, rest):
            budget.report("improve")
            improve(placed, bound, rest)
    # What was placed in bulk was checked before it was added.
    broken = None if only_bulk else next(together.broken(placed.copies), None)
    if broken is not None or len(placed.copies) > bound:
        raise BrokenAnswer(
            f"{len(placed.copies)} copies, of which no more than {bound} fit: {broken}"
        )
    return SearchResult(demand, bulk, placed, bound)


def _validate(demand: Demand) -> None:
    if not demand.units:
        message = "expected at least one group with members"
        raise BadInput([Fault("empty-application", "groups", message)])
    if not demand.size.any():
        message = "expected members that take some of a resource: of these any number fits"
        raise BadInput([Fault("unbounded-copies", "groups", message)])


def _most_with_domain_each(demand: Demand) -> int:
    """Return how many copies can have a domain of their own, where a group needs one.

    `MAX_COPIES` where no group does.
    """
    compiled = demand.compiled
    most = MAX_COPIES
    for rule in rules_of(compiled.problem).hard:
        if isinstance(rule.policy, Exclusivity) and not rule.policy.admits_project:
            below = set(compiled.member_classes_below(rule.group))
            units = [number for number, unit in enumerate(demand.units) if unit.keys() & below]
            usable = (demand.slots[units] > 0).any(axis=0)
            codes = compiled.fleet.codes(rule.policy.exclusive_level)[usable]
            # A host in no domain is not shared with anybody, whatever runs there.
            if units and (codes >= 0).all():
                most = min(most, len(np.unique(codes)))
    return most


def _close_enough(copies: int, bound: int, budget: Budget) -> bool:
    """Return whether the gap is as small as asked for, or time is over."""
    return bound - copies <= budget.limits.gap * max(1, copies) or budget.left() <= 0


def _sound_copies(
    placed: PlacedCopies, bulk: BulkPlacement, most: int, budget: Budget
) -> list[Copy]:
    """Return those of the copies placed in bulk that keep all rules, alone and together.

    As many of them as can be checked in half of the time that is left.
    """
    together = placed.together
    share = 0.5 * budget.left()
    alone_until = budget.elapsed() + 0.5 * share
    until = budget.elapsed() + share
    alone: list[Copy] = []
    for copy, number in alike(fitting_pools(placed, bulk.copies)):
        if budget.elapsed() > alone_until or len(alone) >= most:
            break
        placement, _ = copy
        if together.alone(placement):
            alone += [copy] * number
    copies = assign_cells(placed, alone[:most], lambda: until - budget.elapsed())
    checked: list[Copy] = []
    number = min(FIRST_COPIES_CHECKED, len(copies))
    while len(checked) < number:
        start = budget.elapsed()
        first = copies[:number]
        if any(together.broken(first)):
            break
        checked = first
        # The time that a check takes grows with the copies: twice as many take twice as long.
        now = budget.elapsed()
        growth = SAFE_SHARE * (until - now) / max(MIN_CHECK_SECONDS, now - start)
        number = min(len(copies), int(number * min(MAX_GROWTH, max(1.0, growth))))
    return checked


def _solve_exactly(placed: PlacedCopies, bound: int, budget: Budget) -> int:
    """Place one copy more, all copies at once, until that is proved impossible; return the bound.

    Only while there are few members.
    """
    while not _close_enough(len(placed.copies), bound, budget):
        wanted = len(placed.copies) + 1
        if wanted * len(placed.sizes) > MAX_MEMBERS_SOLVED_AT_ONCE:
            break
        copies, impossible = place_all(placed, wanted, budget)
        if impossible:
            return len(placed.copies)
        if not copies:
            break
        placed.replace(copies)
    return bound
