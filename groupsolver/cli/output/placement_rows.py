"""A placement as rows for other programs: a row for each new member."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from groupsolver.checking.reasons import why
from groupsolver.cli.options import Options
from groupsolver.cli.output.placement_table import left_out_lines, result_lines
from groupsolver.cli.output.rows import Row, print_notes, write_rows
from groupsolver.cli.output.styled_lines import Line, warning_lines
from groupsolver.constraints.registry import Application
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.model.result import Result

_BEFORE_LEVELS = ("group", "member", "host", "cell")


def placement_titles(levels: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of a placement on a fleet of these levels."""
    own = {*_BEFORE_LEVELS, "cost"}
    # A level may have any name, also that of a column.
    names = [f"{level} domain" if level in own else level for level in levels]
    return (*_BEFORE_LEVELS, *names, "cost")


def write_placement_rows(
    options: Options, app: Application, hosts: HostIndex, result: Result
) -> None:
    """Write the rows, and on standard error what none of them has.

    That is why there is no placement, which members are left out, and warnings.
    """
    write_rows(options, placement_titles(hosts.levels), _rows(options, app, hosts, result))
    if result.placement is None:
        print_notes(result_lines(app, hosts, result, options.objective))
    else:
        print_notes(_notes(app, result))


def _rows(options: Options, app: Application, hosts: HostIndex, result: Result) -> Iterator[Row]:
    if not result.placement:
        return
    for reason in why(app, hosts, result.placement, objective=options.objective):
        if reason.new:
            cell = result.cells.get(reason.member)
            domains = [reason.domains.get(level) for level in hosts.levels]
            yield reason.group, reason.member, reason.host, cell, *domains, reason.cost


def _notes(app: Application, result: Result) -> Iterator[Line]:
    if result.left_out:
        yield from left_out_lines(app, result.left_out)
    yield from warning_lines(result.warnings)
