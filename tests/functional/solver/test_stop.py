"""A running solve: what its watcher hears, how it is stopped, signals and threads."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from groupsolver import Application, Fleet, Limits, Progress, Result, check, compile_fleet, solve
from groupsolver.solver.budget import Budget

pytestmark = pytest.mark.usefixtures("interruptible")

Case = tuple[dict[str, Any], dict[str, Any]]
ROOT = Path(__file__).parents[3]
LONG = Limits(seconds=60, workers=1)
PROMPTLY = 20.0  # seconds, of 60 or more; about 2 on an idle machine


def loose(hosts: int = 40, members: int = 60, seed: int = 1) -> Case:
    """A packing with a placement found at once, whose proof takes longer than anyone waits.

    A member takes 15 VCPU on average (7 to 23), a host has 50 less 4.5: 60 members take 900 of
    40 x 45.5 = 1820.
    """
    draw = random.Random(seed).randint
    fleet = [
        {
            "name": f"h{i:03}",
            "inventory": {"VCPU": draw(40, 60), "MEMORY_MB": draw(90, 130)},
            "used": {"VCPU": draw(0, 9), "MEMORY_MB": draw(0, 9)},
            "cost": draw(100, 140),
        }
        for i in range(hosts)
    ]
    return _of([{"VCPU": draw(7, 23), "MEMORY_MB": draw(14, 50)} for _ in range(members)]), {
        "hosts": fleet
    }


def tight() -> Case:
    """A packing with about one placement: it cannot be refuted, and is not found in time.

    Each of 20 hosts is cut into 4 members of about a quarter each, which fill it to the last of a
    million units.
    """
    draw = random.Random(1).randint
    sizes: list[dict[str, int]] = []
    for _ in range(20):
        parts = {name: [draw(200_000, 300_000) for _ in range(3)] for name in ("VCPU", "MEMORY_MB")}
        parts = {name: [*three, 10**6 - sum(three)] for name, three in parts.items()}
        sizes += [{name: four[i] for name, four in parts.items()} for i in range(4)]
    random.Random(1).shuffle(sizes)
    hosts = [
        {"name": f"h{i:03}", "inventory": {"VCPU": 10**6, "MEMORY_MB": 10**6}, "cost": i}
        for i in range(20)
    ]
    return _of(sizes), {"hosts": hosts}


def _of(sizes: list[dict[str, int]]) -> dict[str, Any]:
    return {
        "groups": [
            {"name": f"g{i}", "members": [{"resources": size}]} for i, size in enumerate(sizes)
        ]
    }


def values(case: Case) -> tuple[Application, Fleet]:
    return Application.model_validate(case[0]), Fleet.model_validate(case[1])


# A solve that is stopped has a placement of the loose packing, and none of the tight one.
LOOSE, TIGHT = loose(), tight()


def test_a_watcher_hears_every_phase_and_incumbent_and_bound_close_in() -> None:
    heard: list[Progress] = []

    def watch(progress: Progress) -> bool:
        heard.append(progress)
        better = {p.incumbent for p in heard if p.incumbent is not None}
        return progress.phase == "search" and len(better) > 1

    result = solve(*values(LOOSE), limits=Limits(seconds=12, workers=1), progress=watch)
    assert {progress.phase for progress in heard} == {"relax", "construct", "search"}
    assert [p.elapsed for p in heard] == sorted(p.elapsed for p in heard)
    incumbents = [p.incumbent for p in heard if p.incumbent is not None]
    bounds = [p.bound for p in heard if p.bound is not None]
    assert len(set(incumbents)) > 1
    assert incumbents == sorted(incumbents, reverse=True)
    assert bounds == sorted(bounds)
    assert all(p.gap >= 0 for p in heard if p.gap is not None)
    assert bounds[-1] <= (result.objective or 0) <= incumbents[-1]
    assert result.bound == bounds[-1]


def test_every_placement_that_a_watcher_hears_passes_the_check() -> None:
    heard: list[Progress] = []

    def watch(progress: Progress) -> bool:
        heard.append(progress)
        return progress.phase == "search" and progress.placement is not None

    app, fleet = values(loose(10, 12))
    result = solve(app, fleet, limits=LONG, progress=watch)
    placements = [p.placement for p in heard if p.placement is not None]
    assert heard[0].placement is None
    assert placements
    distinct = {id(placement): placement for placement in placements}
    for placement in distinct.values():
        verdict = check(app, fleet, placement)
        assert not verdict.violations
        assert verdict.objective >= (result.objective or 0)
    assert len(placements[-1]) == 12


def test_a_worse_placement_or_bound_is_not_reported() -> None:
    heard: list[tuple[int | None, int | None]] = []
    budget = Budget(Limits(), lambda progress: heard.append((progress.incumbent, progress.bound)))
    for incumbent, bound in ((9, 1), (None, 4), (7, 3), (8, None), (None, None)):
        budget.report("search", incumbent, bound)
    assert heard == [(9, 1), (9, 4), (7, 4), (7, 4), (7, 4)]


def stopped(
    case: Case, when: Callable[[Progress], bool], workers: int = 1, seconds: float = 60
) -> tuple[Result, float, int]:
    """Solve, and stop once `when` is true.

    Return the answer, how long it took from there, and how often the watcher was asked after it.
    """
    asked: list[float] = []

    def watch(progress: Progress) -> bool:
        if asked or when(progress):
            asked.append(time.perf_counter())
        return bool(asked)

    result = solve(*values(case), limits=Limits(seconds=seconds, workers=workers), progress=watch)
    return result, time.perf_counter() - asked[0], len(asked)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(
    ("case", "status"), [(LOOSE, "feasible"), (TIGHT, "unknown")], ids=["loose", "tight"]
)
def test_a_true_answer_stops_a_long_search_promptly(case: Case, status: str, workers: int) -> None:
    result, took, times = stopped(case, lambda p: p.phase == "search" and p.elapsed > 1, workers)
    assert result.status == status
    assert took < PROMPTLY
    assert times == 1  # a watcher that has stopped a solve is not asked again


@pytest.mark.parametrize("case", [LOOSE, TIGHT], ids=["loose", "tight"])
def test_a_true_answer_stops_a_solve_before_its_search(case: Case) -> None:
    result, took, times = stopped(case, lambda _: True)
    assert result.status in ("unknown", "feasible")
    assert took < PROMPTLY
    assert times == 1


def test_a_watcher_that_stops_a_solve_gets_the_placement_that_was_reported() -> None:
    built: list[int] = []

    def better(progress: Progress) -> bool:
        if progress.phase != "search":
            built.append(progress.incumbent or 0)
        return progress.phase == "search" and (progress.incumbent or 0) < built[-1]

    # The first step, which has a quarter of the time, finds a better placement.
    result, _, times = stopped(LOOSE, better, seconds=12)
    assert (result.status, times) == ("feasible", 1)
    assert (result.objective or 0) < built[-1]


def test_a_solve_in_a_thread_of_its_own_is_stopped_too() -> None:
    with ThreadPoolExecutor(1) as pool:
        result, took, _ = pool.submit(
            stopped, LOOSE, lambda p: p.phase == "search" and p.elapsed > 1
        ).result()
    assert result.status == "feasible"
    assert took < PROMPTLY


def test_an_answer_that_is_not_true_stops_nothing() -> None:
    app, fleet = values(loose(12, 12))
    alone = solve(app, fleet, limits=LONG)
    assert alone.status == "optimal"
    for answer in (None, False, 0):
        watched = solve(app, fleet, limits=LONG, progress=lambda _, answer=answer: answer)  # type: ignore[misc]
        assert (watched.status, watched.objective) == (alone.status, alone.objective)


@pytest.mark.parametrize("phase", ["relax", "construct"])
def test_what_a_watcher_raises_reaches_the_caller(phase: str) -> None:
    def watch(progress: Progress) -> None:
        if progress.phase == phase:
            raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        solve(*values(LOOSE), limits=LONG, progress=watch)


def test_what_a_watcher_raises_in_a_quiet_search_reaches_the_caller() -> None:
    raised: list[float] = []

    def watch(progress: Progress) -> None:
        if progress.phase == "search" and progress.elapsed > 1 and not raised:
            raised.append(progress.elapsed)
            raise LookupError("mine")

    start = time.perf_counter()
    with pytest.raises(LookupError, match="mine"):
        solve(*values(TIGHT), limits=LONG, progress=watch)
    assert time.perf_counter() - start < 1 + PROMPTLY


def test_the_handler_of_interrupts_is_left_as_it_was() -> None:
    def mine(*_: object) -> None: ...

    before = signal.signal(signal.SIGINT, mine)
    try:
        for progress in (None, lambda _: None):
            solve(*values(LOOSE), limits=Limits(seconds=0.5, workers=1), progress=progress)
            assert signal.getsignal(signal.SIGINT) is mine
    finally:
        signal.signal(signal.SIGINT, before)


def test_an_interrupt_ends_a_solve_on_the_main_thread() -> None:
    code = """
import os, signal, threading, time
from groupsolver import Limits, solve
from tests.functional.solver.test_stop import LOOSE, values
threading.Timer(1.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
start = time.perf_counter()
try:
    solve(*values(LOOSE), limits=Limits(seconds=60, workers=1))
except KeyboardInterrupt:
    print("interrupted" if time.perf_counter() - start < 25 else "late")
"""
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=False, text=True, cwd=ROOT
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "interrupted\n", "")


def command(folder: Path, case: Case) -> list[str]:
    for name, document in zip(("app.json", "fleet.json"), case, strict=True):
        (folder / name).write_text(json.dumps(document))
    return [
        "place",
        str(folder / "app.json"),
        "--fleet",
        str(folder / "fleet.json"),
        "--workers",
        "1",
    ]


@pytest.mark.parametrize("case", [LOOSE, TIGHT], ids=["loose", "tight"])
def test_an_interrupt_in_a_pipe_ends_the_command_with_130_and_no_traceback(
    case: Case, tmp_path: Path
) -> None:
    argv = [sys.executable, "-m", "groupsolver", *command(tmp_path, case), "--time-limit", "120"]
    with subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        busy = psutil.Process(process.pid)
        while sum(busy.cpu_times()[:2]) < 4:  # seconds of its own: it has long begun to solve
            assert process.poll() is None
            time.sleep(0.05)
        start = time.perf_counter()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "groupsolver: interrupted\n")
    assert time.perf_counter() - start < PROMPTLY


@pytest.mark.parametrize(("case", "code"), [(TIGHT, 130), (LOOSE, 0)], ids=["tight", "loose"])
def test_an_interrupt_on_a_terminal_prints_the_best_so_far(
    case: Case, code: int, tmp_path: Path
) -> None:
    pytest.importorskip("pty")
    from tests.functional.cli.test_streams import Terminal

    terminal = Terminal("groupsolver", *command(tmp_path, case), "--time-limit", "120")
    terminal.read_until(lambda text: "search  " in text)
    time.sleep(1)
    start = time.perf_counter()
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == code
    assert time.perf_counter() - start < PROMPTLY
    assert "Traceback" not in terminal.text
    last = "60 members placed; objective" if code == 0 else "groupsolver: interrupted"
    assert last in terminal.text


def test_two_solves_at_once_on_one_compiled_fleet_give_what_they_give_one_after_the_other() -> None:
    _, fleet = values(loose(12, 12))
    compiled = compile_fleet(fleet)
    apps = [values(loose(12, 12, seed))[0] for seed in (1, 2)]
    alone = [solve(app, compiled, limits=LONG) for app in apps]
    assert {result.status for result in alone} == {"optimal"}
    start = threading.Barrier(2)

    def both(app: Application) -> Result:
        start.wait()
        return solve(app, compiled, limits=LONG)

    for _ in range(3):
        with ThreadPoolExecutor(2) as pool:
            together = list(pool.map(both, apps))
        assert [result.placement for result in together] == [result.placement for result in alone]
        assert [result.objective for result in together] == [result.objective for result in alone]
