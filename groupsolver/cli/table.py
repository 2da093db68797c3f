"""A result for people: what stands where, and why there."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import StringIO
from itertools import groupby

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from groupsolver.cli.out import write
from groupsolver.constraints import Application
from groupsolver.constraints.policy import number
from groupsolver.errors import one_line
from groupsolver.model.index import HostIndex
from groupsolver.model.result import Conflict, Objective, Result, Witness
from groupsolver.why import Why, why

COLOUR = {"optimal": "bold green", "feasible": "bold yellow", "infeasible": "bold red", "unknown": "bold red"}
Line = tuple[str, str]  # text and style
TOLD = 12  # losses that are told in full


def print_table(app: Application, hosts: HostIndex, result: Result, objective: Objective) -> None:
    """Print a result: in colour on a terminal, plain elsewhere."""
    print_lines(lines_of(app, hosts, result, objective))


def print_lines(lines: Iterable[Line]) -> None:
    """Print lines with their styles: in colour on a terminal, plain elsewhere."""
    # Into memory first: rich would end the process itself where the reader of a pipe has gone.
    printed = StringIO()
    console = Console(file=printed, force_terminal=sys.stdout.isatty() or None, highlight=False)
    for text, style in lines:
        # As `Text`, names of the input are no markup.
        console.print(Text(one_line(text).rstrip(), style=style), soft_wrap=True)
    write(printed.getvalue())


def lines_of(app: Application, hosts: HostIndex, result: Result, objective: Objective) -> Iterator[Line]:
    """Give the lines of the table, each with its style."""
    yield head(app, result, objective), COLOUR[result.status]
    if result.placement:
        found = [reason for reason in why(app, hosts, result.placement, objective=objective) if reason.new]
        yield from _groups(found, hosts.levels, result.cells)
    if result.witness:
        yield from _after(result.witness)
    if result.conflict is not None:
        yield from against(result.conflict)
    if result.penalties:
        yield from section("soft policies that cost something")
        yield from ((f"  - {soft.group}: {soft.detail}; costs {soft.cost}", "") for soft in result.penalties)
    if result.warnings:
        yield from section("warnings")
        yield from ((f"  {warning}", "yellow") for warning in result.warnings)


def head(app: Application, result: Result, objective: Objective) -> str:
    """Say in one line how it went."""
    parts = [f"{app.name}: {result.status}" if app.name else result.status]
    if result.placement is not None:
        running = len(app.existing)
        parts.append(f"{number(len(result.placement), 'member')} placed" + (f", {running} running" if running else ""))
        parts.append(f"objective {result.objective} ({objective}), bound {result.bound}, gap {result.gap or 0:.2%}")
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
        yield from section(f"{group}: {number(len(here), 'member')}")
        yield from ((f"  - {rule}", "cyan") for rule in here[0].rules)
        yield first, "dim"
        yield from ((next(lines), "") for _ in here)


def _after(witness: Witness) -> Iterator[Line]:
    """Say where lost members go, after each of the first losses."""
    yield from section("where members go after a loss")
    for loss, placement in list(witness.items())[:TOLD]:
        goes = ", ".join(f"{id_} to {host}" for id_, host in placement.items())
        yield f"  - {loss}: {goes or 'nobody finds a place'}", ""
    if len(witness) > TOLD:
        yield f"  - and {len(witness) - TOLD} more", ""


def against(conflict: Conflict) -> Iterator[Line]:
    """Say what stands against a placement."""
    title = "these contradict each other" if conflict.minimal else "all rules that hold here; not narrowed down"
    yield from section(title)
    yield from ((f"  - {rule.group}: {rule.policy}: {rule.sentence}", "") for rule in conflict.policies)
    yield from ((f"  - {short.sentence}", "") for short in conflict.capacity)
    if conflict.fixes:
        yield from section("what would help")
        yield from ((f"  - {fix.change} (cost {fix.cost})", "") for fix in conflict.fixes)


def section(title: str) -> Iterator[Line]:
    """Give a title, with a line of nothing above it."""
    yield "", ""
    yield title, "bold"


def aligned(rows: list[tuple[str, ...]]) -> list[str]:
    """Pad cells to columns, the last one to the right."""
    clean = [[one_line(cell) for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*clean, strict=True)]
    lines = []
    for row in clean:
        gaps = [" " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)]
        cells = [cell + gap for cell, gap in zip(row[:-1], gaps, strict=False)]
        lines.append("  " + "  ".join([*cells, gaps[-1] + row[-1]]))
    return lines
