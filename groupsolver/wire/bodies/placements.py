"""Bodies about placements: the requested instances, and the hosts that they got."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from groupsolver.model.application import Flavor, Sized
from groupsolver.model.inventory import Resources
from groupsolver.model.result import Objective, Status
from groupsolver.model.value import Amount, Name, Positive, Value
from groupsolver.wire import count_limits
from groupsolver.wire.bodies.cell_location import WithCell
from groupsolver.wire.count_limits import at_most
from groupsolver.wire.identifiers import Uuid

_Resources = Annotated[
    Resources, Field(max_length=count_limits.CLASSES), at_most(count_limits.CLASSES)
]


class Hints(Value):
    """Nova's scheduler hints, of which only `group` is used."""

    group: Uuid | None = None


class InstanceRequest(Sized):
    """A number of identical instances.

    Parameters
    ----------
    id : uuid, optional
        Only with count 1; random by default. An admin or a service may choose it.
    name : str, optional
        With a count above 1, ``name-1``, ``name-2`` and so on.
    flavor, resources
        The amounts that each takes: exactly one of the two.
    count : int, default 1
    hints : Hints
    """

    id: Uuid | None = None
    name: Name | None = None
    resources: _Resources | None = None
    count: Positive = 1
    hints: Hints = Hints()

    @model_validator(mode="after")
    def _check_fields(self) -> InstanceRequest:
        if self.flavor is None and self.resources is None:
            raise PydanticCustomError("missing-key", "expected a flavor or resources")
        if self.id is not None and self.count != 1:
            raise PydanticCustomError("wrong-value", "expected count 1 where an id is given")
        return self


class FlavorRequest(Flavor):
    """A flavor that the requested instances name."""

    resources: _Resources


def _to_document(flavor: Any) -> Any:
    """Return a flavor of a file, which a client may pass, as plain data."""
    return flavor.document() if type(flavor) is Flavor else flavor


class PlacementFields(Value):
    """Instances to be placed, all of them or none.

    Parameters
    ----------
    flavors : dict of str to Flavor
    instances : tuple of InstanceRequest
    objective : {"pack", "spread", "cost"}, default "pack"
    host_price : int, optional
        Points of the objective for each host that held nothing before; a host's `opening_cost`
        replaces it.
    time_limit : float, optional
        Seconds; by default, and at most, the server's.
    ttl : int, optional
        Seconds after which the claim ends, unless it is confirmed.
    """

    flavors: Annotated[
        dict[Name, Annotated[FlavorRequest, BeforeValidator(_to_document)]],
        Field(max_length=count_limits.FLAVORS),
        at_most(count_limits.FLAVORS),
    ] = {}
    instances: Annotated[
        tuple[InstanceRequest, ...],
        Field(min_length=1, max_length=count_limits.INSTANCES),
        at_most(count_limits.INSTANCES),
    ]
    objective: Objective = "pack"
    host_price: Amount | None = None
    time_limit: Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)] | None = None
    ttl: Annotated[int, Field(strict=True, ge=1, le=7 * 24 * 3600)] | None = None


class PlacementRequest(Value):
    """The body that requests a placement."""

    placement: PlacementFields


class PlacedView(WithCell):
    """The host of a placed instance; `host` and `cell` for users who may see names."""

    id: Uuid
    name: str | None
    group: Uuid | None
    host: str | None
    hostId: str  # noqa: N815 - Nova's name


class PlacementView(Value):
    """A placement; `id` is null for a dry run."""

    id: Uuid | None
    status: Status
    objective: int
    bound: int
    gap: float
    instances: tuple[PlacedView, ...]
    expires_at: str | None = None


class PlacementAnswer(Value):
    """One placement."""

    placement: PlacementView
