"""``groupsolver place --url``: an application's groups and members, placed by a server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from groupsolver.cli.exit_codes import OF_STATUS
from groupsolver.cli.inputs import load_app
from groupsolver.cli.options import Options
from groupsolver.cli.output.answer import write_answer
from groupsolver.cli.output.conflict_report import conflict_lines
from groupsolver.cli.output.placement_table import STATUS_STYLE, headline
from groupsolver.cli.output.rows import check_columns, print_notes, rows_wanted, write_rows
from groupsolver.cli.output.styled_lines import Line, section
from groupsolver.cli.output.text_table import titled_table
from groupsolver.cli.remote.connection import run_with_client
from groupsolver.cli.remote.group_registration import RegisteredGroups
from groupsolver.constraints.registry import Application, Group
from groupsolver.errors import BadInput, Fault
from groupsolver.files.reading import name_of
from groupsolver.model.application import member_ids
from groupsolver.model.result import Conflict, Limits, Result
from groupsolver.model.units import count_of

if TYPE_CHECKING:
    from groupsolver.client import Client, PlacementView, ServerError

_TITLES = ("group", "member", "host", "cell", "instance")
# Refusals of the server that are an answer about the placement itself.
_STATUS_OF_CODE = {"placement-infeasible": "infeasible", "no-answer-in-time": "unknown"}


def place_on_server(options: Options) -> int:
    """Register the application's groups and place its members, or neither. Raises `BadInput`."""
    _refuse_local_options(options)
    check_columns(options, _TITLES)
    app = load_app(options)
    file = name_of(options.app)
    if app.existing:
        message = "expected no existing members with --url: the server knows what runs"
        raise BadInput([Fault("wrong-value", "existing", message, file)])
    try:
        return run_with_client(options, lambda client: _place(options, app, client))
    except BadInput as error:
        of_groups = any(fault.path.startswith("groups[") for fault in error.faults)
        raise (error.in_file(file) if of_groups else error) from None


def _refuse_local_options(options: Options) -> None:
    default = Limits()
    is_given = {
        "--gap": options.gap != default.gap,
        "--workers": options.workers != default.workers,
        "--seed": options.seed != default.seed,
        "--picture": options.picture is not None,
        "--dry-run": options.dry_run,  # the server would commit
        "--name": options.name is not None,
    }
    message = "has no meaning with --url: the server solves"
    faults = [Fault("wrong-value", name, message) for name, given in is_given.items() if given]
    if faults:
        raise BadInput(faults)


def _place(options: Options, app: Application, client: Client) -> int:
    from groupsolver.client import ServerError

    groups = RegisteredGroups(client, app)
    start = time.perf_counter()
    # The default is left to the server, which may have another.
    is_default = options.time_limit == Limits().seconds
    try:
        groups.create()
        placement = client.place(
            [*_instances(app, groups.ids)],
            flavors=app.flavors,
            objective=options.objective,
            host_price=app.host_price,
            time_limit=None if is_default else options.time_limit,
        )
    except ServerError as error:
        groups.remove()
        if error.code not in _STATUS_OF_CODE:
            raise
        result = _result_of_refusal(error, groups.ids, time.perf_counter() - start)
    except BaseException:
        groups.remove()
        raise
    else:
        result = _result_of_placement(placement, groups.ids, time.perf_counter() - start)
    if rows_wanted(options):
        _write_rows(options, app, result)
    else:
        write_answer(options.output, result.document(), lambda: _lines(options, app, result))
    return OF_STATUS[result.status]


def _instances(app: Application, ids: dict[str, str]) -> Iterator[Any]:
    from groupsolver.client import Hints, InstanceRequest

    for group in app.groups:
        for member, members in member_ids(group):
            yield InstanceRequest(
                name=member,
                flavor=members.flavor,
                resources=members.resources,
                hints=Hints(group=ids[group.name]),
            )


def _result_of_placement(placement: PlacementView, ids: dict[str, str], seconds: float) -> Result:
    """Return the answer in the form of a result; ids of the server are in keys of its own."""
    hosts = {}
    cells = {}
    instance_ids = {}
    for instance in placement.instances:
        # A caller who may not see names of hosts gets an id that tells hosts apart.
        hosts[instance.name] = instance.host or instance.hostId
        instance_ids[instance.name] = instance.id
        if instance.cell is not None:
            cells[instance.name] = instance.cell
    return Result.model_validate(
        {
            "status": placement.status,
            "placement": hosts,
            "cells": cells,
            "objective": placement.objective,
            "bound": placement.bound,
            "gap": placement.gap,
            "seconds": seconds,
            "x-placement": placement.id,
            "x-groups": ids,
            "x-instances": instance_ids,
        }
    )


def _result_of_refusal(error: ServerError, ids: dict[str, str], seconds: float) -> Result:
    conflict = error.conflict
    if error.code == "placement-infeasible":
        conflict = _with_names(conflict or Conflict(), ids)
    status = _STATUS_OF_CODE[error.code]
    return Result.model_validate({"status": status, "seconds": seconds, "conflict": conflict})


def _with_names(conflict: Conflict, ids: dict[str, str]) -> Conflict:
    """Return a conflict with the file's names of groups instead of their ids."""
    names = {id_: name for name, id_ in ids.items()}
    policies = []
    for rule in conflict.policies:
        name = names.get(rule.group, rule.group)
        policies.append(rule.model_copy(update={"group": name}))
    return conflict.model_copy(update={"policies": tuple(policies)})


def _lines(options: Options, app: Application, result: Result) -> Iterator[Line]:
    yield headline(app, result, options.objective), STATUS_STYLE[result.status]
    if result.placement is not None:
        for group in app.groups:
            yield from _group_lines(group, result)
    if result.conflict is not None:
        yield "", ""
        yield from conflict_lines(app, result)


def _write_rows(options: Options, app: Application, result: Result) -> None:
    """Write a row for each member, or on standard error why there is no placement."""
    if result.placement is None:
        write_rows(options, _TITLES, [])
        print_notes(_lines(options, app, result))
        return
    ids = (result.model_extra or {})["x-instances"]
    rows = [
        (group.name, member, result.placement[member], result.cells.get(member), ids[member])
        for group in app.groups
        for member, _ in member_ids(group)
    ]
    write_rows(options, _TITLES, rows)


def _group_lines(group: Group, result: Result) -> Iterator[Line]:
    placement = result.placement or {}
    extra = result.model_extra or {}
    members = [member for member, _ in member_ids(group)]
    size = count_of(len(members), "member")
    yield from section(f"{group.name}: {size}; group {extra['x-groups'][group.name]}")
    if group.groups:
        yield f"  child groups: {', '.join(group.groups)}", ""
    for policy in group.policies:
        yield f"  - {policy.describe(group.name)}{policy.softness}", "cyan"
    rows = [("member", "host", "instance")]
    rows += [(member, placement[member], extra["x-instances"][member]) for member in members]
    if members:
        yield from titled_table(rows)
