"""Standard output, which may be full or may have lost its reader."""

from __future__ import annotations

import sys


class CannotWriteError(Exception):
    """Standard output took no more; `error` says why."""

    def __init__(self, error: OSError) -> None:
        super().__init__(error.strerror)
        self.error = error


def write(text: str) -> None:
    """Write to standard output, at once.

    Raises
    ------
    CannotWriteError
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        raise CannotWriteError(error) from None
