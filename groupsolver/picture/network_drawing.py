"""The network of a drawing: switches above the frames, and links as lines with their figures."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

from groupsolver.model.fleet import Link
from groupsolver.picture.svg_elements import num, rect, text
from groupsolver.picture.text import esc, fit

SWITCH_WIDTH = 74.0
SWITCH_HEIGHT = 20.0
TIER_HEIGHT = 62.0
_LEAST_GAP = 8.0  # between switches
_LEAST_LABELLED = 30.0  # width of a switch that has room for its name
_ARC_HEIGHT = 36.0  # above the frames, for links without a switch

Point = tuple[float, float]


class NetworkDrawing:
    """The links of a fleet, with their switches in tiers: those nearest to the hosts lowest.

    Parameters
    ----------
    links : sequence of Link
    places : collection of str
        The names of hosts and domains: any other end of a link is a switch.
    tell : collection of str
        What is written on each link: ``bandwidth_mbps`` for what is free of it, ``latency_us``.
    titled : bool, default False
        Whether each link and switch has a tooltip.

    Attributes
    ----------
    width, height : float
        At least so wide, and so high above the frames; 0 without links.
    """

    def __init__(
        self,
        links: Sequence[Link],
        places: Collection[str],
        tell: Collection[str],
        *,
        titled: bool = False,
    ) -> None:
        self._links = links
        self._tell = tell
        self._titled = titled
        self._neighbours: dict[str, list[str]] = {}
        for link in links:
            one, other = link.between
            self._neighbours.setdefault(one, []).append(other)
            self._neighbours.setdefault(other, []).append(one)
        self._tiers = self._tiers_above(places)
        self._switches = {name for tier in self._tiers for name in tier}
        if self._tiers:
            self.height = TIER_HEIGHT * len(self._tiers)
        else:
            self.height = _ARC_HEIGHT if links else 0.0
        self.width = max((len(tier) * (SWITCH_WIDTH + 12) for tier in self._tiers), default=0.0)

    def _tiers_above(self, places: Collection[str]) -> list[list[str]]:
        """Return the switches by their distance from hosts and domains."""
        seen = set(places)
        tiers: list[list[str]] = []
        while True:
            tier = [
                name
                for name, neighbours in self._neighbours.items()
                if name not in seen and not seen.isdisjoint(neighbours)
            ]
            if not tier:
                return tiers
            tiers.append(tier)
            seen.update(tier)

    def draw(self, x: float, y: float, width: float, ends: Mapping[str, Point]) -> str:
        """Draw switches and links over a width; `ends` is where links meet hosts and domains."""
        points = dict(ends)
        for i, tier in enumerate(self._tiers):
            top = y + TIER_HEIGHT * (len(self._tiers) - 1 - i)
            for name, centre in self._centres(tier, points, x, width):
                points[name] = (centre, top + SWITCH_HEIGHT)
        lines = [
            self._line(link, points) for link in self._links if set(link.between) <= points.keys()
        ]
        parts = [line for line, _ in lines]
        for tier in self._tiers:
            # Many switches of one tier are narrower.
            switch_width = min(SWITCH_WIDTH, width / len(tier) - _LEAST_GAP)
            parts += [self._switch(name, points[name], switch_width) for name in tier]
        # Labels last, so that no line crosses them.
        return "".join(parts) + "".join(label for _, label in lines)

    def _switch(self, name: str, point: Point, width: float) -> str:
        centre, bottom = point
        shape = rect("sw", centre - width / 2, bottom - SWITCH_HEIGHT, width, SWITCH_HEIGHT, 10)
        label = ""
        if width >= _LEAST_LABELLED:
            label = text("st", centre, bottom - 6, fit(name, width - 12, 11))
        if not self._titled:
            return shape + label
        return f"<g><title>{esc(name)}</title>{shape}{label}</g>"

    def _centres(
        self, tier: Sequence[str], points: Mapping[str, Point], x: float, width: float
    ) -> list[tuple[str, float]]:
        """Put each switch above what it is linked to; side by side, where these would overlap."""
        centre = {}
        for name in tier:
            below = [points[end][0] for end in self._neighbours[name] if end in points]
            centre[name] = sum(below) / len(below)
        order = sorted(tier, key=lambda name: (centre[name], name))
        if any(centre[right] - centre[left] < SWITCH_WIDTH + 8 for left, right in pairwise(order)):
            return [(name, x + width * (i + 0.5) / len(order)) for i, name in enumerate(order)]
        return [(name, centre[name]) for name in order]

    def _line(self, link: Link, points: Mapping[str, Point]) -> tuple[str, str]:
        """Return a link's line, and its label."""
        ends = [points[end] for end in link.between]
        (x1, y1), (x2, y2) = sorted(ends, key=lambda point: (-point[1], point[0]))
        if self._switches.isdisjoint(link.between):
            top = min(y1, y2) - 34
            curve = f"C{num(x1)} {num(top)} {num(x2)} {num(top)} {num(x2)} {num(y2)}"
            middle = ((x1 + x2) / 2, top + 9)
        else:
            curve = f"L{num(x2)} {num(y2)}"
            # Nearer to the lower end: lines to one switch are further apart there.
            middle = (x1 + (x2 - x1) * 0.35, y1 + (y2 - y1) * 0.35)
        path = f"M{num(x1)} {num(y1)}{curve}"
        words = []
        if link.bandwidth_mbps is not None and "bandwidth_mbps" in self._tell:
            words.append(f"{link.bandwidth_mbps - link.used_mbps} free")
        if link.latency_us is not None and "latency_us" in self._tell:
            words.append(f"{link.latency_us} µs")
        label = text("lt", middle[0], middle[1] + 3, ", ".join(words)) if words else ""
        if not self._titled:
            return f'<path class="link" d="{path}"/>', label
        title = f"<title>{esc(link_in_words(link))}</title>"
        return f'<path class="link" d="{path}">{title}</path>', label


def link_in_words(link: Link) -> str:
    """Return the ends of a link, what is free of it, and its latency."""
    parts = [" and ".join(link.between)]
    if link.bandwidth_mbps is not None:
        free = link.bandwidth_mbps - link.used_mbps
        parts.append(f"{free:,} of {link.bandwidth_mbps:,} Mbit/s free")
    if link.latency_us is not None:
        parts.append(f"{link.latency_us:,} µs")
    return ", ".join(parts)
