"""Figures of explanations: the table on the terminal, and the JSON file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.support.report import machine

AIMED = 10_000  # hosts of the fleet that the aims speak of
AIMS = {"median": 1.0, "p95": 5.0, "later": 2.0}


@dataclass(frozen=True)
class Explained:
    """One case, explained.

    Attributes
    ----------
    planted, found : int
        Rules of either conflict, by the names that conflicts give them.
    minimal, same : bool
        Proved minimal; the planted one.
    seconds : float
        Wall time until the conflict; without a minimal one at least the limit.
    first : float
        From then until the first fix; without one, until the end or the limit.
    all : float
        Wall time of the whole call.
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
    first: float
    all: float
    fixes: int


@dataclass(frozen=True)
class Figures:
    """Figures of all cases on fleets of one size.

    `later`: the 95th percentile from the conflict to the first fix.
    """

    hosts: int
    cases: int
    median: float
    p95: float
    worst: float
    minimal: int
    same: int
    other: int
    with_fix: int
    later: float
    whole: float

    def met(self) -> dict[str, bool]:
        """Return of each aim whether it is met, on fleets that the aims speak of."""
        return (
            {name: getattr(self, name) <= bound for name, bound in AIMS.items()}
            if self.hosts == AIMED
            else {}
        )


def figures(cases: Sequence[Explained]) -> Figures:
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
        later=float(np.percentile([case.first for case in cases], 95)),
        whole=float(np.median([case.all for case in cases])),
    )


def show(console: Console, found: Sequence[Figures]) -> None:
    """Print the table, with each aim beside its figure."""
    table = Table(title="explaining why nothing can be placed", padding=(0, 1, 0, 0))
    heads = [
        "hosts",
        "cases",
        "median s",
        "p95",
        "max",
        "minimal",
        "as planted",
        "another",
        "with fixes",
    ]
    for head in [*heads, "first fix after, p95", "median s of all"]:
        table.add_column(head, justify="right", no_wrap=True)
    for one in found:
        met = one.met()

        def beside(name: str, one: Figures = one, met: dict[str, bool] = met) -> str:
            figure = f"{getattr(one, name):.3f}"
            return (
                f"{figure} {'[green]met[/]' if met[name] else '[red]missed[/]'} {AIMS[name]:g}"
                if met
                else figure
            )

        counts = map(str, (one.minimal, one.same, one.other, one.with_fix))
        table.add_row(
            f"{one.hosts:,}",
            str(one.cases),
            beside("median"),
            beside("p95"),
            f"{one.worst:.3f}",
            *counts,
            beside("later"),
            f"{one.whole:.3f}",
        )
    console.print(table)


def write(
    path: Path, seconds: float, found: Sequence[Figures], answers: Sequence[Explained]
) -> None:
    document: dict[str, Any] = {
        "machine": machine(),
        "limit": seconds,
        "aims": {"hosts": AIMED, **AIMS},
        "figures": [{**_rounded(asdict(one)), "met": one.met()} for one in found],
        "cases": [_rounded(asdict(one)) for one in answers],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1) + "\n")


def _rounded(document: dict[str, Any]) -> dict[str, Any]:
    return {
        key: round(value, 5) if isinstance(value, float) else value
        for key, value in document.items()
    }
