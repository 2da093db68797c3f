"""The legend: a button for each group, groups of groups as boxes around them, and the signs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from groupsolver.picture.host_state import Tally
from groupsolver.picture.palette import Paint
from groupsolver.picture.text import count, esc

MAX_DEPTH = 5  # of boxes in boxes; what is deeper is in the innermost
MAX_ENTRIES = 500  # of groups; further ones are only counted
MAX_COLOURS = 6  # of the groups below one, on its button
_BAR = '<rect class="tr" width="34" height="10"/><rect class="was" width="18" height="10"/>'
_ADDED = '<rect class="add g0" x="18" width="11" height="10"/>'
_STATE = '<rect class="st" width="34" height="10"/>'
# Class, drawing and text of each sign; those without a class are always there.
_SIGNS = (
    ("", _BAR, "in use before"),
    ("new", _BAR + _ADDED, "added by members, in their group's colour"),
    ("off", _BAR + _STATE, "disabled host"),
    ("over", _BAR.replace("18", "34") + _STATE, "over capacity"),
    ("tile", _BAR, "several hosts: how many, mean use"),
    ("link", '<path class="link" d="M0 5H34"/>', "link, where a rule speaks of it"),
    ("named", '<rect class="tr" width="34" height="10"/>', "a rule of the conflict speaks of it"),
)


class GroupLegend:
    """The groups of an application by number: those with a colour first, then those around them.

    Parameters
    ----------
    paints : mapping of str to Paint
        The groups with members of their own.
    children : mapping of str to sequence of str
        The groups right below each group; in the order of the file, without cycles.
    total : Tally

    Attributes
    ----------
    below : list of list of int
        By number: the groups right below. Empty where no group is below another.
    """

    def __init__(
        self, paints: Mapping[str, Paint], children: Mapping[str, Sequence[str]], total: Tally
    ) -> None:
        self._paints = paints
        self._children = children
        self._new = Counter(mark.group for mark in total.marks if mark.new)
        self._old = Counter(mark.group for mark in total.marks if not mark.new)
        around = [name for name in children if children[name] and name not in paints]
        self._number = {name: i for i, name in enumerate([*paints, *around])}
        self.below: list[list[int]] = []
        if any(children.values()):
            for name in self._number:
                numbers = [self._number.get(child) for child in children.get(name, ())]
                self.below.append([number for number in numbers if number is not None])

    def html(self, below: Mapping[str, Collection[str]]) -> str:
        """Return the groups as nested lists.

        Parameters
        ----------
        below : mapping of str to collection of str
            All groups below each group, itself included.
        """
        out = []
        depths = [0]  # of the entries that are open
        entries = 0
        for depth, name in self._in_preorder():
            entries += 1
            if entries > MAX_ENTRIES:
                continue
            level = min(depth, MAX_DEPTH)
            while len(depths) > level + 1:
                out.append("</ul></li>")
                depths.pop()
            button = self._button(name, below.get(name, (name,)))
            if self._children.get(name) and level < MAX_DEPTH:
                out.append(f'<li class="box">{button}<ul>')
                depths.append(level + 1)
            else:
                out.append(f"<li>{button}</li>")
        out.append("</ul></li>" * (len(depths) - 1))
        if entries > MAX_ENTRIES:
            out.append(f'<li class="soft">and {count(entries - MAX_ENTRIES, "more group")}</li>')
        return f'<ul class="legend" aria-label="Groups">{"".join(out)}</ul>'

    def _in_preorder(self) -> Iterator[tuple[int, str]]:
        """Yield depth and name of each group: every group below it follows, one deeper.

        A group below several is there below each of them, but what is below it only once: so there
        are no more entries than nestings.
        """
        inside = {child for children in self._children.values() for child in children}
        roots = [name for name in self._order() if name not in inside]
        # An explicit stack: a file may nest deeper than Python recurses.
        pending = [(0, name) for name in reversed(roots)]
        seen: set[str] = set()
        while pending:
            depth, name = pending.pop()
            yield depth, name
            if name not in seen:
                seen.add(name)
                known = [child for child in self._children.get(name, ()) if child in self._number]
                pending += [(depth + 1, child) for child in reversed(known)]

    def _order(self) -> list[str]:
        """Return the groups in the order of the file."""
        in_file = [name for name in self._children if name in self._number]
        return [*in_file, *(name for name in self._number if name not in self._children)]

    def _button(self, name: str, below: Collection[str]) -> str:
        new = sum(self._new[one] for one in below)
        old = sum(self._old[one] for one in below)
        parts = []
        if new:
            parts.append(f"{new:,}")
        if old:
            parts.append(f"{old:,} ran already")
        number = self._number[name]
        title = f"Show the members of {esc(name)}"
        return (
            f'<button type="button" data-g="{number}" aria-pressed="false" title="{title}">'
            f"{self._sign(name, below)}<bdi>{esc(name)}</bdi>"
            f'<span class="soft">{" + ".join(parts) or "0"}</span></button>'
        )

    def _sign(self, name: str, below: Collection[str]) -> str:
        """Return a group's key on its colour; of one without, the colours below it."""
        paint = self._paints.get(name)
        if paint is not None:
            return f'<span class="key g{self._number[name]}">{esc(paint.key)}</span>'
        numbers = sorted(self._number[one] for one in below if one in self._paints)
        colours = [f'<i class="g{number}"></i>' for number in numbers[:MAX_COLOURS]]
        return f'<span class="keys" aria-hidden="true">{"".join(colours)}</span>'


def signs_of(total: Tally, shown: Collection[str]) -> str:
    """Return the list of signs.

    Parameters
    ----------
    total : Tally
    shown : collection of str
        The classes of what is drawn; other signs are left out.
    """
    classes = {"", *shown}
    if any(mark.new for mark in total.marks):
        classes.add("new")
    signs = []
    for class_, drawing, text in _SIGNS:
        if class_ in classes:
            svg = '<svg width="36" height="12" viewBox="-1 -1 36 12" aria-hidden="true">'
            signs.append(f'<li>{svg}<g class="{class_}">{drawing}</g></svg>{esc(text)}</li>')
    if any(not mark.new for mark in total.marks):
        signs.append('<li><span class="key old g0">A</span>ran already</li>')
    return f'<ul class="legend signs" aria-label="Signs">{"".join(signs)}</ul>'
