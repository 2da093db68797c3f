"""Numbers that are negative, fractional, not finite, or too large are named, and never wrap."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from groupsolver import check
from groupsolver.files import load_fleet, parse_application, parse_fleet
from tests.support.documents import APP, FLEET, copy, put
from tests.support.faults import Place, app_with, fault, fleet_with

BIG = 2**63 - 1


@pytest.mark.parametrize(
    ("path", "value", "code", "message"),
    [
        (["hosts", 0, "used", "VCPU"], -1, "out-of-range", "expected at least 0, found -1"),
        (["hosts", 0, "used", "VCPU"], 1.5, "wrong-type", "expected an integer, found 1.5"),
        (["hosts", 0, "used", "VCPU"], 1.0, "wrong-type", "expected an integer, found 1.0"),
        (["hosts", 0, "used", "VCPU"], "1", "wrong-type", "expected an integer, found '1'"),
        (["hosts", 0, "used", "VCPU"], True, "wrong-type", "expected an integer, found true"),
        (["hosts", 0, "used", "VCPU"], None, "wrong-type", "expected an integer, found null"),
        (
            ["hosts", 0, "used", "VCPU"],
            BIG + 1,
            "out-of-range",
            f"expected at most {BIG}, found {BIG + 1}",
        ),
        (
            ["hosts", 0, "inventory", "MEMORY_MB"],
            -1,
            "out-of-range",
            "expected at least 0, found -1",
        ),
        (
            ["hosts", 0, "inventory", "MEMORY_MB"],
            0.5,
            "wrong-type",
            "expected an integer, found 0.5",
        ),
        (
            ["hosts", 0, "inventory", "VCPU", "total"],
            -1,
            "out-of-range",
            "expected at least 0, found -1",
        ),
        (
            ["hosts", 0, "inventory", "VCPU", "max_unit"],
            0,
            "out-of-range",
            "expected at least 1, found 0",
        ),
        (
            ["hosts", 0, "inventory", "VCPU", "allocation_ratio"],
            0,
            "out-of-range",
            "expected more than 0.0, found 0",
        ),
        (
            ["hosts", 0, "inventory", "VCPU", "allocation_ratio"],
            "4",
            "wrong-type",
            "expected a number, found '4'",
        ),
        (
            ["hosts", 0, "inventory", "VCPU", "reserved"],
            65,
            "out-of-range",
            "expected reserved to be at most total",
        ),
        (
            ["hosts", 0, "cost"],
            -BIG - 1,
            "out-of-range",
            f"expected at least {-BIG}, found {-BIG - 1}",
        ),
    ],
)
def test_a_negative_fractional_or_too_large_number_is_an_error(
    path: Place, value: Any, code: str, message: str
) -> None:
    found = fleet_with(path, value)
    assert (found[0], found[2].partition("; ")[0]) == (code, message)


def test_a_count_is_a_positive_integer() -> None:
    for value in (0, -1, 1.5, "2", True):
        assert (
            app_with(["groups", 0, "members", 0, "count"], value)[1] == "groups[0].members[0].count"
        )


def test_numbers_that_are_none_are_errors(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    for text in ("NaN", "Infinity", "-Infinity", "1e999"):
        path.write_text('{"hosts": [{"name": "h", "x-a": [1, ' + text + "]}]}")
        assert fault(load_fleet, path)[:2] == ("not-finite", "hosts[0].x-a[1]")
    path.write_text('{"hosts": ' + "9" * 5000 + "}")
    assert fault(load_fleet, path)[0] == "not-finite"
    for value in (math.nan, math.inf):
        document = copy(FLEET)
        document["hosts"][0]["inventory"]["VCPU"]["allocation_ratio"] = value
        assert fault(parse_fleet, document)[0] == "not-finite"
    yaml = tmp_path / "a.yaml"
    for text in ("1e999", "9" * 5000):
        yaml.write_text(f"x-a: {text}")
        assert fault(load_fleet, yaml)[0] == "not-finite"
    yaml.write_text("hosts: [{name: h, cost: .nan}]")
    assert fault(load_fleet, yaml)[0] == "wrong-type"


def test_more_used_than_there_is_is_allowed() -> None:
    parse_fleet(put(FLEET, ["hosts", 0, "used", "VCPU"], 10**6))


def test_a_capacity_that_leaves_64_bits_is_refused() -> None:
    inventory = {"total": BIG, "allocation_ratio": 2.0}
    code, path, _ = fleet_with(["hosts", 0, "inventory", "VCPU"], inventory)
    assert (code, path) == ("amount-overflow", "hosts[0].inventory.VCPU")


def test_sums_that_leave_64_bits_are_refused() -> None:
    document = put(APP, ["flavors", "tiny", "resources", "VCPU"], BIG)  # two members of it
    app = parse_application(document)
    code, _, message = fault(check, app, parse_fleet(FLEET), {})
    assert code == "amount-overflow"
    assert f"{2 * BIG + 2} VCPU" in message
    app = parse_application(put(APP, ["groups", 2, "policies", 2, "weight"], BIG))
    assert fault(check, app, parse_fleet(FLEET), {})[0] == "amount-overflow"


def test_a_count_that_would_fill_the_memory_is_refused() -> None:
    assert app_with(["groups", 0, "members", 0, "count"], BIG)[0] == "too-many-members"
