"""The budget of one call of `solve`: its clock, its limits, its watcher, and whether to stop."""

from __future__ import annotations

import os
from dataclasses import replace
from threading import Lock
from time import perf_counter

from groupsolver.model.result import Limits, Placement, Progress, Watch


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
        self._placement: Placement | None = None

    @property
    def watched(self) -> bool:
        """Whether there is a watcher."""
        return self._watch is not None

    @property
    def workers(self) -> int:
        """How many threads may work at a time: those of the limits, or all cores."""
        return self.limits.workers or os.cpu_count() or 1

    def elapsed(self) -> float:
        """Return the seconds since the call began."""
        return perf_counter() - self._start

    def left(self) -> float:
        """Return the seconds until the limit, 0 once the watcher has stopped the call."""
        if self.stopped:
            return 0.0
        return max(0.0, self.limits.seconds - self.elapsed())

    def report(self, phase: str, incumbent: int | None = None, bound: int | None = None) -> bool:
        """Report a placement or a bound to the watcher, keeping the best of each.

        Parameters
        ----------
        phase : str
            The step of the pipeline that reports.
        incumbent, bound : int, optional
            Objective of a placement, proved lower bound.

        Returns
        -------
        bool
            Whether to stop.
        """
        # CP-SAT and the thread that polls the watcher call this at the same time.
        with self._lock:
            self._keep_best(incumbent, bound)
            # Once stopped, a watcher is not asked again: it may have raised.
            if self._watch is None or self.stopped:
                return self.stopped
            progress = Progress(
                phase, self.elapsed(), self._incumbent, self._bound, self._placement
            )
            try:
                self.stopped = bool(self._watch(progress))
            except BaseException as error:  # noqa: BLE001 - kept for the thread of the caller
                self.stopped = True
                self._error = error
            return self.stopped

    def report_incumbent(
        self, phase: str, incumbent: int, bound: int | None, placement: Placement
    ) -> bool:
        """Report a better placement, which has passed the check, and replace the incumbent.

        Its objective may be higher than that of the last one: a placement that is better in an
        earlier tier is better, whatever its objective.
        """
        # The watcher may keep the placement, or change it: it gets one of its own.
        shown = None if self._watch is None else dict(placement)
        with self._lock:
            self._incumbent = None
            self._placement = shown
        return self.report(phase, incumbent, bound)

    def raise_watch_error(self) -> None:
        """Raise the error that the watcher raised, if any."""
        if self._error is not None:
            raise self._error

    def _keep_best(self, incumbent: int | None, bound: int | None) -> None:
        if incumbent is not None and (self._incumbent is None or incumbent < self._incumbent):
            self._incumbent = incumbent
        if bound is not None and (self._bound is None or bound > self._bound):
            self._bound = bound


class PartialBudget(Budget):
    """A part of the time of another budget, for one stage of a solve.

    Bounds found in the stage mean nothing outside it, so they are not reported.

    Parameters
    ----------
    whole : Budget
    seconds : float
        From now on.
    gap : float
        Where the stage stops; a fraction.
    quiet : bool, default False
        Whether placements of the stage are not placements of the whole problem.
    """

    def __init__(self, whole: Budget, seconds: float, gap: float, quiet: bool = False) -> None:
        super().__init__(replace(whole.limits, gap=gap), None)
        self._quiet = quiet
        self._whole = whole
        self._until = whole.elapsed() + seconds

    @property
    def watched(self) -> bool:
        """Whether there is a watcher."""
        return self._whole.watched

    def elapsed(self) -> float:
        """Return the seconds since the whole call began."""
        return self._whole.elapsed()

    def left(self) -> float:
        """Return the seconds until the part, or the whole, is over."""
        return max(0.0, min(self._whole.left(), self._until - self.elapsed()))

    def report(self, phase: str, incumbent: int | None = None, bound: int | None = None) -> bool:
        """Ask the watcher whether to stop, without the figures of the stage."""
        return self._whole.report(phase)

    def report_incumbent(
        self, phase: str, incumbent: int, bound: int | None, placement: Placement
    ) -> bool:
        """Report a better placement, without its bound; nothing but the phase where quiet."""
        if self._quiet:
            return self._whole.report(phase)
        return self._whole.report_incumbent(phase, incumbent, None, placement)
