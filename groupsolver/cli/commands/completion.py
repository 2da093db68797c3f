"""``groupsolver completion``: the script by which a shell completes commands and options."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from groupsolver.cli.arguments import add_command
from groupsolver.cli.exit_codes import Exit
from groupsolver.cli.options import Options
from groupsolver.cli.output.stdout import write

# How the help writes values that are names of files.
_FILE_METAVARS = ("APP", "FILE")


def add_parser(commands: Any) -> None:
    """Add ``completion`` to the command line."""
    about = "print the script by which a shell completes commands, options and names of files"
    epilog = 'for bash: eval "$(groupsolver completion bash)" in ~/.bashrc'
    parser = add_command(commands, "completion", about, epilog=epilog)
    parser.add_argument("shell", choices=("bash", "zsh", "fish"))


def run(options: Options) -> int:
    """Print the script of a shell."""
    import shtab

    for action in _actions_of(options.parser):
        # Any file is offered, whatever its name ends in: fleets have no ending of their own.
        if action.metavar in _FILE_METAVARS:
            action.complete = shtab.FILE  # type: ignore[attr-defined]
    write(shtab.complete(options.parser, shell=options.shell))
    return Exit.OK


def _actions_of(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Yield the arguments of a parser and of all commands below it."""
    for action in parser._actions:  # noqa: SLF001 - argparse has no public list of them
        yield action
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for command in action.choices.values():
                yield from _actions_of(command)
