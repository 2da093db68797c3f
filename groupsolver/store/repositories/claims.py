"""A claim: under the lock, what a placement depends on is read again, held against every rule, and written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from groupsolver.checking.check import check
from groupsolver.errors import BadInput
from groupsolver.model.result import Witness
from groupsolver.store.database.transaction import HistoryPoint
from groupsolver.store.entities import Instance
from groupsolver.store.errors import Contended
from groupsolver.store.repositories import idempotency
from groupsolver.store.repositories.instances import StoredPlacement, add_placement
from groupsolver.store.state.problem_scope import RequestedPlacement, compose_application
from groupsolver.store.state.snapshot_cache import Snapshot, SnapshotCache
from groupsolver.store.store import Store


@dataclass(frozen=True)
class Claim:
    """A solved batch, ready to be written.

    Parameters
    ----------
    requested : RequestedPlacement
    hosts : mapping of str to str
        Host of each instance.
    solved_at : HistoryPoint
        The point in history that it was solved on.
    placement : StoredPlacement
    cells : mapping of str to str
        Cell of each instance that takes from one.
    witness : dict of str to dict of str to str or None
        Where `survives` places lost members again, by loss.
    """

    requested: RequestedPlacement
    hosts: Mapping[str, str]
    solved_at: HistoryPoint
    placement: StoredPlacement
    cells: Mapping[str, str] = field(default_factory=dict)
    witness: Witness | None = None

    def instances(self) -> list[Instance]:
        """Give the instances as they will be stored."""
        return [
            Instance(
                id=one.id,
                tenant_id=self.requested.tenant_id,
                name=one.name,
                group=one.group,
                host=self.hosts[one.id],
                resources=one.resources,
                placement=self.placement.id,
                expires=self.placement.expires,
                cell=self.cells.get(one.id),
            )
            for one in self.requested.instances
        ]


@dataclass(frozen=True)
class KeptAnswer:
    """An answer that goes with a claim: both are written, or neither."""

    key: idempotency.Key
    status: int
    body: Any


def commit(
    store: Store, snapshot_cache: SnapshotCache, claim: Claim, kept: KeptAnswer | None = None
) -> list[Instance]:
    """Write a claim: capacity and membership, in one transaction.

    Claims come one at a time. Where anything was written since the placement was solved, every rule
    that looks at it is checked again over what is stored now.

    Raises
    ------
    Contended
        The placement no longer holds; nothing was written.
    NotStored, IdTaken, QuotaExceeded
        Its groups, ids or quotas changed meanwhile.
    StoreUnavailable
    """
    with store.write() as tx:
        now = snapshot_cache.snapshot_within(tx.session)
        if now.history_point != claim.solved_at:
            _holds(claim, now)
        instances = claim.instances()
        add_placement(tx, claim.placement, instances)
        if kept is not None:
            idempotency.finish(tx, kept.key, kept.status, kept.body)
    return instances


def _holds(claim: Claim, now: Snapshot) -> None:
    app = compose_application(claim.requested, now)
    try:
        objective = claim.requested.objective
        verdict = check(
            app,
            now.fleet,
            claim.hosts,
            objective=objective,
            cells=claim.cells,
            witness=claim.witness,
        )
    except BadInput as error:  # a host went, or a level
        raise Contended([str(fault) for fault in error.faults]) from None
    if verdict.violations:
        raise Contended([str(violation) for violation in verdict.violations])
