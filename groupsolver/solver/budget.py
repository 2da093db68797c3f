"""One call of `solve` as it runs: its clock, its limits, who watches it, and whether to stop."""

from __future__ import annotations

from dataclasses import replace
from threading import Lock
from time import perf_counter

from groupsolver.model.result import Limits, Progress, Watch


class Budget:
    """Clock, limits and watcher of one call.

    Parameters
    ----------
    limits : Limits
    watch : callable or None
        Called with `Progress`; a true answer stops the solve.
    """

    def __init__(self, limits: Limits, watch: Watch | None) -> None:
        self.limits = limits
        self.stopped = False
        self._watch = watch
        self._start = perf_counter()
        self._lock = Lock()
        self._error: BaseException | None = None
        self._incumbent: int | None = None
        self._bound: int | None = None

    @property
    def watched(self) -> bool:
        """Whether anyone listens."""
        return self._watch is not None

    def elapsed(self) -> float:
        """Seconds since the call began."""
        return perf_counter() - self._start

    def left(self) -> float:
        """Seconds until the limit, 0 when it is reached or the watcher stopped the run."""
        return 0.0 if self.stopped else max(0.0, self.limits.seconds - self.elapsed())

    def tell(self, phase: str, incumbent: int | None = None, bound: int | None = None) -> bool:
        """Tell the watcher of a placement or a bound, keeping the best of each; say whether to stop."""
        with self._lock:  # CP-SAT and the beat beside it come from threads of their own
            if incumbent is not None and (self._incumbent is None or incumbent < self._incumbent):
                self._incumbent = incumbent
            if bound is not None and (self._bound is None or bound > self._bound):
                self._bound = bound
            if self._watch is not None and not self.stopped:
                progress = Progress(phase, self.elapsed(), self._incumbent, self._bound)
                try:
                    self.stopped = bool(self._watch(progress))
                except BaseException as error:  # noqa: BLE001 - raised in whose thread it may be: kept for the caller's
                    self.stopped, self._error = True, error
            return self.stopped

    def better(self, phase: str, incumbent: int, bound: int | None) -> bool:
        """Tell the watcher of a better placement, whose objective is higher where an earlier tier paid for that."""
        with self._lock:
            self._incumbent = None
        return self.tell(phase, incumbent, bound)

    def surface(self) -> None:
        """Raise what the watcher raised."""
        if self._error is not None:
            raise self._error


class PartialBudget(Budget):
    """Some of a run's time: for a stage before the last. What it finds of bounds means nothing outside.

    Parameters
    ----------
    whole : Run
    seconds : float
        From now on.
    gap : float
        Where the stage stops; a fraction.
    quiet : bool, default False
        Whether its placements are no placements of the whole.
    """

    def __init__(self, whole: Budget, seconds: float, gap: float, quiet: bool = False) -> None:
        super().__init__(replace(whole.limits, gap=gap), None)
        self._quiet = quiet
        self._whole = whole
        self._until = whole.elapsed() + seconds

    @property
    def watched(self) -> bool:
        """Whether anyone listens."""
        return self._whole.watched

    def elapsed(self) -> float:
        """Seconds since the call began."""
        return self._whole.elapsed()

    def left(self) -> float:
        """Seconds until the part, or the whole, is over."""
        return max(0.0, min(self._whole.left(), self._until - self.elapsed()))

    def tell(self, phase: str, incumbent: int | None = None, bound: int | None = None) -> bool:
        """Give the watcher a chance to stop the run."""
        return self._whole.tell(phase)

    def better(self, phase: str, incumbent: int, bound: int | None) -> bool:
        """Tell of a better placement."""
        return (
            self._whole.tell(phase) if self._quiet else self._whole.better(phase, incumbent, None)
        )
