"""How time and memory grow with hosts and with members, on planted batches.

``python -m benchmarks.growth [--only METHOD ...] [--plot FILE] [--json FILE]``

- Over hosts: one batch of 1,000 members on fleets of more and more hosts. The fill falls, from 0.85
  on 200 hosts.
- Over members: batches that are larger and larger, on a host for each five members, at a fill of
  0.85. XL is the last.

The exponent b of y = a x^b is fitted by least squares on logarithms: with b = 1, twice as many
hosts take twice the time. Only the larger half of the sizes counts, since what a call takes in any
case hides the growth of small ones. Memory is that of the method alone: the peak of its process
less the peak before it began.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.bulk import Outcome, Task, available, run
from benchmarks.support.bulk_methods import METHODS
from benchmarks.support.planted_batches import BatchSize
from benchmarks.support.report import machine

FILL = 0.85
HOSTS = (200, 500, 1_000, 2_000, 5_000, 10_000)
MEMBERS = (500, 1_000, 2_500, 5_000, 10_000, 25_000)
FIXED = BatchSize(hosts=200, members=1_000, groups=100)
MEMBERS_A_HOST = 5
MEMBERS_A_GROUP = 12.5
AXES = ("hosts", "members")
FIGURES = {"first": "first answer, s", "whole": "all placed, s", "memory": "memory, MB"}
LEAST = {"first": 0.001, "whole": 0.001, "memory": 1.0}  # logarithms need more than nothing


@dataclass(frozen=True)
class Point:
    """One run: where it is on an axis, and what it took."""

    method: str
    axis: str
    size: int
    first: float | None
    whole: float | None
    memory: float | None
    members: int
    members_all: int


@dataclass(frozen=True)
class Fit:
    """The curve y = factor * x ** exponent."""

    exponent: float
    factor: float

    def __call__(self, x: float) -> float:
        return float(self.factor * x**self.exponent)


def fit(points: Sequence[Point], figure: str) -> Fit | None:
    """Fit a figure over the larger half of the sizes; None with fewer than two.

    For example, 1 s at 100 and 4 s at 200 have an exponent of log 4 / log 2 = 2.
    """
    known = [(one.size, getattr(one, figure)) for one in points]
    pairs = [(x, max(LEAST[figure], y)) for x, y in known if y is not None]
    ordered = sorted({x for x, _ in pairs})
    number = max(2, -(-len(ordered) // 2))
    pairs = [pair for pair in pairs if pair[0] in ordered[-number:]]
    if len(ordered) < 2:
        return None
    logs = np.log(np.array(pairs, dtype=float))
    exponent, constant = np.polyfit(logs[:, 0], logs[:, 1], 1)
    return Fit(float(exponent), float(np.exp(constant)))


def sizes(axis: str, options: argparse.Namespace) -> Iterator[tuple[int, BatchSize, float]]:
    """Yield places on an axis, the batch there, and its fill."""
    if axis == "hosts":
        for hosts in options.hosts:
            fill = FILL * min(1.0, FIXED.hosts / hosts)
            yield hosts, BatchSize(hosts, FIXED.members, FIXED.groups), fill
        return
    for members in options.members:
        hosts = members // MEMBERS_A_HOST
        yield members, BatchSize(hosts, members, round(members / MEMBERS_A_GROUP)), FILL


def point_of(axis: str, size: int, outcome: Outcome) -> Point:
    """Return what a run took."""
    memory = None
    if outcome.peak_mb is not None and outcome.drawn_mb is not None:
        memory = outcome.peak_mb - outcome.drawn_mb + (outcome.child_mb or 0.0)
    return Point(
        method=outcome.method,
        axis=axis,
        size=size,
        first=outcome.first,
        whole=outcome.whole,
        memory=memory,
        members=outcome.members,
        members_all=outcome.members_all,
    )


def measure(options: argparse.Namespace, console: Console) -> Iterator[Point]:
    """Run each method at each place of each axis."""
    for axis in options.axis:
        for size, batch, fill in sizes(axis, options):
            for method in options.only or available()[:1]:
                task = Task(
                    method=method,
                    size=batch,
                    fill=fill,
                    seed=options.seed,
                    seconds=options.time_limit,
                    partial=options.partial,
                    objective="pack",
                    workers=options.workers,
                )
                outcome = run(task)
                point = point_of(axis, size, outcome)
                text = outcome.note or _in_words(point)
                console.print(f"{method}, {size:,} {axis}: {text}", highlight=False)
                yield point


def _in_words(point: Point) -> str:
    figures = [
        f"{title.partition(',')[0]} {getattr(point, name):.2f}"
        for name, title in FIGURES.items()
        if getattr(point, name) is not None
    ]
    return ", ".join([*figures, f"{point.members:,} of {point.members_all:,} members"])


def series(points: Sequence[Point]) -> dict[tuple[str, str], list[Point]]:
    """Return the points by axis and method."""
    found: dict[tuple[str, str], list[Point]] = {}
    for point in points:
        found.setdefault((point.axis, point.method), []).append(point)
    return found


def table(points: Sequence[Point]) -> Table:
    """Return the fitted exponents."""
    found = Table(title="growth: exponents", padding=(0, 1, 0, 0))
    for head in ("over", "method", *FIGURES.values()):
        found.add_column(head, justify="left" if head in {"over", "method"} else "right")
    for (axis, method), some in series(points).items():
        fits = [fit(some, figure) for figure in FIGURES]
        found.add_row(axis, method, *("" if one is None else f"{one.exponent:.2f}" for one in fits))
    return found


def exponents(points: Sequence[Point]) -> list[dict[str, Any]]:
    """Return the fitted exponents as plain data."""
    found = []
    for (axis, method), some in series(points).items():
        fits = {figure: fit(some, figure) for figure in FIGURES}
        known = {name: round(one.exponent, 3) for name, one in fits.items() if one is not None}
        found.append({"axis": axis, "method": method, **known})
    return found


def plot(points: Sequence[Point], path: Path) -> None:
    """Write log-log plots: a row for each axis, a column for each figure.

    Raises
    ------
    ImportError
        Where matplotlib is not installed.
    """
    figure_module = import_module("matplotlib.figure")  # without a window, whatever the machine has
    by_series = series(points)
    axes = [axis for axis in AXES if any(key[0] == axis for key in by_series)]
    picture = figure_module.Figure(figsize=(12, 3.6 * len(axes)), layout="constrained")
    grid = picture.subplots(len(axes), len(FIGURES), squeeze=False)
    for row, axis in enumerate(axes):
        for column, figure in enumerate(FIGURES):
            panel = grid[row][column]
            mine = {method: some for (of, method), some in by_series.items() if of == axis}
            _draw(panel, mine, figure)
            panel.set(xscale="log", yscale="log", xlabel=axis, ylabel=FIGURES[figure])
            panel.grid(visible=True, which="both", linewidth=0.3)
            if panel.get_legend_handles_labels()[1]:
                panel.legend(fontsize=8)
    picture.savefig(path)


def _draw(panel: Any, by_method: Mapping[str, Sequence[Point]], figure: str) -> None:
    for i, (method, some) in enumerate(by_method.items()):
        known = [one for one in some if getattr(one, figure) is not None]
        if not known:
            continue
        xs = [one.size for one in known]
        ys = [max(LEAST[figure], getattr(one, figure)) for one in known]
        curve = fit(known, figure)
        label = method if curve is None else f"{method}, exponent {curve.exponent:.2f}"
        panel.plot(xs, ys, "o", color=f"C{i}", label=label)
        if curve is not None:
            panel.plot(xs, [curve(x) for x in xs], "-", color=f"C{i}", linewidth=1)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print the exponents, and write the plot and the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--axis", nargs="+", choices=AXES, default=list(AXES))
    parser.add_argument("--hosts", nargs="+", type=int, default=list(HOSTS))
    parser.add_argument("--members", nargs="+", type=int, default=list(MEMBERS))
    parser.add_argument("--only", nargs="+", choices=METHODS, help="methods")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--time-limit", type=float, default=60.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--partial", action="store_true", help="groups may be left out")
    parser.add_argument("--plot", type=Path, help="write the plot: SVG, PNG or PDF")
    parser.add_argument("--json", type=Path, help="write the figures")
    options = parser.parse_args(argv)
    console = Console()
    points = list(measure(options, console))
    console.print(table(points))
    if options.plot:
        plot(points, options.plot)
    if options.json:
        document = {
            "machine": machine(),
            "exponents": exponents(points),
            "points": [asdict(point) for point in points],
        }
        options.json.write_text(json.dumps(document, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
