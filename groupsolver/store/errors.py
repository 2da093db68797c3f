"""The errors of the store: requests that it refuses, and failures of its database."""

from __future__ import annotations

from groupsolver.errors import GroupsolverError


class StoreError(GroupsolverError):
    """Base of the store's errors."""

    code = "store-error"


class StoreUnavailable(StoreError):
    """The database does not answer, or another writer holds it for too long.

    Nothing was written.
    """

    code = "store-unavailable"


class SchemaMismatch(StoreError):
    """The database's tables are not those of this version."""

    code = "schema-mismatch"


class NotStored(StoreError):
    """Nothing of this name or id is stored.

    Attributes
    ----------
    what : {"group", "grant", "instance", "host", "placement"}
    key : str
    """

    code = "not-stored"

    def __init__(self, what: str, key: str) -> None:
        self.what = what
        self.key = key
        super().__init__(f"there is no {what} {key!r}")


class IdTaken(StoreError):
    """The id of something new is already in use."""

    code = "id-taken"

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(f"the id {key} is taken")


class InUse(StoreError):
    """Something is to be removed or changed that is still needed.

    Attributes
    ----------
    what : {"members", "name", "member", "host", "level"}
        The reason: it has members; another group names it; it is a member of another group; a host
        has members; policies apply at a level.
    """

    code = "in-use"

    def __init__(self, what: str, message: str) -> None:
        self.what = what
        super().__init__(message)


class QuotaExceeded(StoreError):
    """A quota would be exceeded."""

    code = "quota-exceeded"


class Stale(StoreError):
    """The stored generation is not the one that was expected."""

    code = "stale"


class KeyInFlight(StoreError):
    """A request with the same idempotency key is under way."""

    code = "key-in-flight"


class KeyReused(StoreError):
    """An idempotency key was used with another body."""

    code = "key-reused"
