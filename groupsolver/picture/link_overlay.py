"""The links over the drawing of a fleet: where a rule speaks of them, and only these."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.protocols.fleet_validation import needs_links
from groupsolver.constraints.protocols.network import loads_links
from groupsolver.constraints.protocols.scope import groups_counted
from groupsolver.constraints.rules import rules_of
from groupsolver.model.disjoint_sets import DisjointSets
from groupsolver.model.fleet import Link
from groupsolver.picture.domain_tree import Domain
from groupsolver.picture.host_state import HostState, Mark
from groupsolver.picture.network_drawing import NetworkDrawing
from groupsolver.picture.svg_elements import text
from groupsolver.picture.text import count

MAX_LINKS = 400  # that are drawn
MAX_LABELLED = 24  # links with their figures written on them; more are too close
MAX_TIERS = 4  # of switches
MAX_SWITCHES = 40  # of a tier

Point = tuple[float, float]


class DrawnPlaces:
    """Hosts and frames with the points where links meet them: in the middle of their upper edge.

    Attributes
    ----------
    hosts : list of (HostState, Point)
    frames : list of (Domain, Point)
    """

    def __init__(self) -> None:
        self.hosts: list[tuple[HostState, Point]] = []
        self.frames: list[tuple[Domain, Point]] = []


def policies_of(problem: Problem) -> list[tuple[str, Policy]]:
    """Return all policies of a problem, with their groups."""
    return [(rule.group, rule.policy) for rule in rules_of(problem).all]


class LinkOverlay:
    """Draws the links between what the rules about links look at, over the switches between.

    Parameters
    ----------
    problem : Problem
    rules : iterable of (str, Policy)
        The policies, with their groups, that the picture is about: those of the conflict where
        there is one, otherwise all.
    """

    def __init__(self, problem: Problem, rules: Iterable[tuple[str, Policy]]) -> None:
        self._hosts = problem.hosts
        self._counted: set[str] = set()  # groups whose members rules about links look at
        self._tell: set[str] = set()
        for group, policy in rules:
            if loads_links(policy):
                self._tell.add("bandwidth_mbps")
            elif needs_links(policy):
                self._tell.add("latency_us")
            else:
                continue
            self._counted |= groups_counted(policy, group, problem)

    def draw(self, places: DrawnPlaces, width: float) -> tuple[str, float]:
        """Return the links as SVG, and the height that they take above the drawing."""
        if not self._tell or not self._hosts.links:
            return "", 0.0
        ends = self._ends(places)
        elsewhere = set(self._hosts.names())
        for level in self._hosts.levels:
            elsewhere.update(self._hosts.domains(level))
        selection = select_links(self._hosts.links, ends, elsewhere - ends.keys())
        if not selection.links:
            return "", 0.0
        are_many = len(selection.links) > MAX_LABELLED
        tell = () if are_many else self._tell
        network = NetworkDrawing(selection.links, ends, tell, titled=True)
        drawn = network.draw(0.0, -network.height, width, ends)
        note = ""
        if selection.left_out:
            more = f"{count(selection.left_out, 'more link')} of these are not drawn"
            note = text("fn", width, 8 - network.height, more)
        label = 'role="group" aria-label="Links that a rule speaks of"'
        classes = "links many" if are_many else "links"
        return f'<g class="{classes}" {label}>{drawn}{note}</g>', network.height

    def _ends(self, places: DrawnPlaces) -> dict[str, Point]:
        """Return where links meet the hosts and domains that the rules look at; or all drawn."""
        every: dict[str, Point] = {}
        looked_at: dict[str, Point] = {}
        for domain, point in places.frames:
            if domain.name is not None:
                every.setdefault(domain.name, point)
                if domain.tally.named_by or self._counts_any(domain.tally.marks):
                    looked_at.setdefault(domain.name, point)
        for state, point in places.hosts:
            every.setdefault(state.host.name, point)
            if state.named_by or self._counts_any(state.marks):
                looked_at.setdefault(state.host.name, point)
        return looked_at or every

    def _counts_any(self, marks: Iterable[Mark]) -> bool:
        return any(mark.group in self._counted for mark in marks)


class LinkSelection(NamedTuple):
    """Links to draw; `left_out` of those that were looked at are too many."""

    links: list[Link]
    left_out: int


def select_links(
    links: Sequence[Link], ends: Collection[str], elsewhere: Collection[str]
) -> LinkSelection:
    """Return the links of some ends, and of the switches above, until all ends are joined.

    Parameters
    ----------
    links : sequence of Link
    ends : collection of str
        Hosts and domains.
    elsewhere : collection of str
        Hosts and domains whose links are not drawn.
    """
    usable = [link for link in links if not any(end in elsewhere for end in link.between)]
    search = _LinkSearch(usable, ends)
    for _ in range(MAX_TIERS):
        if not search.climb():
            break
    chosen = [usable[number] for number in sorted(search.chosen)]
    return LinkSelection(chosen, len(search.left_out))


class _LinkSearch:
    """A search from ends upwards, from tier to tier of switches.

    Attributes
    ----------
    chosen, left_out : set of int
        Places in the list of links.
    """

    def __init__(self, links: Sequence[Link], ends: Collection[str]) -> None:
        self._links = links
        self._of_end: dict[str, list[int]] = {}
        for number, link in enumerate(links):
            for end in link.between:
                self._of_end.setdefault(end, []).append(number)
        self._ends = [end for end in ends if end in self._of_end]
        self._tier = self._ends
        self._reached = set(self._ends)
        self._joined = DisjointSets(self._of_end)
        self.chosen: set[int] = set()
        self.left_out: set[int] = set()

    def climb(self) -> bool:
        """Choose the links of one tier, and return whether a further tier could join more ends."""
        above: dict[str, None] = {}
        for end in self._tier:
            for number in self._of_end[end]:
                if number not in self.chosen:
                    self._choose(number, above)
        self._tier = list(above)
        self._reached.update(above)
        parts = self._joined.parts()
        return len({parts[end] for end in self._ends}) > 1 and bool(above)

    def _choose(self, number: int, above: dict[str, None]) -> None:
        """Choose a link, unless there are too many; note the switches that it leads to."""
        link = self._links[number]
        new = [end for end in link.between if end not in self._reached and end not in above]
        if len(self.chosen) >= MAX_LINKS or len(above) + len(new) > MAX_SWITCHES:
            self.left_out.add(number)
            return
        self.chosen.add(number)
        self._joined.join(link.between)
        above.update(dict.fromkeys(new))
