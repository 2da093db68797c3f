"""Vector bin packing: members packed into as few hosts as possible, on public instances.

``python -m benchmarks.vbp [--instances N] [--only TEXT] [--time-limit S] [--json FILE]``

The triplet class of 240 instances has known optima, and no published heuristic reaches one of them
(`summary_known.tsv` of the data). An instance is an application of one group on equal empty hosts
that each cost a point (`host_price: 1`, objective ``cost``), a quarter more than first-fit
decreasing needs.

Some items of the class C take less than nothing of a dimension. Amounts here are at least 0, so
that the dimension is shifted: each item takes c more, and each host has 3 c more, since three items
fill a host. For example, 60, 42 and -2 of 100 become 62, 44 and 0 of 106. For hosts of three items
that is the same; for others it is not, so the packing is held against the instance itself, where
items that do not fit get further hosts, and the proof is by its volume: hosts >= sum of amounts /
capacity, in each dimension.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.alibaba import VARIABLE, DataMissing, data_folder
from benchmarks.support.report import machine
from groupsolver import Application, Fleet, Group, Host, Inventory, Limits, Members, Result, solve
from groupsolver.model.compiled.arrays import Ints

FOLDER = "vbp_triplet"
SPARE = 4  # one more host for so many that first-fit decreasing needs
ITEMS_A_HOST = 3  # of an optimal packing
TABLE_WIDTH = 140  # columns, where the output is no terminal


@dataclass(frozen=True)
class Packing:
    """One instance.

    Attributes
    ----------
    name : str
    capacity : (D,) int64
    items : (N, D) int64
        What each item takes; some less than nothing.
    optimum, heuristic : int
        Hosts: as published, the optimum and the best heuristic.
    """

    name: str
    capacity: Ints
    items: Ints
    optimum: int
    heuristic: int

    @property
    def family(self) -> str:
        """The name without its number: class, items and dimensions."""
        return self.name.rpartition("_")[0]

    @property
    def shift(self) -> Ints:
        """(D,) int64: what each item takes more, so that none takes less than nothing."""
        shift: Ints = np.maximum(0, -self.items.min(axis=0))
        return shift

    def volume(self) -> int:
        """Return the least number of hosts by volume."""
        return int((-(-self.items.sum(axis=0) // self.capacity)).max())

    def decreasing(self, items: Ints | None = None) -> int:
        """Return the hosts of first-fit decreasing, by the largest share of a capacity."""
        items = self.items if items is None else items
        order = np.argsort(-(items / self.capacity).max(axis=1), kind="stable")
        free = np.empty((0, len(self.capacity)), dtype=np.int64)
        for item in items[order]:
            fits = np.flatnonzero((free >= item).all(axis=1))
            if len(fits):
                free[fits[0]] -= item
            else:
                free = np.vstack([free, self.capacity - item])
        return len(free)

    def application(self) -> Application:
        """Return the items as members of one group; equal ones are counted."""
        shapes, counts = np.unique(self.items + self.shift, axis=0, return_counts=True)
        members = tuple(
            Members(resources=_resources(shape), count=int(count))
            for shape, count in zip(shapes, counts, strict=True)
        )
        return Application(host_price=1, groups=(Group(name="items", members=members),))

    def fleet(self, hosts: int) -> Fleet:
        """Return equal empty hosts."""
        amounts = _resources(self.capacity + ITEMS_A_HOST * self.shift)
        inventory = {name: Inventory(total=amount) for name, amount in amounts.items()}
        return Fleet(hosts=tuple(Host(name=f"h{i}", inventory=inventory) for i in range(hosts)))

    def hosts_of(self, placement: Mapping[str, str]) -> int:
        """Return the hosts in use; what breaks the instance itself goes to further hosts."""
        shapes, counts = np.unique(self.items, axis=0, return_counts=True)
        items = np.repeat(shapes, counts, axis=0)
        at: dict[str, list[int]] = {}
        for i in range(len(items)):
            at.setdefault(placement[f"items/{i}"], []).append(i)
        return sum(
            1 if (items[rows].sum(axis=0) <= self.capacity).all() else self.decreasing(items[rows])
            for rows in at.values()
        )


def _resources(amounts: Ints) -> dict[str, int]:
    return {f"CUSTOM_DIMENSION_{i}": int(n) for i, n in enumerate(amounts) if n}


def read(folder: Path | None = None) -> list[Packing]:
    """Read all instances, in the order of their names. Raises `DataMissing`."""
    where = (folder or data_folder()) / FOLDER
    summary = where / "summary_known.tsv"
    if not summary.is_file():
        raise DataMissing(
            f"vector bin packing skipped: no {summary.name} in {FOLDER}; "
            f"set {VARIABLE} to the folder that holds {FOLDER}"
        )
    with summary.open(newline="") as file:
        known = {row["instance_name"]: row for row in csv.DictReader(file, delimiter="\t")}
    found = []
    for path in sorted(where.glob("*/*.vbp")):
        capacity, items = _numbers(path.read_text())
        row = known[path.stem]
        optimum, heuristic = int(row["OPT"]), int(row["best_overall"])
        found.append(Packing(path.stem, capacity, items, optimum, heuristic))
    return found


def _numbers(text: str) -> tuple[Ints, Ints]:
    """Return capacities and items: dimensions, capacities, number, amounts and copies of each."""
    numbers = np.array(text.split(), dtype=np.int64)
    dimensions = int(numbers[0])
    capacity = numbers[1 : dimensions + 1]
    rows = numbers[dimensions + 2 :].reshape(-1, dimensions + 1)
    return capacity, np.repeat(rows[:, :-1], rows[:, -1], axis=0)


@dataclass(frozen=True)
class Run:
    """What came of one instance.

    Attributes
    ----------
    hosts, bound : int or None
        In use, and at least needed; None without a placement.
    proved : bool
        Whether no packing uses fewer hosts.
    seconds, first : float or None
        To the end, and to the first placement.
    """

    name: str
    family: str
    optimum: int
    heuristic: int
    decreasing: int
    shifted: bool
    status: str
    hosts: int | None
    bound: int | None
    proved: bool
    seconds: float
    first: float | None


def run(packing: Packing, limits: Limits) -> Run:
    """Pack one instance."""
    decreasing = packing.decreasing()
    fleet = packing.fleet(decreasing + decreasing // SPARE)
    app = packing.application()
    firsts: list[float] = []
    start = time.perf_counter()

    def watch(progress: object) -> None:
        if not firsts and getattr(progress, "incumbent", None) is not None:
            firsts.append(time.perf_counter() - start)

    result = solve(app, fleet, objective="cost", limits=limits, progress=watch, explain=False)
    seconds = time.perf_counter() - start
    shifted = bool(packing.shift.any())
    hosts = packing.hosts_of(result.placement) if result.placement else None
    return Run(
        name=packing.name,
        family=packing.family,
        optimum=packing.optimum,
        heuristic=packing.heuristic,
        decreasing=decreasing,
        shifted=shifted,
        status=result.status,
        hosts=hosts,
        bound=packing.volume() if shifted else result.bound,
        proved=_is_proved(packing, result, hosts),
        seconds=seconds,
        first=firsts[0] if firsts else None,
    )


def _is_proved(packing: Packing, result: Result, hosts: int | None) -> bool:
    """Return whether the hosts in use are proved to be as few as possible."""
    if hosts is None:
        return False
    if packing.shift.any():
        # The proof of the library is of the shifted instance.
        return hosts == packing.volume()
    return result.status == "optimal"


def chosen(packings: Sequence[Packing], number: int | None, text: str) -> Iterator[Packing]:
    """Yield the first few of each family whose names have a text in them."""
    seen: Counter[str] = Counter()
    for packing in packings:
        seen[packing.family] += 1
        if text in packing.name and (number is None or seen[packing.family] <= number):
            yield packing


def table(runs: Sequence[Run]) -> Table:
    """Return a row for each family."""
    found = Table(title="vector bin packing: hosts in use", padding=(0, 1, 0, 0))
    found.add_column("family", no_wrap=True)
    heads = ["instances", "proved", "optimum found", "hosts", "optimum", "best heuristic"]
    heads += ["first fit", "worse", "median s", "longest s"]
    for head in heads:
        found.add_column(head, justify="right")
    families: dict[str, list[Run]] = {}
    for one in runs:
        families.setdefault(one.family, []).append(one)
    for family, some in families.items():
        found.add_row(family, *_figures(some))
    found.add_section()
    found.add_row("all", *_figures(runs))
    return found


def _figures(runs: Sequence[Run]) -> list[str]:
    """Return the figures of some instances; `worse` counts those above the best heuristic."""
    placed = [one.hosts for one in runs if one.hosts is not None]
    seconds = [one.seconds for one in runs]
    worse = sum(one.hosts is None or one.hosts > one.heuristic for one in runs)
    return [
        str(len(runs)),
        str(sum(one.proved for one in runs)),
        str(sum(one.hosts == one.optimum for one in runs)),
        f"{sum(placed):,}" + ("" if len(placed) == len(runs) else f" of {len(placed)}"),
        f"{sum(one.optimum for one in runs):,}",
        f"{sum(one.heuristic for one in runs):,}",
        f"{sum(one.decreasing for one in runs):,}",
        str(worse),
        f"{np.median(seconds):.2f}",
        f"{max(seconds):.2f}",
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """Pack the instances, print a row for each family, and write the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.vbp", description=__doc__)
    parser.add_argument("--instances", type=int, help="of each family; all by default")
    parser.add_argument("--only", default="", help="a text that names have in them")
    parser.add_argument("--time-limit", type=float, default=60.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write the figures")
    options = parser.parse_args(argv)
    # In a file, a table at the width of a terminal would lose digits.
    console = Console(width=None if sys.stdout.isatty() else TABLE_WIDTH)
    try:
        packings = read()
    except DataMissing as error:
        console.print(str(error))
        return 0
    limits = Limits(seconds=options.time_limit, workers=options.workers)
    runs = []
    for packing in chosen(packings, options.instances, options.only):
        one = run(packing, limits)
        console.print(
            f"{one.name}: {one.hosts} hosts, bound {one.bound}, optimum {one.optimum}, best "
            f"heuristic {one.heuristic}; {'proved' if one.proved else one.status}, "
            f"{one.seconds:.1f} s"
        )
        runs.append(one)
    if not runs:
        console.print("no instance has this name")
        return 0
    console.print(table(runs))
    if options.json:
        document = {"machine": machine(), "runs": [asdict(one) for one in runs]}
        options.json.write_text(json.dumps(document, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
