"""Copies placed at once, their bound, and how a large fleet is taken in parts."""

from __future__ import annotations

import numpy as np
import pytest

import groupsolver.solver.headroom.bulk as module
from groupsolver import Fleet
from groupsolver.solver.headroom.bulk import MAX_COPIES, most_by_one_unit, place_in_bulk
from groupsolver.solver.headroom.host_classes import classify_hosts
from tests.support.headroom import demand_for
from tests.support.small import app, fleet, group, host


def hour() -> float:
    return 3600.0


def different_hosts(number: int) -> Fleet:
    return fleet(*(host(f"h{i}", 2 + i) for i in range(number)))


def test_the_scarcest_unit_bounds_the_copies() -> None:
    # Hosts of 7 and 4: 3 + 2 of 2 VCPU, two to a copy; 1 + 0 of 5 VCPU, one to a copy.
    demand = demand_for(
        app(group("A", 2, vcpu=2), group("B", 1, vcpu=5)), fleet(host("a", 7), host("b", 4))
    )
    assert most_by_one_unit(demand) == 1
    assert (
        most_by_one_unit(demand_for(app(group("A", 2, vcpu=2)), fleet(host("a", 7), host("b", 4))))
        == 2
    )


def test_no_more_copies_are_counted_than_a_million() -> None:
    demand = demand_for(app(group("A", 1)), fleet(host("a", 10**9)))
    assert most_by_one_unit(demand) == MAX_COPIES


def test_copies_and_their_bound_meet_where_rounding_loses_nothing() -> None:
    # 3 VCPU and two of 1 to a copy: 5 VCPU each; hosts of 5 hold one copy each, in whole members.
    demand = demand_for(
        app(group("A", 1, vcpu=3), group("B", 2)), fleet(*(host(f"h{i}", 5) for i in range(4)))
    )
    found = place_in_bulk(demand, 4, hour, 0.0, 0)
    assert int(found.bound) == 4
    assert len(found.copies) == 4
    for placement, _ in found.copies:
        assert sorted(placement) == ["A/0", "B/0", "B/1"]


def test_without_room_there_are_no_copies_and_the_bound_says_so() -> None:
    demand = demand_for(app(group("A", 1, vcpu=9)), fleet(host("a", 5)))
    found = place_in_bulk(demand, 0, hour, 0.0, 0)
    assert (found.copies, int(found.bound)) == ([], 0)


def test_parts_are_samples_of_the_whole_and_their_copies_add_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Hosts of 2 to 13 VCPU hold 1, 1, 2, 2, ... 6, 6 members of 2: 2 * (1 + ... + 6) = 42.
    demand = demand_for(app(group("A", 1, vcpu=2)), different_hosts(12))
    whole = place_in_bulk(demand, 100, hour, 0.0, 0)
    assert (len(whole.copies), int(whole.bound)) == (42, 42)
    monkeypatch.setattr(module, "MAX_CLASSES_IN_ONE_PART", 2)
    in_parts = place_in_bulk(demand, 100, hour, 0.0, 0)
    assert (len(in_parts.copies), int(in_parts.bound)) == (42, 42)


def test_every_host_is_in_one_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_CLASSES_IN_ONE_PART", 2)
    demand = demand_for(app(group("A", 1, vcpu=2)), different_hosts(12))
    classes = classify_hosts(demand, 100, ())
    parts = module._parts(demand, classes)
    assert len(parts) == 3  # 6 classes of 1 to 6 members
    assert sorted(np.concatenate([part.rows for part in parts]).tolist()) == list(range(12))


def test_copies_are_those_of_the_members_of_the_file() -> None:
    # A unit of three members that share a host: all of them are named, on the same host.
    demand = demand_for(app(group("A", 3, "affinity")), fleet(host("a", 3)))
    found = place_in_bulk(demand, 1, hour, 0.0, 0)
    assert found.copies == [({"A/0": "a", "A/1": "a", "A/2": "a"}, {})]
