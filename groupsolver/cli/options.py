"""The options of the command line, as they were given."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any, Literal

from groupsolver.errors import BadInput
from groupsolver.model.result import Objective

Output = Literal["table", "json", "yaml"]
Format = Literal["fleet", "app", "batch", "cluster", "result", "batch-result", "openapi"]


def of_options(error: BadInput, *names: str) -> BadInput:
    """Return an error whose faults of arguments of these names are faults of options."""
    faults = [
        replace(fault, path=f"--{fault.path}") if fault.path in names else fault
        for fault in error.faults
    ]
    return BadInput(faults)


class Options(argparse.Namespace):
    """Options that several commands share; the command decides which of them exist.

    Options of one command alone are read as attributes, too. They have no type here.
    """

    command: str
    parser: argparse.ArgumentParser
    app: str
    apps: list[str]  # of `place`; `app` is the first
    partial: bool
    values: list[tuple[str, int]] | None
    name: str | None
    dry_run: bool
    document: Any = None  # the application's file, where it was read before
    fleet: str
    cluster: str | None = None
    network: str | None
    url: str | None
    tenant: str
    token: str | None
    placement: str | None
    format: Format
    objective: Objective
    output: Output
    rows: str | None = None  # the form of the rows of a table
    columns: list[str] | None = None
    time_limit: float
    gap: float
    workers: int
    seed: int
    picture: str | None
