"""Rows to values and back: keys in parts, hosts as text."""

from __future__ import annotations

from groupsolver.model.fleet import Host
from groupsolver.store.database.tables import HostRow
from groupsolver.store.mappers import MAX_IN_VALUES, host_to_text, hosts_from_rows, split_keys


def test_keys_are_split_into_lists_that_fit_one_statement() -> None:
    keys = [f"{i}" for i in range(2 * MAX_IN_VALUES + 1)]
    parts = list(split_keys(keys))
    assert [len(part) for part in parts] == [MAX_IN_VALUES, MAX_IN_VALUES, 1]
    assert [key for part in parts for key in part] == keys
    assert list(split_keys([])) == []


def test_a_host_is_stored_without_its_defaults_and_read_back_equal() -> None:
    plain = Host(name="h1")
    large = Host.model_validate({"name": "h2", "inventory": {"VCPU": 4}, "x-rack": None})
    assert host_to_text(plain) == '{"name":"h1"}'
    rows = [HostRow(name=host.name, document=host_to_text(host)) for host in (plain, large)]
    assert hosts_from_rows(rows) == (plain, large)
    assert hosts_from_rows([]) == ()
