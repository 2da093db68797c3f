"""Fleets of columns: how long it takes to compile them and to place an application, and memory.

``python -m benchmarks.columns [--hosts N ...] [--objective NAME] [--seed N] [--json FILE]``. Each
size runs in a process of its own, so that its peak of memory is its own. CSV and Parquet need the
extra ``arrow``.

Hosts are those of `benchmarks.support.fleets`, drawn as arrays. The application is the benchmark's
`application`: ten groups of 100 members in all, with anti-affinity, affinity, spread over zones,
one rack, and a trait.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.support.applications import application
from benchmarks.support.column_fleets import columns
from benchmarks.support.processes import peak_megabytes
from benchmarks.support.report import machine
from groupsolver import CompiledFleet, Limits, Progress, check, load_columns, solve

SIZES = (10_000, 100_000, 1_000_000)
GAP = 0.01  # the search ends here; a proof to the end is another figure
REPEATS = 3


@dataclass(frozen=True)
class Figures:
    """What one size took: seconds, and the process's peak of memory in MB after each step."""

    hosts: int
    columns_mb: float
    compile_seconds: float
    compile_mb: float
    dump_seconds: float
    open_seconds: float
    solve_seconds: float
    solve_processor_seconds: float
    first_seconds: float
    solve_mb: float
    csv_seconds: float
    parquet_seconds: float
    status: str
    gap: float


def seconds_of(call: Callable[[], object]) -> float:
    """Return how long a call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def write_tables(given: dict[str, Any], files: dict[str, Path]) -> None:
    """Write the columns as files of CSV and Parquet, by ending."""
    arrow = import_module("pyarrow")
    table: dict[str, Any] = {"name": given["names"]}
    for level, (codes, names) in given["levels"].items():
        table[level] = arrow.DictionaryArray.from_arrays(codes, names).dictionary_decode()
    for resource, fields in given["inventory"].items():
        table[resource] = fields["total"]
        for key in ("reserved", "allocation_ratio"):
            table[f"{resource}.{key}"] = np.full(len(given["names"]), fields[key])
        table[f"{resource}.used"] = given["used"][resource]
    for trait, has in given["traits"].items():
        table["traits"] = np.where(has, trait, "")
    table["enabled"] = given["enabled"]
    table["cost"] = given["cost"]
    whole = arrow.table(table)
    import_module("pyarrow.csv").write_csv(whole, files["csv"])
    import_module("pyarrow.parquet").write_table(whole, files["parquet"])


def _note(progress: Progress, seen: list[float]) -> bool:
    """Note when there was a placement; the solve goes on."""
    if progress.incumbent is not None:
        seen.append(progress.elapsed)
    return False


def measure(hosts: int, seed: int, objective: Any, gap: float, folder: Path) -> Figures:
    """Compile a fleet and solve on it, a few times; the medians."""
    given = columns(hosts, seed)
    columns_mb = peak_megabytes()
    start = time.perf_counter()
    fleet = CompiledFleet.from_columns(**given)
    compile_seconds = time.perf_counter() - start
    compile_mb = peak_megabytes()
    app = application(fleet, seed)
    seconds = []
    processor = []
    first = []
    for _ in range(REPEATS):
        seen: list[float] = []
        start = time.perf_counter()
        used = time.process_time()
        result = solve(
            app,
            fleet,
            objective=objective,
            limits=Limits(gap=gap),
            progress=lambda one, seen=seen: _note(one, seen),  # type: ignore[misc]
        )
        seconds.append(time.perf_counter() - start)
        processor.append(time.process_time() - used)
        first.append(seen[0] if seen else seconds[-1])
    solve_mb = peak_megabytes()
    if result.placement is None or check(app, fleet, result.placement).violations:
        raise AssertionError(f"expected a placement that holds, found {result.status}")
    file = folder / f"fleet-{hosts}"
    dump_seconds = seconds_of(lambda: fleet.dump(file))
    open_seconds = seconds_of(lambda: CompiledFleet.open(file))
    files = {ending: folder / f"hosts.{ending}" for ending in ("csv", "parquet")}
    write_tables(given, files)
    read = {ending: seconds_of(lambda at=at: load_columns(at)) for ending, at in files.items()}  # type: ignore[misc]
    return Figures(
        hosts=hosts,
        columns_mb=columns_mb,
        compile_seconds=compile_seconds,
        compile_mb=compile_mb,
        dump_seconds=dump_seconds,
        open_seconds=open_seconds,
        solve_seconds=float(np.median(seconds)),
        solve_processor_seconds=float(np.median(processor)),
        first_seconds=float(np.median(first)),
        solve_mb=solve_mb,
        csv_seconds=read["csv"],
        parquet_seconds=read["parquet"],
        status=result.status,
        gap=result.gap or 0.0,
    )


def measured_apart(hosts: int, seed: int, objective: str, gap: float) -> Figures:
    """Measure a size in a process of its own."""
    arguments = ["--one", str(hosts), "--seed", str(seed)]
    arguments += ["--objective", objective, "--gap", str(gap)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.columns", *arguments],
        cwd=Path(__file__).resolve().parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{hosts:,} hosts: {done.stderr[-2000:]}")
    return Figures(**json.loads(done.stdout))


def table(figures: Sequence[Figures]) -> Table:
    """Return the figures as a table."""
    shown = Table(title="Columns: median seconds, and the process's peak of memory")
    for name in (
        "hosts",
        "compile s",
        "CSV s",
        "Parquet s",
        "dump s",
        "open s",
        "first s",
        "solve s",
    ):
        shown.add_column(name, justify="right")
    for name in ("CPU s", "gap", "drawn MB", "compiled MB", "solved MB"):
        shown.add_column(name, justify="right")
    for one in figures:
        seconds = (
            one.compile_seconds,
            one.csv_seconds,
            one.parquet_seconds,
            one.dump_seconds,
            one.open_seconds,
            one.first_seconds,
            one.solve_seconds,
            one.solve_processor_seconds,
        )
        memory = (one.columns_mb, one.compile_mb, one.solve_mb)
        shown.add_row(
            f"{one.hosts:,}",
            *(f"{value:.2f}" for value in seconds),
            f"{one.gap:.2%}",
            *(f"{value:,.0f}" for value in memory),
        )
    return shown


def main(argv: Sequence[str] | None = None) -> int:
    """Measure every size, print the table, and write what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.columns", description=__doc__)
    parser.add_argument("--hosts", type=int, nargs="+", default=SIZES, help="sizes of fleets")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--objective", choices=["pack", "spread", "cost"], default="pack")
    parser.add_argument("--gap", type=float, default=GAP, help="the search ends here (0.01)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    parser.add_argument("--one", type=int, metavar="N", help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    seed = options.seed
    if options.one:
        with tempfile.TemporaryDirectory() as folder:
            found = measure(options.one, seed, options.objective, options.gap, Path(folder))
        print(json.dumps(asdict(found)))
        return 0
    figures = [
        measured_apart(hosts, seed, options.objective, options.gap) for hosts in options.hosts
    ]
    Console(width=None if sys.stdout.isatty() else 140).print(table(figures))
    if options.json:
        rows = [asdict(one) for one in figures]
        text = json.dumps({"machine": machine(), "columns": rows}, indent=1)
        options.json.write_text(text + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
