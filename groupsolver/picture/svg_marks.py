"""Rectangles and text of a figure, as SVG."""

from __future__ import annotations

from groupsolver.picture.text import esc, width_of


def num(value: float) -> str:
    """Write a coordinate."""
    return f"{value:.1f}".removesuffix(".0")


def rect(classes: str, x: float, y: float, width: float, height: float, round_: float = 3) -> str:
    """Give a rectangle."""
    return (
        f'<rect class="{classes}" x="{num(x)}" y="{num(y)}" width="{num(width)}" height="{num(height)}" '
        f'rx="{num(round_)}"/>'
    )


def text(classes: str, x: float, y: float, words: str) -> str:
    """Give one line of text."""
    return f'<text class="{classes}" x="{num(x)}" y="{num(y)}">{esc(words)}</text>'


def wrapped(words: str, width: float, size: float) -> list[str]:
    """Break a text into lines of at most `width`, as far as its words are that short."""
    lines = [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and width_of(longer, size) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
