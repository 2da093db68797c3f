"""Claims: under the lock, a solved placement is checked again where the state changed, and written.

The check covers every rule that the placement depends on, and what its soft policies cost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from groupsolver.checking.check import Verdict, check
from groupsolver.checking.soft_cost import SoftCost, hosts_in_use, soft_scope
from groupsolver.constraints.registry import Application
from groupsolver.errors import BadInput
from groupsolver.model.result import Witness, gap_of
from groupsolver.store.database.transaction import HistoryPoint
from groupsolver.store.entities import Instance
from groupsolver.store.errors import Contended, CostsMore
from groupsolver.store.repositories import idempotency
from groupsolver.store.repositories.instances import StoredPlacement, add_placement
from groupsolver.store.state.project_scope import RequestedPlacement, compose_application
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
    app : Application or None
        The application that was solved; None where what runs is not compared.
    soft_cost : SoftCost
        What its soft policies and the hosts that it opens cost, as it was solved.
    in_use : frozenset of str
        The hosts that held something then, where opening others has a price.
    """

    requested: RequestedPlacement
    hosts: Mapping[str, str]
    solved_at: HistoryPoint
    placement: StoredPlacement
    cells: Mapping[str, str] = field(default_factory=dict)
    witness: Witness | None = None
    app: Application | None = None
    soft_cost: SoftCost = field(default_factory=SoftCost)
    in_use: frozenset[str] = frozenset()

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
    claim: Claim,
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
    claim : Claim
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


def _revalued(claim: Claim, now: Snapshot, *, take_costlier: bool) -> Claim:
    """Return a claim with its value on a newer snapshot. Raises `Contended`, `CostsMore`."""
    app = compose_application(claim.requested, now)
    verdict = _verdict(claim, app, now)
    if verdict.violations:
        raise Contended([str(violation) for violation in verdict.violations])
    if not _may_cost_less(claim, app, verdict, now):
        return claim
    if not take_costlier:
        raise CostsMore([penalty.detail for penalty in verdict.penalties])
    bound = min(_least_objective(claim, now), verdict.objective)
    placement = replace(
        claim.placement,
        status="feasible",
        objective=verdict.objective,
        bound=bound,
        gap=gap_of(verdict.objective, bound),
    )
    return replace(claim, placement=placement)


def _verdict(claim: Claim, app: Application, now: Snapshot) -> Verdict:
    try:
        return check(
            app,
            now.fleet,
            claim.hosts,
            objective=claim.requested.objective,
            cells=claim.cells,
            witness=claim.witness,
        )
    except BadInput as error:  # a host or a level was removed
        raise Contended([str(fault) for fault in error.faults]) from None


def _may_cost_less(claim: Claim, app: Application, verdict: Verdict, now: Snapshot) -> bool:
    """Return whether another solve may find a placement whose soft policies cost less.

    It may where they cost more than the solver said. It also may where they cost no more, but other
    members that they count have come or gone: what was the least then may be too much now. And
    where it opens hosts, others may have opened some since, which it may use for nothing.
    """
    cost = SoftCost.of(verdict)
    if not cost:
        return False
    if cost > claim.soft_cost:
        return True
    if verdict.opening and hosts_in_use(app, now.fleet) - claim.in_use:
        return True
    return claim.app is not None and (
        soft_scope(claim.app, now.fleet) != soft_scope(app, now.fleet)
    )


def _least_objective(claim: Claim, now: Snapshot) -> int:
    """Return a lower bound of the objective of every placement: prices alone, without policies.

    Points of `pack` and `spread` are never negative, nor is what a soft policy costs.
    """
    if claim.requested.objective != "cost":
        return 0
    cheapest = min(host.cost for host in now.fleet.index if host.enabled)
    return cheapest * len(claim.hosts)
