"""The solver under asyncio: results, errors, and tasks that are cancelled."""

from __future__ import annotations

import asyncio
import contextvars
from concurrent.futures import ThreadPoolExecutor
from threading import Event, current_thread
from typing import Any

import pytest

from groupsolver import Application, BadInput, Cluster, Fleet, Limits, Progress, solve_async

LIMITS = Limits(seconds=30, workers=1)
FLEET = Fleet.model_validate(
    {"hosts": [{"name": f"h{i}", "inventory": {"VCPU": 4}} for i in range(3)]}
)
APP = Application.model_validate(
    {"groups": [{"name": "A", "members": [{"resources": {"VCPU": 3}, "count": 2}]}]}
)


def test_a_result_and_an_error_come_as_from_solve() -> None:
    result = asyncio.run(solve_async(APP, FLEET, limits=LIMITS))
    assert (result.status, len(result.placement or {})) == ("optimal", 2)
    wrong: Any = "best"
    with pytest.raises(BadInput, match="objective"):
        asyncio.run(solve_async(APP, FLEET, objective=wrong))
    with pytest.raises(TypeError, match="expected an Executor"):
        asyncio.run(solve_async(APP, FLEET, executor=wrong))


def test_several_solves_run_at_once_and_in_several_event_loops() -> None:
    async def three() -> list[str]:
        found = await asyncio.gather(*(solve_async(APP, FLEET, limits=LIMITS) for _ in range(3)))
        return [result.status for result in found]

    assert asyncio.run(three()) == asyncio.run(three()) == ["optimal"] * 3


def test_progress_runs_in_a_thread_of_the_pool_with_the_callers_context() -> None:
    variable = contextvars.ContextVar("variable", default="unset")
    seen: list[tuple[str, str]] = []

    def watch(progress: Progress) -> None:
        seen.append((variable.get(), current_thread().name))

    async def main() -> None:
        variable.set("mine")
        with ThreadPoolExecutor(1, thread_name_prefix="own") as own:
            await solve_async(APP, FLEET, limits=LIMITS, progress=watch, executor=own)

    asyncio.run(main())
    assert {value for value, _ in seen} == {"mine"}
    assert all(thread.startswith("own") for _, thread in seen)


def test_a_cancelled_task_ends_its_solve_and_commits_nothing() -> None:
    cluster = Cluster(FLEET)
    reached, go_on, ended = Event(), Event(), Event()

    def watch(progress: Progress) -> None:
        reached.set()
        go_on.wait(10)

    async def main() -> None:
        with ThreadPoolExecutor(1) as own:
            placing = cluster.place_async("web", APP, limits=LIMITS, progress=watch, executor=own)
            task = asyncio.create_task(placing)
            await asyncio.to_thread(reached.wait, 10)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            go_on.set()
            # The only thread is free again.
            await asyncio.wait_for(asyncio.wrap_future(own.submit(ended.set)), 10)

    asyncio.run(main())
    assert ended.is_set()
    assert cluster.members() == ()


def test_a_task_that_is_cancelled_before_a_thread_is_free_never_begins() -> None:
    cluster = Cluster(FLEET)
    release = Event()

    async def main() -> None:
        with ThreadPoolExecutor(1) as own:
            own.submit(release.wait, 10)
            task = asyncio.create_task(cluster.place_async("web", APP, limits=LIMITS, executor=own))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            release.set()

    asyncio.run(main())
    assert cluster.members() == ()


def test_a_cancellation_after_the_commit_is_too_late(monkeypatch: pytest.MonkeyPatch) -> None:
    from groupsolver.solver.asynchronous import CallState

    cluster = Cluster(FLEET)
    committing, go_on = Event(), Event()
    take_effect = CallState.take_effect

    def slowly(state: CallState) -> None:
        take_effect(state)
        committing.set()
        go_on.wait(10)

    monkeypatch.setattr(CallState, "take_effect", slowly)

    async def main() -> str:
        task = asyncio.create_task(cluster.place_async("web", APP, limits=LIMITS))
        await asyncio.to_thread(committing.wait, 10)
        task.cancel()
        go_on.set()
        return (await task).status

    assert asyncio.run(main()) == "optimal"
    assert len(cluster.members()) == 2


def test_place_async_refuses_bad_arguments_and_commits_what_it_places() -> None:
    cluster = Cluster(FLEET)
    with pytest.raises(BadInput, match="without ':'"):
        asyncio.run(cluster.place_async("a:b", APP))
    result = asyncio.run(cluster.place_async("web", APP, limits=LIMITS))
    assert result.placement == {member.id: member.host for member in cluster.members()}
