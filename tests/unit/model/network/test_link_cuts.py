"""Which links leave a domain, and what is free on them.

In loops and in arrays, against brute force.
"""

from __future__ import annotations

from random import Random
from time import perf_counter
from typing import Any

from groupsolver import Fleet, Host, compile_fleet
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.value import HOST
from tests.support.draws.applications import fleets, wide_fleets
from tests.support.draws.network import some_links
from tests.support.loops import looped, seeds
from tests.support.oracle.links import Links

Doc = dict[str, Any]
Free = dict[tuple[str, str], int]


def drawn(rnd: Random) -> Doc:
    fleet = fleets(rnd) if rnd.randint(0, 1) else wide_fleets(rnd, rnd.randint(5, 20))
    fleet = {**fleet, "links": []} | some_links(fleet, rnd)
    links = []
    for link in fleet["links"]:
        said = {"bandwidth_mbps": rnd.randint(0, 10)} if rnd.randint(0, 7) else {}
        links.append({**link, **said, "used_mbps": rnd.randint(0, 5)})
    return {**fleet, "links": links}


def arrays(fleet: CompiledFleet) -> Free:
    found = {}
    for level in (*fleet.levels, HOST):
        cut = fleet.cut(level)
        for name in fleet.index.domains(level):
            code = fleet.code(level, name)
            if cut.bounded[code]:
                found[level, name] = int(cut.free[code])
    return found


def loops(fleet: CompiledFleet) -> Free:
    index = fleet.index
    every = [(level, name) for level in (*index.levels, HOST) for name in index.domains(level)]
    return {at: free for at in every if (free := index.free_mbps(*at)) is not None}


@looped("seed", seeds(100))
def test_cuts_are_what_brute_force_finds(seed: int) -> None:
    doc = drawn(Random(f"cuts {seed}"))
    fleet = compile_fleet(Fleet.model_validate(doc))
    assert arrays(fleet) == loops(fleet) == Links(doc).free


@looped("seed", seeds(40))
def test_cuts_follow_hosts_that_come_change_and_go(seed: int) -> None:
    rnd = Random(f"changes {seed}")
    doc = drawn(rnd) | {"pools": []}  # a host that is like one of a pool may not be in another
    fleet = compile_fleet(Fleet.model_validate(doc))
    given = []
    for step in range(6):
        hosts = {host["name"]: host for host in doc["hosts"]}
        name = rnd.choice([*hosts, f"new{step}"])
        if name in hosts and rnd.randint(0, 3) == 0 and len(hosts) > 1:
            fleet.remove(name)
            del hosts[name]
        else:
            like = rnd.choice(list(hosts.values()))
            changed = {
                **(like if rnd.randint(0, 2) else hosts.get(name, like)),
                "name": name,
                "cost": step,
            }
            (fleet.update if name in hosts else fleet.add)(Host.model_validate(changed))
            hosts[name] = changed
        doc = {**doc, "hosts": list(hosts.values())}
        now = Links(doc).free
        assert arrays(fleet) == loops(fleet) == now
        given.append((fleet.copy(), now))
    for copied, then in given:
        assert arrays(copied) == loops(copied) == then


def test_what_is_reserved_is_not_free_and_copies_keep_their_own() -> None:
    host = {"name": "h", "domains": {"rack": "r"}}
    link = {"between": ["r", "core"], "bandwidth_mbps": 10, "used_mbps": 3}
    fleet = compile_fleet(
        Fleet.model_validate({"levels": ["rack"], "hosts": [host], "links": [link]})
    )
    other = fleet.copy()
    other.reserve({("rack", "r"): 5, ("host", "h"): 1, ("rack", "gone"): 1})
    assert (arrays(fleet), arrays(other)) == ({("rack", "r"): 7}, {("rack", "r"): 2})
    assert (loops(fleet), loops(other)) == ({("rack", "r"): 7}, {("rack", "r"): 2})
    other.reserve({("rack", "r"): 9})
    assert arrays(other) == loops(other) == {("rack", "r"): 0}


def test_10000_hosts_take_a_moment_and_changes_of_room_keep_what_was_found() -> None:
    hosts = [
        {"name": f"h{i}", "domains": {"zone": f"z{i // 2000}", "rack": f"r{i // 40}"}}
        for i in range(10_000)
    ]
    links = [{"between": [f"h{i}", f"r{i // 40}"], "bandwidth_mbps": 10_000} for i in range(10_000)]
    links += [
        {"between": [f"r{i}", f"s{j}"], "bandwidth_mbps": 40_000}
        for i in range(250)
        for j in range(4)
    ]
    fleet = compile_fleet(
        Fleet.model_validate({"levels": ["zone", "rack"], "hosts": hosts, "links": links})
    )
    best = []
    for _ in range(3):
        fleet._cuts = None
        start = perf_counter()
        fleet.cut(HOST)
        best.append(perf_counter() - start)
    assert min(best) < 0.3  # a tenth of it where nothing else runs
    assert fleet.index.free_mbps("rack", "r7") == 160_000
    kept, plain = fleet._cuts, fleet.index._free_mbps
    fleet.update(fleet.index["h1"].model_copy(update={"cost": 5}))
    assert fleet._cuts is kept
    assert fleet.index._free_mbps is plain
