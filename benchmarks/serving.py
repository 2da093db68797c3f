"""The HTTP API under load: ``python -m benchmarks.serving [--share N] [--hosts N]``.

One server process on SQLite, the clients in another: how long a fleet takes to load, how many
requests on groups are answered, how long a placement takes end to end, and whether memory grows.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.support.fleets import fleet
from benchmarks.support.served import Asker, Server, server

_OUT = Path(__file__).parent / "results" / "serving.json"
_GROUPS = "/v1.0/bench/groups"
_POLICIES: tuple[list[Any], ...] = (
    ["anti-affinity"],
    [{"kind": "anti-affinity", "level": "rack"}],
    [{"kind": "spread", "level": "zone", "min_domains": 3}],
    [{"kind": "network-proximity", "level": "rack"}],
)
_SIZE = {"VCPU": 2, "MEMORY_MB": 4096}


def main(args: Sequence[str] | None = None) -> int:
    """Measure, print a table, write it as JSON. Gives 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving", description=__doc__)
    parser.add_argument("--share", type=int, metavar="N", default=1, help="one Nth of the requests")
    parser.add_argument(
        "--hosts", type=int, metavar="N", default=10_000, help="hosts of the fleet (10,000)"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", default=_OUT, help="where the JSON goes"
    )
    options = parser.parse_args(args)
    share = options.share
    console = Console()
    facts: dict[str, float] = {"hosts": options.hosts}
    with server(threads=8) as there:
        facts |= _load(there, options.hosts)
        facts |= _place(there, max(2, 40 // share))
        facts |= _crud(there, threads=4, rounds=max(1, 500 // share))
        facts |= _memory(there, 20_000 // share)
    for name, value in facts.items():
        console.print(f"{name:36} {value:10,.3f}")
    options.out.parent.mkdir(exist_ok=True)
    options.out.write_text(json.dumps(facts, indent=1) + "\n")
    return 0


def _load(there: Server, hosts: int) -> dict[str, float]:
    document = fleet(hosts, 0).document()
    asker = Asker(there.port)
    asker.ask("PUT", "/v1.0/fleet", document)
    asker.ask("GET", "/v1.0/fleet")
    asker.close()
    return {"fleet loaded, s": asker.seconds[0], "fleet read, s": asker.seconds[1]}


def _place(there: Server, times: int) -> dict[str, float]:
    """Place 20 instances in four groups, again and again, on what the last ones left."""
    asker = Asker(there.port)
    seconds = []
    for _ in range(times):
        ids = [
            asker.ask("POST", _GROUPS, {"group": {"policies": policies}})["group"]["id"]
            for policies in _POLICIES
        ]
        wanted = [{"resources": _SIZE, "count": 5, "hints": {"group": key}} for key in ids]
        asker.ask("POST", "/v1.0/bench/placements", {"placement": {"instances": wanted}})
        seconds.append(asker.seconds[-1])
        for key in ids:
            asker.ask("DELETE", f"{_GROUPS}/{key}?force=true")
    asker.close()
    # The first one reads the whole fleet into memory.
    return {
        "first placement of 20, s": seconds[0],
        "placement of 20, median s": statistics.median(seconds[1:]),
        "placement of 20, longest s": max(seconds[1:]),
    }


def _crud(there: Server, threads: int, rounds: int) -> dict[str, float]:
    """Make, read, change, list and remove groups, each thread in a project of its own."""

    def work(number: int) -> list[float]:
        asker = Asker(there.port)
        groups = f"/v1.0/bench-{number}/groups"
        for _ in range(rounds):
            made = asker.ask(
                "POST", groups, {"group": {"name": "db", "policies": ["anti-affinity"]}}
            )
            one = f"{groups}/{made['group']['id']}"
            asker.ask("GET", one)
            asker.ask("PATCH", one, {"group": {"metadata": {"tier": "2"}}})
            asker.ask("GET", groups)
            asker.ask("DELETE", one)
        asker.close()
        return asker.seconds

    start, cpu = time.perf_counter(), there.cpu()
    with ThreadPoolExecutor(threads) as pool:
        seconds = sorted(second for some in pool.map(work, range(threads)) for second in some)
    wall = time.perf_counter() - start
    return {
        "groups, requests/s": len(seconds) / wall,
        "groups, requests/s of the server's processor": len(seconds) / (there.cpu() - cpu),
        "groups, median ms": 1000 * statistics.median(seconds),
        "groups, 99th percentile ms": 1000 * seconds[int(0.99 * len(seconds))],
    }


def _memory(there: Server, requests: int) -> dict[str, float]:
    """Ask for everything in turn.

    And see whether the process grows once it has seen each of them.
    """
    asker = Asker(there.port)
    sizes: list[float] = []
    instance = {"placement": {"instances": [{"resources": _SIZE}]}}
    while len(asker.seconds) < requests:
        asker.ask("POST", _GROUPS, {"group": {"name": "db"}})
        for one in asker.ask("GET", _GROUPS)["groups"]:
            asker.ask("DELETE", f"{_GROUPS}/{one['id']}")
        asker.ask("POST", "/v1.0/bench/placements?dry_run=true", instance)
        for path in ("/v1.0/bench/instances?limit=10", "/healthz", "/v2.1/os-server-groups"):
            asker.ask("GET", path)
        if len(asker.seconds) >= requests * (len(sizes) + 1) / 5:
            sizes.append(there.memory())
    asker.close()
    return {
        "memory after a fifth, MB": sizes[0],
        "memory at the end, MB": sizes[-1],
        "requests": len(asker.seconds),
    }


if __name__ == "__main__":
    raise SystemExit(main())
