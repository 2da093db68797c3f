"""A change of a compiled fleet that is refused leaves the fleet as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsolver import (
    BadInput,
    Cell,
    CompiledFleet,
    Fleet,
    Host,
    Inventory,
    UnknownHost,
    compile_fleet,
)


def small_fleet() -> CompiledFleet:
    stock: dict[str, Any] = {"VCPU": 8, "DISK_GB": {"total": 100, "max_unit": 50}}
    cells = [Cell(inventory={"CUSTOM_GPU": 2}), Cell(inventory={"CUSTOM_GPU": 1})]
    hosts = [
        Host(name="a", domains={"zone": "z1"}, inventory=stock, used={"VCPU": 3}, cost=4),
        Host(name="b", domains={"zone": "z2"}, inventory=stock, cells=cells, traits=["SSD"]),
        Host(name="c", inventory={}, enabled=False),
    ]
    return compile_fleet(Fleet(levels=["zone"], hosts=hosts))


def plain(value: Any) -> Any:
    """Return everything that a compiled fleet holds, in a form that compares by content."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.tolist()
    if isinstance(value, dict):
        return [(key, plain(inner)) for key, inner in value.items()]
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if type(value).__module__.startswith("groupsolver") and not isinstance(value, Host):
        return plain(vars(value))
    return repr(value)


BAD = st.sampled_from(
    [-500_000, 2**63, "8", 1.5, None, True, [], {}, [1], {"VCPU": -1}, {"VCPU": "x"}, {"x y": 1},
     {"zone": 1}, {"power": "p1"}, {"zone": "z1\n"}, ["ssd"], "", object(), b"h", ("A", 3)]
)  # fmt: skip
CELL = Cell(inventory={"VCPU": 1})
FIELDS = sorted(Host.model_fields)
WRONG: dict[str, Any] = {"total": "8"}
DEEP: list[dict[str, Any]] = [
    {"inventory": {"VCPU": Inventory(total=8).model_copy(update={"total": -8})}},
    {"inventory": {"VCPU": Inventory(total=8).model_copy(update={"reserved": 9})}},
    {"inventory": {"VCPU": Inventory.model_construct(**WRONG)}},
    {"cells": (CELL.model_copy(update={"used": {"VCPU": -1}}),)},
    {"cells": (CELL, CELL.model_copy(update={"name": "0"}))},
    {"cells": (CELL,), "inventory": {"VCPU": Inventory(total=1)}},
]


@given(
    name=st.sampled_from(["a", "b", "c", "new"]),
    updates=st.one_of(
        st.dictionaries(st.sampled_from(FIELDS), BAD, min_size=1, max_size=3),
        st.sampled_from(DEEP),
    ),
    how=st.sampled_from(["add", "update"]),
)
def test_a_refused_host_changes_nothing(name: str, updates: dict[str, Any], how: str) -> None:
    fleet = small_fleet()
    before, copied = plain(fleet), fleet.copy()
    host = Host(name=name, inventory={"VCPU": 4}).model_copy(update=updates)
    try:
        getattr(fleet, how)(host)
    except (BadInput, UnknownHost):
        assert plain(fleet) == before
        assert plain(fleet) == plain(copied)
    else:
        # What is taken is what the constructor takes of the same fields.
        made = Host(**{**Host(name=name, inventory={"VCPU": 4}).model_dump(), **updates})
        assert fleet.index[made.name] == made
        assert all(amount >= 0 for amount in made.in_use().values())


@pytest.mark.parametrize(
    "call",
    [
        lambda fleet: fleet.update("a"),
        lambda fleet: fleet.update({"name": "a"}),
        lambda fleet: fleet.add(None),
        lambda fleet: fleet.remove(["a"]),
        lambda fleet: fleet.remove(Host(name="a")),
    ],
)
def test_an_argument_of_a_wrong_type_changes_nothing(call: Callable[[Any], None]) -> None:
    fleet = small_fleet()
    before = plain(fleet)
    with pytest.raises(TypeError, match=r"^(host|name): expected (a Host|the name of a host), got"):
        call(fleet)
    assert plain(fleet) == before


def test_removing_an_unknown_host_changes_nothing() -> None:
    fleet = small_fleet()
    before = plain(fleet)
    with pytest.raises(UnknownHost):
        fleet.remove("d")
    assert plain(fleet) == before


def test_the_comparison_sees_every_change() -> None:
    before = plain(small_fleet())
    changes: list[Callable[[CompiledFleet], None]] = [
        lambda fleet: fleet.update(Host(name="a", inventory={"VCPU": 8}, used={"VCPU": 4})),
        lambda fleet: fleet.add(Host(name="d")),
        lambda fleet: fleet.remove("c"),
    ]
    for change in changes:
        fleet = small_fleet()
        change(fleet)
        assert plain(fleet) != before
