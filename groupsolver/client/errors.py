"""What a client may meet instead of an answer."""

from __future__ import annotations

from collections.abc import Sequence

from groupsolver.errors import Fault, GroupsolverError, one_line
from groupsolver.model.result import Conflict
from groupsolver.wire.bodies.core import ErrorView
from groupsolver.wire.bodies.grants import Preview


class ClientError(GroupsolverError):
    """Base of what a client raises about a server."""

    code = "client-error"


class Unreachable(ClientError):
    """The server did not answer: no connection, a broken one, or no answer in time.

    Attributes
    ----------
    maybe_done : bool
        Whether the request may have arrived, and may have been carried out.
    """

    code = "unreachable"

    def __init__(self, url: str, reason: str, *, maybe_done: bool) -> None:
        self.maybe_done = maybe_done
        super().__init__(f"{one_line(url)} cannot be reached: {one_line(reason)}")


class UnexpectedAnswer(ClientError):
    """What answered does not speak as a server of groupsolver does.

    Attributes
    ----------
    status : int
    """

    code = "unexpected-answer"

    def __init__(self, url: str, status: int, reason: str) -> None:
        self.status = status
        super().__init__(
            f"{one_line(url)} answered {status}, and not as a server of groupsolver: {one_line(reason)}"
        )


class ServerError(ClientError):
    """The server answered with an error. Its text has one line a fault.

    Attributes
    ----------
    status : int
        Of HTTP.
    code : str
        Of this answer: its first fault's.
    detail : str
        What happened, for a person.
    request_id : str
        Under which the server's log has it.
    conflict : Conflict or None
        Why instances cannot be placed.
    preview : Preview or None
        What running members would break.
    faults : tuple of Fault
        One for each error of the answer; places are in the messages.
    """

    code = "server-error"

    def __init__(self, errors: Sequence[ErrorView]) -> None:
        first = errors[0]
        self.status = first.status
        self.code = first.code
        self.detail = first.detail
        self.request_id = first.request_id
        self.conflict: Conflict | None = first.conflict
        self.preview: Preview | None = first.preview
        self.faults = tuple(Fault(error.code, "", error.detail) for error in errors)
        super().__init__("\n".join(map(str, self.faults)))
