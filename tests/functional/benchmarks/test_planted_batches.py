"""Planted batches fit by their own placement, and are as full as they claim."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.support.fleets import RESOURCES, SSD
from benchmarks.support.planted_batches import (
    SCARCITY,
    SIZES,
    DoesNotFit,
    PlantedBatch,
    planted_batch,
)
from groupsolver import check

FILLS = (0.85, 0.95)


def tiny(fill: float = 0.85, seed: int = 1) -> PlantedBatch:
    return planted_batch(hosts=50, members=96, groups=15, fill=fill, seed=seed)


def fills(batch: PlantedBatch) -> dict[str, float]:
    """Return demand over free room, by resource."""
    app = batch.application
    demand: Counter[str] = Counter()
    for group in app.groups:
        for members in group.members:
            for name, amount in app.flavors[str(members.flavor)].resources.items():
                demand[name] += amount * members.count
    hosts = [host for host in batch.fleet.hosts if host.enabled]
    free = {name: sum(h.capacity()[name] - h.used[name] for h in hosts) for name in RESOURCES}
    return {name: demand[name] / free[name] for name in RESOURCES}


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("fill", FILLS)
def test_the_planted_placement_passes_the_check(fill: float, seed: int) -> None:
    batch = tiny(fill, seed)
    assert len(batch.placement) == batch.members == 96
    assert check(batch.application, batch.fleet, batch.placement).violations == ()


@pytest.mark.parametrize("fill", [0.2, *FILLS, 1.1])
def test_a_batch_takes_the_share_of_free_room_that_is_asked_for(fill: float) -> None:
    found = fills(planted_batch(hosts=200, members=1000, groups=100, fill=fill))
    for name, scarcity in SCARCITY.items():
        # One grain of memory, 512 MB, is less than 0.1 % of the room of 200 hosts.
        assert found[name] == pytest.approx(fill * scarcity, abs=0.002)
    assert max(found, key=lambda name: found[name]) == "MEMORY_MB"


def test_groups_have_the_shares_of_policies_that_were_agreed() -> None:
    batch = planted_batch(hosts=200, members=1000, groups=100)
    found = Counter(group.policies[0].kind for group in batch.application.groups)
    # 15 together on a host, 15 in a rack.
    assert found == {"anti-affinity": 60, "affinity": 30, "spread": 10}
    levels = Counter(group.policies[0].at for group in batch.application.groups)
    assert levels == {"host": 75, "rack": 15, "zone": 10}
    needs = [len(group.policies) == 2 for group in batch.application.groups]
    assert sum(needs) == 20
    assert any(SSD in host.traits for host in batch.fleet.hosts)


def test_the_same_seed_gives_the_same_batch_and_another_seed_another() -> None:
    assert tiny() == tiny()
    assert tiny() != tiny(seed=2)


def test_more_than_fits_has_planted_groups_and_others() -> None:
    batch = planted_batch(hosts=200, members=1000, groups=100, fill=1.1)
    assert 0 < len(batch.planted) < 100
    # Planted groups take at most 0.95 of the room, so 0.95 / 1.1 = 0.86 of the demand.
    assert 0.7 < batch.planted_value / batch.members < 0.95
    app = batch.planted_application()
    assert check(app, batch.fleet, batch.placement).violations == ()


def test_each_group_can_be_an_application_of_its_own() -> None:
    batch = tiny()
    apps = batch.applications()
    assert list(apps) == [group.name for group in batch.application.groups]
    name, app = next(iter(apps.items()))
    own = {id_: host for id_, host in batch.placement.items() if id_.startswith(f"{name}/")}
    assert len(own) == batch.sizes[name]
    assert check(app, batch.fleet, own).violations == ()


def test_the_sizes_are_those_of_the_figures() -> None:
    assert [(s.hosts, s.members, s.groups) for s in SIZES.values()] == [
        (50, 96, 15),
        (200, 1_000, 100),
        (1_000, 5_000, 400),
        (5_000, 25_000, 2_000),
    ]


def test_groups_without_enough_members_are_refused() -> None:
    with pytest.raises(DoesNotFit, match="have at least"):
        planted_batch(hosts=50, members=20, groups=15)
