"""A compiled fleet is a collection of its hosts."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from groupsolver import CompiledFleet, Fleet, Host, Link, Pool, UnknownHost, compile_fleet
from groupsolver.model.compiled.arrays import Ints


def _host(name: str, vcpu: int = 4) -> Host:
    return Host(name=name, domains={"rack": "r1"}, inventory={"VCPU": {"total": vcpu}})


FLEET = Fleet(levels=["zone", "rack"], hosts=[_host("h1"), _host("h2"), _host("h3")])


def test_hosts_are_found_by_name() -> None:
    compiled = compile_fleet(FLEET)
    assert "h2" in compiled
    assert "h9" not in compiled
    assert "" not in compiled
    assert 2 not in compiled
    assert compiled["h2"] == FLEET.hosts[1]


def test_the_name_of_a_removed_host_is_unknown() -> None:
    compiled = compile_fleet(FLEET)
    compiled.remove("h2")
    assert "h2" not in compiled
    assert "" not in compiled  # the row that is free has this name
    with pytest.raises(UnknownHost):
        compiled["h2"]


def test_hosts_are_looked_up_by_text_alone() -> None:
    row: Any = 0
    with pytest.raises(TypeError, match="the name of a host"):
        compile_fleet(FLEET)[row]


def test_iteration_yields_hosts_in_the_order_in_which_they_were_added() -> None:
    compiled = compile_fleet(FLEET)
    assert tuple(compiled) == FLEET.hosts
    compiled.update(_host("h1", vcpu=8))
    compiled.remove("h2")
    compiled.add(_host("h4"))  # takes the row of h2, and comes last all the same
    assert [host.name for host in compiled] == ["h1", "h3", "h4"]
    assert compiled["h1"].inventory["VCPU"].total == 8


def test_len_counts_hosts_and_not_rows() -> None:
    compiled = compile_fleet(FLEET)
    assert len(compiled) == 3
    compiled.remove("h2")
    assert (len(compiled), compiled.row_count) == (2, 3)  # the row of h2 is free
    compiled.add(_host("h4"))
    compiled.add(_host("h5"))
    assert len(compiled) == 4
    assert compiled.row_count > 4  # columns grow by more than one row at a time


@pytest.mark.parametrize(
    ("levels", "hosts", "expected"),
    [
        (["zone", "rack"], 1000, "<CompiledFleet: 1,000 hosts, levels zone, rack>"),
        (["rack"], 1, "<CompiledFleet: 1 host, level rack>"),
        ([], 2, "<CompiledFleet: 2 hosts, no levels>"),
    ],
)
def test_repr_says_how_many_hosts_there_are_and_the_levels(
    levels: list[str], hosts: int, expected: str
) -> None:
    named = [Host(name=f"h{number}") for number in range(hosts)]
    assert repr(compile_fleet(Fleet(levels=levels, hosts=named))) == expected


def _pickled(compiled: CompiledFleet) -> CompiledFleet:
    loaded = pickle.loads(pickle.dumps(compiled))
    assert isinstance(loaded, CompiledFleet)
    return loaded


def _fleet_in_use() -> CompiledFleet:
    """Return a fleet with a free row, and with everything that is found when first asked for."""
    link = Link(between=("r1", "spine"), bandwidth_mbps=100, latency_us=5)
    pool = Pool(name="ceph", domains={"rack": ["r1"]}, inventory={"DISK_GB": {"total": 100}})
    hosts = FLEET.hosts
    compiled = compile_fleet(Fleet(levels=FLEET.levels, hosts=hosts, links=[link], pools=[pool]))
    compiled.remove("h2")
    compiled.partition("odd", lambda: _parities(compiled))
    compiled.proximity_zones("hops", 2)
    compiled.cut("rack")
    compiled.free_points(["VCPU"])
    return compiled


def _parities(compiled: CompiledFleet) -> Ints:
    return np.arange(compiled.row_count, dtype=np.int64) % 2


@pytest.mark.parametrize("duplicate", [_pickled, copy.deepcopy, copy.copy])
def test_a_duplicate_says_the_same_and_changes_alone(
    duplicate: Callable[[CompiledFleet], CompiledFleet],
) -> None:
    compiled = _fleet_in_use()
    other = duplicate(compiled)
    assert tuple(other) == tuple(compiled)
    assert other.rows == compiled.rows
    for name in ("VCPU", "DISK_GB"):
        assert other.free(name).tolist() == compiled.free(name).tolist()
    assert other.codes("rack").tolist() == compiled.codes("rack").tolist()
    assert other.free_points(["VCPU"]).tolist() == compiled.free_points(["VCPU"]).tolist()
    zones, _ = compiled.proximity_zones("hops", 2)
    other_zones, _ = other.proximity_zones("hops", 2)
    assert other.codes(other_zones).tolist() == compiled.codes(zones).tolist()
    assert other.index.free_mbps("rack", "r1") == 100

    other.update(_host("h1", vcpu=8))
    other.remove("h3")
    other.add(_host("h4"))
    assert [host.name for host in compiled] == ["h1", "h3"]
    assert compiled.free("VCPU").tolist() == [4, 0, 4]
    compiled.remove("h1")
    assert [host.name for host in other] == ["h1", "h4"]
    assert other["h1"].inventory["VCPU"].total == 8
