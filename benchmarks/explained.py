"""How long conflicts take to be found: ``python -m benchmarks.explained [--hosts N ...] [--seeds N] [--only WAY]``.

Each case is an application with one conflict planted (`benchmarks/planted.py`), the ways taking turns with the
seed. It is explained twice: for the conflict alone, and with fixes. A minimal conflict that is not the
planted one is as good an answer: there may be several.
"""

from __future__ import annotations

import argparse
import gc
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.planted import WAYS, Atom, Planted, planted
from benchmarks.report import machine
from benchmarks.ways.plot import varied
from groupsolver.model.compiled import CompiledFleet, compile_fleet
from groupsolver.model.result import Conflict, Limits, Result

SIZES = (100, 1_000, 10_000)
AIMED = 10_000  # hosts of the fleet that the aims speak of
AIMS = {"median": 1.0, "p95": 5.0, "later": 2.0}
_RESULTS = Path(__file__).parent / "results"

Explain = Callable[..., Result]


@dataclass(frozen=True)
class Told:
    """One case, explained.

    Attributes
    ----------
    planted, found : int
        Rules of either conflict, by the names that conflicts give them.
    minimal, same : bool
        Proved minimal; the planted one.
    seconds : float
        Wall time of the call for the conflict alone; without a minimal one at least the limit.
    fixed : float
        Wall time of the call with fixes.
    fixes : int
    """

    hosts: int
    seed: int
    way: str
    status: str
    planted: int
    found: int
    minimal: bool
    same: bool
    seconds: float
    fixed: float
    fixes: int


@dataclass(frozen=True)
class Figures:
    """Figures of all cases on fleets of one size; `later` is the worst time by which fixes came later."""

    hosts: int
    cases: int
    median: float
    p95: float
    worst: float
    minimal: int
    same: int
    other: int
    with_fix: int
    fixed: float
    later: float

    def met(self) -> dict[str, bool]:
        """Say of each aim whether it is met, on fleets that the aims speak of."""
        return {name: getattr(self, name) <= bound for name, bound in AIMS.items()} if self.hosts == AIMED else {}


def names_of(conflict: Conflict | None) -> frozenset[Atom]:
    """Give the rules of a conflict as they are planted."""
    if conflict is None:
        return frozenset()
    return frozenset(
        {*((one.group, one.policy) for one in conflict.policies), *(s.resource for s in conflict.capacity)}
    )


def told(explain: Explain, case: Planted, fleet: CompiledFleet, seed: int, seconds: float) -> Told:
    """Explain a case, for the conflict alone and with fixes."""
    answer, took = _timed(explain, case, fleet, seed, seconds, fixes=False)
    more, fixed = _timed(explain, case, fleet, seed, seconds, fixes=True)
    found, minimal = names_of(answer.conflict), answer.conflict is not None and answer.conflict.minimal
    return Told(
        hosts=len(fleet),
        seed=seed,
        way=case.way,
        status=answer.status,
        planted=len(case.rules),
        found=len(found),
        minimal=minimal,
        same=minimal and found == case.rules,
        seconds=took if minimal else max(took, seconds),
        fixed=fixed,
        fixes=len(more.conflict.fixes) if more.conflict else 0,
    )


def _timed(
    explain: Explain, case: Planted, fleet: CompiledFleet, seed: int, seconds: float, *, fixes: bool
) -> tuple[Result, float]:
    gc.collect()
    start = time.perf_counter()
    answer = explain(case.app, fleet, limits=Limits(seconds=seconds, workers=1, seed=seed), fixes=fixes)
    took = time.perf_counter() - start
    if answer.placed:
        raise AssertionError(f"{case.way}, seed {seed}: a placement, where there is none")
    return answer, took


def cases(hosts: int, seeds: int, only: str | None) -> Iterator[tuple[int, Planted, CompiledFleet]]:
    """Draw cases; each round of ways has a fleet of its own."""
    ways = [only] if only else list(WAYS)
    fleet = None
    for seed in range(seeds):
        if fleet is None or seed % len(ways) == 0:
            fleet = compile_fleet(varied(hosts, seed // len(ways)))
        yield seed, planted(fleet, seed, ways[seed % len(ways)]), fleet


def figures(cases: Sequence[Told]) -> Figures:
    """Sum up the cases of one size."""
    seconds = [case.seconds for case in cases]
    return Figures(
        hosts=cases[0].hosts,
        cases=len(cases),
        median=float(np.median(seconds)),
        p95=float(np.percentile(seconds, 95)),
        worst=max(seconds),
        minimal=sum(case.minimal for case in cases),
        same=sum(case.same for case in cases),
        other=sum(case.minimal and not case.same for case in cases),
        with_fix=sum(case.fixes > 0 for case in cases),
        fixed=float(np.median([case.fixed for case in cases])),
        later=max(case.fixed - case.seconds for case in cases),
    )


def show(console: Console, found: Sequence[Figures]) -> None:
    """Print the table, with each aim beside its figure."""
    table = Table(title="explaining why nothing can be placed", padding=(0, 1, 0, 0))
    heads = ["hosts", "cases", "median s", "p95", "max", "minimal", "as planted", "another", "with fixes"]
    for head in [*heads, "median s with fixes", "fixes later by"]:
        table.add_column(head, justify="right", no_wrap=True)
    for one in found:
        met = one.met()

        def beside(name: str, one: Figures = one, met: dict[str, bool] = met) -> str:
            figure = f"{getattr(one, name):.3f}"
            return f"{figure} {'[green]met[/]' if met[name] else '[red]missed[/]'} {AIMS[name]:g}" if met else figure

        counts = map(str, (one.minimal, one.same, one.other, one.with_fix))
        table.add_row(
            f"{one.hosts:,}",
            str(one.cases),
            beside("median"),
            beside("p95"),
            f"{one.worst:.3f}",
            *counts,
            f"{one.fixed:.3f}",
            beside("later"),
        )
    console.print(table)


def main(args: Sequence[str] | None = None, explain: Explain | None = None) -> int:
    """Run the benchmark; see ``--help``. Gives 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.explained", description="Measure explanations.")
    parser.add_argument("--hosts", type=int, nargs="+", default=list(SIZES), metavar="N", help="sizes of fleets")
    parser.add_argument("--seeds", type=int, metavar="N", help="cases of each size (each way twice)")
    parser.add_argument("--only", choices=WAYS, metavar="WAY", help=f"one of: {', '.join(WAYS)}")
    parser.add_argument("--time-limit", type=float, default=10.0, metavar="S", help="of each call (10)")
    parser.add_argument("--out", type=Path, default=_RESULTS / "explained.json", metavar="FILE", help="for the JSON")
    options = parser.parse_args(args)
    if explain is None:
        from groupsolver import explain as ours

        explain = ours
    console = Console()
    if not console.is_terminal:
        console = Console(width=180)  # else a pipe would cut the table
    seeds = options.seeds or 2 * (1 if options.only else len(WAYS))
    all_told: list[Told] = []
    for hosts in options.hosts:
        with console.status(f"{hosts} hosts") as status:
            for seed, case, fleet in cases(hosts, seeds, options.only):
                status.update(f"{hosts} hosts: {case.way}, {seed + 1} of {seeds}")
                all_told.append(told(explain, case, fleet, seed, options.time_limit))
    found = [figures([one for one in all_told if one.hosts == hosts]) for hosts in dict.fromkeys(options.hosts)]
    show(console, found)
    for late in sorted((one for one in all_told if not one.minimal), key=lambda one: (one.hosts, one.way)):
        console.print(f"no minimal conflict: {late.way}, {late.hosts:,} hosts, seed {late.seed}: {late.status}")
    _write(options.out, options.time_limit, found, all_told)
    console.print(f"written: {options.out.name}")
    return 0


def _write(path: Path, seconds: float, found: Sequence[Figures], all_told: Sequence[Told]) -> None:
    document: dict[str, Any] = {
        "machine": machine(),
        "limit": seconds,
        "aims": {"hosts": AIMED, **AIMS},
        "figures": [{**_rounded(asdict(one)), "met": one.met()} for one in found],
        "cases": [_rounded(asdict(one)) for one in all_told],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1) + "\n")


def _rounded(document: dict[str, Any]) -> dict[str, Any]:
    return {key: round(value, 5) if isinstance(value, float) else value for key, value in document.items()}


if __name__ == "__main__":
    raise SystemExit(main())
