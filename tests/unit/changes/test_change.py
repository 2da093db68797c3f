"""What all changes have in common, and how several are applied."""

from __future__ import annotations

from groupsolver.changes.application import FewerMembers
from groupsolver.changes.change import Change, apply_changes
from groupsolver.changes.fleet import HostsAdded
from tests.support.change_cases import app, fleet, ids


def test_a_change_that_changes_nothing_leaves_all_as_it_is() -> None:
    class Nothing(Change):
        kind = "add"

        def describe(self, reveal: bool = True) -> str:
            return "nothing"

    there = fleet()
    before = app()
    assert apply_changes(before, there, [Nothing()]) == (before, there)


def test_a_fleet_is_copied_only_where_a_change_needs_it_and_never_modified() -> None:
    there = fleet()
    before = app()
    size = FewerMembers("DB", 3, ("DB/2",))
    assert apply_changes(before, there, [size])[1] is there
    host = there.index["h1"].model_copy(update={"name": "new"})
    after, changed = apply_changes(before, there, [size, HostsAdded("h1", (host,))])
    assert ids(after) == ["DB/0", "DB/1"]
    assert changed.index.names()[4:] == ["new"]
    assert there.index.names() == ["h1", "h2", "h3", "h4"]


def test_hosts_are_counted_one_by_one_and_other_changes_once() -> None:
    hosts = tuple(fleet().index)
    assert HostsAdded("h1", hosts).quantity == 4
    assert FewerMembers("DB", 3, ("DB/1", "DB/2")).quantity == 1
