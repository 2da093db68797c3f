"""``groupsolver place``: applications and a fleet in, a proved placement out."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any, cast

from groupsolver.cli import arguments
from groupsolver.cli.argument_types import named_value
from groupsolver.cli.batch_files import given_documents
from groupsolver.cli.batch_placement import place_batch
from groupsolver.cli.exit_codes import OF_STATUS
from groupsolver.cli.inputs import load_both, load_named
from groupsolver.cli.options import Options
from groupsolver.cli.output.answer import write_answer
from groupsolver.cli.output.picture_file import PictureFile
from groupsolver.cli.output.placement_rows import placement_titles, write_placement_rows
from groupsolver.cli.output.placement_table import result_lines
from groupsolver.cli.output.progress import INTERRUPTED, run_watched
from groupsolver.cli.output.rows import check_columns, rows_wanted
from groupsolver.cli.remote.connection import add_identity, add_url
from groupsolver.cluster.cluster import Cluster
from groupsolver.constraints.registry import Application
from groupsolver.errors import BadInput
from groupsolver.files.reading import name_of
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.result import Result, Watch


def add_parser(commands: Any) -> None:
    """Add ``place`` to the command line."""
    about = "place an application on a fleet, or several, or prove that it cannot be done"
    parser = arguments.add_command(commands, "place", about)
    apps_help = (
        "the application, YAML or JSON; - is standard input. Several, or a file with "
        "applications, are a batch: each is placed whole, all or none"
    )
    parser.add_argument("apps", metavar="APP", nargs="+", help=apps_help)
    fleet_or_server = parser.add_mutually_exclusive_group(required=True)
    arguments.add_fleet_files(fleet_or_server)
    add_url(fleet_or_server, required=False)
    arguments.add_network(parser)
    add_identity(parser)
    arguments.add_output(parser)
    arguments.add_objective(parser)
    arguments.add_limits(parser)
    dry_run_help = "with --cluster: commit nothing"
    parser.add_argument("--dry-run", action="store_true", help=dry_run_help)
    name_help = "with --cluster: the name under which it runs (default: its own, or the file's)"
    parser.add_argument("--name", metavar="NAME", help=name_help)
    partial_help = "of a batch: place the most valuable that fit, and leave out the others"
    parser.add_argument("--partial", action="store_true", help=partial_help)
    parser.add_argument(
        "--value",
        dest="values",
        action="append",
        type=named_value,
        metavar="NAME=N",
        help="of a batch: what an application is worth (default: its number of new members)",
    )
    arguments.add_picture(parser, "draw the placement, or the conflict over what runs")


def run(options: Options) -> int:
    """Place the application on the fleet, or on a server; or a batch. Raises `BadInput`."""
    documents = given_documents(options)
    options.app = options.apps[0]
    options.document = documents[0]
    batch_only = options.partial or options.values is not None
    if len(documents) > 1 or documents[0].is_batch or batch_only:
        return place_batch(options, documents)
    if options.url is not None:
        from groupsolver.cli.remote.placement import place_on_server

        return place_on_server(options)
    return _place(options)


def _place(options: Options) -> int:
    """Place the application, write the answer to standard output, and draw the picture."""
    picture_file = PictureFile(options)
    if options.cluster is None or options.dry_run:
        app, compiled = load_both(options)
        check_columns(options, placement_titles(compiled.levels))
        result = _solve(options, app, compiled)
    else:
        app, compiled, result = _place_on_cluster(options)
    if rows_wanted(options):
        write_placement_rows(options, app, compiled.index, result)
    else:
        write_answer(
            options.output,
            result.document(),
            lambda: result_lines(app, compiled.index, result, options.objective),
        )
    picture_file.write(app, compiled, result)
    return OF_STATUS[result.status]


def _solve(options: Options, app: Application, compiled: CompiledFleet) -> Result:
    # Loads ortools: not before the files are known to be good.
    from groupsolver.solver.pipeline import solve

    limits = arguments.limits_of(options)

    def work(watch: Watch) -> Result:
        return solve(app, compiled, objective=options.objective, limits=limits, progress=watch)

    return _run(options, work)


def _place_on_cluster(options: Options) -> tuple[Application, CompiledFleet, Result]:
    """Place the application and commit it. Return what was solved, too.

    The file is written before the answer: what is shown is there.
    """
    named = load_named(options)
    limits = arguments.limits_of(options)
    with Cluster.open(options.cluster or "", wait=options.time_limit) as cluster:

        def work(watch: Watch) -> Result:
            objective = options.objective
            name = named.name or ""
            return cluster.place(name, named, objective=objective, limits=limits, progress=watch)

        before = cluster.snapshot()
        check_columns(options, placement_titles(before.fleet.levels))
        result = _run(options, work)
        app, compiled = before.with_running(named)
    return cast(Application, app), compiled, result


def _run(options: Options, work: Callable[[Watch], Result]) -> Result:
    """Run a solve; Ctrl-C stops it with the best so far."""
    gc.freeze()  # the inputs live to the end: the garbage collector need not visit them again
    try:
        result, interrupted = run_watched(work)
    except BadInput as error:
        raise error.in_file(name_of(options.app)) from None
    if interrupted and result.status == "unknown":
        raise KeyboardInterrupt
    if interrupted and result.status != "optimal":
        return result.model_copy(update={"warnings": (*result.warnings, INTERRUPTED)})
    return result
