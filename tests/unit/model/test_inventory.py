"""How much of a resource class may be allocated."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from groupsolver import BadInput, Host, Inventory


@pytest.mark.parametrize(
    ("given", "capacity"),
    [
        ({"total": 8}, 8),
        ({"total": 8, "reserved": 2}, 6),
        ({"total": 8, "reserved": 2, "allocation_ratio": 1.5}, 9),  # 6 * 1.5
        ({"total": 3, "allocation_ratio": 1.5}, 4),  # 4.5, rounded down
        ({"total": 100, "allocation_ratio": 0.29}, 29),  # as it is written: 28.999... in binary
        ({"total": 8, "reserved": 8}, 0),
    ],
)
def test_the_capacity_is_what_is_not_reserved_times_the_ratio(
    given: dict[str, Any], capacity: int
) -> None:
    assert Inventory(**given).capacity == capacity


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"total": 4, "reserved": 5}, "out-of-range"),
        ({"total": 2**62, "allocation_ratio": 2.0}, "amount-overflow"),
    ],
)
def test_an_inventory_that_cannot_be_is_refused(given: dict[str, Any], code: str) -> None:
    with pytest.raises(BadInput) as caught:
        Inventory(**given)
    assert [fault.code for fault in caught.value.faults] == [code]


def test_a_bare_integer_is_a_total() -> None:
    host = Host.model_validate({"name": "a", "inventory": {"VCPU": 4}})
    assert host.inventory["VCPU"] == Inventory(total=4)


def test_a_boolean_is_no_total() -> None:
    with pytest.raises(ValidationError):
        Host.model_validate({"name": "a", "inventory": {"VCPU": True}})


@pytest.mark.parametrize(
    ("given", "admitted"),
    [
        ({}, [1, 2, 3, 4, 5, 6, 7, 8]),
        ({"max_unit": 3}, [1, 2, 3]),
        ({"min_unit": 6}, [6, 7, 8]),
        ({"step_size": 3}, [3, 6]),
        ({"min_unit": 3, "max_unit": 7, "step_size": 2}, [4, 6]),
        ({"min_unit": 5, "max_unit": 4}, []),  # Placement takes this, too
    ],
)
def test_one_member_takes_between_two_amounts_and_in_steps(
    given: dict[str, int], admitted: list[int]
) -> None:
    inventory = Inventory(total=8, **given)
    assert [amount for amount in range(1, 12) if inventory.admits(amount)] == admitted


def test_an_inventory_of_placement_is_taken_as_it_is() -> None:
    placement = {
        "allocation_ratio": 16.0,
        "max_unit": 2147483647,
        "min_unit": 1,
        "reserved": 0,
        "step_size": 1,
        "total": 24,
    }
    inventory = Inventory.model_validate(placement)
    assert (inventory.capacity, inventory.admits(384)) == (384, True)  # 24 * 16
    shown = inventory.model_dump(mode="json")
    # The two that limit nothing are left out, so that documents stay as they were.
    assert shown == {key: placement[key] for key in placement.keys() - {"min_unit", "step_size"}}
    assert Inventory.model_validate(shown) == inventory
