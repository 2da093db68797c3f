"""``groupsolver completion``: the script by which a shell completes commands and options."""

from __future__ import annotations

from typing import Any

from groupsolver.cli.arguments import add_command
from groupsolver.cli.exit_codes import Exit
from groupsolver.cli.options import Options
from groupsolver.cli.output.stdout import write


def add_parser(commands: Any) -> None:
    """Add ``completion`` to the command line."""
    about = "print the script by which a shell completes commands and options"
    epilog = 'for bash: eval "$(groupsolver completion bash)" in ~/.bashrc'
    parser = add_command(commands, "completion", about, epilog=epilog)
    parser.add_argument("shell", choices=("bash", "zsh", "fish"))


def run(options: Options) -> int:
    """Print the script of a shell."""
    import shtab

    write(shtab.complete(options.parser, shell=options.shell))
    return Exit.OK
