"""The errors of the HTTP API: codes, statuses, titles, and the mapping of the library's errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from groupsolver.api.services.conflict_view import Audience
from groupsolver.api.services.refusal import Refusal
from groupsolver.cluster.claim import Contended
from groupsolver.errors import BadInput, Fault, GroupsolverError
from groupsolver.model.result import Conflict
from groupsolver.store import errors as store
from groupsolver.wire.bodies.grants import Preview
from groupsolver.wire.media import NotAcceptable, UnsupportedMedia


class ApiError(GroupsolverError):
    """An error that is answered with a status of 400 or above.

    Attributes
    ----------
    code : str
        One of `HTTP_ERRORS`.
    detail : str
        What happened, for a person; never more than the principal may know.
    headers : mapping of str to str
    refusal : Refusal, optional
        Why instances cannot be placed.
    faults : sequence of Fault
        What is wrong with the request, for ``bad-input``.
    preview : Preview, optional
        What running members would break.
    """

    code = "api-error"  # of the type; each error has a code of its own

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        refusal: Refusal | None = None,
        faults: Sequence[Fault] = (),
        preview: Preview | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        self.refusal = refusal
        self.faults = tuple(faults)
        self.preview = preview

    @property
    def status(self) -> int:
        """The HTTP status."""
        return HTTP_ERRORS[self.code][0]

    @property
    def conflict(self) -> Conflict | None:
        """Why instances cannot be placed."""
        return self.refusal.conflict if self.refusal else None

    def to_stored(self) -> dict[str, Any]:
        """Return the error as plain data, from which `from_stored` makes it again."""
        refusal = self.refusal.to_stored() if self.refusal else {}
        return {"code": self.code, "detail": self.detail, **refusal}

    @classmethod
    def from_stored(cls, data: dict[str, Any], audience: Audience) -> ApiError:
        """Make the error of stored data, as `audience` may see it."""
        refusal = Refusal.from_stored(data, audience)
        return cls(data["code"], data["detail"], refusal=refusal)


# code -> status, title
HTTP_ERRORS: dict[str, tuple[int, str]] = {
    "bad-input": (400, "The request is not well formed"),
    "unauthorized": (401, "An identity is needed"),
    "forbidden": (403, "The identity may not do this"),
    "foreign-request": (403, "The request does not come from this machine"),
    "quota-exceeded": (403, "A quota is used up"),
    "no-such-path": (404, "There is nothing at this path"),
    "group-not-found": (404, "There is no such group"),
    "instance-not-found": (404, "There is no such instance"),
    "placement-not-found": (404, "There is no such placement"),
    "grant-not-found": (404, "There is no such grant"),
    "host-not-found": (404, "There is no such host"),
    "tenant-not-found": (404, "There is no such tenant"),
    "method-not-allowed": (405, "The path does not take this method"),
    "not-acceptable": (406, "The answer has no form that was asked for"),
    "id-taken": (409, "The id is taken"),
    "group-not-empty": (409, "The group has members"),
    "group-in-use": (409, "Another group names this one"),
    "instance-in-group": (409, "The instance is a member of another group"),
    "would-break": (409, "Running members would break a policy"),
    "host-in-use": (409, "The host has members"),
    "level-in-use": (409, "Policies speak at this level"),
    "placement-infeasible": (409, "The instances cannot be placed"),
    "idempotency-in-flight": (409, "A request with this key is under way"),
    "stale": (412, "It has changed since it was read"),
    "body-too-large": (413, "The body is too large"),
    "unsupported-media-type": (415, "The body has a form that is not read here"),
    "idempotency-mismatch": (422, "The key was used with another body"),
    "internal-error": (500, "An unexpected failure"),
    "busy": (503, "Too many placements are under way"),
    "claim-contended": (503, "Others claimed first, again and again"),
    "no-answer-in-time": (503, "No placement was found in time"),
    "store-unavailable": (503, "The database does not answer"),
    "identity-unavailable": (503, "Identities cannot be checked"),
}
"""Every code of an answer, beside the codes of faults in a body, which are 400."""

# `InUse.what` -> code
_IN_USE_CODES = {
    "members": "group-not-empty",
    "name": "group-in-use",
    "member": "instance-in-group",
    "host": "host-in-use",
    "level": "level-in-use",
}
_RETRY_SOON = {"Retry-After": "1"}
# An error of a lower layer -> its code, and the headers that belong to it.
_KNOWN_ERRORS: dict[type[GroupsolverError], tuple[str, dict[str, str]]] = {
    store.IdTaken: ("id-taken", {}),
    store.QuotaExceeded: ("quota-exceeded", {}),
    store.Stale: ("stale", {}),
    Contended: ("claim-contended", _RETRY_SOON),
    store.KeyInFlight: ("idempotency-in-flight", _RETRY_SOON),
    store.KeyReused: ("idempotency-mismatch", {}),
    NotAcceptable: ("not-acceptable", {}),
    UnsupportedMedia: ("unsupported-media-type", {}),
}


def api_error(error: Exception) -> ApiError | None:
    """Return the `ApiError` for an error, or None for an unexpected one."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, BadInput):
        return bad_input(*error.faults)
    if isinstance(error, store.NotStored):
        return ApiError(f"{error.what}-not-found", str(error))
    if isinstance(error, store.InUse):
        return ApiError(_IN_USE_CODES[error.what], str(error))
    if isinstance(error, store.StoreUnavailable):
        # The database's own message is for the log alone.
        detail = "the database does not answer, or is locked"
        return ApiError("store-unavailable", detail, headers=_RETRY_SOON)
    if isinstance(error, GroupsolverError) and type(error) in _KNOWN_ERRORS:
        code, headers = _KNOWN_ERRORS[type(error)]
        return ApiError(code, str(error), headers=headers)
    return None


def bad_input(*faults: Fault) -> ApiError:
    """Return the error of a request that is not well formed."""
    first = [f"{fault.path}: {fault.message}" for fault in faults[:5]]
    return ApiError("bad-input", "; ".join(first), faults=faults)
