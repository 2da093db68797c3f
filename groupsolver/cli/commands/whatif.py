"""``groupsolver whatif``: what would become of an application's placement if something were otherwise."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from groupsolver.cli import arguments
from groupsolver.cli.exit_codes import OF_STATUS
from groupsolver.cli.inputs import load_both
from groupsolver.cli.output.progress import watched
from groupsolver.cli.output.stdout import give
from groupsolver.cli.whatif.plan import Plan, planned, scene_of
from groupsolver.constraints.problem.problem import Problem
from groupsolver.files.reading import name_of
from groupsolver.model.compiled.compiled_fleet import compile_fleet
from groupsolver.model.result import Result, Watch

if TYPE_CHECKING:
    from groupsolver.cli.output.styled_lines import Line

POLICY = "GROUP.KIND[@LEVEL]"
CHANGES = {
    "--add-hosts": (
        "HOST[:N][@LEVEL=DOMAIN,...]",
        "N more hosts like HOST, empty, in its domains or those that are given; a domain may be new",
    ),
    "--remove-domain": (
        "LEVEL=NAME",
        "a domain is gone (LEVEL may be host) with its hosts and their links; members that run there are placed again",
    ),
    "--relax": (
        f"{POLICY}.FIELD=VALUE",
        "a policy says something else, such as DB.anti-affinity.max_per_domain=2",
    ),
    "--soften": (
        POLICY,
        "a hard policy is soft, of weight 1; with --relax and .weight=N, of another",
    ),
    "--drop": (POLICY, "a policy is left out; where several fit, #2 behind it means the second"),
    "--members": (
        "GROUP=N",
        "the group has N members of its own: the last new ones go, or more like the last come",
    ),
    "--free": ("HOST=CLASS:AMOUNT,...", "less of a host is used"),
}
BEFORE = "before"
SECOND = "after"


def add_parser(commands: Any) -> None:
    """Add ``whatif`` to the command line."""
    about = "place an application as it is and with changes, all of them together, and say how the answers differ"
    parser = commands.add_parser("whatif", help=about, description=about, allow_abbrev=False)
    arguments.add_app(parser)
    arguments.add_fleet(parser)
    arguments.add_network(parser)
    changes = parser.add_argument_group("changes, each of which may be given again")
    for option, (form, told) in CHANGES.items():
        changes.add_argument(option, action="append", default=[], metavar=form, help=told)
    arguments.add_output(parser)
    arguments.add_objective(parser)
    arguments.add_limits(parser, whole="each of the two solves")


def run(options: argparse.Namespace) -> int:
    """Solve twice, and answer on standard output. Raises `BadInput`."""
    app, fleet = load_both(options)
    compiled = compile_fleet(fleet)
    problem = scene_of(app, compiled, name_of(options.app))
    plan = planned(options, app, compiled)
    limits, objective = arguments.limits_of(options), options.objective

    from groupsolver.solver.pipeline import (
        solve,  # brings ortools: not before all input is known to be good
    )

    def work(watch: Watch) -> tuple[Result, Result]:
        # Why it cannot be placed as it is, `explain` says.
        first = solve(
            app, compiled, objective=objective, limits=limits, progress=watch, explain=False
        )
        return first, solve(
            plan.app, plan.fleet, objective=objective, limits=limits, progress=watch
        )

    (before, after), interrupted = watched(work)
    if interrupted and after.status == "unknown":
        raise KeyboardInterrupt
    sentences = [change.describe() for change in plan.changes]
    data = {BEFORE: before.document(), SECOND: after.document(), "changes": sentences}
    give(options.output, data, lambda: _lines(options, problem, plan, before, after))
    return OF_STATUS[after.status]


def _lines(
    options: argparse.Namespace, problem: Problem, plan: Plan, before: Result, after: Result
) -> Iterator[Line]:
    from groupsolver.cli.output.placement_table import COLOUR, body, head
    from groupsolver.cli.whatif.comparison import compared

    name, other = problem.app.name, Problem(plan.app, plan.fleet.index)
    yield f"{name}: what if" if name else "what if", "bold"
    yield from ((f"  - {change.describe()}", "cyan") for change in plan.changes)
    for title, of, result in ((BEFORE, problem, before), (SECOND, other, after)):
        yield (
            f"{title:<6}  {head(of.app, result, options.objective, named=False)}",
            COLOUR[result.status],
        )
    yield compared(problem, before, other, after), "bold"
    yield from body(plan.app, plan.fleet.index, after, options.objective)
