"""The answer to whether running members survive a loss."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from groupsolver.model.result import Placement
from groupsolver.model.value import Value

Verdict = Literal["survives", "falls", "unknown"]


class Lost(Value):
    """One loss, and what becomes of the members that it takes.

    Attributes
    ----------
    domains : tuple of str
        The domains that fail together.
    others : int
        How many more domains fail with these. Which ones does not matter: no member is there, and
        none goes there.
    lost : tuple of str
        Members that ran there.
    placement : dict of str to str
        New hosts of the members that find a place.
    nowhere : tuple of str
        Members that find none; if `proved`, no other choice leaves none.
    proved : bool
    """

    domains: tuple[str, ...]
    others: int = 0
    lost: tuple[str, ...]
    placement: Placement
    nowhere: tuple[str, ...] = ()
    proved: bool = True


class Survival(Value):
    """Whether members find a place again after any loss.

    Every key is always present in its document.

    Attributes
    ----------
    status : str
        ``survives``, ``falls`` (after a loss it is proved that not all lost members find a place),
        or ``unknown``.
    group : str or None
        The group of the members; None: all of the application.
    level : str
    failures : int
    losses : tuple of Lost
        The worst first; no other loss is worse than all of these.
    warnings : tuple of str
    seconds : float
    """

    version: Literal[1] = 1
    status: Verdict
    group: str | None = None
    level: str
    failures: int
    losses: tuple[Lost, ...] = ()
    warnings: tuple[str, ...] = ()
    seconds: Annotated[float, Field(ge=0)] = 0.0

    def document(self) -> dict[str, Any]:
        """Return it as plain JSON data, every key present."""
        return self.model_dump(mode="json")
