"""Commands, and the arguments that several of them have."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, get_args

from groupsolver.cli.argument_types import bounded_integer, bounded_number
from groupsolver.cli.options import Options, Output
from groupsolver.cli.output.rows import add_rows
from groupsolver.model.result import Limits, Objective


def add_command(
    commands: Any, name: str, about: str, *, epilog: str | None = None
) -> argparse.ArgumentParser:
    """Add a command and return its parser."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=about, description=about, epilog=epilog, allow_abbrev=False
    )
    return parser


def add_actions(commands: Any, name: str, about: str) -> Callable[[str, str], Any]:
    """Add a command with actions of its own, such as ``fleet load`` and ``fleet show``.

    Returns
    -------
    callable
        Adds an action, by its name and its help, and returns its parser.
    """
    parser = add_command(commands, name, about)
    actions = parser.add_subparsers(title="actions", dest="action", required=True, metavar="action")
    return lambda action, help_: add_command(actions, action, help_)


def add_app(parser: Any) -> None:
    """Add the application's file."""
    help_ = "the application, YAML or JSON; - is standard input"
    parser.add_argument("app", metavar="APP", help=help_)


def add_fleet(parser: Any) -> None:
    """Add the file of the fleet, or of a cluster in its place."""
    add_fleet_files(parser.add_mutually_exclusive_group(required=True))


def add_fleet_files(group: Any) -> None:
    """Add the file of the fleet, and that of a cluster, to arguments of which one is given."""
    group.add_argument("--fleet", metavar="FILE", help="the fleet: YAML, JSON, CSV, Parquet")
    add_cluster(group)


def add_cluster(parser: Any, *, required: bool = False) -> None:
    """Add the file of a cluster."""
    help_ = "the cluster: a fleet and what runs on it, JSON"
    options = {"required": True} if required else {}
    parser.add_argument("--cluster", metavar="FILE", help=help_, **options)


def add_network(parser: Any) -> None:
    """Add the file of further links."""
    parser.add_argument("--network", metavar="FILE", help="further links of the fleet, GraphML")


def add_output(parser: Any) -> None:
    """Add the form of the answer, and that of the rows of its table."""
    help_ = "form of the answer (default: table)"
    parser.add_argument("--output", choices=get_args(Output), default="table", help=help_)
    add_rows(parser)


def add_objective(parser: Any) -> None:
    """Add what is minimized."""
    help_ = "what is minimized (default: pack)"
    parser.add_argument("--objective", choices=get_args(Objective), default="pack", help=help_)


def add_picture(parser: Any, what: str) -> None:
    """Add the file in which an answer is drawn."""
    parser.add_argument("--picture", metavar="FILE", help=f"{what}, as one HTML file")


def add_limits(parser: Any, *, gap: bool = True, whole: str = "the whole solve") -> None:
    """Add the limits of a solve; `whole` says what the time is for."""
    default = Limits()
    parser.add_argument(
        "--time-limit",
        type=bounded_number("a number of seconds above 0", lambda x: x > 0),
        default=default.seconds,
        metavar="S",
        help=f"seconds for {whole} (default: 30)",
    )
    if gap:
        parser.add_argument(
            "--gap",
            type=bounded_number("a fraction of at least 0", lambda x: x >= 0),
            default=default.gap,
            metavar="G",
            help="stop at a proved gap of this fraction, 0.01 for 1 %% (default: 0)",
        )
    parser.add_argument(
        "--workers",
        type=bounded_integer(0, 1024),
        default=default.workers,
        metavar="N",
        help="threads of the solver (default: all cores)",
    )
    parser.add_argument(
        "--seed",
        type=bounded_integer(0, 2**31 - 1),
        default=default.seed,
        metavar="N",
        help=(
            "with one worker and a proved answer, the same seed gives the same answer (default: 0)"
        ),
    )


def limits_of(options: Options) -> Limits:
    """Return the limits that the options ask for."""
    gap = getattr(options, "gap", Limits().gap)
    return Limits(seconds=options.time_limit, gap=gap, workers=options.workers, seed=options.seed)
