"""One call of `solve` as it runs: its clock, its limits, who watches it, and whether to stop."""

from __future__ import annotations

from threading import Lock
from time import perf_counter

from groupsolver.model.result import Limits, Progress, Watch


class Run:
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

    def surface(self) -> None:
        """Raise what the watcher raised."""
        if self._error is not None:
            raise self._error
