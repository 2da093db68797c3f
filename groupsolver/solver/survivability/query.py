"""The question whether members that run, or that are placed, survive every loss."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from numbers import Integral
from typing import Any, Literal

from groupsolver.checking.arguments import (
    require_application,
    require_limits,
    require_placement,
    require_solver_fleet,
)
from groupsolver.checking.check import check
from groupsolver.constraints.failures.losses import State
from groupsolver.constraints.policies.survives import Survives
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import EVERYONE, Problem
from groupsolver.constraints.problem.used_amounts import require_covered
from groupsolver.constraints.problem.view import View
from groupsolver.constraints.rules import Rule
from groupsolver.errors import BadInput, Fault, nearest, require_type
from groupsolver.model.answers.survival import Lost, Survival
from groupsolver.model.application import Application
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.fleet import Fleet
from groupsolver.model.fleet_in_use import FleetInUse, compiled_with_running
from groupsolver.model.optional_members import left_out_of, without_members
from groupsolver.model.result import Limits
from groupsolver.model.value import HOST
from groupsolver.solver.budget import Budget
from groupsolver.solver.pipeline import minimise
from groupsolver.solver.survivability.cutting import without_survives
from groupsolver.solver.survivability.recovery import LossRecovery, Recoveries

MAX_NAMES_SHOWN = 3  # names in a message
OUT_OF_TIME = "the time limit was reached before every loss was looked at"


def survives(
    app: Application[Any],
    fleet: Fleet | CompiledFleet | FleetInUse,
    placement: Mapping[str, str] | None = None,
    *,
    level: str = HOST,
    failures: int = 1,
    group: str | None = None,
    cells: Mapping[str, str] | None = None,
    limits: Limits | None = None,
) -> Survival:
    """Find out whether all members that a loss takes can be placed again, whichever domains fail.

    The policy `survives` defines what a loss is and what may happen after it. The application need
    not have that policy.

    Parameters
    ----------
    app : Application
        Its members run already, or `placement` has their hosts.
    fleet : Fleet, CompiledFleet or Cluster
    placement : mapping of str to str, optional
        Host of each new member.
    level : str, default "host"
    failures : int, default 1
        So many domains of the level fail together.
    group : str, optional
        The group whose members are to survive; None: the whole application.
    cells : mapping of str to str, optional
        Cell of each new member, as a result has it.
    limits : Limits, optional
        Seconds, workers and seed; a loss that is not decided in time makes the answer ``unknown``.

    Raises
    ------
    BadInput
        Where a name is not known, or a member neither runs nor is placed.
    """
    require_application(app)
    require_solver_fleet(fleet)
    if placement is not None:
        require_placement("placement", placement, "member to host")
    require_type("level", level, str, "the name of a level")
    require_type("failures", failures, Integral, "a number of domains")
    require_type("group", group, (str, type(None)), "the name of a group, or None")
    if cells is not None:
        require_placement("cells", cells, "member to cell")
    require_limits(limits)
    app, compiled = compiled_with_running(app, fleet)
    budget = Budget(limits or Limits(), None)
    given = placement or {}
    # Members that `at_least` allows to leave out, and that have no place, are left out.
    placed_app = without_members(app, left_out_of(app, given))
    problem = Problem(placed_app, compiled.index)
    require_covered(app, compiled.index)
    _validate(problem, given, level, failures, group)
    verdict = check(without_survives(app), compiled, given, cells=cells)
    new = {member.id: given[member.id] for member in problem.new_members}
    view = View(problem, new, cells)
    policy = Survives(level=level, failures=failures)
    rule = Rule(EVERYONE if group is None else group, policy)
    recoveries = Recoveries(CompiledProblem(problem, compiled), minimise, budget)
    found = list(recoveries.of([(rule, policy.failure_model)], view))
    warnings = problem.warnings
    if not recoveries.complete:
        warnings += (OUT_OF_TIME,)
    broken_now = tuple(f"this is broken already: {one}" for one in verdict.violations)
    return Survival(
        status=_status(found),
        group=group,
        level=level,
        failures=failures,
        losses=tuple(_losses(rule.group, view, found)),
        warnings=warnings + broken_now,
        seconds=budget.elapsed(),
    )


def _status(found: list[LossRecovery]) -> Literal["survives", "falls", "unknown"]:
    """Return ``falls`` where some member provably has no place, ``unknown`` where one may have."""
    if any(one.recovery.least for one in found):
        return "falls"
    if any(one.recovery.most for one in found):
        return "unknown"
    return "survives"


def _losses(group: str, view: View, found: list[LossRecovery]) -> Iterator[Lost]:
    """Yield what each loss takes and where that goes, the worst first."""
    state = State.of(view)
    for one in sorted(found, key=lambda one: -one.recovery.most):
        lost = tuple(member.id for member in state.lost(group, one.loss))
        host_of = one.recovery.placement
        yield Lost(
            domains=one.loss.domains,
            others=len(one.full_loss.domains) - len(one.loss.domains),
            lost=lost,
            placement={id_: host_of[id_] for id_ in lost if id_ in host_of},
            nowhere=tuple(id_ for id_ in lost if id_ not in host_of),
            proved=bool(one.recovery.least) or not one.recovery.most,
        )


def _validate(
    problem: Problem, placement: Mapping[str, str], level: str, failures: int, group: str | None
) -> None:
    """Raise `BadInput` with every fault of the arguments."""
    faults = []
    levels = (HOST, *problem.hosts.levels)
    if level not in levels:
        message = f"unknown level {level!r}{nearest(level, levels)}; known: {', '.join(levels)}"
        faults.append(Fault("unknown-level", "level", message))
    if group is not None and group not in problem.groups:
        message = f"unknown group {group!r}{nearest(group, problem.groups)}"
        faults.append(Fault("unknown-group", "group", message))
    if failures < 1:
        faults.append(Fault("out-of-range", "failures", f"expected at least 1, found {failures}"))
    missing = [member.id for member in problem.new_members if member.id not in placement]
    if missing:
        names = ", ".join(missing[:MAX_NAMES_SHOWN])
        more = " and more" if len(missing) > MAX_NAMES_SHOWN else ""
        message = (
            "expected every member to run, or a placement of it; "
            f"{len(missing)} have neither: {names}{more}"
        )
        faults.append(Fault("no-placement", "groups", message))
    if faults:
        raise BadInput(faults)
