"""Links from GraphML, as network tools and networkx write it. Uses defusedxml.

Source: Brandes, Eiglsperger, Herman, Himsolt and Marshall, *GraphML progress report*, GD 2001,
doi:10.1007/3-540-45848-4_59.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, XMLParser
from pydantic import ValidationError

from groupsolver.errors import BadInput, Fault, quoted, require_type
from groupsolver.files.fault_text import refuse
from groupsolver.files.faults import faults_of
from groupsolver.files.gc_pause import pause_gc
from groupsolver.files.reading import MIB, name_of, read_text
from groupsolver.files.xml_encoding import require_utf8
from groupsolver.model.convert.graphs import LINK_FIELDS, misspelled_field
from groupsolver.model.fleet import Fleet, Link

MAX_SIZE = 64 * MIB
MAX_DEPTH = 100  # of graphs inside nodes inside graphs: no real file comes near it
MAX_FAULTS = 1000  # of a file: nobody reads more
NAME_FIELDS = ("name", "label")
_INTEGER = re.compile(r"-?[0-9]{1,30}")


def load_links(path: str | os.PathLike[str]) -> tuple[Link, ...]:
    """Read the edges of a GraphML file of at most 64 MiB as links.

    Parameters
    ----------
    path : str or path-like
        ``-`` is standard input. UTF-8.

    Returns
    -------
    tuple of Link
        An end is its node's ``name``, else its ``label``, else its id: a domain, a host, or else a
        switch. ``bandwidth_mbps``, ``used_mbps`` and ``latency_us`` are the edge's data of these
        names, or the defaults of their keys. Other data, and the direction of edges, are ignored.

    Raises
    ------
    BadInput
        Naming the file: ``unreadable-file``, ``file-too-large``, ``not-text``, ``not-xml``;
        ``unsafe-xml`` for document types and entities; ``too-deep``; ``wrong-value`` for another
        root than ``graphml``, a hyperedge, or an end that is no node; ``duplicate-name`` for an id
        or name of two nodes; ``unknown-key`` for data whose name is almost one of the three; and
        for the values the same codes as in a fleet.
    """
    try:
        return parse_graphml(read_text(path, MAX_SIZE))
    except BadInput as error:
        raise error.in_file(name_of(path)) from None


def with_links(fleet: Fleet, links: Iterable[Link], file: str = "") -> Fleet:
    """Return a fleet with further links; `file` is named in the faults.

    Parameters
    ----------
    fleet : Fleet
    links : iterable of Link
    file : str, optional

    Raises
    ------
    BadInput
        ``ambiguous-name`` for an end that the fleet knows at two levels.
    """
    require_type("fleet", fleet, Fleet, "a Fleet", "load_fleet reads one from a file")
    expected = "links, as load_links reads them"
    require_type("links", links, Iterable, expected)
    require_type("file", file, str, "the name of a file")
    added = tuple(links)
    for link in added:
        require_type("links", link, Link, expected)
    try:
        Fleet(levels=fleet.levels, hosts=fleet.hosts, links=added)
    except BadInput as error:
        of_edges = [
            replace(fault, path=fault.path.replace("links", "edges", 1)) for fault in error.faults
        ]
        raise BadInput(of_edges).in_file(file) from None
    return fleet.model_copy(update={"links": fleet.links + added})


def parse_graphml(text: str) -> tuple[Link, ...]:
    """Parse links from the text of a GraphML document. Raises `BadInput`, as `load_links`."""
    require_utf8(text)
    builder = _GraphBuilder()
    parser = XMLParser(target=builder, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    try:
        with pause_gc():
            parser.feed(text)
            parser.close()
            return _links(builder)
    except ParseError as error:
        raise refuse("not-xml", f"expected XML: {error}") from None
    except DefusedXmlException:
        message = "expected XML without a document type and entities of its own"
        raise refuse("unsafe-xml", message) from None


@dataclass(frozen=True)
class _Key:
    """The declaration of a data key: the kind of element that it applies to, and its name."""

    applies_to: str
    name: str


@dataclass(frozen=True)
class _Node:
    id: str | None
    data: dict[str, str]


@dataclass(frozen=True)
class _Edge:
    attributes: dict[str, str]
    data: dict[str, str]


class _GraphBuilder:
    """Handlers of the parser: they collect keys, nodes and edges, and their data.

    Attributes
    ----------
    keys : dict of str to _Key
        By id.
    defaults : dict of str to str
        Texts, by the key's id.
    nodes : list of _Node
    edges : list of _Edge
    has_hyperedge : bool
    """

    def __init__(self) -> None:
        self.keys: dict[str, _Key] = {}
        self.defaults: dict[str, str] = {}
        self.nodes: list[_Node] = []
        self.edges: list[_Edge] = []
        self.has_hyperedge = False
        # The open elements, each with the mapping that receives its data.
        self._open: list[tuple[str, dict[str, str]]] = []
        self._key = ""  # of the data that is being read
        self._texts: list[str] | None = None  # pieces of that data

    # The parser finds these four by their names.
    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition("}")[2]
        if not self._open and name != "graphml":
            raise refuse("wrong-value", f"expected GraphML, found the element {quoted(name)}")
        if len(self._open) == MAX_DEPTH:
            raise refuse("too-deep", f"expected elements at most {MAX_DEPTH} deep")
        data: dict[str, str] = {}
        match name:
            case "key":
                self._key = attributes.get("id", "")
                applies_to = attributes.get("for", "all")
                self.keys[self._key] = _Key(applies_to, attributes.get("attr.name", ""))
            case "node":
                self.nodes.append(_Node(attributes.get("id"), data))
            case "edge":
                self.edges.append(_Edge(attributes, data))
            case "hyperedge":
                self.has_hyperedge = True
            case "data":
                self._texts = []
                self._key = attributes.get("key", "")
            case "default":  # of the key that encloses it
                self._texts = []
        self._open.append((name, data))

    def data(self, text: str) -> None:
        if self._texts is not None:
            self._texts.append(text)

    def end(self, tag: str) -> None:
        name, _ = self._open.pop()
        if self._texts is None or name not in {"data", "default"}:
            return
        text = "".join(self._texts).strip()
        self._texts = None
        enclosing, data = self._open[-1]
        if name == "data" and enclosing in {"node", "edge"}:
            data[self._key] = text
        elif name == "default" and enclosing == "key":
            self.defaults[self._key] = text

    def close(self) -> None:
        """Do nothing: the document has ended."""

    def names_for(self, kind: str) -> dict[str, str]:
        """Return the names of the keys that apply to a kind of element, by id."""
        return {id_: key.name for id_, key in self.keys.items() if key.applies_to in {kind, "all"}}


def _links(graph: _GraphBuilder) -> tuple[Link, ...]:
    """Return the links of a document. Raises `BadInput`."""
    faults: list[Fault] = []
    if graph.has_hyperedge:
        message = "expected edges between two nodes, found a hyperedge"
        faults.append(Fault("wrong-value", "", message))
    edge_keys = graph.names_for("edge")
    faults += _misspelled_keys(edge_keys)
    node_names = _node_names(graph, faults)
    fields = {key: name for key, name in edge_keys.items() if name in LINK_FIELDS}
    defaults = {
        name: _value(graph.defaults[key]) for key, name in fields.items() if key in graph.defaults
    }
    links = []
    for i, edge in enumerate(graph.edges):
        path = f"edges[{i}]"
        ends = list(_ends(path, edge, node_names, faults))
        given = {fields[key]: _value(text) for key, text in edge.data.items() if key in fields}
        if len(ends) == 2 and len(faults) < MAX_FAULTS:
            try:
                links.append(Link.model_validate({"between": ends, **defaults, **given}))
            except ValidationError as error:
                for fault in faults_of(error, {}):
                    faults.append(replace(fault, path=f"{path}.{fault.path}"))
    if faults:
        raise BadInput(faults[:MAX_FAULTS])
    return tuple(links)


def _misspelled_keys(edge_keys: dict[str, str]) -> Iterator[Fault]:
    """Yield a fault for data of edges whose name is almost that of a link's field."""
    for key, name in edge_keys.items():
        message = misspelled_field(name)
        if message is not None:
            yield Fault("unknown-key", f"keys.{key}", message)


def _node_names(graph: _GraphBuilder, faults: list[Fault]) -> dict[str, str]:
    """Return the name of each node, by id; append what is wrong to `faults`."""
    node_keys = graph.names_for("node")
    names: dict[str, str] = {}
    taken: set[str] = set()
    for i, node in enumerate(graph.nodes):
        given = {
            node_keys[key]: text for key, text in node.data.items() if key in node_keys and text
        }
        name = next((given[key] for key in NAME_FIELDS if key in given), node.id)
        if node.id is None or name is None:
            path = f"nodes[{i}].id"
            faults.append(Fault("missing-key", path, "expected a value here, found nothing"))
            continue
        if node.id in names:
            message = f"node {quoted(node.id)} appears twice"
            faults.append(Fault("duplicate-name", f"nodes[{i}]", message))
        elif name in taken:
            message = f"two nodes are named {quoted(name)}"
            faults.append(Fault("duplicate-name", f"nodes[{i}]", message))
        names[node.id] = name
        taken.add(name)
    return names


def _ends(path: str, edge: _Edge, names: dict[str, str], faults: list[Fault]) -> Iterator[str]:
    """Yield the names of an edge's two nodes; append what is wrong to `faults`."""
    for end in ("source", "target"):
        node = edge.attributes.get(end)
        if node is None:
            message = "expected a value here, found nothing"
            faults.append(Fault("missing-key", f"{path}.{end}", message))
        elif node not in names:
            message = f"expected the id of a node, found {quoted(node)}"
            faults.append(Fault("wrong-value", f"{path}.{end}", message))
        else:
            yield names[node]


def _value(text: str) -> Any:
    return int(text) if _INTEGER.fullmatch(text) else text
