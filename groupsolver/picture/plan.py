"""What is drawn one by one, and what is drawn as a sum, so that a fleet of any size fits a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from groupsolver.picture.facts import Stand, Tally, tally
from groupsolver.picture.text import count
from groupsolver.picture.tree import Domain

NAMED = 60  # up to so many hosts, each one is drawn with its name
SINGLE = 600  # up to so many, each is drawn, those without members as a slim bar
CELLS = 1000  # up to so many hosts with members are drawn one by one
BIG_TILES = 400  # up to so many tiles are big enough for a text
TILES = 3000  # more are not drawn


@dataclass(frozen=True)
class Cell:
    """One host; a slim one is a bar without a name."""

    stand: Stand
    slim: bool


@dataclass(frozen=True)
class Tile:
    """Several hosts as one: a domain, several domains, or the hosts of a domain that are not drawn.

    Attributes
    ----------
    label : str
        What is summed up, in full.
    short : str
        The same where the frame around it tells the rest.
    tally : Tally
    size : str
        ``big``, ``small`` (no text), or ``row`` (as wide as a host).
    """

    label: str
    short: str
    tally: Tally
    size: Literal["big", "small", "row"]


@dataclass(frozen=True)
class Frame:
    """A domain with what stands in it; tiles come after all else."""

    domain: Domain
    frames: tuple[Frame, ...] = ()
    cells: tuple[Cell | Tile, ...] = ()
    tiles: tuple[Tile, ...] = ()


class Plan:
    """Decides how much of a fleet is drawn, once for the whole picture.

    Parameters
    ----------
    root : Domain
    """

    def __init__(self, root: Domain) -> None:
        leaves = list(root.leaves())
        busy = len({mark.host for mark in root.tally.marks})
        self.named = root.tally.hosts <= NAMED
        self.single = root.tally.hosts <= SINGLE
        self.fold_all = busy > CELLS
        tiles = sum(1 for leaf in leaves if self._tiled(leaf))
        self.size: Literal["big", "small"] = (
            "big" if tiles <= BIG_TILES or self.fold_all else "small"
        )
        self.fold_outer = (
            tiles > TILES
        )  # a domain without members is then one tile, whatever stands in it
        parents = sum(
            1 for outer in _outers(root) if any(self._tiled(child) for child in outer.children)
        )
        self.limit = max(20, TILES // max(1, parents))
        self.root = self.frame(root)

    def _tiled(self, domain: Domain) -> bool:
        return bool(domain.level) and not self.single and (self.fold_all or not domain.tally.marks)

    def frame(self, domain: Domain) -> Frame:
        """Plan one domain."""
        if not domain.children:
            return Frame(domain, cells=tuple(self._cells(domain)))
        frames, folded = [], []
        for child in domain.children:
            leaf = not child.children
            if self._tiled(child) and (leaf or (self.fold_outer and not child.tally.marks)):
                folded.append(child)
            else:
                frames.append(self.frame(child))
        if len(folded) > self.limit:
            # Where not all can be shown, those with members come first.
            folded.sort(key=lambda child: not child.tally.marks)
        tiles = [
            Tile(child.label, child.name or child.label, child.tally, self.size)
            for child in folded[: self.limit]
        ]
        if rest := folded[self.limit :]:
            total = Tally()
            for child in rest:
                total.add(child.tally)
            label = f"{count(len(rest), 'more ' + rest[0].level)} in {domain.label}"
            tiles.append(Tile(label, f"+{len(rest):,}", total, "big"))
        return Frame(domain, tuple(frames), tiles=tuple(tiles))

    def _cells(self, domain: Domain) -> list[Cell | Tile]:
        drawn: list[Stand] = []
        rest: list[Stand] = []
        for stand in domain.stands:
            if self.single or (stand.marks and len(drawn) < CELLS):
                drawn.append(stand)
            else:
                rest.append(stand)
        if len(rest) == 1:
            drawn, rest = domain.stands, []
        cells: list[Cell | Tile] = [
            Cell(stand, not stand.marks and not self.named) for stand in drawn
        ]
        if rest:
            cells.append(
                Tile(
                    f"{len(rest):,} other hosts in {domain.label}",
                    f"+{len(rest):,} others",
                    tally(rest),
                    "row",
                )
            )
        return cells


def _outers(domain: Domain) -> list[Domain]:
    inner = [child for child in domain.children if child.children]
    return [domain, *(outer for child in inner for outer in _outers(child))]
