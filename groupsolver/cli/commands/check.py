"""``groupsolver check``: the independent checker alone."""

from __future__ import annotations

from dataclasses import replace

from groupsolver.checking.check import Verdict
from groupsolver.checking.check import check as judge
from groupsolver.cli.exit_codes import Exit
from groupsolver.cli.inputs import load_both
from groupsolver.cli.options import Options
from groupsolver.cli.output.stdout import write
from groupsolver.constraints.problem.problem import Problem
from groupsolver.errors import BadInput, Fault, one_line
from groupsolver.files import load_result
from groupsolver.files.reading import name_of
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.model.result import Placement, Result


def check(options: Options) -> int:
    """Print what a placement breaks, and what its soft policies cost."""
    app, fleet = load_both(options)
    result = load_result(options.placement)
    hosts = HostIndex(fleet.levels, fleet.hosts, fleet.links)
    try:
        verdict = judge(
            app,
            hosts,
            _placement(result),
            objective=options.objective,
            cells=result.cells or None,
            witness=result.witness,
        )
    except BadInput as error:
        raise BadInput([_named(fault, options) for fault in error.faults]) from None
    lines = _lines(verdict, result, Problem(app, hosts).warnings, options)
    write("".join(f"{one_line(line)}\n" for line in lines))
    return Exit.VIOLATED if verdict.violations else Exit.OK


def _placement(result: Result) -> Placement:
    if result.placement is None:
        message = f"expected a placement to check, found null: the result is {result.status}"
        raise BadInput([Fault("no-placement", "placement", message)])
    return result.placement


def _named(fault: Fault, options: Options) -> Fault:
    of_placement = fault.path.startswith(("placement", "cells."))
    return replace(fault, file=name_of(options.placement if of_placement else options.app))


def _lines(
    verdict: Verdict, result: Result, warnings: tuple[str, ...], options: Options
) -> list[str]:
    wrong = len(verdict.violations)
    head = (
        f"{wrong} hard rule{'s' if wrong != 1 else ''} broken" if wrong else "no hard rule broken"
    )
    lines = [f"{head}; objective {verdict.objective} ({options.objective})"]
    lines += [f"broken: {violation}" for violation in verdict.violations]
    lines += [
        f"soft: {soft.group}: {soft.policy}: {soft.detail}: costs {soft.cost}"
        for soft in verdict.penalties
    ]
    lines += [f"warning: {warning}" for warning in warnings]
    if result.objective not in {None, verdict.objective}:
        lines.append(
            f"warning: the result says objective {result.objective}; was it made with another --objective?"
        )
    return lines
