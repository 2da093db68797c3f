"""A file that is written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from groupsolver.errors import BadInput, Fault


class Target:
    """Where a file will be written; made before the long work, so that a wrong path ends at once.

    Parameters
    ----------
    path : str
    inputs : sequence of str
        Files that it may not replace.

    Raises
    ------
    BadInput
        ``unwritable-file``.
    """

    def __init__(self, path: str, inputs: Sequence[str]) -> None:
        self._path = Path(path)
        try:
            self._sound(inputs)
            self._beside().unlink()
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            raise self._refuse(error) from None

    def _sound(self, inputs: Sequence[str]) -> None:
        # A device or a directory of that name would be replaced, not written to.
        if self._path.exists() and not self._path.is_file():
            raise ValueError("it is there, and is no file")
        for name in inputs:
            if self._path.exists() and Path(name).exists() and self._path.samefile(name):
                raise ValueError("it is one of the inputs")

    def _beside(self) -> Path:
        """Make an empty file beside the target, on the same file system."""
        beside = self._path.with_name(f".{self._path.name[:200]}.{os.getpid()}.tmp")
        beside.touch(exist_ok=False)
        return beside

    def write(self, text: str) -> None:
        """Write the whole file, and only then give it its name."""
        beside = None
        try:
            beside = self._beside()
            beside.write_text(text, encoding="utf-8")
            beside.replace(self._path)
        except OSError as error:
            raise self._refuse(error) from None
        finally:
            if beside is not None:
                beside.unlink(missing_ok=True)

    def _refuse(self, error: Exception) -> BadInput:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        message = f"expected a file that can be written: {reason}"
        return BadInput([Fault("unwritable-file", "", message, str(self._path))])
