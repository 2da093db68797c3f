"""Colours that colour-blind readers can distinguish, with a short key beside each colour."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

# Okabe and Ito, "Color Universal Design" (2008), without its black: that is the ink.
_HUES = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442")
# Once the hues are used up, they are mixed with this share of white or black.
_MIXTURES = ((0x00, 0.0), (0xFF, 0.5), (0x00, 0.42))
# The luminance at which black and white text have the same contrast, by WCAG 2.
_EQUAL_CONTRAST = 0.179


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
    """Return each group's colour and key, in order; colours repeat after 21, keys never."""
    keys = _keys(names)
    found = {}
    for i, name in enumerate(names):
        fill = _fill(i)
        found[name] = Paint(fill, _ink(fill), keys[name])
    return found


def _fill(i: int) -> str:
    other, share = _MIXTURES[i // len(_HUES) % len(_MIXTURES)]
    channels = _rgb(_HUES[i % len(_HUES)])
    mixed = [round(channel + (other - channel) * share) for channel in channels]
    return "#" + bytes(mixed).hex()


def _rgb(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour[1:]))


def _ink(fill: str) -> str:
    red, green, blue = (pow(channel / 255, 2.2) for channel in _rgb(fill))
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "#000000" if luminance > _EQUAL_CONTRAST else "#ffffff"


def _keys(names: Sequence[str]) -> dict[str, str]:
    keys: dict[str, str] = {}
    taken: set[str] = set()
    for i, name in enumerate(names):
        initials = _initials(name)
        numbered = (f"{initials[:1]}{n}" for n in range(2, 100))
        candidates = (initials, *numbered, str(i + 1))
        keys[name] = next((key for key in candidates if key not in taken), f"#{i + 1}")
        taken.add(keys[name])
    return keys


def _initials(name: str) -> str:
    """Return one to three characters for a name: ``"WS"``, ``"DB"`` for db-server, ``"R12"``."""
    words: list[str] = re.findall(r"[^\W\d_]+|\d+", name)
    letters = [word for word in words if not word.isdigit()]
    digits = "".join(word for word in words if word.isdigit())
    if not words:
        return "?"
    if len(name) <= 3 and name.isalnum():
        return name
    if not digits and len(letters) == 1:
        (word,) = letters
        return word.upper() if len(word) <= 3 else word[:2].upper()
    first_letters = "".join(word[0] for word in letters).upper()
    shown_letters = first_letters[: 3 - min(2, len(digits))]
    return (shown_letters + digits[-2:])[:3]
