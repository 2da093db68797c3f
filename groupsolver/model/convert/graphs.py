"""A fleet from a networkx graph: hosts, domains and switches as nodes, links as edges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from groupsolver.errors import BadInput, Fault, described, nearest, quoted
from groupsolver.model.value import HOST

LINK_FIELDS = ("bandwidth_mbps", "used_mbps", "latency_us")
CONTAINS = "contains"
Document = dict[str, Any]


def fleet_from_graph(graph: Any, levels: Sequence[str] | None) -> Document:
    """Return the fleet of a graph as a document, which is not validated yet.

    Parameters
    ----------
    graph : networkx.Graph
        See `Fleet.from_networkx`.
    levels : sequence of str or None
        None: those of the graph's attribute ``levels``.

    Raises
    ------
    TypeError
        For what is no graph.
    BadInput
        For a host without a name, and data of an edge that is almost a field of a link.
    """
    if not (hasattr(graph, "nodes") and hasattr(graph, "edges") and hasattr(graph, "graph")):
        raise TypeError(f"graph: expected a networkx graph, got {described(graph)}")
    found = _levels_of(graph) if levels is None else list(levels)
    hosts: dict[Any, Document] = {}
    for number, (node, data) in enumerate(graph.nodes(data=True)):
        if _is_host(node, data):
            hosts[node] = _host(node, data, found, f"nodes[{number}]")
    links = []
    for number, (one, other, data) in enumerate(graph.edges(data=True)):
        if data.get("kind") != CONTAINS:
            links.append(_link(_name(one), _name(other), data, f"edges[{number}]"))
            continue
        for host, domain in ((one, other), (other, one)):
            if host in hosts and isinstance(domain, tuple):
                level, name = domain
                hosts[host]["domains"][level] = name
    return {"levels": found, "hosts": list(hosts.values()), "links": links}


def _levels_of(graph: Any) -> list[Any]:
    """Return the levels that a graph names. Raises `BadInput`."""
    found = graph.graph.get("levels", ())
    if isinstance(found, str) or not isinstance(found, Iterable):
        message = f"expected a list of levels, got {described(found)}"
        raise BadInput([Fault("wrong-type", "graph.levels", message)])
    levels = list(found)
    if not all(isinstance(level, str) for level in levels):
        raise BadInput([Fault("wrong-type", "graph.levels", "expected names of levels")])
    return levels


def _is_host(node: Any, data: Document) -> bool:
    """Return whether a node is a host: by its kind, or since it has an inventory."""
    kind = data.get("kind")
    if kind is not None:
        return bool(kind == HOST)
    if isinstance(node, tuple) and len(node) == 2:
        return bool(node[0] == HOST)
    return "inventory" in data


def _host(node: Any, data: Document, levels: Sequence[str], path: str) -> Document:
    name = _name(node)
    if not isinstance(name, str):
        message = f"expected a host's name, or (level, name), got {described(node)}"
        raise BadInput([Fault("wrong-type", path, message)])
    fields = {key: value for key, value in data.items() if key != "kind" and key not in levels}
    domains = {level: data[level] for level in levels if level in data}
    given = fields.get("domains", {})
    if not isinstance(given, Mapping):
        message = f"expected a mapping of levels to domains, got {described(given)}"
        raise BadInput([Fault("wrong-type", f"{path}.domains", message)])
    return {"name": name, **fields, "domains": {**domains, **given}}


def _name(node: Any) -> Any:
    """Return the name of a node: of ``(level, name)``, the second."""
    return node[1] if isinstance(node, tuple) and len(node) == 2 else node


def misspelled_field(name: str) -> str | None:
    """Return what is wrong with data of an edge whose name is almost that of a link's field."""
    hint = "" if name in LINK_FIELDS else nearest(name, LINK_FIELDS)
    if not hint:
        return None
    return f"unknown data {quoted(name)} of edges{hint}; expected one of: {', '.join(LINK_FIELDS)}"


def _link(one: Any, other: Any, data: Document, path: str) -> Document:
    for name in data:
        wrong = misspelled_field(str(name))
        if wrong is not None:
            raise BadInput([Fault("unknown-key", f"{path}.{name}", wrong)])
    fields = {key: data[key] for key in LINK_FIELDS if data.get(key) is not None}
    return {"between": [one, other], **fields}
