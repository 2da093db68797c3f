"""``groupsolver explain``: why an application cannot be placed, and what would help."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from groupsolver.cli import arguments
from groupsolver.cli.exit_codes import Exit
from groupsolver.cli.inputs import load_both
from groupsolver.cli.options import Options
from groupsolver.cli.output.answer import write_answer
from groupsolver.cli.output.conflict_report import conflict_lines
from groupsolver.cli.output.picture_file import PictureFile
from groupsolver.cli.output.placement_table import STATUS_STYLE, headline
from groupsolver.cli.output.progress import INTERRUPTED, run_watched
from groupsolver.cli.output.rows import check_columns, print_notes, rows_wanted, write_rows
from groupsolver.cli.output.styled_lines import Line, warning_lines
from groupsolver.cli.whatif.costs import parse_costs
from groupsolver.constraints.registry import Application
from groupsolver.errors import BadInput
from groupsolver.files.fault_text import refuse
from groupsolver.files.reading import name_of
from groupsolver.model.change_costs import Costs
from groupsolver.model.result import Explanation, Watch

_TITLES = ("cost", "change")


def add_parser(commands: Any) -> None:
    """Add ``explain`` to the command line."""
    about = "explain why an application cannot be placed, and which changes would help"
    parser = arguments.add_command(commands, "explain", about)
    arguments.add_app(parser)
    arguments.add_fleet(parser)
    arguments.add_network(parser)
    arguments.add_output(parser)
    all_help = "list further conflicts, too, which have no rule in common"
    parser.add_argument("--all", action="store_true", help=all_help)
    no_fixes_help = "do not look for changes that would help"
    parser.add_argument("--no-fixes", action="store_true", help=no_fixes_help)
    defaults = ", ".join(f"{kind} {getattr(Costs(), kind)}" for kind in Costs.model_fields)
    cost_help = (
        "what a kind of change costs; none: never propose it; may be given again "
        f"(default: {defaults})"
    )
    parser.add_argument("--cost", action="append", default=[], metavar="KIND=N", help=cost_help)
    arguments.add_objective(parser)
    arguments.add_limits(parser, gap=False, whole="the answer and all that explains it")
    arguments.add_picture(parser, "draw the conflict over what runs, or the placement")


def run(options: Options) -> int:
    """Write the explanation to standard output, and draw the picture. Raises `BadInput`."""
    costs = parse_costs(options.cost)
    check_columns(options, _TITLES)
    if rows_wanted(options) and options.no_fixes:
        message = "expected fixes: --format and --column write the rows of their table"
        raise refuse("wrong-value", message, "--no-fixes")
    picture_file = PictureFile(options)
    app, compiled = load_both(options)
    limits = arguments.limits_of(options)

    # Loads ortools: not before the files are known to be good.
    from groupsolver.solver.pipeline import explain

    def work(watch: Watch) -> Explanation:
        return explain(
            app,
            compiled,
            objective=options.objective,
            limits=limits,
            costs=costs,
            progress=watch,
            fixes=not options.no_fixes,
            every=options.all,
        )

    try:
        result, interrupted = run_watched(work)
    except BadInput as error:
        raise error.in_file(name_of(options.app)) from None
    if interrupted and result.status == "unknown":
        raise KeyboardInterrupt
    if interrupted:
        result = result.model_copy(update={"warnings": (*result.warnings, INTERRUPTED)})
    if rows_wanted(options):
        _write_rows(options, app, result)
    else:
        write_answer(options.output, result.document(), lambda: _lines(options, app, result))
    picture_file.write(app, compiled, result)
    return Exit.UNKNOWN if result.status == "unknown" else Exit.OK


def _write_rows(options: Options, app: Application, result: Explanation) -> None:
    """Write the changes that would help, and on standard error what else there is to say."""
    fixes = result.conflict.fixes if result.conflict is not None else ()
    write_rows(options, _TITLES, [(fix.cost, fix.change) for fix in fixes])
    print_notes(warning_lines(result.warnings) if fixes else _lines(options, app, result))


def _lines(options: Options, app: Application, result: Explanation) -> Iterator[Line]:
    if result.conflict is None:
        yield headline(app, result, options.objective), STATUS_STYLE[result.status]
        if result.placed:
            yield "It can be placed; groupsolver place shows where.", ""
    else:
        yield from conflict_lines(app, result)
        if not result.conflict.fixes and not options.no_fixes:
            yield "No change that would help was found.", "yellow"
    yield from warning_lines(result.warnings)
