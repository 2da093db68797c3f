"""The loss of a domain: what is gone with it, and who is placed again."""

from __future__ import annotations

import pytest

from groupsolver import (
    Application,
    Existing,
    Link,
    solve,
)
from groupsolver.changes.change import apply_changes
from groupsolver.changes.remove_domain import DomainRemoved
from groupsolver.model.application import member_ids
from tests.support.change_cases import ONE, app, fleet, ids


def test_the_loss_of_a_rack_takes_its_hosts_and_its_members_are_placed_again() -> None:
    running = (
        Existing(group="DB", id="DB/0", host="h1"),  # a member of the file
        Existing(group="LB", id="old", host="h2", resources={"VCPU": 2}),
        Existing(group="LB", id="light", host="h2"),  # takes nothing
        Existing(group="DB", id="stays", host="h3", resources=ONE),
    )
    before = app(*running)
    there = fleet()
    change = DomainRemoved.of("rack", "r1", before, there)
    assert change.describe() == (
        "rack r1 is gone, with its 2 hosts; "
        "3 members that run there are placed again: DB/0, old and light"
    )
    assert change.describe(reveal=False).startswith("one rack is gone, with its 2 hosts; ")
    after, rest = apply_changes(before, there, [change])
    assert ids(after) == ["DB/0", "DB/1", "DB/2"]
    assert [(id_, members.resources) for id_, members in member_ids(after.groups[1])] == [
        ("old", {"VCPU": 2}),
        ("light", {}),
    ]
    assert after.existing == running[3:]
    assert rest.index.names() == ["h3", "h4"]
    assert there.index.names() == ["h1", "h2", "h3", "h4"]
    rest.update(rest.index["h3"].with_used(ONE))  # by "stays", whose size is given
    result = solve(Application.model_validate(after.model_dump()), rest)
    # DB's three, LB's two that were lost; h3 and h4 are what is left.
    assert result.placement is not None
    assert set(result.placement) == {"DB/0", "DB/1", "DB/2", "old", "light"}
    assert set(result.placement.values()) <= {"h3", "h4"}


def test_the_loss_of_a_host_or_of_one_where_nothing_runs_is_told_shortly() -> None:
    assert DomainRemoved.of("host", "h1", app(), fleet()).describe() == "host h1 is gone"
    assert (
        DomainRemoved.of("rack", "r2", app(), fleet()).describe()
        == "rack r2 is gone, with its 1 host"
    )
    one = app(Existing(group="DB", id="DB/0", host="h1"))
    text = "host h1 is gone; 1 member that runs there is placed again: DB/0"
    assert DomainRemoved.of("host", "h1", one, fleet()).describe() == text
    assert DomainRemoved.of("rack", "r9", app(), fleet()).hosts == ()


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
    _, rest = apply_changes(app(), there, [DomainRemoved.of(level, name, app(), there)])
    assert ["-".join(link.between) for link in rest.links] == left
    assert len(there.links) == 4
