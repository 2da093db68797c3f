"""One placement of a figure: domains as frames, hosts as boxes, members as cards, and links."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from groupsolver.constraints.eligibility import eligible
from groupsolver.constraints.problem.view import PlacedMember, View
from groupsolver.constraints.rules import rules_of
from groupsolver.model.fleet import Fleet, Host
from groupsolver.model.value import HOST
from groupsolver.picture.conflicts.named_places import NamedPlaces
from groupsolver.picture.domain_tree import Domain, domain_tree, nested_levels
from groupsolver.picture.host_state import HostState, host_states
from groupsolver.picture.network_drawing import NetworkDrawing
from groupsolver.picture.svg_elements import num, rect, text
from groupsolver.picture.text import fit

HOST_WIDTH = 76.0
HOST_NAME_HEIGHT = 17.0
CARD_HEIGHT = 17.0
CARD_STEP = CARD_HEIGHT + 2  # from one card to the next
TITLE_HEIGHT = 19.0  # of a frame
LINE_HEIGHT = 13.0
PAD = 6.0
GAP = 6.0


class PanelDrawing:
    """One placement, laid out when built.

    Parameters
    ----------
    fleet : Fleet
    view : View
        The placement.
    group_number : mapping of str to int
        Each group's class of colour.
    wrong : collection of str
        Members that are framed.
    tell : collection of str
        Traits and resource classes that are written on hosts; ``bandwidth_mbps`` and
        ``latency_us``, on links.
    level : str or None
        The one whose domains are marked; None for the level of every policy.
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
        group_number: Mapping[str, int],
        wrong: Collection[str],
        tell: Collection[str],
        level: str | None,
        cells: Mapping[str, str],
    ) -> None:
        self._view = view
        self._group_number = group_number
        self._wrong = wrong
        self._tell = tell
        self._marked_levels = {level}
        if level is None:
            self._marked_levels = {rule.policy.at for rule in rules_of(view.problem).all}
        self._members = self._members_by_place(cells)
        placement = {member.id: member.host for member in view.everyone if member.new}
        hosts = view.problem.hosts
        self._chain = nested_levels(hosts, hosts.levels)
        unmarked = NamedPlaces(self._chain)
        states = host_states(view.problem, placement, {}, unmarked)
        self._root = domain_tree(states, self._chain, unmarked)
        # All hosts, and all frames, have room for a second line if one of them needs it.
        has_notes = any(self._notes(host) for host in hosts)
        self._host_head = HOST_NAME_HEIGHT + (LINE_HEIGHT if has_notes else 0)
        has_overlaps = any(self._overlapping_domain(leaf) for leaf in self._root.leaves())
        self._frame_head = TITLE_HEIGHT + (LINE_HEIGHT if has_overlaps else 0)
        self._row_heights = self._equal_rows()
        places = {host.name for host in fleet.hosts}
        for host in fleet.hosts:
            places.update(host.domains.values())
        self._network = NetworkDrawing(fleet.links, places, tell)
        # Where links meet hosts and domains, by name; filled while these are drawn.
        self._link_ends: dict[str, tuple[float, float]] = {}
        self.width = max(self._width(self._root), self._network.width)
        self.height = self._network.height + self._height(self._root)

    def _members_by_place(
        self, cells: Mapping[str, str]
    ) -> dict[tuple[str, str | None], list[PlacedMember]]:
        """Return the members in each cell of each host; the cell is None where they are in none."""
        cell_of = {member.id: member.cell for member in self._view.problem.app.existing}
        cell_of |= dict(cells)
        members: dict[tuple[str, str | None], list[PlacedMember]] = {}
        for member in self._view.everyone:
            place = (member.host, cell_of.get(member.id))
            members.setdefault(place, []).append(member)
        return members

    def draw(self, x: float, y: float) -> str:
        """Return the drawing, with its upper left corner at a point."""
        top = y + self._network.height
        frames = self._domain(self._root, x, top, self._height(self._root))
        return frames + self._network.draw(x, y, self.width, self._link_ends)

    # Sizes.

    def _equal_rows(self) -> list[float]:
        """Return the height of each row: hosts side by side are equally tall."""
        rows: list[float] = []
        for leaf in self._root.leaves():
            for i, state in enumerate(leaf.hosts):
                if i == len(rows):
                    rows.append(0.0)
                rows[i] = max(rows[i], self._host_height(state.host))
        return rows

    def _width(self, domain: Domain) -> float:
        if domain.children:
            widths = [self._width(child) for child in domain.children]
        else:
            # Within a frame hosts are stacked; without levels, they are side by side.
            widths = [HOST_WIDTH] * (1 if domain.level else len(domain.hosts))
        pad = 2 * PAD if domain.level else 0.0
        return sum(widths) + GAP * (len(widths) - 1) + pad

    def _height(self, domain: Domain) -> float:
        if domain.children:
            head = TITLE_HEIGHT + PAD if domain.level else 0.0
            return head + max(self._height(child) for child in domain.children)
        if not domain.level:
            return max(self._row_heights)
        rows = self._row_heights[: len(domain.hosts)]
        return self._frame_head + PAD + sum(rows) + GAP * (len(rows) - 1)

    def _host_height(self, host: Host) -> float:
        cards = len(self._members.get((host.name, None), ())) + bool(self._other_use(host))
        cells = sum(self._cell_height(host, cell) + 3 for cell in host.cell_names())
        # An empty host without cells has room for one card.
        cards_room = max(not cells, cards) * CARD_STEP
        return self._host_head + cards_room + cells + 2

    def _cell_height(self, host: Host, cell: str) -> float:
        cards = len(self._members.get((host.name, cell), ()))
        return LINE_HEIGHT + max(1, cards) * CARD_STEP + 1

    # Frames.

    def _domain(self, domain: Domain, x: float, y: float, height: float) -> str:
        if not domain.level:
            return self._inside(domain, x, y, height)
        width = self._width(domain)
        classes = self._marked_classes("fr", domain.level, domain.name)
        if not domain.children:
            classes += " in"
        if domain.name is None:
            classes += " none"
        else:
            self._link_ends[domain.name] = (x + width / 2, y)
        out = rect(classes, x, y, width, height, 5)
        out += text("ft", x + PAD, y + 13, fit(domain.label, width - PAD, 11))
        overlapping = self._overlapping_domain(domain)
        if overlapping:
            level, name = overlapping
            look = "own" if level in self._marked_levels else "soft"
            label = fit(f"{level} {name}", width - PAD, 10)
            out += text(look, x + PAD, y + 13 + LINE_HEIGHT, label)
        head = TITLE_HEIGHT if domain.children else self._frame_head
        return out + self._inside(domain, x + PAD, y + head, height - head - PAD)

    def _inside(self, domain: Domain, x: float, y: float, height: float) -> str:
        out = ""
        for child in domain.children:
            out += self._domain(child, x, y, height)
            x += self._width(child) + GAP
        for i, state in enumerate(domain.hosts):
            host_height = self._row_heights[i] if domain.level else height
            out += self._host(state, x, y, host_height)
            if domain.level:
                y += host_height + GAP
            else:
                x += HOST_WIDTH + GAP
        return out

    def _marked_classes(self, kind: str, level: str, name: str | None) -> str:
        """Return a domain's classes: ``at`` a marked level, and ``here`` with a member in it."""
        if level not in self._marked_levels or name is None:
            return kind
        members = self._view.everyone
        is_used = any(self._view.domain(member, level) == name for member in members)
        return f"{kind} at here" if is_used else f"{kind} at"

    def _overlapping_domain(self, domain: Domain) -> tuple[str, str] | None:
        """Return level and name of a domain of no frame that all hosts of this frame are in."""
        if not domain.hosts:
            return None
        for level in self._view.problem.hosts.levels:
            names = {state.host.domains.get(level) for state in domain.hosts}
            if level not in self._chain and len(names) == 1:
                (name,) = names
                if name is not None:
                    return level, name
        return None

    # Hosts.

    def _host(self, state: HostState, x: float, y: float, height: float) -> str:
        host = state.host
        problem = self._view.problem
        is_open = any(
            eligible(problem, group.name, host) for group in problem.app.groups if group.members
        )
        self._link_ends[host.name] = (x + HOST_WIDTH / 2, y)
        out = f'<g class="{"" if is_open else "shut"}">'
        out += rect(self._marked_classes("host", HOST, host.name), x, y, HOST_WIDTH, height)
        out += text("ht", x + 5, y + 12, fit(host.name, HOST_WIDTH - 8, 11))
        notes = self._notes(host)
        if notes:
            label = fit(", ".join(notes), HOST_WIDTH - 6, 8.6)
            out += text("soft", x + 5, y + 12 + LINE_HEIGHT, label)
        top = y + self._host_head
        for cell in host.cell_names():
            cell_height = self._cell_height(host, cell)
            out += rect("cell", x + 3, top, HOST_WIDTH - 6, cell_height)
            out += text("soft", x + 6, top + 10, fit(f"cell {cell}", HOST_WIDTH - 10, 9))
            out += self._cards(self._members.get((host.name, cell), ()), x, top + LINE_HEIGHT)
            top += cell_height + 3
        members = self._members.get((host.name, None), ())
        out += self._cards(members, x, top)
        top += len(members) * CARD_STEP
        other_use = self._other_use(host)
        if other_use:
            out += rect("used", x + 4, top, HOST_WIDTH - 8, CARD_HEIGHT)
            label = fit(other_use, HOST_WIDTH, 10.5)
            out += text("ut", x + HOST_WIDTH / 2, top + 12.5, label)
        return out + "</g>"

    def _notes(self, host: Host) -> list[str]:
        """Return the traits and capacities that are written on a host."""
        traits = [trait.rpartition("_")[2] for trait in host.traits if trait in self._tell]
        if host.reserved_for:
            kept_for = [trait.rpartition("_")[2] for trait in host.reserved_for]
            traits = [f"for {' + '.join(kept_for)}", *traits]
        capacities = [
            f"{capacity} {name.partition('_')[0]}"
            for name, capacity in host.capacity().items()
            if name in self._tell
        ]
        return traits + capacities

    def _other_use(self, host: Host) -> str:
        """Return what is written where something else than running members uses a host."""
        by_members: dict[str, int] = {}
        for member in self._view.problem.running_members:
            if member.host == host.name:
                for name, amount in member.resources.items():
                    by_members[name] = by_members.get(name, 0) + amount
        used = host.in_use().items()
        return "in use" if any(amount > by_members.get(name, 0) for name, amount in used) else ""

    # Members.

    def _cards(self, members: Sequence[PlacedMember], x: float, y: float) -> str:
        cards = [self._card(member, x + 4, y + i * CARD_STEP) for i, member in enumerate(members)]
        return "".join(cards)

    def _card(self, member: PlacedMember, x: float, y: float) -> str:
        width = HOST_WIDTH - 8
        card_class, text_class = ("card", "ct") if member.new else ("ran", "rt")
        out = f'<g class="g{self._group_number[member.group]}">'
        out += rect(card_class, x, y, width, CARD_HEIGHT)
        out += text(text_class, x + width / 2, y + 12.5, fit(member.id, width - 4, 10.5)) + "</g>"
        if member.id in self._wrong:
            right = x + width
            out += rect("wrong", x - 1, y - 1, width + 2, CARD_HEIGHT + 2, 4)
            out += f'<circle class="mark" cx="{num(right - 1)}" cy="{num(y + 1)}" r="6"/>'
            cross = f"M{num(right - 3.5)} {num(y - 1.5)}l5 5m0 -5l-5 5"
            out += f'<path class="wrong" d="{cross}"/>'
        return out
