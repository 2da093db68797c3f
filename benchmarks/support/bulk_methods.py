"""The methods that place a batch: each is a function from an instance to a stream of steps.

A step is a placement with the seconds after which it was there. A method yields one for each better
placement or bound; the last is its answer.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import groupsolver
from benchmarks.baselines import filter_and_weigh, first_fit_decreasing, rebalancer_search
from benchmarks.baselines.common import Answer
from benchmarks.baselines.count_model import solutions
from benchmarks.support.planted_batches import PlantedBatch
from groupsolver import Application, CompiledFleet, Limits, Progress
from groupsolver.model.application import BETWEEN
from groupsolver.model.result import Objective

Placement = Mapping[str, str]


@dataclass(frozen=True)
class Instance:
    """What a method is given.

    Attributes
    ----------
    application : Application
        All groups as one application.
    fleet : CompiledFleet
    applications : dict of str to Application
        The same groups, each as an application of its own. A group's members have the same ids in
        both.
    partial : bool
        Whether groups may be left out: the more members are placed, the better.
    objective : {"pack", "spread", "cost"}
    values : dict of str to int, optional
        What each application is worth; by default the number of its members.
    """

    application: Application
    fleet: CompiledFleet
    applications: dict[str, Application] = field(repr=False)
    partial: bool = False
    objective: Objective = "pack"
    values: dict[str, int] | None = field(default=None, repr=False)

    @classmethod
    def of(
        cls, batch: PlantedBatch, *, partial: bool = False, objective: Objective = "pack"
    ) -> Instance:
        """Return what a method may know of a planted batch: all but the placement."""
        apps = batch.applications()
        return cls(batch.application, batch.compiled, apps, partial, objective)

    @cached_property
    def members(self) -> int:
        """The number of members of all groups."""
        return sum(one.count for group in self.application.groups for one in group.members)


@dataclass(frozen=True)
class Step:
    """A better placement, or a better bound.

    Attributes
    ----------
    seconds : float
        Since the method began.
    placement : mapping of str to str
        The host of each member that is placed.
    bound : int or None
        A proved lower bound of the objective.
    value_bound : int or None
        A proved upper bound of the members that can be placed.
    """

    seconds: float
    placement: Placement
    bound: int | None = None
    value_bound: int | None = None


Method = Callable[[Instance, Limits], Iterator[Step]]


# The library.


def solve(instance: Instance, limits: Limits) -> Iterator[Step]:
    """Place all groups as one application."""
    place = groupsolver.solve  # loads ortools, which is no part of the time

    def run(progress: Callable[[Progress], None]) -> groupsolver.Result:
        return place(
            instance.application,
            instance.fleet,
            objective=instance.objective,
            limits=limits,
            progress=progress,
            explain=False,
        )

    watch = Watcher()
    yield from watch.steps(run)
    result = watch.result
    yield Step(watch.seconds, result.placement or {}, result.bound)


def solve_many(instance: Instance, limits: Limits) -> Iterator[Step]:
    """Place as many groups as possible, each as an application; or all of them as one."""
    together = {"batch": instance.application}
    applications = instance.applications if instance.partial else together
    place_batch = groupsolver.solve_many

    def run(progress: Callable[[Progress], None]) -> groupsolver.BatchResult:
        return place_batch(
            applications,
            instance.fleet,
            partial=instance.partial,
            objective=instance.objective,
            limits=limits,
            progress=progress,
            values=instance.values,
        )

    watch = Watcher()
    for step in watch.steps(run):
        yield replace(step, placement=_own_ids(step.placement))
    result = watch.result
    placement = {
        id_: host for entry in result.applications for id_, host in (entry.placement or {}).items()
    }
    yield Step(watch.seconds, placement, result.bound, result.value_bound)


def _own_ids(placement: Placement) -> dict[str, str]:
    """Return a placement without the names of the applications before those of the members."""
    return {id_.rpartition(BETWEEN)[2]: host for id_, host in placement.items()}


class Watcher:
    """Turns what a call reports by `progress` into a stream of steps, while it runs."""

    def __init__(self) -> None:
        self.result: Any = None
        self.seconds = 0.0
        self._steps: queue.SimpleQueue[Step | None] = queue.SimpleQueue()
        self._raised: BaseException | None = None

    def steps(self, run: Callable[[Callable[[Progress], None]], Any]) -> Iterator[Step]:
        """Run a call in a thread, and yield a step for each better placement or bound."""
        start = time.perf_counter()
        latest: Step = Step(0.0, {})

        def watch(progress: Progress) -> None:
            nonlocal latest
            placement = latest.placement if progress.placement is None else progress.placement
            # The same placement is the same object.
            if placement is latest.placement and progress.bound == latest.bound:
                return
            value_bound = getattr(progress, "value_bound", None)
            seconds = time.perf_counter() - start
            latest = Step(seconds, placement, progress.bound, value_bound)
            self._steps.put(latest)

        def call() -> None:
            try:
                self.result = run(watch)
            except BaseException as raised:  # noqa: BLE001 - raised again in the caller's thread
                self._raised = raised
            self.seconds = time.perf_counter() - start
            self._steps.put(None)

        thread = threading.Thread(target=call, daemon=True)
        thread.start()
        yield from iter(self._steps.get, None)
        thread.join()
        if self._raised is not None:
            raise self._raised


# The baselines.

ORDERS = 3  # that a baseline tries at least


def decreasing(instance: Instance, limits: Limits) -> Iterator[Step]:
    """Place by first-fit decreasing by group, in three orders, again until the time is over."""

    def answers(seed: int) -> Iterator[Answer]:
        yield from first_fit_decreasing.in_each_order(
            instance.application, instance.fleet, objective=instance.objective, seed=seed
        )

    yield from _better_answers(answers, limits)


def weigh(instance: Instance, limits: Limits) -> Iterator[Step]:
    """Place one member at a time by filter and weigh, in random orders until the time is over."""

    def answers(seed: int) -> Iterator[Answer]:
        for order in range(ORDERS):
            yield filter_and_weigh.place(
                instance.application,
                instance.fleet,
                objective=instance.objective,
                seed=ORDERS * seed + order,
            )

    yield from _better_answers(answers, limits)


def count_model(instance: Instance, limits: Limits) -> Iterator[Step]:
    """Place by HiGHS on the count model."""
    found = solutions(instance.application, instance.fleet, instance.objective, limits)
    for one in found:
        yield Step(one.seconds, one.placement, one.bound, one.value_bound)


def rebalancer(instance: Instance, limits: Limits) -> Iterator[Step]:
    """Place by Rebalancer's local search."""
    found = rebalancer_search.place(
        instance.application, instance.fleet, instance.objective, limits
    )
    for seconds, placement in found:
        yield Step(seconds, placement)


def _better_answers(answers: Callable[[int], Iterator[Answer]], limits: Limits) -> Iterator[Step]:
    """Yield each answer that is better than those before, with one seed after another.

    All orders of a seed are tried, whatever the limit. The last step is the best answer once more.
    """
    start = time.perf_counter()
    best: Answer | None = None
    seed = limits.seed
    while True:
        for answer in answers(seed):
            seconds = time.perf_counter() - start
            if best is None or _rank(answer) < _rank(best):
                best = answer
                yield Step(seconds, answer.placement)
        seconds = time.perf_counter() - start
        if seconds > limits.seconds and best is not None:
            yield Step(seconds, best.placement)
            return
        seed += 1


def _rank(answer: Answer) -> tuple[int, float]:
    """Smaller is better: more members, then a lower objective."""
    return -len(answer.placement), answer.rank[1]


LIBRARY: dict[str, Method] = {"solve": solve, "solve_many": solve_many}
BASELINES: dict[str, Method] = {"first-fit-decreasing": decreasing, "filter-and-weigh": weigh}
# Its model of the larger batches does not fit.
FOR_SMALL_BATCHES: dict[str, Method] = {"highs-count-model": count_model}
# Packages that are not part of the library, by the methods that need them.
PACKAGES = {"highs-count-model": "highspy", "rebalancer": "rebalancer"}
METHODS: dict[str, Method] = {
    **LIBRARY,
    **BASELINES,
    **FOR_SMALL_BATCHES,
    "rebalancer": rebalancer,
}
