"""Whole batches: the library beside simpler methods, on planted batches.

``python -m benchmarks.bulk --size L --fill 0.85 --seeds 1 2 3 --time-limit 120 [--partial]``

Each batch is drawn from its seed, with a placement that no method may see
(`benchmarks/support/planted_batches.py`). Each method then places it, one after the other, each in
a process of its own, whose peak memory is measured. What a method answers is held to the same
checker: a group that misses a member, or breaks a rule, does not count, and its members neither.

HiGHS and Rebalancer take part where the packages highspy and rebalancer are installed, the second
on Python 3.12 or later.

The gap is that of the objective against the best lower bound that any method has proved. It is
shown only of placements of all members. With ``--partial``, and at a fill above 1, more is asked
for than fits: "at least" and "at most" bound the members that can be placed, by the planted groups
and by what is proved.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.baselines.common import ground_of, settle
from benchmarks.support.bulk_methods import (
    BASELINES,
    FOR_SMALL_BATCHES,
    METHODS,
    PACKAGES,
    Instance,
    Step,
)
from benchmarks.support.planted_batches import SIZES, BatchSize, PlantedBatch, planted_batch
from benchmarks.support.processes import peak_megabytes
from benchmarks.support.report import machine
from groupsolver import Limits
from groupsolver.checking.check import judge
from groupsolver.constraints.problem.problem import Problem
from groupsolver.model.result import gap_of

ROOT = Path(__file__).resolve().parents[1]
BASELINE_SECONDS = 10.0  # that a baseline may use at least
MOST_HOSTS = 200  # of a batch for which the count model is built unless it is asked for
GRACE = 60.0  # seconds beyond its limit, and a half of it, before a method is ended
TABLE_WIDTH = 150  # columns, where the output is no terminal


@dataclass(frozen=True)
class Task:
    """One method on one batch."""

    method: str
    size: BatchSize
    fill: float
    seed: int
    seconds: float
    partial: bool
    objective: str
    workers: int

    def batch(self) -> PlantedBatch:
        """Draw the batch."""
        return planted_batch(**asdict(self.size), fill=self.fill, seed=self.seed)


@dataclass(frozen=True)
class Outcome:
    """What a method did.

    Attributes
    ----------
    method : str
    seed : int
    status : str
        ``whole``, ``partial``, ``nothing``, ``ended`` (it did not stop at its limit) or ``failed``.
    members, members_all, groups, groups_all : int
        Placed, of how many, after the check.
    dropped : int
        Members of the answer that the check took out.
    first, whole : float or None
        Seconds to the first placement of anything, and of all members.
    first_members : int or None
        Members of the first placement.
    seconds : float
        To the end of the method.
    objective : int or None
        Of what is placed.
    bound, value_bound : int or None
        What the method has proved.
    room_bound : int or None
        What room alone proves of the members that can be placed: see `value_bound_of_room`.
    planted : int or None
        Members of the planted groups: these at least can be placed.
    drawn_mb, peak_mb : float or None
        Peak memory of the process before the method begins, and after it; of the largest process
        that the method has started, `child_mb`.
    trace : list of (float, int, int or None)
        Seconds, members and bound of each step.
    """

    method: str
    seed: int
    status: str
    members: int = 0
    members_all: int = 0
    groups: int = 0
    groups_all: int = 0
    dropped: int = 0
    first: float | None = None
    whole: float | None = None
    first_members: int | None = None
    seconds: float | None = None
    objective: int | None = None
    bound: int | None = None
    value_bound: int | None = None
    room_bound: int | None = None
    planted: int | None = None
    drawn_mb: float | None = None
    peak_mb: float | None = None
    child_mb: float | None = None
    gap: float | None = None
    note: str = ""
    trace: tuple[tuple[float, int, int | None], ...] = ()


# In the process of a method.


def perform(task: Task) -> Iterator[dict[str, Any]]:
    """Run a method. Yield a document for each step, and at last the outcome."""
    batch = task.batch()
    instance = Instance.of(batch, partial=task.partial, objective=task.objective)  # type: ignore[arg-type]
    drawn = peak_megabytes()
    limits = Limits(seconds=task.seconds, workers=task.workers, seed=task.seed)
    steps: list[Step] = []
    for step in METHODS[task.method](instance, limits):
        steps.append(step)
        yield {"seconds": step.seconds, "members": len(step.placement), "bound": step.bound}
    peak = peak_megabytes()
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    outcome = replace(
        outcome_of(task, instance, steps),
        room_bound=value_bound_of_room(batch),
        planted=batch.planted_value,
        drawn_mb=drawn,
        peak_mb=peak,
        child_mb=child,
    )
    yield {"outcome": asdict(outcome)}


def outcome_of(task: Task, instance: Instance, steps: Sequence[Step]) -> Outcome:
    """Hold the answer of a method against every rule, and sum up its steps."""
    answer = dict(steps[-1].placement) if steps else {}
    compiled = ground_of(instance.application, instance.fleet)
    settled = settle(compiled, answer, instance.objective)
    placed = len(settled.placement)
    everything = Problem(instance.application, instance.fleet.index)
    verdict = judge(everything, settled.placement, instance.objective)
    with_members = [step for step in steps if step.placement]
    complete = [step.seconds for step in steps if len(step.placement) == instance.members]
    is_whole = placed == instance.members
    bounds = [step.bound for step in steps if step.bound is not None]
    value_bounds = [step.value_bound for step in steps if step.value_bound is not None]
    return Outcome(
        method=task.method,
        seed=task.seed,
        status="whole" if is_whole else "partial" if placed else "nothing",
        members=placed,
        members_all=instance.members,
        groups=settled.placed,
        groups_all=settled.groups,
        dropped=len(answer) - placed,
        first=with_members[0].seconds if with_members else None,
        first_members=len(with_members[0].placement) if with_members else None,
        whole=complete[0] if is_whole else None,
        seconds=steps[-1].seconds if steps else None,
        objective=verdict.objective if placed else None,
        bound=max(bounds, default=None),
        value_bound=min(value_bounds, default=None),
        trace=tuple((step.seconds, len(step.placement), step.bound) for step in steps),
    )


# In the process that compares.


def run(task: Task) -> Outcome:
    """Run a method in a process of its own."""
    document = json.dumps(asdict(task))
    command = [sys.executable, "-m", "benchmarks.bulk", "--perform", document]
    limit = 1.5 * task.seconds + GRACE
    failed = ""
    status = "failed"
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=limit
        )
        out = done.stdout
        failed = done.stderr.strip().rpartition("\n")[2]
    except subprocess.TimeoutExpired as expired:
        # What was printed so far is bytes here, whatever was asked for.
        out = (expired.stdout or b"").decode()
        status, failed = "ended", f"ended after {limit:.0f} s"
    lines = [json.loads(line) for line in out.splitlines() if line.endswith("}")]
    if lines and "outcome" in lines[-1]:
        return Outcome(**lines[-1]["outcome"])
    trace = [(line["seconds"], line["members"], line["bound"]) for line in lines]
    firsts = [step for step in trace if step[1]]
    return Outcome(
        method=task.method,
        seed=task.seed,
        status=status,
        first=firsts[0][0] if firsts else None,
        first_members=firsts[0][1] if firsts else None,
        note=failed,
        trace=tuple(trace),
    )


def with_gaps(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Add the gap of each whole placement, by the best bound that any method has proved."""
    bound = max((one.bound for one in outcomes if one.bound is not None), default=None)
    found = []
    for one in outcomes:
        known = bound is not None and one.objective is not None and one.status == "whole"
        gap = gap_of(one.objective or 0, bound or 0) if known else None
        found.append(replace(one, gap=gap))
    return found


def value_bound_of_room(batch: PlantedBatch) -> int:
    """Return an upper bound of the members that can be placed, by the room of each resource alone.

    Groups are cut into fractions, those with the most members by demand first (Dantzig 1957,
    doi:10.1287/opre.5.2.266). For example, with 10 GB free, groups of 4 members of 2 GB and of 1
    member of 4 GB: 4 + (10 - 8) / 4 members.
    """
    flavors = batch.application.flavors
    enabled = np.array([host.enabled for host in batch.fleet.hosts])
    numbers = np.array(list(batch.sizes.values()))
    least = batch.members
    for name in next(iter(flavors.values())).resources:
        demand = np.array(
            [
                sum(one.count * flavors[str(one.flavor)].resources[name] for one in group.members)
                for group in batch.application.groups
            ]
        )
        order = np.argsort(demand / numbers)
        before = np.cumsum(demand[order]) - demand[order]
        room = int(batch.compiled.free(name)[enabled].clip(min=0).sum())
        share = ((room - before) / demand[order]).clip(0, 1)
        least = min(least, int(np.floor(share @ numbers[order] + 1e-6)))
    return least


def table(title: str, outcomes: Sequence[Outcome]) -> Table:
    """Return the figures of one batch, or of several seeds of it."""
    found = Table(title=title, padding=(0, 1, 0, 0))
    left = ["seed", "method"]
    right = ["members", "groups", "first s", "of these", "whole s", "end s", "objective", "bound"]
    right += ["gap", "at least", "at most", "MB"]
    for head in left + right:
        found.add_column(head, justify="left" if head in left else "right", no_wrap=True)
    for one in outcomes:
        most = [bound for bound in (one.value_bound, one.room_bound) if bound is not None]
        found.add_row(
            str(one.seed),
            one.method,
            f"{one.members:,}/{one.members_all:,}" + ("" if not one.dropped else " *"),
            f"{one.groups:,}/{one.groups_all:,}",
            _figure(one.first, "{:.2f}"),
            _figure(one.first_members, "{:,}"),
            _figure(one.whole, "{:.2f}"),
            _figure(one.seconds, "{:.1f}") if not one.note else one.note[:40],
            _figure(one.objective, "{:,}"),
            _figure(one.bound, "{:,}"),
            _figure(one.gap, "{:.2%}"),
            _figure(one.planted, "{:,}"),
            _figure(min(most, default=None), "{:,}"),
            _figure(one.peak_mb, "{:.0f}"),
        )
    return found


def _figure(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value)


def available() -> list[str]:
    """Return the methods whose packages are installed."""
    missing = {name for name, package in PACKAGES.items() if find_spec(package) is None}
    return [name for name in METHODS if name not in missing]


def tasks_of(
    options: argparse.Namespace, size: BatchSize, fill: float, seed: int
) -> Iterator[Task]:
    """Yield the methods that are compared on a batch."""
    for name in options.only or available():
        is_baseline = name in BASELINES
        if name in FOR_SMALL_BATCHES and size.hosts > MOST_HOSTS and not options.only:
            continue
        if name == "solve" and (options.partial or fill > 1):
            continue  # it places all or nothing
        yield Task(
            method=name,
            size=size,
            fill=fill,
            seed=seed,
            seconds=options.baseline_time_limit if is_baseline else options.time_limit,
            partial=options.partial or fill > 1,
            objective=options.objective,
            workers=options.workers,
        )


def compare(options: argparse.Namespace, console: Console) -> list[dict[str, Any]]:
    """Run what is asked for, and print a table for each batch."""
    documents = []
    for name, size in _sizes(options).items():
        for fill in options.fill:
            rows: list[Outcome] = []
            for seed in options.seeds:
                tasks = list(tasks_of(options, size, fill, seed))
                rows += with_gaps([run(task) for task in tasks])
            title = f"{name}: {size.hosts:,} hosts, {size.members:,} members, fill {fill:g}"
            console.print(table(title, rows))
            documents.append(
                {
                    "size": name,
                    **asdict(size),
                    "fill": fill,
                    "outcomes": [asdict(row) for row in rows],
                }
            )
    return documents


def _sizes(options: argparse.Namespace) -> Mapping[str, BatchSize]:
    if options.hosts:
        return {"own": BatchSize(options.hosts, options.members, options.groups)}
    return {name: SIZES[name] for name in options.size}


def main(argv: Sequence[str] | None = None) -> int:
    """Compare the methods, print their tables, and write the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bulk", description=__doc__)
    parser.add_argument("--size", nargs="+", choices=SIZES, default=["S"])
    parser.add_argument("--hosts", type=int, help="a size of its own, with --members and --groups")
    parser.add_argument("--members", type=int)
    parser.add_argument("--groups", type=int)
    parser.add_argument("--fill", nargs="+", type=float, default=[0.85])
    parser.add_argument("--seeds", nargs="+", type=int, default=[1])
    parser.add_argument("--time-limit", type=float, default=120.0)
    parser.add_argument("--baseline-time-limit", type=float, default=BASELINE_SECONDS)
    parser.add_argument("--partial", action="store_true", help="groups may be left out")
    parser.add_argument("--objective", choices=("pack", "spread", "cost"), default="pack")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", nargs="+", choices=METHODS, help="methods")
    parser.add_argument("--json", type=Path, help="write the figures")
    parser.add_argument("--perform", help=argparse.SUPPRESS)  # in the process of a method
    options = parser.parse_args(argv)
    if options.perform:
        document = json.loads(options.perform)
        task = Task(**{**document, "size": BatchSize(**document["size"])})
        for line in perform(task):
            print(json.dumps(line), flush=True)
        return 0
    # In a file, a table at the width of a terminal would lose digits.
    console = Console(width=None if sys.stdout.isatty() else TABLE_WIDTH)
    documents = compare(options, console)
    if options.json:
        options.json.write_text(json.dumps({"machine": machine(), "batches": documents}) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
