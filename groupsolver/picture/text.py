"""Text that is safe in HTML and XML and short enough for its place; figures for people."""

from __future__ import annotations

import html
import re
import unicodedata

# What XML cannot carry, and marks that would turn the text after them around.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
# Widths of characters in a common sans-serif face, as shares of the font size.
_WIDE, _UPPER, _OTHER = 1.0, 0.7, 0.61


def clean(text: str) -> str:
    """Replace characters that no document should carry."""
    return _UNSAFE.sub("\ufffd", text)


def esc(text: str) -> str:
    """Escape text for element content and quoted attributes."""
    return html.escape(clean(text))


def width_of(text: str, size: float) -> float:
    """Estimate the width of `text` in a common sans-serif face of `size` pixels."""
    return size * sum(_relative_width(character) for character in text)


def _relative_width(character: str) -> float:
    if unicodedata.east_asian_width(character) in "WF":
        return _WIDE
    return _UPPER if character.isupper() else _OTHER


def fit(text: str, width: float, size: float) -> str:
    """Shorten `text` in the middle, until it fits: names of hosts tend to differ at their ends."""
    if width_of(text, size) <= width:
        return text
    # No character is narrower than half the size: more of them cannot fit.
    keep = min(len(text) - 1, max(2, int(width / (0.5 * size))))
    while keep > 2 and width_of(_ends(text, keep), size) > width:
        keep -= 1
    return _ends(text, keep)


def _ends(text: str, keep: int) -> str:
    tail = keep // 2
    return f"{text[: keep - tail]}…{text[-tail:]}"


def count(number: int, noun: str) -> str:
    """Return ``"1 host"``, ``"2,000 hosts"``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def percent(share: float) -> str:
    """Return a share as a whole percentage; 100 % only where it is full."""
    if 0.995 <= share < 1:
        share = 0.99
    return f"{share:.0%}".replace("%", "\u00a0%")


def natural(name: str | None) -> tuple[object, ...]:
    """Return a key that sorts r2 before r10, and what has no name last."""
    if name is None:
        return (1,)
    parts = re.split(r"([0-9]+)", name)  # text and numbers by turns
    return (0, *((int(part), part) if i % 2 else part for i, part in enumerate(parts)))
