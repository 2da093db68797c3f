"""Changes to hosts and to what runs on them: their words, and the fleet after them."""

from __future__ import annotations

import pytest

from groupsolver import (
    Cell,
    Existing,
    Fleet,
    Host,
    Inventory,
    compile_fleet,
)
from groupsolver.changes.change import apply_changes
from groupsolver.changes.fleet import CapacityFreed, HostsAdded, MemberMoved, emptied
from tests.support.change_cases import app, fleet

FOUR = {"VCPU": Inventory(total=4)}


@pytest.mark.parametrize(
    ("domains", "opened", "where"),
    [
        ({"zone": "z1", "rack": "r1"}, (), "in rack r1"),
        ({"zone": "z1", "rack": "r9"}, ("rack",), "in rack r9, which is new, in zone z1"),
        ({"zone": "z9", "rack": "r9"}, ("zone", "rack"), "in zone z9 and rack r9, which are new"),
        ({"zone": "z1", "rack": "new-rack-1"}, (), "in another rack of zone z1"),
    ],
)
def test_hosts_that_are_added_say_where(
    domains: dict[str, str], opened: tuple[str, ...], where: str
) -> None:
    hosts = tuple(Host(name=name, domains=domains, inventory=FOUR) for name in ("a", "b"))
    unnamed = ("rack",) if "another" in where else ()
    change = HostsAdded("h1", hosts, opened, unnamed)
    assert (
        change.describe()
        == f"2 more hosts like h1 (4 VCPU) {where}, called a and b in the placement"
    )
    _, more = apply_changes(app(), fleet(), [change])
    assert more.index.names()[4:] == ["a", "b"]


def test_what_is_freed_is_taken_from_the_host_and_then_from_the_fullest_cells() -> None:
    eight = {"VCPU": Inventory(total=8)}
    cells = (Cell(inventory=eight, used={"VCPU": 2}), Cell(inventory=eight, used={"VCPU": 5}))
    one = Host(
        name="n",
        inventory={"MEMORY_MB": Inventory(total=9)},
        used={"MEMORY_MB": 4, "VCPU": 1},
        cells=cells,
    )
    there = compile_fleet(Fleet(hosts=(one,)))
    assert one.in_use() == {"MEMORY_MB": 4, "VCPU": 8}
    change = CapacityFreed(one, (("VCPU", 7), ("MEMORY_MB", 3)))
    assert change.describe() == "free 7 VCPU, 3 MB of memory on n"
    _, after = apply_changes(app(), there, [change])
    # Of 7 VCPU the host gives 1, the second cell 5, and the first the last one.
    assert after.index["n"].in_use() == {"MEMORY_MB": 1, "VCPU": 1}
    assert [cell.used["VCPU"] for cell in after.index["n"].cells] == [1, 0]
    assert emptied(after.index["n"]).in_use() == {}


def test_a_member_that_moves_takes_what_it_uses_along() -> None:
    before = app(Existing(group="DB", id="old", host="h1", resources={"VCPU": 2}))
    after, there = apply_changes(
        before, fleet(), [MemberMoved("old", "DB", "h1", "h4", (("VCPU", 2),))]
    )
    assert after.existing[0].host == "h4"
    assert [there.index[name].used.get("VCPU", 0) for name in ("h1", "h4")] == [0, 2]


def test_without_names_only_counts_and_levels_are_told() -> None:
    there = fleet().index
    hosts = (there["h1"], there["h2"])
    assert (
        HostsAdded("h1", hosts).describe(reveal=False) == "2 more hosts (4 VCPU) in the right rack"
    )
    assert CapacityFreed(there["h1"], (("VCPU", 2),)).describe(reveal=False) == (
        "free 2 VCPU on one host"
    )
    move = MemberMoved("old", "DB", "h1", "h4", ())
    assert move.describe(reveal=False) == "move old of DB"


def test_hosts_in_new_domains_of_their_own_say_so() -> None:
    one = fleet().index["h1"]
    hosts = tuple(
        one.model_copy(update={"domains": {"zone": "z1", "rack": f"r{i}"}}) for i in (1, 2)
    )
    text = HostsAdded("h1", hosts, unnamed=("rack",)).describe(reveal=False)
    assert text == "2 more hosts (4 VCPU) each in another rack"


def test_of_many_traits_the_first_are_told() -> None:
    traits = tuple(f"CUSTOM_{letter}" for letter in "ABCDE")
    one = fleet().index["h1"].model_copy(update={"traits": traits, "domains": {}})
    text = HostsAdded("h1", (one,)).describe()
    assert "(4 VCPU, CUSTOM_A, CUSTOM_B, CUSTOM_C, CUSTOM_D, ...)" in text
