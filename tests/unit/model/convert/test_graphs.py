"""Fleets from networkx graphs."""

from __future__ import annotations

import contextlib
from random import Random
from typing import Any

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsolver import BadInput, Fleet, leaf_spine, topology
from tests.support.draws.applications import fleets
from tests.support.draws.network import some_links


def shape(fleet: Fleet) -> tuple[Any, ...]:
    """What a topology has of a fleet: its hosts, their domains, and its links, in no order."""
    ends = [
        (*sorted(link.between), link.bandwidth_mbps, link.used_mbps, link.latency_us)
        for link in fleet.links
    ]
    hosts = {host.name: host.domains for host in fleet.hosts}
    return fleet.levels, hosts, sorted(ends, key=str)


@given(st.integers(0, 2**40))
def test_a_topology_has_the_hosts_domains_and_links_of_its_fleet(seed: int) -> None:
    rnd = Random(seed)
    fleet = Fleet.model_validate(some_links(fleets(rnd), rnd))
    assert shape(Fleet.from_networkx(topology(fleet))) == shape(fleet)


def test_a_generated_network_comes_back() -> None:
    fleet = leaf_spine(spines=2, leaves=3, hosts_per_leaf=2)
    assert shape(Fleet.from_networkx(topology(fleet))) == shape(fleet)


def test_a_graph_as_users_have_it_is_read() -> None:
    graph: nx.Graph[str] = nx.Graph()
    graph.add_node("h0", inventory={"VCPU": 8}, used={"VCPU": 1}, rack="r0", traits=["SSD"])
    graph.add_node("h1", kind="host", rack="r1")
    graph.add_edge("r0", "core", bandwidth_mbps=1000, latency_us=2, colour="red")
    graph.add_edge("r1", "core")
    fleet = Fleet.from_networkx(graph, levels=["rack"])
    assert fleet == Fleet.model_validate(
        {
            "levels": ["rack"],
            "hosts": [
                {
                    "name": "h0",
                    "domains": {"rack": "r0"},
                    "inventory": {"VCPU": 8},
                    "used": {"VCPU": 1},
                    "traits": ["SSD"],
                },
                {"name": "h1", "domains": {"rack": "r1"}},
            ],
            "links": [
                {"between": ["r0", "core"], "bandwidth_mbps": 1000, "latency_us": 2},
                {"between": ["core", "r1"]},
            ],
        }
    )


def test_what_is_wrong_with_a_graph_is_named() -> None:
    wrong: Any = {"h0": []}
    with pytest.raises(TypeError, match="expected a networkx graph, got dict"):
        Fleet.from_networkx(wrong)
    numbers: nx.Graph[int] = nx.Graph()
    numbers.add_node(1, kind="host")
    with pytest.raises(BadInput, match=r"nodes\[0\]: expected a host's name"):
        Fleet.from_networkx(numbers)
    misspelt: nx.Graph[str] = nx.Graph()
    misspelt.add_node("h0", kind="host", trait=["SSD"])
    with pytest.raises(BadInput, match="did you mean 'traits'"):
        Fleet.from_networkx(misspelt)
    slow: nx.Graph[str] = nx.Graph()
    slow.add_edge("r0", "core", latency=2)
    with pytest.raises(BadInput, match=r"edges\[0\].latency: .*did you mean 'latency_us'"):
        Fleet.from_networkx(slow)
    with pytest.raises(BadInput):
        Fleet.from_networkx(nx.Graph())


VALUES = st.one_of(
    st.none(), st.integers(), st.text(max_size=2), st.sampled_from(["host", "domain", "contains"])
)
ANYTHING = st.one_of(
    VALUES, st.lists(VALUES, max_size=2), st.dictionaries(st.text(max_size=2), VALUES)
)
KEYS = st.sampled_from(["kind", "name", "inventory", "domains", "used_mbps", "x", "cost", "used"])
DATA = st.dictionaries(KEYS, ANYTHING, max_size=3)
NODES = st.sampled_from(["a", "b", 1, ("rack", "r"), ("host", "c"), (1, 2)])


@given(
    st.lists(st.tuples(NODES, DATA), max_size=4),
    st.lists(st.tuples(NODES, NODES, DATA)),
    st.one_of(VALUES, st.lists(VALUES, max_size=2)),
)
def test_any_graph_is_a_fleet_or_bad_input(
    nodes: list[tuple[Any, Any]], edges: list[tuple[Any, Any, Any]], levels: object
) -> None:
    graph: nx.MultiDiGraph[Any] = nx.MultiDiGraph(levels=levels)
    for node, data in nodes:
        graph.add_node(node)
        graph.nodes[node].update({"kind": "host"} | data)
    for one, other, data in edges:
        key = graph.add_edge(one, other)
        graph.edges[one, other, key].update(data)
    with contextlib.suppress(BadInput):
        Fleet.from_networkx(graph)
