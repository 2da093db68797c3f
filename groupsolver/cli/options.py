"""What the command line may say."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, Literal, NoReturn, get_args

import groupsolver
from groupsolver.cli import db, fleet, group, serve, tokens
from groupsolver.cli.numbers import integer, number
from groupsolver.cli.remote import add_identity, add_url
from groupsolver.errors import one_line
from groupsolver.model.result import Limits, Objective

Output = Literal["table", "json", "yaml"]
Format = Literal["fleet", "app", "result", "openapi"]
_EPILOG = """\
exit codes: 0 placed, answered, or nothing wrong; 1 proved infeasible; 2 bad input; 3 time ran out with no answer;
4 check found hard violations; 69 a server cannot be reached; 70 a bug of groupsolver; 130 interrupted"""


class Options(argparse.Namespace):
    """Options as they were given; which of them are there depends on `command`."""

    command: Literal["place", "check", "headroom", "schema", "serve", "db", "tokens", "fleet", "group"]
    app: str
    fleet: str
    network: str | None
    url: str | None
    tenant: str
    token: str | None
    placement: str
    format: Format
    objective: Objective
    output: Output
    time_limit: float
    gap: float
    workers: int
    seed: int
    picture: str | None


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {one_line(message)}\n")


def parse(argv: Sequence[str] | None = None) -> Options:
    """Read arguments; ends in SystemExit where they are wrong."""
    parser = _parser()
    options = parser.parse_args(argv, Options())
    inputs = [getattr(options, name, None) for name in ("app", "fleet", "network", "placement")]
    if inputs.count("-") > 1:
        parser.error("expected at most one input from standard input, '-'")
    if getattr(options, "network", None) is not None and getattr(options, "fleet", None) is None:
        parser.error("expected --network beside --fleet: a server has the links of its own fleet")
    return options


def _parser() -> _Parser:
    parser = _Parser(
        prog="groupsolver",
        description="Place whole applications: groups of instances and the policies that relate them.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"groupsolver {groupsolver.__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command", parser_class=_Parser)
    _add_place(_command(commands, "place", "place an application on a fleet, or prove that it cannot be done"))
    _add_check(_command(commands, "check", "hold a placement against every rule, without the solver"))
    _add_headroom(_command(commands, "headroom", "find how many more copies of an application fit, and what runs out"))
    schema = _command(commands, "schema", "print the JSON Schema of a format, or the OpenAPI document of the server")
    schema.add_argument("format", choices=get_args(Format))
    for command in (serve, db, tokens, fleet, group):
        command.add_parser(commands)
    return parser


def _command(commands: Any, name: str, about: str) -> _Parser:
    made: _Parser = commands.add_parser(name, help=about, description=about, allow_abbrev=False)
    return made


def _add_app(parser: _Parser) -> None:
    parser.add_argument("app", metavar="APP", help="the application, YAML or JSON; - is standard input")


def _add_fleet(parser: Any, *, required: bool = True) -> None:
    parser.add_argument("--fleet", required=required, metavar="FILE", help="the fleet, YAML or JSON")


def _add_network(parser: _Parser) -> None:
    parser.add_argument("--network", metavar="FILE", help="further links of the fleet, GraphML")


def _add_objective(parser: _Parser) -> None:
    choices = get_args(Objective)
    parser.add_argument("--objective", choices=choices, default="pack", help="what is minimized (default: pack)")


def _add_place(parser: _Parser) -> None:
    _add_app(parser)
    where = parser.add_mutually_exclusive_group(required=True)
    _add_fleet(where, required=False)
    _add_network(parser)
    add_url(where, required=False)
    add_identity(parser)
    _add_output(parser)
    _add_objective(parser)
    _add_limits(parser)
    parser.add_argument("--picture", metavar="FILE", help="draw the placement as one HTML file")


def _add_headroom(parser: _Parser) -> None:
    _add_app(parser)
    _add_fleet(parser)
    _add_network(parser)
    _add_output(parser)
    _add_limits(parser)


def _add_output(parser: _Parser) -> None:
    parser.add_argument("--output", choices=get_args(Output), default="table", help="how to answer (default: table)")


def _add_limits(parser: _Parser) -> None:
    default, add = Limits(), parser.add_argument
    add(
        "--time-limit",
        type=number("a number of seconds above 0", lambda x: x > 0),
        default=default.seconds,
        metavar="S",
        help="seconds for the whole solve (default: 30)",
    )
    add(
        "--gap",
        type=number("a fraction of at least 0", lambda x: x >= 0),
        default=default.gap,
        metavar="G",
        help="stop at a proved gap of this fraction, 0.01 for 1 %% (default: 0)",
    )
    add(
        "--workers",
        type=integer(0, 1024),
        default=default.workers,
        metavar="N",
        help="threads of the solver (default: all cores)",
    )
    add(
        "--seed",
        type=integer(0, 2**31 - 1),
        default=default.seed,
        metavar="N",
        help="with one worker and a proved answer, the same seed gives the same answer (default: 0)",
    )


def _add_check(parser: _Parser) -> None:
    _add_app(parser)
    _add_fleet(parser)
    _add_network(parser)
    parser.add_argument("--placement", required=True, metavar="FILE", help="a result of place, JSON or YAML")
    _add_objective(parser)
