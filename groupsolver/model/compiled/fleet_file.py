"""A compiled fleet in a file whose arrays are mapped into memory, not read.

Processes that open the same file share its pages: of a fleet of a million hosts, a worker process
has only what it changes, and the hosts' names, of its own.

The file has a line that names its kind and the version of the library, the lengths of what
follows, the fleet as a pickle of protocol 5, and then the buffers of its arrays, which the pickle
leaves out (PEP 574). Each buffer begins at a multiple of 64 bytes.

A pickle was chosen over a folder of ``.npy`` files because it holds the whole state, also of hosts
that were changed, of pools, links and cells, with nothing to keep in step with the classes.
"""

from __future__ import annotations

import mmap
import os
import pickle
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from groupsolver.errors import BadInput, Fault

ALIGNMENT = 64
_KIND = b"groupsolver compiled fleet "
_MAX_HEAD = 200  # bytes of the first line, at most
_LENGTH = np.dtype("<i8")


def dump(value: object, path: str | os.PathLike[str]) -> None:
    """Write a value with its arrays beside the pickle.

    The file is complete before it has its name: who opens it never sees half of one.

    Raises
    ------
    OSError
        Where the file cannot be written.
    """
    buffers: list[pickle.PickleBuffer] = []
    body = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    raw = [buffer.raw() for buffer in buffers]
    target = Path(path)
    partial = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        with partial.open("wb") as file:
            _write(file, body, raw)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
        for view in raw:
            view.release()


def _write(file: BinaryIO, body: bytes, raw: Sequence[memoryview]) -> None:
    file.write(_head())
    lengths = np.array([len(body), *(view.nbytes for view in raw)], dtype=_LENGTH)
    file.write(np.array([len(lengths)], dtype=_LENGTH).tobytes())
    file.write(lengths.tobytes())
    file.write(body)
    for view in raw:
        file.write(b"\0" * _padding(file.tell()))
        file.write(view)


def load(path: str | os.PathLike[str]) -> Any:
    """Return the value of a file that `dump` wrote.

    Its arrays may be written to; what is written stays in this process.

    Raises
    ------
    BadInput
        ``unreadable-file``, and ``wrong-value`` for a file of another kind or version.
    """
    try:
        with Path(path).open("rb") as file:
            head = file.readline(_MAX_HEAD)
            if head != _head():
                raise _refused(path, _wrong_head(head))
            start = file.tell()
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    except OSError as error:
        reason = error.strerror or str(error)
        fault = Fault(
            "unreadable-file", "", f"expected a file that can be read: {reason}", str(path)
        )
        raise BadInput([fault]) from None
    parts = _parts(memoryview(mapped), start)
    if parts is None:
        raise _refused(path, "the file is incomplete")
    body, *buffers = parts
    # The caller answers for where the file comes from: `CompiledFleet.open` says so.
    return pickle.loads(body, buffers=buffers)  # noqa: S301


def _parts(content: memoryview, start: int) -> list[memoryview] | None:
    """Return the pickle and the buffers, or None where the file ends before they do."""
    numbers = np.frombuffer(content[start : start + 8], dtype=np.uint8)
    if len(numbers) < 8:
        return None
    count = int(numbers.view(_LENGTH)[0])
    end = start + 8 + 8 * count
    if count < 1 or end > len(content):
        return None
    lengths = np.frombuffer(content[start + 8 : end], dtype=np.uint8).view(_LENGTH)
    slices = list(_slices(lengths.tolist(), end))
    if slices[-1].stop > len(content):
        return None
    return [content[one] for one in slices]


def _slices(lengths: Sequence[int], at: int) -> Iterator[slice]:
    for place, length in enumerate(lengths):
        start = at + (_padding(at) if place else 0)
        at = start + length
        yield slice(start, at)


def _padding(at: int) -> int:
    return -at % ALIGNMENT


def _head() -> bytes:
    try:
        release = version("groupsolver")
    except PackageNotFoundError:  # run from its sources
        release = "unknown"
    return _KIND + f"{release}, numpy {np.__version__}\n".encode()


def _wrong_head(head: bytes) -> str:
    if head.startswith(_KIND):
        found = head[len(_KIND) :].decode(errors="replace").strip()
        expected = _head()[len(_KIND) :].decode().strip()
        return f"expected a fleet that groupsolver {expected} wrote, found {found}: dump it again"
    return "expected a file that CompiledFleet.dump wrote"


def _refused(path: str | os.PathLike[str], message: str) -> BadInput:
    return BadInput([Fault("wrong-value", "", message, str(path))])
