"""Look-ups over hosts that come, change and go."""

from __future__ import annotations

import pytest

from groupsolver import Host, Link, UnknownHost
from groupsolver.model.compiled.host_index import HostIndex

LINKS = (
    Link(between=("r1", "core"), bandwidth_mbps=10, used_mbps=3),
    Link(between=("a", "r1"), bandwidth_mbps=4),
    Link(between=("r2", "core")),  # of no given bandwidth
)


def host(name: str, rack: str, *traits: str) -> Host:
    return Host(name=name, domains={"rack": rack}, traits=traits)


def index() -> HostIndex:
    hosts = [host("a", "r1", "CUSTOM_FAST"), host("b", "r1"), host("c", "r2")]
    return HostIndex(["rack"], hosts, LINKS)


def names(made: HostIndex, rack: str) -> list[str]:
    return [one.name for one in made.hosts_in("rack", rack)]


def test_hosts_are_found_by_name_and_by_domain() -> None:
    made = index()
    assert len(made) == 3
    assert made.names() == ["a", "b", "c"]
    assert names(made, "r1") == ["a", "b"]
    assert names(made, "gone") == []
    assert [one.name for one in made.hosts_in("host", "b")] == ["b"]
    assert made.number_in("rack", "r1") == 2
    assert made.number_in("host", "gone") == 0
    assert made.domain("a", "rack") == "r1"
    assert made.domain("a", "host") == "a"
    assert made.domains("rack") == ["r1", "r2"]


def test_an_unknown_host_is_an_error() -> None:
    with pytest.raises(UnknownHost):
        index()["gone"]
    with pytest.raises(UnknownHost):
        index().remove("gone")


def test_a_host_that_moves_is_in_its_new_domain_alone() -> None:
    made = index()
    made.put(host("c", "r1"))
    assert names(made, "r1") == ["a", "b", "c"]
    assert made.domains("rack") == ["r1"]  # no host is left in the other
    made.remove("b")
    assert names(made, "r1") == ["a", "c"]


def test_traits_go_with_the_last_host_that_has_them() -> None:
    made = index()
    assert made.traits() == ["CUSTOM_FAST"]
    made.put(host("a", "r1"))
    assert made.traits() == []


def test_a_copy_does_not_change_with_the_original() -> None:
    made = index()
    copy = made.copy()
    made.remove("a")
    assert names(copy, "r1") == ["a", "b"]
    assert copy.traits() == ["CUSTOM_FAST"]


def test_free_bandwidth_is_that_of_the_links_that_leave_a_domain() -> None:
    made = index()
    assert made.free_mbps("rack", "r1") == 7  # 10 - 3; the link of `a` stays inside
    assert made.free_mbps("host", "a") == 4
    assert made.free_mbps("host", "b") is None  # no link leaves it
    assert made.free_mbps("rack", "r2") is None  # of no given bandwidth
    made.reserved = {("rack", "r1"): 5}
    assert made.free_mbps("rack", "r1") == 2
    made.reserved = {("rack", "r1"): 9}
    assert made.free_mbps("rack", "r1") == 0


def test_a_host_that_moves_changes_which_links_leave_a_domain() -> None:
    made = index()
    assert made.free_mbps("rack", "r1") == 7
    made.put(host("a", "r2"))
    assert made.free_mbps("rack", "r1") == 11  # the link of `a` leaves it now


def test_hosts_keep_their_order_where_their_usage_changes() -> None:
    made = index()
    made.put(made["a"].with_used({"VCPU": 1}))
    assert names(made, "r1") == ["a", "b"]
    assert made["a"].used == {"VCPU": 1}
    assert made.traits() == ["CUSTOM_FAST"]
    made.remove("a")
    assert made.traits() == []
