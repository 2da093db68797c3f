"""Claims in NUMA cells: only that cell has less, until the claim ends, also after a restart."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from groupsolver import Limits, solve
from groupsolver.cluster.claim import Contended
from groupsolver.model.fleet import Fleet, Host
from groupsolver.store.repositories import hosts
from groupsolver.store.repositories.claims import PlacementClaim, commit
from groupsolver.store.repositories.instances import StoredPlacement, remove_instances
from groupsolver.store.state.project_scope import (
    RequestedInstance,
    RequestedPlacement,
    compose_application,
)
from groupsolver.store.state.snapshot_cache import Snapshot, SnapshotCache
from groupsolver.store.store import Store
from tests.support.claims import claim_on
from tests.support.draws.store_contents import uid
from tests.support.drivers.databases import opened

Doc = dict[str, Any]
# One host: two cells of 4 VCPU, one in use in the second; 10 DISK_GB of its own.
NUMA: Doc = {
    "name": "h",
    "inventory": {"DISK_GB": 10},
    "cells": [
        {"inventory": {"VCPU": 4}},
        {"name": "b", "inventory": {"VCPU": 4}, "used": {"VCPU": 1}},
    ],
}


def load(store: Store, *documents: Doc) -> None:
    with store.write() as tx:
        hosts.load_fleet(tx, Fleet.model_validate({"hosts": documents}))


@pytest.fixture
def ready(store: Store) -> Store:
    load(store, NUMA)
    return store


def requested(first: int, *vcpus: int, disk: int = 0) -> RequestedPlacement:
    extra = {"DISK_GB": disk} if disk else {}
    wanted = tuple(
        RequestedInstance(uid(first + i), None, None, {"VCPU": n, **extra})
        for i, n in enumerate(vcpus)
    )
    return RequestedPlacement("t", wanted, "pack", {})


def claim(
    seen: Snapshot, asked: RequestedPlacement, cells: dict[str, str] | None = None
) -> PlacementClaim:
    """Solve on what was seen; or put everything on the one host, into the cells that are told."""
    placement = StoredPlacement(
        uid(int(asked.instances[0].id[-6:]) + 500), "t", "optimal", 0, 0, 0.0
    )
    if cells is not None:
        return claim_on(seen, asked, {one.id: "h" for one in asked.instances}, placement, cells)
    result = solve(compose_application(asked, seen), seen.fleet, limits=Limits(workers=1))
    assert result.placement is not None
    return claim_on(seen, asked, result.placement, placement, result.cells)


def free(snapshot_cache: SnapshotCache) -> list[int]:
    return [
        room.free.get("VCPU", 0)
        for room in snapshot_cache.snapshot().fleet.index["h"].cell_capacities()
    ]


def test_a_claim_takes_from_its_cell_and_gives_back_to_it(ready: Store) -> None:
    snapshot_cache = SnapshotCache(ready)
    claimed = commit(
        ready, snapshot_cache, claim(snapshot_cache.snapshot(), requested(1, 3, 3, disk=2))
    )
    (one, two) = claimed.instances
    assert {one.cell, two.cell} == {"0", "b"}
    assert free(snapshot_cache) == [1, 0]  # 4 - 3, and 4 - 1 - 3
    assert snapshot_cache.snapshot().fleet.index["h"].used == {"DISK_GB": 4}
    with ready.write() as tx:
        remove_instances(tx, [one])
    assert free(snapshot_cache) == ([4, 0] if one.cell == "0" else [1, 3])
    assert snapshot_cache.snapshot().fleet.index["h"].used == {"DISK_GB": 2}


def test_what_is_claimed_of_cells_is_there_after_a_restart(database: str) -> None:
    with opened(database) as store:
        load(store, NUMA)
        snapshot_cache = SnapshotCache(store)
        commit(
            store, snapshot_cache, claim(snapshot_cache.snapshot(), requested(1, 2), {uid(1): "b"})
        )
    with opened(database) as store:
        snapshot_cache = SnapshotCache(store)
        assert free(snapshot_cache) == [4, 1]
        assert snapshot_cache.snapshot().instances[uid(1)].cell == "b"


def test_a_cell_that_another_filled_is_full_though_the_host_is_not(ready: Store) -> None:
    snapshot_cache = SnapshotCache(ready)
    seen = snapshot_cache.snapshot()
    commit(ready, snapshot_cache, claim(seen, requested(1, 3), {uid(1): "0"}))
    with pytest.raises(Contended, match="cell 0 of h has 1 VCPU free; its new members take 3"):
        commit(ready, snapshot_cache, claim(seen, requested(11, 3), {uid(11): "0"}))
    commit(ready, snapshot_cache, claim(seen, requested(21, 3), {uid(21): "b"}))
    assert free(snapshot_cache) == [1, 0]


def test_two_that_race_for_one_cell_do_not_both_get_it(ready: Store) -> None:
    snapshot_cache = SnapshotCache(ready)
    seen = snapshot_cache.snapshot()
    # Four claims of 3 VCPU, solved on the same state, want the same cell.
    claims = [claim(seen, requested(1 + 10 * i, 3)) for i in range(4)]
    outcome: list[str] = []

    def run(one: PlacementClaim) -> None:
        try:
            commit(ready, snapshot_cache, one)
            outcome.append("placed")
        except Contended:
            outcome.append("contended")

    threads = [threading.Thread(target=run, args=(one,)) for one in claims]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert outcome.count("placed") == 1  # all chose the same cell: the others are solved again
    assert outcome.count("contended") == 3
    again = claim(snapshot_cache.snapshot(), requested(91, 3))
    commit(ready, snapshot_cache, again)
    assert min(free(snapshot_cache)) >= 0
    assert sorted(free(snapshot_cache)) == [0, 1]


def test_a_cell_that_went_meanwhile_is_contended(ready: Store) -> None:
    snapshot_cache = SnapshotCache(ready)
    asked = claim(snapshot_cache.snapshot(), requested(1, 2), {uid(1): "b"})
    load(ready, NUMA | {"cells": [{"inventory": {"VCPU": 8}}]})
    with pytest.raises(Contended, match="is put into 'b', which it has not"):
        commit(ready, snapshot_cache, asked)


def test_cells_that_came_meanwhile_want_to_be_chosen(store: Store) -> None:
    load(store, {"name": "h", "inventory": {"VCPU": 8, "DISK_GB": 10}})
    snapshot_cache = SnapshotCache(store)
    asked = claim(snapshot_cache.snapshot(), requested(1, 2), {})
    load(store, NUMA)
    with pytest.raises(Contended, match="is put into none of its cells"):
        commit(store, snapshot_cache, asked)


def test_members_of_a_host_whose_cells_change_count_where_they_may_be(store: Store) -> None:
    load(store, {"name": "h", "inventory": {"VCPU": 8, "DISK_GB": 10}})
    snapshot_cache = SnapshotCache(store)
    commit(store, snapshot_cache, claim(snapshot_cache.snapshot(), requested(1, 2), {}))
    load(store, NUMA)  # now the host is known to have cells; nobody knows in which the member runs
    assert free(snapshot_cache) == [2, 1]  # 4 - 2 and 4 - 1 - 2
    assert snapshot_cache.snapshot().fleet.index["h"].in_use() == {"VCPU": 3}
    commit(
        store, snapshot_cache, claim(snapshot_cache.snapshot(), requested(11, 1), {uid(11): "b"})
    )
    assert free(snapshot_cache) == [2, 0]
    load(store, {"name": "h", "inventory": {"VCPU": 8, "DISK_GB": 10}})  # and has none again
    assert snapshot_cache.snapshot().fleet.index["h"].used == {"VCPU": 3}
    renamed = NUMA | {
        "cells": [{"inventory": {"VCPU": 4}}, {"name": "c", "inventory": {"VCPU": 4}}]
    }
    load(store, renamed)
    assert free(snapshot_cache) == [1, 1]  # of 3 VCPU nobody knows where they are: 4 - 3 each


def test_a_snapshot_cache_that_read_on_and_one_that_read_anew_know_the_same_cells(
    ready: Store,
) -> None:
    snapshot_cache = SnapshotCache(ready)
    snapshot_cache.snapshot()
    commit(ready, snapshot_cache, claim(snapshot_cache.snapshot(), requested(1, 2, 1)))
    with ready.write() as tx:
        hosts.put_host(tx, Host.model_validate(NUMA | {"used": {"VCPU": 1}}))
    fresh = SnapshotCache(ready)
    assert snapshot_cache.snapshot().fleet.index["h"] == fresh.snapshot().fleet.index["h"]
    for name in ("free", "unit", "inside"):
        one, other = (
            getattr(known.snapshot().fleet.cells, name)["VCPU"].tolist()
            for known in (snapshot_cache, fresh)
        )
        assert one == other
