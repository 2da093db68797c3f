"""All that a what-if question changes, in an order in which it makes sense."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from groupsolver.changes.change import Change, apply_changes
from groupsolver.changes.remove_domain import DomainRemoved
from groupsolver.cli.whatif import add_hosts, application_changes, fleet_changes
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.registry import Application
from groupsolver.errors import BadInput, Fault
from groupsolver.files import parse_application
from groupsolver.files.fault_text import refuse
from groupsolver.model.compiled.compiled_fleet import CompiledFleet

CHANGED = "with the changes"  # stands for the file's name in faults
POLICIES = {
    "relax": application_changes.relaxed,
    "soften": application_changes.softened,
    "drop": application_changes.dropped,
}


@dataclass
class Plan:
    """An application and its fleet, as they become.

    Attributes
    ----------
    app : Application
    fleet : CompiledFleet
    changes : list of Change
        In the order in which they are applied.
    faults : list of Fault
        What is wrong with those that are not.
    """

    app: Application
    fleet: CompiledFleet
    changes: list[Change] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def apply(self, read: Callable[..., Change], *told: Any) -> None:
        """Apply a change as it is read, unless there is something wrong with it."""
        try:
            change = read(*told)
        except BadInput as error:
            self.faults += error.faults
            return
        app, self.fleet = apply_changes(self.app, self.fleet, [change])
        self.app = cast(Application, app)  # changes keep its type
        self.changes.append(change)


def planned(options: argparse.Namespace, app: Application, fleet: CompiledFleet) -> Plan:
    """Apply all changes that are asked for: sizes, policies, what is removed, what is added, what is freed.

    Raises `BadInput`: every fault of the changes, or those of what becomes of the application.
    """
    plan = Plan(app, fleet)
    for text in options.members:
        plan.apply(application_changes.sized, text, plan.app)
    for name, read in POLICIES.items():
        for text in getattr(options, name):
            plan.apply(read, text, plan.app, fleet.levels)
    for text in options.remove_domain:
        plan.apply(fleet_changes.removed, text, plan.app, plan.fleet)
    gone = [change for change in plan.changes if isinstance(change, DomainRemoved)]
    for text in options.add_hosts:
        plan.apply(add_hosts.added, text, gone, fleet, plan.fleet)
    for text in options.free:
        plan.apply(fleet_changes.freed, text, plan.fleet, gone)
    if plan.faults:
        raise BadInput(plan.faults)
    if not plan.changes:
        raise refuse(
            "missing-key",
            "expected a change, such as --members GROUP=N or --remove-domain LEVEL=NAME",
        )
    if not len(plan.fleet.index):
        raise refuse("wrong-value", "expected that some host is left", "--remove-domain")
    # What is asked for by itself may be wrong together: two policies that become one, no member at all.
    plan.app = parse_application(plan.app.document(), CHANGED)
    scene_of(plan.app, plan.fleet, CHANGED)
    return plan


def scene_of(app: Application, fleet: CompiledFleet, file: str) -> Problem:
    """Hold an application against a fleet. Raises `BadInput`, of the file of that name."""
    try:
        return Problem(app, fleet.index)
    except BadInput as error:
        raise error.in_file(file) from None
