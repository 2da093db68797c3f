"""Changes as values: what each says, and what it makes of an application and of a fleet."""

from __future__ import annotations

from typing import Any

import pytest

from groupsolver import (
    AntiAffinity,
    Application,
    Cell,
    Existing,
    Fleet,
    Group,
    Host,
    Inventory,
    Link,
    Members,
    Spread,
    compile_fleet,
    solve,
)
from groupsolver.changes.application import Fewer, More, Replaced
from groupsolver.changes.change import Change, changed
from groupsolver.changes.fleet import Added, Freed, Moved, emptied
from groupsolver.changes.remove_domain import Removed
from groupsolver.model import application
from groupsolver.model.application import member_ids
from groupsolver.model.compiled.compiled_fleet import CompiledFleet

AnyApplication = application.Application[Any]
ONE = {"VCPU": 1}
FOUR = {"VCPU": Inventory(total=4)}


def host(number: int, rack: str, zone: str = "z1", **more: Any) -> Host:
    fields: dict[str, Any] = {
        "inventory": {"VCPU": 4},
        "domains": {"zone": zone, "rack": rack},
        **more,
    }
    return Host(name=f"h{number}", **fields)


def fleet(*links: Link) -> CompiledFleet:
    """Two zones: h1 and h2 in rack r1, h3 in r2, both of z1; h4 in r3 of z2."""
    hosts = (host(1, "r1", used={"VCPU": 2}), host(2, "r1"), host(3, "r2"), host(4, "r3", "z2"))
    return compile_fleet(Fleet(levels=("zone", "rack"), hosts=hosts, links=links))


def app(*existing: Existing, policies: tuple[Any, ...] = ()) -> Application:
    return Application(
        groups=(
            Group(name="DB", policies=policies, members=(Members(resources=ONE, count=3),)),
            Group(name="LB"),
        ),
        existing=existing,
    )


def ids(of: AnyApplication, group: int = 0) -> list[str]:
    return [id_ for id_, _ in member_ids(of.groups[group])]


# What is asked for.


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (AntiAffinity(level="rack"), AntiAffinity(level="rack", max_per_domain=2), "relax"),
        (AntiAffinity(level="rack"), AntiAffinity(level="rack", weight=1), "soften"),
        (AntiAffinity(level="rack"), None, "drop"),
    ],
)
def test_a_policy_replaced_is_of_the_kind_that_it_costs(old: Any, new: Any, told: str) -> None:
    change = Replaced("DB", 0, old, new)
    assert change.kind == told
    assert not change.of_fleet
    before = app(policies=(old,))
    after, same = changed(before, (there := fleet()), [change])
    assert after.groups[0].policies == (() if new is None else (new,))
    assert before.groups[0].policies == (old,)
    assert same is there


def test_what_becomes_of_a_policy_is_said_with_values_as_people_write_them() -> None:
    old = Spread(level="rack", min_domains=2)
    assert (
        Replaced("DB", 0, old, None).describe()
        == "drop DB spread at rack: members of DB cover at least 2 racks"
    )
    new = Spread(level="rack", max_skew=1)
    assert (
        Replaced("DB", 0, old, new).describe()
        == "DB spread at rack min_domains 2 -> none, max_skew none -> 1"
    )
    soft = AntiAffinity(level="host", weight=3)
    told = Replaced("DB", 0, AntiAffinity(), soft).describe()
    assert told == "make DB anti-affinity at host soft: no host holds more than 1 member of DB"


def test_fewer_and_more_members_leave_the_others_their_ids() -> None:
    less = Fewer("DB", 3, ("DB/1",))
    assert less.describe() == "DB 3 -> 2 members"
    assert ids(less.on_application(app())) == ["DB/0", "DB/2"]
    more = More("DB", 3, app().groups[0].members[0], ("DB/3", "DB/5"))
    assert more.describe() == "DB 3 -> 5 members"  # 3 and two more
    after = more.on_application(app())
    assert ids(after) == ["DB/0", "DB/1", "DB/2", "DB/3", "DB/5"]
    assert [members.resources for _, members in member_ids(after.groups[0])] == [ONE] * 5
    assert after.groups[1] == app().groups[1]


# What there is.


def test_the_loss_of_a_rack_takes_its_hosts_and_its_members_are_placed_again() -> None:
    running = (
        Existing(group="DB", id="DB/0", host="h1"),  # a member of the file
        Existing(group="LB", id="old", host="h2", resources={"VCPU": 2}),
        Existing(group="LB", id="light", host="h2"),  # takes nothing
        Existing(group="DB", id="stays", host="h3", resources=ONE),
    )
    before = app(*running)
    change = Removed.of("rack", "r1", before, there := fleet())
    assert change.describe() == (
        "rack r1 is gone, with its 2 hosts; 3 members that run there are placed again: DB/0, old and light"
    )
    assert change.describe(reveal=False).startswith("one rack is gone, with its 2 hosts; ")
    after, rest = changed(before, there, [change])
    assert ids(after) == ["DB/0", "DB/1", "DB/2"]
    assert [(id_, members.resources) for id_, members in member_ids(after.groups[1])] == [
        ("old", {"VCPU": 2}),
        ("light", {}),
    ]
    assert after.existing == running[3:]
    assert rest.index.names() == ["h3", "h4"]
    assert there.index.names() == ["h1", "h2", "h3", "h4"]
    result = solve(Application.model_validate(after.model_dump()), rest)
    # DB's three, LB's two that were lost; h3 and h4 are what is left.
    assert result.placement is not None
    assert set(result.placement) == {"DB/0", "DB/1", "DB/2", "old", "light"}
    assert set(result.placement.values()) <= {"h3", "h4"}


def test_the_loss_of_a_host_or_of_one_where_nothing_runs_is_told_shortly() -> None:
    assert Removed.of("host", "h1", app(), fleet()).describe() == "host h1 is gone"
    assert Removed.of("rack", "r2", app(), fleet()).describe() == "rack r2 is gone, with its 1 host"
    one = app(Existing(group="DB", id="DB/0", host="h1"))
    told = "host h1 is gone; 1 member that runs there is placed again: DB/0"
    assert Removed.of("host", "h1", one, fleet()).describe() == told
    assert Removed.of("rack", "r9", app(), fleet()).hosts == ()


@pytest.mark.parametrize(
    ("level", "name", "left"),
    [
        ("host", "h1", ["r1-spine", "r2-spine", "z2-spine"]),
        ("rack", "r2", ["h1-r1", "r1-spine", "z2-spine"]),
        (
            "rack",
            "r3",
            ["h1-r1", "r1-spine", "r2-spine"],
        ),  # z2 has no host but h4, so it is gone too
        ("zone", "z1", ["z2-spine"]),
    ],
)
def test_links_to_what_is_gone_carry_nothing(level: str, name: str, left: list[str]) -> None:
    links = [
        Link(between=(one, two))
        for one, two in (("h1", "r1"), ("r1", "spine"), ("r2", "spine"), ("z2", "spine"))
    ]
    there = fleet(*links)
    _, rest = changed(app(), there, [Removed.of(level, name, app(), there)])
    assert ["-".join(link.between) for link in rest.links] == left
    assert len(there.links) == 4


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
    change = Added("h1", hosts, opened)
    assert (
        change.describe()
        == f"2 more hosts like h1 (4 VCPU) {where}, called a and b in the placement"
    )
    _, more = changed(app(), fleet(), [change])
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
    change = Freed(one, (("VCPU", 7), ("MEMORY_MB", 3)))
    assert change.describe() == "free 7 VCPU, 3 MB of memory on n"
    _, after = changed(app(), there, [change])
    # Of 7 VCPU the host gives 1, the second cell 5, and the first the last one.
    assert after.index["n"].in_use() == {"MEMORY_MB": 1, "VCPU": 1}
    assert [cell.used["VCPU"] for cell in after.index["n"].cells] == [1, 0]
    assert emptied(after.index["n"]).in_use() == {}


def test_a_member_that_moves_takes_what_it_uses_along() -> None:
    before = app(Existing(group="DB", id="old", host="h1", resources={"VCPU": 2}))
    after, there = changed(before, fleet(), [Moved("old", "DB", "h1", "h4", (("VCPU", 2),))])
    assert after.existing[0].host == "h4"
    assert [there.index[name].used.get("VCPU", 0) for name in ("h1", "h4")] == [0, 2]


def test_a_change_that_changes_nothing_leaves_all_as_it_is() -> None:
    class Nothing(Change):
        kind = "add"

        def describe(self, reveal: bool = True) -> str:
            return "nothing"

    there = fleet()
    before = app()
    assert changed(before, there, [Nothing()]) == (before, there)
