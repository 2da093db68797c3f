"""Commands that are several: ``groupsolver fleet load``, ``groupsolver fleet show``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def actions_of(commands: Any, name: str, about: str) -> Callable[[str, str], Any]:
    """Add a command that is several; give what adds one of them, by its name and its help."""
    parser = commands.add_parser(name, help=about, description=about, allow_abbrev=False)
    actions = parser.add_subparsers(dest="action", required=True, metavar="action")
    return lambda action, help_: actions.add_parser(
        action, help=help_, description=help_, allow_abbrev=False
    )
