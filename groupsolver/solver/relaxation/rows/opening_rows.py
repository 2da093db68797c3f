"""Rows of the relaxation for what opening domains costs at least."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from groupsolver.model.compiled.arrays import Floats
from groupsolver.solver.relaxation.blocks import Block


@dataclass
class OpeningRows:
    """Rows of one block: ``sum(price[d] * open[d] for d of a floor) >= least``, one a floor.

    With duals m >= 0 of these rows the price of a domain is ``price[d] * (1 - sum(m))`` and the
    bound is higher by ``sum(m * least)``. For example, hosts at one point, of which 5.6 are needed
    by volume and 6 in whole hosts: at m = 1 hosts are free and the bound is 6.

    Attributes
    ----------
    number : int
        The block's number.
    block : Block
    dual : (floors,) float64
        What one point of each floor is worth in the last restricted master, from 0 to 1.
    """

    number: int
    block: Block
    dual: Floats = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        self.dual = np.zeros(len(self.block.floors))

    def prepaid(self) -> Floats:
        """(D,) float64: the part of each domain's price that the floors pay."""
        parts = np.zeros(len(self.block.floors[0].domains))
        for dual, floor in zip(self.dual.tolist(), self.block.floors, strict=True):
            parts += dual * floor.domains
        return parts

    def prepaid_outside(self) -> float:
        """Return the same for members on hosts in no domain: each floor counts them."""
        return float(self.dual.sum())

    def worth(self) -> float:
        """Return what all floors are worth."""
        least = [floor.least for floor in self.block.floors]
        return float(np.dot(self.dual, np.array(least, dtype=np.float64)))
