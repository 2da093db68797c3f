"""How many more copies of a whole application fit: `headroom`, in one straight function."""

from __future__ import annotations

import math
from collections.abc import Container
from dataclasses import dataclass
from typing import Any

import numpy as np

from groupsolver.checking.copies import Together
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.protocols.exclusivity import Exclusivity
from groupsolver.constraints.rules import rules_of
from groupsolver.errors import BadInput, BrokenAnswer, Fault
from groupsolver.model.application import Application
from groupsolver.model.compiled.compiled_fleet import CompiledFleet, compile_fleet
from groupsolver.model.fleet import Fleet
from groupsolver.model.headroom import Headroom, counted_to
from groupsolver.model.result import Limits, Watch
from groupsolver.solver.budget import Budget
from groupsolver.solver.headroom.bottlenecks import Discretion, scarce
from groupsolver.solver.headroom.bulk import MAX_COPIES, Bulk, at_most, bulk
from groupsolver.solver.headroom.demand import Demand, demand_of
from groupsolver.solver.headroom.incremental import Stock, improve, in_cells, refill, whole
from groupsolver.solver.headroom.marginal_hosts import unlocks

SMALL = 300  # members of all copies together that are still solved at once
SHARE = 0.6  # of the time, for what is placed in bulk


def headroom(
    app: Application[Any],
    fleet: Fleet | CompiledFleet,
    *,
    limits: Limits | None = None,
    progress: Watch | None = None,
    most: int = MAX_COPIES,
    reveal: bool = True,
    own: Container[str] | None = None,
) -> Headroom:
    """Find how many more copies of an application fit on a fleet, all at once, and prove how many do not.

    A copy is all members of the file anew, in groups of its own: its hard policies hold among its own
    members, and those that name a group speak of the copy's. Soft policies forbid nothing and are left out.
    Running members of the file are of no copy: what they use is used, and `exclusive` sees them, as it
    sees members of other copies. Copies share the room of hosts and cells, and the links.

    Parameters
    ----------
    app : Application
    fleet : Fleet or CompiledFleet
    limits : Limits, optional
        Bounds on the whole call; by default 30 s, and no gap at which to stop. The check of what was
        placed comes on top.
    progress : callable, optional
        Told of each phase; a true answer stops the search.
    most : int, default 1,000,000
        Copies that are counted at all.
    reveal : bool, default True
        Whether to say how full hosts are, how many of them there are, and what one more brings.
    own : container of str, optional
        The groups whose rules may be told; by default all.

    Returns
    -------
    Headroom

    Raises
    ------
    BadInput
        Where application and fleet do not fit each other; ``empty-application`` where it has no members,
        ``weightless-copies`` where none of them takes anything, so that there is no end.
    BrokenAnswer, UnknownSolverStatus
        A bug of this library.
    """
    compiled_fleet = fleet if isinstance(fleet, CompiledFleet) else compile_fleet(fleet)
    budget = Budget(limits or Limits(), progress)
    warnings = Problem(app, compiled_fleet.index).warnings
    most = min(most, MAX_COPIES)
    found = search(app, compiled_fleet, budget, most)
    copies = len(found.stock.copies)
    capped = found.bound >= most  # then it is not known what runs out
    if capped:
        warnings += (counted_to(most),)
    answer = Headroom(
        copies=copies,
        bound=found.bound,
        gap=(found.bound - copies) / max(1, copies),
        scarce=() if capped else scarce(found.demand, found.stock, Discretion(reveal, own)),
        unlocks=unlocks(found.demand, found.bulk, found.bound) if reveal and not capped else (),
        warnings=warnings,
        seconds=budget.elapsed(),
    )
    budget.raise_watch_error()
    return answer


@dataclass(frozen=True)
class BulkResult:
    """What a search ended with: copies that stand and have passed the check, and what is proved."""

    demand: Demand
    bulk: Bulk
    stock: Stock
    bound: int


def search(
    app: Application[Any], compiled_fleet: CompiledFleet, budget: Budget, most: int = MAX_COPIES
) -> BulkResult:
    """Bound the copies, place them in bulk, and one batch after the other where that leaves room; `most` at most."""
    together = Together(app, compiled_fleet.index)
    demand = demand_of(CompiledProblem(together.problem, compiled_fleet))
    _sound(demand)
    stock = Stock(app, compiled_fleet, together)

    def left() -> float:
        return 0.0 if budget.report("bulk") else SHARE * budget.left()

    found = bulk(demand, min(most, at_most(demand)), left, budget.limits.gap, budget.limits.seed)
    bound = min(most, math.floor(found.bound), _apart(demand))
    budget.report("copies")
    stock.take(_standing(stock, found, bound))
    in_bulk, bulked = stock.copies, len(stock.copies)
    if not _close(len(stock.copies), bound, budget):
        budget.report("refill")
        refill(stock, bound, budget)
        bound = _exactly(stock, bound, budget)
        if not _close(len(stock.copies), bound, budget):
            budget.report("improve")
            improve(stock, bound, budget)
    # What was placed in bulk was checked when it was taken.
    broken = (
        None
        if stock.copies is in_bulk and len(in_bulk) == bulked
        else next(together.broken(stock.copies), None)
    )
    if broken is not None or len(stock.copies) > bound:
        raise BrokenAnswer(
            f"{len(stock.copies)} copies, of which no more than {bound} fit: {broken}"
        )
    return BulkResult(demand, found, stock, bound)


def _sound(demand: Demand) -> None:
    if not demand.units:
        raise BadInput(
            [Fault("empty-application", "groups", "expected at least one group with members")]
        )
    if not demand.size.any():
        message = "expected members that take some of a resource: of these any number fits"
        raise BadInput([Fault("weightless-copies", "groups", message)])


def _apart(demand: Demand) -> int:
    """Count the domains that a group could have to itself, one for each copy at least; `MOST` where none wants any."""
    compiled, most = demand.compiled, MAX_COPIES
    for rule in rules_of(compiled.problem).hard:
        if isinstance(rule.policy, Exclusivity) and not rule.policy.admits_project:
            member_classes = set(compiled.member_classes_below(rule.group))
            units = [
                number for number, unit in enumerate(demand.units) if unit.keys() & member_classes
            ]
            codes = compiled.fleet.codes(rule.policy.exclusive_level)[
                (demand.slots[units] > 0).any(axis=0)
            ]
            if units and (codes >= 0).all():  # on hosts in no domain it is alone with whomever
                most = min(most, len(np.unique(codes)))
    return most


def _close(copies: int, bound: int, budget: Budget) -> bool:
    return bound - copies <= budget.limits.gap * max(1, copies) or budget.left() <= 0


def _standing(stock: Stock, found: Bulk, most: int) -> list[tuple[dict[str, str], dict[str, str]]]:
    """Give those of the copies placed in bulk that hold, alone and together."""
    held = [placement for placement in found.copies if stock.together.alone(placement)][:most]
    copies = in_cells(stock, held)
    return [] if next(stock.together.broken(copies), None) is not None else copies


def _exactly(stock: Stock, bound: int, budget: Budget) -> int:
    """Of few members, try one copy more at once, until that is proved impossible; give the bound."""
    while (
        not _close(len(stock.copies), bound, budget)
        and (len(stock.copies) + 1) * len(stock.sizes) <= SMALL
    ):
        more, impossible = whole(stock, len(stock.copies) + 1, budget)
        if impossible:
            return len(stock.copies)
        if not more:
            break
        stock.replace(more)
    return bound
