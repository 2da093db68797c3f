"""Rectangles and lines of text, as SVG."""

from __future__ import annotations

from groupsolver.picture.text import esc, width_of


def num(value: float) -> str:
    """Write a coordinate."""
    return f"{value:.1f}".removesuffix(".0")


def rect(classes: str, x: float, y: float, width: float, height: float, radius: float = 3) -> str:
    """Return a rectangle; `classes` and `radius` may be empty."""
    class_ = f' class="{classes}"' if classes else ""
    corner = f' rx="{num(radius)}"' if radius else ""
    size = f'width="{num(width)}" height="{num(height)}"'
    return f'<rect{class_} x="{num(x)}" y="{num(y)}" {size}{corner}/>'


def text(classes: str, x: float, y: float, words: str) -> str:
    """Return one line of text."""
    class_ = f' class="{classes}"' if classes else ""
    return f'<text{class_} x="{num(x)}" y="{num(y)}">{esc(words)}</text>'


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
