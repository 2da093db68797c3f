"""Text that is safe in HTML and XML, short enough for its place, and figures as people write them."""

from __future__ import annotations

import html
import re
import unicodedata

# What XML cannot carry, and marks that would turn the text after them around.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def clean(text: str) -> str:
    """Replace characters that no document should carry."""
    return _UNSAFE.sub("\ufffd", text)


def esc(text: str) -> str:
    """Escape for element content and quoted attributes."""
    return html.escape(clean(text))


def width_of(text: str, size: float) -> float:
    """Estimate the width of `text` in a common sans-serif face of `size` pixels."""
    return size * sum(
        1.0 if unicodedata.east_asian_width(c) in "WF" else 0.7 if c.isupper() else 0.61
        for c in text
    )


def fit(text: str, width: float, size: float) -> str:
    """Shorten in the middle: names of hosts tend to differ at their ends."""
    if width_of(text, size) <= width:
        return text
    keep = min(len(text) - 1, max(2, int(width / (0.5 * size))))
    while keep > 2 and width_of(_halves(text, keep), size) > width:
        keep -= 1
    return _halves(text, keep)


def _halves(text: str, keep: int) -> str:
    tail = keep // 2
    return f"{text[: keep - tail]}…{text[-tail:]}"


def count(number: int, noun: str) -> str:
    """Give ``"1 host"``, ``"2,000 hosts"``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def percent(share: float) -> str:
    """Give a share as a whole percentage; 100 % only where it is full."""
    if 0.995 <= share < 1:
        share = 0.99
    return f"{share:.0%}".replace("%", "\u00a0%")


def natural(name: str | None) -> tuple[object, ...]:
    """Give a key that sorts r2 before r10, and what has no name last."""
    if name is None:
        return (1,)
    parts = re.split(r"([0-9]+)", name)
    return (0, *((int(part), part) if i % 2 else part for i, part in enumerate(parts)))
