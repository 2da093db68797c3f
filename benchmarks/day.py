"""A day of a scheduler: applications arrive and leave, at a load that rises to more than fits.

``python -m benchmarks.day [--events N] [--hosts N] [--seed N] [--trace] [--plot FILE]`` drives
four schedulers with the same events, one after the other, each on a cluster of its own:

- groupsolver, by `Cluster.place`, stopped at a gap of 2 %;
- the same, stopped with any placement after 0.1 s too, so that its run depends on the machine;
- filter and weigh, one instance at a time, the best of three random orders;
- first-fit decreasing by group, the best of three orders.

All have the objective `pack`, and one worker. All policies of what runs bind each of them: what a
baseline finds passes the same checker before it is committed. Where an application is refused, the
solver says whether it would have fitted beside what runs there. The time of a decision is processor
time of the process; that of the judging solver is not counted.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
import psutil
from rich.console import Console
from rich.table import Table

from benchmarks import alibaba
from benchmarks.baselines import filter_and_weigh, first_fit_decreasing
from benchmarks.baselines.common import Answer
from benchmarks.support.day_events import (
    Arrival,
    Departure,
    Event,
    HostChange,
    day,
    fleet_of_day,
    groups_of_day,
    trace_day,
)
from benchmarks.support.report import machine
from groupsolver import (
    Application,
    Cluster,
    Contended,
    Fleet,
    Limits,
    Progress,
    Result,
    solve,
)
from groupsolver.constraints.policy import Policy
from groupsolver.model.application import BETWEEN
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.fleet import Host
from groupsolver.model.result import Watch

# A scheduler takes what is within 2 % of the best, and decides about the next application.
LIMITS = Limits(seconds=20, workers=1, gap=0.02)
PATIENCE = 0.1  # seconds after which any placement is taken; a refusal is proved in any case
FULL = 0.5  # the part of the day from which on more is offered than fits: the second half
MEMORY_STEP = 50  # events between two looks at the memory
TABLE_WIDTH = 140  # columns, where the output is no terminal


# Schedulers.


class Scheduler(Protocol):
    """What keeps what runs, and decides where a newcomer goes."""

    cluster: Cluster

    def place(self, name: str, app: Application) -> bool:
        """Place an application, whole, and keep it; or return False."""


class Solver:
    """groupsolver.

    Parameters
    ----------
    of : Fleet
    progress : callable, optional
        Stops a solve with the placement that it has.
    """

    def __init__(self, of: Fleet, progress: Watch | None = None) -> None:
        self.cluster = Cluster(of)
        self._progress = progress

    def place(self, name: str, app: Application) -> bool:
        """Place an application by `Cluster.place`."""
        result = self.cluster.place(
            name, app, limits=LIMITS, progress=self._progress, explain=False
        )
        return result.placed


def _is_good_enough(progress: Progress) -> bool:
    """Return whether a scheduler takes the best placement so far: it has waited long enough."""
    return progress.placement is not None and progress.elapsed > PATIENCE


Baseline = Callable[[Application, CompiledFleet, int], Answer]


class BaselineScheduler:
    """A baseline on a cluster; where it fails, it tries again with other orders."""

    def __init__(self, of: Fleet, baseline: Baseline, orders: int) -> None:
        self.cluster = Cluster(of)
        self._baseline = baseline
        self._orders = orders

    def place(self, name: str, app: Application) -> bool:
        """Place an application in one of some orders."""
        composed, compiled = self.cluster.with_running(app)
        for order in range(self._orders):
            answer = self._baseline(cast(Application, composed), compiled, order)
            if answer.placed == answer.groups:
                try:
                    result = Result(status="feasible", placement=answer.placement)
                    self.cluster.commit(name, app, result)
                except Contended:
                    continue
                return True
        return False


def schedulers(of: Fleet) -> dict[str, Scheduler]:
    """Return the schedulers by name, each on a cluster of its own."""

    def nova(app: Application, compiled: CompiledFleet, seed: int) -> Answer:
        return filter_and_weigh.place(app, compiled, seed=seed)

    def decreasing(app: Application, compiled: CompiledFleet, seed: int) -> Answer:
        return first_fit_decreasing.place(app, compiled, seed=seed)

    return {
        "groupsolver": Solver(of),
        "groupsolver, 0.1 s": Solver(of, progress=_is_good_enough),
        "filter and weigh": BaselineScheduler(of, nova, orders=3),
        "first-fit decreasing": BaselineScheduler(of, decreasing, orders=1),
    }


# The run.


@dataclass
class Log:
    """What a scheduler did.

    Attributes
    ----------
    seconds : list of float
        Processor time of each decision.
    accepted, refused : list of int
        Members of each application that was placed, or was not.
    wrongly_refused : int
        Applications that were refused though they fit, as the solver proves by a placement.
    undecided : int
        Refused applications of which the solver did not know in time.
    full : dict of str to int
        The members accepted and offered in the part of the day in which more is offered than fits.
    running : list of int
        Members that run after each event.
    memory : list of float
        MiB of the process, now and then.
    """

    seconds: list[float] = field(default_factory=list)
    accepted: list[int] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    wrongly_refused: int = 0
    undecided: int = 0
    full: dict[str, int] = field(default_factory=lambda: {"accepted": 0, "offered": 0})
    running: list[int] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """Return the figures of the table."""
        milliseconds = 1000 * np.array(self.seconds)
        return {
            "applications": len(self.accepted) + len(self.refused),
            "accepted": len(self.accepted),
            "members": sum(self.accepted),
            "members_full": self.full["accepted"],
            "offered_full": self.full["offered"],
            "wrongly_refused": self.wrongly_refused,
            "undecided": self.undecided,
            "median_ms": round(float(np.median(milliseconds)), 2),
            "p95_ms": round(float(np.percentile(milliseconds, 95)), 2),
            "p99_ms": round(float(np.percentile(milliseconds, 99)), 2),
            "max_ms": round(float(milliseconds.max()), 2),
            "memory_mb": [round(self.memory[0]), round(max(self.memory)), round(self.memory[-1])],
        }


def run(scheduler: Scheduler, of: Fleet, events: Sequence[Event], *, judge: bool = True) -> Log:
    """Drive a scheduler through the day.

    Parameters
    ----------
    scheduler : Scheduler
    of : Fleet
    events : sequence of Event
    judge : bool, default True
        Whether the solver is asked of each refused application whether it fits; not timed.
    """
    log = Log()
    hosts = {host.name: host for host in of.hosts}
    members = 0
    gc.collect()
    gc.freeze()  # the fleet lives all day: the garbage collector need not visit it again
    for number, event in enumerate(events):
        if isinstance(event, Arrival):
            app = _void_names_dropped(event.app, scheduler.cluster)
            size = sum(one.count for group in app.groups for one in group.members)
            start = time.process_time()
            placed = scheduler.place(event.name, app)
            log.seconds.append(time.process_time() - start)
            members += size * placed
            (log.accepted if placed else log.refused).append(size)
            if number >= FULL * len(events):
                log.full["offered"] += size
                log.full["accepted"] += size * placed
            if not placed and judge:
                _judge(log, app, scheduler.cluster)
        elif isinstance(event, Departure):
            if event.name in scheduler.cluster.applications:
                members -= len(scheduler.cluster.remove(event.name))
        else:
            members -= _change_host(scheduler.cluster, hosts[event.name], event)
        if number % MEMORY_STEP == 0 or number == len(events) - 1:
            log.memory.append(psutil.Process().memory_info().rss / 2**20)
        log.running.append(members)
    return log


def _void_names_dropped(app: Application, cluster: Cluster) -> Application:
    """Return an application without policies that name one which does not run here."""
    running = cluster.applications

    def means_something(policy: Policy) -> bool:
        name, between, _ = (policy.target or "").partition(BETWEEN)
        return not between or name in running

    groups = tuple(
        group.model_copy(update={"policies": tuple(filter(means_something, group.policies))})
        for group in app.groups
    )
    return app.model_copy(update={"groups": groups})


def _judge(log: Log, app: Application, cluster: Cluster) -> None:
    result = solve(app, cluster, limits=LIMITS, explain=False)
    log.wrongly_refused += result.placed
    log.undecided += result.status == "unknown"


def _change_host(cluster: Cluster, host: Host, event: HostChange) -> int:
    """Take a host out of service or into it, or lose it. Return how many members are lost.

    A host that is lost comes back at once, without what ran there.
    """
    if not event.lost:
        cluster.update_host(
            host.model_copy(update={"enabled": not cluster.compiled()[host.name].enabled})
        )
        return 0
    lost = cluster.lose_host(event.name)
    cluster.update_host(host)
    return len(lost)


# The report.


def table(logs: Mapping[str, Log]) -> Table:
    """Return the figures as a table."""
    titles = {
        "accepted": "accepted",
        "members": "members",
        "members_full": "at full load",
        "wrongly_refused": "refused, fits",
        "median_ms": "median ms",
        "p95_ms": "p95",
        "p99_ms": "p99",
        "max_ms": "max",
        "memory_mb": "MiB: first, most, last",
    }
    found = Table(title="a day of a scheduler", padding=(0, 1, 0, 0))
    found.add_column("scheduler", no_wrap=True)
    for title in titles.values():
        found.add_column(title, justify="right")
    for name, log in logs.items():
        summary = log.summary()
        found.add_row(name, *(str(summary[key]).strip("[]") for key in titles))
    return found


WIDTH, HEIGHT, LEFT, BELOW = 720, 320, 60, 40
COLOURS = ("#1f6feb", "#1a7f37", "#d29922", "#8250df")


def plot(logs: Mapping[str, Log]) -> str:
    """Return an SVG: the members that run after each event, one line a scheduler."""
    most = max(max(log.running) for log in logs.values())
    events = len(next(iter(logs.values())).running)

    def point(number: int, members: int) -> str:
        x = LEFT + (WIDTH - LEFT - 10) * number / max(1, events - 1)
        y = HEIGHT - BELOW - (HEIGHT - BELOW - 30) * members / max(1, most)
        return f"{x:.1f},{y:.1f}"

    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        '<g font-family="sans-serif" font-size="12">',
        "<title>Members that run over a day, by scheduler</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="18">members that run; at most {most:,}</text>',
        f'<text x="{WIDTH - 10}" y="{HEIGHT - 12}" text-anchor="end">event {events:,}</text>',
        f'<path d="M{LEFT} 30V{HEIGHT - BELOW}H{WIDTH - 10}" fill="none" stroke="#57606a"/>',
    ]
    step = max(1, events // 400)
    for i, (name, log) in enumerate(logs.items()):
        points = " ".join(point(n, log.running[n]) for n in range(0, events, step))
        colour = COLOURS[i % len(COLOURS)]
        lines.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
        )
        lines.append(f'<text x="{LEFT + 10}" y="{46 + 16 * i}" fill="{colour}">{name}</text>')
    return "\n".join([*lines, "</g></svg>"]) + "\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the day, print its table, and write what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.day", description=__doc__)
    parser.add_argument("--events", type=int, default=2000)
    parser.add_argument("--hosts", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--trace", action="store_true", help="nodes and pods of the public trace")
    parser.add_argument("--only", help="one scheduler alone, by its name")
    parser.add_argument("--plot", type=Path, help="write the plot, SVG")
    parser.add_argument("--json", type=Path, help="write the figures")
    options = parser.parse_args(argv)
    # In a file, a table at the width of a terminal would lose digits.
    console = Console(width=None if sys.stdout.isatty() else TABLE_WIDTH)
    if options.trace:
        try:
            of, events = trace_day(alibaba.read(), options.events, options.seed)
        except alibaba.DataMissing as error:
            console.print(str(error))
            return 0
    else:
        of = fleet_of_day(options.hosts, options.seed)
        events = day(of, options.events, options.seed, groups_of_day)
    logs = {}
    for name, scheduler in schedulers(of).items():
        if options.only in {None, name}:
            logs[name] = run(scheduler, of, events)
    console.print(table(logs))
    if options.plot:
        options.plot.write_text(plot(logs))
    if options.json:
        figures = {name: log.summary() for name, log in logs.items()}
        options.json.write_text(json.dumps({"machine": machine(), "day": figures}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
