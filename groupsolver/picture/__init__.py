"""A placement as a picture: one HTML file that needs nothing else, for a fleet of any size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from groupsolver.checking.arguments import (
    require_application,
    require_fleet,
    require_objective,
)
from groupsolver.checking.check import hosts_with_running, price_of
from groupsolver.checking.reasons import why
from groupsolver.constraints.problem.problem import Problem
from groupsolver.errors import require_type
from groupsolver.model.application import Application
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.model.fleet import Fleet
from groupsolver.model.fleet_in_use import FleetInUse
from groupsolver.model.result import Objective, Result
from groupsolver.picture.conflicts.conflict_section import conflict_section
from groupsolver.picture.conflicts.named_places import find_named_places
from groupsolver.picture.conflicts.numbered_rules import numbered_conflicts
from groupsolver.picture.detail_cards import DetailCards
from groupsolver.picture.domain_tree import domain_tree, nested_levels
from groupsolver.picture.figure import Panel, figure
from groupsolver.picture.fleet_drawing import FleetDrawing
from groupsolver.picture.host_state import Mark, host_states
from groupsolver.picture.layout import WIDTH, lay_out
from groupsolver.picture.level_of_detail import DetailPlan
from groupsolver.picture.link_overlay import LinkOverlay, policies_of
from groupsolver.picture.page import page, side_of
from groupsolver.picture.palette import Paint, paints
from groupsolver.picture.recovery_cards import RecoveryCards
from groupsolver.picture.sections.header import header_of, summary_of
from groupsolver.picture.sections.legend import GroupLegend, signs_of
from groupsolver.picture.sections.pool_list import pool_list

__all__ = ["Panel", "figure", "picture"]

_PRICES = {
    "pack": "Price of a member here (free share before, in thousandths)",
    "spread": "Price of a first member here (used share before, in thousandths)",
    "cost": "The host's cost",
}


def picture(
    app: Application[Any],
    fleet: Fleet | CompiledFleet | HostIndex | FleetInUse,
    result: Result,
    *,
    objective: Objective = "pack",
) -> str:
    """Draw the members of an application on their hosts, with the rules that hold them.

    Parameters
    ----------
    app : Application
    fleet : Fleet, CompiledFleet, HostIndex or Cluster
        Of a cluster as it is before the placement is committed.
    result : Result
        Without a placement, only running members are drawn. Of an infeasible result or an
        `Explanation` the page lists the rules that contradict each other, what is short, and the
        changes that would help, and the hosts and domains that these rules speak of are marked.
    objective : {"pack", "spread", "cost"}, default "pack"
        What the result was solved for.

    Returns
    -------
    str
        An HTML document with inline SVG, style and script. It loads nothing; names in it
        are text, whatever they contain. ``#member=ID`` or ``#host=NAME`` in its address
        selects one.

    Raises
    ------
    BadInput, UnknownHost
        Where application, fleet and placement do not fit each other.
    TypeError
        Where an argument has another type.
    """
    require_application(app)
    require_fleet(fleet)
    require_type("result", result, Result, "a Result", "solve returns one")
    require_objective(objective)
    app, hosts = hosts_with_running(app, fleet)
    problem = Problem(app, hosts)
    placement = result.placement or {}
    # First, since it refuses a host that the fleet lacks.
    reasons = why(app, hosts, placement, objective=objective)
    rules = {reason.group: reason.rules for reason in reasons}
    chain = nested_levels(hosts, hosts.levels)
    conflicts = numbered_conflicts(app, result)
    named = find_named_places(problem, conflicts, chain)
    states = host_states(problem, placement, result.cells, named)
    root = domain_tree(states, chain, named)
    marks = sorted(root.tally.marks)
    colours = _colours(app, marks)
    recoveries = RecoveryCards(problem, result.witness, chain)
    # The price for a member that takes something of everything that the host has.
    cards = DetailCards(
        colours,
        hosts.levels,
        lambda state: price_of(state.host, objective, state.host.capacity()),
        recoveries,
    )
    name = app.name or "application"
    summary = summary_of(marks, hosts)
    drawing = FleetDrawing(colours, cards)
    box = lay_out(DetailPlan(root).root, WIDTH)
    links = LinkOverlay(problem, named.policies if conflicts else policies_of(problem))
    svg = drawing.draw(box, f"The members of {name}. {summary}", links)
    legend = GroupLegend(colours, problem.children, root.tally)
    data = {
        "groups": [
            {"name": group, "key": paint.key, "rules": rules.get(group, ())}
            for group, paint in colours.items()
        ],
        "below": legend.below,
        "members": [cards.members[mark.number] for mark in marks],
        "cards": cards.cards,
        "losses": recoveries.cards,
        "price": _PRICES[objective],
    }
    header = header_of(name, summary, root.tally, result, objective)
    header += conflict_section(app, result, conflicts, named)
    header += legend.html(problem.below) + signs_of(root.tally, drawing.shown)
    side = side_of(colours, marks, losses=bool(recoveries.cards)) + pool_list(problem, placement)
    title = f"{name}: {'placement' if result.placed else 'no placement'}"
    return page(title, header, svg, side, colours, data)


def _colours(app: Application[Any], marks: Sequence[Mark]) -> dict[str, Paint]:
    """Return the colours of the groups that have members of their own, in the file or running."""
    with_members = {mark.group for mark in marks}
    return paints(
        [group.name for group in app.groups if group.members or group.name in with_members]
    )
