"""The drawing of a fleet as SVG.

Colours and states are classes, so that the style sheet can follow the reader's colour scheme.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from groupsolver.picture.detail_cards import DetailCards, domain_title, host_flags, host_title
from groupsolver.picture.host_state import HostState, Mark, Usage
from groupsolver.picture.layout import HOST_WIDTH, PAD, STRIPE, TITLE_HEIGHT, Box
from groupsolver.picture.level_of_detail import Frame, Tile
from groupsolver.picture.link_overlay import DrawnPlaces, LinkOverlay
from groupsolver.picture.mark_rows import MARK_GAP, MARK_HEIGHT, arrange_marks
from groupsolver.picture.palette import Paint
from groupsolver.picture.svg_elements import num, rect, text
from groupsolver.picture.text import count, esc, fit, percent, width_of

MAX_IDS_SHOWN = 20  # of members that share a mark, in its tooltip
MAX_RULES_NOTED = 2  # of a conflict, on a host or a frame that they speak of
MAX_DEPTH = 3  # of frames with a class of their own
_DEFS = (
    '<defs><pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><rect class="hatch" width="1.6" height="5"/></pattern></defs>'
)


class FleetDrawing:
    """One drawing in the making.

    Parameters
    ----------
    paints : mapping of str to Paint
    cards : DetailCards
        Gets a card for each element that is drawn.

    Attributes
    ----------
    shown : set of str
        Classes of what was drawn; the legend explains ``off``, ``over`` and ``tile`` among them.
    """

    def __init__(self, paints: Mapping[str, Paint], cards: DetailCards) -> None:
        self._paints = paints
        self._group_number = {name: i for i, name in enumerate(paints)}
        self._cards = cards
        self._out: list[str] = []
        self._places = DrawnPlaces()
        self.shown: set[str] = set()

    def draw(self, box: Box, label: str, links: LinkOverlay) -> str:
        """Return the whole drawing as an SVG element, with links over and above it."""
        self._box(0, 0, box, 0)
        overlay, above = links.draw(self._places, box.width)
        if overlay:
            self.shown.add("link")
        width = num(box.width + 2)
        height = num(box.height + 2 + above)
        view = f"-1 {num(-1 - above)} {width} {height}"
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" id="fleet" viewBox="{view}"'
            f' width="{width}" height="{height}" role="group" aria-label="{esc(label)}">'
            f"{_DEFS}{''.join(self._out)}{overlay}</svg>"
        )

    def _box(self, x: float, y: float, box: Box, depth: int) -> None:
        item = box.item
        if isinstance(item, Tile):
            self._tile(x, y, box, item)
        elif isinstance(item, Frame):
            self._frame(x, y, box, item, depth)
        elif item.slim:
            self._slim_host(x, y, box, item.state)
        else:
            self._host(x, y, box, item.state)

    # Frames.

    def _frame(self, x: float, y: float, box: Box, frame: Frame, depth: int) -> None:
        domain = frame.domain
        if domain.level:
            self._out.append(f'<g role="group" aria-label="{esc(domain.label)}">')
            self._frame_head(x, y, box, frame, depth)
        for inner_x, inner_y, inner in box.inside:
            self._box(x + inner_x, y + inner_y, inner, depth + 1)
        if domain.level:
            self._out.append("</g>")

    def _frame_head(self, x: float, y: float, box: Box, frame: Frame, depth: int) -> None:
        domain = frame.domain
        self._places.frames.append((domain, (x + box.width / 2, y)))
        named_by = domain.named_by
        card = self._cards.add_frame(domain)
        title = domain_title(domain.label, domain.tally, named_by)
        self._open("frame", card, title, named_by, stop=True)
        self._rect(f"f{min(depth, MAX_DEPTH)}", x, y, box.width, box.height, radius=5)
        room = box.width - 2 * PAD
        size = 11.5 if frame.hosts else 13.5
        name = fit(domain.label, room, size)
        baseline = y + TITLE_HEIGHT - 6
        self._text("ft" if frame.hosts else "ft big", x + PAD, baseline, name)
        note = self._frame_note(frame, room - width_of(name, size) - 14)
        if note:
            self._text("fn", x + box.width - PAD, baseline, note)
        self._out.append("</g>")

    def _frame_note(self, frame: Frame, room: float) -> str:
        """Return numbers of hosts and members, and the use, as far as there is room."""
        tally = frame.domain.tally
        parts = [*_rules_note(frame.domain.named_by), count(tally.hosts, "host")]
        if tally.marks:
            parts.append(count(len(tally.marks), "member"))
        parts.append(f"{percent(tally.mean)} used")
        while parts and width_of(" · ".join(parts), 10.5) > room:
            parts.pop()
        return " · ".join(parts)

    # Hosts.

    def _host(self, x: float, y: float, box: Box, state: HostState) -> None:
        card = self._cards.add_host(state)
        self._places.hosts.append((state, (x + HOST_WIDTH / 2, y)))
        classes = _state_classes("host", state)
        self._open(classes, card, host_title(state), state.named_by, stop=state.drawn_alone)
        self._rect("bg", x - 2, y - 1, box.width + 4, box.height + 1, radius=3)
        note = _host_note(state)
        name = fit(state.host.name, HOST_WIDTH - width_of(note, 10.5) - 6, 11)
        self._text("hn", x, y + 11, name)
        self._text("hp", x + HOST_WIDTH, y + 11, note)
        self._bar(x, y + 15, HOST_WIDTH, 9, state)
        self._marks(x, y + 28, state)
        self._out.append("</g>")

    def _slim_host(self, x: float, y: float, box: Box, state: HostState) -> None:
        card = self._cards.add_host(state)
        self._places.hosts.append((state, (x + box.width / 2, y)))
        self._open(_state_classes("slim", state), card, host_title(state))
        self._bar(x, y, box.width, box.height, state)
        self._out.append("</g>")

    def _bar(self, x: float, y: float, width: float, height: float, state: HostState) -> None:
        """Draw the use of the fullest resource: what was in use, then what each group adds."""
        self._rect("tr", x, y, width, height)
        usage = state.fullest
        if usage:
            start = min(1.0, usage.of(usage.before))
            self._rect("was", x, y, width * start, height)
            for group, amount in _added_by_group(state, usage).items():
                end = min(1.0, start + usage.of(amount))
                classes = f"add g{self._group_number[group]}"
                self._rect(classes, x + width * start, y, width * (end - start), height)
                start = end
        if host_flags(state):
            self._rect("st", x, y, width, height)

    def _marks(self, x: float, y: float, state: HostState) -> None:
        """Draw a mark for each member, or for each group with a number where they are many."""
        arranged = arrange_marks(state.marks, HOST_WIDTH)
        spots = []
        for row in range(arranged.rows):
            for column in range(arranged.columns):
                spot_x = x + column * (arranged.width + MARK_GAP)
                spots.append((spot_x, y + row * (MARK_HEIGHT + MARK_GAP)))
        for (spot_x, spot_y), pile in zip(spots, arranged.piles, strict=False):
            self._mark(spot_x, spot_y, arranged.width, pile)
        if arranged.left_out:
            last_x, last_y = spots[len(arranged.piles)]
            self._text("hm", last_x + arranged.width / 2, last_y + 10.5, f"+{arranged.left_out:,}")

    def _mark(self, x: float, y: float, width: float, pile: list[Mark]) -> None:
        first = pile[0]
        ids = ", ".join(mark.id for mark in pile[:MAX_IDS_SHOWN])
        more = " …" if len(pile) > MAX_IDS_SHOWN else ""
        since = "" if first.new else " (ran here already)"
        old = "" if first.new else " old"
        classes = f"mark{old} g{self._group_number[first.group]}"
        self._out.append(
            f'<g class="{classes}" data-m="{first.number}"><title>{esc(ids + more + since)}</title>'
        )
        self._rect("", x, y, width, MARK_HEIGHT, radius=3)
        middle = x + width / 2
        if not first.new:
            self._rect("tab", x, y, 6, MARK_HEIGHT, radius=2)
            middle += 2.5
        number = f"{len(pile):,}\u00d7" if len(pile) > 1 else ""
        self._text("", middle, y + 10.5, number + self._paints[first.group].key)
        self._out.append("</g>")

    # Tiles.

    def _tile(self, x: float, y: float, box: Box, tile: Tile) -> None:
        total = tile.tally
        card = self._cards.add_tile(tile)
        title = domain_title(tile.label, total, total.named_by)
        self._open("tile", card, title, total.named_by, stop=total.worth_a_frame)
        self._rect("tr", x, y, box.width, box.height, radius=2)
        self._rect("was", x, y, box.width * total.mean, box.height, radius=2)
        if total.marks:
            self._stripes(x, y + box.height - STRIPE, box.width, tile)
        if tile.size == "big":
            hosts = f"{total.hosts:,} · {percent(total.mean)}"
            note = f"{len(total.marks):,} memb." if total.marks else hosts
            self._text("tn", x + 4, y + 11, fit(tile.short, box.width - 8, 10))
            self._text("tn", x + 4, y + 22, fit(note, box.width - 5, 10))
        elif tile.size == "row":
            self._text("tn", x + 5, y + 13.5, tile.short)
            self._text("hp", x + box.width - 5, y + 13.5, percent(total.mean))
        self._out.append("</g>")

    def _stripes(self, x: float, y: float, width: float, tile: Tile) -> None:
        """Draw the groups of a tile's members, as wide as their shares."""
        groups = tile.tally.groups()
        for group in sorted(groups, key=self._group_number.__getitem__):
            part = width * groups[group] / groups.total()
            self._rect(f"add g{self._group_number[group]}", x, y, part, STRIPE)
            x += part

    # Elements.

    def _open(
        self,
        classes: str,
        card: int,
        title: str,
        named_by: Collection[int] = (),
        *,
        stop: bool = False,
    ) -> None:
        """Begin an element with a card; the Tab key stops where members are, or a rule speaks."""
        tab = 0 if stop or named_by else -1
        attributes = f'data-i="{card}" tabindex="{tab}" role="button"'
        if named_by:
            classes += " named"
            numbers = " ".join(str(number) for number in sorted(named_by))
            attributes += f' data-r="{numbers}"'
        self.shown.update(classes.split())
        self._out.append(f'<g class="{classes}" {attributes}><title>{esc(title)}</title>')

    def _rect(
        self, classes: str, x: float, y: float, width: float, height: float, *, radius: int = 0
    ) -> None:
        if width > 0.05:
            self._out.append(rect(classes, x, y, width, height, radius))

    def _text(self, classes: str, x: float, y: float, words: str) -> None:
        self._out.append(text(classes, x, y, words))


def _state_classes(kind: str, state: HostState) -> str:
    classes = [kind]
    if not state.host.enabled:
        classes.append("off")
    if state.over:
        classes.append("over")
    if state.host.reserved_for:
        classes.append("held")
    return " ".join(classes)


def _rules_note(named_by: Collection[int]) -> list[str]:
    """Return the rules that speak of a place, as short as can be, if there are any."""
    numbers = [str(number) for number in sorted(named_by)[:MAX_RULES_NOTED]]
    more = "+" if len(named_by) > MAX_RULES_NOTED else ""
    return [f"rule {', '.join(numbers)}{more}"] if numbers else []


def _host_note(state: HostState) -> str:
    notes = _rules_note(state.named_by)
    if state.over:
        notes.append("!")
    if not state.host.enabled:
        notes.append("off")
    if state.host.reserved_for:
        notes.append("reserved")
    notes.append(percent(state.share) if state.share < 10 else "over")
    return " · ".join(notes)


def _added_by_group(state: HostState, usage: Usage) -> dict[str, int]:
    """Return how much of a resource the new members of each group take."""
    added: dict[str, int] = {}
    for mark in state.marks:
        amount = mark.resources.get(usage.resource, 0)
        if mark.new and amount:
            added[mark.group] = added.get(mark.group, 0) + amount
    return added
