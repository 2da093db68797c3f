"""Names of groups and members among those of several applications: ``application:group``."""

from __future__ import annotations

from collections.abc import Iterator

from groupsolver.errors import MAX_NAME_LENGTH, Fault, quoted
from groupsolver.model.application import BETWEEN


def qualified(application: str, name: str) -> str:
    """Return the name of a group, or a member, of an application among all applications."""
    return f"{application}{BETWEEN}{name}"


def application_name_faults(name: str) -> Iterator[Fault]:
    """Yield what is wrong with the name of an application."""
    if not name or len(name) > MAX_NAME_LENGTH or BETWEEN in name or not name.isprintable():
        message = (
            f"expected 1 to {MAX_NAME_LENGTH} printable characters without {BETWEEN!r}, "
            f"found {quoted(name)}"
        )
        yield Fault("ill-formed-name", "name", message)
