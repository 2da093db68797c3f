"""Claims: under the lock, a solved placement is checked again where the state changed, and written.

The check covers every rule that the placement depends on.
"""

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
    """A solved placement, ready to be written.

    Parameters
    ----------
    requested : RequestedPlacement
    hosts : mapping of str to str
        Host of each instance.
    solved_at : HistoryPoint
        The point in history on which it was solved.
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
        """Return the instances as they will be stored."""
        return [
            Instance(
                id=instance.id,
                tenant_id=self.requested.tenant_id,
                name=instance.name,
                group=instance.group,
                host=self.hosts[instance.id],
                resources=instance.resources,
                placement=self.placement.id,
                expires=self.placement.expires,
                cell=self.cells.get(instance.id),
            )
            for instance in self.requested.instances
        ]


@dataclass(frozen=True)
class KeptAnswer:
    """The answer for an idempotency key, which is written together with a claim or not at all."""

    key: idempotency.Key
    status: int
    body: Any


def commit(
    store: Store, snapshot_cache: SnapshotCache, claim: Claim, kept: KeptAnswer | None = None
) -> list[Instance]:
    """Write a claim: capacity and membership, in one transaction.

    Claims come one at a time. Where anything was written since the placement was solved, every rule
    that it depends on is checked again over what is stored now.

    Returns
    -------
    list of Instance
        As they were stored.

    Raises
    ------
    Contended
        The placement no longer holds; nothing was written.
    NotStored, IdTaken, QuotaExceeded
        Its groups, ids or quotas changed in the meantime.
    StoreUnavailable
    """
    with store.write() as tx:
        now = snapshot_cache.snapshot_within(tx.session)
        if now.history_point != claim.solved_at:
            _require_valid(claim, now)
        instances = claim.instances()
        add_placement(tx, claim.placement, instances)
        if kept is not None:
            idempotency.finish(tx, kept.key, kept.status, kept.body)
    return instances


def _require_valid(claim: Claim, now: Snapshot) -> None:
    """Raise `Contended` where a claim breaks a rule on a newer snapshot."""
    app = compose_application(claim.requested, now)
    try:
        verdict = check(
            app,
            now.fleet,
            claim.hosts,
            objective=claim.requested.objective,
            cells=claim.cells,
            witness=claim.witness,
        )
    except BadInput as error:  # a host or a level was removed
        raise Contended([str(fault) for fault in error.faults]) from None
    if verdict.violations:
        raise Contended([str(violation) for violation in verdict.violations])
