"""How many solves run at once, and how many wait for their turn."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import TIMEOUT_MAX, Event, Lock
from time import perf_counter

from groupsolver.api.http.errors import ApiError

_MAX_RETRY_AFTER = 60  # seconds that a client is told to wait, at most


class SolvePool:
    """Bounds the solves of one process; each runs in the thread of its request.

    A server with ``threads`` threads must have ``size + waiting < threads``: whoever waits here
    holds a thread, and those that are left answer everything else meanwhile, ``/healthz`` above all.
    A solve keeps nobody from running: CP-SAT works outside Python's lock.

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
        self.places = waiting
        self._lock = Lock()
        self._held = 0
        self._running = 0
        self._queue: deque[Event] = deque()
        self._seconds = 1.0  # how long a slot is held, averaged with more weight on the last ones

    @property
    def running(self) -> int:
        """Slots that are taken."""
        return self._running

    @property
    def waiting(self) -> int:
        """Callers that wait for a slot."""
        return len(self._queue)

    @contextmanager
    def place(self) -> Iterator[None]:
        """Be one of those who run or wait, from the first slot to the last: also between one and the next.

        Raises
        ------
        ApiError
            ``busy``, with ``Retry-After``, where ``size + waiting`` are there already.
        """
        with self._lock:
            if self._held >= self.size + self.places:
                raise self._busy()
            self._held += 1
        try:
            yield
        finally:
            with self._lock:
                self._held -= 1

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
            ``busy``, with ``Retry-After``: at once when every place to wait is taken, otherwise when the time is over.
        """
        start = perf_counter()
        self._enter(timeout)
        begun = perf_counter()
        try:
            yield begun - start
        finally:
            self._leave(perf_counter() - begun)

    def _enter(self, timeout: float) -> None:
        with self._lock:
            if self._running < self.size:  # then nobody waits: who leaves hands its slot on
                self._running += 1
                return
            if len(self._queue) >= self.places or not timeout > 0:
                raise self._busy()
            turn = Event()
            self._queue.append(turn)
        try:
            turn.wait(min(timeout, TIMEOUT_MAX))
        except (
            BaseException
        ):  # an interrupt: neither the place nor a slot that was just handed over may be lost
            with self._lock:
                if turn.is_set():
                    self._pass_on()
                else:
                    self._queue.remove(turn)
            raise
        with self._lock:
            if not turn.is_set():  # asked under the lock: the slot may come as the time ends
                self._queue.remove(turn)
                raise self._busy()

    def _leave(self, held: float) -> None:
        with self._lock:
            self._seconds += 0.2 * (held - self._seconds)
            self._pass_on()

    def _pass_on(self) -> None:
        if self._queue:
            self._queue.popleft().set()  # the slot goes to the first in the queue, and is never free in between
        else:
            self._running -= 1

    def _busy(self) -> ApiError:
        expected = math.ceil(self._seconds * (len(self._queue) + 1) / self.size)
        return ApiError(
            "busy",
            f"{self._running} placements are being solved and {len(self._queue)} wait",
            headers={"Retry-After": str(min(max(expected, 1), _MAX_RETRY_AFTER))},
        )
