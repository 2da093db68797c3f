"""``groupsolver tokens``: the file of tokens that a server in the mode ``tokens`` reads."""

from __future__ import annotations

import argparse
import json
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from groupsolver.cli.commands.subcommands import actions_of
from groupsolver.cli.exit_codes import Exit
from groupsolver.cli.output.stdout import CannotWriteError, columns, write
from groupsolver.errors import BadInput, Fault, one_line

DEFAULT = "tokens.toml"
_ROLES = ("reader", "member", "service", "admin")
_UNIT = {"d": "days", "h": "hours", "m": "minutes"}


def add_parser(commands: Any) -> None:
    """Add ``tokens`` and what it can do to the command line."""
    about = "add, revoke or list the tokens of a server"
    make = actions_of(commands, "tokens", about)

    def action(name: str, help_: str) -> Any:
        made = make(name, help_)
        made.add_argument(
            "--tokens", default=DEFAULT, metavar="FILE", help=f"the file (default: {DEFAULT})"
        )
        return made

    add = action("add", "make a token, and print it this once").add_argument
    add("--tenant", required=True, metavar="T", help="the project that it acts for")
    add("--user", metavar="U", help="who uses it (default: the token's id)")
    add("--role", action="append", choices=_ROLES, help="may be given again (default: member)")
    add(
        "--expires",
        type=_expiry,
        metavar="WHEN",
        help="90d, 12h, 30m, or a time such as 2027-01-01T00:00:00Z (default: never)",
    )
    action("revoke", "take a token's rights, at once").add_argument(
        "id", metavar="ID", help="as list shows it"
    )
    action("list", "show what is known of the tokens, which are not there themselves").add_argument(
        "--output",
        choices=("table", "json"),
        default="table",
        help="how to answer (default: table)",
    )


def run(options: argparse.Namespace) -> int:
    """Do what was asked. Raises `BadInput`."""
    path = Path(options.tokens)
    match options.action:
        case "add":
            _add(path, options)
        case "revoke":
            _revoke(path, options.id)
            print(f"groupsolver: {options.id} is revoked", file=sys.stderr)
        case _:
            _list(path, options.output)
    return Exit.OK


def _add(path: Path, options: argparse.Namespace) -> None:
    from pydantic import ValidationError

    from groupsolver.api.auth.token_file import Token, change, digest, mint
    from groupsolver.files.faults import faults_of

    handle, secret = mint()
    entry = {
        "id": handle,
        "sha256": digest(secret),
        "tenant": options.tenant,
        "user": handle if options.user is None else options.user,
        "roles": list(dict.fromkeys(options.role or ["member"])),
        "created": datetime.now(UTC).replace(microsecond=0),
        "expires": options.expires,
    }
    try:
        token = Token.model_validate(entry)
    except ValidationError as error:
        raise BadInput(faults_of(error, entry)) from None
    change(path, lambda tokens: (*tokens, token))
    try:
        write(f"{secret}\n")
    except CannotWriteError:
        _revoke(path, handle)  # nobody has seen it
        raise
    print(
        f"groupsolver: {handle} is added to {one_line(str(path))}; the token is not shown again",
        file=sys.stderr,
    )


def _revoke(path: Path, handle: str) -> None:
    from groupsolver.api.auth.token_file import Token, change

    def without(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
        left = tuple(token for token in tokens if token.id != handle)
        if len(left) == len(tokens):
            raise BadInput(
                [Fault("unknown-token", "", "expected a token's id, as list shows it", str(path))]
            )
        return left

    change(path, without)


def _list(path: Path, output: str) -> None:
    from groupsolver.api.auth.token_file import read

    now = datetime.now(UTC)
    rows = [
        {
            **token.model_dump(mode="json", exclude={"sha256"}),
            "expired": token.expires is not None and token.expires <= now,
        }
        for token in read(path)
    ]
    if output == "json":
        write(json.dumps({"tokens": rows}, indent=2) + "\n")
        return
    titles = ("id", "tenant", "user", "roles", "created", "expires")
    cells = [titles]
    for row in rows:
        expires = f"{row['expires'] or 'never'}{' (expired)' if row['expired'] else ''}"
        cells.append(
            (row["id"], row["tenant"], row["user"], ",".join(row["roles"]), row["created"], expires)
        )
    write(columns(cells))


def _expiry(text: str) -> datetime:
    now = datetime.now(UTC).replace(microsecond=0)
    if span := re.fullmatch(r"([0-9]{1,5})([dhm])", text):
        when = now + timedelta(**{_UNIT[span[2]]: int(span[1])})
    else:
        when = _time(text)
    if when <= now:
        raise argparse.ArgumentTypeError(
            f"expected a time that is still to come, found {text[:40]!r}"
        )
    return when


def _time(text: str) -> datetime:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        when = datetime.min  # noqa: DTZ901 - refused below, as it has no offset
    if when.utcoffset() is None:
        expected = "90d, 12h, 30m, or a time with its offset, such as 2027-01-01T00:00:00Z"
        raise argparse.ArgumentTypeError(f"expected {expected}, found {text[:40]!r}")
    return when
