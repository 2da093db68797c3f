"""Figures of many runs: the table on the terminal, and the JSON file."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.support.cases import OURS, Run
from benchmarks.support.specs import Spec
from groupsolver.model.result import Objective

PROTOCOL = (
    "Each case is drawn from its seed, its fleet is compiled beforehand (compile time is given "
    "by itself), and then groupsolver and each baseline solve it one after the other in one "
    "process, one worker each, before the next case is drawn. Seconds are wall time from the "
    "compiled fleet to the answer, the check of the answer included. Every answer is held to "
    "the same checker and the same objective; cost ratios are over cases that both placed "
    "whole. The time limit of each solver stands with the figures; the textbook model's bounds "
    "its search alone. Peak memory and imports are measured in fresh processes."
)


@dataclass(frozen=True)
class Summary:
    """Figures of one solver on one spec and objective.

    Attributes
    ----------
    median, p95, worst : float
        Seconds.
    first : float or None
        Median seconds to the first solution.
    placed : float
        Share of groups placed.
    whole : float
        Share of applications placed whole.
    optimal : float
        Share of runs with a proof: of the optimum, or that no placement exists.
    gap : float or None
        The largest proved gap, of placed applications; infinite where one had no bound.
    ratio : float or None
        Median of its objective over ours, of cases that both placed whole.
    """

    spec: str
    objective: str
    solver: str
    runs: int
    median: float
    p95: float
    worst: float
    first: float | None
    placed: float
    whole: float
    optimal: float
    gap: float | None
    ratio: float | None


def summarize(runs: Sequence[Run]) -> list[Summary]:
    """Sum up by spec, objective and solver, in the order of the runs."""
    piles: dict[tuple[str, str, str], list[Run]] = {}
    for run in runs:
        piles.setdefault((run.spec, run.objective, run.solver), []).append(run)
    ours = {(run.spec, run.objective, run.seed): run.value for run in runs if run.solver == OURS}
    return [_summary(pile, ours) for pile in piles.values()]


def _summary(pile: Sequence[Run], ours: Mapping[tuple[str, Objective, int], int | None]) -> Summary:
    seconds = [run.seconds for run in pile]
    firsts = [run.first for run in pile if run.first is not None]
    gaps = [run.gap for run in pile if run.gap is not None]
    ratios = [
        run.value / mine
        for run in pile
        if run.value is not None and (mine := ours.get((run.spec, run.objective, run.seed)))
    ]
    return Summary(
        spec=pile[0].spec,
        objective=pile[0].objective,
        solver=pile[0].solver,
        runs=len(pile),
        median=float(np.median(seconds)),
        p95=float(np.percentile(seconds, 95)),
        worst=max(seconds),
        first=float(np.median(firsts)) if firsts else None,
        placed=sum(run.placed for run in pile) / sum(run.groups for run in pile),
        whole=sum(run.value is not None for run in pile) / len(pile),
        optimal=sum(run.status in {"optimal", "infeasible"} for run in pile) / len(pile),
        gap=max(gaps) if gaps else None,
        ratio=float(np.median(ratios)) if ratios else None,
    )


def verdicts(summary: Summary, targets: Mapping[str, float], feasible: bool) -> dict[str, bool]:
    """Return of each target whether it is met; a gap only where every application was placed."""
    met = {}
    for name, bound in targets.items():
        value = getattr(summary, name)
        if name == "optimal":
            met[name] = value >= bound
        elif name == "gap":
            met[name] = value is not None and value <= bound and summary.whole == 1
        else:
            met[name] = value <= bound and (summary.whole == 1 or not feasible)
    return met


def machine() -> dict[str, Any]:
    """Return what of the machine bears on the figures, and nothing that names it."""
    packages = {name: version(name) for name in ("ortools", "numpy", "pydantic")}
    return {
        "cores": os.cpu_count(),
        "arch": platform.machine(),
        "python": platform.python_version(),
        **packages,
    }


def show(console: Console, summaries: Iterable[Summary], specs: Mapping[str, Spec]) -> None:
    """Print the table, with each target beside its figure."""
    table = Table(title="placing whole applications", padding=(0, 1, 0, 0))
    left, right = ["case", "objective", "solver"], ["runs", "median s", "p95", "max", "first"]
    right += ["groups", "whole", "proved", "gap", "cost"]
    for head in left + right:
        table.add_column(head, justify="left" if head in left else "right", no_wrap=True)
    last = ""
    for one in summaries:
        mine = one.solver == OURS
        spec = specs[one.spec]
        met = verdicts(one, spec.targets, spec.feasible) if mine else {}
        table.add_row(
            one.spec if one.spec != last else "",
            one.objective if mine else "",
            one.solver,
            str(one.runs),
            _beside(f"{one.median:.3f}", "median", met, spec),
            _beside(f"{one.p95:.3f}", "p95", met, spec),
            f"{one.worst:.3f}",
            "" if one.first is None else f"{one.first:.3f}",
            f"{one.placed:.0%}",
            f"{one.whole:.0%}",
            _beside(f"{one.optimal:.0%}", "optimal", met, spec),
            _beside("" if one.gap is None else f"{one.gap:.2%}", "gap", met, spec),
            "" if one.ratio is None else f"{one.ratio:.3f}",
        )
        last = one.spec
    console.print(table)


def _beside(figure: str, name: str, met: Mapping[str, bool], spec: Spec) -> str:
    if name not in met:
        return figure
    bound = f"{spec.targets[name]:.0%}" if name in {"optimal", "gap"} else f"{spec.targets[name]:g}"
    return f"{figure} {'[green]met[/]' if met[name] else '[red]missed[/]'} {bound}"


def write(
    path: Path, runs: Sequence[Run], summaries: Sequence[Summary], facts: Mapping[str, Any]
) -> None:
    """Write everything as JSON: how it was measured, on what, the figures and each run."""
    document = {
        "protocol": PROTOCOL,
        "machine": machine(),
        **facts,
        "summaries": [_rounded(asdict(one)) for one in summaries],
        "runs": [_rounded(run.document()) for run in runs],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1) + "\n")


def _rounded(document: dict[str, Any]) -> dict[str, Any]:
    return {
        key: round(value, 5) if isinstance(value, float) else value
        for key, value in document.items()
    }
