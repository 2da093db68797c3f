"""An empty fleet of columns has the hosts of the fleet, without what runs there."""

from __future__ import annotations

from groupsolver import CompiledFleet, Host
from groupsolver.solver.explain.empty_fleet import _empty_fleet


def test_an_empty_fleet_of_columns_has_all_changes_but_usage() -> None:
    fleet = CompiledFleet.from_columns(
        ["h1", "h2", "h3"],
        inventory={"VCPU": [4, 4, 4]},
        used={"VCPU": [1, 2, 3]},
        enabled=[True, False, True],
    )
    fleet.remove("h1")
    fleet.put(fleet["h3"].model_copy(update={"enabled": False}))
    fleet.add(Host(name="new", inventory={"VCPU": 8}, used={"VCPU": 5}))
    empty = _empty_fleet(fleet)
    assert [(host.name, host.enabled, host.used) for host in empty] == [
        ("h2", False, {}),
        ("h3", False, {}),
        ("new", True, {}),
    ]
    assert sorted(empty.free("VCPU").tolist()) == [4, 4, 8]
    assert not empty.busy.any()
