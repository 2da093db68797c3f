"""The cards of the details panel, as plain data for the page's script, and the tooltips."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from groupsolver.model.units import joined
from groupsolver.picture.domain_tree import Domain
from groupsolver.picture.host_state import HostState, Mark, Tally, Usage
from groupsolver.picture.level_of_detail import Tile
from groupsolver.picture.palette import Paint
from groupsolver.picture.recovery_cards import RecoveryCards
from groupsolver.picture.text import clean, count, percent

Price = Callable[[HostState], int]
MAX_IDS_SHOWN = 20  # of members, in a tooltip
MAX_RULES_SHOWN = 5  # of a conflict, in a tooltip


class DetailCards:
    """Collects the cards of all that is drawn; an element of the drawing has its card's number.

    Keys of a card are short, since a page has one for each host: ``t`` title, ``u`` usages,
    ``c`` price, ``d`` domains, ``f`` flags, ``r`` traits, ``n`` number of hosts, ``s`` mean share
    in use, ``g`` groups with numbers of members, ``m`` numbers of the members, ``k`` numbers of
    the rules of a conflict that speak of it, ``l`` numbers of its losses.

    Parameters
    ----------
    paints : dict of str to Paint
    levels : tuple of str
        The fleet's levels: a card has all of them, also those that are not drawn as frames.
    price : callable
        What a first member costs on a host.
    recoveries : RecoveryCards

    Attributes
    ----------
    cards : list of dict
    members : dict of int to list
        By number: id, number of the group, whether it is new, host, number of the card.
    """

    def __init__(
        self,
        paints: dict[str, Paint],
        levels: tuple[str, ...],
        price: Price,
        recoveries: RecoveryCards,
    ) -> None:
        self.cards: list[dict[str, Any]] = []
        self.members: dict[int, list[Any]] = {}
        self._group_number = {name: i for i, name in enumerate(paints)}
        self._levels = levels
        self._price = price
        self._recoveries = recoveries

    def add_host(self, state: HostState) -> int:
        """Add a host's card and return its number."""
        host = state.host
        levels = [level for level in self._levels if level in host.domains]
        card: dict[str, Any] = {
            "t": host.name,
            "u": [list(usage) for usage in state.usages()],
            "c": self._price(state),
            "d": [[level, host.domains[level]] for level in levels],
        }
        flags = host_flags(state)
        if flags:
            card["f"] = flags
        if state.drawn_alone:
            card["r"] = list(host.traits)
        if state.named_by:
            card["k"] = list(state.named_by)
        losses = self._recoveries.of_host(host)
        if losses:
            card["l"] = losses
        self.cards.append(card)
        return self._add_members(len(self.cards) - 1, state.marks)

    def add_frame(self, domain: Domain) -> int:
        """Add the card of a domain drawn as a frame, and return its number."""
        losses = self._recoveries.of_domain(domain.level, domain.name)
        return self._add_hosts(domain.label, domain.tally, domain.named_by, losses)

    def _add_hosts(
        self, label: str, tally: Tally, named_by: Collection[int], losses: list[int]
    ) -> int:
        card: dict[str, Any] = {
            "t": label,
            "n": tally.hosts,
            "s": round(tally.mean, 3),
            "u": [list(usage) for usage in tally.usages()],
        }
        flags = tally_flags(tally)
        if flags:
            card["f"] = flags
        if named_by:
            card["k"] = sorted(named_by)
        if losses:
            card["l"] = losses
        if tally.marks:
            groups = tally.groups()
            card["g"] = [[self._group_number[name], number] for name, number in groups.items()]
        self.cards.append(card)
        return len(self.cards) - 1

    def add_tile(self, tile: Tile) -> int:
        """Add the card of several hosts drawn as one, with their members one by one."""
        tally = tile.tally
        losses = []
        if tile.domain is not None:
            losses = self._recoveries.of_domain(tile.domain.level, tile.domain.name)
        number = self._add_hosts(tile.label, tally, tally.named_by, losses)
        return self._add_members(number, tally.marks)

    def _add_members(self, card: int, marks: list[Mark]) -> int:
        if marks:
            self.cards[card]["m"] = [mark.number for mark in marks]
        for mark in marks:
            group = self._group_number[mark.group]
            self.members[mark.number] = [mark.id, group, int(mark.new), mark.host, card]
        return card


def host_flags(state: HostState) -> list[str]:
    """Return what keeps new members, or some of them, off a host."""
    flags = []
    if not state.host.enabled:
        flags.append("disabled")
    if state.over:
        flags.append("over capacity")
    if state.host.reserved_for:
        flags.append(f"reserved for {', '.join(state.host.reserved_for)}")
    return flags


def tally_flags(tally: Tally) -> list[str]:
    """Return the same for the hosts of a domain, with their numbers."""
    flags = []
    if tally.disabled:
        flags.append(f"{tally.disabled:,} disabled")
    if tally.over:
        flags.append(f"{tally.over:,} over capacity")
    if tally.reserved:
        flags.append(f"{tally.reserved:,} reserved")
    return flags


def named_flags(named_by: Collection[int]) -> list[str]:
    """Return which rules of a conflict speak of a place, if any, as a list of one text."""
    numbers = [str(number) for number in sorted(named_by)]
    if not numbers:
        return []
    return [f"rule{'s' * (len(numbers) > 1)} {joined(numbers, MAX_RULES_SHOWN)} of the conflict"]


def host_title(state: HostState) -> str:
    """Return a host's tooltip."""
    first = ", ".join([state.host.name, *named_flags(state.named_by), *host_flags(state)])
    fullest = state.fullest
    if fullest:
        first += f": {_usage(fullest)}"
    lines = [first]
    for since, new in (("placed here", True), ("ran here already", False)):
        ids = [_with_cell(mark) for mark in state.marks if mark.new == new]
        if ids:
            lines.append(f"{since}: {joined(ids, MAX_IDS_SHOWN)}")
    for name, usages in state.cells():
        if usages:
            lines.append(f"cell {name}: {_usage(max(usages, key=lambda usage: usage.share))}")
    return clean("\n".join(lines))


def _with_cell(mark: Mark) -> str:
    return mark.id if mark.cell is None else f"{mark.id} (cell {mark.cell})"


def _usage(usage: Usage) -> str:
    if not usage.capacity:
        return f"uses {usage.resource}, of which it has none"
    before = f"{percent(usage.of(usage.before))} → " if usage.added else ""
    return f"{usage.resource} {before}{percent(usage.share)}"


def domain_title(label: str, tally: Tally, named_by: Collection[int] = ()) -> str:
    """Return the tooltip of a domain, or of several hosts drawn as one."""
    hosts = f"{label}: {count(tally.hosts, 'host')}"
    parts = [hosts, *named_flags(named_by), f"{percent(tally.mean)} used", *tally_flags(tally)]
    if tally.marks:
        groups = ", ".join(f"{name} {number:,}" for name, number in tally.groups().items())
        parts.append(f"{count(len(tally.marks), 'member')} ({groups})")
    return clean(", ".join(parts))
