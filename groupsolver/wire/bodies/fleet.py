"""The body of the fleet, which is not wrapped and has the structure of a file."""

from __future__ import annotations

from typing import ClassVar, Literal

from groupsolver.model.fleet import Host, Link
from groupsolver.model.pools.pool import Pool
from groupsolver.model.sparse_value import Sparse


class FleetAnswer(Sparse):
    """The fleet as it is stored; unlike a file's it may have no host yet."""

    version: Literal[1] = 1
    levels: tuple[str, ...]
    hosts: tuple[Host, ...]
    links: tuple[Link, ...]
    pools: tuple[Pool, ...] = ()
    sparse: ClassVar[tuple[str, ...]] = ("pools",)
