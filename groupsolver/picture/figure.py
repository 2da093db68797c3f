"""A figure: a small fleet with a placement on it, as one SVG that needs nothing else; for docs and reports."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any
from zlib import crc32

from groupsolver.checking.check import Verdict, check, index_of
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.problem.view import View
from groupsolver.constraints.rules import rules_of
from groupsolver.model.application import Application
from groupsolver.model.fleet import Fleet
from groupsolver.picture.palette import paints
from groupsolver.picture.sketch import Sketch
from groupsolver.picture.svg_marks import num, rect, text, wrapped
from groupsolver.picture.text import esc

_PAD, _GAP, _LINE = 14.0, 26.0, 18.0
_LEAST, _WIDEST = 180.0, 860.0  # width of a panel; of panels side by side
_SIGNS = {"good": "M2 8l4 4 8-9", "bad": "M3 3l9 9M12 3l-9 9"}


@dataclass(frozen=True)
class Panel:
    """One placement in a figure.

    Parameters
    ----------
    app : Application
    fleet : Fleet
        A small one: each host is drawn.
    placement : mapping of str to str
        Host of each new member that is shown.
    caption : str
        A few words below the measure.
    cells : mapping of str to str
        Cell of each new member that takes anything from a cell of its host, as a result tells it.
    """

    app: Application[Any]
    fleet: Fleet
    placement: Mapping[str, str]
    caption: str
    cells: Mapping[str, str] = field(default_factory=dict)


def figure(
    panels: Sequence[Panel], *, title: str, tell: Collection[str] = (), level: str | None = None
) -> str:
    """Draw placements side by side, each with its hard policies' measure, and what its soft ones cost.

    Domains of a level at which a policy speaks have a coloured border, and a compiled problem where members of
    the application stand. Members without whom a hard policy would be broken by less are framed. Hosts on which
    nothing of the application may stand are dashed. Where the fleet has links, they are drawn.

    Parameters
    ----------
    panels : sequence of Panel
    title : str
        The figure's accessible name.
    tell : collection of str
        Traits and resource classes that are written on each host; ``bandwidth_mbps`` (what is free of it)
        and ``latency_us``, on each link.
    level : str, optional
        The level whose domains are marked, where it is not every one at which a policy speaks.

    Returns
    -------
    str
        An SVG document with its own style, for light and dark schemes. It loads nothing and has no
        script; names in it are text, whatever they contain. The same input gives the same text.

    Raises
    ------
    BadInput
        Where an application, its fleet and a placement do not fit each other.
    """
    colours = paints(
        list(dict.fromkeys(group.name for panel in panels for group in panel.app.groups))
    )
    number = {name: i for i, name in enumerate(colours)}
    verdicts = [
        check(panel.app, panel.fleet, panel.placement, cells=panel.cells or None)
        for panel in panels
    ]
    views = [View(Problem(panel.app, index_of(panel.fleet)), panel.placement) for panel in panels]
    sketches = [
        Sketch(panel.fleet, view, number, wrong_in(view), tell, level, panel.cells)
        for panel, view in zip(panels, views, strict=True)
    ]
    widths = [max(sketch.width, _LEAST) for sketch in sketches]
    stacked = sum(widths) > _WIDEST  # one below another
    lines = [wrapped(panel.caption, width, 12) for panel, width in zip(panels, widths, strict=True)]
    head = _LINE * (1 + max(map(len, lines), default=0)) + 4
    parts: list[str] = []
    told: list[str] = []
    x = y = _PAD
    rows = zip(panels, views, verdicts, sketches, widths, lines, strict=True)
    for panel, view, verdict, sketch, width, words in rows:
        fact, good = _fact(view, verdict)
        parts.append(_heading(x, y, fact, good, words) + sketch.draw(x, y + head))
        told.append(f"{panel.caption} {fact.capitalize()}. {stands(view)}")
        x, y = (x, y + head + sketch.height + _GAP) if stacked else (x + width + _GAP, y)
    width = max(widths, default=0) + 2 * _PAD if stacked else x - _GAP + _PAD
    height = (
        y - _GAP + _PAD
        if stacked
        else y + head + max((s.height for s in sketches), default=0) + _PAD
    )
    key = f"{crc32(''.join([title, *told]).encode()):08x}"
    style = resources.files(__package__).joinpath("figure.css").read_text(encoding="utf-8")
    style += "".join(
        f".gsf .g{i}{{--c:{paint.fill};--k:{paint.ink}}}\n"
        for i, paint in enumerate(colours.values())
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="gsf" role="img" aria-labelledby="t{key} d{key}" '
        f'viewBox="0 0 {num(width)} {num(height)}" width="{num(width)}" height="{num(height)}">'
        f'<title id="t{key}">{esc(title)}</title><desc id="d{key}">{esc(" ".join(told))}</desc>\n'
        f"<style>{style}</style>\n{rect('paper', 0.5, 0.5, width - 1, height - 1, 8)}{''.join(parts)}</svg>\n"
    )


def _heading(x: float, y: float, fact: str, good: bool, words: Sequence[str]) -> str:
    kind = "good" if good else "bad"
    out = f'<g class="{kind}"><path class="sign" d="{_SIGNS[kind]}" transform="translate({num(x)} {num(y)})"/>'
    out += text("num", x + 20, y + 12, fact) + "</g>"
    return out + "".join(
        text("cap", x, y + 12 + i * _LINE, line) for i, line in enumerate(words, 1)
    )


def _fact(view: View, verdict: Verdict) -> tuple[str, bool]:
    """Give the measure of the hard policies, what the soft ones cost, and whether all holds, room included."""
    soft = [penalty.cost for penalty in verdict.penalties]
    measure = measure_of(view)
    if not measure and any(violation.group is None for violation in verdict.violations):
        return "no room", False
    if not rules_of(view.problem).all:
        return "placed", True
    facts = [f"measure {measure}"] * any(rules_of(view.problem).hard)
    return ", ".join(facts + [f"costs {sum(soft)}"] * any(rules_of(view.problem).soft)), not measure


def measure_of(view: View) -> int:
    """Give the sum of the hard policies' measures."""
    return sum(rule.policy.violations(rule.group, view) for rule in rules_of(view.problem).hard)


def wrong_in(view: View) -> frozenset[str]:
    """Give the new members without whom, one by one, the measures would be lower."""
    placement = {member.id: member.host for member in view.everyone if member.new}
    without = {
        id_: {other: host for other, host in placement.items() if other != id_} for id_ in placement
    }
    measure = measure_of(view)
    return frozenset(
        id_
        for id_, rest in without.items()
        if measure and measure_of(View(view.problem, rest)) < measure
    )


def stands(view: View) -> str:
    """Say where every member stands."""
    levels = view.problem.hosts.levels
    places = []
    for member in view.everyone:
        domains = ", ".join(
            f"{level} {name}" for level in levels if (name := view.domain(member, level))
        )
        since = "" if member.new else " ran already"
        places.append(f"{member.id}{since} on {member.host}" + (f" ({domains})" if domains else ""))
    return "; ".join(places) + "."
