"""A cluster at one moment: what can be read of it, and asked about."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from groupsolver.checking.arguments import require_application
from groupsolver.cluster.definitions import application_of
from groupsolver.cluster.members import ApplicationsState, ClusterInstance, ClusterMember
from groupsolver.cluster.newcomer import NAMELESS, Newcomer
from groupsolver.cluster.usage import Usage, usage_by
from groupsolver.constraints.registry import Application
from groupsolver.errors import GroupsolverError, nearest, require_type
from groupsolver.model.application import Application as AnyApplication
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.fleet import Fleet
from groupsolver.model.fleet_in_use import FleetInUse


class UnknownApplication(GroupsolverError, KeyError):
    """An application was named that does not run."""

    code = "unknown-application"

    def __str__(self) -> str:
        return f"no application {self.args[0]!r} runs{self.args[1]}"


class ClusterSnapshot(FleetInUse):
    """A cluster at one moment. It never changes, and is safe to keep and to share between threads.

    `Cluster.snapshot` makes one.
    """

    def __init__(self, state: ApplicationsState) -> None:
        self._state = state

    def __repr__(self) -> str:
        state = self._state
        return (
            f"<{type(self).__name__}: {len(state.loaded_hosts):,} hosts, "
            f"{len(state.definitions):,} applications, {len(state.instances):,} members>"
        )

    @cached_property
    def fleet(self) -> Fleet:
        """The hosts, links and pools. Their `used` is what others use, as it was given."""
        state = self._state
        return Fleet.model_construct(
            version=1,
            levels=state.fleet.levels,
            hosts=tuple(state.loaded_hosts.values()),
            links=state.fleet.links,
            pools=state.pool_claims.loaded.pools,
        )

    @cached_property
    def applications(self) -> Mapping[str, Application]:
        """The running applications by name, in the order in which they came.

        The members of each are what its `existing` says, each with a size; its groups list none.
        """
        return _Applications(self._state, self._cell_of)

    def _cell_of(self, instance: ClusterInstance) -> str | None:
        """Return the cell of an instance. None where its host lacks that cell by now."""
        known = self._state.loaded_hosts[instance.host].cell_names()
        return instance.cell if instance.cell in known else None

    def free(self, host: str) -> dict[str, int]:
        """Return what is free of a host, by resource class, at least 0.

        Of a class of cells, it is the sum over the cells. Of a class that the host takes from a
        pool, it is what is free of the pool.

        Raises
        ------
        UnknownHost
        """
        require_type("host", host, str, "the name of a host")
        fleet = self._state.fleet
        free = fleet[host].unused()
        pools = fleet.index.pools
        for resource, number in pools.classes_of(fleet[host]).items():
            free[resource] = max(0, pools.pools[number].unused(resource))
        return free

    def members(
        self, host: str | None = None, *, application: str | None = None
    ) -> tuple[ClusterMember, ...]:
        """Return the running members: all, those on a host, those of an application, or of both.

        Raises
        ------
        UnknownHost, UnknownApplication
        """
        require_type("host", host, (str, type(None)), "the name of a host, or None")
        kinds = (str, type(None))
        require_type("application", application, kinds, "the name of an application, or None")
        state = self._state
        if application is not None:
            require_running(application, state)
        if host is not None:
            _ = state.fleet[host]  # refuses one that is not known
            found = [state.instances[key] for key in state.members_on(host)]
        elif application is not None:
            found = list(state.instances_of(application))
        else:
            found = list(state.instances.values())
        return tuple(
            as_value(one.member)
            for one in found
            if application is None or one.member.application == application
        )

    def usage(self, by: str = "host") -> dict[str, Usage]:
        """Return what is in use, and by whom.

        Parameters
        ----------
        by : str, default "host"
            ``host``, a level of the fleet, or ``application``.

        Raises
        ------
        BadInput
            ``unknown-level``.
        """
        require_type("by", by, str, "'host', a level of the fleet, or 'application'")
        return usage_by(self._state, by)

    def with_running(self, app: AnyApplication[Any]) -> tuple[AnyApplication[Any], CompiledFleet]:
        """Return an application with all that runs and concerns it, and the fleet."""
        require_application(app)
        return Newcomer(name_in(self._state, app), app, self._state).app, self._state.fleet

    def compiled(self) -> CompiledFleet:
        """Return the fleet with all that runs in its hosts' ``used``."""
        return self._state.fleet

    def document(self) -> dict[str, Any]:
        """Return the cluster as plain JSON data, as its file has it."""
        return {
            "version": 1,
            "fleet": self.fleet.document(),
            "applications": {name: app.document() for name, app in self.applications.items()},
        }


def name_in(state: ApplicationsState, app: AnyApplication[Any]) -> str:
    """Return the name of an application that runs; `NAMELESS` where none of its name does."""
    return app.name if app.name is not None and app.name in state.definitions else NAMELESS


def require_running(name: str, state: ApplicationsState) -> None:
    """Refuse the name of an application that does not run. Raises `UnknownApplication`."""
    if name not in state.definitions:
        raise UnknownApplication(name, nearest(name, list(state.definitions)))


def as_value(member: ClusterMember) -> ClusterMember:
    """Return a member as a value of its own: a reader may change its resources."""
    return replace(member, resources=dict(member.resources))


class _Applications(Mapping[str, Application]):
    """The applications of a state by name, each made when it is first asked for."""

    def __init__(
        self, state: ApplicationsState, cell_of: Callable[[ClusterInstance], str | None]
    ) -> None:
        self._state = state
        self._cell_of = cell_of
        self._made: dict[str, Application] = {}

    def __getitem__(self, name: str) -> Application:
        if name not in self._made:
            require_running(name, self._state)
            self._made[name] = application_of(name, self._state, self._cell_of)
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._state.definitions

    def __iter__(self) -> Iterator[str]:
        return iter(self._state.definitions)

    def __len__(self) -> int:
        return len(self._state.definitions)

    def __repr__(self) -> str:
        return f"<applications: {', '.join(self) or 'none'}>"
