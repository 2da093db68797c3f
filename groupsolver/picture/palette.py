"""Colours that colour-blind readers can tell apart, and a short key, so that colour never stands alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

# Okabe and Ito, "Color Universal Design" (2008), without its black: that is the ink.
_HUES = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442")
_STEPS = (
    (0x00, 0.0),
    (0xFF, 0.5),
    (0x00, 0.42),
)  # mixed with so much white or black, once the hues are used up


@dataclass(frozen=True)
class Paint:
    """How one group looks.

    Attributes
    ----------
    fill, ink : str
        Colour of its marks, and of the text upon them.
    key : str
        One to three characters, different for each group.
    """

    fill: str
    ink: str
    key: str


def paints(names: Sequence[str]) -> dict[str, Paint]:
    """Give each group its colour and key, in order; colours repeat after 21, keys never."""
    keys = _keys(names)
    return {name: Paint(fill := _colour(i), _ink(fill), keys[name]) for i, name in enumerate(names)}


def _colour(i: int) -> str:
    with_, much = _STEPS[i // len(_HUES) % len(_STEPS)]
    return "#" + "".join(
        f"{round(c + (with_ - c) * much):02x}" for c in _rgb(_HUES[i % len(_HUES)])
    )


def _rgb(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour[1:]))


def _ink(fill: str) -> str:
    red, green, blue = (pow(c / 255, 2.2) for c in _rgb(fill))
    # The luminance at which black and white text have the same contrast, by WCAG 2.
    return "#000000" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 else "#ffffff"


def _keys(names: Sequence[str]) -> dict[str, str]:
    keys: dict[str, str] = {}
    taken: set[str] = set()
    for i, name in enumerate(names):
        options = _initials(name)
        tries = (options, *(f"{options[:1]}{n}" for n in range(2, 100)), str(i + 1))
        keys[name] = next((key for key in tries if key not in taken), f"#{i + 1}")
        taken.add(keys[name])
    return keys


def _initials(name: str) -> str:
    words: list[str] = re.findall(r"[^\W\d_]+|\d+", name)
    letters = [word for word in words if not word.isdigit()]
    digits = "".join(word for word in words if word.isdigit())
    if not words:
        return "?"
    if len(name) <= 3 and name.isalnum():
        return name
    if not digits and len(letters) == 1:
        return letters[0][:3].upper() if len(letters[0]) <= 3 else letters[0][:2].upper()
    return ("".join(word[0] for word in letters).upper()[: 3 - min(2, len(digits))] + digits[-2:])[
        :3
    ]
