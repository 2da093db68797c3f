"""Bounds on copies by what pools have."""

from __future__ import annotations

from typing import Any

from groupsolver import Application, Fleet, Limits, compile_fleet, headroom
from groupsolver.checking.copies import Together
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.model.fleet import Host
from groupsolver.solver.headroom.demand import Demand, demand_of
from groupsolver.solver.headroom.pool_limits import (
    PoolLimit,
    most_by_pools,
    pool_limits,
    rise_by_pools,
)

# Two hosts share 100 GB; a third has 50 GB itself. A copy takes 30 GB.
FLEET: dict[str, Any] = {
    "hosts": [
        {"name": "a", "inventory": {"VCPU": 9}},
        {"name": "b", "inventory": {"VCPU": 9}},
        {"name": "own", "inventory": {"VCPU": 9, "DISK_GB": 50}},
    ],
    "pools": [{"name": "ceph", "inventory": {"DISK_GB": 100}, "hosts": ["a", "b"]}],
}
APP = Application.model_validate(
    {"groups": [{"name": "A", "members": [{"resources": {"VCPU": 1, "DISK_GB": 30}}]}]}
)


def demand() -> Demand:
    fleet = compile_fleet(Fleet.model_validate(FLEET))
    return demand_of(CompiledProblem(Together(APP, fleet.index).problem, fleet))


def test_a_pool_counts_once_beside_what_hosts_have() -> None:
    assert pool_limits(demand()) == [PoolLimit("DISK_GB", 150, 30)]
    assert most_by_pools(demand()) == 5  # 150 // 30: it does not say that only 3 + 1 fit


def test_one_more_host_brings_what_it_has_itself() -> None:
    limits = pool_limits(demand())
    disk = Host(name="new", inventory={"DISK_GB": 60})
    assert rise_by_pools(limits, disk, bound=5) == (2.0, 2)  # 60 / 30, and (150 + 60) // 30 - 5
    assert rise_by_pools(limits, Host(name="new"), bound=5) == (0.0, 0)
    # Where something else is scarcer, the class does not decide.
    assert rise_by_pools(limits, disk, bound=4) == (float("inf"), 3)


def test_headroom_places_and_bounds_copies_on_a_pool() -> None:
    answer = headroom(APP, Fleet.model_validate(FLEET), limits=Limits(seconds=60, workers=1))
    assert answer.copies == 4  # 100 // 30 + 50 // 30
    assert answer.bound in (4, 5)
    brings = {one.like: one.rate for one in answer.unlocks}
    assert brings["a"] == 0 or answer.bound < 5
