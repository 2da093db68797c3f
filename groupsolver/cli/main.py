"""The command ``groupsolver``."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence

from groupsolver.cli.exit_codes import Exit
from groupsolver.cli.extras import MissingExtraError
from groupsolver.cli.output.stderr import print_message
from groupsolver.cli.output.stdout import CannotWriteError
from groupsolver.cli.parser import COMMANDS, parse
from groupsolver.errors import BadInput, BrokenAnswer, UnknownSolverStatus, one_line


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name; by default those of the process.
    """
    for stream in (sys.stdout, sys.stderr):
        # A name that the terminal cannot show must not end the command.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        options = parse(argv)
        return COMMANDS[options.command].run(options)
    except SystemExit as end:  # raised by argparse: --help, --version, and wrong options
        return end.code if isinstance(end.code, int) else Exit.BAD_INPUT
    except BadInput as error:
        print_message(str(error))
        return Exit.BAD_INPUT
    except MissingExtraError as error:
        print_message(f"groupsolver: {error}")
        return Exit.BAD_INPUT
    except (BrokenAnswer, UnknownSolverStatus) as error:
        message = f"a bug of groupsolver: {one_line(str(error))} [{error.code}]"
        print_message(f"groupsolver: {message}")
        return Exit.BUG
    except KeyboardInterrupt:
        print_message("groupsolver: interrupted")
        return Exit.INTERRUPTED
    except CannotWriteError as end:
        return _cannot_write(end)
    except Exception:  # noqa: BLE001 - Python's own code would be 1, which means "infeasible"
        traceback.print_exc()
        return Exit.BUG


def _cannot_write(error: CannotWriteError) -> Exit:
    if isinstance(error.error, BrokenPipeError):  # the reader of the pipe has gone
        return Exit.BROKEN_PIPE
    print_message(f"groupsolver: the answer cannot be written: {error}")
    return Exit.UNWRITABLE
