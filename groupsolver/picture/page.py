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
from groupsolver.picture.text import count, esc, percent

_HINT = "Point at a host, a tile or a frame to see what stands there and why; click, or press Enter, to keep it."
_SIGNS = (
    ("", '<rect class="tr" width="34" height="10"/><rect class="was" width="20" height="10"/>', "in use before"),
    (
        "",
        '<rect class="tr" width="34" height="10"/><rect class="was" width="12" height="10"/>'
        '<rect class="add g0" x="12" width="14" height="10"/>',
        "added by members placed here, in their group's colour",
    ),
    ("off", '<rect class="tr" width="34" height="10"/><rect class="st" width="34" height="10"/>', "disabled host"),
    ("over", '<rect class="was" width="34" height="10"/><rect class="st" width="34" height="10"/>', "over capacity"),
    (
        "tile",
        '<rect class="tr" width="34" height="10"/><rect class="was" width="22" height="10"/>',
        "several hosts: how many, mean use",
    ),
)


def page(title: str, header: str, drawing: str, side: str, paints: Mapping[str, Paint], data: dict[str, Any]) -> str:
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
        f'<script type="application/json" id="data">{_json(data)}</script>\n<script>{script}</script>\n</body>\n</html>\n'
    )


def _asset(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _json(data: dict[str, Any]) -> str:
    # Without "<" no text in it can end the script element; all else is ASCII.
    return json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")


def header_of(name: str, badge: str, bad: bool, summary: str, facts: Mapping[str, str], notes: Mapping[str, Iterable[str]]) -> str:
    """Give the page's head: the application, the proof, and what there is to say of it."""
    terms = "".join(f"<div><dt>{esc(term)}</dt><dd>{esc(fact)}</dd></div>" for term, fact in facts.items())
    return (
        f'<header><h1><bdi>{esc(name)}</bdi></h1><span class="badge{" bad" if bad else ""}">{esc(badge)}</span>'
        f'<p>{esc(summary)}</p><dl class="facts">{terms}</dl>{"".join(_note(*note) for note in notes.items())}</header>'
    )


def _note(title: str, lines: Iterable[str]) -> str:
    items = [f"<li>{esc(line)}</li>" for line in lines]
    if not items:
        return ""
    open_ = " open" if len(items) <= 3 else ""
    return f"<details{open_}><summary>{esc(title)} ({len(items):,})</summary><ul>{''.join(items)}</ul></details>"


def legend_of(paints: Mapping[str, Paint], total: Tally, shown: Container[str]) -> str:
    """Give the legend: a button for each group, which lights its members up, and the signs, of states only those `shown`."""
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
        f'<li><svg width="36" height="12" viewBox="-1 -1 36 12" aria-hidden="true"><g class="{state}">{inside}</g></svg>'
        f"{esc(text)}</li>"
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
        f'<details id="members"{open_}><summary>{count(len(items), "member")}</summary><ol>{"".join(items)}</ol></details>'
    )


def share_of_hosts(total: Tally) -> str:
    """Say how full the fleet is."""
    return f"{count(total.hosts, 'host')}, {percent(total.mean)} used on average"
