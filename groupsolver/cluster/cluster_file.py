"""The file of a cluster: read under a lock, written whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from groupsolver.constraints.registry import Application
from groupsolver.errors import BadInput, Fault
from groupsolver.files import parse_document
from groupsolver.files.atomic_file import AtomicFile
from groupsolver.files.reading import CLUSTER_JSON_MAX, MIB, name_of, read_document
from groupsolver.model.fleet import Fleet
from groupsolver.model.value import Name, Value

LOCK_WAIT = 30.0  # seconds that a file of others is waited for
_PLACEHOLDER = {"name": "no host"}  # a fleet of a file has a host, that of a cluster may have none


class ClusterDocument(Value):
    """A cluster as its file has it.

    Parameters
    ----------
    fleet : Fleet
        The `used` of its hosts is what others use.
    applications : dict of str to Application
        By name. The members of each are what its `existing` says, each with a size.
    """

    version: Literal[1] = 1
    fleet: Fleet
    applications: dict[Name, Application] = {}


class ClusterFile:
    """A file with a cluster, ``*.cluster.json``.

    Parameters
    ----------
    path : str or path-like

    Attributes
    ----------
    path : Path
        Of the file itself, links followed.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._given = path
        # A link stays: the file that it leads to is replaced.
        self.path = Path(path).resolve()
        from filelock import FileLock  # most users of the library have no cluster in a file

        self._lock = FileLock(self.path.with_name(f".{self.path.name}.lock"))

    @contextmanager
    def locked(self, wait: float = LOCK_WAIT) -> Iterator[None]:
        """Keep other processes and threads from reading or writing the file under its lock.

        The lock is that of a file beside it, which stays. The system frees it when a process ends,
        however it does.

        Parameters
        ----------
        wait : float
            Seconds that others are waited for.

        Raises
        ------
        BadInput
            ``file-in-use``, ``unwritable-file``.
        """
        from filelock import Timeout

        try:
            self._lock.acquire(timeout=wait)
        except Timeout:
            message = f"another process has held the file for {wait:g} s: try again"
            raise self._fault("file-in-use", message) from None
        except OSError as error:
            message = f"expected a file that can be locked: {error.strerror or error}"
            raise self._fault("unwritable-file", message) from None
        try:
            yield
        finally:
            self._lock.release()

    def read(self) -> tuple[ClusterDocument, str]:
        """Read the file. Return the cluster, and what identifies the file's contents.

        Raises
        ------
        BadInput
            With every fault of the file.
        """
        digest = self.digest()
        data = read_document(self._given, json_max=CLUSTER_JSON_MAX)
        return parse_cluster(data, name_of(self._given)), digest

    def digest(self) -> str:
        """Return what identifies the file's contents; empty where there is no file."""
        try:
            return hashlib.sha256(self.path.read_bytes()).hexdigest()
        except OSError:
            return ""

    def write(self, document: dict[str, Any], expected: str | None = None) -> str:
        """Write the file, whole or not at all. Return what identifies its contents now.

        Parameters
        ----------
        document : dict
        expected : str, optional
            What identified the contents when it was read; None: whatever they are.

        Raises
        ------
        BadInput
            ``file-changed`` where others have written it since, ``file-too-large`` where it could
            not be read again, ``unwritable-file``.
        """
        if expected is not None and self.digest() != expected:
            message = "others have changed the file since it was loaded: load it again"
            raise self._fault("file-changed", message)
        text = json.dumps(document, indent=1) + "\n"
        # What is larger would not be read again. It is ASCII: a character is a byte.
        if len(text) > CLUSTER_JSON_MAX:
            message = f"expected at most {CLUSTER_JSON_MAX // MIB} MiB, found more"
            raise self._fault("file-too-large", message)
        AtomicFile(str(self.path), ()).write(text)
        return self.digest()

    def _fault(self, code: str, message: str) -> BadInput:
        return BadInput([Fault(code, "", message, name_of(self._given))])


def parse_cluster(data: Any, file: str = "") -> ClusterDocument:
    """Build a cluster's document from plain data; `file` is named in the faults.

    Raises
    ------
    BadInput
    """
    fleet = data.get("fleet") if isinstance(data, dict) else None
    if not isinstance(fleet, dict) or fleet.get("hosts") != []:
        return parse_document(ClusterDocument, data, file)
    filled = {**data, "fleet": {**fleet, "hosts": [_PLACEHOLDER]}}
    found = parse_document(ClusterDocument, filled, file)
    return found.model_copy(update={"fleet": found.fleet.model_copy(update={"hosts": ()})})
