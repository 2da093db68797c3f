"""The body of the fleet, which is not wrapped and has the structure of a file."""

from __future__ import annotations

from typing import Literal

from groupsolver.model.fleet import Host, Link
from groupsolver.model.value import Value


class FleetAnswer(Value):
    """The fleet as it is stored; unlike a file's it may have no host yet."""

    version: Literal[1] = 1
    levels: tuple[str, ...]
    hosts: tuple[Host, ...]
    links: tuple[Link, ...]
