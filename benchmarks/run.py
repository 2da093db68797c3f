"""The driver behind ``make bench``.

``python -m benchmarks.run [--quick] [--only NAME] [--seeds N]``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.alibaba import DataMissing
from benchmarks.support.cases import OURS, TEXTBOOK, Run, runs_of
from benchmarks.support.processes import from_files, import_time, peak_memory
from benchmarks.support.report import show, summarize, verdicts, write
from benchmarks.support.specs import SPECS, Spec

_RESULTS = Path(__file__).parent / "results"
_PROCESSES = ("memory", "from-files", "import")
_MEMORY_MB, _FILES_S, _IMPORT_S = 500, 3.0, 0.5
_BUSY = 1.2  # wall time over processor time, from which figures are to be taken with care


def _options(args: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.run", description="Measure groupsolver and baselines."
    )
    names = ", ".join([*(spec.name for spec in SPECS), *_PROCESSES])
    parser.add_argument(
        "--quick", action="store_true", help="a few cases of each spec, below a minute"
    )
    parser.add_argument(
        "--only", action="append", metavar="NAME", help=f"specs whose name contains it, of: {names}"
    )
    parser.add_argument(
        "--seeds", type=int, metavar="N", help="cases of each spec, instead of its own number"
    )
    parser.add_argument(
        "--time-limit", type=float, metavar="S", help="of groupsolver, each call (5; quick: 2)"
    )
    parser.add_argument(
        "--textbook", type=float, metavar="S", help="of the textbook model's search (10; quick: 1)"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="where the JSON goes (benchmarks/results/...)"
    )
    return parser.parse_args(args)


def main(args: Sequence[str] | None = None, specs: Sequence[Spec] = SPECS) -> int:
    """Run the benchmark; see ``--help``. Gives 0."""
    options = _options(args)
    console = Console()
    if not console.is_terminal:
        console = Console(width=180)  # else a pipe would cut the table
    seconds = options.time_limit or (2.0 if options.quick else 5.0)
    book = options.textbook or (1.0 if options.quick else 10.0)
    runs: list[Run] = []
    notes: list[str] = []
    chosen = [spec for spec in specs if _wanted(spec.name, options.only)]
    for spec in chosen:
        try:
            runs += _spec_runs(console, spec, options, seconds, book)
        except DataMissing as missing:
            notes.append(str(missing))
    summaries = summarize(runs)
    if summaries:
        show(console, summaries, {spec.name: spec for spec in chosen})
    busy = sum(run.seconds for run in runs) / sum(run.cpu for run in runs) if runs else 1.0
    if busy > _BUSY:
        notes.append(
            f"the machine was busy: {busy:.2f} seconds of wall time for each of processor time"
        )
    for line in notes:
        console.print(line)
    processes = _own_processes(console, options)
    mine = [one for one in summaries if one.solver == OURS]
    targets = {spec.name: spec for spec in chosen}
    facts = {
        "quick": options.quick,
        "limits": {OURS: seconds, TEXTBOOK: book},
        "notes": notes,
        "processes": processes,
        "targets": [
            {
                "spec": one.spec,
                "objective": one.objective,
                "bounds": dict(targets[one.spec].targets),
                "met": met,
            }
            for one in mine
            if (met := verdicts(one, targets[one.spec].targets, targets[one.spec].feasible))
        ],
    }
    path = options.out or _RESULTS / ("quick.json" if options.quick else "full.json")
    write(path, runs, summaries, facts)
    console.print(f"written: {path.name}")
    return 0


def _wanted(name: str, only: Sequence[str] | None) -> bool:
    """Return whether a name is asked for.

    By itself, or by a part where that is no name of its own.
    """
    whole = {*(spec.name for spec in SPECS), *_PROCESSES}
    return not only or any(part == name or (part not in whole and part in name) for part in only)


def _spec_runs(
    console: Console, spec: Spec, options: argparse.Namespace, seconds: float, book: float
) -> list[Run]:
    number = options.seeds or (spec.quick if options.quick else spec.seeds)
    # In a quick run the textbook model gets small fleets alone: to build it takes longer than the
    # rest together.
    books = min(spec.textbook, int(spec.name.endswith("-1000"))) if options.quick else spec.textbook
    runs: list[Run] = []
    with console.status(spec.name) as status:
        for seed in range(number):
            status.update(f"{spec.name}: case {seed + 1} of {number}")
            case = spec.draw(seed)
            limits = {"seconds": seconds, "textbook_seconds": book}
            runs += runs_of(spec, seed, case, **limits, with_textbook=seed < books)
    return runs


def _own_processes(console: Console, options: argparse.Namespace) -> dict[str, Any]:
    found: dict[str, Any] = {}
    with console.status("processes"):
        if _wanted("memory", options.only):
            solvers = [OURS] if options.quick else [OURS, TEXTBOOK]
            found["memory"] = [peak_memory(10_000, solver) for solver in solvers]
        if _wanted("from-files", options.only):
            found["from-files"] = [
                from_files(10_000, seed) for seed in range(1 if options.quick else 3)
            ]
        if _wanted("import", options.only):
            found["import"] = import_time()
    for one in found.get("memory", []):
        target = (
            _judged(one["peak_mb"] <= _MEMORY_MB, f"{_MEMORY_MB} MB")
            if one["solver"] == OURS
            else ""
        )
        drawn = f"fleet drawn and compiled: {one['fleet_mb']} MB"
        console.print(
            f"peak memory, 10,000 hosts, {one['solver']}: {one['peak_mb']} MB ({drawn}) {target}"
        )
    for one in found.get("from-files", []):
        took = f"{one['seconds']} s (processor: {one['cpu']} s), {one['status']}"
        target = _judged(one["seconds"] <= _FILES_S, f"{_FILES_S:g} s")
        console.print(f"from files, 10,000 hosts, seed {one['seed']}: {took} {target}")
    if one := found.get("import"):
        brings = ", ".join(one["brings"]) or "no heavy package"
        target = _judged(one["seconds"] <= _IMPORT_S and not one["brings"], f"{_IMPORT_S:g} s")
        console.print(
            f"import groupsolver: {one['seconds']} s (processor: {one['cpu']} s), "
            f"brings {brings} {target}"
        )
    return found


def _judged(met: bool, bound: str) -> str:
    return f"(at most {bound}: {'[green]met[/]' if met else '[red]missed[/]'})"


if __name__ == "__main__":
    raise SystemExit(main())
