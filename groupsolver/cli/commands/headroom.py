"""``groupsolver headroom``: how many more copies of an application fit."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from typing import Any

from groupsolver.cli import arguments
from groupsolver.cli.exit_codes import Exit
from groupsolver.cli.inputs import load_both
from groupsolver.cli.options import Options
from groupsolver.cli.output.answer import write_answer
from groupsolver.cli.output.numbers import duration, percentage
from groupsolver.cli.output.progress import INTERRUPTED, run_watched
from groupsolver.cli.output.rows import check_columns, print_notes, rows_wanted, write_rows
from groupsolver.cli.output.styled_lines import Line, section, warning_lines
from groupsolver.cli.output.text_table import more_line, titled_table
from groupsolver.constraints.registry import Application
from groupsolver.errors import BadInput
from groupsolver.files.reading import name_of
from groupsolver.model.answers.headroom import Headroom, MarginalHost
from groupsolver.model.result import Watch

MAX_HOST_TYPES_LISTED = 10
_TITLES = ("like", "hosts", "copies")


def add_parser(commands: Any) -> None:
    """Add ``headroom`` to the command line."""
    about = "find how many more copies of an application fit, and what runs out"
    parser = arguments.add_command(commands, "headroom", about)
    arguments.add_app(parser)
    arguments.add_fleet(parser)
    arguments.add_network(parser)
    arguments.add_output(parser)
    arguments.add_limits(parser)


def run(options: Options) -> int:
    """Write the headroom to standard output. Raises `BadInput`."""
    check_columns(options, _TITLES)
    app, compiled = load_both(options)
    gc.freeze()  # the inputs live to the end: the garbage collector need not visit them again
    limits = arguments.limits_of(options)

    # Loads ortools and scipy: not before the files are known to be good.
    from groupsolver.solver.headroom.pipeline import headroom

    def work(watch: Watch) -> Headroom:
        return headroom(app, compiled, limits=limits, progress=watch)

    try:
        answer, interrupted = run_watched(work)
    except BadInput as error:
        raise error.in_file(name_of(options.app)) from None
    if interrupted and answer.copies != answer.bound:
        answer = answer.model_copy(update={"warnings": (*answer.warnings, INTERRUPTED)})
    if rows_wanted(options):
        rows = [(unlock.like, unlock.hosts, unlock.rate) for unlock in answer.unlocks]
        write_rows(options, _TITLES, rows)
        print_notes([*_headlines(app, answer), *warning_lines(answer.warnings)])
    else:
        write_answer(options.output, answer.document(), lambda: _lines(app, answer))
    return Exit.OK if answer.copies or not answer.bound else Exit.UNKNOWN


def _headlines(app: Application, answer: Headroom) -> Iterator[Line]:
    name = f"{app.name}: " if app.name else ""
    yield f"{name}{_headline(answer)}; {duration(answer.seconds)}", _style(answer)


def _lines(app: Application, answer: Headroom) -> Iterator[Line]:
    yield from _headlines(app, answer)
    if answer.scarce:
        yield from section("what runs out")
        for scarce in answer.scarce:
            yield f"  - {scarce.sentence}", ""
    if answer.unlocks:
        yield from section("what one more empty host brings at most, by type")
        yield from _unlock_lines(answer.unlocks)
    yield from warning_lines(answer.warnings)


def _unlock_lines(unlocks: Sequence[MarginalHost]) -> Iterator[Line]:
    rows = [
        (unlock.like, f"{unlock.hosts:,}", f"{unlock.rate:,.2f}")
        for unlock in unlocks[:MAX_HOST_TYPES_LISTED]
    ]
    yield from titled_table([_TITLES, *rows], numbers_last=True)
    yield from more_line(len(unlocks), MAX_HOST_TYPES_LISTED)


def _headline(answer: Headroom) -> str:
    if answer.copies:
        one = answer.copies == 1
        copies = "1 more copy fits" if one else f"{answer.copies:,} more copies fit"
    else:
        copies = "no further copy was found in time" if answer.bound else "no further copy fits"
    if answer.copies == answer.bound:
        return f"{copies}; proved that no more do"
    proof = f"proved that no more than {answer.bound:,} do (gap {percentage(answer.gap)})"
    return f"{copies}; {proof}"


def _style(answer: Headroom) -> str:
    if not answer.copies:
        return "bold red"
    return "bold green" if answer.copies == answer.bound else "bold yellow"
