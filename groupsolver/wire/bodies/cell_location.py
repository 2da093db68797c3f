"""The cell of its host that an instance takes from, in bodies that may show it."""

from __future__ import annotations

from typing import ClassVar

from groupsolver.model.sparse_value import Sparse


class WithCell(Sparse):
    """A body with the key `cell` only where there is one to show: most hosts have none."""

    cell: str | None = None
    sparse: ClassVar[tuple[str, ...]] = ("cell",)
