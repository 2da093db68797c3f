"""Bodies about how many more copies of an application fit."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from groupsolver.model.answers.headroom import Bottleneck, MarginalHost
from groupsolver.model.value import Value
from groupsolver.wire.bodies.placements import PlacementFields


class HeadroomFields(PlacementFields):
    """One copy of the instances, as for a placement.

    Parameters
    ----------
    gap : float, default 0
        The fraction of the copies that may remain unproved.
    """

    gap: Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)] = 0.0


class HeadroomRequest(Value):
    """The body of a placement, with optional further keys."""

    placement: HeadroomFields


class HeadroomView(Value):
    """The number of further copies that fit.

    Attributes
    ----------
    copies : int
        The number of copies that were placed, all at once.
    bound : int
        A proved upper bound on the number of copies.
    gap : float
        ``(bound - copies) / max(1, copies)``.
    seconds : float
    scarce : tuple of Bottleneck
        What one more copy lacks, in words for the user who asks.
    unlocks : tuple of MarginalHost
        The gain of one more host of each type: for users who may see names of hosts.
    warnings : tuple of str
    """

    copies: int
    bound: int
    gap: float
    seconds: float
    scarce: tuple[Bottleneck, ...]
    unlocks: tuple[MarginalHost, ...]
    warnings: tuple[str, ...]


class HeadroomAnswer(Value):
    """The number of copies that fit."""

    headroom: HeadroomView
