"""The answer for a batch as a table: a row an application, then who is where."""

from __future__ import annotations

from collections.abc import Iterator

from groupsolver.cli.options import Options
from groupsolver.cli.output.numbers import duration, percentage
from groupsolver.cli.output.placement_table import STATUS_STYLE
from groupsolver.cli.output.rows import print_notes, write_rows
from groupsolver.cli.output.styled_lines import Line, section, warning_lines
from groupsolver.cli.output.text_table import titled_table
from groupsolver.model.answers.batch import BatchEntry, BatchResult
from groupsolver.model.result import Objective
from groupsolver.model.units import count_of

BATCH_TITLES = ("application", "member", "host", "cell")


def batch_lines(result: BatchResult, objective: Objective) -> Iterator[Line]:
    """Yield the lines of the whole table."""
    yield batch_headline(result, objective), STATUS_STYLE[result.status]
    yield "", ""
    rows = [("application", "status", "members", "reason")]
    rows += [_row(entry) for entry in result.applications]
    yield from titled_table(rows)
    for entry in result.applications:
        if entry.placement:
            yield from _members(entry)
        elif entry.conflict is not None:
            yield from _conflict(entry)
    if result.penalties:
        yield from section("soft policies that cost something")
    for penalty in result.penalties:
        yield f"  - {penalty.group}: {penalty.detail}; costs {penalty.cost}", ""
    yield from warning_lines(result.warnings)


def write_batch_rows(options: Options, result: BatchResult) -> None:
    """Write a row for each new member, and on standard error which applications have none."""
    rows = [
        (entry.name, member, host, entry.cells.get(member))
        for entry in result.applications
        for member, host in (entry.placement or {}).items()
    ]
    write_rows(options, BATCH_TITLES, rows)
    print_notes(_notes(result) if rows else batch_lines(result, options.objective))


def _notes(result: BatchResult) -> Iterator[Line]:
    for entry in result.applications:
        if entry.placement is None:
            yield f"{entry.name} is left out: {entry.reason}", ""
            yield from _conflict(entry)
    yield from warning_lines(result.warnings)


def batch_headline(result: BatchResult, objective: Objective) -> str:
    """Return one line: status, how many are placed, value, objective, bounds and time."""
    number = len(result.applications)
    placed = f"{len(result.placed)} of {count_of(number, 'application')} placed"
    parts = [result.status, placed, f"value {result.value} of at most {result.value_bound}"]
    if result.objective is not None:
        proof = f"bound {result.bound}, gap {percentage(result.gap or 0)}"
        parts.append(f"objective {result.objective} ({objective}), {proof}")
    elif result.status == "infeasible":
        parts.append("proved that they cannot all be placed")
    elif result.status == "unknown":
        parts.append("no answer in time")
    return "; ".join([*parts, duration(result.seconds)])


def _row(entry: BatchEntry) -> tuple[str, str, str, str]:
    members = "-" if entry.placement is None else str(len(entry.placement))
    reason = entry.reason or ""
    if entry.conflict is not None:
        reason = f"{reason.partition(':')[0]}, see below"
    return entry.name, entry.status, members, reason


def _members(entry: BatchEntry) -> Iterator[Line]:
    """Yield where the new members of an application are."""
    placement = entry.placement or {}
    yield from section(f"{entry.name}: {count_of(len(placement), 'member')}")
    cells = entry.cells
    rows = [("member", "host", *(("cell",) if cells else ()))]
    for member, host in placement.items():
        rows.append((member, host, *((cells.get(member, "-"),) if cells else ())))
    yield from titled_table(rows)


def _conflict(entry: BatchEntry) -> Iterator[Line]:
    """Yield the rules that keep an application from being placed even alone."""
    conflict = entry.conflict
    if conflict is None:
        return
    yield from section(f"{entry.name}: impossible by itself")
    for shortage in conflict.capacity:
        yield f"  - {shortage.sentence}", ""
    for rule in conflict.policies:
        yield f"  - {rule.group}: {rule.sentence}", ""
