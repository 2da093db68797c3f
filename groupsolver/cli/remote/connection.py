"""What the commands share that talk to a server: how it is named, and what becomes of its refusals."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from groupsolver.cli.exit_codes import Exit
from groupsolver.errors import one_line

if TYPE_CHECKING:
    from groupsolver.client import Client, ClientError

TOKEN = "GROUPSOLVER_TOKEN"  # noqa: S105 - a variable's name


def add_url(parser: Any, *, required: bool = True) -> None:
    """Add the option that names a server."""
    parser.add_argument(
        "--url", required=required, metavar="URL", help="the server, such as http://127.0.0.1:8774"
    )


def add_identity(parser: Any, *, tenant: bool = True) -> None:
    """Add the options that say who asks."""
    if tenant:
        parser.add_argument(
            "--tenant", default="default", metavar="T", help="the project (default: default)"
        )
    parser.add_argument(
        "--token", metavar="SECRET", help=f"who asks (default: what {TOKEN} holds, or nobody)"
    )


def answered(options: argparse.Namespace, work: Callable[[Client], int]) -> int:
    """Do some work with a client, and give its exit code, or that of what went wrong. Raises `BadInput`."""
    from groupsolver.client import Client, ClientError

    token = options.token if options.token is not None else os.environ.get(TOKEN) or None
    with Client(options.url, getattr(options, "tenant", "default"), token) as client:
        try:
            return work(client)
        except ClientError as error:
            return refused(error)


def refused(error: ClientError) -> int:
    """Tell what a server did not do, and give the exit code of that."""
    from groupsolver.client import ServerError

    if not isinstance(error, ServerError):
        print(f"groupsolver: {error}", file=sys.stderr)
        return Exit.UNAVAILABLE
    for fault in error.faults:
        print(f"groupsolver: {fault}", file=sys.stderr)
    if error.preview is not None:
        from groupsolver.cli.commands.group_sharing import lines_of

        print("\n".join(map(one_line, lines_of(error.preview))), file=sys.stderr)
    if error.status < 500:
        return Exit.BAD_INPUT
    print(
        f"groupsolver: the server's log has it under {one_line(error.request_id)}", file=sys.stderr
    )
    return Exit.UNAVAILABLE
