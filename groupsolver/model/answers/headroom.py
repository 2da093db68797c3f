"""How many more copies of an application fit, what runs out first, and what would help."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from groupsolver.model.value import Value


class Bottleneck(Value):
    """Something that runs out.

    Attributes
    ----------
    kind : {"resource", "level", "trait", "policy"}
    name : str
        A resource class, a level, a trait, or a policy's kind.
    sentence : str
        What is left of it, in words, with numbers and units.
    """

    kind: Literal["resource", "level", "trait", "policy"]
    name: str
    sentence: str


class MarginalHost(Value):
    """What one more host of a type would bring.

    Attributes
    ----------
    like : str
        A host of that type, the first in the fleet: same inventory, cells and traits.
    hosts : int
        How many of the type there are.
    rate : float
        Copies that one more host, empty and in a domain with room to spare, brings at most, at the
        prices of the bound. Several more hosts bring about that many each.
    bound : int
        By how much the bound rises with one more; a whole number.
    sentence : str
    """

    like: str
    hosts: int
    rate: Annotated[float, Field(ge=0)]
    bound: int
    sentence: str


class Headroom(Value):
    """The answer of `headroom`; every key is always present in its document.

    Attributes
    ----------
    copies : int
        How many fit, all at once: each was placed, and has passed the check.
    bound : int
        Proved: no more than that fit.
    gap : float
        ``(bound - copies) / max(1, copies)``, a fraction.
    seconds : float
        From the compiled fleet to the answer.
    scarce : tuple of Bottleneck
        What keeps one more copy out, the most important first.
    unlocks : tuple of MarginalHost
        One for each type of host in the fleet, the one that brings most first.
    warnings : tuple of str
    """

    version: Literal[1] = 1
    copies: Annotated[int, Field(ge=0)]
    bound: Annotated[int, Field(ge=0)]
    gap: Annotated[float, Field(ge=0)]
    seconds: Annotated[float, Field(ge=0)] = 0.0
    scarce: tuple[Bottleneck, ...] = ()
    unlocks: tuple[MarginalHost, ...] = ()
    warnings: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """Return the answer as plain JSON data, every key present."""
        return self.model_dump(mode="json")


def counted_to(most: int) -> str:
    """Return the warning that no more copies were counted."""
    return f"copies are counted up to {most:,}"
