"""How long conflicts take to be found.

``python -m benchmarks.explained [--hosts N ...] [--seeds N] [--only WAY]``.

Each case is an application with one conflict planted (`benchmarks/support/planted.py`), the ways
taking turns with the seed. A minimal conflict that is not the planted one is as good an answer:
there may be several.
"""

from __future__ import annotations

import argparse
import gc
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rich.console import Console

from benchmarks.contradictions.plot import varied
from benchmarks.support.explained_report import Explained, figures, show, write
from benchmarks.support.planted import WAYS, Planted, RuleAtom, planted
from groupsolver.model.compiled.compiled_fleet import CompiledFleet, compile_fleet
from groupsolver.model.result import Conflict, Limits, Progress, Result

SIZES = (100, 1_000, 10_000)
TRIES = 20  # fleets more than there are rounds
_RESULTS = Path(__file__).parent / "results"

Explain = Callable[..., Result]


def names_of(conflict: Conflict | None) -> frozenset[RuleAtom]:
    """Return the rules of a conflict as they are planted."""
    if conflict is None:
        return frozenset()
    return frozenset(
        {
            *((one.group, one.policy) for one in conflict.policies),
            *(s.resource for s in conflict.capacity),
        }
    )


def explained(
    explain: Explain, case: Planted, fleet: CompiledFleet, seed: int, seconds: float
) -> Explained:
    """Explain a case: when the conflict was found, when the first fix, and when all was said."""
    reached: dict[str, float] = {}
    start = time.perf_counter()

    def watch(progress: Progress) -> None:
        reached.setdefault(progress.phase, time.perf_counter() - start)

    gc.collect()
    start = time.perf_counter()
    answer = explain(
        case.app, fleet, limits=Limits(seconds=seconds, workers=1, seed=seed), progress=watch
    )
    took = time.perf_counter() - start
    if answer.placed:
        raise AssertionError(f"{case.way}, seed {seed}: a placement, where there is none")
    found, minimal = (
        names_of(answer.conflict),
        answer.conflict is not None and answer.conflict.minimal,
    )
    conflict = reached.get("conflict", took)
    return Explained(
        hosts=len(fleet),
        seed=seed,
        way=case.way,
        status=answer.status,
        planted=len(case.rules),
        found=len(found),
        minimal=minimal,
        same=minimal and found == case.rules,
        seconds=conflict if minimal else max(conflict, seconds),
        first=reached.get("fix", max(took, seconds)) - conflict,
        all=took,
        fixes=len(answer.conflict.fixes) if answer.conflict else 0,
    )


def cases(hosts: int, seeds: int, only: str | None) -> Iterator[tuple[int, Planted, CompiledFleet]]:
    """Draw cases; each round of ways has a fleet of its own."""
    ways = [only] if only else list(WAYS)
    fleets = (compile_fleet(varied(hosts, seed)) for seed in range(seeds + TRIES))
    fleet = next(fleets)
    for seed in range(seeds):
        if seed and seed % len(ways) == 0:
            fleet = next(fleets)
        try:
            case = planted(fleet, seed, ways[seed % len(ways)])
        except (
            RuntimeError
        ):  # a small fleet may be too full for the rest of the application: take the next
            fleet = next(fleets)
            case = planted(fleet, seed, ways[seed % len(ways)])
        yield seed, case, fleet


def main(args: Sequence[str] | None = None, explain: Explain | None = None) -> int:
    """Run the benchmark; see ``--help``. Gives 0."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.explained", description="Measure explanations."
    )
    parser.add_argument(
        "--hosts", type=int, nargs="+", default=list(SIZES), metavar="N", help="sizes of fleets"
    )
    parser.add_argument(
        "--seeds", type=int, metavar="N", help="cases of each size (each way twice)"
    )
    parser.add_argument("--only", choices=WAYS, metavar="WAY", help=f"one of: {', '.join(WAYS)}")
    parser.add_argument(
        "--time-limit", type=float, default=10.0, metavar="S", help="of each call (10)"
    )
    parser.add_argument(
        "--out", type=Path, default=_RESULTS / "explained.json", metavar="FILE", help="for the JSON"
    )
    options = parser.parse_args(args)
    if explain is None:
        from groupsolver import explain as ours

        explain = ours
    console = Console()
    if not console.is_terminal:
        console = Console(width=180)  # else a pipe would cut the table
    seeds = options.seeds or 2 * (1 if options.only else len(WAYS))
    answers: list[Explained] = []
    for hosts in options.hosts:
        with console.status(f"{hosts} hosts") as status:
            for seed, case, fleet in cases(hosts, seeds, options.only):
                status.update(f"{hosts} hosts: {case.way}, {seed + 1} of {seeds}")
                answers.append(explained(explain, case, fleet, seed, options.time_limit))
        show(console, [figures([one for one in answers if one.hosts == hosts])])
    found = [
        figures([one for one in answers if one.hosts == hosts])
        for hosts in dict.fromkeys(options.hosts)
    ]
    for late in sorted(
        (one for one in answers if not one.minimal), key=lambda one: (one.hosts, one.way)
    ):
        console.print(
            f"no minimal conflict: {late.way}, {late.hosts:,} hosts, "
            f"seed {late.seed}: {late.status}"
        )
    write(options.out, options.time_limit, found, answers)
    console.print(f"written: {options.out.name}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
