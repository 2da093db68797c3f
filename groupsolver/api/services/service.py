"""The parts of a server that handlers use: settings, store, snapshot cache, solve pool, metrics."""

from __future__ import annotations

from groupsolver.api.observability.audit import audit_expired
from groupsolver.api.observability.metrics import Metrics
from groupsolver.api.services.solve_pool import SolvePool
from groupsolver.api.settings import Settings
from groupsolver.store.state.snapshot_cache import SnapshotCache
from groupsolver.store.store import Store


class Service:
    """The parts of one server; each may be used from any thread.

    Parameters
    ----------
    settings : Settings
    store : Store
    """

    def __init__(self, settings: Settings, store: Store) -> None:
        self.settings = settings
        self.store = store
        store.on_expired = audit_expired
        self.snapshot_cache = SnapshotCache(store)
        self.pool = SolvePool(settings.solves, settings.waiting)
        self.metrics = Metrics()
        self.metrics.watch(self.pool)

    def close(self) -> None:
        """Close the database's connections."""
        self.store.close()
