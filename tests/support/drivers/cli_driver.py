"""The command with a solver that only waits to be stopped: run in a process of its own.

``python -m tests.support.drivers.cli_driver HOW ARGS``. HOW is one of

- ``finds``: it has a placement when it is asked to stop;
- ``lacks``: it has none;
- ``deaf``: it ignores that it is asked to stop.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

from groupsolver.cli.main import main
from groupsolver.model.result import Progress, Result

HOW = sys.argv[1]


def solve(*_: Any, progress: Any, **__: Any) -> Result:
    start = time.perf_counter()
    if "STARTED" in os.environ:  # the caller waits for this file
        Path(os.environ["STARTED"]).touch()
    while HOW == "deaf" or not progress(
        Progress("search", time.perf_counter() - start, 1234, 1200)
    ):
        if time.perf_counter() - start > 60:
            raise AssertionError("nobody stopped the solve")
        time.sleep(0.02)
    if HOW == "finds":
        return Result(
            status="feasible", placement={"LB/0": "h2"}, objective=1234, bound=1200, gap=0.0275
        )
    return Result(status="unknown")


module = ModuleType("groupsolver.solver.pipeline")
module.solve = solve  # type: ignore[attr-defined]
sys.modules[module.__name__] = module
sys.exit(main(sys.argv[2:]))
