"""Why a placement was refused: as its asker is told, as anybody of the project may be, as the operator's log has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from groupsolver.api.services.conflict_view import Audience
from groupsolver.model.result import Conflict


@dataclass(frozen=True)
class Refusal:
    """A conflict in the words for its reader.

    Parameters
    ----------
    reader : Reader
        Who is told `conflict`.
    conflict : Conflict
    plain : Conflict or None
        The same for whoever may see less: an answer that is kept may be asked for again by another role.
    sentences : tuple of str
        For the audit log, with all names.
    """

    reader: Audience
    conflict: Conflict
    plain: Conflict | None = None
    sentences: tuple[str, ...] = ()

    def kept(self) -> dict[str, Any]:
        """Give it as plain data."""
        kept = {
            "conflict": self.conflict.model_dump(mode="json"),
            "to": [self.reader.hosts, self.reader.projects],
        }
        return kept | ({"plain": self.plain.model_dump(mode="json")} if self.plain else {})

    @classmethod
    def from_kept(cls, data: dict[str, Any], reader: Audience) -> Refusal | None:
        """Give what was kept as another reader may see it."""
        hosts, projects = data.get("to", (False, False))
        fits = reader.sees_all_of(Audience(reader.tenant, hosts, projects))
        conflict = data.get("conflict" if fits else "plain")
        return cls(reader, Conflict.model_validate(conflict)) if conflict else None
