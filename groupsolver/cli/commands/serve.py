"""``groupsolver serve``: the HTTP API, from the command line."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from groupsolver.cli.argument_types import bounded_integer
from groupsolver.cli.arguments import add_command
from groupsolver.cli.commands.tokens import DEFAULT_FILE as TOKENS
from groupsolver.cli.database import add_database, reason_of, without_password
from groupsolver.cli.exit_codes import Exit
from groupsolver.cli.extras import require_server
from groupsolver.cli.options import Options
from groupsolver.cli.output.stderr import print_message
from groupsolver.cli.output.stdout import write
from groupsolver.errors import BadInput, GroupsolverError, one_line

if TYPE_CHECKING:
    from socket import socket

    from groupsolver.api.auth import Identity
    from groupsolver.api.settings import Settings

_FREE_THREADS = 2  # that no placement takes: they answer everything else meanwhile
_THREADS = 8
# Seconds beyond the time limit of a solve in which a stopping server still answers requests.
_GRACE_SECONDS = 10


class _CannotServeError(Exception):
    """The server does not start; its text says why, in one line."""


def add_parser(commands: Any) -> None:
    """Add ``serve`` to the command line."""
    parser = add_command(commands, "serve", "serve groups and placements over HTTP")
    add_database(parser, "where everything is kept, SQLite or PostgreSQL")
    host_help = "the address to listen at (default: 127.0.0.1)"
    parser.add_argument("--host", default="127.0.0.1", help=host_help)
    parser.add_argument(
        "--port",
        type=bounded_integer(0, 65535),
        default=8774,
        metavar="N",
        help="the port to listen at; 0 is any free one (default: 8774)",
    )
    parser.add_argument(
        "--identity",
        choices=("loopback", "tokens", "keystone"),
        help=(
            "how callers are identified (default: loopback, where every local user is admin, on a "
            "loopback address; none elsewhere)"
        ),
    )
    tokens_help = f"with --identity tokens, the file of tokens (default: {TOKENS})"
    parser.add_argument("--tokens", metavar="FILE", help=tokens_help)
    keystone_help = "with --identity keystone, the INI file with [keystone_authtoken]"
    parser.add_argument("--keystone-config", metavar="FILE", help=keystone_help)
    config_help = "settings, TOML: quotas, limits, which roles see hosts"
    parser.add_argument("--config", metavar="FILE", help=config_help)
    parser.add_argument(
        "--threads",
        type=bounded_integer(_FREE_THREADS + 1, 1024),
        metavar="N",
        help=(
            "requests at once; placements leave some free "
            "(default: 8, or more where the settings need them)"
        ),
    )


def run(options: Options) -> int:
    """Serve until SIGTERM or SIGINT. Raises `BadInput`, before the first connection."""
    require_server("serve")
    try:
        return _serve(options)
    except _CannotServeError as error:
        print_message(f"groupsolver: {error}")
        return Exit.BAD_INPUT


def _serve(options: Options) -> int:
    from groupsolver.api import make_app
    from groupsolver.api.observability.logs import configure
    from groupsolver.api.server.waitress_server import serve_app
    from groupsolver.api.settings import Settings, load_settings

    settings = load_settings(options.config) if options.config is not None else Settings()
    settings, threads = share_threads(settings, options.threads)
    with ExitStack() as stack:
        # Bound before the database is opened, so that a second server on the port leaves no trace
        # there. The server listens only after that.
        sockets = _bind(options.host, options.port)
        for one in sockets:
            stack.callback(one.close)
        addresses = [str(one.getsockname()[0]) for one in sockets]
        port = int(sockets[0].getsockname()[1])
        identity, mode = _identity(options, addresses, port)
        database = without_password(options.database)
        # Without a handler, the library's log would repeat why the server does not start.
        logging.getLogger("groupsolver").addHandler(logging.NullHandler())
        app = _open(
            lambda: make_app(settings, database=options.database, identity=identity), database
        )
        stack.callback(app.close)
        _open(app.warm, database)
        configure()

        def ready() -> None:
            url = f"http://{_address(options.host, port)}"
            write(f"groupsolver: serving at {url}; database {database}; {mode}\n")

        drain_timeout = settings.time_limit + _GRACE_SECONDS
        code = serve_app(app, sockets, threads=threads, ready=ready, drain_timeout=drain_timeout)
        if code:
            _exit_now(code)
    return Exit.OK


def _exit_now(code: int) -> None:
    """End the process although solves still run.

    They run in native code and cannot be stopped: Python would wait for them, or crash.
    """
    print_message("groupsolver: left before every request was answered")
    sys.stdout.flush()
    os._exit(code)


def share_threads(settings: Settings, threads: int | None) -> tuple[Settings, int]:
    """Divide the server's threads between solves and other requests.

    Parameters
    ----------
    settings : Settings
    threads : int or None
        None for as many as the settings need.

    Returns
    -------
    (Settings, int)
        Settings whose solves, running and waiting, leave some threads to other requests; and the
        number of threads.
    """
    if threads is None:
        return settings, max(_THREADS, settings.solves + settings.waiting + _FREE_THREADS)
    solves = min(settings.solves, threads - _FREE_THREADS)
    waiting = min(settings.waiting, threads - _FREE_THREADS - solves)
    return settings.model_copy(update={"solves": solves, "waiting": waiting}), threads


def _bind(host: str, port: int) -> list[socket]:
    from groupsolver.api.server.waitress_server import bind

    in_brackets = host.startswith("[") and host.endswith("]")
    name = host[1:-1] if in_brackets else host
    if not name:
        raise _CannotServeError("cannot listen: no address is given")
    try:
        return bind(name, port)
    except (OSError, UnicodeError) as error:
        reason = "it is no host's name"
        if isinstance(error, OSError) and error.strerror:
            reason = one_line(error.strerror)
        raise _CannotServeError(f"cannot listen at {_address(host, port)}: {reason}") from None


def _identity(options: Options, addresses: Sequence[str], port: int) -> tuple[Identity, str]:
    """Return the identity mode that was asked for, and its description."""
    from groupsolver.api.auth import STARTUP_NOTICE, Keystone, Loopback, Tokens, is_loopback_address

    _check_identity_options(options)
    match options.identity:
        case "tokens":
            path = TOKENS if options.tokens is None else options.tokens
            return Tokens(path), f"identity mode 'tokens', of {one_line(path)}"
        case "keystone":
            if options.keystone_config is None:
                raise _CannotServeError("--identity keystone needs --keystone-config FILE")
            return Keystone.from_file(options.keystone_config), "identity mode 'keystone'"
    if not all(is_loopback_address(address) for address in addresses):
        at = one_line(options.host)
        if options.identity is None:
            message = f"{at} is not only this machine's: expected --identity tokens or keystone"
        else:
            everybody = "--identity loopback makes everybody admin"
            message = f"{everybody}: expected a loopback address, found {at}"
        raise _CannotServeError(message)
    return Loopback(port), STARTUP_NOTICE


def _check_identity_options(options: Options) -> None:
    needs_mode = (
        ("--tokens", options.tokens, "tokens"),
        ("--keystone-config", options.keystone_config, "keystone"),
    )
    for name, value, mode in needs_mode:
        if value is not None and options.identity != mode:
            raise _CannotServeError(f"{name} has a meaning with --identity {mode} only")


def _open(make: Callable[[], Any], database: str) -> Any:
    """Do what needs the database; raise `_CannotServeError` where the database is the reason."""
    from sqlalchemy.exc import SQLAlchemyError

    try:
        return make()
    except BadInput:
        raise
    except (GroupsolverError, SQLAlchemyError) as error:
        message = f"the database {database} cannot be used: {reason_of(error)}"
        raise _CannotServeError(message) from None


def _address(host: str, port: int) -> str:
    host = one_line(host)
    is_ipv6 = ":" in host and not host.startswith("[")
    return f"[{host}]:{port}" if is_ipv6 else f"{host}:{port}"
