"""How much a host has of a resource class, and how much of it may be allocated."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from groupsolver.model.sparse_value import Sparse
from groupsolver.model.value import INT64_MAX, Amount, Positive, ResourceClass


class Inventory(Sparse):
    """One resource class of one host, as OpenStack Placement describes it.

    Parameters
    ----------
    total : int
        What the host has, in the unit of the class.
    reserved : int, default 0
        Kept back from instances; at most `total`.
    allocation_ratio : float, default 1.0
        Overcommitment, above 0.
    max_unit : int, optional
        The most that one member may take.
    min_unit, step_size : int, default 1
        The least that one member may take, and what that must be a multiple of.
    """

    total: Amount
    reserved: Amount = 0
    allocation_ratio: Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)] = 1.0
    max_unit: Positive | None = None
    min_unit: Positive = 1
    step_size: Positive = 1
    sparse: ClassVar[tuple[str, ...]] = ("min_unit", "step_size")

    @cached_property
    def capacity(self) -> int:
        """``floor((total - reserved) * allocation_ratio)``, the ratio taken as it is written.

        In decimal, so that 100 units at a ratio of 0.29 are 29 and not 28.
        """
        if self.allocation_ratio == 1.0:
            return self.total - self.reserved
        return int((self.total - self.reserved) * Decimal(repr(self.allocation_ratio)))

    def admits(self, amount: int) -> bool:
        """Return whether one member may take an amount, above 0, whatever is free."""
        largest = self.capacity if self.max_unit is None else self.max_unit
        return self.min_unit <= amount <= largest and amount % self.step_size == 0

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.reserved > self.total:
            raise PydanticCustomError("out-of-range", "expected reserved to be at most total")
        if self.capacity > INT64_MAX:
            raise PydanticCustomError("amount-overflow", "expected a capacity that fits 64 bits")
        return self


def _plain_total(data: Any) -> Any:
    return {"total": data} if isinstance(data, int) and not isinstance(data, bool) else data


_UNIT = {"type": "integer", "minimum": 1, "maximum": INT64_MAX, "default": 1}
InventoryLike = Annotated[
    Inventory,
    BeforeValidator(_plain_total),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0, "maximum": INT64_MAX},
                {
                    "type": "object",
                    "properties": {
                        "total": {"type": "integer", "minimum": 0, "maximum": INT64_MAX},
                        "reserved": {
                            "type": "integer",
                            "minimum": 0,
                            "maximum": INT64_MAX,
                            "default": 0,
                        },
                        "allocation_ratio": {
                            "type": "number",
                            "exclusiveMinimum": 0,
                            "default": 1.0,
                        },
                        "max_unit": {
                            "anyOf": [
                                {"type": "integer", "minimum": 1, "maximum": INT64_MAX},
                                {"type": "null"},
                            ]
                        },
                        "min_unit": _UNIT,
                        "step_size": _UNIT,
                    },
                    "required": ["total"],
                    "additionalProperties": False,
                    "patternProperties": {"^x-": True, "^metadata$": True},
                },
            ]
        },
        mode="validation",
    ),
]
# The forms of an inventory that constructors take.
InventoryData = Inventory | int | Mapping[str, Any]
Resources = dict[ResourceClass, Amount]
