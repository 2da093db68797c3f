"""What the command line may say."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, Literal, NoReturn, get_args

import groupsolver
from groupsolver.cli.arguments import (
    Output,
    add_app,
    add_fleet,
    add_limits,
    add_network,
    add_objective,
    add_output,
)
from groupsolver.cli.commands import db, explain, fleet, group, serve, survives, tokens, whatif
from groupsolver.cli.remote.connection import add_identity, add_url
from groupsolver.errors import one_line
from groupsolver.model.result import Objective

Format = Literal["fleet", "app", "result", "openapi"]
_EPILOG = """\
exit codes: 0 placed, answered, or nothing wrong; 1 proved infeasible; 2 bad input; 3 time ran out with no answer;
4 check found hard violations; 69 a server cannot be reached; 70 a bug of groupsolver; 130 interrupted"""


class Options(argparse.Namespace):
    """Options as they were given; which of them are there depends on `command`."""

    command: Literal[
        "place",
        "check",
        "schema",
        "explain",
        "whatif",
        "survives",
        "headroom",
        "serve",
        "db",
        "tokens",
        "fleet",
        "group",
    ]
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
    parser.add_argument(
        "--version", action="version", version=f"groupsolver {groupsolver.__version__}"
    )
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="command", parser_class=_Parser
    )
    _add_place(
        _command(
            commands, "place", "place an application on a fleet, or prove that it cannot be done"
        )
    )
    _add_check(
        _command(commands, "check", "hold a placement against every rule, without the solver")
    )
    _add_headroom(
        _command(
            commands,
            "headroom",
            "find how many more copies of an application fit, and what runs out",
        )
    )
    schema = _command(
        commands,
        "schema",
        "print the JSON Schema of a format, or the OpenAPI document of the server",
    )
    schema.add_argument("format", choices=get_args(Format))
    for command in (explain, whatif, survives, serve, db, tokens, fleet, group):
        command.add_parser(commands)
    return parser


def _command(commands: Any, name: str, about: str) -> _Parser:
    made: _Parser = commands.add_parser(name, help=about, description=about, allow_abbrev=False)
    return made


def _add_place(parser: _Parser) -> None:
    add_app(parser)
    where = parser.add_mutually_exclusive_group(required=True)
    add_fleet(where, required=False)
    add_network(parser)
    add_url(where, required=False)
    add_identity(parser)
    add_output(parser)
    add_objective(parser)
    add_limits(parser)
    parser.add_argument("--picture", metavar="FILE", help="draw the placement as one HTML file")


def _add_headroom(parser: _Parser) -> None:
    add_app(parser)
    add_fleet(parser)
    add_network(parser)
    add_output(parser)
    add_limits(parser)


def _add_check(parser: _Parser) -> None:
    add_app(parser)
    add_fleet(parser)
    add_network(parser)
    parser.add_argument(
        "--placement", required=True, metavar="FILE", help="a result of place, JSON or YAML"
    )
    add_objective(parser)
