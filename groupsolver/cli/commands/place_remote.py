"""``groupsolver place --url``: an application's groups registered on a server, and its members placed there."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from groupsolver.cli.exit_codes import OF_STATUS
from groupsolver.cli.options import Options
from groupsolver.cli.output.conflict_report import against
from groupsolver.cli.output.placement_table import COLOUR, head
from groupsolver.cli.output.stdout import columns, give
from groupsolver.cli.output.styled_lines import Line, section
from groupsolver.cli.remote.connection import answered
from groupsolver.cli.remote.group_registration import Registered
from groupsolver.constraints.registry import Application
from groupsolver.errors import BadInput, Fault
from groupsolver.files import load_application
from groupsolver.files.reading import name_of
from groupsolver.model.application import member_ids
from groupsolver.model.result import Conflict, Limits, Result
from groupsolver.model.units import count_of

if TYPE_CHECKING:
    from groupsolver.client import Client, PlacementView, ServerError

# What a refusal of the server says about the placement itself.
_STATUS = {"placement-infeasible": "infeasible", "no-answer-in-time": "unknown"}


def place(options: Options) -> int:
    """Register the application's groups and place its members, or neither. Raises `BadInput`."""
    _only_remote(options)
    app = load_application(options.app)
    file = name_of(options.app)
    if app.existing:
        message = "expected no existing members with --url: the server knows what runs"
        raise BadInput([Fault("wrong-value", "existing", message, file)])
    try:
        return answered(options, lambda client: _place(options, app, client))
    except BadInput as error:
        raise (
            error.in_file(file)
            if any(fault.path.startswith("groups[") for fault in error.faults)
            else error
        ) from None


def _only_remote(options: Options) -> None:
    default = Limits()
    local = {
        "--gap": options.gap != default.gap,
        "--workers": options.workers != default.workers,
        "--seed": options.seed != default.seed,
        "--picture": options.picture is not None,
    }
    faults = [
        Fault("wrong-value", name, "has a meaning with --fleet only: here the server solves")
        for name, given in local.items()
        if given
    ]
    if faults:
        raise BadInput(faults)


def _place(options: Options, app: Application, client: Client) -> int:
    from groupsolver.client import ServerError

    groups = Registered(client, app)
    start = time.perf_counter()
    try:
        groups.make()
        placed = client.place(
            [*_instances(app, groups.ids)],
            flavors=app.flavors,
            objective=options.objective,
            # Unless more or less is asked for, the server's own.
            time_limit=options.time_limit if options.time_limit != Limits().seconds else None,
        )
    except ServerError as error:
        groups.take_back()
        if error.code not in _STATUS:
            raise
        result = _refusal(error, groups.ids, time.perf_counter() - start)
    except BaseException:
        groups.take_back()
        raise
    else:
        result = _result(placed, groups.ids, time.perf_counter() - start)
    _answer(options, app, result)
    return OF_STATUS[result.status]


def _instances(app: Application, ids: dict[str, str]) -> Iterator[Any]:
    from groupsolver.client import Hints, InstanceRequest

    for group in app.groups:
        for member, what in member_ids(group):
            hints = Hints(group=ids[group.name])
            yield InstanceRequest(
                name=member, flavor=what.flavor, resources=what.resources, hints=hints
            )


def _result(placed: PlacementView, ids: dict[str, str], seconds: float) -> Result:
    """Give the answer as a file's result has it; what a server alone knows stands in keys of its own."""
    return Result.model_validate(
        {
            "status": placed.status,
            # Who may not see names of hosts is shown what tells hosts apart.
            "placement": {one.name: one.host or one.hostId for one in placed.instances},
            "cells": {one.name: one.cell for one in placed.instances if one.cell is not None},
            "objective": placed.objective,
            "bound": placed.bound,
            "gap": placed.gap,
            "seconds": seconds,
            "x-placement": placed.id,
            "x-groups": ids,
            "x-instances": {one.name: one.id for one in placed.instances},
        }
    )


def _refusal(error: ServerError, ids: dict[str, str], seconds: float) -> Result:
    names = {key: name for name, key in ids.items()}
    found = error.conflict
    if error.code == "placement-infeasible":
        rules = (found or Conflict()).policies
        named = tuple(
            rule.model_copy(update={"group": names.get(rule.group, rule.group)}) for rule in rules
        )
        found = (found or Conflict()).model_copy(update={"policies": named})
    return Result.model_validate(
        {"status": _STATUS[error.code], "seconds": seconds, "conflict": found}
    )


def _answer(options: Options, app: Application, result: Result) -> None:
    give(options.output, result.document(), lambda: _lines(options, app, result))


def _lines(options: Options, app: Application, result: Result) -> Iterator[Line]:
    yield head(app, result, options.objective), COLOUR[result.status]
    if result.placement is not None:
        extra = result.model_extra or {}
        for group in app.groups:
            members = [member for member, _ in member_ids(group)]
            yield from section(
                f"{group.name}: {count_of(len(members), 'member')}; group {extra['x-groups'][group.name]}"
            )
            if group.groups:
                yield f"  below it: {', '.join(group.groups)}", ""
            for policy in group.policies:
                yield f"  - {policy.describe(group.name)}{policy.softness}", "cyan"
            rows = [(one, result.placement[one], extra["x-instances"][one]) for one in members]
            for i, line in enumerate(
                columns([("member", "host", "instance"), *rows]).splitlines() if rows else ()
            ):
                yield f"  {line}", "" if i else "dim"
    if result.conflict is not None:
        yield "", ""
        yield from against(app, result)
