"""The graph of a fleet, compiled or not."""

from __future__ import annotations

import networkx as nx

from groupsolver import Fleet, Host, Link, compile_fleet, topology

HOSTS = tuple(Host(name=f"h{number}", domains={"rack": f"r{number}"}) for number in range(3))
LINKS = (Link(between=("r0", "spine"), bandwidth_mbps=10), Link(between=("h2", "spine")))
FLEET = Fleet(levels=["rack"], hosts=HOSTS, links=LINKS)


def same(one: nx.MultiGraph[tuple[str, str]], other: nx.MultiGraph[tuple[str, str]]) -> bool:
    """Whether two graphs have the same nodes and edges with the same data."""
    edges = [sorted(map(repr, graph.edges(data=True))) for graph in (one, other)]
    return dict(one.nodes(data=True)) == dict(other.nodes(data=True)) and edges[0] == edges[1]


def test_a_compiled_fleet_has_the_graph_of_the_fleet() -> None:
    graph = topology(compile_fleet(FLEET))
    assert same(graph, topology(FLEET))
    assert graph.graph["levels"] == ("rack",)


def test_the_graph_is_that_of_the_hosts_as_they_are_now() -> None:
    compiled = compile_fleet(FLEET)
    compiled.remove("h1")
    compiled.add(Host(name="h3", domains={"rack": "r0"}))
    now = Fleet(levels=["rack"], hosts=(HOSTS[0], HOSTS[2], compiled["h3"]), links=LINKS)
    assert same(topology(compiled), topology(now))


def test_a_removed_host_that_a_link_names_is_a_switch() -> None:
    compiled = compile_fleet(FLEET)
    compiled.remove("h2")
    graph = topology(compiled)
    assert ("host", "h2") not in graph
    assert graph.nodes[("switch", "h2")]["kind"] == "switch"
