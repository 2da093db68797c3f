"""Which links leave a domain, for the checker: cases by hand."""

from __future__ import annotations

from groupsolver import Host, Link
from groupsolver.model.network.reference_link_cuts import free_bandwidth
from groupsolver.model.value import Domain

RACKS = {"a": "r1", "b": "r1", "c": "r2"}


def cuts(*links: tuple[str, str, int | None]) -> dict[Domain, int]:
    hosts = {
        name: Host(name=name, domains={"zone": "z", "rack": rack}) for name, rack in RACKS.items()
    }
    hosts_of = {"zone": {"z": ["a", "b", "c"]}, "rack": {"r1": ["a", "b"], "r2": ["c"]}}
    made = [Link(between=(one, other), bandwidth_mbps=mbps) for one, other, mbps in links]
    return free_bandwidth(made, hosts, hosts_of)


def test_the_example_of_the_module() -> None:
    found = cuts(("a", "r1", 10), ("r1", "core", 5), ("b", "core", 2))
    assert found[("rack", "r1")] == 7  # 5 + 2
    assert found[("host", "a")] == 10
    assert found[("host", "b")] == 2
    assert found[("zone", "z")] == 7  # the core is a switch: inside nothing


def test_links_between_racks_of_a_zone_do_not_leave_it() -> None:
    found = cuts(("r1", "r2", 5))
    assert found == {("rack", "r1"): 5, ("rack", "r2"): 5}


def test_a_cut_with_a_link_of_no_given_bandwidth_is_not_bounded() -> None:
    found = cuts(("r1", "core", 5), ("a", "core", None))
    assert ("rack", "r1") not in found
    assert ("zone", "z") not in found


def test_a_domain_with_all_hosts_of_another_lies_inside_it_where_its_level_comes_later() -> None:
    hosts = {"a": Host(name="a", domains={"zone": "z", "rack": "r"})}
    hosts_of = {"zone": {"z": ["a"]}, "rack": {"r": ["a"]}}
    link = Link(between=("r", "z"), bandwidth_mbps=3)
    # The rack lies in the zone, the zone not in the rack: the link leaves the rack alone.
    assert free_bandwidth([link], hosts, hosts_of) == {("rack", "r"): 3}
