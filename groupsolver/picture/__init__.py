"""A placement as a picture: one HTML file that needs nothing else, for any size of fleet."""

from __future__ import annotations

from typing import Any

from groupsolver.checking.check import price_of
from groupsolver.checking.reasons import why
from groupsolver.constraints.problem.problem import Problem
from groupsolver.model.application import Application
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.model.fleet import Fleet
from groupsolver.model.result import Objective, Result
from groupsolver.picture.cards import Cards
from groupsolver.picture.facts import stands_of
from groupsolver.picture.figure import Panel, figure
from groupsolver.picture.header import header_of, summary_of
from groupsolver.picture.layout import WIDTH, fitted
from groupsolver.picture.page import legend_of, page, side_of
from groupsolver.picture.palette import paints
from groupsolver.picture.plan import Plan
from groupsolver.picture.svg import Drawing
from groupsolver.picture.tree import chain_of, tree_of

__all__ = ["Panel", "figure", "picture"]

_PRICES = {
    "pack": "Price of a member here (free share before, in thousandths)",
    "spread": "Price of a first member here (used share before, in thousandths)",
    "cost": "The host's cost",
}


def picture(
    app: Application[Any],
    fleet: Fleet | HostIndex,
    result: Result,
    *,
    objective: Objective = "pack",
) -> str:
    """Draw where the members of an application stand, and say why.

    Parameters
    ----------
    app : Application
    fleet : Fleet or HostIndex
    result : Result
        Without a placement, what runs already is drawn.
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
    """
    hosts = (
        fleet if isinstance(fleet, HostIndex) else HostIndex(fleet.levels, fleet.hosts, fleet.links)
    )
    problem = Problem(app, hosts)
    placement = result.placement or {}
    # First, since it refuses a host that the fleet lacks.
    rules = {
        reason.group: reason.rules for reason in why(app, hosts, placement, objective=objective)
    }
    stands = stands_of(problem, placement, result.cells)
    root = tree_of(stands, chain_of(hosts, hosts.levels))
    marks = sorted(root.tally.marks)
    used = {mark.group for mark in marks}
    colours = paints([group.name for group in app.groups if group.members or group.name in used])
    cards = Cards(colours, hosts.levels, lambda stand: price_of(stand.host, objective))
    name = app.name or "application"
    summary = summary_of(marks, hosts)
    drawing = Drawing(colours, cards)
    svg = drawing.draw(fitted(Plan(root).root, WIDTH), f"Where {name} stands. {summary}")
    data = {
        "groups": [
            {"name": g, "key": p.key, "rules": rules.get(g, ())} for g, p in colours.items()
        ],
        "members": [cards.members[mark.number] for mark in marks],
        "cards": cards.cards,
        "price": _PRICES[objective],
    }
    header = header_of(name, summary, root.tally, result, objective)
    legend = legend_of(colours, root.tally, drawing.shown)
    return page(f"{name}: placement", header + legend, svg, side_of(colours, marks), colours, data)
