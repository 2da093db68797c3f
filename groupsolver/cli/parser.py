"""The parser of the command line, and the table of commands."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, Protocol

import groupsolver
from groupsolver.cli.commands import (
    check,
    cluster,
    db,
    explain,
    fleet,
    group,
    headroom,
    place,
    schema,
    serve,
    survives,
    tokens,
    whatif,
)
from groupsolver.cli.options import Options
from groupsolver.errors import one_line

_EPILOG = """\
exit codes: 0 placed, answered, or nothing wrong; 1 proved infeasible; 2 bad input, or a package
is missing; 3 time ran out with no answer; 4 check found hard violations; 69 a server cannot be
reached; 70 a bug of groupsolver; 130 interrupted"""


class Command(Protocol):
    """What a module of ``groupsolver.cli.commands`` provides.

    A module imports at its top only what is quick to load. `run` imports the rest: the solver, the
    client or the server.
    """

    def add_parser(self, commands: Any) -> None:
        """Add the command, its options and its help to the command line."""

    def run(self, options: Options) -> int:
        """Run the command and return its exit code."""


# In the order in which the help lists them.
COMMANDS: Mapping[str, Command] = {
    "place": place,
    "check": check,
    "headroom": headroom,
    "schema": schema,
    "explain": explain,
    "whatif": whatif,
    "survives": survives,
    "cluster": cluster,
    "serve": serve,
    "db": db,
    "tokens": tokens,
    "fleet": fleet,
    "group": group,
}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {one_line(message)}\n")


def parse(argv: Sequence[str] | None = None) -> Options:
    """Read the arguments.

    Raises
    ------
    SystemExit
        Where they are wrong, and after ``--help`` and ``--version``.
    """
    parser = _parser()
    options = parser.parse_args(argv, Options())
    inputs = [getattr(options, name, None) for name in ("app", "fleet", "network", "placement")]
    if inputs.count("-") > 1:
        parser.error("expected at most one input from standard input, '-'")
    if getattr(options, "network", None) is not None and options.cluster is not None:
        parser.error("expected --network beside --fleet: a cluster has the links of its own fleet")
    has_network = getattr(options, "network", None) is not None
    if has_network and getattr(options, "fleet", None) is None:
        parser.error("expected --network beside --fleet: a server has the links of its own fleet")
    return options


def _parser() -> _Parser:
    parser = _Parser(
        prog="groupsolver",
        description=(
            "Place whole applications: groups of instances and the policies that relate them."
        ),
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    version = f"groupsolver {groupsolver.__version__}"
    parser.add_argument("--version", action="version", version=version)
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="command", parser_class=_Parser
    )
    for command in COMMANDS.values():
        command.add_parser(commands)
    return parser
