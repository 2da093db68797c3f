"""Why a placement was refused: for the client, for a repeated request, and for the audit log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from groupsolver.api.services.conflict_view import Audience
from groupsolver.model.result import Conflict


@dataclass(frozen=True)
class Refusal:
    """The conflict of a refused placement.

    Parameters
    ----------
    audience : Audience
        The audience of `conflict`.
    conflict : Conflict
    plain : Conflict or None
        The conflict for an audience that sees less: the answer to an idempotency key is stored, and
        another role may send the key again. None where it is the same conflict.
    sentences : tuple of str
        For the audit log, with all names.
    """

    audience: Audience
    conflict: Conflict
    plain: Conflict | None = None
    sentences: tuple[str, ...] = ()

    def to_stored(self) -> dict[str, Any]:
        """Return the refusal as plain data, from which `from_stored` makes it again."""
        stored = {
            "conflict": self.conflict.model_dump(mode="json"),
            "to": [self.audience.hosts, self.audience.projects],
        }
        if self.plain:
            stored["plain"] = self.plain.model_dump(mode="json")
        return stored

    @classmethod
    def from_stored(cls, data: dict[str, Any], audience: Audience) -> Refusal | None:
        """Make the refusal of stored data, as another audience may see it."""
        hosts, projects = data.get("to", (False, False))
        first_audience = Audience(audience.tenant, hosts, projects)
        key = "conflict" if audience.sees_all_of(first_audience) else "plain"
        conflict = data.get(key)
        return cls(audience, Conflict.model_validate(conflict)) if conflict else None
