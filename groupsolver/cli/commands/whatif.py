"""``groupsolver whatif``: how the placement of an application would change if its input did."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from groupsolver.cli import arguments
from groupsolver.cli.exit_codes import OF_STATUS
from groupsolver.cli.inputs import load_both
from groupsolver.cli.options import Options
from groupsolver.cli.output.answer import write_answer
from groupsolver.cli.output.placement_rows import placement_titles, write_placement_rows
from groupsolver.cli.output.placement_table import STATUS_STYLE, body_lines, headline
from groupsolver.cli.output.progress import INTERRUPTED, run_watched
from groupsolver.cli.output.rows import check_columns, rows_wanted
from groupsolver.cli.output.styled_lines import Line
from groupsolver.cli.whatif.comparison import compare
from groupsolver.cli.whatif.plan import ChangePlan, plan_changes, problem_of
from groupsolver.constraints.problem.problem import Problem
from groupsolver.files.reading import name_of
from groupsolver.model.result import Result, Watch

POLICY = "GROUP.KIND[@LEVEL]"
# Option, form of its value, and help.
CHANGES = {
    "--add-hosts": (
        "HOST[:N][@LEVEL=DOMAIN,...]",
        "add N empty hosts like HOST, in its domains or in the given ones, which may be new",
    ),
    "--remove-domain": (
        "LEVEL=NAME",
        "remove a domain (LEVEL may be host) and its hosts; members there are placed again",
    ),
    "--relax": (
        f"{POLICY}.FIELD=VALUE",
        "give a field of a policy another value, such as DB.anti-affinity.max_per_domain=2",
    ),
    "--soften": (
        POLICY,
        "make a hard policy soft, with weight 1; with --relax and .weight=N, with another",
    ),
    "--drop": (POLICY, "leave a policy out; where several fit, #2 behind it means the second"),
    "--members": (
        "GROUP=N",
        "give the group N members of its own: the last new ones go, or more like the last come",
    ),
    "--free": (
        "HOST[/CELL]=CLASS:AMOUNT,...",
        "free some of what is used on a host, or in a cell of it",
    ),
}
BEFORE = "before"
AFTER = "after"


def add_parser(commands: Any) -> None:
    """Add ``whatif`` to the command line."""
    about = (
        "place an application as it is and with changes, all of them together, and compare the "
        "answers"
    )
    parser = arguments.add_command(commands, "whatif", about)
    arguments.add_app(parser)
    arguments.add_fleet(parser)
    arguments.add_network(parser)
    changes = parser.add_argument_group("changes, each of which may be given again")
    for option, (form, help_) in CHANGES.items():
        changes.add_argument(option, action="append", default=[], metavar=form, help=help_)
    arguments.add_output(parser)
    arguments.add_objective(parser)
    arguments.add_limits(parser, whole="each of the two solves")


def run(options: Options) -> int:
    """Solve twice, and write both answers to standard output. Raises `BadInput`."""
    app, compiled = load_both(options)
    check_columns(options, placement_titles(compiled.levels))
    problem = problem_of(app, compiled, name_of(options.app))
    plan = plan_changes(options, app, compiled)
    limits = arguments.limits_of(options)
    objective = options.objective

    # Loads ortools: not before all input is known to be good.
    from groupsolver.solver.pipeline import solve, solve_uncovered

    def work(watch: Watch) -> tuple[Result, Result]:
        # No conflict for the application as it is: `explain` answers that.
        before = solve(
            app, compiled, objective=objective, limits=limits, progress=watch, explain=False
        )
        after = solve_uncovered(
            plan.app, plan.fleet, objective=objective, limits=limits, progress=watch
        )
        return before, after

    (before, after), interrupted = run_watched(work)
    if interrupted and after.status == "unknown":
        raise KeyboardInterrupt
    if interrupted and after.status != "optimal":
        after = after.model_copy(update={"warnings": (*after.warnings, INTERRUPTED)})
    if rows_wanted(options):
        write_placement_rows(options, plan.app, plan.fleet.index, after)
        return OF_STATUS[after.status]
    sentences = [change.describe() for change in plan.changes]
    data = {BEFORE: before.document(), AFTER: after.document(), "changes": sentences}
    write_answer(options.output, data, lambda: _lines(options, problem, plan, before, after))
    return OF_STATUS[after.status]


def _lines(
    options: Options, problem: Problem, plan: ChangePlan, before: Result, after: Result
) -> Iterator[Line]:
    name = problem.app.name
    changed = Problem(plan.app, plan.fleet.index)
    yield f"{name}: what if" if name else "what if", "bold"
    for change in plan.changes:
        yield f"  - {change.describe()}", "cyan"
    for title, of, result in ((BEFORE, problem, before), (AFTER, changed, after)):
        answer = headline(of.app, result, options.objective, named=False)
        yield f"{title:<6}  {answer}", STATUS_STYLE[result.status]
    yield compare(problem, before, changed, after), "bold"
    yield from body_lines(plan.app, plan.fleet.index, after, options.objective)
