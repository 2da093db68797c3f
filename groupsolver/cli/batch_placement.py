"""``groupsolver place`` of several applications, each whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from groupsolver.cli import arguments
from groupsolver.cli.batch_files import (
    GivenBatch,
    GivenDocument,
    parse_values,
    refuse_single_options,
)
from groupsolver.cli.exit_codes import OF_STATUS, Exit
from groupsolver.cli.inputs import compiled_fleet, load_fleet_file
from groupsolver.cli.options import Options
from groupsolver.cli.output.answer import write_answer
from groupsolver.cli.output.batch_table import BATCH_TITLES, batch_lines, write_batch_rows
from groupsolver.cli.output.progress import INTERRUPTED, run_watched
from groupsolver.cli.output.rows import check_columns, rows_wanted
from groupsolver.cluster.cluster import Cluster
from groupsolver.errors import BadInput, Fault
from groupsolver.files.atomic_file import AtomicFile
from groupsolver.model.answers.batch import BatchResult
from groupsolver.model.application import BETWEEN, Application
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.result import Result, Watch

Solved = tuple[BatchResult, CompiledFleet]


def place_batch(options: Options, documents: list[GivenDocument]) -> int:
    """Place the applications, write the answer, and draw the picture. Raises `BadInput`."""
    refuse_single_options(options)
    check_columns(options, BATCH_TITLES)
    picture_file = None
    if options.picture is not None:
        paths = [*options.apps, options.fleet, options.cluster, options.network]
        picture_file = AtomicFile(options.picture, [path for path in paths if path is not None])
    result, batch, compiled = _place(options, documents)
    if rows_wanted(options):
        write_batch_rows(options, result)
    else:
        write_answer(
            options.output, result.document(), lambda: batch_lines(result, options.objective)
        )
    if picture_file is not None and result.status != "unknown":
        picture_file.write(_drawn(options, batch, result, compiled))
    return exit_code(result)


def exit_code(result: BatchResult) -> Exit:
    """Return 0 where all are placed, 5 where some are, and otherwise why none is."""
    if result.placed:
        return Exit.OK if len(result.placed) == len(result.applications) else Exit.SOME_LEFT_OUT
    # Where none is placed and nothing better exists, that is proved.
    return Exit.INFEASIBLE if result.status == "optimal" else OF_STATUS[result.status]


def _place(
    options: Options, documents: list[GivenDocument]
) -> tuple[BatchResult, GivenBatch, CompiledFleet]:
    """Solve on the fleet, or on the cluster, and commit there. Raises `BadInput`."""
    faults: list[Fault] = []
    batch = None
    fleet = None
    cluster = None
    try:
        batch = GivenBatch.of(documents)
    except BadInput as error:
        faults += error.faults
    try:
        if options.cluster is None:
            fleet = compiled_fleet(load_fleet_file(options))
        elif options.dry_run:
            cluster = Cluster.load(options.cluster)
    except BadInput as error:
        faults += error.faults
    if batch is None or faults:
        raise BadInput(faults)
    values = parse_values(options, batch)
    if fleet is not None:
        return _solve(options, batch, values, fleet), batch, fleet
    if cluster is not None:
        before = cluster.snapshot().compiled()
        return _on_cluster(options, batch, values, cluster), batch, before
    with Cluster.open(options.cluster or "", wait=options.time_limit) as opened:
        before = opened.snapshot().compiled()
        return _on_cluster(options, batch, values, opened), batch, before


def _solve(
    options: Options, batch: GivenBatch, values: dict[str, int], fleet: CompiledFleet
) -> BatchResult:
    # Loads ortools: not before the files are known to be good.
    from groupsolver.solver.batch.pipeline import solve_many

    def work(watch: Watch) -> BatchResult:
        return solve_many(
            batch.applications,
            fleet,
            partial=options.partial,
            values=values,
            objective=options.objective,
            limits=arguments.limits_of(options),
            progress=watch,
        )

    return _run(batch, work)


def _on_cluster(
    options: Options, batch: GivenBatch, values: dict[str, int], cluster: Cluster
) -> BatchResult:
    def work(watch: Watch) -> BatchResult:
        return cluster.place_many(
            batch.applications,
            partial=options.partial,
            values=values,
            objective=options.objective,
            limits=arguments.limits_of(options),
            progress=watch,
        )

    return _run(batch, work)


def _run(batch: GivenBatch, work: Callable[[Watch], BatchResult]) -> BatchResult:
    """Run a solve; Ctrl-C stops it with the best so far."""
    try:
        result, interrupted = run_watched(work)
    except BadInput as error:
        raise batch.in_files(error) from None
    if interrupted and result.status == "unknown":
        raise KeyboardInterrupt
    if interrupted and result.status != "optimal":
        return result.model_copy(update={"warnings": (*result.warnings, INTERRUPTED)})
    return result


def _drawn(
    options: Options, batch: GivenBatch, result: BatchResult, compiled: CompiledFleet
) -> str:
    """Return the picture of all that is placed, on one fleet."""
    from groupsolver.picture import picture
    from groupsolver.solver.batch.merging import MergedApplications

    placed = {name: batch.applications[name] for name in result.placed}
    if not placed:
        placed = batch.applications
    merged = MergedApplications({name: _closed(app, placed) for name, app in placed.items()})
    entries = [entry for entry in result.applications if entry.placed]
    drawn = Result(
        status=result.status if entries else "infeasible",
        placement=_qualified(entries, "placement") if entries else None,
        cells=_qualified(entries, "cells"),
        objective=result.objective,
        bound=result.bound,
        gap=result.gap,
        penalties=result.penalties,
        warnings=result.warnings,
        seconds=result.seconds,
        method=result.method,
    )
    return picture(merged.app, compiled.index, drawn, objective=options.objective)


def _qualified(entries: list[Any], key: str) -> dict[str, str]:
    return {
        f"{entry.name}{BETWEEN}{member}": said
        for entry in entries
        for member, said in (getattr(entry, key) or {}).items()
    }


def _closed(app: Application[Any], drawn: dict[str, Any]) -> Application[Any]:
    """Return an application without the policies that name groups of what is not drawn."""
    groups = [
        group.model_copy(
            update={
                "policies": tuple(
                    policy
                    for policy in group.policies
                    if policy.target is None
                    or BETWEEN not in policy.target
                    or policy.target.partition(BETWEEN)[0] in drawn
                )
            }
        )
        for group in app.groups
    ]
    return app.model_copy(update={"groups": tuple(groups)})
