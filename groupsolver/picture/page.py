"""The page around the drawing: header, legend and details; its policy lets it load nothing."""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from importlib import resources
from typing import Any
from urllib.parse import quote

from groupsolver.picture.host_state import Mark, Tally
from groupsolver.picture.palette import Paint
from groupsolver.picture.text import count, esc

MAX_OPEN_MEMBERS = 200  # a longer list of members is folded
_HINT = (
    "Point at a host, a tile or a frame to see its members and the rules that hold them; "
    "click, or press Enter, to keep it."
)
_BAR = '<rect class="tr" width="34" height="10"/><rect class="was" width="18" height="10"/>'
_ADDED = '<rect class="add g0" x="18" width="11" height="10"/>'
_STATE = '<rect class="st" width="34" height="10"/>'
# Class, drawing and text of each sign in the legend; those without a class are always there.
_SIGNS = (
    ("", _BAR, "in use before"),
    ("", _BAR + _ADDED, "added by members, in their group's colour"),
    ("off", _BAR + _STATE, "disabled host"),
    ("over", _BAR.replace("18", "34") + _STATE, "over capacity"),
    ("tile", _BAR, "several hosts: how many, mean use"),
    ("named", '<rect class="tr" width="34" height="10"/>', "a rule of the conflict speaks of it"),
)


def page(
    title: str,
    header: str,
    drawing: str,
    side: str,
    paints: Mapping[str, Paint],
    data: dict[str, Any],
) -> str:
    """Combine the parts into one HTML document that needs nothing else."""
    style = _asset("page.css") + colour_rules(paints, ".g")
    script = _asset("page.js")
    policy = "; ".join(
        (
            "default-src 'none'",
            f"style-src {_hash(style)}",
            f"script-src {_hash(script)}",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{esc(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n{header}\n"
        f'<div class="columns">\n<main>{drawing}</main>\n<aside>{side}</aside>\n</div>\n'
        f'<script type="application/json" id="data">{_json(data)}</script>\n'
        f"<script>{script}</script>\n</body>\n</html>\n"
    )


def colour_rules(paints: Mapping[str, Paint], selector: str) -> str:
    """Return the CSS rules of the groups' colours; their numbers follow the `selector`."""
    rules = []
    for i, paint in enumerate(paints.values()):
        rules.append(f"{selector}{i}{{--c:{paint.fill};--k:{paint.ink}}}\n")
    return "".join(rules)


def _asset(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _json(data: dict[str, Any]) -> str:
    # Without "<" no text in it can end the script element; all else is ASCII.
    return json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")


def legend_of(paints: Mapping[str, Paint], total: Tally, shown: Collection[str]) -> str:
    """Return the legend: a button for each group, which highlights its members, and the signs.

    Parameters
    ----------
    shown : collection of str
        The classes of what is drawn; other signs are left out.
    """
    new = Counter(mark.group for mark in total.marks if mark.new)
    old = Counter(mark.group for mark in total.marks if not mark.new)
    buttons = []
    for i, (name, paint) in enumerate(paints.items()):
        buttons.append(_group_button(i, name, paint, new[name], old[name]))
    signs = []
    for class_, drawing, text in _SIGNS:
        if not class_ or class_ in shown:
            svg = '<svg width="36" height="12" viewBox="-1 -1 36 12" aria-hidden="true">'
            signs.append(f'<li>{svg}<g class="{class_}">{drawing}</g></svg>{esc(text)}</li>')
    if old:
        signs.append('<li><span class="key old g0">A</span>ran already</li>')
    return (
        f'<ul class="legend" aria-label="Groups">{"".join(buttons)}</ul>'
        f'<ul class="legend signs" aria-label="Signs">{"".join(signs)}</ul>'
    )


def _group_button(i: int, name: str, paint: Paint, new: int, old: int) -> str:
    parts = []
    if new:
        parts.append(f"{new:,}")
    if old:
        parts.append(f"{old:,} ran already")
    title = f"Show the members of {esc(name)}"
    return (
        f'<li><button type="button" data-g="{i}" aria-pressed="false" title="{title}">'
        f'<span class="key g{i}">{esc(paint.key)}</span><bdi>{esc(name)}</bdi>'
        f'<span class="soft">{" + ".join(parts) or "0"}</span></button></li>'
    )


def side_of(paints: Mapping[str, Paint], marks: Iterable[Mark]) -> str:
    """Return the details panel, and the list of all members as text."""
    number = {name: i for i, name in enumerate(paints)}
    items = []
    for mark in marks:
        address = f"#member={quote(mark.id, safe='', errors='replace')}"
        classes = f"key{'' if mark.new else ' old'} g{number[mark.group]}"
        items.append(
            f'<li><a href="{address}">'
            f'<span class="{classes}">{esc(paints[mark.group].key)}</span>'
            f"<bdi>{esc(mark.id)}</bdi><span>{esc(mark.host)}</span></a></li>"
        )
    open_ = " open" if len(items) <= MAX_OPEN_MEMBERS else ""
    panel = '<section class="panel" id="panel" aria-label="Details" aria-live="polite">'
    members = ""
    if items:
        members = (
            f'<details id="members"{open_}><summary>{count(len(items), "member")}</summary>'
            f"<ol>{''.join(items)}</ol></details>"
        )
    return f"{panel}{_HINT}</section>{members}"
