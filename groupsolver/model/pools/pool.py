"""Capacity that several hosts share: a storage cluster, a licence server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from groupsolver.model.inventory import Inventory, InventoryData, InventoryLike, Resources
from groupsolver.model.value import INT64_MAX, Name, ResourceClass, Value

Taken = Mapping[tuple[str, str], int]  # amounts by a pool's name and a resource class


class Pool(Value):
    """Capacity that the members on several hosts take from together.

    Like a sharing resource provider of OpenStack Placement.

    Parameters
    ----------
    name : str
        Unique among the fleet's pools.
    inventory : dict of str to Inventory
        Resource class to what there is; a bare integer means its total.
    used : dict of str to int
        What is in use already, whatever host it is used from; existing members included.
    hosts : tuple of str
        Hosts that take from the pool the classes which they have not themselves.
    domains : dict of str to tuple of str
        Level to names of domains: all hosts in these take from it as well.
    """

    name: Name
    inventory: dict[ResourceClass, InventoryLike] = {}
    used: Resources = {}
    hosts: tuple[Name, ...] = ()
    domains: dict[Name, tuple[Name, ...]] = {}

    if TYPE_CHECKING:
        # What the constructor takes: every form that it converts to the fields' types.
        def __init__(
            self,
            *,
            name: str,
            inventory: Mapping[str, InventoryData] = ...,
            used: Mapping[str, int] = ...,
            hosts: Iterable[str] = ...,
            domains: Mapping[str, Iterable[str]] = ...,
            metadata: Any = None,
        ) -> None: ...

    def capacity(self, resource: str) -> int:
        """Return what there is of a class in all; 0 where it has none."""
        inventory = self.inventory.get(resource)
        return inventory.capacity if inventory else 0

    def unused(self, resource: str) -> int:
        """Return what is not in use of a class; below 0 where more is used than there is."""
        return self.capacity(resource) - self.used.get(resource, 0)

    def free(self, resource: str) -> int:
        """Return what new members may take of a class; 0 where it is over capacity."""
        return max(0, self.unused(resource))

    def with_more_used(self, amounts: Mapping[str, int]) -> Pool:
        """Return the pool with more in use, or with less where an amount is negative."""
        used = dict(self.used)
        for resource, amount in amounts.items():
            used[resource] = min(INT64_MAX, max(0, used.get(resource, 0) + amount))
        return self.model_copy(update={"used": used})

    def with_more_free(self, amounts: Mapping[str, int]) -> Pool:
        """Return the pool with more free: less in use, and more of it where that is not enough."""
        used = dict(self.used)
        inventory = dict(self.inventory)
        for resource, amount in amounts.items():
            freed = min(amount, used.get(resource, 0))
            used[resource] = used.get(resource, 0) - freed
            one = inventory[resource]
            if amount > freed:
                larger = Inventory(
                    total=one.capacity + amount - freed,
                    max_unit=one.max_unit,
                    min_unit=one.min_unit,
                    step_size=one.step_size,
                )
                inventory[resource] = larger
        return self.model_copy(update={"used": used, "inventory": inventory})

    def emptied(self) -> Pool:
        """Return the pool with nothing in use."""
        return self.model_copy(update={"used": {}})
