"""Columns of numpy and lists: what they mean, and what is wrong with them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsolver import BadInput, CompiledFleet, Fleet
from groupsolver.model.convert.column_reader import factorised, renumbered
from tests.support.draws.applications import draws

from_columns = CompiledFleet.from_columns
MASKED = np.ma.array([8, 0], mask=[False, True])


def _faults(names: Any = ("h1", "h2"), **columns: Any) -> list[str]:
    with pytest.raises(BadInput) as error:
        from_columns(names, **columns)
    return [f"{fault.path}: {fault.code}" for fault in error.value.faults]


def test_a_masked_amount_is_not_given_and_one_value_is_of_all_hosts() -> None:
    fields = {"total": MASKED, "reserved": 2, "allocation_ratio": 1.5, "max_unit": 4}
    one, two = from_columns(["h1", "h2"], inventory={"VCPU": fields}, used={"VCPU": [1, None]})
    # floor((8 - 2) x 1.5) = 9
    assert (one.capacity(), one.used, one.inventory["VCPU"].max_unit) == (
        {"VCPU": 9},
        {"VCPU": 1},
        4,
    )
    assert (two.inventory, two.used) == ({}, {})


@pytest.mark.parametrize("ratio", [9.22337204e18, 1e300, 1e-300])
def test_any_ratio_of_nothing_is_nothing(ratio: float) -> None:
    fields = {"total": [0, 0], "allocation_ratio": [1.0, ratio]}
    fleet = from_columns(["h1", "h2"], inventory={"VCPU": fields})
    assert fleet.capacity("VCPU").tolist() == [0, 0]


@pytest.mark.parametrize(
    ("total", "ratio"),
    [
        (100, 0.29),
        (7, 1.1),
        (2**62, 1.9),
        (2**62, 1.0000000001),
        (3, 1e-9),
        (10**18, 9.2),
        (5, 1e300),
    ],
)
def test_capacity_is_that_of_an_inventory(total: int, ratio: float) -> None:
    fields = {"total": total, "allocation_ratio": ratio}
    given_fields = {"total": [total, 1], "allocation_ratio": [ratio, 1.0]}
    columns: dict[str, Any] = {"inventory": {"VCPU": given_fields}}
    try:
        fleet = Fleet(hosts=[{"name": "h1", "inventory": {"VCPU": fields}}])
    except BadInput:
        assert _faults(**columns) == ["inventory.VCPU.allocation_ratio[0]: amount-overflow"]
        return
    capacity = fleet.hosts[0].inventory["VCPU"].capacity
    assert from_columns(["h1", "h2"], **columns).capacity("VCPU").tolist() == [capacity, 1]


def test_very_many_ratios_give_the_same_capacities() -> None:
    ratios = np.linspace(0.5, 4, 300)
    fleet = from_columns(
        [f"h{i}" for i in range(300)],
        inventory={"VCPU": {"total": np.arange(300), "allocation_ratio": ratios}},
    )
    assert fleet.capacity("VCPU").tolist() == [host.capacity()["VCPU"] for host in fleet]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"names": []}, "names: out-of-range"),
        ({"names": "h1"}, "names: wrong-type"),
        ({"names": ["h1", "h1"]}, "names[1]: duplicate-name"),
        ({"names": ["h1", ""]}, "names[1]: ill-formed-name"),
        ({"names": ["h1", "a\nb"]}, "names[1]: ill-formed-name"),
        ({"names": ["h1", "\ud800"]}, "names[1]: ill-formed-name"),
        ({"names": ["h1", 2]}, "names[1]: wrong-type"),
        ({"names": np.array([1, 2])}, "names: wrong-type"),
        ({"levels": {"rack": ["r1"]}}, "levels.rack: out-of-range"),
        ({"levels": {"host": ["r1", "r2"]}}, "levels.host: reserved-name"),
        ({"levels": {"rack": ["r1", "r\x01"]}}, "levels.rack[1]: ill-formed-name"),
        ({"levels": {"rack": ([0, 5], ["r1"])}}, "levels.rack[1]: out-of-range"),
        ({"inventory": {"VCPU": [1, -1]}}, "inventory.VCPU.total[1]: out-of-range"),
        ({"inventory": {"VCPU": [1, 1.5]}}, "inventory.VCPU.total[1]: wrong-type"),
        ({"inventory": {"VCPU": [1, True]}}, "inventory.VCPU.total[1]: wrong-type"),
        ({"inventory": {"VCPU": np.array([1, np.nan])}}, "inventory.VCPU.total[1]: not-finite"),
        ({"inventory": {"VCPU": np.array([1, np.inf])}}, "inventory.VCPU.total[1]: not-finite"),
        ({"inventory": {"VCPU": np.array([1, 2.5])}}, "inventory.VCPU.total[1]: wrong-type"),
        ({"inventory": {"GB": np.array([0, 2**63], "u8")}}, "inventory.GB.total[1]: out-of-range"),
        ({"inventory": {"VCPU": [0, 2**70]}}, "inventory.VCPU.total[1]: out-of-range"),
        ({"inventory": {"VCPU": np.zeros((2, 2))}}, "inventory.VCPU.total: wrong-type"),
        ({"inventory": {"VCPU": np.zeros(2, "M8[s]")}}, "inventory.VCPU.total: wrong-type"),
        ({"inventory": {"VCPU": [[1], [2, 3]]}}, "inventory.VCPU.total[0]: wrong-type"),
        ({"inventory": {"vcpu": [1, 2]}}, "inventory.vcpu.total: ill-formed-name"),
        ({"inventory": {"VCPU": {"reserved": 1}}}, "inventory.VCPU.reserved: missing-key"),
        (
            {"inventory": {"GB": {"total": 1, "max_unit": 0}}},
            "inventory.GB.max_unit[0]: out-of-range",
        ),
        ({"used": {"VCPU": [1, -1]}}, "used.VCPU[1]: out-of-range"),
        ({"traits": {"ssd": [True, False]}}, "traits.ssd: ill-formed-name"),
        ({"traits": {"SSD": [1, 0]}}, "traits.SSD: wrong-type"),
        ({"traits": ["SSD", "a b"]}, "traits[1]: ill-formed-name"),
        ({"enabled": [True, "no"]}, "enabled[1]: wrong-type"),
        ({"cost": [1, -(2**63)]}, "cost[1]: out-of-range"),
        ({"opening_cost": [1, -1]}, "opening_cost[1]: out-of-range"),
        ({"pools": [{"name": "p", "inventory": {"GB": 1}}] * 2}, "pools[1].name: duplicate-name"),
        ({"links": [{"between": ["h1"]}]}, "links[0].between[1]: missing-key"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_row(columns: dict[str, Any], expected: str) -> None:
    assert expected in _faults(**columns)


def test_a_class_is_in_the_host_or_in_one_pool() -> None:
    pool = {"name": "p", "inventory": {"GB": 9}, "domains": {"rack": ["r1"]}}
    other = {**pool, "name": "q", "hosts": ["h2"], "domains": {}}
    columns: dict[str, Any] = {"levels": {"rack": ["r0", "r1"]}, "pools": [pool]}
    assert from_columns(["h1", "h2"], **columns).pools.of["GB"].tolist() == [-1, 0]
    fault = "pools[0].inventory.GB: wrong-value"
    assert _faults(**columns, inventory={"GB": [1, 1]}) == [fault]
    columns["pools"] = [pool, other]
    assert _faults(**columns) == ["pools[1].inventory.GB: wrong-value"]


def test_arguments_that_are_no_mapping_are_refused() -> None:
    wrong: Any = [1, 2]
    with pytest.raises(TypeError, match=r"used: expected a mapping"):
        from_columns(["h1"], used=wrong)


def test_numbers_come_in_the_order_in_which_names_first_occur() -> None:
    codes, names = factorised(["b", None, "a", "b", ""])
    assert (codes.tolist(), names) == ([0, -1, 1, 0, -1], ["b", "a"])
    # "a" is there twice, and "unused" is not used.
    codes, names = renumbered(np.array([3, -1, 1, 0, 2]), ["a", "b", "a", None, "unused"][:4])
    assert (codes.tolist(), names) == ([-1, -1, 0, 1, 1], ["b", "a"])


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**65), 2**65),
    st.floats(),
    st.text(max_size=3),
    st.binary(max_size=2),
    st.lists(st.text(max_size=2), max_size=2),
)
COLUMNS = st.one_of(
    VALUES,
    st.lists(VALUES, min_size=2, max_size=2),
    st.lists(st.integers(0, 9), min_size=2, max_size=2).map(np.array),
    st.lists(st.floats(), min_size=2, max_size=2).map(np.array),
    st.tuples(st.lists(st.integers(-2, 2), min_size=2, max_size=2), st.lists(st.text(max_size=2))),
    st.lists(VALUES, min_size=2, max_size=2).map(lambda one: np.array([*one, None], object)[:2]),
)


@draws(100)
@given(
    names=st.one_of(st.just(["h1", "h2"]), COLUMNS),
    rack=COLUMNS,
    total=COLUMNS,
    ratio=COLUMNS,
    used=COLUMNS,
    traits=COLUMNS,
    flags=COLUMNS,
    cost=COLUMNS,
)
def test_any_columns_are_compiled_or_refused(
    names: Any, rack: Any, total: Any, ratio: Any, used: Any, traits: Any, flags: Any, cost: Any
) -> None:
    try:
        fleet = from_columns(
            names,
            levels={"rack": rack},
            inventory={"VCPU": {"total": total, "allocation_ratio": ratio}},
            used={"VCPU": used},
            traits=traits,
            enabled=flags,
            cost=cost,
        )
    except BadInput:
        return
    # Whatever is taken is a fleet: its hosts are valid one by one.
    Fleet(levels=["rack"], hosts=[host.revalidated() for host in fleet])
