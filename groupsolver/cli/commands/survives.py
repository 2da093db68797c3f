"""``groupsolver survives``: whether what runs finds a place again after any loss."""

from __future__ import annotations

import argparse
import gc
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from groupsolver.cli.argument_types import integer, number
from groupsolver.cli.exit_codes import Exit
from groupsolver.cli.inputs import load_both
from groupsolver.cli.output.stdout import give
from groupsolver.errors import BadInput, Fault
from groupsolver.files import load_result
from groupsolver.files.reading import name_of
from groupsolver.model.compiled.compiled_fleet import compile_fleet
from groupsolver.model.result import Limits, Result
from groupsolver.model.survival import Lost, Survival
from groupsolver.model.units import count_of
from groupsolver.model.value import HOST

if TYPE_CHECKING:
    from groupsolver.cli.options import Options
    from groupsolver.cli.output.styled_lines import Line

_CODES = {"survives": Exit.OK, "falls": Exit.INFEASIBLE, "unknown": Exit.UNKNOWN}
_COLOUR = {"survives": "bold green", "falls": "bold red", "unknown": "bold yellow"}


def add_parser(commands: Any) -> None:
    """Add ``survives`` to the command line."""
    about = "whether all members find a place again after the loss of any rack, zone or host"
    epilog = "exit codes: 0 survives; 1 proved that it does not; 2 bad input; 3 not decided in time"
    add = commands.add_parser(
        "survives", help=about, description=about, epilog=epilog, allow_abbrev=False
    ).add_argument
    add(
        "app",
        metavar="APP",
        help="the application, whose members run; YAML or JSON; - is standard input",
    )
    add("--fleet", required=True, metavar="FILE", help="the fleet, YAML or JSON")
    add("--network", metavar="FILE", help="further links of the fleet, GraphML")
    add(
        "--placement",
        metavar="FILE",
        help="a result of place: where members stand that do not run yet",
    )
    add(
        "--level",
        default=HOST,
        metavar="LEVEL",
        help="what fails: host, or a level of the fleet (default: host)",
    )
    add(
        "--failures",
        type=integer(1, 64),
        default=1,
        metavar="N",
        help="so many fail together (default: 1)",
    )
    add(
        "--group",
        metavar="NAME",
        help="whose members are to survive (default: the whole application's)",
    )
    add(
        "--output",
        choices=("table", "json", "yaml"),
        default="table",
        help="how to answer (default: table)",
    )
    above = number("a number of seconds above 0", lambda x: x > 0)
    add(
        "--time-limit",
        type=above,
        default=30.0,
        metavar="S",
        help="seconds for all losses (default: 30)",
    )
    add(
        "--workers",
        type=integer(0, 1024),
        default=0,
        metavar="N",
        help="threads of the solver (default: all cores)",
    )
    add(
        "--seed",
        type=integer(0, 2**31 - 1),
        default=0,
        metavar="N",
        help="of the solver (default: 0)",
    )


def run(options: argparse.Namespace) -> int:
    """Do what was asked. Raises `BadInput`."""
    told: Options = options  # type: ignore[assignment]
    app, fleet = load_both(told)
    result = Result(status="unknown") if options.placement is None else _placed(options)
    compiled = compile_fleet(fleet)
    gc.freeze()  # what was read stays to the end: the collector need not look at it again
    limits = Limits(seconds=options.time_limit, workers=options.workers, seed=options.seed)

    from groupsolver.solver.survivability.query import (
        survives,  # brings ortools: not before the files are known to be good
    )

    try:
        found = survives(
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
        raise BadInput([_named(fault, options) for fault in error.faults]) from None
    name = app.name or options.group or "the application"
    give(options.output, found.document(), lambda: _lines(found, name))
    return _CODES[found.status]


def _placed(options: argparse.Namespace) -> Result:
    result = load_result(options.placement)
    if result.placement is None:
        message = f"expected a placement, found null: the result is {result.status}"
        raise BadInput([Fault("no-placement", "placement", message)]).in_file(
            name_of(options.placement)
        )
    return result


def _named(fault: Fault, options: argparse.Namespace) -> Fault:
    if fault.path in ("level", "group", "failures"):
        return replace(fault, path=f"--{fault.path}")
    of_placement = options.placement is not None and fault.path.startswith(("placement", "cells."))
    return replace(fault, file=name_of(options.placement if of_placement else options.app))


def _lines(found: Survival, name: str) -> Iterator[Line]:
    from groupsolver.cli.output.styled_lines import aligned, section

    what = found.level if found.failures == 1 else count_of(found.failures, found.level)
    head = {
        "survives": f"{name} survives the loss of any {what}",
        "falls": f"{name} does not survive the loss of any {what}",
        "unknown": f"not decided in time whether {name} survives the loss of any {what}",
    }
    fallen = sum(1 for lost in found.losses if lost.nowhere)
    tried = f"{count_of(len(found.losses), 'loss').replace('losss', 'losses')}" + (
        f", {fallen} not survived" * bool(fallen)
    )
    yield f"{head[found.status]}; {tried}; {found.seconds:.2f} s", _COLOUR[found.status]
    for lost in found.losses:
        others = f" and {lost.others} more where nobody stands or goes" * bool(lost.others)
        gone = f"{found.level} {' and '.join(lost.domains)}{others}"
        yield from section(f"without {gone}: {count_of(len(lost.lost), 'member')} lost")
        if lost.nowhere:
            yield f"  {_nowhere(lost)}", "red"
        if lost.placement:
            yield from (
                (line, "") for line in aligned([("member", "goes to"), *lost.placement.items()])
            )
    if found.warnings:
        yield from section("warnings")
        yield from ((f"  {warning}", "yellow") for warning in found.warnings)


def _nowhere(lost: Lost) -> str:
    names = ", ".join(lost.nowhere)
    return f"nowhere to go: {names}" if lost.proved else f"no place found in time: {names}"
