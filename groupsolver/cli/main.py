"""The command ``groupsolver``."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Sequence

from groupsolver.cli.commands import db, explain, fleet, group, serve, survives, tokens, whatif
from groupsolver.cli.exit_codes import Exit
from groupsolver.cli.options import Options, parse
from groupsolver.cli.output.stdout import CannotWriteError
from groupsolver.errors import BadInput, BrokenAnswer, UnknownSolverStatus, one_line

# Those that load what they need once it is known what that is.
_RUN: dict[str, Callable[[Options], int]] = {
    "explain": explain.run,
    "whatif": whatif.run,
    "serve": serve.run,
    "db": db.run,
    "tokens": tokens.run,
    "fleet": fleet.run,
    "group": group.run,
    "survives": survives.run,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command, and give its exit code.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name; by default those of the process.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(
            stream, "reconfigure"
        ):  # a name that the terminal cannot show must not end the command
            stream.reconfigure(errors="backslashreplace")
    try:
        return _run(parse(argv))
    except SystemExit as end:  # of argparse: --help, --version, and options that are wrong
        return end.code if isinstance(end.code, int) else Exit.BAD_INPUT
    except BadInput as error:
        print(error, file=sys.stderr)
        return Exit.BAD_INPUT
    except (BrokenAnswer, UnknownSolverStatus) as error:
        print(
            f"groupsolver: a bug of groupsolver: {one_line(str(error))} [{error.code}]",
            file=sys.stderr,
        )
        return Exit.BUG
    except KeyboardInterrupt:
        print("groupsolver: interrupted", file=sys.stderr)
        return Exit.INTERRUPTED
    except CannotWriteError as end:
        if isinstance(end.error, BrokenPipeError):  # whoever read has gone
            return Exit.BROKEN_PIPE
        print(f"groupsolver: the answer cannot be written: {end}", file=sys.stderr)
        return Exit.UNWRITABLE
    except Exception:  # noqa: BLE001 - Python's own code would be 1, which says "proved infeasible"
        traceback.print_exc()
        return Exit.BUG


def _run(options: Options) -> int:
    match options.command:
        case "place" if options.url is not None:
            from groupsolver.cli.commands.place_remote import place as place_remote

            return place_remote(options)
        case "place":
            from groupsolver.cli.commands.place import place

            return place(options)
        case "check":
            from groupsolver.cli.commands.check import check

            return check(options)
        case "headroom":
            from groupsolver.cli.commands.headroom import headroom

            return headroom(options)
        case "schema":
            from groupsolver.cli.commands.schema import schema

            return schema(options)
        case command:
            return _RUN[command](options)
