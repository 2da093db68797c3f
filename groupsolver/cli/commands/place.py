"""``groupsolver place``: two files in, a proved placement out."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import TYPE_CHECKING

from groupsolver.cli.arguments import limits_of
from groupsolver.cli.exit_codes import OF_STATUS
from groupsolver.cli.inputs import load_both
from groupsolver.cli.options import Options
from groupsolver.cli.output.atomic_file import Target
from groupsolver.cli.output.progress import watched
from groupsolver.cli.output.stdout import give
from groupsolver.constraints.registry import Application
from groupsolver.errors import BadInput
from groupsolver.files.reading import name_of
from groupsolver.model.compiled.compiled_fleet import CompiledFleet, compile_fleet
from groupsolver.model.result import Result, Watch

if TYPE_CHECKING:
    from groupsolver.cli.output.styled_lines import Line


def place(options: Options) -> int:
    """Place the application, answer on standard output, and draw the picture."""
    app, fleet = load_both(options)
    inputs = [name for name in (options.app, options.fleet, options.network) if name is not None]
    target = Target(options.picture, inputs) if options.picture is not None else None
    compiled = compile_fleet(fleet)
    gc.freeze()  # what was read stays to the end: the collector need not look at it again
    limits = limits_of(options)

    from groupsolver.solver.pipeline import (
        solve,  # brings ortools: not before the files are known to be good
    )

    def run(watch: Watch) -> Result:
        return solve(app, compiled, objective=options.objective, limits=limits, progress=watch)

    try:
        result, interrupted = watched(run)
    except BadInput as error:
        raise error.in_file(name_of(options.app)) from None
    if interrupted and result.status == "unknown":
        raise KeyboardInterrupt
    answer(options, app, compiled, result)
    if target is not None and result.placed:
        from groupsolver.picture import picture

        target.write(picture(app, compiled.index, result, objective=options.objective))
    return OF_STATUS[result.status]


def answer(options: Options, app: Application, compiled: CompiledFleet, result: Result) -> None:
    """Write a result in the form that was asked for."""

    def lines() -> Iterator[Line]:
        from groupsolver.cli.output.placement_table import lines_of

        return lines_of(app, compiled.index, result, options.objective)

    give(options.output, result.document(), lines)
