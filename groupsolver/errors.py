"""The error tree: stable codes, a place in the input, what was expected. Knows no HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import ClassVar


class GroupsolverError(Exception):
    """Base of every error that this library raises on purpose.

    Attributes
    ----------
    code : str
        Stable identifier, listed in ``docs/errors.md``.
    """

    code: ClassVar[str] = "error"


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with an input.

    Parameters
    ----------
    code : str
        Stable identifier of the kind of fault.
    path : str
        Where in the document, e.g. ``groups[0].policies[1].level``; empty for the whole.
    message : str
        What was found and what was expected, in one line.
    file : str
        The file's name, or empty where the input is no file.
    """

    code: str
    path: str
    message: str
    file: str = ""

    def __str__(self) -> str:
        where = ": ".join(part for part in (self.file, self.path) if part)
        return f"{where}: {self.message} [{self.code}]" if where else f"{self.message} [{self.code}]"


class BadInput(GroupsolverError):
    """The input breaks the file contract; `faults` says where and how, all that were found.

    Raised while files are read, while values are built from documents, and when an
    application is held against a fleet. Nothing has been changed when it is raised.
    """

    code = "bad-input"

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))

    def in_file(self, file: str) -> BadInput:
        """Give the same error with the file's name in every fault that has none."""
        return BadInput([fault if fault.file else replace(fault, file=file) for fault in self.faults])


class UnknownHost(GroupsolverError, KeyError):
    """A host was named that the compiled fleet does not have."""

    code = "unknown-host"

    def __str__(self) -> str:
        return f"the fleet has no host {self.args[0]!r}"


class BrokenAnswer(GroupsolverError):
    """The solver's answer failed the independent check: a bug of this library, never used."""

    code = "broken-answer"


class UnknownSolverStatus(GroupsolverError):
    """CP-SAT ended with a status that this library does not know, or refused the model."""

    code = "unknown-solver-status"


def nearest(name: str, known: Sequence[str]) -> str:
    """Give ``" (did you mean 'x'?)"`` for the known name most like `name`, or nothing."""
    if len(known) > 1000:  # comparing is slow: of very many names, look at those that begin alike
        known = [other for other in known if other[:2] == name[:2] and abs(len(other) - len(name)) <= 2][:1000]
    folded = {other.casefold(): other for other in known}
    match = get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.6)
    return f" (did you mean {folded[match[0]]!r}?)" if match else ""
