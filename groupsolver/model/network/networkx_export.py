"""The fleet as a networkx graph: domains above hosts, and the links of the network."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from groupsolver.errors import require_type
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.fleet import Fleet, Host
from groupsolver.model.fleet_in_use import FleetInUse
from groupsolver.model.value import HOST

if TYPE_CHECKING:
    import networkx as nx

SWITCH = "switch"
# (level, name); a link's end that is neither domain nor host is (SWITCH, name).
Node = tuple[str, str]


def topology(fleet: Fleet | CompiledFleet | FleetInUse) -> nx.MultiGraph[Node]:
    """Build the fleet's graph.

    Parameters
    ----------
    fleet : Fleet, CompiledFleet or Cluster
        Of a compiled fleet, the graph is that of its hosts as they are now. A removed host to
        which a link leads is a switch.

    Returns
    -------
    networkx.MultiGraph
        Nodes are ``(level, name)`` pairs, since a domain is one (level, name) pair all over
        the fleet. An edge with ``kind="contains"`` joins a host to each of its domains; one
        with ``kind="link"`` carries ``bandwidth_mbps``, ``used_mbps`` and ``latency_us``.
        Links may run in parallel. The graph's ``levels`` attribute is the fleet's levels.
    """
    hint = "load_fleet reads one from a file"
    kinds = (Fleet, CompiledFleet, FleetInUse)
    require_type("fleet", fleet, kinds, "a Fleet, CompiledFleet or Cluster", hint)
    if isinstance(fleet, FleetInUse):
        fleet = fleet.compiled()
    # Imported here, so that importing the library does not load networkx.
    import networkx as nx

    graph: nx.MultiGraph[Node] = nx.MultiGraph(levels=fleet.levels)
    known: dict[str, Node] = {}
    hosts: Iterable[Host] = fleet if isinstance(fleet, CompiledFleet) else fleet.hosts
    for host in hosts:
        host_node = (HOST, host.name)
        known[host.name] = host_node
        graph.add_node(host_node, kind=HOST)
        for level, domain in host.domains.items():
            domain_node = (level, domain)
            graph.add_node(domain_node, kind="domain")
            known.setdefault(domain, domain_node)
            graph.add_edge(host_node, domain_node, kind="contains")
    for link in fleet.links:
        one, other = (known.get(end, (SWITCH, end)) for end in link.between)
        for node in (one, other):
            if node not in graph:
                graph.add_node(node, kind=SWITCH)
        graph.add_edge(
            one,
            other,
            kind="link",
            bandwidth_mbps=link.bandwidth_mbps,
            used_mbps=link.used_mbps,
            latency_us=link.latency_us,
        )
    return graph
