"""Distances over links against brute force; who is near whom, zone by zone."""

from __future__ import annotations

import math
from random import Random
from typing import Any

import networkx as nx
import pytest

from groupsolver import Fleet, compile_fleet
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.network.reference_distances import ReferenceDistances
from groupsolver.model.value import DistanceMeasure
from tests.support.draws.applications import fleets, wide_fleets
from tests.support.draws.network import some_links
from tests.support.loops import looped, seeds
from tests.support.oracle.network import distances

Doc = dict[str, Any]
WHATS: list[DistanceMeasure] = ["hops", "latency"]


def of(doc: Doc) -> CompiledFleet:
    return compile_fleet(Fleet.model_validate(doc))


def network(
    hosts: dict[str, dict[str, str]],
    *links: tuple[Any, ...],
    levels: tuple[str, ...] = ("zone", "rack"),
) -> Doc:
    """A fleet of hosts in domains, and links: two ends, and perhaps a latency."""
    found = [
        {"between": list(link[:2])} | ({"latency_us": link[2]} if link[2:] else {})
        for link in links
    ]
    docs = [{"name": name, "domains": domains} for name, domains in hosts.items()]
    return {"levels": list(levels), "hosts": docs, "links": found}


def near(doc: Doc, what: DistanceMeasure, bound: int) -> set[tuple[str, str]]:
    """The pairs of hosts that are near, as zones and kinds have it."""
    fleet = of(doc)
    level, found = fleet.proximity_zones(what, bound)
    codes = fleet.codes(level)
    among = found.among(codes)
    return {
        (one, other)
        for one in fleet.rows
        for other in fleet.rows
        if among[fleet.rows[one], fleet.rows[other]]
    }


def brute(doc: Doc, what: str, bound: int) -> set[tuple[str, str]]:
    far = distances(doc, what)
    return {(one, other) for one in far for other in far[one] if far[one][other] <= bound}


def by_networkx(doc: Doc, what: str) -> dict[str, dict[str, float]]:
    """The same by another way: a host that hangs is two nodes.

    One to leave by and one to arrive at.
    """
    ends = {end for link in doc["links"] for end in link["between"]}
    hosts = {host["name"]: host["domains"] for host in doc["hosts"]}
    there = {
        (level, name): {h for h, d in hosts.items() if d.get(level) == name}
        for d in hosts.values()
        for level, name in d.items()
    }
    graph: nx.DiGraph[Any] = nx.DiGraph()
    for link in doc["links"]:
        length = link.get("latency_us") or 0 if what == "latency" else 1
        for one, other in (link["between"], link["between"][::-1]):
            if not graph.has_edge(one, other) or graph[one][other]["length"] > length:
                graph.add_edge(one, other, length=length)
    for host, domains in hosts.items():
        if host in ends:
            graph.add_edge(("from", host), host, length=0)
            graph.add_edge(host, ("to", host), length=0)
            continue
        graph.add_nodes_from([("from", host), ("to", host)])
        linked = [(level, name) for level, name in domains.items() if name in ends]
        for level, name in linked:
            smaller = [o for o in linked if there[o] < there[level, name]]
            equal = [o for o in linked if there[o] == there[level, name]]
            if not smaller and max(equal, key=lambda o: doc["levels"].index(o[0])) == (level, name):
                graph.add_edge(("from", host), name, length=0)
                graph.add_edge(name, ("to", host), length=0)
    found: dict[str, dict[str, float]] = {}
    for host in hosts:
        far = nx.single_source_dijkstra_path_length(graph, ("from", host), weight="length")
        found[host] = {o: 0 if o == host else far.get(("to", o), math.inf) for o in hosts}
    return found


@looped("seed", seeds(80))
def test_near_is_what_brute_force_over_every_host_says(seed: int) -> None:
    rnd = Random(seed)
    fleet = fleets(rnd) if seed % 2 else wide_fleets(rnd, rnd.randint(5, 20))
    doc = {**fleet, "links": []} | some_links(fleet, rnd)
    for what in WHATS:
        assert distances(doc, what) == by_networkx(doc, what)
        for bound in range(7):
            assert near(doc, what, bound) == brute(doc, what, bound)


@looped("seed", seeds(20))
def test_near_is_the_same_where_classes_are_many_and_where_numbers_are_huge(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rnd = Random(seed)
    fleet = wide_fleets(rnd, rnd.randint(5, 20))
    doc = {**fleet, "links": []} | some_links(fleet, rnd)
    huge = doc | {
        "links": [
            link | {"latency_us": 2**55 * (link.get("latency_us") or 0) + 1}
            for link in doc["links"]
        ]
    }
    for what in WHATS:
        for bound in (0, 2**55, 2**55 + 1, 2**55 + 2, 2**56 + 1, 2**56 + 2, 2**63 - 1):
            assert near(huge, what, bound) == brute(huge, what, bound)
        with monkeypatch.context() as few:
            few.setattr("groupsolver.model.network.network.MAX_CLASSES_KEPT", 1)
            few.setattr("groupsolver.model.network.network.CLASSES_AT_ONCE", 2)
            for bound in range(5):
                assert near(doc, what, bound) == brute(doc, what, bound)


@looped("seed", seeds(50))
def test_the_checker_s_own_distances_are_those_of_brute_force(seed: int) -> None:
    rnd = Random(seed)
    fleet = fleets(rnd) if seed % 2 else wide_fleets(rnd, rnd.randint(5, 15))
    doc = {**fleet, "links": []} | some_links(fleet, rnd)
    found = ReferenceDistances(of(doc).index)
    for what in WHATS:
        far = distances(doc, what)
        for bound in range(6):
            pairs = {
                (one, other) for one in far for other in far if found.near(one, other, what, bound)
            }
            assert pairs == brute(doc, what, bound)
