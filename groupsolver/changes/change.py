"""What a change is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar, Literal

from groupsolver.model.application import Application
from groupsolver.model.compiled.compiled_fleet import CompiledFleet

Kind = Literal["relax", "soften", "drop", "fewer", "more", "free", "add", "move", "remove"]


class Change(ABC):
    """One thing that is done differently. Changes are values; applying one leaves what it is applied to as it was.

    Attributes
    ----------
    kind : str
        The kinds that have a price are named as in `groupsolver.model.change_costs.Costs`.
    """

    kind: ClassVar[Kind]

    @abstractmethod
    def describe(self, reveal: bool = True) -> str:
        """Say it; `reveal`: with names of hosts and of domains."""

    def on_application(self, app: Application[Any]) -> Application[Any]:
        """Give the application with the change."""
        return app

    def on_fleet(self, fleet: CompiledFleet) -> None:  # noqa: B027 - most changes have nothing to do here
        """Change a fleet, which is the caller's own copy."""

    @property
    def of_fleet(self) -> bool:
        """Whether it changes the fleet."""
        return type(self).on_fleet is not Change.on_fleet


def changed(
    app: Application[Any], fleet: CompiledFleet, changes: Iterable[Change]
) -> tuple[Application[Any], CompiledFleet]:
    """Apply changes, one after the other, to an application and a copy of its fleet."""
    every = list(changes)
    if any(change.of_fleet for change in every):
        fleet = fleet.copy()
    for change in every:
        app = change.on_application(app)
        change.on_fleet(fleet)
    return app, fleet
