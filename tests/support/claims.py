"""Claims made by hand, as a solver might have answered."""

from __future__ import annotations

from collections.abc import Mapping

from groupsolver.cluster.claim import Claim
from groupsolver.model.result import Result
from groupsolver.store.repositories.claims import PlacementClaim
from groupsolver.store.repositories.instances import StoredPlacement
from groupsolver.store.state.project_scope import RequestedPlacement, compose_application
from groupsolver.store.state.snapshot_cache import Snapshot


def claim_on(
    seen: Snapshot,
    requested: RequestedPlacement,
    hosts: Mapping[str, str],
    placement: StoredPlacement,
    cells: Mapping[str, str] | None = None,
) -> PlacementClaim:
    """The claim of some hosts for what is requested, as if it was solved on a snapshot."""
    result = Result(
        status="optimal", placement=dict(hosts), objective=0, bound=0, cells=dict(cells or {})
    )
    app = compose_application(requested, seen)
    claim = Claim(app, seen.fleet, result, requested.objective)
    return PlacementClaim(requested, claim, seen.history_point, placement)
