"""Costs of the changes that would make a request possible: the user sets them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from groupsolver.model.value import Value

# Null: not to be proposed. Bounded, so that sums over thousands of changes stay within 64 bits.
Price = Annotated[int, Field(strict=True, ge=1, le=10**9)] | None


class Costs(Value):
    """Prices of changes; the cheapest are proposed. None: such a change is not proposed.

    Parameters
    ----------
    relax : int or None, default 1
        A policy's number changes by one step: one member more in a domain, one domain fewer to
        cover, one hop more, twice the latency, half the bandwidth.
    soften : int or None, default 5
        A hard policy becomes a soft one.
    drop : int or None, default 8
        A policy is left out. It helps no more than to soften it does, so it is proposed only where
        it is cheaper.
    fewer : int or None, default 10
        One new member less.
    free : int or None, default 3
        Some amounts, however large, are freed on a host.
    add : int or None, default 4
        One more host, of a type that the fleet has.
    move : int or None, default 2
        A running member moves to another host.
    """

    relax: Price = 1
    soften: Price = 5
    drop: Price = 8
    fewer: Price = 10
    free: Price = 3
    add: Price = 4
    move: Price = 2
