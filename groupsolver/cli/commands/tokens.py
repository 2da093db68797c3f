"""``groupsolver tokens``: the file of tokens that a server in the mode ``tokens`` reads."""

from __future__ import annotations

import argparse
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from groupsolver.cli.arguments import add_actions
from groupsolver.cli.exit_codes import Exit
from groupsolver.cli.extras import require_server
from groupsolver.cli.options import Options
from groupsolver.cli.output.rows import add_rows, write_table
from groupsolver.cli.output.stderr import print_message
from groupsolver.cli.output.stdout import CannotWriteError, write
from groupsolver.errors import BadInput, Fault, quoted

DEFAULT_FILE = "tokens.toml"
_ROLES = ("reader", "member", "service", "admin")
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}


def add_parser(commands: Any) -> None:
    """Add ``tokens`` and its actions to the command line."""
    add_action = add_actions(commands, "tokens", "add, revoke or list the tokens of a server")
    add = add_action("add", "make a token, and print it this once")
    add.add_argument("--tenant", required=True, metavar="T", help="the project that it acts for")
    add.add_argument("--user", metavar="U", help="its user (default: the token's id)")
    role_help = "may be given again (default: member)"
    add.add_argument("--role", action="append", choices=_ROLES, help=role_help)
    expires_help = "90d, 12h, 30m, or a time such as 2027-01-01T00:00:00Z (default: never)"
    add.add_argument("--expires", type=_expiry, metavar="WHEN", help=expires_help)
    revoke = add_action("revoke", "make a token invalid, at once")
    revoke.add_argument("id", metavar="ID", help="as tokens list shows it")
    list_ = add_action("list", "list the tokens, without their secrets")
    output_help = "form of the answer (default: table)"
    list_.add_argument("--output", choices=("table", "json"), default="table", help=output_help)
    add_rows(list_)
    file_help = f"the file (default: {DEFAULT_FILE})"
    for action in (add, revoke, list_):
        action.add_argument("--tokens", default=DEFAULT_FILE, metavar="FILE", help=file_help)


def run(options: Options) -> int:
    """Add, revoke or list tokens. Raises `BadInput`."""
    require_server("tokens")
    path = Path(options.tokens)
    match options.action:
        case "add":
            _add(path, options)
        case "revoke":
            _revoke(path, options.id)
            print_message(f"groupsolver: {options.id} is revoked")
        case _:
            _list(path, options)
    return Exit.OK


def _add(path: Path, options: Options) -> None:
    from pydantic import ValidationError

    from groupsolver.api.auth.token_file import Token, change, digest, mint
    from groupsolver.files.faults import faults_of

    token_id, secret = mint()
    entry = {
        "id": token_id,
        "sha256": digest(secret),
        "tenant": options.tenant,
        "user": token_id if options.user is None else options.user,
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
        _revoke(path, token_id)  # a secret that was never shown is of no use
        raise
    added = f"{token_id} is added to {path}"
    print_message(f"groupsolver: {added}; the token is not shown again")


def _revoke(path: Path, token_id: str) -> None:
    from groupsolver.api.auth.token_file import Token, change

    def without(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
        left = tuple(token for token in tokens if token.id != token_id)
        if len(left) == len(tokens):
            message = f"there is no token {quoted(token_id)}; tokens list shows their ids"
            raise BadInput([Fault("unknown-token", "", message, str(path))])
        return left

    change(path, without)


def _list(path: Path, options: Options) -> None:
    from groupsolver.api.auth.token_file import read

    now = datetime.now(UTC)
    entries = []
    for token in read(path):
        entry = token.model_dump(mode="json", exclude={"sha256"})
        entry["expired"] = token.expires is not None and token.expires <= now
        entries.append(entry)
    if options.output == "json":
        write(json.dumps({"tokens": entries}, indent=2) + "\n")
        return
    titles = ("id", "tenant", "user", "roles", "created", "expires")
    rows = []
    for entry in entries:
        expires = f"{entry['expires'] or 'never'}{' (expired)' if entry['expired'] else ''}"
        roles = ",".join(entry["roles"])
        rows.append((entry["id"], entry["tenant"], entry["user"], roles, entry["created"], expires))
    write_table(options, titles, rows)


def _expiry(text: str) -> datetime:
    now = datetime.now(UTC).replace(microsecond=0)
    span = re.fullmatch(r"([0-9]{1,5})([dhm])", text)
    if span:
        number, unit = span.groups()
        expiry = now + timedelta(**{_UNITS[unit]: int(number)})
    else:
        expiry = _time(text)
    if expiry <= now:
        raise argparse.ArgumentTypeError(f"expected a time in the future, found {text[:40]!r}")
    return expiry


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = datetime.min  # noqa: DTZ901 - refused below, as it has no offset
    if time.utcoffset() is None:
        expected = "90d, 12h, 30m, or a time with its offset, such as 2027-01-01T00:00:00Z"
        raise argparse.ArgumentTypeError(f"expected {expected}, found {text[:40]!r}")
    return time
