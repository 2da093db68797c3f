"""Hosts with NUMA cells as values and as arrays.

What they have, what is left, and what is no host at all.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from groupsolver import BadInput, CompiledFleet, Fleet, Host, compile_fleet
from groupsolver.files import parse_fleet

Doc = dict[str, Any]
# Two cells of 8 VCPU, one with 3 in use and a GPU; disks are the host's.
NUMA: Doc = {
    "name": "n",
    "inventory": {"DISK_GB": 100},
    "used": {"DISK_GB": 40},
    "cells": [
        {"inventory": {"VCPU": 8, "MEMORY_MB": 64}, "used": {"VCPU": 3}},
        {
            "name": "gpu",
            "inventory": {"VCPU": 8, "MEMORY_MB": {"total": 64, "max_unit": 32}, "CUSTOM_GPU": 1},
        },
    ],
}


def host(**changes: Any) -> Host:
    return Host.model_validate(NUMA | changes)


def compiled(*hosts: Doc) -> CompiledFleet:
    return compile_fleet(
        Fleet.model_validate({"hosts": [*hosts, {"name": "plain", "inventory": {"VCPU": 12}}]})
    )


def slots(fleet: CompiledFleet, **size: int) -> list[int]:
    return [int(number) for number in fleet.slots(size, 99)[: len(fleet.rows)]]


def test_a_host_has_what_its_cells_have_together() -> None:
    assert host().capacity() == {"DISK_GB": 100, "VCPU": 16, "MEMORY_MB": 128, "CUSTOM_GPU": 1}
    assert host().in_use() == {"DISK_GB": 40, "VCPU": 3}
    # Free shares: DISK_GB 60/100, VCPU 13/16, MEMORY_MB and CUSTOM_GPU all: (0.6 + 0.8125 + 1 + 1)
    # / 4 = 0.853.
    assert host().free_points(host().capacity()) == 853
    assert host().cell_names() == ["0", "gpu"]


def test_a_member_lands_in_one_cell() -> None:
    fleet = compiled(NUMA)
    # 5 and 8 VCPU are free: one of 5 each, none of 6 in the first, and 13 together are no use to a
    # member.
    assert [slots(fleet, VCPU=n) for n in (4, 5, 6, 8, 9, 13)] == [
        [3, 3],
        [2, 2],
        [1, 2],
        [1, 1],
        [0, 1],
        [0, 0],
    ]
    # The second gives a member 32 MEMORY_MB at most; the first 64.
    assert [slots(fleet, MEMORY_MB=n)[0] for n in (32, 33, 65)] == [4, 1, 0]
    # A GPU comes with VCPU of its own cell.
    assert [slots(fleet, CUSTOM_GPU=1, VCPU=n)[0] for n in (8, 9)] == [1, 0]
    # Disks are the host's, and bound all cells together: 60 free.
    assert [slots(fleet, DISK_GB=n, VCPU=1)[0] for n in (1, 20, 60, 61)] == [13, 3, 1, 0]
    assert slots(fleet, DISK_GB=1)[0] == 60


def test_what_runs_in_cells_nobody_knows_which_counts_against_each() -> None:
    fleet = compiled(NUMA | {"used": {"VCPU": 2}})
    # 8 - 3 - 2 and 8 - 2 are left: 3 and 6.
    assert [slots(fleet, VCPU=n)[0] for n in (3, 6, 7)] == [3, 1, 0]
    assert fleet.index["n"].in_use() == {"VCPU": 5}
    assert not fleet.index["n"].overfull


def test_a_cell_over_capacity_of_a_class_takes_nothing_of_it_and_the_others_do() -> None:
    cells = [
        {"inventory": {"VCPU": 4, "MEMORY_MB": 9}, "used": {"VCPU": 5}},
        {"inventory": {"VCPU": 4, "MEMORY_MB": 9}},
    ]
    fleet = compiled(NUMA | {"cells": cells})
    assert slots(fleet, VCPU=4)[0] == 1
    assert slots(fleet, MEMORY_MB=1)[0] == 18  # of which the first has as much as the second
    assert slots(fleet, MEMORY_MB=1, VCPU=1)[0] == 4  # in the second alone
    assert not fleet.index["n"].overfull
    assert fleet.enabled[0]
    alien = [{"inventory": {"VCPU": 4}, "used": {"CUSTOM_X": 1}}, {"inventory": {"VCPU": 4}}]
    assert (
        slots(compiled(NUMA | {"cells": alien}), VCPU=4)[0] == 2
    )  # something it has not is in use in the first, of which no member takes


def test_a_host_over_capacity_of_its_own_takes_nothing_of_that_class() -> None:
    fleet = compiled(NUMA | {"used": {"DISK_GB": 101}})
    assert fleet.index["n"].overfull
    assert fleet.index["n"].overfull_classes() == {"DISK_GB": (101, 100)}
    assert slots(fleet, VCPU=1, DISK_GB=1)[0] == 0
    assert slots(fleet, VCPU=1)[0] == 13  # 8 - 3 and 8


def test_rows_that_come_and_go_keep_their_own_cells() -> None:
    fleet = compiled(NUMA)
    fleet.remove("n")
    assert slots(fleet, VCPU=1) == [0]
    fleet.add(
        Host.model_validate({"name": "late", "inventory": {"VCPU": 2}})
    )  # the row that is free
    assert slots(fleet, VCPU=1) == [2, 12]
    assert slots(fleet, CUSTOM_GPU=1) == [0, 0]
    kept = fleet.copy()
    for i in range(40):
        fleet.add(host(name=f"n{i}", cells=[NUMA["cells"][0]] * (i % 4 + 1)))
    # 5 VCPU free in each of 1 to 4 cells; disks do not matter.
    found = fleet.slots({"VCPU": 5}, 99)
    assert [int(found[fleet.rows[f"n{i}"]]) for i in range(4)] == [1, 2, 3, 4]
    fleet.update(host(name="n3", cells=[]))
    assert int(fleet.slots({"VCPU": 5}, 99)[fleet.rows["n3"]]) == 0
    assert kept.cells.width == 2
    assert not np.any(kept.slots({"CUSTOM_GPU": 1}, 9))


@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        ({"cells": [{"name": "a"}, {"name": "a"}]}, "duplicate-name", "hosts[0].cells"),
        ({"cells": [{}, {"name": "0"}]}, "duplicate-name", "hosts[0].cells"),
        ({"cells": [{"inventory": {"DISK_GB": 1}}]}, "wrong-value", "hosts[0].cells"),
        ({"cells": [{"used": {"DISK_GB": 1}}]}, "wrong-value", "hosts[0].cells"),
        ({"cells": [{"inventory": {"VCPU": 2**62}}] * 3}, "amount-overflow", "hosts[0].cells"),
        ({"cells": [{}] * 65}, "out-of-range", "hosts[0].cells"),
        ({"cells": {"0": {}}}, "wrong-type", "hosts[0].cells"),
        ({"cells": None}, "wrong-type", "hosts[0].cells"),
        ({"cells": ["0"]}, "wrong-type", "hosts[0].cells[0]"),
        ({"cells": [{"inventroy": {}}]}, "unknown-key", "hosts[0].cells[0].inventroy"),
        ({"cells": [{"name": ""}]}, "ill-formed-name", "hosts[0].cells[0].name"),
        ({"cells": [{"name": 0}]}, "wrong-type", "hosts[0].cells[0].name"),
        (
            {"cells": [{"inventory": {"vcpu": 1}}]},
            "ill-formed-name",
            "hosts[0].cells[0].inventory.vcpu",
        ),
        (
            {"cells": [{"inventory": {"VCPU": -1}}]},
            "out-of-range",
            "hosts[0].cells[0].inventory.VCPU.total",
        ),
        ({"cells": [{"used": {"VCPU": 1.5}}]}, "wrong-type", "hosts[0].cells[0].used.VCPU"),
        ({"cells": [{"traits": []}]}, "unknown-key", "hosts[0].cells[0].traits"),
    ],
)
def test_cells_that_are_none_are_refused(changes: Doc, code: str, path: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_fleet({"hosts": [NUMA | changes]})
    assert (code, path) in [(fault.code, fault.path) for fault in caught.value.faults]


def test_free_keys_in_cells_are_kept() -> None:
    cells = [{"x-socket": 0, "metadata": {"a": None}, "inventory": {"VCPU": 1}}]
    document = host(cells=cells).document()["cells"][0]
    assert (document["x-socket"], document["metadata"]) == (0, {"a": None})


def test_a_host_without_cells_is_what_it_was() -> None:
    plain = Host.model_validate({"name": "p", "inventory": {"VCPU": 4}, "used": {"VCPU": 1}})
    assert plain.cells == ()
    assert plain.cell_capacities() == []
    assert (plain.capacity(), plain.in_use(), plain.overfull, plain.free_points(["VCPU"])) == (
        {"VCPU": 4},
        {"VCPU": 1},
        False,
        750,
    )
