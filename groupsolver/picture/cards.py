"""What the details panel tells of a host or a domain, as plain data for the page's script."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from groupsolver.model.units import shortened
from groupsolver.picture.facts import Mark, Stand, Tally, Use
from groupsolver.picture.palette import Paint
from groupsolver.picture.text import clean, count, percent

Price = Callable[[Stand], int]


class Cards:
    """Collects the cards of all that is drawn; an element of the drawing carries its card's number.

    Parameters
    ----------
    paints : dict of str to Paint
    levels : tuple of str
        The fleet's levels: all are told, those that are no frames too.
    price : callable
        What a first member costs on a host.
    """

    def __init__(self, paints: dict[str, Paint], levels: tuple[str, ...], price: Price) -> None:
        self.cards: list[dict[str, Any]] = []
        self.members: dict[int, list[Any]] = {}  # by number: id, group's number, new, host, card
        self._number = {name: i for i, name in enumerate(paints)}
        self._levels = levels
        self._price = price

    def host(self, stand: Stand) -> int:
        """Add a host's card; give its number."""
        host = stand.host
        card: dict[str, Any] = {
            "t": host.name,
            "u": [list(use) for use in stand.uses()],
            "c": self._price(stand),
        }
        card["d"] = [
            [level, host.domains[level]] for level in self._levels if level in host.domains
        ]
        if flags := flags_of(stand):
            card["f"] = flags
        if stand.marks:
            card["r"] = list(host.traits)
        return self._add(card, stand.marks)

    def domain(self, label: str, tally: Tally) -> int:
        """Add the card of a domain, or of several hosts drawn as one."""
        uses = [list(use) for use in tally.uses()]
        card: dict[str, Any] = {"t": label, "n": tally.hosts, "s": round(tally.mean, 3), "u": uses}
        if flags := tally_flags(tally):
            card["f"] = flags
        if tally.marks:
            card["g"] = [[self._number[name], many] for name, many in tally.groups().items()]
        self.cards.append(card)
        return len(self.cards) - 1

    def folded(self, label: str, tally: Tally) -> int:
        """Add the card of several hosts drawn as one, members on them told one by one."""
        number = self.domain(label, tally)
        return self._note(number, tally.marks)

    def _add(self, card: dict[str, Any], marks: list[Mark]) -> int:
        self.cards.append(card)
        return self._note(len(self.cards) - 1, marks)

    def _note(self, number: int, marks: list[Mark]) -> int:
        if marks:
            self.cards[number]["m"] = [mark.number for mark in marks]
        for mark in marks:
            self.members[mark.number] = [
                mark.id,
                self._number[mark.group],
                int(mark.new),
                mark.host,
                number,
            ]
        return number


def flags_of(stand: Stand) -> list[str]:
    """Say what keeps new members off a host."""
    return ["disabled"] * (not stand.host.enabled) + ["over capacity"] * stand.over


def tally_flags(tally: Tally) -> list[str]:
    """Say the same of the hosts of a domain."""
    flags = [f"{tally.disabled:,} disabled"] if tally.disabled else []
    return flags + ([f"{tally.over:,} over capacity"] if tally.over else [])


def host_title(stand: Stand) -> str:
    """Give a host's tooltip."""
    lines = [", ".join([stand.host.name, *flags_of(stand)])]
    if fullest := stand.fullest:
        lines[0] += f": {_use(fullest)}"
    for since, new in (("placed here", True), ("ran here already", False)):
        if ids := [_with_cell(mark) for mark in stand.marks if mark.new == new]:
            lines.append(f"{since}: {shortened(ids, 20)}")
    for name, uses in stand.cells():
        if uses:
            lines.append(f"cell {name}: {_use(max(uses, key=lambda use: use.share))}")
    return clean("\n".join(lines))


def _with_cell(mark: Mark) -> str:
    return mark.id if mark.cell is None else f"{mark.id} (cell {mark.cell})"


def _use(use: Use) -> str:
    if not use.capacity:
        return f"uses {use.resource} that it has not"
    before = f"{percent(use.of(use.before))} → " if use.added else ""
    return f"{use.resource} {before}{percent(use.share)}"


def domain_title(label: str, tally: Tally) -> str:
    """Give the tooltip of a domain, or of several hosts drawn as one."""
    parts = [
        f"{label}: {count(tally.hosts, 'host')}",
        f"{percent(tally.mean)} used",
        *tally_flags(tally),
    ]
    if tally.marks:
        groups = ", ".join(f"{name} {many:,}" for name, many in tally.groups().items())
        parts.append(f"{count(len(tally.marks), 'member')} ({groups})")
    return clean(", ".join(parts))
