"""Changes to policies and sizes: their words, and the application after them."""

from __future__ import annotations

from typing import Any

import pytest

from groupsolver import (
    AntiAffinity,
    Spread,
)
from groupsolver.changes.application import FewerMembers, MoreMembers, PolicyReplaced
from groupsolver.changes.change import apply_changes
from groupsolver.model.application import member_ids
from tests.support.change_cases import ONE, app, fleet, ids


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        (AntiAffinity(level="rack"), AntiAffinity(level="rack", max_per_domain=2), "relax"),
        (AntiAffinity(level="rack"), AntiAffinity(level="rack", weight=1), "soften"),
        (AntiAffinity(level="rack"), None, "drop"),
    ],
)
def test_a_policy_replaced_is_of_the_kind_that_it_costs(old: Any, new: Any, kind: str) -> None:
    change = PolicyReplaced("DB", 0, old, new)
    assert change.kind == kind
    assert not change.changes_fleet
    before = app(policies=(old,))
    there = fleet()
    after, same = apply_changes(before, there, [change])
    assert after.groups[0].policies == (() if new is None else (new,))
    assert before.groups[0].policies == (old,)
    assert same is there


def test_what_becomes_of_a_policy_is_said_with_values_as_people_write_them() -> None:
    old = Spread(level="rack", min_domains=2)
    assert (
        PolicyReplaced("DB", 0, old, None).describe()
        == "drop DB spread at rack: members of DB cover at least 2 racks"
    )
    new = Spread(level="rack", max_skew=1)
    assert (
        PolicyReplaced("DB", 0, old, new).describe()
        == "DB spread at rack min_domains 2 -> none, max_skew none -> 1"
    )
    soft = AntiAffinity(level="host", weight=3)
    text = PolicyReplaced("DB", 0, AntiAffinity(), soft).describe()
    assert text == "make DB anti-affinity at host soft: no host holds more than 1 member of DB"


def test_fewer_and_more_members_leave_the_others_their_ids() -> None:
    less = FewerMembers("DB", 3, ("DB/1",))
    assert less.describe() == "DB 3 -> 2 members"
    assert ids(less.on_application(app())) == ["DB/0", "DB/2"]
    more = MoreMembers("DB", 3, app().groups[0].members[0], ("DB/3", "DB/5"))
    assert more.describe() == "DB 3 -> 5 members"  # 3 and two more
    after = more.on_application(app())
    assert ids(after) == ["DB/0", "DB/1", "DB/2", "DB/3", "DB/5"]
    assert [members.resources for _, members in member_ids(after.groups[0])] == [ONE] * 5
    assert after.groups[1] == app().groups[1]


def test_a_group_that_loses_all_its_members_is_left_out() -> None:
    out = FewerMembers("DB", 3, ("DB/0", "DB/1", "DB/2"))
    assert out.describe() == "leave DB out, 3 members"
    assert ids(out.on_application(app())) == []


@pytest.mark.parametrize("old", [AntiAffinity(), Spread(level="rack", min_domains=2)])
def test_a_flag_is_written_as_in_a_file(old: AntiAffinity | Spread) -> None:
    asking = old.model_copy(update={"everywhere": True})
    change = PolicyReplaced("DB", 0, asking, old)
    assert change.describe().endswith(" everywhere true -> false")
