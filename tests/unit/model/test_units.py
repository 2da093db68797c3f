"""Numbers, amounts and lists of names in words."""

from __future__ import annotations

import pytest

from groupsolver.model.units import (
    amount_text,
    count_of,
    joined,
    quantity,
    resource_name,
    resources_text,
    shortened,
)


@pytest.mark.parametrize(
    ("resource", "amount", "text"),
    [
        ("VCPU", 8, "8 VCPU"),
        ("MEMORY_MB", 1023, "1,023 MB of memory"),  # 1 GB is 1,024 MB
        ("MEMORY_MB", 1024, "1 GB of memory"),
        ("MEMORY_MB", 1536, "1.5 GB of memory"),
        ("DISK_GB", 1180, "1,180 GB of disk"),
        ("CUSTOM_FPGA_GB", 3, "3 GB of CUSTOM_FPGA_GB"),
    ],
)
def test_an_amount_has_its_unit_and_its_resource(resource: str, amount: int, text: str) -> None:
    assert amount_text(resource, amount) == text


def test_a_quantity_has_the_unit_alone() -> None:
    assert quantity("MEMORY_MB", 65536) == "64 GB"
    assert quantity("VCPU", 1180) == "1,180"
    assert resource_name("MEMORY_MB") == "memory"
    assert resource_name("VCPU") == "VCPU"


def test_resources_are_listed_without_those_of_nothing() -> None:
    assert resources_text({"VCPU": 8, "DISK_GB": 0, "MEMORY_MB": 2048}) == "8 VCPU, 2 GB of memory"
    assert resources_text({"VCPU": 0}) == "nothing"


def test_a_count_has_a_noun_in_its_number() -> None:
    assert count_of(1, "rack") == "1 rack"
    assert count_of(0, "rack") == "0 racks"
    assert count_of(1180, "copy", "copies") == "1,180 copies"


@pytest.mark.parametrize(
    ("number", "all_but_one", "at_most"),
    [
        (0, "", ""),
        (1, "r1", "r1"),
        (2, "r1 and r2", "r1, r2"),
        # One more than are listed is listed as well: "and 1 more" is no shorter.
        (3, "r1, r2 and r3", "r1, r2 and 1 more"),
        (4, "r1, r2 and 2 more", "r1, r2 and 2 more"),
    ],
)
def test_long_lists_are_cut(number: int, all_but_one: str, at_most: str) -> None:
    names = [f"r{i}" for i in range(1, number + 1)]
    assert joined(names, 2) == all_but_one
    assert shortened(names, 2) == at_most
