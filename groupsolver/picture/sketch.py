"""One placement of a figure: frames of domains, hosts as boxes, members as cards, links as lines."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from groupsolver.constraints.eligibility import eligible
from groupsolver.constraints.problem.view import PlacedMember, View
from groupsolver.constraints.rules import rules_of
from groupsolver.model.fleet import Fleet, Host
from groupsolver.model.value import HOST
from groupsolver.picture.facts import Stand, stands_of
from groupsolver.picture.svg_marks import num, rect, text
from groupsolver.picture.text import fit
from groupsolver.picture.tree import Domain, chain_of, tree_of
from groupsolver.picture.wires import Wires

HOST_WIDTH, NAME_HEIGHT, CARD_HEIGHT = (
    76.0,
    17.0,
    17.0,
)  # of a host: its width, its name's height, a card's
PAD, GAP, TITLE, LINE = 6.0, 6.0, 19.0, 13.0


class Sketch:
    """One placement, laid out when built.

    Parameters
    ----------
    fleet : Fleet
    view : View
        Where everybody stands.
    number : mapping of str to int
        Each group's class of colour.
    wrong : collection of str
        Members that are framed.
    tell : collection of str
        Traits and resource classes that are written on hosts; ``bandwidth_mbps`` and ``latency_us``, on links.
    level : str or None
        The one whose domains are marked; None: all at which a policy speaks.
    cells : mapping of str to str
        Cell of each new member that is in one.

    Attributes
    ----------
    width, height : float
    """

    def __init__(
        self,
        fleet: Fleet,
        view: View,
        number: Mapping[str, int],
        wrong: Collection[str],
        tell: Collection[str],
        level: str | None,
        cells: Mapping[str, str],
    ) -> None:
        self._view, self._number, self._wrong, self._tell = view, number, wrong, tell
        self._levels = (
            {rule.policy.at for rule in rules_of(view.problem).all} if level is None else {level}
        )
        inside = {there.id: there.cell for there in view.problem.app.existing} | dict(cells)
        self._on: dict[tuple[str, str | None], list[PlacedMember]] = {}
        for member in view.everyone:
            self._on.setdefault((member.host, inside.get(member.id)), []).append(member)
        placement = {member.id: member.host for member in view.everyone if member.new}
        hosts = view.problem.hosts
        self._chain = chain_of(hosts, hosts.levels)
        self._root = tree_of(stands_of(view.problem, placement, {}), self._chain)
        self._head = NAME_HEIGHT + LINE * any(self._notes(host) for host in hosts)
        self._title = TITLE + LINE * any(self._also(leaf) for leaf in self._root.leaves())
        self._rows: list[float] = []  # hosts side by side are equally tall
        for leaf in self._root.leaves():
            for i, stand in enumerate(leaf.stands):
                self._rows += [0.0] * (i == len(self._rows))
                self._rows[i] = max(self._rows[i], self._tall(stand.host))
        self._wires = Wires(fleet, tell)
        self._at: dict[
            str, tuple[float, float]
        ] = {}  # where a link meets a host or a domain, by its name
        self.width = max(self._width(self._root), self._wires.width)
        self.height = self._wires.height + self._height(self._root)

    def draw(self, x: float, y: float) -> str:
        """Give the drawing, its upper left corner at a point."""
        body = self._domain(self._root, x, y + self._wires.height, self._height(self._root))
        return body + self._wires.draw(x, y, self.width, self._at)

    # Sizes.

    def _width(self, domain: Domain) -> float:
        inner = [self._width(child) for child in domain.children] or [HOST_WIDTH] * self._columns(
            domain
        )
        pad = 2 * PAD if domain.level else 0.0
        return sum(inner) + GAP * (len(inner) - 1) + pad

    def _columns(self, domain: Domain) -> int:
        return 1 if domain.level else len(domain.stands)  # without levels, hosts stand side by side

    def _height(self, domain: Domain) -> float:
        if domain.children:
            return (TITLE + PAD) * bool(domain.level) + max(
                self._height(child) for child in domain.children
            )
        tall = self._rows[: len(domain.stands)]
        return (
            self._title + PAD + sum(tall) + GAP * (len(tall) - 1)
            if domain.level
            else max(self._rows)
        )

    def _tall(self, host: Host) -> float:
        loose = len(self._on.get((host.name, None), ())) + bool(self._foreign(host))
        cells = sum(self._room(host, cell) + 3 for cell in host.cell_names())
        return self._head + max(not cells, loose) * (CARD_HEIGHT + 2) + cells + 2

    def _room(self, host: Host, cell: str) -> float:
        return LINE + max(1, len(self._on.get((host.name, cell), ()))) * (CARD_HEIGHT + 2) + 1

    # Drawing.

    def _domain(self, domain: Domain, x: float, y: float, height: float) -> str:
        if not domain.level:
            return self._inside(domain, x, y, height)
        width = self._width(domain)
        classes = self._classes("fr", domain.level, domain.name) + " in" * (not domain.children)
        out = rect(classes + " none" * (domain.name is None), x, y, width, height, 5)
        out += text("ft", x + PAD, y + 13, fit(domain.label, width - PAD, 11))
        if also := self._also(domain):
            level, name = also
            own = "own" if level in self._levels else "soft"
            out += text(own, x + PAD, y + 13 + LINE, fit(f"{level} {name}", width - PAD, 10))
        if domain.name is not None:
            self._at[domain.name] = (x + width / 2, y)
        title = TITLE if domain.children else self._title
        return out + self._inside(domain, x + PAD, y + title, height - title - PAD)

    def _inside(self, domain: Domain, x: float, y: float, height: float) -> str:
        out = ""
        for child in domain.children:
            out += self._domain(child, x, y, height)
            x += self._width(child) + GAP
        for i, stand in enumerate(domain.stands):
            tall = self._rows[i] if domain.level else height
            out += self._host(stand, x, y, tall)
            if domain.level:
                y += tall + GAP
            else:
                x += HOST_WIDTH + GAP
        return out

    def _classes(self, kind: str, level: str, name: str | None) -> str:
        here = name is not None and any(
            self._view.domain(member, level) == name for member in self._view.everyone
        )
        return kind + (" at" + " here" * here) * (level in self._levels and name is not None)

    def _also(self, domain: Domain) -> tuple[str, str] | None:
        """Give a level that overlaps with the frames, where all hosts of a frame are in one domain of it."""
        for level in self._view.problem.hosts.levels if domain.stands else ():
            names = {stand.host.domains.get(level) for stand in domain.stands}
            if level not in self._chain and len(names) == 1 and (name := names.pop()) is not None:
                return level, name
        return None

    def _host(self, stand: Stand, x: float, y: float, tall: float) -> str:
        host, problem = stand.host, self._view.problem
        open_ = any(
            eligible(problem, group.name, host) for group in problem.app.groups if group.members
        )
        out = f'<g class="{"" if open_ else "shut"}">'
        out += rect(self._classes("host", HOST, host.name), x, y, HOST_WIDTH, tall)
        out += text("ht", x + 5, y + 12, fit(host.name, HOST_WIDTH - 8, 11))
        if notes := self._notes(host):
            out += text("soft", x + 5, y + 12 + LINE, fit(", ".join(notes), HOST_WIDTH - 6, 8.6))
        self._at[host.name] = (x + HOST_WIDTH / 2, y)
        at = y + self._head
        for cell in host.cell_names():
            room = self._room(host, cell)
            out += rect("cell", x + 3, at, HOST_WIDTH - 6, room)
            out += text("soft", x + 6, at + 10, fit(f"cell {cell}", HOST_WIDTH - 10, 9))
            out += self._cards(self._on.get((host.name, cell), ()), x, at + LINE)
            at += room + 3
        out += self._cards(loose := self._on.get((host.name, None), ()), x, at)
        at += len(loose) * (CARD_HEIGHT + 2)
        if used := self._foreign(host):
            out += rect("used", x + 4, at, HOST_WIDTH - 8, CARD_HEIGHT) + text(
                "ut", x + HOST_WIDTH / 2, at + 12.5, fit(used, HOST_WIDTH, 10.5)
            )
        return out + "</g>"

    def _notes(self, host: Host) -> list[str]:
        capacity = host.capacity()
        traits = [trait.rpartition("_")[2] for trait in host.traits if trait in self._tell]
        return traits + [
            f"{capacity[name]} {name.partition('_')[0]}" for name in capacity if name in self._tell
        ]

    def _foreign(self, host: Host) -> str:
        """Say that something else uses capacity, if it does."""
        own: dict[str, int] = {}
        for there in self._view.problem.running_members:
            for name, amount in there.resources.items() if there.host == host.name else ():
                own[name] = own.get(name, 0) + amount
        return (
            "in use"
            if any(amount > own.get(name, 0) for name, amount in host.in_use().items())
            else ""
        )

    def _cards(self, members: Sequence[PlacedMember], x: float, y: float) -> str:
        return "".join(
            self._card(member, x + 4, y + i * (CARD_HEIGHT + 2)) for i, member in enumerate(members)
        )

    def _card(self, member: PlacedMember, x: float, y: float) -> str:
        width = HOST_WIDTH - 8
        look, words = ("card", "ct") if member.new else ("ran", "rt")
        out = f'<g class="g{self._number[member.group]}">{rect(look, x, y, width, CARD_HEIGHT)}'
        out += text(words, x + width / 2, y + 12.5, fit(member.id, width - 4, 10.5)) + "</g>"
        if member.id in self._wrong:
            out += rect("wrong", x - 1, y - 1, width + 2, CARD_HEIGHT + 2, 4)
            out += f'<circle class="mark" cx="{num(x + width - 1)}" cy="{num(y + 1)}" r="6"/>'
            out += f'<path class="wrong" d="M{num(x + width - 3.5)} {num(y - 1.5)}l5 5m0 -5l-5 5"/>'
        return out
