"""The page around the drawing: header, legend, details, and a policy that lets it load nothing."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Container, Iterable, Mapping
from importlib import resources
from typing import Any
from urllib.parse import quote

from groupsolver.picture.facts import Mark, Tally
from groupsolver.picture.palette import Paint
from groupsolver.picture.text import count, esc

_HINT = "Point at a host, a tile or a frame to see what stands there and why; click, or press Enter, to keep it."
_BAR = '<rect class="tr" width="34" height="10"/><rect class="was" width="18" height="10"/>'
_STATE = '<rect class="st" width="34" height="10"/>'
_SIGNS = (
    ("", _BAR, "in use before"),
    (
        "",
        _BAR + '<rect class="add g0" x="18" width="11" height="10"/>',
        "added by members, in their group's colour",
    ),
    ("off", _BAR + _STATE, "disabled host"),
    ("over", _BAR.replace("18", "34") + _STATE, "over capacity"),
    ("tile", _BAR, "several hosts: how many, mean use"),
)


def page(
    title: str,
    header: str,
    drawing: str,
    side: str,
    paints: Mapping[str, Paint],
    data: dict[str, Any],
) -> str:
    """Put the parts together to one HTML document that needs nothing else."""
    style = _asset("page.css") + "".join(
        f".g{i}{{--c:{paint.fill};--k:{paint.ink}}}\n" for i, paint in enumerate(paints.values())
    )
    script = _asset("page.js")
    policy = f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; base-uri 'none'; form-action 'none'"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{esc(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n{header}\n"
        f'<div class="columns">\n<main>{drawing}</main>\n<aside>{side}</aside>\n</div>\n'
        f'<script type="application/json" id="data">{_json(data)}</script>\n'
        f"<script>{script}</script>\n</body>\n</html>\n"
    )


def _asset(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _json(data: dict[str, Any]) -> str:
    # Without "<" no text in it can end the script element; all else is ASCII.
    return json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")


def legend_of(paints: Mapping[str, Paint], total: Tally, shown: Container[str]) -> str:
    """Give the legend: a button for each group, which lights its members up, and the signs of states `shown`."""
    new: dict[str, int] = {}
    old: dict[str, int] = {}
    for mark in total.marks:
        of = new if mark.new else old
        of[mark.group] = of.get(mark.group, 0) + 1
    buttons = []
    for i, (name, paint) in enumerate(paints.items()):
        parts = [f"{new[name]:,}"] if name in new else []
        parts += [f"{old[name]:,} ran already"] if name in old else []
        buttons.append(
            f'<li><button type="button" data-g="{i}" aria-pressed="false" title="Show where {esc(name)} stands">'
            f'<span class="key g{i}">{esc(paint.key)}</span><bdi>{esc(name)}</bdi>'
            f'<span class="soft">{" + ".join(parts) or "0"}</span></button></li>'
        )
    signs = [
        f'<li><svg width="36" height="12" viewBox="-1 -1 36 12" aria-hidden="true">'
        f'<g class="{state}">{inside}</g></svg>{esc(text)}</li>'
        for state, inside, text in _SIGNS
        if not state or state in shown
    ]
    if old:
        signs.append('<li><span class="key old g0">A</span>ran already</li>')
    return (
        f'<ul class="legend" aria-label="Groups">{"".join(buttons)}</ul>'
        f'<ul class="legend signs" aria-label="Signs">{"".join(signs)}</ul>'
    )


def side_of(paints: Mapping[str, Paint], marks: Iterable[Mark]) -> str:
    """Give the details panel, and the list of all members as text."""
    number = {name: i for i, name in enumerate(paints)}
    items = [
        f'<li><a href="#member={quote(mark.id, safe="", errors="replace")}">'
        f'<span class="key{"" if mark.new else " old"} g{number[mark.group]}">{esc(paints[mark.group].key)}</span>'
        f"<bdi>{esc(mark.id)}</bdi><span>{esc(mark.host)}</span></a></li>"
        for mark in marks
    ]
    open_ = " open" if len(items) <= 200 else ""
    return (
        f'<section class="panel" id="panel" aria-label="Details" aria-live="polite">{_HINT}</section>'
        f'<details id="members"{open_}><summary>{count(len(items), "member")}</summary>'
        f"<ol>{''.join(items)}</ol></details>"
    )
