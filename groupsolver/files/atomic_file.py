"""A file that is written whole or not at all."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Sequence
from pathlib import Path

from groupsolver.errors import BadInput, Fault


class AtomicFile:
    """A file that will be written; made before the long work, so that a wrong path ends at once.

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
            self._check_target(inputs)
            self._make_temporary().unlink()
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            raise self._unwritable(error) from None

    def _check_target(self, inputs: Sequence[str]) -> None:
        # A device or a directory of that name would be replaced, not written to.
        if self._path.exists() and not self._path.is_file():
            raise ValueError("it exists and is no file")
        for name in inputs:
            if self._path.exists() and Path(name).exists() and self._path.samefile(name):
                raise ValueError("it is one of the inputs")

    def _make_temporary(self) -> Path:
        """Make an empty file beside the target: a rename is atomic only on one file system."""
        handle, name = tempfile.mkstemp(
            prefix=f".{self._path.name[:200]}.", suffix=".tmp", dir=self._path.parent
        )
        os.close(handle)
        return Path(name)

    def write(self, text: str) -> None:
        """Write the whole file, and only then give it its name."""
        temporary = None
        try:
            temporary = self._make_temporary()
            with temporary.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())  # before the rename: a crash must not leave half a file
            temporary.chmod(self._mode())
            temporary.replace(self._path)
        except (OSError, ValueError) as error:  # ValueError: text that UTF-8 cannot carry
            raise self._unwritable(error) from None
        finally:
            if temporary is not None:
                temporary.unlink(missing_ok=True)

    def _mode(self) -> int:
        """Return the permissions of the file: those that it has, or those of a new one."""
        if self._path.exists():
            return stat.S_IMODE(self._path.stat().st_mode)
        umask = os.umask(0)
        os.umask(umask)
        return 0o666 & ~umask

    def _unwritable(self, error: Exception) -> BadInput:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        message = f"the file cannot be written: {reason}"
        return BadInput([Fault("unwritable-file", "", message, str(self._path))])
