"""What Rebalancer is given, and what it answers where it is installed."""

from __future__ import annotations

import pytest

from benchmarks.baselines.common import ground_of
from benchmarks.baselines.count_model import Unsupported
from benchmarks.baselines.rebalancer_search import _constraint, _objects, _policy, place
from benchmarks.support.planted_batches import planted_batch
from groupsolver import Affinity, AntiAffinity, Exclusive, Limits, Spread, check

BATCH = planted_batch(hosts=30, members=40, groups=10)


def test_a_group_on_one_host_is_one_object() -> None:
    compiled = ground_of(BATCH.application, BATCH.compiled)
    policies = {name: _policy(compiled, name) for name in BATCH.sizes}
    objects = _objects(compiled, policies)
    members = [id_ for ids in objects.ids.values() for id_ in ids]
    assert sorted(members) == sorted(BATCH.placement)
    for group, size in BATCH.sizes.items():
        assert len(objects.groups[group]) == (1 if policies[group] == Affinity() else size)
    memory = sum(size["MEMORY_MB"] for size in objects.sizes.values())
    flavors = BATCH.application.flavors
    assert memory == sum(
        one.count * flavors[str(one.flavor)].resources["MEMORY_MB"]
        for group in BATCH.application.groups
        for one in group.members
    )


def test_each_policy_is_a_constraint() -> None:
    assert set(_constraint(AntiAffinity(), "groups")) == {"groupCountSpec"}
    assert set(_constraint(Affinity(level="rack"), "groups")) == {"colocateGroupsSpec"}
    spread = _constraint(Spread(level="zone", min_domains=3), "groups")
    assert spread["colocateGroupsSpec"]["limits"]["globalLimit"] == 3
    with pytest.raises(Unsupported, match="no constraint for exclusive"):
        _constraint(Exclusive(), "groups")


def test_its_placement_breaks_no_rule_once_it_is_settled() -> None:
    pytest.importorskip("rebalancer")
    ((seconds, placement),) = place(
        BATCH.application, BATCH.compiled, "pack", Limits(seconds=2, workers=1)
    )
    assert seconds < 30
    verdict = check(BATCH.application, BATCH.fleet, placement)
    assert {one.policy for one in verdict.violations} <= {"members", "spread"}
