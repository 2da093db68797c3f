"""``groupsolver place``: an application and a fleet in, a proved placement out."""

from __future__ import annotations

import gc
from typing import Any

from groupsolver.cli import arguments
from groupsolver.cli.exit_codes import OF_STATUS
from groupsolver.cli.inputs import load_both
from groupsolver.cli.options import Options
from groupsolver.cli.output.answer import write_answer
from groupsolver.cli.output.placement_table import result_lines
from groupsolver.cli.output.progress import run_watched
from groupsolver.cli.remote.connection import add_identity, add_url
from groupsolver.errors import BadInput
from groupsolver.files.atomic_file import AtomicFile
from groupsolver.files.reading import name_of
from groupsolver.model.compiled.compiled_fleet import compile_fleet
from groupsolver.model.result import Result, Watch


def add_parser(commands: Any) -> None:
    """Add ``place`` to the command line."""
    about = "place an application on a fleet, or prove that it cannot be done"
    parser = arguments.add_command(commands, "place", about)
    arguments.add_app(parser)
    fleet_or_server = parser.add_mutually_exclusive_group(required=True)
    arguments.add_fleet(fleet_or_server, required=False)
    arguments.add_network(parser)
    add_url(fleet_or_server, required=False)
    add_identity(parser)
    arguments.add_output(parser)
    arguments.add_objective(parser)
    arguments.add_limits(parser)
    picture_help = "draw the placement as one HTML file"
    parser.add_argument("--picture", metavar="FILE", help=picture_help)


def run(options: Options) -> int:
    """Place the application on the fleet, or on a server. Raises `BadInput`."""
    if options.url is not None:
        from groupsolver.cli.remote.placement import place_on_server

        return place_on_server(options)
    return _place(options)


def _place(options: Options) -> int:
    """Place the application, write the answer to standard output, and draw the picture."""
    app, fleet = load_both(options)
    picture_file = None
    if options.picture is not None:
        paths = [options.app, options.fleet, options.network]
        picture_file = AtomicFile(options.picture, [path for path in paths if path is not None])
    compiled = compile_fleet(fleet)
    gc.freeze()  # the inputs live to the end: the garbage collector need not visit them again
    limits = arguments.limits_of(options)

    # Loads ortools: not before the files are known to be good.
    from groupsolver.solver.pipeline import solve

    def work(watch: Watch) -> Result:
        return solve(app, compiled, objective=options.objective, limits=limits, progress=watch)

    try:
        result, interrupted = run_watched(work)
    except BadInput as error:
        raise error.in_file(name_of(options.app)) from None
    if interrupted and result.status == "unknown":
        raise KeyboardInterrupt
    write_answer(
        options.output,
        result.document(),
        lambda: result_lines(app, compiled.index, result, options.objective),
    )
    if picture_file is not None and result.placed:
        from groupsolver.picture import picture

        picture_file.write(picture(app, compiled.index, result, objective=options.objective))
    return OF_STATUS[result.status]
