"""Links from GraphML, as network tools and networkx write it. Read with defusedxml.

Source: Brandes, Eiglsperger, Herman, Himsolt and Marshall, *GraphML progress report*, GD 2001,
doi:10.1007/3-540-45848-4_59.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, XMLParser
from pydantic import ValidationError

from groupsolver.errors import BadInput, Fault, nearest, quoted
from groupsolver.files.fault_text import refuse
from groupsolver.files.faults import faults_of
from groupsolver.files.gc_pause import no_collection
from groupsolver.files.reading import MIB, name_of, read_text
from groupsolver.model.fleet import Fleet, Link

LARGEST = 64 * MIB
DEPTH = 100  # graphs inside nodes inside graphs: nobody nests them so deep
MAX_FAULTS = 1000  # faults of a file that are put into words
FIELDS = ("bandwidth_mbps", "used_mbps", "latency_us")
NAMES = ("name", "label")
_INTEGER = re.compile(r"-?[0-9]{1,30}")
_DECLARED = re.compile(r"""<\?xml[^>]*?\sencoding\s*=\s*["']([^"']*)["']""")


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
        switch. ``bandwidth_mbps``, ``used_mbps`` and ``latency_us`` are the edge's data of these names,
        or the defaults of their keys; other data is passed over. Directions mean nothing.

    Raises
    ------
    BadInput
        Naming the file: ``unreadable-file``, ``file-too-large``, ``not-text``, ``not-xml``; ``unsafe-xml``
        for document types and entities; ``too-deep``; ``wrong-value`` for another root than ``graphml``,
        a hyperedge, or an end that is no node; ``duplicate-name`` for an id or name of two nodes;
        ``unknown-key`` for data whose name is almost one of the three; and for the values what they
        are in a fleet.
    """
    try:
        return parse_graphml(read_text(path, LARGEST))
    except BadInput as error:
        raise error.in_file(name_of(path)) from None


def with_links(fleet: Fleet, links: tuple[Link, ...], file: str = "") -> Fleet:
    """Give a fleet with further links; `file` is named in the faults.

    Raises
    ------
    BadInput
        ``ambiguous-name`` for an end that the fleet knows at two levels.
    """
    try:
        Fleet(levels=fleet.levels, hosts=fleet.hosts, links=links)
    except ValidationError as error:
        faults = [
            replace(fault, path=fault.path.replace("links", "edges", 1))
            for fault in faults_of(error, {})
        ]
        raise BadInput(faults).in_file(file) from None
    return fleet.model_copy(update={"links": fleet.links + links})


def parse_graphml(text: str) -> tuple[Link, ...]:
    """Read links from the text of a GraphML document. Raises `BadInput`, as `load_links`."""
    if (declared := _DECLARED.match(text)) and declared[1].lower() not in {
        "utf-8",
        "utf8",
        "us-ascii",
    }:
        raise refuse(
            "not-text", f"expected UTF-8 text, found the declared encoding {quoted(declared[1])}"
        )
    reader = _GraphReader()
    parser = XMLParser(target=reader, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    try:
        with no_collection():
            parser.feed(text)
            parser.close()
            return reader.links()
    except ParseError as error:
        raise refuse("not-xml", f"expected XML: {error}") from None
    except DefusedXmlException:
        raise refuse(
            "unsafe-xml", "expected XML without a document type and entities of its own"
        ) from None


class _GraphReader:
    """What the parser calls: keeps keys, nodes and edges, and their data."""

    def __init__(self) -> None:
        self._keys: dict[str, tuple[str, str]] = {}  # by id: what it is for, and its name
        self._defaults: dict[str, str] = {}
        self._nodes: list[tuple[str | None, dict[str, str]]] = []
        self._edges: list[tuple[dict[str, str], dict[str, str]]] = []
        self._open: list[
            tuple[str, dict[str, str]]
        ] = []  # the elements around, and what their data goes to
        self._key = ""  # of the data that is read
        self._texts: list[str] | None = None
        self._hyper = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition("}")[2]
        if not self._open and name != "graphml":
            raise refuse("wrong-value", f"expected GraphML, found the element {quoted(name)}")
        if len(self._open) == DEPTH:
            raise refuse("too-deep", f"expected elements at most {DEPTH} deep")
        data: dict[str, str] = {}
        match name:
            case "key":
                self._key = attributes.get("id", "")
                self._keys[self._key] = (
                    attributes.get("for", "all"),
                    attributes.get("attr.name", ""),
                )
            case "node":
                self._nodes.append((attributes.get("id"), data))
            case "edge":
                self._edges.append((attributes, data))
            case "hyperedge":
                self._hyper += 1
            case "data" | "default":
                self._texts = []
                self._key = attributes.get("key", "") if name == "data" else self._key
        self._open.append((name, data))

    def data(self, text: str) -> None:
        if self._texts is not None:
            self._texts.append(text)

    def end(self, tag: str) -> None:
        name, _ = self._open.pop()
        if self._texts is None or name not in {"data", "default"}:
            return
        text, self._texts = "".join(self._texts).strip(), None
        around, data = self._open[-1]
        if name == "data" and around in {"node", "edge"}:
            data[self._key] = text
        elif name == "default" and around == "key":
            self._defaults[self._key] = text

    def close(self) -> None:
        """Nothing is left to do."""

    def links(self) -> tuple[Link, ...]:
        """Give the links. Raises `BadInput`."""
        faults: list[Fault] = []
        if self._hyper:
            faults.append(
                Fault("wrong-value", "", "expected edges between two nodes, found a hyperedge")
            )
        faults += self._almost()
        names = self._named(faults)
        fields = {key: name for key, name in self._for("edge") if name in FIELDS}
        defaults = {
            name: _value(self._defaults[key])
            for key, name in fields.items()
            if key in self._defaults
        }
        found = []
        for i, (attributes, data) in enumerate(self._edges):
            ends = list(self._ends(f"edges[{i}]", attributes, names, faults))
            told = {fields[key]: _value(text) for key, text in data.items() if key in fields}
            if len(ends) == 2 and len(faults) < MAX_FAULTS:
                try:
                    found.append(Link.model_validate({"between": ends, **defaults, **told}))
                except ValidationError as error:
                    wrong = faults_of(error, {})
                    faults += [replace(fault, path=f"edges[{i}].{fault.path}") for fault in wrong]
        if faults:
            raise BadInput(faults[:MAX_FAULTS])
        return tuple(found)

    def _for(self, what: str) -> Iterator[tuple[str, str]]:
        return ((key, name) for key, (of, name) in self._keys.items() if of in {what, "all"})

    def _almost(self) -> Iterator[Fault]:
        for key, name in self._for("edge"):
            if name not in FIELDS and (hint := nearest(name, FIELDS)):
                message = f"unknown data {quoted(name)} of edges{hint}; expected one of: {', '.join(FIELDS)}"
                yield Fault("unknown-key", f"keys.{key}", message)

    def _named(self, faults: list[Fault]) -> dict[str, str]:
        """Give the name of each node, by id."""
        of = dict(self._for("node"))
        names: dict[str, str] = {}
        taken: set[str] = set()
        for i, (id_, data) in enumerate(self._nodes):
            told = {of[key]: text for key, text in data.items() if key in of and text}
            name = next((told[key] for key in NAMES if key in told), id_)
            if id_ is None or name is None:
                faults.append(
                    Fault("missing-key", f"nodes[{i}].id", "expected a value here, found nothing")
                )
                continue
            if id_ in names or name in taken:
                message = (
                    f"node {quoted(id_)} stands twice"
                    if id_ in names
                    else f"two nodes are named {quoted(name)}"
                )
                faults.append(Fault("duplicate-name", f"nodes[{i}]", message))
            names[id_] = name
            taken.add(name)
        return names

    def _ends(
        self, path: str, attributes: dict[str, str], names: dict[str, str], faults: list[Fault]
    ) -> Iterator[str]:
        for end in ("source", "target"):
            if end not in attributes:
                faults.append(
                    Fault("missing-key", f"{path}.{end}", "expected a value here, found nothing")
                )
            elif attributes[end] not in names:
                message = f"expected the id of a node, found {quoted(attributes[end])}"
                faults.append(Fault("wrong-value", f"{path}.{end}", message))
            else:
                yield names[attributes[end]]


def _value(text: str) -> Any:
    return int(text) if _INTEGER.fullmatch(text) else text
