"""The errors of a client."""

from __future__ import annotations

from collections.abc import Sequence

from groupsolver.errors import Fault, GroupsolverError, one_line
from groupsolver.model.result import Conflict
from groupsolver.wire.bodies.errors import ErrorView
from groupsolver.wire.bodies.grants import Preview


class ClientError(GroupsolverError):
    """Base of the errors that a client raises about a server."""

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
    """The answer is not that of a server of groupsolver.

    Attributes
    ----------
    status : int
    """

    code = "unexpected-answer"

    def __init__(self, url: str, status: int, reason: str) -> None:
        self.status = status
        answered = f"{one_line(url)} answered {status}, and not as a server of groupsolver"
        super().__init__(f"{answered}: {one_line(reason)}")


class ServerError(ClientError):
    """The server answered with an error. Its text has one line for each fault.

    Attributes
    ----------
    status : int
        The HTTP status.
    code : str
        The code of the first fault.
    detail : str
        The message of the first fault.
    request_id : str
        The id of the request in the server's log.
    conflict : Conflict or None
        The reasons why instances cannot be placed.
    preview : Preview or None
        The policies that running members would break.
    faults : tuple of Fault
        One for each error of the answer; their places are in the messages.
    """

    code = "server-error"

    def __init__(self, errors: Sequence[ErrorView]) -> None:
        first = errors[0]
        self.status = first.status
        self.code = first.code  # more specific than the code of the type
        self.detail = first.detail
        self.request_id = first.request_id
        self.conflict: Conflict | None = first.conflict
        self.preview: Preview | None = first.preview
        self.faults = tuple(Fault(error.code, "", error.detail) for error in errors)
        super().__init__("\n".join(map(str, self.faults)))
