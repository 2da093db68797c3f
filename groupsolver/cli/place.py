"""``groupsolver place``: two files in, a proved placement out."""

from __future__ import annotations

import gc
import json

from groupsolver.cli.arguments import limits_of
from groupsolver.cli.exits import OF_STATUS
from groupsolver.cli.inputs import load_both
from groupsolver.cli.options import Options
from groupsolver.cli.out import write
from groupsolver.cli.target import Target
from groupsolver.cli.watched import watched
from groupsolver.constraints import Application
from groupsolver.errors import BadInput
from groupsolver.files import dump_yaml
from groupsolver.files.reading import name_of
from groupsolver.model.compiled import CompiledFleet, compile_fleet
from groupsolver.model.result import Result, Watch


def place(options: Options) -> int:
    """Place the application, answer on standard output, and draw the picture."""
    app, fleet = load_both(options)
    inputs = [name for name in (options.app, options.fleet, options.network) if name is not None]
    target = Target(options.picture, inputs) if options.picture is not None else None
    compiled = compile_fleet(fleet)
    gc.freeze()  # what was read stays to the end: the collector need not look at it again
    limits = limits_of(options)

    from groupsolver.solver.solve import solve  # brings ortools: not before the files are known to be good

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
    if options.output == "json":
        write(json.dumps(result.document(), indent=2) + "\n")
    elif options.output == "yaml":
        write(dump_yaml(result.document()))
    else:
        from groupsolver.cli.table import print_table

        print_table(app, compiled.index, result, options.objective)
