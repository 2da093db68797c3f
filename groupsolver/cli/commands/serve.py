"""``groupsolver serve``: the HTTP API, from the command line."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from groupsolver.cli.argument_types import integer
from groupsolver.cli.commands.tokens import DEFAULT as TOKENS
from groupsolver.cli.exit_codes import Exit
from groupsolver.cli.output.stdout import write
from groupsolver.errors import BadInput, GroupsolverError, one_line

if TYPE_CHECKING:
    from socket import socket

    from groupsolver.api.auth import Identity
    from groupsolver.api.settings import Settings

_FREE = 2  # threads that no placement takes: the least that answer everything else meanwhile
_THREADS = 8
_GRACE = (
    10  # seconds beyond a solve's, in which requests in flight are answered once the server stops
)


class _CannotServeError(Exception):
    """Why the server does not start, in one line."""


def add_parser(commands: Any) -> None:
    """Add ``serve`` to the command line."""
    about = "serve groups and placements over HTTP"
    parser = commands.add_parser("serve", help=about, description=about, allow_abbrev=False)
    add = parser.add_argument
    default = "sqlite:///groupsolver.db"
    add(
        "--database",
        default=default,
        metavar="URL",
        help=f"where all is kept, SQLite or PostgreSQL (default: {default})",
    )
    add("--host", default="127.0.0.1", help="the address to listen at (default: 127.0.0.1)")
    add(
        "--port",
        type=integer(0, 65535),
        default=8774,
        metavar="N",
        help="0 is any free one (default: 8774)",
    )
    add(
        "--identity",
        choices=("loopback", "tokens", "keystone"),
        help="who is believed to be who (default: loopback, where every local user is admin, on a loopback address;"
        " none elsewhere)",
    )
    add(
        "--tokens",
        metavar="FILE",
        help=f"with --identity tokens, the file of tokens (default: {TOKENS})",
    )
    add(
        "--keystone-config",
        metavar="FILE",
        help="with --identity keystone, the INI file with [keystone_authtoken]",
    )
    add("--config", metavar="FILE", help="settings, TOML: quotas, limits, who sees hosts")
    add(
        "--threads",
        type=integer(_FREE + 1, 1024),
        metavar="N",
        help="requests at once; placements leave some free (default: 8, or more where the settings need them)",
    )


def run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT. Raises `BadInput`, before anybody can connect."""
    try:
        return _serve(options)
    except _CannotServeError as error:
        print(f"groupsolver: {error}", file=sys.stderr)
        return Exit.BAD_INPUT


def _serve(options: argparse.Namespace) -> int:
    from groupsolver.api import make_app
    from groupsolver.api.observability.logs import configure
    from groupsolver.api.server.waitress_server import serve_app
    from groupsolver.api.settings import Settings, load_settings

    settings = load_settings(options.config) if options.config is not None else Settings()
    settings, threads = shares(settings, options.threads)
    with ExitStack() as stack:
        # Bound before the database is touched, and listened to after: a second server on the port leaves no trace.
        sockets = _bind(options.host, options.port)
        for one in sockets:
            stack.callback(one.close)
        port = int(sockets[0].getsockname()[1])
        identity, mode = _identity(options, [str(one.getsockname()[0]) for one in sockets], port)
        database = shown(options.database)
        logging.getLogger("groupsolver").addHandler(
            logging.NullHandler()
        )  # why it does not start is told in one line
        app = _reached(
            lambda: make_app(settings, database=options.database, identity=identity), database
        )
        stack.callback(app.close)
        _reached(app.warm, database)
        configure()

        def ready() -> None:
            write(
                f"groupsolver: serving at {_url(options.host, port)}; database {database}; {mode}\n"
            )

        code = serve_app(
            app, sockets, threads=threads, ready=ready, drain_timeout=settings.time_limit + _GRACE
        )
        if code:
            print(
                "groupsolver: left before every request was answered", file=sys.stderr, flush=True
            )
            sys.stdout.flush()
            os._exit(
                code
            )  # solves in native code cannot be asked to end: Python would wait for them, or crash
    return Exit.OK


def shares(settings: Settings, threads: int | None) -> tuple[Settings, int]:
    """Give settings whose solves, running and waiting, leave some of the server's threads to others."""
    if threads is None:
        return settings, max(_THREADS, settings.solves + settings.waiting + _FREE)
    solves = min(settings.solves, threads - _FREE)
    waiting = min(settings.waiting, threads - _FREE - solves)
    return settings.model_copy(update={"solves": solves, "waiting": waiting}), threads


def shown(database: str) -> str:
    """Give a database's URL with its passwords hidden. Raises `BadInput` where it is none."""
    from groupsolver.store.database.engine import parse_url

    url = parse_url(database)
    hidden = {key: "hidden" for key in url.query if "pass" in key.lower()}
    return one_line(url.update_query_dict(hidden).render_as_string(hide_password=True))


def _bind(host: str, port: int) -> list[socket]:
    from groupsolver.api.server.waitress_server import bind

    name = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not name:
        raise _CannotServeError("cannot listen: no address is given")
    try:
        return bind(name, port)
    except (OSError, UnicodeError) as error:
        reason = (
            error.strerror
            if isinstance(error, OSError) and error.strerror
            else "it is no host's name"
        )
        raise _CannotServeError(
            f"cannot listen at {_address(host, port)}: {one_line(reason)}"
        ) from None


def _identity(
    options: argparse.Namespace, addresses: Sequence[str], port: int
) -> tuple[Identity, str]:
    """Give the mode that was asked for, and the words for it."""
    from groupsolver.api.auth import STARTUP_NOTICE, Keystone, Loopback, Tokens, is_loopback_address

    for name, value, mode in (
        ("--tokens", options.tokens, "tokens"),
        ("--keystone-config", options.keystone_config, "keystone"),
    ):
        if value is not None and options.identity != mode:
            raise _CannotServeError(f"{name} has a meaning with --identity {mode} only")
    match options.identity:
        case "tokens":
            path = TOKENS if options.tokens is None else options.tokens
            return Tokens(path), f"identity mode 'tokens', of {one_line(path)}"
        case "keystone":
            if options.keystone_config is None:
                raise _CannotServeError("--identity keystone needs --keystone-config FILE")
            return Keystone.from_file(options.keystone_config), "identity mode 'keystone'"
    if not all(map(is_loopback_address, addresses)):
        at = one_line(options.host)
        if options.identity is None:
            raise _CannotServeError(
                f"{at} is not only this machine's: expected --identity tokens or keystone"
            )
        raise _CannotServeError(
            f"--identity loopback makes everybody admin: expected a loopback address, found {at}"
        )
    return Loopback(port), STARTUP_NOTICE


def _reached(make: Callable[[], Any], database: str) -> Any:
    from sqlalchemy.exc import SQLAlchemyError

    try:
        return make()
    except BadInput:
        raise
    except (GroupsolverError, SQLAlchemyError) as error:
        # The driver's own words, without those around them.
        reason = getattr(error.__cause__ or error, "orig", None) or error
        raise _CannotServeError(
            f"the database {database} cannot be used: {one_line(str(reason).strip())}"
        ) from None


def _url(host: str, port: int) -> str:
    return f"http://{_address(host, port)}"


def _address(host: str, port: int) -> str:
    host = one_line(host)
    return f"[{host}]:{port}" if ":" in host and not host.startswith("[") else f"{host}:{port}"
