"""Members packed into few hosts: the time to a proof.

``python -m benchmarks.packings [--seeds N] [--time-limit S]``.

Hosts are counted by a soft ``affinity`` and by ``host_price``. Of Falkenauer's triplets three
members fill a host exactly, so the optimum is the volume, and one misplaced member costs a host
(Falkenauer 1996, doi:10.1007/BF00226291).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from random import Random
from statistics import median
from typing import Any

from groupsolver import Application, Fleet, Limits, Result, solve

Doc = dict[str, Any]
CAPACITY = 1000  # of a host of triplets
FLAVORS = ((2, 4096), (4, 8192), (8, 16384), (4, 32768))  # VCPU and MEMORY_MB
TRIPLETS = (8, 12, 20)
PRICES = ("affinity", "host_price")


def triplets(hosts: int, seed: int) -> list[Doc]:
    """Members of which three fill a host each."""
    rnd = Random(seed)
    sizes = []
    for _ in range(hosts):
        first = rnd.randint(380, 490)
        second = rnd.randint(250, (CAPACITY - first) // 2 - 1)
        sizes += [first, second, CAPACITY - first - second]
    rnd.shuffle(sizes)
    return [{"resources": {"MEMORY_MB": size}} for size in sizes]


def flavors(count: int) -> list[Doc]:
    """So many members of each of four flavors."""
    sizes = [{"VCPU": vcpu, "MEMORY_MB": memory} for vcpu, memory in FLAVORS]
    return [{"resources": size, "count": count} for size in sizes]


def cases(seeds: int) -> Iterator[tuple[str, list[Doc], Doc, int]]:
    """Yield a name, members, the inventory of a host, and how many hosts there are."""
    yield "four flavors, ten each", flavors(10), {"VCPU": 32, "MEMORY_MB": 131072}, 20
    for hosts in TRIPLETS:
        for seed in range(seeds):
            yield f"triplets {hosts} x 3", triplets(hosts, seed), {"MEMORY_MB": CAPACITY}, hosts + 4


def solved(members: list[Doc], inventory: Doc, hosts: int, price: str, seconds: float) -> Result:
    """Place members on equal empty hosts, of which each costs a point."""
    group: Doc = {"name": "A", "members": members}
    app: Doc = {"groups": [group]}
    if price == "affinity":
        group["policies"] = [{"kind": "affinity", "weight": 1}]
    else:
        app["host_price"] = 1
    fleet = {"hosts": [{"name": f"h{i}", "inventory": inventory} for i in range(hosts)]}
    limits = Limits(seconds=seconds, workers=1)
    return solve(
        Application.model_validate(app),
        Fleet.model_validate(fleet),
        objective="cost",
        limits=limits,
    )


def main(args: Sequence[str] | None = None) -> int:
    """Run the cases and print a row for each kind."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.packings")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--time-limit", type=float, default=20.0)
    options = parser.parse_args(args)
    taken: dict[tuple[str, str], list[tuple[float, float, bool]]] = {}
    for name, members, inventory, hosts in cases(options.seeds):
        for price in PRICES:
            start = time.perf_counter()
            cpu = time.process_time()
            result = solved(members, inventory, hosts, price, options.time_limit)
            cpu = time.process_time() - cpu
            seconds = time.perf_counter() - start
            taken.setdefault((name, price), []).append((seconds, cpu, result.status == "optimal"))
    for (name, price), runs in taken.items():
        times = [run[0] for run in runs]
        processor = [run[1] for run in runs]
        proved = sum(run[2] for run in runs)
        print(
            f"{name:24} {price:10} proved {proved} of {len(runs)}; "
            f"median {median(times):.2f} s, longest {max(times):.2f} s; "
            f"processor {median(processor):.2f} s"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
