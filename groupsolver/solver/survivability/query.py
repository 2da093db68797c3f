"""Does it survive? The question about members that run, or that are placed but not yet there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from groupsolver.checking.check import check
from groupsolver.constraints.failures.losses import State
from groupsolver.constraints.policies.survives import Survives
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import EVERYONE, Problem
from groupsolver.constraints.problem.view import View
from groupsolver.constraints.rules import Rule
from groupsolver.errors import BadInput, Fault, nearest
from groupsolver.model.application import Application
from groupsolver.model.compiled.compiled_fleet import CompiledFleet, compile_fleet
from groupsolver.model.fleet import Fleet
from groupsolver.model.result import Limits
from groupsolver.model.survival import Lost, Survival
from groupsolver.model.value import HOST
from groupsolver.solver.budget import Budget
from groupsolver.solver.pipeline import minimise
from groupsolver.solver.survivability.cutting import easier
from groupsolver.solver.survivability.recovery import Fall, Recoveries

MAX_NAMES_SHOWN = 3  # names in a message


def survives(
    app: Application[Any],
    fleet: Fleet | CompiledFleet,
    placement: Mapping[str, str] | None = None,
    *,
    level: str = HOST,
    failures: int = 1,
    group: str | None = None,
    cells: Mapping[str, str] | None = None,
    limits: Limits | None = None,
) -> Survival:
    """Say whether all members that a loss takes can be placed again, whichever domains fail.

    What a loss is, and what may happen after it, is said of the policy `survives`; it need not be told here.

    Parameters
    ----------
    app : Application
        Its members run already, or `placement` says where they stand.
    fleet : Fleet or CompiledFleet
    placement : mapping of str to str, optional
        Host of each new member.
    level : str, default "host"
    failures : int, default 1
        So many domains of the level fail together.
    group : str, optional
        Whose members are to survive; None: those of the whole application.
    cells : mapping of str to str, optional
        Cell of each new member, as a result tells it.
    limits : Limits, optional
        Seconds, workers and seed; a loss that is not decided in time makes the answer ``unknown``.

    Raises
    ------
    BadInput
        Where a name is not known, or a member neither runs nor is placed.
    """
    compiled = fleet if isinstance(fleet, CompiledFleet) else compile_fleet(fleet)
    budget = Budget(limits or Limits(), None)
    problem = Problem(app, compiled.index)
    _known(problem, placement or {}, level, failures, group)
    verdict = check(easier(app), compiled, placement or {}, cells=cells)
    new = {member.id: (placement or {})[member.id] for member in problem.new_members}
    view = View(problem, new, cells)
    policy = Survives(level=level, failures=failures)
    name = EVERYONE if group is None else group
    falls = list(
        Recoveries(CompiledProblem(problem, compiled), minimise, budget).of(
            [(Rule(name, policy), policy.failure_model)], view
        )
    )
    proved = any(fall.found.least for fall in falls)
    missing = any(fall.found.most for fall in falls)
    return Survival(
        status="falls" if proved else "unknown" if missing else "survives",
        group=group,
        level=level,
        failures=failures,
        losses=tuple(_told(name, view, falls)),
        warnings=problem.warnings
        + tuple(f"this is broken as it stands: {one}" for one in verdict.violations),
        seconds=budget.elapsed(),
    )


def _told(group: str, view: View, falls: list[Fall]) -> Iterator[Lost]:
    state = State(view)
    for fall in sorted(falls, key=lambda fall: -fall.found.most):
        lost = tuple(member.id for member in state.lost(group, fall.loss))
        yield Lost(
            domains=fall.loss.domains,
            others=len(fall.whole.domains) - len(fall.loss.domains),
            lost=lost,
            placement={
                id_: fall.found.placement[id_] for id_ in lost if id_ in fall.found.placement
            },
            nowhere=tuple(id_ for id_ in lost if id_ not in fall.found.placement),
            proved=bool(fall.found.least) or not fall.found.most,
        )


def _known(
    problem: Problem, placement: Mapping[str, str], level: str, failures: int, group: str | None
) -> None:
    faults = []
    levels = (HOST, *problem.hosts.levels)
    if level not in levels:
        message = f"unknown level {level!r}{nearest(level, levels)}; known: {', '.join(levels)}"
        faults.append(Fault("unknown-level", "level", message))
    if group is not None and group not in problem.groups:
        faults.append(
            Fault(
                "unknown-group", "group", f"unknown group {group!r}{nearest(group, problem.groups)}"
            )
        )
    if failures < 1:
        faults.append(Fault("out-of-range", "failures", f"expected at least 1, got {failures}"))
    if missing := [member.id for member in problem.new_members if member.id not in placement]:
        names = ", ".join(missing[:MAX_NAMES_SHOWN]) + (
            " and more" if len(missing) > MAX_NAMES_SHOWN else ""
        )
        message = f"expected every member to run, or a placement of it; {len(missing)} have neither: {names}"
        faults.append(Fault("no-placement", "groups", message))
    if faults:
        raise BadInput(faults)
