"""Hosts that are the same to copies, and what of their room can be used."""

from __future__ import annotations

import numpy as np

from groupsolver.solver.headroom.host_classes import classify_hosts
from tests.support.headroom import demand_for
from tests.support.small import app, fleet, group, host

RACKS = {"a": "r1", "b": "r1", "c": "r2", "d": "r2"}


def racks(**vcpu: int) -> list[dict[str, object]]:
    return [host(name, size, domains={"rack": RACKS[name]}) for name, size in vcpu.items()]


def test_hosts_with_the_same_usable_room_are_a_class() -> None:
    # Members of 2: of 5 VCPU 4 are usable, as of 4. A host of 1 takes none, and is left out.
    made = fleet(*racks(a=5, b=4, c=9, d=1), levels=("rack",))
    classes = classify_hosts(demand_for(app(group("A", 1, vcpu=2)), made), 10, ())
    assert classes.rows.tolist() == [0, 1, 2]
    assert sorted(zip(classes.free[:, 0].tolist(), classes.number.tolist(), strict=True)) == [
        (4, 2),
        (8, 1),
    ]
    assert classes.label[0] == classes.label[1] != classes.label[2]
    assert classes.slots[classes.label[2]].tolist() == [4]


def test_levels_divide_classes_further() -> None:
    made = fleet(*racks(a=4, b=4, c=4, d=4), levels=("rack",))
    demand = demand_for(app(group("A", 1, vcpu=2)), made)
    assert len(classify_hosts(demand, 10, ())) == 1
    classes = classify_hosts(demand, 10, ("rack",))
    assert classes.number.tolist() == [2, 2]
    assert classes.codes["rack"].tolist() == [0, 1]


def test_slots_are_no_more_than_all_copies_and_some_to_spare_need() -> None:
    made = fleet(host("a", 10**9))
    classes = classify_hosts(demand_for(app(group("A", 3)), made), 10, ())
    assert classes.slots.tolist() == [[3 * (4 * 10 + 1_000)]]
    assert classes.free.tolist() == [[3 * (4 * 10 + 1_000)]]  # no more can be used


def test_a_subset_has_the_classes_of_its_hosts_alone() -> None:
    made = fleet(*racks(a=4, b=4, c=8), levels=("rack",))
    classes = classify_hosts(demand_for(app(group("A", 1, vcpu=2)), made), 10, ())
    one = classes.subset(np.array([1, 2]))
    assert one.rows.tolist() == [1, 2]
    assert one.free[one.label, 0].tolist() == [4, 8]
    assert one.number.tolist() == [1, 1]
