"""How fast headroom is found, and how small its gap is.

``python -m benchmarks.headroom [--seeds N] [--hosts N]``.

Three applications of ten members on the fleets of `benchmarks.support.fleets`: the shop of the
examples; the same with load balancers and databases apart by rack and web servers spread over
zones; and with all web servers in one rack. And the one of `benchmarks.support.applications`, of
100 members in ten groups.
"""

from __future__ import annotations

import argparse
import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.support.applications import FLAVORS, application
from benchmarks.support.fleets import SSD, fleet
from groupsolver.constraints.registry import Application
from groupsolver.model.answers.headroom import Headroom
from groupsolver.model.compiled.compiled_fleet import CompiledFleet, compile_fleet
from groupsolver.model.result import Limits
from groupsolver.solver.headroom.pipeline import headroom

GAP, SECONDS = 0.02, 10.0  # what is hoped for, of the shop on 10,000 hosts
HOSTS = (1_000, 10_000)


@dataclass(frozen=True)
class Run:
    """One answer."""

    name: str
    hosts: int
    seed: int
    answer: Headroom
    cpu: float


def _shop(apart: dict[str, Any], web: list[Any]) -> Application:
    needs = {"kind": "host-capabilities", "required": [SSD]}
    groups = [
        {"name": "LB", "policies": [apart], "members": [{"flavor": "m1.small", "count": 2}]},
        {"name": "DB", "policies": [apart, needs], "members": [{"flavor": "m1.large", "count": 2}]},
        {"name": "WS", "policies": web, "members": [{"flavor": "m1.medium", "count": 6}]},
    ]
    flavors = {name: flavor.document() for name, flavor in FLAVORS.items()}
    return Application.model_validate({"flavors": flavors, "groups": groups})


def shop(_made: CompiledFleet, _seed: int) -> Application:
    """Return `examples/shop.yaml`: each group apart by host, databases on SSD."""
    return _shop({"kind": "anti-affinity"}, ["anti-affinity"])


def by_racks(_made: CompiledFleet, _seed: int) -> Application:
    """Return the shop with two groups apart by rack, and the third spread evenly over zones."""
    spread = {"kind": "spread", "level": "zone", "min_domains": 3, "max_skew": 1}
    return _shop({"kind": "anti-affinity", "level": "rack"}, ["anti-affinity", spread])


def in_one_rack(_made: CompiledFleet, _seed: int) -> Application:
    """Return the shop with two groups apart by rack, and the third in one rack, apart by host."""
    together = {"kind": "network-proximity", "level": "rack"}
    return _shop({"kind": "anti-affinity", "level": "rack"}, ["anti-affinity", together])


APPLICATIONS: dict[str, Callable[[CompiledFleet, int], Application]] = {
    "shop": shop,
    "shop-by-racks": by_racks,
    "shop-in-one-rack": in_one_rack,
    "application": application,
}


def run(name: str, hosts: int, seed: int, seconds: float, gap: float) -> Run:
    """Draw a case, and answer it by one worker."""
    made = compile_fleet(fleet(hosts, seed))
    app = APPLICATIONS[name](made, seed)
    gc.collect()
    cpu = time.process_time()
    answer = headroom(app, made, limits=Limits(seconds=seconds, gap=gap, workers=1, seed=seed))
    return Run(name, hosts, seed, answer, time.process_time() - cpu)


def main(args: Sequence[str] | None = None) -> int:
    """Run, and print a table. Gives 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.headroom")
    parser.add_argument("--seeds", type=int, default=3, metavar="N")
    parser.add_argument(
        "--hosts", type=int, action="append", metavar="N", help="(1,000 and 10,000)"
    )
    parser.add_argument("--only", action="append", choices=tuple(APPLICATIONS))
    parser.add_argument("--time-limit", type=float, default=SECONDS, metavar="S")
    parser.add_argument("--gap", type=float, default=GAP, metavar="G")
    options = parser.parse_args(args)
    console = Console()
    table = Table(
        "application",
        "hosts",
        "copies",
        "bound",
        "gap",
        "worst gap",
        "median s",
        "worst s",
        "cpu s",
    )
    for name in options.only or APPLICATIONS:
        for hosts in options.hosts or HOSTS:
            runs = [
                run(name, hosts, seed, options.time_limit, options.gap)
                for seed in range(options.seeds)
            ]
            answers = [one.answer for one in runs]
            table.add_row(
                name,
                f"{hosts:,}",
                f"{median(one.copies for one in answers):,}",
                f"{median(one.bound for one in answers):,}",
                f"{median(one.gap for one in answers):.2%}",
                f"{max(one.gap for one in answers):.2%}",
                f"{median(one.seconds for one in answers):.2f}",
                f"{max(one.seconds for one in answers):.2f}",
                f"{median(one.cpu for one in runs):.2f}",
            )
    console.print(table)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
