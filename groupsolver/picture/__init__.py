"""A placement as a picture: one HTML file that needs nothing else, for any size of fleet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from groupsolver.check import price_of
from groupsolver.constraints.scene import Scene
from groupsolver.model.application import Application
from groupsolver.model.fleet import Fleet
from groupsolver.model.index import HostIndex
from groupsolver.model.result import Objective, Result
from groupsolver.picture.cards import Cards
from groupsolver.picture.facts import Mark, stands_of
from groupsolver.picture.layout import WIDTH, fitted
from groupsolver.picture.page import header_of, legend_of, page, share_of_hosts, side_of
from groupsolver.picture.palette import paints
from groupsolver.picture.plan import Plan
from groupsolver.picture.svg import Drawing
from groupsolver.picture.text import count
from groupsolver.picture.tree import chain_of, tree_of
from groupsolver.why import why

__all__ = ["picture"]

_PRICES = {
    "pack": "Price of a member here (free share before, in thousandths)",
    "spread": "Price of a first member here (used share before, in thousandths)",
    "cost": "The host's cost",
}
_BADGES = {"optimal": "placed, proved optimal", "feasible": "placed", "infeasible": "impossible", "unknown": "no answer in time"}


def picture(
    app: Application[Any], fleet: Fleet | HostIndex, result: Result, *, objective: Objective = "pack"
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
    hosts = fleet if isinstance(fleet, HostIndex) else HostIndex(fleet.levels, fleet.hosts)
    scene = Scene(app, hosts)
    placement = result.placement or {}
    stands = stands_of(scene, placement)
    root = tree_of(stands, chain_of(hosts, hosts.levels))
    marks = sorted(root.tally.marks)
    used = {mark.group for mark in marks}
    colours = paints([group.name for group in app.groups if group.members or group.name in used])
    cards = Cards(colours, hosts.levels, lambda stand: price_of(stand.host, objective))
    name = app.name or "application"
    summary = _summary(marks, hosts)
    drawing = Drawing(colours, cards).draw(fitted(Plan(root).root, WIDTH), f"Where {name} stands. {summary}")
    rules = {reason.group: reason.rules for reason in why(app, hosts, placement, objective=objective)}
    data = {
        "groups": [{"name": g, "key": p.key, "rules": rules.get(g, ())} for g, p in colours.items()],
        "members": [cards.members[mark.number] for mark in marks],
        "cards": cards.cards,
        "price": _PRICES[objective],
    }
    shown = {state for state in ("off", "over", "tile") if f'{state}" data-i' in drawing or f' {state} ' in drawing}
    facts = {"fleet": share_of_hosts(root.tally)} | _facts(result, objective)
    notes = {"Soft policies that cost": [f"{p.cost:,}: {p.detail}" for p in result.penalties], "Warnings": result.warnings}
    if result.conflict:
        conflict = (*result.conflict.policies, *result.conflict.capacity)
        notes["What stands against it"] = [part.sentence for part in conflict]
    header = header_of(name, _BADGES[result.status], not result.placed, summary, facts, notes)
    return page(f"{name}: placement", header + legend_of(colours, root.tally, shown), drawing, side_of(colours, marks), colours, data)


def _summary(marks: Sequence[Mark], hosts: HostIndex) -> str:
    new = [mark for mark in marks if mark.new]
    old = len(marks) - len(new)
    if not marks:
        return "No member of the application stands anywhere."
    where = [f"{len({m.host for m in marks}):,} of {count(len(hosts), 'host')}"]
    for level in reversed(hosts.levels):
        if domains := {domain for m in marks if (domain := hosts.domain(m.host, level)) is not None}:
            where.append(f"{len(domains):,} of {count(len(hosts.domains(level)), level)}")
    placed = f"{count(len(new), 'member')} of {count(len({m.group for m in new}), 'group')} placed" if new else "Nothing new placed"
    ran = f", {old:,} ran already" if old else ""
    return f"{placed}{ran}; the application stands on {', '.join(where)}."


def _facts(result: Result, objective: Objective) -> dict[str, str]:
    facts = {"objective": objective if result.objective is None else f"{objective} {result.objective:,}"}
    if result.bound is not None:
        facts["proved bound"] = f"{result.bound:,}"
    if result.gap is not None:
        facts["gap"] = f"{100 * result.gap:.3g}\u00a0%"
    if result.penalties:
        facts["penalties"] = f"{sum(penalty.cost for penalty in result.penalties):,}"
    return facts | {"time": f"{result.seconds:.2f}\u00a0s"}
