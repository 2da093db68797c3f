"""The pool of solves: bounded, first come first served, and no slot is ever lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest

from groupsolver.api.http.errors import ApiError
from groupsolver.api.services.solve_pool import SolvePool


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.001)


@contextmanager
def holding(pool: SolvePool) -> Iterator[Callable[[], None]]:
    """Take every slot; give what lets one go."""
    stacks = [ExitStack() for _ in range(pool.size)]
    for stack in stacks:
        stack.enter_context(pool.slot(1))
    left = list(stacks)
    try:
        yield lambda: left.pop(0).close()
    finally:
        for stack in left:
            stack.close()


def busy(pool: SolvePool, timeout: float = 30) -> tuple[ApiError, float]:
    start = time.perf_counter()
    with pytest.raises(ApiError) as caught, pool.slot(timeout):
        pass
    return caught.value, time.perf_counter() - start


def test_no_more_run_at_once_than_there_are_slots() -> None:
    pool = SolvePool(3, 40)
    lock, now, most = threading.Lock(), 0, 0

    def work(_: int) -> None:
        nonlocal now, most
        with pool.slot(30):
            with lock:
                now += 1
                most = max(most, now)
            time.sleep(0.002)
            with lock:
                now -= 1

    with ThreadPoolExecutor(40) as threads:
        list(threads.map(work, range(200)))
    assert most == 3
    assert (pool.running, pool.waiting) == (0, 0)


def test_who_came_first_runs_first() -> None:
    pool = SolvePool(1, 20)
    order: list[int] = []

    def work(number: int) -> None:
        with pool.slot(30):
            order.append(number)

    with holding(pool) as let_go:
        threads = [threading.Thread(target=work, args=(i,)) for i in range(20)]
        for i, thread in enumerate(threads):
            thread.start()
            until(lambda i=i: pool.waiting == i + 1)  # type: ignore[misc]
        let_go()
        for thread in threads:
            thread.join(10)
    assert order == list(range(20))


def test_a_newcomer_does_not_overtake_those_who_wait() -> None:
    pool = SolvePool(1, 1)
    with holding(pool) as let_go:
        slot = pool.slot(30)
        first = threading.Thread(target=slot.__enter__)
        first.start()
        until(lambda: pool.waiting == 1)
        let_go()
        # The slot is passed on, not freed: it is taken before the first waiter has woken up.
        error, _ = busy(pool, 0)
        assert error.code == "busy"
        first.join(10)
        assert (pool.running, pool.waiting) == (1, 0)
        slot.__exit__(None, None, None)
    assert pool.running == 0


def test_a_full_waiting_room_is_busy_at_once() -> None:
    pool = SolvePool(1, 0)
    with holding(pool):
        error, took = busy(pool)
    assert (error.code, error.status) == ("busy", 503)
    assert error.detail == "1 placements are being solved and 0 wait"
    assert took < 10  # of 30


def test_waiting_ends_with_the_time_and_leaves_its_place() -> None:
    pool = SolvePool(1, 1)
    with holding(pool):
        error, took = busy(pool, 0.2)
        assert error.code == "busy"
        assert 0.2 <= took < 10
        assert pool.waiting == 0
        busy(pool, 0.01)  # the place is free again
    with pool.slot(0):
        assert pool.running == 1


def test_retry_after_is_an_integer_that_grows_with_what_is_ahead() -> None:
    pool = SolvePool(1, 0)
    with holding(pool):
        assert busy(pool)[0].headers == {"Retry-After": "1"}  # nothing known yet: one of 1 s ahead
    # A slot held for an instant lowers the average of 1 to 0.8; 0.8 + 0.2 x (49 - 0.8) is 10.44.
    pool._release(49)
    pool._running = 0
    with holding(pool):
        assert busy(pool)[0].headers == {"Retry-After": "11"}
    for _ in range(20):
        pool._running = 1
        pool._release(10_000)
    with holding(pool):
        assert busy(pool)[0].headers == {"Retry-After": "60"}


def test_the_seconds_that_were_waited_are_told() -> None:
    pool = SolvePool(1, 1)
    with pool.slot(30) as waited:
        assert 0 <= waited < 10
    waits: list[float] = []

    def wait() -> None:
        with pool.slot(60) as waited:
            waits.append(waited)

    with holding(pool) as let_go:
        start = time.perf_counter()
        thread = threading.Thread(target=wait)
        thread.start()
        until(lambda: pool.waiting == 1)
        time.sleep(0.2)
        let_go()
        thread.join(30)
    assert 0.2 <= waits[0] <= time.perf_counter() - start


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_solve_that_raises_gives_its_slot_back(error: type[BaseException]) -> None:
    pool = SolvePool(1, 0)
    for _ in range(3):
        with pytest.raises(error), pool.slot(1):
            raise error
    assert pool.running == 0


@pytest.mark.parametrize("handed_over", [False, True])
def test_an_interrupt_while_waiting_loses_nothing(
    handed_over: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = SolvePool(1, 1)
    with holding(pool) as let_go:

        def wait(self: threading.Event, timeout: float | None = None) -> bool:
            if handed_over:
                let_go()
            raise KeyboardInterrupt

        monkeypatch.setattr("groupsolver.api.services.solve_pool.Event.wait", wait)
        with pytest.raises(KeyboardInterrupt), pool.slot(30):
            pass
        assert (pool.running, pool.waiting) == (0 if handed_over else 1, 0)
        monkeypatch.undo()
    assert pool.running == 0


def test_a_slot_that_comes_as_the_time_ends_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = SolvePool(1, 1)
    with holding(pool) as let_go:

        def wait(self: threading.Event, timeout: float | None = None) -> bool:
            let_go()
            return False

        monkeypatch.setattr("groupsolver.api.services.solve_pool.Event.wait", wait)
        with pool.slot(30):
            assert (pool.running, pool.waiting) == (1, 0)
    assert pool.running == 0


def fail() -> None:
    raise LookupError


def test_no_slot_is_lost_in_a_crowd_that_gives_up_and_fails() -> None:
    pool = SolvePool(2, 6)
    ends: list[str] = []

    def work(number: int) -> None:
        try:
            with pool.slot((0, 0.0005, 0.002, 30)[number % 4]):
                time.sleep(0.001)
                if number % 3 == 0:
                    fail()
        except ApiError as error:
            ends.append(error.code)
        except LookupError:
            ends.append("failed")
        else:
            ends.append("done")

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(work, range(3000)))
    assert (pool.running, pool.waiting) == (0, 0)
    assert set(ends) == {"busy", "failed", "done"}
    with ExitStack() as stack:  # both slots are still to be had
        stack.enter_context(pool.slot(0))
        stack.enter_context(pool.slot(0))


@pytest.mark.parametrize(("size", "waiting"), [(0, 1), (-1, 1), (1, -1)])
def test_a_pool_that_makes_no_sense_is_refused(size: int, waiting: int) -> None:
    with pytest.raises(ValueError, match="expected size >= 1"):
        SolvePool(size, waiting)


def test_a_timeout_beyond_what_python_waits_is_no_error() -> None:
    pool = SolvePool(1, 1)
    with holding(pool) as let_go:
        threading.Timer(0.05, let_go).start()
        with pool.slot(float("inf")):
            pass


def test_no_more_have_a_place_than_may_run_and_wait_slots_or_not() -> None:
    pool = SolvePool(1, 1)
    with pool.admit(), pool.admit():
        with pytest.raises(ApiError) as caught, pool.admit():
            pass
        assert caught.value.code == "busy"
    with pool.admit(), pool.slot(1.0):
        assert pool.running == 1
