"""What needs a process of its own.

Peak memory, the command line from files, the time of an import.
"""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.baselines import textbook
from benchmarks.support.applications import application
from benchmarks.support.fleets import fleet
from groupsolver.model.compiled.compiled_fleet import compile_fleet
from groupsolver.model.result import Limits

_ROOT = Path(__file__).resolve().parents[2]
_HEAVY = ("ortools", "sqlalchemy", "networkx")


def _python(*args: str, codes: tuple[int, ...] = (0,)) -> tuple[float, str]:
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *args], cwd=_ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode not in codes:
        raise RuntimeError(f"{args[:3]} ended with {done.returncode}: {done.stderr[-500:]}")
    return time.perf_counter() - start, done.stdout


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def peak_memory(hosts: int, solver: str, seed: int = 0) -> dict[str, Any]:
    """Measure the peak memory, in MB, of a fresh process that draws a fleet and places once."""
    _, out = _python("-m", "benchmarks.support.processes", str(hosts), solver, str(seed))
    return {"hosts": hosts, "solver": solver, **json.loads(out)}


def peak_megabytes() -> float:
    """Return the peak memory of this process so far, in MB."""
    # Linux hands ru_maxrss on from the parent through fork and exec: ask for this program's own
    # there.
    status = Path("/proc/self/status")
    if status.exists() and (found := re.search(r"VmHWM:\s+(\d+) kB", status.read_text())):
        return int(found.group(1)) / 1024
    # Kilobytes on Linux, bytes on macOS.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        1 << 20 if sys.platform == "darwin" else 1 << 10
    )


def _place_once(hosts: int, solver: str, seed: int) -> dict[str, float]:
    made = compile_fleet(fleet(hosts, seed))
    app = application(made, seed)
    before = peak_megabytes()
    if solver == "textbook":
        textbook.place(app, made, seed=seed)
    else:
        from groupsolver.solver.pipeline import solve

        solve(app, made, limits=Limits(seconds=10, workers=1, seed=seed), explain=False)
    return {"fleet_mb": round(before, 1), "peak_mb": round(peak_megabytes(), 1)}


def from_files(hosts: int, seed: int) -> dict[str, Any]:
    """Time ``groupsolver place`` on JSON files, the whole process, one worker."""
    made = fleet(hosts, seed)
    app = application(made, seed)
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder)
        (where / "fleet.json").write_text(json.dumps(made.document()))
        (where / "app.json").write_text(json.dumps(app.document()))
        files = (str(where / "app.json"), "--fleet", str(where / "fleet.json"))
        before = _children()
        args = ("place", *files, "--output", "json", "--workers", "1", "--time-limit", "10")
        # 3: no answer in time, which is a figure too.
        seconds, out = _python("-m", "groupsolver", *args, codes=(0, 3))
    cpu, status = _children() - before, json.loads(out)["status"]
    return {
        "hosts": hosts,
        "seed": seed,
        "seconds": round(seconds, 3),
        "cpu": round(cpu, 3),
        "status": status,
    }


def import_time(times: int = 5) -> dict[str, Any]:
    """Time ``import groupsolver`` in fresh processes.

    And name the heavy packages that it brings.
    """
    code = (
        "import sys, time; start, cpu = time.perf_counter(), time.process_time(); "
        "import groupsolver; "
        "print(time.perf_counter() - start, time.process_time() - cpu, "
        f"*[name for name in {_HEAVY!r} if name in sys.modules])"
    )
    outs = [_python("-c", code)[1].split() for _ in range(times)]
    seconds, cpu = (sorted(float(out[i]) for out in outs)[times // 2] for i in (0, 1))
    return {"seconds": round(seconds, 3), "cpu": round(cpu, 3), "brings": outs[0][2:]}


if __name__ == "__main__":
    print(json.dumps(_place_once(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))))
