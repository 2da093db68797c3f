"""The search: neighbourhoods placed anew, several at a time, as long as there is time.

First what is missing is placed, then the objective is improved. Both are one loop, which differs in
which neighbourhoods it chooses and in what a model minimises.

A neighbourhood in work keeps its hosts and its groups to itself: another one uses other hosts, and
groups that no rule counts together with those. So what two models find can both be taken.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from ortools.sat.python import cp_model

from groupsolver.errors import UnknownSolverStatus
from groupsolver.model.compiled.arrays import Mask
from groupsolver.solver.budget import Budget
from groupsolver.solver.search.adaptive_choice import AdaptiveChoice, AdaptiveSize
from groupsolver.solver.search.neighbourhood import Chooser, HostState
from groupsolver.solver.search.partial_assignment import PartialAssignment
from groupsolver.solver.search.repair import RepairModel
from groupsolver.solver.search.search_problem import SearchProblem

FIRST_SIZE = 10  # hosts of a neighbourhood
LEAST_SIZE = 4
MOST_SIZE = 60
DETERMINISTIC_SECONDS = 0.15  # CP-SAT's own measure of work, the same on every machine
MOST_SECONDS = 5.0  # of one model, where its measure fails
PERSISTENCE = 1.15  # factor of a class's weight each time that it was not placed
MOST_PERSISTENCE = 8.0  # times its volume
PATIENCE = 200  # models without a gain, one after another, after which the search ends
WAIT_SECONDS = 0.1  # between two questions to the watcher


class Gain(NamedTuple):
    """What came of a model.

    Attributes
    ----------
    points : int
        By how much what it minimises is less than before, at least 0.
    seconds : float
        How long its search took.
    ended : bool
        Whether its search was complete.
    """

    points: int
    seconds: float
    ended: bool


@dataclass
class Task:
    """A model in work.

    Attributes
    ----------
    model : RepairModel
    learn : callable
        Called with what came of it.
    solver : CpSolver
    """

    model: RepairModel
    learn: Callable[[Gain], None]
    solver: cp_model.CpSolver = field(default_factory=cp_model.CpSolver)


class LargeNeighbourhoodSearch:
    """The search over one problem.

    Parameters
    ----------
    problem : SearchProblem
    assignment : PartialAssignment
        The placement to begin with. It is changed.
    budget : Budget
        As many models are in work at a time as it has workers.
    rng : numpy.random.Generator
    """

    def __init__(
        self,
        problem: SearchProblem,
        assignment: PartialAssignment,
        budget: Budget,
        rng: np.random.Generator,
    ) -> None:
        self.assignment = assignment
        self._problem = problem
        self._budget = budget
        self._rng = rng
        self._workers = budget.workers
        self._state = HostState(problem, assignment)
        self._chooser = Chooser(problem, rng)
        self._weights = list(problem.volumes)
        self._sizes: dict[int, AdaptiveSize] = {}  # by class that is missing
        self._size = AdaptiveSize(FIRST_SIZE, LEAST_SIZE, MOST_SIZE)
        self._ways = AdaptiveChoice(list(self._chooser.for_objective), rng)
        self._working: dict[Future[cp_model.CpSolverStatus], Task] = {}
        self._without_gain = 0
        self._least_missing = 0
        self.models = 0

    # What is missing.

    def place_missing(self, seconds: float) -> bool:
        """Place missing members until none is left. Return whether none is.

        It ends where nothing more is found, and when the time is over.
        """
        self._run(self._begin_missing, lambda: self.assignment.complete, seconds)
        return self.assignment.complete

    def follow(self) -> None:
        """Take note that the placement was changed by others."""
        self._state = HostState(self._problem, self.assignment)

    @property
    def volume_missing(self) -> int:
        """How much is missing, in points of volume."""
        volumes = self._problem.volumes
        missing = self.assignment.missing
        return sum(volumes[index] * missing[index] for index in self.assignment.classes_missing)

    def _begin_missing(self, usable: Mask, frozen: frozenset[str]) -> Task | None:
        classes = self._problem.compiled.member_classes
        missing = [
            index for index in self.assignment.classes_missing if classes[index].group not in frozen
        ]
        if not missing:
            return None
        target = missing[int(self._rng.integers(len(missing)))]
        size = self._sizes.setdefault(target, AdaptiveSize(FIRST_SIZE, LEAST_SIZE, MOST_SIZE))
        neighbourhood = self._chooser.for_missing(
            self.assignment, self._state, target, size.value, usable
        )
        model = RepairModel(self._problem, self.assignment, neighbourhood, frozen)
        model.minimise_missing(self._weights)
        before = self.assignment.missing[target]

        def learn(gain: Gain) -> None:
            if self.assignment.missing[target] < before:
                self._weights[target] = self._problem.volumes[target]
                return
            size.learn(gain.ended)
            most = MOST_PERSISTENCE * self._problem.volumes[target]
            self._weights[target] = int(min(most, PERSISTENCE * self._weights[target] + 1))

        return Task(model, learn)

    # The objective.

    def improve(self, seconds: float, stop: Callable[[], bool], better: Callable[[], None]) -> None:
        """Improve the objective of a complete placement until `stop`, or the time is over.

        `better` is called after each improvement.
        """

        def begin(usable: Mask, frozen: frozenset[str]) -> Task | None:
            return self._begin_better(usable, frozen, better)

        self._run(begin, stop, seconds)

    def _begin_better(
        self, usable: Mask, frozen: frozenset[str], better: Callable[[], None]
    ) -> Task | None:
        name = self._ways.choose()
        neighbourhood = self._chooser.for_better(
            name, self.assignment, self._state, self._size.value, usable
        )
        if not len(neighbourhood.rows):
            return None
        model = RepairModel(self._problem, self.assignment, neighbourhood, frozen)
        if not model.moving:
            return None
        model.minimise_points()

        def learn(gain: Gain) -> None:
            self._ways.learn(name, gain.points / max(gain.seconds, 1e-3))
            if gain.points:
                better()
            else:
                self._size.learn(gain.ended)

        return Task(model, learn)

    # The loop.

    def _run(
        self,
        begin: Callable[[Mask, frozenset[str]], Task | None],
        stop: Callable[[], bool],
        seconds: float,
    ) -> None:
        until = self._budget.elapsed() + seconds
        self._without_gain = 0
        self._least_missing = self.volume_missing
        with ThreadPoolExecutor(self._workers) as pool:
            try:
                while self._budget.left() > 0 and self._budget.elapsed() < until:
                    if stop() or self._without_gain >= PATIENCE:
                        return
                    self._fill(pool, begin)
                    if not self._working:
                        # What was chosen holds no member: the next choice may.
                        self._without_gain += 1
                        continue
                    done, _ = wait(self._working, WAIT_SECONDS, return_when=FIRST_COMPLETED)
                    for future in done:
                        self._finish(future)
                    if self._budget.report("search"):
                        return
            finally:
                self._stop_all()

    def _fill(
        self,
        pool: ThreadPoolExecutor,
        begin: Callable[[Mask, frozenset[str]], Task | None],
    ) -> None:
        """Begin models until all workers have one."""
        for _ in range(2 * self._workers):
            if len(self._working) >= self._workers:
                return
            task = begin(self._usable(), self._frozen())
            if task is None:
                continue
            task.model.hint()
            self.models += 1
            parameters = task.solver.parameters
            parameters.num_workers = 1
            parameters.linearization_level = 2
            parameters.max_deterministic_time = DETERMINISTIC_SECONDS
            parameters.max_time_in_seconds = min(MOST_SECONDS, self._budget.left())
            parameters.random_seed = int(self._rng.integers(2**31))
            parameters.catch_sigint_signal = False
            future = pool.submit(task.solver.solve, task.model.builder.model)
            self._working[future] = task

    def _usable(self) -> Mask:
        usable = self._problem.compiled.fleet.enabled.copy()
        for task in self._working.values():
            usable[self._problem.rows_sharing(np.array(task.model.rows, dtype=np.int64))] = False
        return usable

    def _frozen(self) -> frozenset[str]:
        """Return the groups that must not move while the models in work do not end."""
        frozen: set[str] = set()
        for task in self._working.values():
            frozen |= self._problem.couplings.of(task.model.groups).groups
        return frozenset(frozen)

    def _finish(self, future: Future[cp_model.CpSolverStatus]) -> None:
        """Take what a model found, if it is no worse than what there is."""
        task = self._working.pop(future)
        status = future.result()
        points = 0
        if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            points = self._take(task)
        elif status == cp_model.MODEL_INVALID:
            raise UnknownSolverStatus(
                f"CP-SAT refused a model: {task.model.builder.model.validate()}"
            )
        self._count_gain(points > 0)
        ended = status in (cp_model.OPTIMAL, cp_model.INFEASIBLE)
        task.learn(Gain(points, task.solver.wall_time, ended))

    def _count_gain(self, less: bool) -> None:
        """Count the models since the last gain.

        While members are missing, only a smaller volume of them than ever before is one: weights
        change, so one class could give way to another again and again.
        """
        volume = self.volume_missing
        if volume < self._least_missing or (less and not volume):
            self._without_gain = 0
        else:
            self._without_gain += 1
        self._least_missing = min(volume, self._least_missing)

    def _take(self, task: Task) -> int:
        model = task.model
        before = model.value(self.assignment)
        earlier = {
            index: {row: n for row in model.rows if (n := self.assignment.on_rows[index].get(row))}
            for index in model.moving
        }
        for class_index, counts in model.found(task.solver).items():
            self.assignment.replace(class_index, model.rows, counts)
        gain = before - model.value(self.assignment)
        if gain < 0:
            for class_index, counts in earlier.items():
                self.assignment.replace(class_index, model.rows, counts)
            return 0
        self._state.update(self.assignment, model.rows)
        return gain

    def _stop_all(self) -> None:
        """Stop the models in work, and forget them."""
        while self._working:
            for task in self._working.values():
                task.solver.stop_search()
            # A search that has not quite begun does not hear the first call.
            done, _ = wait(self._working, WAIT_SECONDS)
            for future in done:
                del self._working[future]
