"""The connection to a server: its options, and the exit codes of what it refuses."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from groupsolver.cli.exit_codes import Exit
from groupsolver.cli.options import Options, of_options
from groupsolver.cli.output.stderr import print_message
from groupsolver.errors import BadInput

if TYPE_CHECKING:
    from groupsolver.client import Client, ClientError

TOKEN_VARIABLE = "GROUPSOLVER_TOKEN"  # noqa: S105 - a variable's name


def add_url(parser: Any, *, required: bool = True) -> None:
    """Add the option that names a server."""
    help_ = "the server, such as http://127.0.0.1:8774"
    parser.add_argument("--url", required=required, metavar="URL", help=help_)


def add_identity(parser: Any, *, tenant: bool = True) -> None:
    """Add the options for the caller's project and token."""
    if tenant:
        tenant_help = "the project (default: default)"
        parser.add_argument("--tenant", default="default", metavar="T", help=tenant_help)
    token_help = f"the caller's token (default: what {TOKEN_VARIABLE} holds, or none)"
    parser.add_argument("--token", metavar="SECRET", help=token_help)


def run_with_client(options: Options, work: Callable[[Client], int]) -> int:
    """Do some work with a client, and return its exit code or that of the failure.

    Raises
    ------
    BadInput
    """
    from groupsolver.client import Client, ClientError

    token = options.token if options.token is not None else os.environ.get(TOKEN_VARIABLE) or None
    url = str(options.url)
    try:
        connection = Client(url, getattr(options, "tenant", "default"), token)
    except BadInput as error:
        raise of_options(error, "url", "tenant", "token") from None
    with connection as client:
        try:
            return work(client)
        except ClientError as error:
            return report_failure(error)


def report_failure(error: ClientError) -> int:
    """Print what a server refused or failed to do, and return the exit code."""
    from groupsolver.client import ServerError

    if not isinstance(error, ServerError):
        print_message(f"groupsolver: {error}")
        return Exit.UNAVAILABLE
    for fault in error.faults:
        print_message(f"groupsolver: {fault}")
    if error.preview is not None:
        from groupsolver.cli.remote.preview_report import preview_lines

        for line in preview_lines(error.preview):
            print_message(line)
    if error.status < 500:
        return Exit.BAD_INPUT
    print_message(f"groupsolver: the server's log has it under {error.request_id}")
    return Exit.UNAVAILABLE
