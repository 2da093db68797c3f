"""The state in memory: claims come and go with instances, and a copy changes by itself."""

from __future__ import annotations

import math
from dataclasses import replace

from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.fleet import Fleet, Host
from groupsolver.store.entities import Instance, StoredGroup
from groupsolver.store.state.stored_state import StoredState

CELL = {"inventory": {"VCPU": 8}}
FLEET = Fleet.model_validate(
    {
        "hosts": [
            {"name": "h0", "inventory": {"VCPU": 8}, "used": {"VCPU": 1}},
            {"name": "h1", "inventory": {"DISK_GB": 9}, "cells": [CELL, CELL]},
        ]
    }
)


def instance(
    key: str, host: str = "h0", vcpu: int = 2, cell: str | None = None, expires: float | None = None
) -> Instance:
    return Instance(key, "t", None, None, host, {"VCPU": vcpu}, "p", expires, cell)


def fleet_of(state: StoredState) -> CompiledFleet:
    state.complete()
    return state.fleet


def used(state: StoredState, host: str = "h0") -> int:
    return fleet_of(state)[host].used.get("VCPU", 0)


def test_an_instance_takes_of_its_host_until_it_is_gone() -> None:
    state = StoredState(FLEET)
    state.put_instances([], [instance("a"), instance("b", vcpu=3)])
    assert used(state) == 1 + 2 + 3
    state.put_instances(["a"], [])
    assert used(state) == 1 + 3
    state.put_instances(["b"], [instance("b", vcpu=4)])
    assert used(state) == 1 + 4
    state.put_instances(["unknown"], [])
    assert used(state) == 1 + 4


def test_a_claim_on_a_cell_counts_there_and_on_the_host_where_the_cell_is_gone() -> None:
    state = StoredState(FLEET)
    state.put_instances([], [instance("a", "h1", 2, "1"), instance("b", "h1", 3, "gone")])
    host = fleet_of(state).index["h1"]
    assert [cell.used for cell in host.cells] == [{}, {"VCPU": 2}]
    assert host.used == {"VCPU": 3}


def test_hosts_that_were_not_found_are_removed_and_others_keep_their_claims() -> None:
    state = StoredState(FLEET)
    state.put_instances([], [instance("a")])
    larger = Host.model_validate({"name": "h0", "inventory": {"VCPU": 16}})
    state.put_hosts(["h0", "h1", "unknown"], [larger])
    index = fleet_of(state).index
    assert [host.name for host in index] == ["h0"]
    assert (index["h0"].inventory["VCPU"].total, used(state)) == (16, 2)


def test_groups_are_replaced_and_removed() -> None:
    state = StoredState(FLEET)
    first, second = StoredGroup("a", "t", "u"), StoredGroup("b", "t", "u")
    state.put_groups([], [first, second])
    state.put_groups(["a", "b"], [replace(first, generation=2)])
    assert state.groups == {"a": replace(first, generation=2)}


def test_the_first_expiry_is_that_of_the_unconfirmed_claims_that_are_left() -> None:
    state = StoredState(FLEET)
    assert state.first_expiry() == math.inf
    state.put_instances([], [instance("a", expires=5), instance("b", expires=7), instance("c")])
    assert state.first_expiry() == 5
    state.put_instances(["a"], [instance("a")])  # confirmed
    assert state.first_expiry() == 7


def test_a_copy_changes_without_the_original() -> None:
    state = StoredState(FLEET)
    state.put_groups([], [StoredGroup("a", "t", "u")])
    state.put_instances([], [instance("a", expires=5)])
    copied = state.copy()
    copied.put_instances(["a"], [instance("b", vcpu=7)])
    copied.put_groups(["a"], [])
    copied.put_hosts(["h1"], [])
    assert (used(state), used(copied)) == (1 + 2, 1 + 7)
    assert (list(state.groups), list(copied.groups)) == (["a"], [])
    assert (list(state.instances), list(copied.instances)) == (["a"], ["b"])
    assert (state.first_expiry(), copied.first_expiry()) == (5, math.inf)
    assert ("h1" in fleet_of(state).index, "h1" in fleet_of(copied).index) == (True, False)
