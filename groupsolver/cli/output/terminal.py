"""The width of a terminal, and text that is cut between words to fit it."""

from __future__ import annotations

import os
import re
import textwrap
from typing import TextIO

DEFAULT_WIDTH = 80  # where a terminal does not say how wide it is


def terminal_width(stream: TextIO) -> int | None:
    """Return the number of columns of a stream's terminal; None where it has none.

    The variable ``COLUMNS`` overrides what the terminal says.
    """
    if not stream.isatty():
        return None
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given):
        return int(given)
    try:
        return os.get_terminal_size(stream.fileno()).columns or DEFAULT_WIDTH
    except OSError:
        return DEFAULT_WIDTH


def wrapped(text: str, width: int | None) -> list[str]:
    """Return a line as lines of at most `width`, cut between words; the rest is indented.

    A word that is wider, such as the name of a host, stays whole, so that it can be copied.

    Parameters
    ----------
    width : int or None
        None where the output is no terminal: a line stays whole, so that `grep` finds it.

    Examples
    --------
    >>> wrapped("  - no host holds two", 14)
    ['  - no host', '    holds two']
    """
    if width is None or _is_narrow(text, width):
        return [text]
    # A row that is cut is no longer aligned: its padding would only leave holes.
    if text.startswith(" "):
        text = re.sub(r"(?<=\S) {3,}", "  ", text)
    body = text.lstrip()
    before = text[: len(text) - len(body)]
    marker = re.match(r"- |\d+\. |\S+ {2,}", body)  # of an item, or the first cell of a row
    hanging = len(before) + (marker.end() if marker else 2)
    indent = " " * min(hanging, width // 2)
    first = cut(body, width - len(before))[0]
    rest = body[len(first) :].strip()
    if not rest:
        return [before + first]
    return [before + first, *(indent + line for line in cut(rest, width - len(indent)))]


def cut(text: str, width: int, *, within_words: bool = False) -> list[str]:
    """Return a text as lines of at most `width` columns, one at least, cut between words.

    A Chinese character takes two columns, and a combining accent none.

    Parameters
    ----------
    within_words : bool
        Whether a word that is wider is cut, too. In texts that are not ASCII it always is: not
        all scripts have spaces between words.
    """
    if _is_narrow(text, width):
        return [text]
    if text.isascii():  # a column each, as textwrap counts
        return textwrap.wrap(
            text, max(width, 1), break_long_words=within_words, break_on_hyphens=False
        )
    from rich.console import Console
    from rich.text import Text

    lines = Text(text).wrap(Console(width=80), max(width, 2), overflow="fold")
    return [line.plain.rstrip() for line in lines]


def _is_narrow(text: str, width: int) -> bool:
    if text.isascii():
        return len(text) <= width
    from rich.cells import cell_len

    return cell_len(text) <= width
