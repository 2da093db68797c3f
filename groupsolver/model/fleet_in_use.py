"""A fleet on which applications run: what takes the place of a fleet in every question."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from groupsolver.model.application import Application
from groupsolver.model.compiled.compiled_fleet import CompiledFleet, compile_fleet
from groupsolver.model.fleet import Fleet


class FleetInUse(ABC):
    """A fleet, and the applications that run on it.

    Wherever a fleet is asked for, it may stand in: the answer then holds against all that runs.
    Nothing is committed.
    """

    @abstractmethod
    def with_running(self, app: Application[Any]) -> tuple[Application[Any], CompiledFleet]:
        """Return an application with everything that runs and concerns it, and the fleet.

        Parameters
        ----------
        app : Application
            A new one; or, where an application of its `name` runs, that one as it is to become.

        Returns
        -------
        Application
            The groups and policies of others, and their members as `existing`, are added.
        CompiledFleet
            Its hosts' ``used`` includes all that runs. It must not be changed.

        Raises
        ------
        BadInput
            Where the application does not fit what runs.
        """

    @abstractmethod
    def compiled(self) -> CompiledFleet:
        """Return the fleet with all that runs in its hosts' ``used``. It must not be changed."""


def compiled_with_running(
    app: Application[Any], fleet: Fleet | CompiledFleet | FleetInUse
) -> tuple[Application[Any], CompiledFleet]:
    """Return an application and the compiled fleet, with what runs where the fleet is in use."""
    if isinstance(fleet, FleetInUse):
        return fleet.with_running(app)
    return app, fleet if isinstance(fleet, CompiledFleet) else compile_fleet(fleet)
