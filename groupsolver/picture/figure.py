"""A figure: placements on a small fleet as one SVG that needs nothing else."""

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
from groupsolver.picture.page import colour_rules
from groupsolver.picture.palette import paints
from groupsolver.picture.panel_drawing import PanelDrawing
from groupsolver.picture.svg_elements import num, rect, text, wrapped
from groupsolver.picture.text import esc

_PAD = 14.0
_GAP = 26.0
_LINE_HEIGHT = 18.0
_MIN_PANEL_WIDTH = 180.0
_MAX_WIDTH = 860.0  # of panels side by side; wider ones are stacked
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
        Cell of each new member that takes anything from a cell of its host, as in a result.
    """

    app: Application[Any]
    fleet: Fleet
    placement: Mapping[str, str]
    caption: str
    cells: Mapping[str, str] = field(default_factory=dict)


class _DrawnPanel:
    """A panel with its drawing, its measure and the lines of its caption."""

    def __init__(
        self,
        panel: Panel,
        group_number: Mapping[str, int],
        tell: Collection[str],
        level: str | None,
    ) -> None:
        verdict = check(panel.app, panel.fleet, panel.placement, cells=panel.cells or None)
        view = View(Problem(panel.app, index_of(panel.fleet)), panel.placement)
        self.drawing = PanelDrawing(
            panel.fleet, view, group_number, wrong_members(view), tell, level, panel.cells
        )
        self.width = max(self.drawing.width, _MIN_PANEL_WIDTH)
        self.caption = wrapped(panel.caption, self.width, 12)
        self.fact, self._is_good = _fact(view, verdict)
        self.description = f"{panel.caption} {self.fact.capitalize()}. {describe_placement(view)}"

    def draw(self, x: float, y: float, head: float) -> str:
        """Return the panel, its drawing below a head of that height."""
        kind = "good" if self._is_good else "bad"
        move = f"translate({num(x)} {num(y)})"
        out = f'<g class="{kind}"><path class="sign" d="{_SIGNS[kind]}" transform="{move}"/>'
        out += text("num", x + 20, y + 12, self.fact) + "</g>"
        for i, line in enumerate(self.caption, 1):
            out += text("cap", x, y + 12 + i * _LINE_HEIGHT, line)
        return out + self.drawing.draw(x, y + head)


def figure(
    panels: Sequence[Panel], *, title: str, tell: Collection[str] = (), level: str | None = None
) -> str:
    """Draw placements side by side, each with its policies' measure and cost.

    Domains of a level that a policy concerns have a coloured border, and a coloured ground where
    they hold members of the application. Members without which a hard policy would be broken by
    less are framed. Hosts that no member of the application may use are dashed. The links of the
    fleet are drawn, if it has any.

    Parameters
    ----------
    panels : sequence of Panel
    title : str
        The figure's accessible name.
    tell : collection of str
        Traits and resource classes that are written on each host; ``bandwidth_mbps`` (what is free
        of it) and ``latency_us``, on each link.
    level : str, optional
        The level whose domains are marked; by default the level of every policy.

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
    groups = [group.name for panel in panels for group in panel.app.groups]
    colours = paints(list(dict.fromkeys(groups)))
    group_number = {name: i for i, name in enumerate(colours)}
    drawn = [_DrawnPanel(panel, group_number, tell, level) for panel in panels]
    body, width, height = _arrange(drawn)
    description = " ".join(panel.description for panel in drawn)
    # Ids must differ between the figures of one page.
    names = [title, *(panel.description for panel in drawn)]
    key = f"{crc32(''.join(names).encode()):08x}"
    style = resources.files(__package__).joinpath("figure.css").read_text(encoding="utf-8")
    style += colour_rules(colours, ".gsf .g")
    size = f'width="{num(width)}" height="{num(height)}"'
    paper = rect("paper", 0.5, 0.5, width - 1, height - 1, 8)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" class="gsf" role="img" '
        f'aria-labelledby="t{key} d{key}" viewBox="0 0 {num(width)} {num(height)}" {size}>'
        f'<title id="t{key}">{esc(title)}</title><desc id="d{key}">{esc(description)}</desc>\n'
        f"<style>{style}</style>\n{paper}{body}</svg>\n"
    )


def _arrange(panels: Sequence[_DrawnPanel]) -> tuple[str, float, float]:
    """Put panels side by side, or below each other; return them with the figure's size."""
    lines = max((len(panel.caption) for panel in panels), default=0)
    head = _LINE_HEIGHT * (1 + lines) + 4
    is_stacked = sum(panel.width for panel in panels) > _MAX_WIDTH
    parts = []
    x = _PAD
    y = _PAD
    for panel in panels:
        parts.append(panel.draw(x, y, head))
        if is_stacked:
            y += head + panel.drawing.height + _GAP
        else:
            x += panel.width + _GAP
    if is_stacked:
        width = max(panel.width for panel in panels) + 2 * _PAD
        return "".join(parts), width, y - _GAP + _PAD
    tallest = max((panel.drawing.height for panel in panels), default=0)
    return "".join(parts), x - _GAP + _PAD, y + head + tallest + _PAD


def _fact(view: View, verdict: Verdict) -> tuple[str, bool]:
    """Return measure and cost of the policies in words, and whether the placement is good."""
    measure = measure_of(view)
    if not measure and any(violation.group is None for violation in verdict.violations):
        return "no room", False
    rules = rules_of(view.problem)
    if not rules.all:
        return "placed", True
    facts = []
    if any(rules.hard):
        facts.append(f"measure {measure}")
    if any(rules.soft):
        facts.append(f"costs {sum(penalty.cost for penalty in verdict.penalties)}")
    return ", ".join(facts), not measure


def measure_of(view: View) -> int:
    """Return the sum of the hard policies' measures."""
    return sum(rule.policy.violations(rule.group, view) for rule in rules_of(view.problem).hard)


def wrong_members(view: View) -> frozenset[str]:
    """Return the new members without which, one by one, the measure would be lower."""
    measure = measure_of(view)
    if not measure:
        return frozenset()
    placement = {member.id: member.host for member in view.everyone if member.new}
    wrong = set()
    for left_out in placement:
        rest = {member: host for member, host in placement.items() if member != left_out}
        if measure_of(View(view.problem, rest)) < measure:
            wrong.add(left_out)
    return frozenset(wrong)


def describe_placement(view: View) -> str:
    """Return every member's host and domains in words."""
    places = []
    for member in view.everyone:
        domains = []
        for level in view.problem.hosts.levels:
            name = view.domain(member, level)
            if name:
                domains.append(f"{level} {name}")
        since = "" if member.new else " ran already"
        where = f" ({', '.join(domains)})" if domains else ""
        places.append(f"{member.id}{since} on {member.host}{where}")
    return "; ".join(places) + "."
