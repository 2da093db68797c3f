"""``groupsolver check``: the independent checker alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from groupsolver.checking.check import Verdict, check
from groupsolver.cli import arguments
from groupsolver.cli.exit_codes import Exit
from groupsolver.cli.inputs import in_input_file, load_indexed, load_placement
from groupsolver.cli.options import Options
from groupsolver.cli.output.styled_lines import Line, print_lines
from groupsolver.constraints.problem.problem import Problem
from groupsolver.errors import BadInput
from groupsolver.model.result import Result
from groupsolver.model.units import count_of


def add_parser(commands: Any) -> None:
    """Add ``check`` to the command line."""
    about = "check a placement against every rule, without the solver"
    parser = arguments.add_command(commands, "check", about)
    arguments.add_app(parser)
    arguments.add_fleet(parser)
    arguments.add_network(parser)
    placement_help = "a result of place, JSON or YAML"
    parser.add_argument("--placement", required=True, metavar="FILE", help=placement_help)
    arguments.add_objective(parser)


def run(options: Options) -> int:
    """Print what a placement breaks, and what its soft policies cost. Raises `BadInput`."""
    app, hosts = load_indexed(options)
    result, placement = load_placement(str(options.placement), "a placement to check")
    try:
        verdict = check(
            app,
            hosts,
            placement,
            objective=options.objective,
            cells=result.cells or None,
            witness=result.witness,
        )
    except BadInput as error:
        raise BadInput([in_input_file(fault, options) for fault in error.faults]) from None
    lines = _lines(verdict, result, Problem(app, hosts).warnings, options)
    print_lines(lines)
    return Exit.VIOLATED if verdict.violations else Exit.OK


def _lines(
    verdict: Verdict, result: Result, warnings: Sequence[str], options: Options
) -> Iterator[Line]:
    broken = len(verdict.violations)
    rules = f"{count_of(broken, 'hard rule')} broken" if broken else "no hard rule broken"
    yield f"{rules}; objective {verdict.objective} ({options.objective})", _style(verdict)
    for violation in verdict.violations:
        yield f"broken: {violation}", "red"
    for soft in verdict.penalties:
        yield f"soft: {soft.group}: {soft.policy}: {soft.detail}: costs {soft.cost}", ""
    if verdict.opening:
        yield f"hosts that held nothing before: costs {verdict.opening}", ""
    for warning in warnings:
        yield f"warning: {warning}", "yellow"
    if result.objective not in {None, verdict.objective}:
        doubt = "was it made with another --objective?"
        yield f"warning: the result says objective {result.objective}; {doubt}", "yellow"


def _style(verdict: Verdict) -> str:
    return "bold red" if verdict.violations else "bold green"
