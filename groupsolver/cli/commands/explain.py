"""``groupsolver explain``: why an application cannot be placed, and what would help."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from groupsolver.cli import arguments
from groupsolver.cli.exit_codes import Exit
from groupsolver.cli.inputs import load_both
from groupsolver.cli.output.progress import watched
from groupsolver.cli.output.stdout import give
from groupsolver.cli.whatif.costs import costs_of
from groupsolver.constraints.registry import Application
from groupsolver.errors import BadInput
from groupsolver.files.reading import name_of
from groupsolver.model.change_costs import Costs
from groupsolver.model.compiled.compiled_fleet import compile_fleet
from groupsolver.model.result import Explanation, Watch

if TYPE_CHECKING:
    from groupsolver.cli.output.styled_lines import Line


def add_parser(commands: Any) -> None:
    """Add ``explain`` to the command line."""
    about = "say why an application cannot be placed, and which changes would help"
    parser = commands.add_parser("explain", help=about, description=about, allow_abbrev=False)
    arguments.add_app(parser)
    arguments.add_fleet(parser)
    arguments.add_network(parser)
    arguments.add_output(parser)
    add = parser.add_argument
    add(
        "--all",
        action="store_true",
        help="go on with further conflicts that have no rule in common",
    )
    add("--no-fixes", action="store_true", help="look for no changes that would help")
    kinds = ", ".join(f"{kind} {getattr(Costs(), kind)}" for kind in Costs.model_fields)
    cost = f"what changes of a kind cost, none where they are not to be proposed; may be given again (default: {kinds})"
    add("--cost", action="append", default=[], metavar="KIND=N", help=cost)
    arguments.add_objective(parser)
    arguments.add_limits(parser, gap=False, whole="the answer and all that explains it")


def run(options: argparse.Namespace) -> int:
    """Explain on standard output. Raises `BadInput`."""
    costs = costs_of(options.cost)
    app, fleet = load_both(options)
    compiled = compile_fleet(fleet)
    limits = arguments.limits_of(options)

    from groupsolver.solver.pipeline import (
        explain,  # brings ortools: not before the files are known to be good
    )

    def work(watch: Watch) -> Explanation:
        wanted = {"fixes": not options.no_fixes, "every": options.all}
        return explain(
            app,
            compiled,
            objective=options.objective,
            limits=limits,
            costs=costs,
            progress=watch,
            **wanted,
        )

    try:
        result, interrupted = watched(work)
    except BadInput as error:
        raise error.in_file(name_of(options.app)) from None
    if interrupted and result.status == "unknown":
        raise KeyboardInterrupt
    give(options.output, result.document(), lambda: _lines(options, app, result))
    return Exit.UNKNOWN if result.status == "unknown" else Exit.OK


def _lines(options: argparse.Namespace, app: Application, result: Explanation) -> Iterator[Line]:
    from groupsolver.cli.output.conflict_report import against
    from groupsolver.cli.output.placement_table import COLOUR, head
    from groupsolver.cli.output.styled_lines import section

    if result.conflict is None:
        yield head(app, result, options.objective), COLOUR[result.status]
        if result.placed:
            yield "It can be placed: groupsolver place says where.", ""
    else:
        yield from against(app, result)
        if not result.conflict.fixes and not options.no_fixes:
            yield "No change that would help was found.", "yellow"
    if result.warnings:
        yield from section("warnings")
        yield from ((f"  {warning}", "yellow") for warning in result.warnings)
