"""Claims: under the lock, a solved placement is checked again where the state changed, and written.

The check covers every rule that the placement depends on, and what its soft policies cost.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from groupsolver.cluster.claim import Claim
from groupsolver.store.database.transaction import HistoryPoint
from groupsolver.store.entities import Instance
from groupsolver.store.repositories import idempotency
from groupsolver.store.repositories.instances import StoredPlacement, add_placement
from groupsolver.store.state.project_scope import RequestedPlacement, compose_application
from groupsolver.store.state.snapshot_cache import Snapshot, SnapshotCache
from groupsolver.store.store import Store


@dataclass(frozen=True)
class PlacementClaim:
    """A solved placement, ready to be written.

    Parameters
    ----------
    requested : RequestedPlacement
    claim : Claim
        The placement, and what it was solved on.
    solved_at : HistoryPoint
        The point in history on which it was solved.
    placement : StoredPlacement
    """

    requested: RequestedPlacement
    claim: Claim
    solved_at: HistoryPoint
    placement: StoredPlacement

    def instances(self) -> list[Instance]:
        """Return the instances as they will be stored."""
        return [
            Instance(
                id=instance.id,
                tenant_id=self.requested.tenant_id,
                name=instance.name,
                group=instance.group,
                host=self.claim.placement[instance.id],
                resources=instance.resources,
                placement=self.placement.id,
                expires=self.placement.expires,
                cell=self.claim.result.cells.get(instance.id),
            )
            for instance in self.requested.instances
        ]


@dataclass(frozen=True)
class KeptAnswer:
    """The answer for an idempotency key, which is written together with a claim or not at all.

    `body` returns it, of the placement as it is stored.
    """

    key: idempotency.Key
    status: int
    body: Callable[[StoredPlacement], Any]


@dataclass(frozen=True)
class Claimed:
    """A claim as it was stored."""

    placement: StoredPlacement
    instances: list[Instance]


def commit(
    store: Store,
    snapshot_cache: SnapshotCache,
    claim: PlacementClaim,
    kept: KeptAnswer | None = None,
    *,
    take_costlier: bool = False,
) -> Claimed:
    """Write a claim: capacity and membership, in one transaction.

    Claims come one at a time. Where anything was written since the placement was solved, every rule
    that it depends on is checked again over what is stored now, and its soft policies are measured
    again.

    Parameters
    ----------
    store : Store
    snapshot_cache : SnapshotCache
    claim : PlacementClaim
    kept : KeptAnswer, optional
    take_costlier : bool, default False
        Whether a placement that might cost less by now is taken all the same. Its status is then
        ``feasible``, and its objective, bound and gap are those of the state that it is claimed in.

    Raises
    ------
    CostsMore
        The placement holds, but its soft policies may cost less now; nothing was written.
    Contended
        The placement no longer holds; nothing was written.
    NotStored, IdTaken, QuotaExceeded
        Its groups, ids or quotas changed in the meantime.
    StoreUnavailable
    """
    with store.write() as tx:
        now = snapshot_cache.snapshot_within(tx.session)
        if now.history_point != claim.solved_at:
            claim = _revalued(claim, now, take_costlier=take_costlier)
        instances = claim.instances()
        add_placement(tx, claim.placement, instances)
        if kept is not None:
            idempotency.finish(tx, kept.key, kept.status, kept.body(claim.placement))
    return Claimed(claim.placement, instances)


def _revalued(claim: PlacementClaim, now: Snapshot, *, take_costlier: bool) -> PlacementClaim:
    """Return a claim with its value on a newer snapshot. Raises `Contended`, `CostsMore`."""
    app = compose_application(claim.requested, now)
    result = claim.claim.revalued(app, now.fleet, take_costlier=take_costlier)
    return replace(claim, placement=claim.placement.with_value(result))
