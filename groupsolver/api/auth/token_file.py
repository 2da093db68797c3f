"""The file of tokens: a TOML document that its owner alone may read, and that holds no token.

A token is 256 random bits, so that one round of SHA-256 is as good as a slow hash: there is
nothing to guess from. Files are replaced, never written in place, under a lock.
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
_MAX = 4 * 2**20  # some 15,000 tokens
_HEAD = "# Written by `groupsolver tokens`: hashes of tokens, never the tokens themselves.\n\n"


def _hex(digits: int) -> BeforeValidator:
    def check(value: Any) -> Any:
        if not isinstance(value, str) or not re.fullmatch(f"[0-9a-f]{{{digits}}}", value):
            # Without the value: it may be a token, put there by mistake.
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
    """What is known of a token.

    Parameters
    ----------
    id : str
        Its public handle, which is part of it: 12 hexadecimal digits.
    sha256 : str
        Of the whole token, in hexadecimal.
    tenant, user : str
    roles : tuple of {"reader", "member", "service", "admin"}
    created : datetime
    expires : datetime, optional
        From when it is refused; without, never.
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
    """Give a new token's id, and the token: ``gs_<id>_<secret>``."""
    handle = secrets.token_hex(6)
    return handle, f"gs_{handle}_{secrets.token_hex(32)}"


def digest(token: str) -> str:
    """Give the hash by which a token is known."""
    return hashlib.sha256(token.encode()).hexdigest()


def read(path: Path) -> tuple[Token, ...]:
    """Read a file of tokens.

    Raises
    ------
    BadInput
        ``unsafe-file`` where anybody but its owner, the process's user, may read or write it, or
        where it is a symbolic link, whose target others might change; and for whatever else is wrong.
    """
    try:
        return _parsed(_content(path))
    except BadInput as error:
        raise error.in_file(str(path)) from None


def change(path: Path, step: Callable[[tuple[Token, ...]], tuple[Token, ...]]) -> None:
    """Replace a file's tokens by what `step` makes of them; a file that is missing has none.

    Others who change the file wait, and who reads it sees the old or the new one. Raises `BadInput`.
    """
    try:
        with _locked(path):
            tokens = step(read(path) if os.path.lexists(path) else ())
            data = _Document(tokens=tokens).model_dump(exclude_none=True)
            _replace(path, (_HEAD + tomli_w.dumps(data)).encode())
    except (OSError, ValueError) as error:  # ValueError: a path that names no file
        reason = error.strerror if isinstance(error, OSError) else str(error)
        message = f"expected a file that can be written: {reason}"
        raise refuse("unwritable-file", message).in_file(str(path)) from None


def _content(path: Path) -> bytes:
    fd = -1
    try:
        # Without O_NONBLOCK, a FIFO would be waited for.
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        _check(os.fstat(fd))  # of what is open, and so of what is read
        with open(fd, "rb", closefd=False) as file:
            content = file.read(_MAX + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        if isinstance(error, OSError) and error.errno == errno.ELOOP:
            raise refuse("unsafe-file", "expected a file, found a symbolic link") from None
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise refuse("unreadable-file", f"expected a file that can be read: {reason}") from None
    finally:
        if fd >= 0:
            os.close(fd)
    if len(content) > _MAX:
        raise refuse("file-too-large", f"expected at most {_MAX // 2**20} MiB, found more")
    return content


def _check(found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise refuse("unreadable-file", "expected a regular file")
    if found.st_uid != os.geteuid():
        raise refuse(
            "unsafe-file",
            f"expected a file of user {os.geteuid()}, found one of user {found.st_uid}",
        )
    if mode := stat.S_IMODE(found.st_mode) & 0o077:
        message = f"expected a file that its owner alone may read (chmod 600), found {mode:03o} for others"
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
    import fcntl  # not everywhere; reading needs it nowhere

    # A file of its own: the one that it guards is replaced, and a lock on it with it.
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
        os.fsync(folder)  # so that a revoked token stays so when the power fails
    finally:
        os.close(folder)
