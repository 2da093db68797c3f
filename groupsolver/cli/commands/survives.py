"""``groupsolver survives``: whether running members find a place again after any loss."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from groupsolver.cli import arguments
from groupsolver.cli.argument_types import bounded_integer
from groupsolver.cli.exit_codes import Exit
from groupsolver.cli.inputs import in_input_file, load_both, load_placement
from groupsolver.cli.options import Options
from groupsolver.cli.output.answer import write_answer
from groupsolver.cli.output.numbers import duration
from groupsolver.cli.output.rows import check_columns, print_notes, rows_wanted, write_rows
from groupsolver.cli.output.styled_lines import Line, section, warning_lines
from groupsolver.cli.output.text_table import titled_table
from groupsolver.errors import BadInput, Fault
from groupsolver.model.answers.survival import Lost, Survival
from groupsolver.model.result import Result
from groupsolver.model.units import count_of
from groupsolver.model.value import HOST

_EXIT_CODES = {"survives": Exit.OK, "falls": Exit.INFEASIBLE, "unknown": Exit.UNKNOWN}
_STYLES = {"survives": "bold green", "falls": "bold red", "unknown": "bold yellow"}
_TITLES = ("without", "member", "goes to")
# Faults of these are faults of options of the same names.
_OPTIONS = ("level", "group", "failures")


def add_parser(commands: Any) -> None:
    """Add ``survives`` to the command line."""
    about = "check that all members find a place again after the loss of any rack, zone or host"
    epilog = "exit codes: 0 survives; 1 proved that it does not; 2 bad input; 3 not decided in time"
    parser = arguments.add_command(commands, "survives", about, epilog=epilog)
    arguments.add_app(parser)
    arguments.add_fleet(parser)
    arguments.add_network(parser)
    placement_help = "a result of place: the hosts of members that do not run yet"
    parser.add_argument("--placement", metavar="FILE", help=placement_help)
    level_help = "what fails: host, or a level of the fleet (default: host)"
    parser.add_argument("--level", default=HOST, metavar="LEVEL", help=level_help)
    parser.add_argument(
        "--failures",
        type=bounded_integer(1, 64),
        default=1,
        metavar="N",
        help="how many fail together (default: 1)",
    )
    group_help = "the group whose members are to survive (default: all of the application)"
    parser.add_argument("--group", metavar="NAME", help=group_help)
    arguments.add_output(parser)
    arguments.add_limits(parser, gap=False, whole="all losses")


def run(options: Options) -> int:
    """Write the answer to standard output. Raises `BadInput`."""
    check_columns(options, _TITLES)
    app, compiled = load_both(options)
    result = _given_placement(options)
    gc.freeze()  # the inputs live to the end: the garbage collector need not visit them again
    limits = arguments.limits_of(options)

    # Loads ortools: not before the files are known to be good.
    from groupsolver.solver.survivability.query import survives

    try:
        answer = survives(
            app,
            compiled,
            result.placement,
            level=options.level,
            failures=options.failures,
            group=options.group,
            cells=result.cells or None,
            limits=limits,
        )
    except BadInput as error:
        raise BadInput([_with_place(fault, options) for fault in error.faults]) from None
    name = app.name or options.group or "the application"
    if rows_wanted(options):
        _write_rows(options, answer, name)
    else:
        write_answer(options.output, answer.document(), lambda: _lines(answer, name))
    return _EXIT_CODES[answer.status]


def _given_placement(options: Options) -> Result:
    if options.placement is None:
        return Result(status="unknown")
    result, _ = load_placement(options.placement, "a placement")
    return result


def _with_place(fault: Fault, options: Options) -> Fault:
    if fault.path in _OPTIONS:
        return replace(fault, path=f"--{fault.path}")
    return in_input_file(fault, options)


def _write_rows(options: Options, answer: Survival, name: str) -> None:
    """Write a row for each lost member, and on standard error a verdict that is not good."""
    rows = [
        (_gone(answer, loss), member, loss.placement.get(member))
        for loss in answer.losses
        for member in loss.lost
    ]
    write_rows(options, _TITLES, rows)
    verdict = [] if answer.status == "survives" else [*_headlines(answer, name)]
    print_notes([*verdict, *warning_lines(answer.warnings)])


def _headlines(answer: Survival, name: str) -> Iterator[Line]:
    yield f"{_headline(answer, name)}; {duration(answer.seconds)}", _STYLES[answer.status]


def _lines(answer: Survival, name: str) -> Iterator[Line]:
    yield from _headlines(answer, name)
    for loss in answer.losses:
        yield from _loss_lines(answer, loss)
    yield from warning_lines(answer.warnings)


def _headline(answer: Survival, name: str) -> str:
    what = answer.level
    if answer.failures > 1:
        what = count_of(answer.failures, answer.level)
    verdicts = {
        "survives": f"{name} survives the loss of any {what}",
        "falls": f"{name} does not survive the loss of any {what}",
        "unknown": f"not decided in time whether {name} survives the loss of any {what}",
    }
    losses = "1 loss" if len(answer.losses) == 1 else f"{len(answer.losses)} losses"
    not_survived = sum(1 for loss in answer.losses if loss.nowhere)
    if not_survived:
        losses += f", {not_survived} not survived"
    return f"{verdicts[answer.status]}; {losses}"


def _gone(answer: Survival, loss: Lost) -> str:
    gone = f"{answer.level} {' and '.join(loss.domains)}"
    if loss.others:
        gone += f" and {loss.others} more that no member uses"
    return gone


def _loss_lines(answer: Survival, loss: Lost) -> Iterator[Line]:
    yield from section(f"without {_gone(answer, loss)}: {count_of(len(loss.lost), 'member')} lost")
    if loss.nowhere:
        members = ", ".join(loss.nowhere)
        proved = f"nowhere to go: {members}"
        yield f"  {proved if loss.proved else f'no place found in time: {members}'}", "red"
    if loss.placement:
        yield from titled_table([_TITLES[1:], *loss.placement.items()])
