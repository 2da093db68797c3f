"""What is drawn one by one, and what is drawn as a sum, so that a fleet of any size fits a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from groupsolver.picture.domain_tree import Domain
from groupsolver.picture.host_state import HostState, Tally, tally_of
from groupsolver.picture.text import count

MAX_NAMED_HOSTS = 60  # in a fleet of at most so many hosts, each is drawn with its name
MAX_SINGLE_HOSTS = 600  # of at most so many, each is drawn, those without members as a slim bar
# At most so many hosts that have members, or are named by a conflict, are drawn one by one.
MAX_HOST_BOXES = 1000
MAX_BIG_TILES = 400  # at most so many tiles are big enough for a text
MAX_TILES = 3000  # more are not drawn
MIN_TILES_A_FRAME = 20


@dataclass(frozen=True)
class HostBox:
    """One host; a slim one is a bar without a name."""

    state: HostState
    slim: bool


@dataclass(frozen=True)
class Tile:
    """Several hosts as one: a domain, several domains, or further hosts of a domain.

    Attributes
    ----------
    label : str
        What is summed up, in full.
    short : str
        The same, for a place where the frame around it says the rest.
    tally : Tally
    size : str
        ``big``, ``small`` (no text), or ``row`` (as wide as a host).
    domain : Domain or None
        The domain, where it is a single one.
    """

    label: str
    short: str
    tally: Tally
    size: Literal["big", "small", "row"]
    domain: Domain | None = None


@dataclass(frozen=True)
class Frame:
    """A domain with what is drawn inside; tiles come last."""

    domain: Domain
    frames: tuple[Frame, ...] = ()
    hosts: tuple[HostBox | Tile, ...] = ()
    tiles: tuple[Tile, ...] = ()


class DetailPlan:
    """Decides how much of a fleet is drawn, once for the whole picture.

    Parameters
    ----------
    root : Domain

    Attributes
    ----------
    root : Frame
    """

    def __init__(self, root: Domain) -> None:
        drawn_alone = sum(state.drawn_alone for leaf in root.leaves() for state in leaf.hosts)
        self._name_all = root.tally.hosts <= MAX_NAMED_HOSTS
        self._draw_all = root.tally.hosts <= MAX_SINGLE_HOSTS
        # With too many hosts with members, or named ones, their domains become tiles, too.
        self._fold_all = drawn_alone > MAX_HOST_BOXES
        tiles = sum(1 for leaf in root.leaves() if self._is_tile(leaf))
        few_tiles = tiles <= MAX_BIG_TILES or self._fold_all
        self._tile_size: Literal["big", "small"] = "big" if few_tiles else "small"
        # With too many tiles, a domain without members is one tile, whatever is inside.
        self._fold_outer = tiles > MAX_TILES
        parents = 0
        for outer in _with_grandchildren(root):
            parents += any(self._is_tile(child) for child in outer.children)
        self._tiles_a_frame = max(MIN_TILES_A_FRAME, MAX_TILES // max(1, parents))
        self.root = self._frame(root)

    def _is_tile(self, domain: Domain) -> bool:
        if not domain.level or self._draw_all:
            return False
        return self._fold_all or not domain.tally.worth_a_frame

    def _frame(self, domain: Domain) -> Frame:
        """Plan one domain."""
        if not domain.children:
            return Frame(domain, hosts=tuple(self._hosts(domain)))
        frames = []
        folded = []
        for child in domain.children:
            can_fold = not child.children or (self._fold_outer and not child.tally.worth_a_frame)
            if can_fold and self._is_tile(child):
                folded.append(child)
            else:
                frames.append(self._frame(child))
        return Frame(domain, tuple(frames), tiles=tuple(self._tiles(domain, folded)))

    def _tiles(self, domain: Domain, folded: list[Domain]) -> list[Tile]:
        """Return a tile for each of the folded domains, the last for all that are too many."""
        limit = self._tiles_a_frame
        if len(folded) > limit:
            # Where not all can be shown, those with members and the named ones come first.
            folded.sort(key=lambda child: not child.tally.worth_a_frame)
        tiles = [
            Tile(child.label, child.name or child.label, child.tally, self._tile_size, child)
            for child in folded[:limit]
        ]
        rest = folded[limit:]
        if rest:
            total = Tally()
            for child in rest:
                total.add(child.tally)
            label = f"{count(len(rest), f'more {rest[0].level}')} in {domain.label}"
            tiles.append(Tile(label, f"+{len(rest):,}", total, "big"))
        return tiles

    def _hosts(self, domain: Domain) -> list[HostBox | Tile]:
        drawn: list[HostState] = []
        rest: list[HostState] = []
        for state in domain.hosts:
            if self._draw_all or (state.drawn_alone and len(drawn) < MAX_HOST_BOXES):
                drawn.append(state)
            else:
                rest.append(state)
        if len(rest) == 1:
            # A tile for one host would save nothing.
            drawn = domain.hosts
            rest = []
        boxes: list[HostBox | Tile] = [
            HostBox(state, slim=not state.drawn_alone and not self._name_all) for state in drawn
        ]
        if rest:
            label = f"{len(rest):,} other hosts in {domain.label}"
            boxes.append(Tile(label, f"+{len(rest):,} others", tally_of(rest), "row"))
        return boxes


def _with_grandchildren(domain: Domain) -> list[Domain]:
    """Return a domain and all domains inside it that have children."""
    found = [domain]
    for child in domain.children:
        if child.children:
            found += _with_grandchildren(child)
    return found
