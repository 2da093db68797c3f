"""The interface of all changes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar, Literal

from groupsolver.model.application import Application
from groupsolver.model.compiled.compiled_fleet import CompiledFleet

Kind = Literal["relax", "soften", "drop", "fewer", "more", "free", "add", "move", "remove"]


class Change(ABC):
    """One difference to an application or its fleet.

    Changes are values. To apply one does not modify what it is applied to.

    Attributes
    ----------
    kind : str
        Kinds that have a price have the names of `groupsolver.model.change_costs.Costs`.
    """

    kind: ClassVar[Kind]

    @abstractmethod
    def describe(self, reveal: bool = True) -> str:
        """Return the change in words.

        Parameters
        ----------
        reveal : bool, default True
            Whether hosts and domains are named.
        """

    def on_application(self, app: Application[Any]) -> Application[Any]:
        """Return the application with the change."""
        return app

    def on_fleet(self, fleet: CompiledFleet) -> None:  # noqa: B027 - most changes leave the fleet alone
        """Modify a fleet, which must be a copy of the caller's own."""

    @property
    def changes_fleet(self) -> bool:
        """Whether it changes the fleet."""
        return type(self).on_fleet is not Change.on_fleet

    @property
    def quantity(self) -> int:
        """How many times the price of its kind it costs, where it is a change to the fleet."""
        return 1


def apply_changes(
    app: Application[Any], fleet: CompiledFleet, changes: Iterable[Change]
) -> tuple[Application[Any], CompiledFleet]:
    """Apply changes, one after the other, to an application and a copy of its fleet.

    The fleet is copied only if a change needs it.
    """
    listed = list(changes)
    if any(change.changes_fleet for change in listed):
        fleet = fleet.copy()
    for change in listed:
        app = change.on_application(app)
        change.on_fleet(fleet)
    return app, fleet
