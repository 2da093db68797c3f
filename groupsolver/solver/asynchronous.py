"""The solver under asyncio: in threads of a bounded pool, stopped together with their task."""

from __future__ import annotations

import asyncio
import contextvars
import os
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import cache
from threading import Lock
from typing import Any, TypeVar

from groupsolver.errors import require_type
from groupsolver.model.application import Application
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.fleet import Fleet
from groupsolver.model.fleet_in_use import FleetInUse
from groupsolver.model.result import Limits, Objective, Progress, Result, Watch
from groupsolver.solver.pipeline import solve

T = TypeVar("T")


class _TaskCancelled(BaseException):
    """The task that waits for a call was cancelled: raised within the call, to end it."""


class CallState:
    """Whether a call may still be stopped, or has an effect that stays.

    Both are decided once: what comes first decides.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._stopped = False
        self._effective = False

    def stop(self) -> bool:
        """Stop the call. Return False where its effect came first."""
        with self._lock:
            self._stopped = not self._effective
            return self._stopped

    def take_effect(self) -> None:
        """Note that the call is about to have an effect that stays.

        Raises
        ------
        BaseException
            Where the call was stopped before; it ends the call.
        """
        with self._lock:
            if self._stopped:
                raise _TaskCancelled
            self._effective = True

    def watching(self, progress: Watch | None) -> Watch:
        """Return a watcher that ends the call once it is stopped."""

        def watch(state: Progress) -> bool | None:
            if self._stopped:
                raise _TaskCancelled
            return progress(state) if progress is not None else None

        return watch


async def run_in_pool(call: Callable[[CallState], T], executor: Executor | None = None) -> T:
    """Run a call in a thread of a pool, and stop it where the task is cancelled.

    Parameters
    ----------
    call : callable
        It takes the `CallState`, whose watcher it hands to the solver.
    executor : concurrent.futures.Executor, optional
        Threads to run in. By default a pool of the library, with as many threads as processors;
        further calls wait for one of them.

    Returns
    -------
    Whatever `call` returns. Where the task is cancelled after the call has taken effect, it is
    returned all the same: the cancellation came too late.
    """
    require_type("executor", executor, (Executor, type(None)), "an Executor, or None")
    state = CallState()
    context = contextvars.copy_context()
    pool = _pool() if executor is None else executor
    future = asyncio.get_running_loop().run_in_executor(pool, context.run, call, state)
    # Read also where nobody waits any more: asyncio would report an exception that is not.
    future.add_done_callback(lambda done: done.cancelled() or done.exception())
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        if state.stop():
            future.cancel()  # where it has not begun
            raise
        return await future


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="groupsolver")


async def solve_async(
    app: Application[Any],
    fleet: Fleet | CompiledFleet | FleetInUse,
    *,
    objective: Objective = "pack",
    limits: Limits | None = None,
    progress: Watch | None = None,
    explain: bool = True,
    executor: Executor | None = None,
) -> Result:
    """Call `solve` without blocking the event loop; it stops soon where the task is cancelled.

    Parameters
    ----------
    app, fleet, objective, limits, explain
        As for `solve`. The time begins when a thread is free.
    progress : callable, optional
        As for `solve`. It is called in the thread of the solve, not in that of the event loop.
    executor : concurrent.futures.Executor, optional
        Threads to run in. By default a pool of the library, with as many threads as processors;
        further calls wait for one of them.

    Raises
    ------
    The same as `solve`, and `asyncio.CancelledError`.
    """

    def call(state: CallState) -> Result:
        watch = state.watching(progress)
        return solve(
            app, fleet, objective=objective, limits=limits, progress=watch, explain=explain
        )

    return await run_in_pool(call, executor)
