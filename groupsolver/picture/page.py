"""The page around the drawing, with the details; its policy lets it load nothing."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import Any
from urllib.parse import quote

from groupsolver.picture.host_state import Mark
from groupsolver.picture.palette import Paint
from groupsolver.picture.text import count, esc

MAX_OPEN_MEMBERS = 200  # a longer list of members is folded
_HINT = (
    "Point at a host, a tile or a frame to see its members and the rules that hold them; "
    "click, or press Enter, to keep it."
)
_LOSS_HINT = " Of a domain whose loss the application survives, see where its members go then."


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


def side_of(paints: Mapping[str, Paint], marks: Iterable[Mark], *, losses: bool) -> str:
    """Return the details panel, and the list of all members as text.

    Parameters
    ----------
    paints : mapping of str to Paint
    marks : iterable of Mark
    losses : bool
        Whether the panel says where members go after a loss.
    """
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
    return f"{panel}{_HINT}{_LOSS_HINT if losses else ''}</section>{members}"
