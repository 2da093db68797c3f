"""What stands on a host, and in one of its cells where that is told."""

from __future__ import annotations

from typing import ClassVar

from groupsolver.model.sparse_value import Sparse


class InCell(Sparse):
    """Has the key `cell` where there is one to tell, and only there: most hosts have none."""

    cell: str | None = None
    sparse: ClassVar[tuple[str, ...]] = ("cell",)
