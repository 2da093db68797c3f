"""Results in a notebook: the picture of a placement or a conflict, or a table where there is none.

What a result was solved for is remembered by weak references: a result that is kept keeps no fleet.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from groupsolver.errors import GroupsolverError, one_line

CONTEXT = "_solved_for"  # among the attributes of a result, beside its fields
MAX_PICTURE = 4 * 2**20  # characters, escaped: a larger page makes a notebook slow
MAX_ROWS = 50  # of the table
HEIGHT = 560  # pixels of the picture

# Draws a result: it takes the application, the fleet, the result and the objective. The pictures
# are on a higher floor, which registers its function here.
Drawing = Callable[[Any, Any, Any, Any], str]
_drawings: list[Drawing] = []


def register_drawing(drawing: Drawing) -> None:
    """Register the function by which results are drawn."""
    _drawings[:] = [drawing]


def remember(result: Any, app: Any, fleet: Any, objective: str) -> None:
    """Remember what a result was solved for, as long as others keep that, too."""
    # Not a field, so it takes no part in equality, documents and schemas.
    context = (weakref.ref(app), weakref.ref(fleet), objective)
    result.__dict__[CONTEXT] = context


def html_of(result: Any) -> str:
    """Return a result as HTML for a cell of a notebook."""
    drawn = escape(_drawn(result), quote=True)
    if drawn and len(drawn) <= MAX_PICTURE:
        # In a frame of its own, so that its style and script touch nothing else.
        style = f"width:100%;height:{HEIGHT}px;border:0"
        return f'<iframe sandbox="allow-scripts" style="{style}" srcdoc="{drawn}"></iframe>'
    return _table(result)


def _drawn(result: Any) -> str:
    """Return the picture; nothing where there is none to draw, or what it shows has changed."""
    context = result.__dict__.get(CONTEXT)
    if context is None or not _drawings or result.status == "unknown":
        return ""
    app, fleet, objective = context[0](), context[1](), context[2]
    if app is None or fleet is None:
        return ""
    try:
        return _drawings[0](app, fleet, result, objective)
    except GroupsolverError:  # a host has gone since
        return ""


def _table(result: Any) -> str:
    """Return status and members, or the conflict, as a plain table."""
    placement: Mapping[str, str] = result.placement or {}
    rows = [f"<tr><td>{_text(m)}</td><td>{_text(h)}</td></tr>" for m, h in placement.items()]
    more = len(rows) - MAX_ROWS
    parts = [f"<p><b>{escape(result.status)}</b>"]
    if result.objective is not None:
        parts.append(f"; objective {result.objective}, bound {result.bound}")
    parts.append("</p>")
    if rows:
        parts.append("<table><tr><th>member</th><th>host</th></tr>")
        parts += rows[:MAX_ROWS]
        parts.append("</table>")
        parts.append(f"<p>and {more} more</p>" if more > 0 else "")
    if result.conflict is not None:
        parts.append(_conflict(result.conflict))
    return "".join(parts)


def _conflict(conflict: Any) -> str:
    sentences = [f"{rule.group}: {rule.sentence}" for rule in conflict.policies]
    sentences += [shortage.sentence for shortage in conflict.capacity]
    fixes = [f"cost {fix.cost}: {fix.change}" for fix in conflict.fixes]
    found = _list("these rules contradict each other:", sentences)
    return found + (_list("cheapest changes:", fixes) if fixes else "")


def _list(title: str, texts: list[str]) -> str:
    items = "".join(f"<li>{_text(text)}</li>" for text in texts[:MAX_ROWS])
    more = len(texts) - MAX_ROWS
    return f"<p>{title}</p><ul>{items}</ul>" + (f"<p>and {more} more</p>" if more > 0 else "")


def _text(text: str) -> str:
    """Return a foreign text as HTML: invisible characters, which may deceive, are shown."""
    return escape(one_line(text))
