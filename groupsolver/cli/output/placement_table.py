"""A result for people: what stands where, and why there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from groupsolver.checking.reasons import Why, why
from groupsolver.cli.output.conflict_report import against
from groupsolver.cli.output.styled_lines import Line, aligned, section
from groupsolver.constraints.registry import Application
from groupsolver.model import application
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.model.result import Objective, Result, Witness
from groupsolver.model.units import count_of

COLOUR = {
    "optimal": "bold green",
    "feasible": "bold yellow",
    "infeasible": "bold red",
    "unknown": "bold red",
}
MAX_LOSSES_LISTED = 12  # losses that are told in full


def lines_of(
    app: Application, hosts: HostIndex, result: Result, objective: Objective
) -> Iterator[Line]:
    """Give the lines of the table, each with its style."""
    yield head(app, result, objective), COLOUR[result.status]
    yield from body(app, hosts, result, objective)


def body(
    app: Application, hosts: HostIndex, result: Result, objective: Objective
) -> Iterator[Line]:
    """Give what stands below the head: members by group, or what stands against a placement."""
    if result.placement:
        found = [
            reason
            for reason in why(app, hosts, result.placement, objective=objective)
            if reason.new
        ]
        yield from _groups(found, hosts.levels, result.cells)
    if result.witness:
        yield from _after(result.witness)
    if result.conflict is not None:
        yield "", ""
        yield from against(app, result)
    if result.penalties:
        yield from section("soft policies that cost something")
        yield from (
            (f"  - {soft.group}: {soft.detail}; costs {soft.cost}", "") for soft in result.penalties
        )
    if result.warnings:
        yield from section("warnings")
        yield from ((f"  {warning}", "yellow") for warning in result.warnings)


def head(
    app: application.Application[Any], result: Result, objective: Objective, *, named: bool = True
) -> str:
    """Say in one line how it went."""
    parts = [f"{app.name}: {result.status}" if app.name and named else result.status]
    if result.placement is not None:
        running = len(app.existing)
        parts.append(
            f"{count_of(len(result.placement), 'member')} placed"
            + (f", {running} running" if running else "")
        )
        parts.append(
            f"objective {result.objective} ({objective}), bound {result.bound}, gap {result.gap or 0:.2%}"
        )
    elif result.status == "infeasible":
        parts.append("proved that no placement of all members exists")
    else:
        parts.append("no answer in time")
    return "; ".join([*parts, f"{result.seconds:.2f} s"])


def _groups(found: list[Why], levels: Sequence[str], cells: Mapping[str, str]) -> Iterator[Line]:
    titles = ("member", "host", *["cell"] * bool(cells), *levels, "cost")
    rows = [
        (
            r.member,
            r.host,
            *[cells.get(r.member, "-")] * bool(cells),
            *(r.domains.get(level, "-") for level in levels),
            str(r.cost),
        )
        for r in found
    ]
    # All groups' tables are cut to one measure, so that the eye can follow a column down.
    first, *body = aligned([titles, *rows])
    lines = iter(body)
    for group, members in groupby(found, key=lambda reason: reason.group):
        here = list(members)
        yield from section(f"{group}: {count_of(len(here), 'member')}")
        yield from ((f"  - {rule}", "cyan") for rule in here[0].rules)
        yield first, "dim"
        yield from ((next(lines), "") for _ in here)


def _after(witness: Witness) -> Iterator[Line]:
    """Say where lost members go, after each of the first losses."""
    yield from section("where members go after a loss")
    for loss, placement in list(witness.items())[:MAX_LOSSES_LISTED]:
        goes = ", ".join(f"{id_} to {host}" for id_, host in placement.items())
        yield f"  - {loss}: {goes or 'nobody finds a place'}", ""
    if len(witness) > MAX_LOSSES_LISTED:
        yield f"  - and {len(witness) - MAX_LOSSES_LISTED} more", ""
