"""Bodies about how many more copies of an application fit."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from groupsolver.model.headroom import Bottleneck, MarginalHost
from groupsolver.model.value import Value
from groupsolver.wire.bodies.core import PlacementFields


class HeadroomFields(PlacementFields):
    """One copy, as it is asked to be placed.

    Parameters
    ----------
    gap : float, default 0
        The fraction of the copies that may be left in doubt.
    """

    gap: Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)] = 0.0


class HeadroomRequest(Value):
    """The body of a placement; with more keys if wanted."""

    placement: HeadroomFields


class HeadroomView(Value):
    """How many more copies fit.

    Attributes
    ----------
    copies, bound : int
        So many fit, all at once; and it is proved that no more than `bound` do.
    gap : float
        ``(bound - copies) / max(1, copies)``.
    seconds : float
    scarce : tuple of Bottleneck
        What keeps one more copy out, in words for whoever asks.
    unlocks : tuple of MarginalHost
        What one more host of each type brings: for those who may see names of hosts.
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
    """One answer."""

    headroom: HeadroomView
