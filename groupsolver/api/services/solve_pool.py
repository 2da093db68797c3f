"""The solve pool: how many solves run at once, and how many may wait."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import TIMEOUT_MAX, Event, Lock
from time import perf_counter

from groupsolver.api.http.errors import ApiError

_MAX_RETRY_AFTER = 60  # seconds
_NEW_WEIGHT = 0.2  # of the last solve, in the moving average of their durations


class SolvePool:
    """A bound on the solves of one process; each solve runs in the thread of its request.

    A server with ``threads`` threads must have ``size + waiting < threads``: a request that waits
    here holds its thread, and the remaining threads answer everything else meanwhile, above all
    ``/healthz``. A solve does not block other threads: CP-SAT releases Python's lock.

    Parameters
    ----------
    size : int
        Solves at once, at least 1.
    waiting : int
        Callers that may wait for a slot, at least 0.
    """

    def __init__(self, size: int, waiting: int) -> None:
        if size < 1 or waiting < 0:
            raise ValueError(f"expected size >= 1 and waiting >= 0, found {size} and {waiting}")
        self.size = size
        self.max_waiting = waiting
        self._lock = Lock()
        self._admitted = 0
        self._running = 0
        self._queue: deque[Event] = deque()
        self._seconds = 1.0  # moving average of how long a slot is held

    @property
    def running(self) -> int:
        """The number of slots that are taken."""
        return self._running

    @property
    def waiting(self) -> int:
        """The number of callers that wait for a slot."""
        return len(self._queue)

    @contextmanager
    def admit(self) -> Iterator[None]:
        """Count as one of the callers that run or wait, also between one slot and the next.

        Raises
        ------
        ApiError
            ``busy``, with ``Retry-After``, where ``size + waiting`` callers are admitted already.
        """
        with self._lock:
            if self._admitted >= self.size + self.max_waiting:
                raise self._busy()
            self._admitted += 1
        try:
            yield
        finally:
            with self._lock:
                self._admitted -= 1

    @contextmanager
    def slot(self, timeout: float) -> Iterator[float]:
        """Hold a slot, waiting at most `timeout` seconds for it; first come, first served.

        Yields
        ------
        float
            The seconds that were waited.

        Raises
        ------
        ApiError
            ``busy``, with ``Retry-After``: at once where no more callers may wait, otherwise
            after `timeout`.
        """
        start = perf_counter()
        self._acquire(timeout)
        acquired = perf_counter()
        try:
            yield acquired - start
        finally:
            self._release(perf_counter() - acquired)

    def _acquire(self, timeout: float) -> None:
        with self._lock:
            # A free slot means an empty queue: a release passes its slot on to the queue.
            if self._running < self.size:
                self._running += 1
                return
            if len(self._queue) >= self.max_waiting or not timeout > 0:
                raise self._busy()
            granted = Event()
            self._queue.append(granted)
        try:
            granted.wait(min(timeout, TIMEOUT_MAX))
        except BaseException:
            # An interrupt must lose neither the place in the queue nor a slot granted meanwhile.
            with self._lock:
                if granted.is_set():
                    self._pass_on()
                else:
                    self._queue.remove(granted)
            raise
        with self._lock:
            # Checked under the lock, since the slot may be granted just as the time ends.
            if not granted.is_set():
                self._queue.remove(granted)
                raise self._busy()

    def _release(self, held_seconds: float) -> None:
        with self._lock:
            self._seconds += _NEW_WEIGHT * (held_seconds - self._seconds)
            self._pass_on()

    def _pass_on(self) -> None:
        """Grant the slot to the first in the queue, so that it is never free in between."""
        if self._queue:
            self._queue.popleft().set()
        else:
            self._running -= 1

    def _busy(self) -> ApiError:
        expected = math.ceil(self._seconds * (len(self._queue) + 1) / self.size)
        retry_after = min(max(expected, 1), _MAX_RETRY_AFTER)
        return ApiError(
            "busy",
            f"{self._running} placements are being solved and {len(self._queue)} wait",
            headers={"Retry-After": str(retry_after)},
        )
