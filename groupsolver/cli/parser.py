"""The parser of the command line, and the table of commands."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, Protocol

import groupsolver
from groupsolver.cli.commands import (
    check,
    cluster,
    completion,
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
from groupsolver.cli.output.rows import rows_wanted
from groupsolver.cli.output.stderr import print_message
from groupsolver.cli.output.terminal import cut
from groupsolver.errors import nearest, one_line, quoted

_EPILOG = """\
exit codes: 0 placed, answered, or nothing wrong; 1 proved infeasible; 2 bad input, or a package
is missing; 3 time ran out with no answer; 4 check found hard violations; 5 some of a batch
placed and some left out; 69 a server cannot be reached; 70 a bug of groupsolver; 130 interrupted"""


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
    "explain": explain,
    "whatif": whatif,
    "headroom": headroom,
    "survives": survives,
    "cluster": cluster,
    "serve": serve,
    "db": db,
    "tokens": tokens,
    "fleet": fleet,
    "group": group,
    "schema": schema,
    "completion": completion,
}


class _HelpFormatter(argparse.HelpFormatter):
    """The layout of the help: as argparse has it, but `anti-affinity` stays one word."""

    def _split_lines(self, text: str, width: int) -> list[str]:
        return cut(" ".join(text.split()), width)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n".join(f"{indent}{line}" for line in self._split_lines(text, width))


class _Parser(argparse.ArgumentParser):
    def __init__(self, **options: Any) -> None:
        super().__init__(**{"formatter_class": _HelpFormatter, **options})

    def error(self, message: str) -> NoReturn:
        print_message(f"{self.prog}: {one_line(message)}")
        self.exit(2)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is None or value in action.choices:
            return
        names = [str(choice) for choice in action.choices]
        hint = nearest(str(value), names)
        if isinstance(action.choices, dict):  # commands, or the actions of one
            known = "" if hint else f"; expected one of: {', '.join(names)}"
            message = f"unknown {action.metavar} {quoted(str(value))}{hint}{known}"
            raise argparse.ArgumentError(None, message)
        message = f"expected one of: {', '.join(names)}; found {quoted(str(value))}{hint}"
        raise argparse.ArgumentError(action, message)

    def check_arguments(self, arguments: Sequence[str]) -> None:
        """Check the names of long options, and print the help where a command is missing.

        This comes before the arguments are read: argparse itself would first say what is missing,
        which is often what a misspelt option was meant to be.

        Raises
        ------
        SystemExit
        """
        takes_value = False
        for i, argument in enumerate(arguments):
            if takes_value:
                takes_value = False
                continue
            if argument == "--":
                return
            command = self._subcommands().get(argument)
            if command is not None:
                command.check_arguments(arguments[i + 1 :])
                return
            if argument.startswith("--") and " " not in argument:
                name, equals, _ = argument.partition("=")
                takes_value = self._check_option(name) and not equals
        if not arguments and self._subcommands():
            self.print_help(sys.stderr)
            self.exit(2)

    def _check_option(self, name: str) -> bool:
        """Return whether an option takes a value. An unknown option is an error."""
        option = self._option_string_actions.get(name)
        if option is None:
            hint = nearest(name, list(self._option_string_actions))
            # Without a near name, argparse says what is wrong.
            if hint:
                self.error(f"unrecognized arguments: {name}{hint}")
            return False
        return option.nargs != 0

    def _subcommands(self) -> dict[str, _Parser]:
        for action in self._actions:
            if isinstance(action.choices, dict):
                return action.choices
        return {}


def parse(argv: Sequence[str] | None = None) -> Options:
    """Read the arguments.

    Raises
    ------
    SystemExit
        Where they are wrong, and after ``--help`` and ``--version``.
    """
    parser = build_parser()
    parser.check_arguments(sys.argv[1:] if argv is None else argv)
    options = parser.parse_args(argv, Options())
    if rows_wanted(options) and options.output != "table":
        whole = f"--output {options.output} writes the whole answer"
        parser.error(f"{whole}, --format and --column rows of its table: expected one of them")
    inputs = [getattr(options, name, None) for name in ("app", "fleet", "network", "placement")]
    inputs += getattr(options, "apps", ())
    if inputs.count("-") > 1:
        parser.error("expected at most one input from standard input, '-'")
    if getattr(options, "network", None) is not None and options.cluster is not None:
        parser.error("expected --network beside --fleet: a cluster has the links of its own fleet")
    has_network = getattr(options, "network", None) is not None
    if has_network and getattr(options, "fleet", None) is None:
        parser.error("expected --network beside --fleet: a server has the links of its own fleet")
    return options


def build_parser() -> _Parser:
    """Return the parser of all commands."""
    parser = _Parser(
        prog="groupsolver",
        description=(
            "Place whole applications: groups of instances and the policies that relate them."
        ),
        epilog=_EPILOG,
        allow_abbrev=False,
    )
    version = f"groupsolver {groupsolver.__version__}"
    parser.add_argument("--version", action="version", version=version)
    parser.set_defaults(parser=parser)  # for the completion of all commands
    commands = parser.add_subparsers(
        title="commands", dest="command", required=True, metavar="command", parser_class=_Parser
    )
    for command in COMMANDS.values():
        command.add_parser(commands)
    return parser
