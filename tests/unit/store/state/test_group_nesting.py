"""The groups below each stored group."""

from __future__ import annotations

from groupsolver.store.entities import StoredGroup
from groupsolver.store.state.group_nesting import groups_below


def test_groups_below_include_the_group_and_leave_out_what_is_not_stored() -> None:
    groups = {
        "a": StoredGroup("a", "t", "u", groups=("b", "gone")),
        "b": StoredGroup("b", "t", "u", groups=("c",)),
        "c": StoredGroup("c", "t", "u"),
    }
    assert groups_below(groups) == {"a": {"a", "b", "c"}, "b": {"b", "c"}, "c": {"c"}}
    assert groups_below({}) == {}
