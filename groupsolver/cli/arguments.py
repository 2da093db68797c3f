"""Arguments that several commands have."""

from __future__ import annotations

import argparse
from typing import Any, Literal, get_args

from groupsolver.cli.argument_types import integer, number
from groupsolver.model.result import Limits, Objective

Output = Literal["table", "json", "yaml"]


def add_app(parser: Any) -> None:
    """Add the application."""
    parser.add_argument(
        "app", metavar="APP", help="the application, YAML or JSON; - is standard input"
    )


def add_fleet(parser: Any, *, required: bool = True) -> None:
    """Add the fleet."""
    parser.add_argument(
        "--fleet", required=required, metavar="FILE", help="the fleet, YAML or JSON"
    )


def add_network(parser: Any) -> None:
    """Add further links."""
    parser.add_argument("--network", metavar="FILE", help="further links of the fleet, GraphML")


def add_output(parser: Any) -> None:
    """Add how to answer."""
    formats = get_args(Output)
    parser.add_argument(
        "--output", choices=formats, default="table", help="how to answer (default: table)"
    )


def add_objective(parser: Any) -> None:
    """Add what is minimized."""
    choices = get_args(Objective)
    parser.add_argument(
        "--objective", choices=choices, default="pack", help="what is minimized (default: pack)"
    )


def add_limits(parser: Any, *, gap: bool = True, whole: str = "the whole solve") -> None:
    """Add the bounds of a solve; `whole` says what the time is for."""
    default, add = Limits(), parser.add_argument
    add(
        "--time-limit",
        type=number("a number of seconds above 0", lambda x: x > 0),
        default=default.seconds,
        metavar="S",
        help=f"seconds for {whole} (default: 30)",
    )
    if gap:
        add(
            "--gap",
            type=number("a fraction of at least 0", lambda x: x >= 0),
            default=default.gap,
            metavar="G",
            help="stop at a proved gap of this fraction, 0.01 for 1 %% (default: 0)",
        )
    add(
        "--workers",
        type=integer(0, 1024),
        default=default.workers,
        metavar="N",
        help="threads of the solver (default: all cores)",
    )
    add(
        "--seed",
        type=integer(0, 2**31 - 1),
        default=default.seed,
        metavar="N",
        help="with one worker and a proved answer, the same seed gives the same answer (default: 0)",
    )


def limits_of(options: argparse.Namespace) -> Limits:
    """Give the bounds that were asked for."""
    gap = getattr(options, "gap", Limits().gap)
    return Limits(seconds=options.time_limit, gap=gap, workers=options.workers, seed=options.seed)
