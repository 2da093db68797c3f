"""All changes of a what-if question, applied in an order in which they make sense."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from groupsolver.changes.change import Change, apply_changes
from groupsolver.changes.remove_domain import DomainRemoved
from groupsolver.cli.whatif import add_hosts, application_changes, fleet_changes
from groupsolver.cli.whatif.policy_selector import PolicyHistory
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.registry import Application
from groupsolver.errors import BadInput, Fault
from groupsolver.files import parse_application
from groupsolver.files.fault_text import refuse
from groupsolver.model.compiled.compiled_fleet import CompiledFleet

CHANGED = "with the changes"  # in place of the file's name in faults
# To soften comes first, so that a policy that is made soft may be given another weight.
_POLICY_OPTIONS = {
    "soften": application_changes.parse_soften,
    "relax": application_changes.parse_relax,
    "drop": application_changes.parse_drop,
}


@dataclass
class ChangePlan:
    """An application and its fleet, with the changes so far.

    Attributes
    ----------
    app : Application
    fleet : CompiledFleet
    changes : list of Change
        In the order in which they are applied.
    faults : list of Fault
        Of the changes that could not be read.
    """

    app: Application
    fleet: CompiledFleet
    changes: list[Change] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def apply(self, parse: Callable[..., Change], *arguments: Any) -> Change | None:
        """Read a change, apply it and return it; or collect its faults."""
        try:
            change = parse(*arguments)
        except BadInput as error:
            self.faults += error.faults
            return None
        app, self.fleet = apply_changes(self.app, self.fleet, [change])
        self.app = cast(Application, app)  # changes keep its type
        self.changes.append(change)
        return change


def plan_changes(options: argparse.Namespace, app: Application, fleet: CompiledFleet) -> ChangePlan:
    """Apply all changes that the options ask for.

    Sizes come first, then policies, what is removed, what is added, and what is freed.

    Raises
    ------
    BadInput
        With every fault of the changes, or with those of the changed application.
    """
    plan = ChangePlan(app, fleet)
    for text in options.members:
        plan.apply(application_changes.parse_members, text, plan.app)
    history = PolicyHistory(app)
    for name, parse in _POLICY_OPTIONS.items():
        for text in getattr(options, name):
            change = plan.apply(parse, text, history, fleet.levels)
            if change is not None:
                history.note(change)
    for text in options.remove_domain:
        plan.apply(fleet_changes.parse_remove_domain, text, plan.app, plan.fleet)
    removed = [change for change in plan.changes if isinstance(change, DomainRemoved)]
    for text in options.add_hosts:
        plan.apply(add_hosts.parse_add_hosts, text, removed, fleet, plan.fleet)
    for text in options.free:
        plan.apply(fleet_changes.parse_free, text, plan.fleet, removed)
    if plan.faults:
        raise BadInput(plan.faults)
    if not plan.changes:
        message = "expected a change, such as --members GROUP=N or --remove-domain LEVEL=NAME"
        raise refuse("missing-key", message)
    if not len(plan.fleet.index):
        raise refuse("wrong-value", "expected that some host is left", "--remove-domain")
    # Changes that are right alone may be wrong together: two policies that become one, no member.
    plan.app = parse_application(plan.app.document(), CHANGED)
    problem_of(plan.app, plan.fleet, CHANGED)
    return plan


def problem_of(app: Application, fleet: CompiledFleet, file: str) -> Problem:
    """Return the problem of an application on a fleet.

    Raises
    ------
    BadInput
        Where they do not fit each other; its faults have the `file`.
    """
    try:
        return Problem(app, fleet.index)
    except BadInput as error:
        raise error.in_file(file) from None
