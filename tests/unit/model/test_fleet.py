"""Hosts with other usage."""

from __future__ import annotations

from groupsolver.model.fleet import Host

NUMA = Host.model_validate(
    {
        "name": "h1",
        "inventory": {"DISK_GB": 9},
        "used": {"DISK_GB": 1},
        "cells": [
            {"name": "left", "inventory": {"VCPU": 4}, "used": {"VCPU": 2}},
            {"inventory": {"VCPU": 4}, "used": {"VCPU": 3}},
        ],
        "cost": 7,
    }
)


def test_a_host_uses_something_else_and_is_otherwise_the_same() -> None:
    other = NUMA.with_used({"DISK_GB": 5})
    assert (other.used, other.cells, other.cost) == ({"DISK_GB": 5}, NUMA.cells, 7)


def test_cells_that_are_named_use_something_else_and_others_what_they_did() -> None:
    other = NUMA.with_used({}, {"left": {"VCPU": 1}})
    assert other.used_in_cells() == {"left": {"VCPU": 1}, "1": {"VCPU": 3}}
    assert NUMA.used_in_cells() == {"left": {"VCPU": 2}, "1": {"VCPU": 3}}


def test_what_cells_use_may_be_changed_without_changing_the_host() -> None:
    in_cells = NUMA.used_in_cells()
    in_cells["left"]["VCPU"] = 4
    assert NUMA.used_in_cells()["left"] == {"VCPU": 2}


def test_an_emptied_host_uses_nothing_anywhere() -> None:
    empty = NUMA.emptied()
    assert (empty.in_use(), empty.capacity()) == ({}, NUMA.capacity())
