"""The room of one host and of its cells, for the checker."""

from __future__ import annotations

from typing import Any

import pytest

from groupsolver.constraints.capacity.host_capacity import (
    Lack,
    cells_for,
    from_cell,
    lacks_where,
    takes,
)
from groupsolver.constraints.problem.problem import Size
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.model.fleet import Host
from tests.support.small import host


def one(**more: Any) -> Host:
    return Host.model_validate(host("h1", **more))


def numa(*free: int, disk: int = 10) -> Host:
    """A host whose cells have so many VCPU each, and DISK_GB of its own."""
    cells = [{"inventory": {"VCPU": vcpu}} for vcpu in free]
    return Host.model_validate({"name": "h1", "inventory": {"DISK_GB": disk}, "cells": cells})


def size(**amounts: int) -> Size:
    return tuple(sorted(amounts.items()))


def lacks(host_: Host, *members: Size, cells: dict[str, str] | None = None) -> list[Lack]:
    landed = {"h1": [(f"A/{i}", what) for i, what in enumerate(members)]}
    return list(lacks_where(HostIndex((), (host_,), ()), landed, cells))


def test_new_members_fit_what_is_not_used() -> None:
    assert lacks(one(used={"VCPU": 1}), size(VCPU=2), size(VCPU=1)) == []  # 4 - 1 = 2 + 1
    (lack,) = lacks(one(used={"VCPU": 2}), size(VCPU=2), size(VCPU=1))
    assert lack == Lack("capacity", "h1 has 2 VCPU free; its new members take 3", 1)


def test_a_class_that_the_host_has_not_is_not_free() -> None:
    (lack,) = lacks(one(), size(CUSTOM_FPGA=2))
    assert (lack.kind, lack.measure) == ("capacity", 2)


def test_one_member_takes_no_more_than_the_largest_unit() -> None:
    narrow = one(inventory={"VCPU": {"total": 8, "max_unit": 3}})
    assert lacks(narrow, size(VCPU=3), size(VCPU=3)) == []
    (lack,) = lacks(narrow, size(VCPU=5))
    assert lack.measure == 5 - 3


def test_nothing_new_lands_on_a_host_that_is_disabled() -> None:
    assert [lack.kind for lack in lacks(one(enabled=False), size(VCPU=1))] == ["disabled"]


def test_a_host_over_capacity_takes_what_needs_nothing_of_the_overfull_class() -> None:
    over = one(inventory={"VCPU": 4, "MEMORY_MB": 1}, used={"VCPU": 5})
    assert lacks(over, size(MEMORY_MB=1)) == []
    (lack,) = lacks(over, size(MEMORY_MB=1, VCPU=2))
    sentence = "h1 is over capacity, with 5 of 4 VCPU used; its new members take 2"
    assert lack == Lack("capacity", sentence, 3)  # 5 + 2 - 4


@pytest.mark.parametrize(
    ("host_", "what", "fits"),
    [
        (one(), size(VCPU=4), True),
        (one(), size(VCPU=5), False),
        (one(used={"VCPU": 3}), size(VCPU=2), False),
        (one(inventory={"VCPU": {"total": 8, "max_unit": 3}}), size(VCPU=4), False),
        (numa(3, 2), size(VCPU=3, DISK_GB=10), True),
        (numa(3, 2), size(VCPU=4), False),  # 3 + 2 together, but no cell has 4
        (numa(3, 2), size(DISK_GB=11), False),
    ],
)
def test_a_host_takes_one_member_where_it_and_a_cell_have_room(
    host_: Host, what: Size, fits: bool
) -> None:
    assert takes(HostIndex((), (host_,)), host_, what) == fits


def test_of_a_size_the_cells_have_their_part_and_the_host_the_rest() -> None:
    assert from_cell(numa(3), size(VCPU=2, DISK_GB=5)) == size(VCPU=2)
    assert from_cell(one(), size(VCPU=2)) == ()


def test_members_are_dealt_out_to_cells_so_that_all_fit() -> None:
    # 3 + 2 + 2 into cells of 4 and 3: 2 + 2 into the first, 3 into the second.
    members = [("a", size(VCPU=3)), ("b", size(VCPU=2)), ("c", size(VCPU=2))]
    assert cells_for(numa(4, 3), members) == {"a": "1", "b": "0", "c": "0"}
    assert cells_for(numa(3, 3), members) is None  # 3, and 2 + 2 is one too many
    assert cells_for(numa(3), [("a", size(DISK_GB=1))]) == {}


def test_where_no_cells_are_given_any_way_will_do() -> None:
    three = (size(VCPU=3), size(VCPU=2), size(VCPU=2))
    assert lacks(numa(4, 3), *three) == []
    (lack,) = lacks(numa(3, 3), *three)
    assert lack.sentence == "the cells of h1 cannot hold its new members, each in one"
    (lack,) = lacks(numa(4, 3), size(VCPU=5))
    assert lack.sentence == "no cell of h1 has what A/0 takes"


def test_cells_that_are_given_are_held_to_their_room() -> None:
    assert lacks(numa(4, 3), size(VCPU=3), size(VCPU=3), cells={"A/0": "0", "A/1": "1"}) == []
    (lack,) = lacks(numa(4, 3), size(VCPU=3), size(VCPU=3), cells={"A/0": "0", "A/1": "0"})
    assert (lack.sentence, lack.measure) == (
        "cell 0 of h1 has 4 VCPU free; its new members take 6",
        2,
    )
    (lack,) = lacks(numa(4, 3), size(VCPU=1), cells={})
    assert lack.sentence == "A/0, which is on h1, is put into none of its cells"
    (lack,) = lacks(numa(4, 3), size(VCPU=1), cells={"A/0": "x"})
    assert lack.sentence == "A/0, which is on h1, is put into 'x', which it has not"
