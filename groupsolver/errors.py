"""The error tree: stable codes, a place in the input, what was expected. Independent of HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

MAX_FAULTS_SHOWN = 50  # faults in a message: enough to mend a file, and still readable
MAX_TEXT_SHOWN = 40  # characters of a text that a message repeats
MAX_NAME_LENGTH = 255  # characters
MAX_NAMES_COMPARED = 1000  # known names among which the nearest is looked for


class GroupsolverError(Exception):
    """Base of every error that this library raises on purpose.

    Attributes
    ----------
    code : str
        Stable identifier, listed in ``docs/errors.md``. It belongs to the type, except for errors
        of
        HTTP: each of these has the code of its answer.
    """

    code: str = "error"


@dataclass(frozen=True)
class Fault:
    """A single fault of an input.

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

    def __post_init__(self) -> None:
        for field in ("path", "message", "file"):
            object.__setattr__(self, field, one_line(getattr(self, field)))

    def __str__(self) -> str:
        where = [part for part in (self.file, self.path) if part]
        return ": ".join([*where, f"{self.message} [{self.code}]"])


class BadInput(GroupsolverError):
    """The input breaks the file contract; `faults` says where and how.

    It has the first thousand faults that were found. The text of the error has a line for each of
    the first 50.

    Raised while files are read, by the constructors of values, and when an application is held
    against a fleet. Nothing has been changed when it is raised.
    """

    code = "bad-input"

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        lines = [str(fault) for fault in self.faults[:MAX_FAULTS_SHOWN]]
        if len(self.faults) > MAX_FAULTS_SHOWN:
            lines.append(f"... and {len(self.faults) - MAX_FAULTS_SHOWN} more")
        super().__init__("\n".join(lines))

    def __reduce__(self) -> tuple[type[BadInput], tuple[tuple[Fault, ...]]]:
        # An exception is copied and pickled by its message, of which no faults can be made.
        return type(self), (self.faults,)

    def in_file(self, file: str) -> BadInput:
        """Return the same error with the file's name in every fault that has none."""
        return BadInput(
            [fault if fault.file else replace(fault, file=file) for fault in self.faults]
        )


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


def one_line(text: str) -> str:
    """Return a foreign text with line ends, control and invisible characters escaped."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def quoted(text: str) -> str:
    """Return a foreign text in quotes, shortened."""
    return repr(text) if len(text) <= MAX_TEXT_SHOWN else f"{text[:MAX_TEXT_SHOWN]!r}..."


def described(value: object) -> str:
    """Return what a caller gave, in a few words: ``str 'app.yaml'``, ``int 3``, ``Result``."""
    kind = type(value).__name__
    if value is None:
        return "None"
    if isinstance(value, str):
        return f"{kind} {quoted(value)}"
    if isinstance(value, (bool, float)) or (isinstance(value, int) and abs(value) < 10**20):
        return f"{kind} {value}"
    return kind


def require_type(
    name: str, value: object, kinds: type | tuple[type, ...], expected: str, hint: str = ""
) -> None:
    """Refuse an argument of another type.

    Parameters
    ----------
    name : str
        The argument's.
    value : object
    kinds : type or tuple of types
        A boolean is no number here, though Python's `bool` is an `int`.
    expected : str
        In words, with an article.
    hint : str
        What to do instead.

    Raises
    ------
    TypeError
        It says what was expected, and what was given.
    """
    all_kinds = kinds if isinstance(kinds, tuple) else (kinds,)
    flag_for_number = isinstance(value, bool) and bool not in all_kinds and object not in all_kinds
    if flag_for_number or not isinstance(value, all_kinds):
        after = f"; {hint}" if hint else ""
        raise TypeError(f"{name}: expected {expected}, got {described(value)}{after}")


def nearest(name: str, known: Sequence[str]) -> str:
    """Return ``" (did you mean 'x'?)"`` for the known name most like `name`, or nothing."""
    if len(name) > MAX_NAME_LENGTH:
        return ""
    if len(known) > MAX_NAMES_COMPARED:
        # Comparing is slow: of very many names, look only at those that begin alike.
        similar = [
            other for other in known if other[:2] == name[:2] and abs(len(other) - len(name)) <= 2
        ]
        known = similar[:MAX_NAMES_COMPARED]
    folded = {other.casefold(): other for other in known}
    match = get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.6)
    return f" (did you mean {folded[match[0]]!r}?)" if match else ""


CODES = {
    # Errors, as types.
    "error": "the base of every error of this library; never raised itself",
    "bad-input": "the input breaks the file contract; its faults say where and how",
    "unknown-host": "a host is named that the fleet does not have",
    "unknown-application": "an application is named that the cluster, or the batch, does not have",
    "contended": "a placement no longer holds, since others were committed first",
    "broken-answer": "the solver's answer failed the independent check: a bug of this library",
    "unknown-solver-status": (
        "CP-SAT ended in a way that this library does not know: a bug of this library"
    ),
    # Faults of a file as a whole.
    "unreadable-file": "the file is missing, a directory, or may not be read",
    "unwritable-file": "the file that is to be written cannot be",
    "file-in-use": "another process holds the file, and does not let it go in time",
    "file-changed": "the file was changed by others since it was loaded",
    "file-too-large": "the file is larger than what is read of its kind",
    "not-text": "the file is not UTF-8 text",
    "not-json": "the file is not JSON",
    "not-yaml": "the file is not YAML",
    "not-csv": "the file is not CSV with one row a host",
    "not-parquet": "the file is not Parquet",
    "not-toml": "the file is not TOML",
    "not-ini": "the file is not INI",
    "unsafe-file": "the file holds secrets, and others than its owner may read or change it",
    "yaml-only": (
        "the file uses YAML that has no counterpart in JSON: tags, several documents, "
        "keys that are no text"
    ),
    "not-xml": "the document is not XML",
    "xml-only": (
        "the document uses XML that has no counterpart in JSON: attributes, namespaces, "
        "text beside elements"
    ),
    "unsafe-xml": (
        "the document uses a document type, or entities of its own, which are not followed"
    ),
    "not-for-xml": "a text has characters that XML 1.0 cannot carry",
    "too-many-aliases": (
        "the file's YAML aliases contain themselves, or grow too large when they are followed"
    ),
    "too-deep": "the document is nested deeper than any that has a meaning",
    "duplicate-key": "a key occurs twice in one mapping",
    "not-finite": "a number is not finite, or too large to be read",
    # Faults of a value, wherever it comes from.
    "unknown-key": "a key has no meaning here; only `metadata` and `x-...` are free",
    "missing-key": "a key that must be there is not",
    "wrong-type": (
        "a value is of another type than expected, e.g. text for a number or a fractional amount"
    ),
    "wrong-value": "a value is of the right type, and not one of those expected here",
    "out-of-range": "a number, or a length, is smaller or larger than allowed",
    "ill-formed-name": (
        "a name is empty, too long, or has characters that its kind of name may not have"
    ),
    "read-only": "a value that cannot be changed is another than the stored one",
    "reserved-name": "a name has a meaning of its own and cannot be given",
    "duplicate-name": "a name or id is given to two things of one kind",
    "amount-overflow": "amounts, or their sum, leave 64 bits",
    # Faults of a fleet.
    "unknown-level": "a level is named that the fleet does not list",
    "ambiguous-name": "a link's end is known at two levels",
    "unknown-cell": "a cell is named that the host does not have",
    "host-in-use": "a host is to be removed on which members run",
    # Faults of an application.
    "uncovered-member": (
        "running members take more than their host, or its cell, has in use in all"
    ),
    "empty-application": "there is no member at all",
    "unbounded-copies": (
        "headroom is asked for members that take nothing: any number of copies fits"
    ),
    "too-many-members": "there are more members than are placed as one",
    "nested-in-itself": "a group is below itself",
    "unknown-group": "a group is named that the application does not have",
    "unknown-flavor": "a flavor is named that the application does not have",
    "unknown-policy": "a policy's kind is not one of this library's",
    "repeated-policy": "a policy occurs twice in a group: same kind, level, target and hardness",
    "related-group": "a policy names its own group, or one above or below it",
    # Faults of a placement that is checked.
    "unknown-member": "a member is placed that the application does not have",
    "moved-member": "a member that runs already is placed elsewhere",
    "no-placement": "a result that has no placement is given to be checked",
    # Faults of identity.
    "unknown-token": "no token of the file has the id",
    "missing-package": "a package is not installed that only some users need",
}
"""Every code of an error or a fault, and what it means. Codes are stable."""
