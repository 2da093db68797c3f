"""The file of tokens: a TOML document of hashes, which only its owner may read.

A token has 256 random bits and cannot be guessed, so one round of SHA-256 is as safe as a slow
hash. Files are replaced under a lock, never written in place.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import stat
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import tomli_w
from pydantic import BeforeValidator, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from groupsolver.errors import BadInput
from groupsolver.files.fault_text import refuse
from groupsolver.files.faults import faults_of
from groupsolver.model.value import Name, Value
from groupsolver.wire.identifiers import TenantId

Role = Literal["reader", "member", "service", "admin"]
SHAPE = re.compile(r"gs_([0-9a-f]{12})_[0-9a-f]{64}")
_MAX_BYTES = 4 * 2**20  # some 15,000 tokens
_HEADER = "# Written by `groupsolver tokens`: hashes of tokens, never the tokens themselves.\n\n"


def _hex(digits: int) -> BeforeValidator:
    def check(value: Any) -> Any:
        if not isinstance(value, str) or not re.fullmatch(f"[0-9a-f]{{{digits}}}", value):
            # The message omits the value, which may be a token that was put there by mistake.
            raise PydanticCustomError(
                "wrong-value", "expected {digits} hexadecimal digits", {"digits": digits}
            )
        return value

    return BeforeValidator(check)


def _moment(value: Any) -> Any:
    if not isinstance(value, datetime) or value.utcoffset() is None:
        raise PydanticCustomError(
            "wrong-value", "expected a time with its offset, such as 2027-01-01T00:00:00Z"
        )
    return value


_Moment = Annotated[datetime, BeforeValidator(_moment)]


class Token(Value):
    """A token's entry in the file.

    Parameters
    ----------
    id : str
        The public handle, which is a part of the token: 12 hexadecimal digits.
    sha256 : str
        The hash of the whole token, in hexadecimal.
    tenant, user : str
    roles : tuple of {"reader", "member", "service", "admin"}
    created : datetime
    expires : datetime, optional
        The time from which it is refused; None: never.
    """

    id: Annotated[str, _hex(12)]
    sha256: Annotated[str, _hex(64)]
    tenant: TenantId
    user: Name
    roles: Annotated[tuple[Role, ...], Field(min_length=1)]
    created: _Moment
    expires: _Moment | None = None


class _Document(Value):
    tokens: tuple[Token, ...] = ()

    @model_validator(mode="after")
    def _ids_differ(self) -> _Document:
        if len({token.id for token in self.tokens}) < len(self.tokens):
            raise PydanticCustomError(
                "duplicate-name", "expected ids that differ, found two that are alike"
            )
        return self


def mint() -> tuple[str, str]:
    """Return the id of a new token, and the token: ``gs_<id>_<secret>``."""
    handle = secrets.token_hex(6)
    return handle, f"gs_{handle}_{secrets.token_hex(32)}"


def digest(token: str) -> str:
    """Return the hash of a token, as the file stores it."""
    return hashlib.sha256(token.encode()).hexdigest()


def read(path: Path) -> tuple[Token, ...]:
    """Read a file of tokens.

    Raises
    ------
    BadInput
        ``unsafe-file`` where its owner is not the user of the process, where others may read or
        write it, or where it is a symbolic link, whose target others might change; and every
        other fault of the file.
    """
    try:
        return _parsed(_content(path))
    except BadInput as error:
        raise error.in_file(str(path)) from None


def change(path: Path, update: Callable[[tuple[Token, ...]], tuple[Token, ...]]) -> None:
    """Replace the tokens of a file by what `update` returns for them; a missing file has none.

    Other writers wait; readers see either the old or the new file. Raises `BadInput`.
    """
    try:
        with _locked(path):
            tokens = update(read(path) if os.path.lexists(path) else ())
            data = _Document(tokens=tokens).model_dump(exclude_none=True)
            _replace(path, (_HEADER + tomli_w.dumps(data)).encode())
    except (OSError, ValueError) as error:  # ValueError: a path that names no file
        reason = error.strerror if isinstance(error, OSError) else str(error)
        message = f"the file cannot be written: {reason}"
        raise refuse("unwritable-file", message).in_file(str(path)) from None


def _content(path: Path) -> bytes:
    fd = -1
    try:
        # Without O_NONBLOCK, opening a FIFO would block.
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        _check_owner_only(os.fstat(fd))  # of the open file, which cannot be exchanged any more
        with open(fd, "rb", closefd=False) as file:
            content = file.read(_MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        if isinstance(error, OSError) and error.errno == errno.ELOOP:
            raise refuse("unsafe-file", "expected a file, found a symbolic link") from None
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise refuse("unreadable-file", f"the file cannot be read: {reason}") from None
    finally:
        if fd >= 0:
            os.close(fd)
    if len(content) > _MAX_BYTES:
        raise refuse("file-too-large", f"expected at most {_MAX_BYTES // 2**20} MiB, found more")
    return content


def _check_owner_only(found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise refuse("unreadable-file", "expected a regular file")
    if found.st_uid != os.geteuid():
        raise refuse(
            "unsafe-file",
            f"expected a file of user {os.geteuid()}, found one of user {found.st_uid}",
        )
    mode = stat.S_IMODE(found.st_mode) & 0o077
    if mode:
        expected = "a file that its owner alone may read (chmod 600)"
        message = f"expected {expected}, found {mode:03o} for others"
        raise refuse("unsafe-file", message)


def _parsed(content: bytes) -> tuple[Token, ...]:
    try:
        data = tomllib.loads(content.decode())
        return _Document.model_validate(data).tokens
    except ValidationError as error:
        raise BadInput(faults_of(error, data)) from None
    except UnicodeDecodeError:
        raise refuse("not-text", "expected UTF-8 text") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise refuse("not-toml", f"expected TOML: {error}") from None


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    import fcntl  # not available on every system; reading does not need it

    # The lock is a file of its own: replacing the guarded file would replace its lock, too.
    fd = os.open(
        path.with_name(f".{path.name}.lock"),
        os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC,
        0o600,
    )
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def _replace(path: Path, content: bytes) -> None:
    fd, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # made with mode 0600
    try:
        with open(fd, "wb") as file:  # noqa: PTH123 - of a descriptor
            file.write(content)
            file.flush()
            os.fsync(fd)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)  # so that a revoked token stays revoked after a power failure
    finally:
        os.close(folder)
