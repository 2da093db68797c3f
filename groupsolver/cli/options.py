"""The options of the command line, as they were given."""

from __future__ import annotations

import argparse
from typing import Any, Literal

from groupsolver.model.result import Objective

Output = Literal["table", "json", "yaml"]
Format = Literal["fleet", "app", "batch", "cluster", "result", "batch-result", "openapi"]


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
