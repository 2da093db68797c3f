"""A result as a table: each member's host, and the rules that hold there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from groupsolver.checking.check import opened_hosts
from groupsolver.checking.reasons import Why, why
from groupsolver.cli.output.conflict_report import conflict_lines
from groupsolver.cli.output.numbers import duration, percentage
from groupsolver.cli.output.styled_lines import Line, section, warning_lines
from groupsolver.cli.output.text_table import more_line, titled_rows
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.registry import Application
from groupsolver.model import application
from groupsolver.model.application import member_ids
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.model.optional_members import optional_values
from groupsolver.model.result import Objective, Penalty, Result, Witness
from groupsolver.model.units import count_of, shortened

STATUS_STYLE = {
    "optimal": "bold green",
    "feasible": "bold yellow",
    "infeasible": "bold red",
    "unknown": "bold red",
}
MAX_LOSSES_LISTED = 12  # of a witness
MAX_HOSTS_NAMED = 12  # that were opened
MAX_LEFT_OUT_NAMED = 12  # members of a group that are left out


def result_lines(
    app: Application, hosts: HostIndex, result: Result, objective: Objective
) -> Iterator[Line]:
    """Yield the lines of the whole table."""
    yield headline(app, result, objective), STATUS_STYLE[result.status]
    yield from body_lines(app, hosts, result, objective)


def body_lines(
    app: Application, hosts: HostIndex, result: Result, objective: Objective
) -> Iterator[Line]:
    """Yield what follows the headline: the members by group, or the conflict."""
    if result.placement:
        reasons = why(app, hosts, result.placement, objective=objective)
        new = [reason for reason in reasons if reason.new]
        yield from _group_lines(new, hosts.levels, result.cells)
    if result.left_out:
        yield from left_out_lines(app, result.left_out)
    if result.witness:
        yield from _witness_lines(result.witness)
    if result.conflict is not None:
        yield "", ""
        yield from conflict_lines(app, result)
    yield from _penalty_lines(result.penalties)
    if result.placement and app.host_price is not None:
        yield from _opening_lines(opened_hosts(Problem(app, hosts), result.placement))
    yield from warning_lines(result.warnings)


def headline(
    app: application.Application[Any], result: Result, objective: Objective, *, named: bool = True
) -> str:
    """Return one line: status, objective, bound and time; the application's name if `named`."""
    parts = [f"{app.name}: {result.status}" if app.name and named else result.status]
    if result.placement is not None:
        running = f", {len(app.existing)} running" if app.existing else ""
        left_out = f", {len(result.left_out)} left out" if result.left_out else ""
        placed = f"{count_of(len(result.placement), 'member')} placed"
        parts.append(f"{placed}{left_out}{running}")
        proof = f"bound {result.bound}, gap {percentage(result.gap or 0)}"
        parts.append(f"objective {result.objective} ({objective}), {proof}")
    elif result.status == "infeasible":
        parts.append("proved that no placement of all members exists")
    else:
        parts.append("no answer in time")
    return "; ".join([*parts, duration(result.seconds)])


def _group_lines(
    reasons: list[Why], levels: Sequence[str], cells: Mapping[str, str]
) -> Iterator[Line]:
    cell_title = ("cell",) if cells else ()
    rows = [("member", "host", *cell_title, *levels, "cost")]
    for reason in reasons:
        cell = (cells.get(reason.member, "-"),) if cells else ()
        domains = (reason.domains.get(level, "-") for level in levels)
        rows.append((reason.member, reason.host, *cell, *domains, str(reason.cost)))
    # One table, cut into groups, so that the columns of all groups line up.
    titles, body = titled_rows(rows, numbers_last=True)
    members_lines = iter(body)
    for group, in_group in groupby(reasons, key=lambda reason: reason.group):
        members = list(in_group)
        yield from section(f"{group}: {count_of(len(members), 'member')}")
        for rule in members[0].rules:
            yield f"  - {rule}", "cyan"
        for line in titles:
            yield line, "dim"
        for _ in members:
            for line in next(members_lines):
                yield line, ""


def left_out_lines(app: Application, left_out: Sequence[str]) -> Iterator[Line]:
    """Yield the members that are left out, by group, with the sum of their values."""
    yield from section(f"left out: {count_of(len(left_out), 'member')}")
    values = optional_values(app)
    gone = frozenset(left_out)
    for group in app.groups:
        ids = [id_ for id_, _ in member_ids(group) if id_ in gone]
        if ids:
            named = shortened(ids, MAX_LEFT_OUT_NAMED)
            value = sum(values[id_] for id_ in ids)
            yield f"  - {group.name}: {named}; value {value}", ""


def _witness_lines(witness: Witness) -> Iterator[Line]:
    """Yield where lost members go, after each of the first losses."""
    yield from section("where members go after a loss")
    for loss, placement in list(witness.items())[:MAX_LOSSES_LISTED]:
        moves = ", ".join(f"{member} to {host}" for member, host in placement.items())
        yield f"  - {loss}: {moves or 'no member finds a place'}", ""
    yield from more_line(len(witness), MAX_LOSSES_LISTED)


def _opening_lines(opened: Mapping[str, int]) -> Iterator[Line]:
    """Yield the hosts that held nothing before, and what they cost."""
    if opened:
        yield from section("hosts that held nothing before")
        names = shortened(sorted(opened), MAX_HOSTS_NAMED)
        yield f"  - {count_of(len(opened), 'host')}: {names}; costs {sum(opened.values())}", ""


def _penalty_lines(penalties: Sequence[Penalty]) -> Iterator[Line]:
    if penalties:
        yield from section("soft policies that cost something")
    for penalty in penalties:
        yield f"  - {penalty.group}: {penalty.detail}; costs {penalty.cost}", ""
