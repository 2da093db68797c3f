"""The files that most commands read: an application, a fleet, further links, a result."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

from groupsolver.checking.check import index_of
from groupsolver.cli.options import Options
from groupsolver.cluster.cluster import Cluster
from groupsolver.constraints.registry import Application
from groupsolver.errors import BadInput, Fault
from groupsolver.files import load_application, load_columns, load_fleet, load_result
from groupsolver.files.column_files import is_column_file
from groupsolver.files.graphml import load_links, with_links
from groupsolver.files.reading import name_of
from groupsolver.model.compiled.compiled_fleet import CompiledFleet, compile_fleet
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.model.fleet import Fleet, Link
from groupsolver.model.result import Placement, Result


def load_indexed(options: Options) -> tuple[Application, HostIndex]:
    """Read the application, and the fleet as the checker reads it: `load_both` without arrays."""
    if options.cluster is not None:
        app, compiled = load_both(options)
        return app, compiled.index
    given, fleet = _load_files(options)
    return given, fleet.index if isinstance(fleet, CompiledFleet) else index_of(fleet)


def load_both(options: Options) -> tuple[Application, CompiledFleet]:
    """Read the application and the fleet.

    With a cluster, the application has everything that runs and concerns it.

    Raises
    ------
    BadInput
        With the faults of all files together.
    """
    if options.cluster is None:
        given, fleet = _load_files(options)
        return given, compiled_fleet(fleet)
    faults: list[Fault] = []
    app = None
    cluster = None
    try:
        app = load_named(options)
    except BadInput as error:
        faults += error.faults
    try:
        cluster = Cluster.load(options.cluster)
    except BadInput as error:
        faults += error.faults
    if app is None or cluster is None:
        raise BadInput(faults)
    try:
        composed, compiled = cluster.with_running(app)
    except BadInput as error:
        raise error.in_file(name_of(options.app)) from None
    return cast(Application, composed), compiled


def load_named(options: Options) -> Application:
    """Read the application with the name that it has in a cluster.

    That is `--name`, its own name, or that of its file without the ending.
    """
    app = load_app(options)
    stem = "application" if options.app == "-" else Path(options.app).name.partition(".")[0]
    name = getattr(options, "name", None) or app.name or stem or "application"
    return app.model_copy(update={"name": name})


def _load_files(options: Options) -> tuple[Application, Fleet | CompiledFleet]:
    """Read the application, the fleet and further links.

    Raises
    ------
    BadInput
        With the faults of all files together.
    """
    faults: list[Fault] = []
    app = None
    fleet = None
    try:
        app = load_app(options)
    except BadInput as error:
        faults += error.faults
    try:
        fleet = load_fleet_file(options)
    except BadInput as error:
        faults += error.faults
    if app is None or fleet is None:
        raise BadInput(faults)
    return app, fleet


def compiled_fleet(fleet: Fleet | CompiledFleet) -> CompiledFleet:
    """Return a fleet that was read, compiled."""
    return fleet if isinstance(fleet, CompiledFleet) else compile_fleet(fleet)


def load_app(options: Options) -> Application:
    """Read the application, whose file may have been read before. Raises `BadInput`."""
    if options.document is not None:
        found: Application = options.document.application()
        return found
    return load_application(options.app)


def load_fleet_file(options: Options) -> Fleet | CompiledFleet:
    """Read the fleet and further links; a fleet of columns is compiled.

    Raises
    ------
    BadInput
        With the faults of both files.
    """
    faults: list[Fault] = []
    fleet: Fleet | CompiledFleet | None = None
    links: tuple[Link, ...] = ()
    of_links: tuple[Fault, ...] = ()
    try:
        links = () if options.network is None else load_links(options.network)
    except BadInput as error:
        of_links = error.faults
    try:
        fleet = _load_fleet(options, links)
    except BadInput as error:
        faults += error.faults
    faults += of_links
    if fleet is None or faults:
        raise BadInput(faults)
    return fleet


def _load_fleet(options: Options, links: tuple[Link, ...]) -> Fleet | CompiledFleet:
    """Read the fleet, and put further links into it. Raises `BadInput`."""
    if is_column_file(options.fleet):
        try:
            return load_columns(options.fleet, links=links)
        except ImportError as error:
            raise BadInput([Fault("missing-package", "", str(error))]) from None
    fleet = load_fleet(options.fleet)
    return with_links(fleet, links, name_of(str(options.network))) if links else fleet


def load_placement(path: str, expected: str) -> tuple[Result, Placement]:
    """Read a result that has a placement.

    Raises
    ------
    BadInput
        Also where it has none; `expected` says what the placement is needed for.
    """
    result = load_result(path)
    if result.placement is None:
        message = f"expected {expected}, found null: the result is {result.status}"
        raise BadInput([Fault("no-placement", "placement", message, name_of(path))])
    return result, result.placement


def in_input_file(fault: Fault, options: Options) -> Fault:
    """Return a fault with the name of the file that it is in: the application or the placement."""
    of_placement = fault.path.startswith(("placement", "cells."))
    if of_placement and options.placement is not None:
        return replace(fault, file=name_of(options.placement))
    return replace(fault, file=name_of(options.app))
