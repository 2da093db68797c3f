"""Claims on pools follow instances and hosts, and a copy changes by itself."""

from __future__ import annotations

from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.fleet import Fleet, Host
from groupsolver.store.entities import Instance
from groupsolver.store.state.stored_state import StoredState

FLEET = Fleet.model_validate(
    {
        "hosts": [{"name": "h0"}, {"name": "h1"}, {"name": "h2", "inventory": {"DISK_GB": 50}}],
        "pools": [
            {
                "name": "ceph",
                "inventory": {"DISK_GB": 100},
                "used": {"DISK_GB": 10},
                "hosts": ["h0", "h1"],
            }
        ],
    }
)


def instance(key: str, host: str, disk: int) -> Instance:
    return Instance(key, "t", None, None, host, {"DISK_GB": disk}, "p")


def fleet_of(state: StoredState) -> CompiledFleet:
    state.complete()
    return state.fleet


def used(state: StoredState) -> int:
    return fleet_of(state).index.pools["ceph"].used["DISK_GB"]


def test_instances_on_all_hosts_of_a_pool_take_from_it() -> None:
    state = StoredState(FLEET)
    state.put_instances([], [instance("a", "h0", 20), instance("b", "h1", 30)])
    state.put_instances([], [instance("c", "h2", 40)])
    assert used(state) == 10 + 20 + 30
    assert fleet_of(state).free("DISK_GB").tolist() == [40, 40, 10]
    state.put_instances(["a"], [])
    assert used(state) == 10 + 30


def test_a_host_that_gets_the_class_itself_takes_its_claims_along() -> None:
    state = StoredState(FLEET)
    state.put_instances([], [instance("a", "h0", 20), instance("b", "h1", 30)])
    before = state.copy()
    state.put_hosts(["h0"], [Host.model_validate({"name": "h0", "inventory": {"DISK_GB": 25}})])
    assert used(state) == 10 + 30
    assert fleet_of(state).free("DISK_GB").tolist() == [5, 60, 50]
    state.put_hosts(["h0"], [Host.model_validate({"name": "h0"})])
    assert used(state) == 10 + 20 + 30
    assert used(before) == 10 + 20 + 30
