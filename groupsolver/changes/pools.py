"""Changes to pools: more is free in one, because it is larger or something else was removed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from groupsolver.changes.change import Change, Kind
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.units import resources_text


@dataclass(frozen=True)
class PoolFreed(Change):
    """Less of a pool is used; whether it grows or others leave is all the same to members.

    Attributes
    ----------
    pool : str
    amounts : tuple of (str, int)
        What more is free then of each resource class.
    """

    pool: str
    amounts: tuple[tuple[str, int], ...]
    kind: ClassVar[Kind] = "free"

    def describe(self, reveal: bool = True) -> str:
        """Return how much is freed, and in which pool."""
        where = f"pool {self.pool}" if reveal else "one pool"
        return f"free {resources_text(dict(self.amounts))} in {where}, or add as much"

    def on_fleet(self, fleet: CompiledFleet) -> None:
        """Add the amounts to what is free."""
        pools = fleet.index.pools
        grown = {self.pool: pools[self.pool].with_more_free(dict(self.amounts))}
        fleet.replace_pools(pools.replaced(grown))
