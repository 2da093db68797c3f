"""Draws blocks as SVG: colours and states are classes, so that the style sheet can follow the reader's scheme."""

from __future__ import annotations

from collections.abc import Mapping

from groupsolver.picture.cards import Cards, domain_title, flags_of, host_title
from groupsolver.picture.facts import Mark, Stand, Use
from groupsolver.picture.layout import HEAD, HOST, PAD, STRIPE, Block
from groupsolver.picture.palette import Paint
from groupsolver.picture.piles import MARK_GAP, MARK_HEIGHT, piles_of
from groupsolver.picture.plan import Cell, Frame, Tile
from groupsolver.picture.text import count, esc, fit, percent, width_of

_DEFS = (
    '<defs><pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect class="hatch" width="1.6" height="5"/></pattern></defs>'
)


class Drawing:
    """One drawing in the making.

    Parameters
    ----------
    paints : mapping of str to Paint
    cards : Cards
        Gets a card for each element that is drawn.

    Attributes
    ----------
    shown : set of str
        What the legend need tell of: ``off``, ``over``, ``tile``.
    """

    def __init__(self, paints: Mapping[str, Paint], cards: Cards) -> None:
        self._paints = paints
        self._number = {name: i for i, name in enumerate(paints)}
        self._cards = cards
        self._out: list[str] = []
        self.shown: set[str] = set()

    def draw(self, block: Block, label: str) -> str:
        """Give the whole drawing as an SVG element."""
        self._block(0, 0, block, 0)
        width, height = _n(block.width + 2), _n(block.height + 2)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" id="fleet" viewBox="-1 -1 {width} {height}" width="{width}"'
            f' height="{height}" role="group" aria-label="{esc(label)}">{_DEFS}{"".join(self._out)}</svg>'
        )

    def _block(self, x: float, y: float, block: Block, depth: int) -> None:
        item = block.item
        if isinstance(item, Cell):
            (self._slim if item.slim else self._host)(x, y, block, item.stand)
        elif isinstance(item, Tile):
            self._tile(x, y, block, item)
        else:
            self._frame(x, y, block, item, depth)

    def _frame(self, x: float, y: float, block: Block, frame: Frame, depth: int) -> None:
        domain = frame.domain
        if domain.level:
            number = self._cards.domain(domain.label, domain.tally)
            self._out.append(f'<g role="group" aria-label="{esc(domain.label)}">')
            self._open("frame", number, domain_title(domain.label, domain.tally), stop=True)
            self._rect(f"f{min(depth, 3)}", x, y, block.width, block.height, round_=5)
            room = block.width - 2 * PAD
            size = 11.5 if frame.cells else 13.5
            name = fit(domain.label, room, size)
            self._text("ft" if frame.cells else "ft big", x + PAD, y + HEAD - 6, name)
            if note := self._note(frame, room - width_of(name, size) - 14):
                self._text("fn", x + block.width - PAD, y + HEAD - 6, note)
            self._out.append("</g>")
        for inner_x, inner_y, inner in block.inside:
            self._block(x + inner_x, y + inner_y, inner, depth + 1)
        if domain.level:
            self._out.append("</g>")

    def _note(self, frame: Frame, room: float) -> str:
        tally = frame.domain.tally
        parts = [count(tally.hosts, "host"), f"{percent(tally.mean)} used"]
        if tally.marks:
            parts.insert(1, count(len(tally.marks), "member"))
        while parts and width_of(" · ".join(parts), 10.5) > room:
            parts.pop()
        return " · ".join(parts)

    def _host(self, x: float, y: float, block: Block, stand: Stand) -> None:
        self._open(
            _states("host", stand),
            self._cards.host(stand),
            host_title(stand),
            stop=bool(stand.marks),
        )
        self._rect("bg", x - 2, y - 1, block.width + 4, block.height + 1, round_=3)
        full = percent(stand.share) if stand.share < 10 else "over"
        note = " · ".join([*(["!"] * stand.over), *(["off"] * (not stand.host.enabled)), full])
        self._text("hn", x, y + 11, fit(stand.host.name, HOST - width_of(note, 10.5) - 6, 11))
        self._text("hp", x + HOST, y + 11, note)
        self._bar(x, y + 15, HOST, 9, stand)
        self._marks(x, y + 28, stand)
        self._out.append("</g>")

    def _slim(self, x: float, y: float, block: Block, stand: Stand) -> None:
        self._open(_states("slim", stand), self._cards.host(stand), host_title(stand))
        self._bar(x, y, block.width, block.height, stand)
        self._out.append("</g>")

    def _bar(self, x: float, y: float, width: float, height: float, stand: Stand) -> None:
        self._rect("tr", x, y, width, height)
        if use := stand.fullest:
            at = min(1.0, use.of(use.before))
            self._rect("was", x, y, width * at, height)
            for group, amount in _added(stand, use).items():
                end = min(1.0, at + use.of(amount))
                self._rect(
                    f"add g{self._number[group]}", x + width * at, y, width * (end - at), height
                )
                at = end
        if flags_of(stand):
            self._rect("st", x, y, width, height)

    def _marks(self, x: float, y: float, stand: Stand) -> None:
        """Draw a mark for each member; where they are too many, one for each group, with their number."""
        piles, left, width, columns = arranged = piles_of(stand.marks, HOST)
        spots = [
            (x + column * (width + MARK_GAP), y + row * (MARK_HEIGHT + MARK_GAP))
            for row in range(arranged.rows)
            for column in range(columns)
        ]
        for spot, pile in zip(spots, piles, strict=False):
            self._mark(*spot, width, pile)
        if left:
            last_x, last_y = spots[len(piles)]
            self._text("hm", last_x + width / 2, last_y + 10.5, f"+{left:,}")

    def _mark(self, x: float, y: float, width: float, pile: list[Mark]) -> None:
        first = pile[0]
        ids = ", ".join(mark.id for mark in pile[:20]) + (" …" if len(pile) > 20 else "")
        since = "" if first.new else " (ran here already)"
        many = f"{len(pile):,}\u00d7" if len(pile) > 1 else ""
        self._out.append(
            f'<g class="mark{"" if first.new else " old"} g{self._number[first.group]}" data-m="{first.number}">'
            f"<title>{esc(ids + since)}</title>"
        )
        self._rect("", x, y, width, MARK_HEIGHT, round_=3)
        if not first.new:
            self._rect("tab", x, y, 6, MARK_HEIGHT, round_=2)
        self._text(
            "",
            x + width / 2 + 2.5 * (not first.new),
            y + 10.5,
            many + self._paints[first.group].key,
        )
        self._out.append("</g>")

    def _tile(self, x: float, y: float, block: Block, tile: Tile) -> None:
        total = tile.tally
        number = self._cards.folded(tile.label, total)
        self._open("tile", number, domain_title(tile.label, total), stop=bool(total.marks))
        self._rect("tr", x, y, block.width, block.height, round_=2)
        self._rect("was", x, y, block.width * total.mean, block.height, round_=2)
        if total.marks:
            self._stripes(x, y + block.height - STRIPE, block.width, tile)
        if tile.size == "big":
            self._text("tn", x + 4, y + 11, fit(tile.short, block.width - 8, 10))
            note = (
                f"{len(total.marks):,} memb."
                if total.marks
                else f"{total.hosts:,} · {percent(total.mean)}"
            )
            self._text("tn", x + 4, y + 22, fit(note, block.width - 5, 10))
        elif tile.size == "row":
            self._text("tn", x + 5, y + 13.5, tile.short)
            self._text("hp", x + block.width - 5, y + 13.5, percent(total.mean))
        self._out.append("</g>")

    def _stripes(self, x: float, y: float, width: float, tile: Tile) -> None:
        groups = tile.tally.groups()
        for group in sorted(groups, key=self._number.__getitem__):
            part = width * groups[group] / groups.total()
            self._rect(f"add g{self._number[group]}", x, y, part, STRIPE)
            x += part

    def _open(self, classes: str, number: int, title: str, *, stop: bool = False) -> None:
        """Begin an element with a card; Tab stops where something of the application stands."""
        self.shown.update(classes.split())
        tab = 0 if stop else -1
        self._out.append(
            f'<g class="{classes}" data-i="{number}" tabindex="{tab}" role="button"><title>{esc(title)}</title>'
        )

    def _rect(
        self, classes: str, x: float, y: float, width: float, height: float, *, round_: int = 0
    ) -> None:
        if width > 0.05:
            class_ = f' class="{classes}"' if classes else ""
            corner = f' rx="{round_}"' if round_ else ""
            self._out.append(
                f'<rect{class_} x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"{corner}/>'
            )

    def _text(self, classes: str, x: float, y: float, text: str) -> None:
        class_ = f' class="{classes}"' if classes else ""
        self._out.append(f'<text{class_} x="{_n(x)}" y="{_n(y)}">{esc(text)}</text>')


def _states(kind: str, stand: Stand) -> str:
    return kind + " off" * (not stand.host.enabled) + " over" * stand.over


def _added(stand: Stand, use: Use) -> dict[str, int]:
    added: dict[str, int] = {}
    for mark in stand.marks:
        if mark.new and (amount := mark.resources.get(use.resource, 0)):
            added[mark.group] = added.get(mark.group, 0) + amount
    return added


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
