"""The network of a figure: switches above the frames, and links as lines with what they carry."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

from groupsolver.model.fleet import Fleet, Link
from groupsolver.picture.svg_marks import num, rect, text
from groupsolver.picture.text import fit

PILL, TALL, TIER = 74.0, 20.0, 62.0

Point = tuple[float, float]


class Wires:
    """The links of a fleet, in tiers of switches: those nearest to the hosts lowest.

    Parameters
    ----------
    fleet : Fleet
    tell : collection of str
        ``bandwidth_mbps``: what is free is written on each link; ``latency_us``.

    Attributes
    ----------
    width, height : float
        At least so wide, and so high above the frames; 0 without links.
    """

    def __init__(self, fleet: Fleet, tell: Collection[str]) -> None:
        self._links, self._tell = fleet.links, tell
        known = {host.name for host in fleet.hosts} | {
            name for host in fleet.hosts for name in host.domains.values()
        }
        self._near: dict[str, list[str]] = {}
        for link in fleet.links:
            one, other = link.between
            self._near.setdefault(one, []).append(other)
            self._near.setdefault(other, []).append(one)
        self._tiers: list[list[str]] = []
        seen = known
        while found := [
            name for name in self._near if name not in seen and seen & set(self._near[name])
        ]:
            self._tiers.append(found)
            seen = seen | set(found)
        self.height = TIER * len(self._tiers) if self._tiers else 36.0 if fleet.links else 0.0
        self.width = max((len(tier) * (PILL + 12) for tier in self._tiers), default=0.0)

    def draw(self, x: float, y: float, width: float, at: Mapping[str, Point]) -> str:
        """Draw switches and links over a width; `at` is where links meet hosts and domains."""
        places = dict(at)
        for i, tier in enumerate(self._tiers):
            top = y + TIER * (len(self._tiers) - 1 - i)
            for name, centre in self._centres(tier, places, x, width):
                places[name] = (centre, top + TALL)
        lines = [
            self._line(link, places) for link in self._links if set(link.between) <= places.keys()
        ]
        out = "".join(line for line, _ in lines)
        for tier in self._tiers:
            for name in tier:
                centre, bottom = places[name]
                out += rect("sw", centre - PILL / 2, bottom - TALL, PILL, TALL, 10)
                out += text("st", centre, bottom - 6, fit(name, PILL - 12, 11))
        return out + "".join(label for _, label in lines)

    def _centres(
        self, tier: Sequence[str], places: Mapping[str, Point], x: float, width: float
    ) -> list[tuple[str, float]]:
        """Put each switch above what it is linked to; where these would overlap, side by side."""
        below = {
            name: [places[end][0] for end in self._near[name] if end in places] for name in tier
        }
        options = {name: sum(ends) / len(ends) for name, ends in below.items()}
        order = sorted(tier, key=lambda name: (options[name], name))
        if any(options[other] - options[one] < PILL + 8 for one, other in pairwise(order)):
            return [(name, x + width * (j + 0.5) / len(order)) for j, name in enumerate(order)]
        return [(name, options[name]) for name in order]

    def _line(self, link: Link, places: Mapping[str, Point]) -> tuple[str, str]:
        one, other = sorted(
            (places[end] for end in link.between), key=lambda point: (-point[1], point[0])
        )
        switches = {name for tier in self._tiers for name in tier}
        if switches & set(link.between):
            (x1, y1), (x2, y2) = one, other
            path, middle = (
                f"M{num(x1)} {num(y1)}L{num(x2)} {num(y2)}",
                (x1 + (x2 - x1) * 0.35, y1 + (y2 - y1) * 0.35),
            )
        else:
            (x1, y1), (x2, y2) = one, other
            top = min(y1, y2) - 34
            path = f"M{num(x1)} {num(y1)}C{num(x1)} {num(top)} {num(x2)} {num(top)} {num(x2)} {num(y2)}"
            middle = ((x1 + x2) / 2, top + 9)
        words = []
        if link.bandwidth_mbps is not None and "bandwidth_mbps" in self._tell:
            words.append(f"{link.bandwidth_mbps - link.used_mbps} free")
        if link.latency_us is not None and "latency_us" in self._tell:
            words.append(f"{link.latency_us} µs")
        label = text("lt", middle[0], middle[1] + 3, ", ".join(words)) if words else ""
        return f'<path class="link" d="{path}"/>', label
