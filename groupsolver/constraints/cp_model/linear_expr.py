"""Linear expressions over a model's variables, as policies combine them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ortools.sat.python import cp_model


@dataclass
class Linear:
    """``sum(coefs * vars) + const``; `const` is its value while nothing new is placed."""

    vars: list[cp_model.IntVar] = field(default_factory=list)
    coefs: list[int] = field(default_factory=list)
    const: int = 0

    def plus(self, other: Linear | int, times: int = 1) -> Linear:
        """Return ``self + times * other``."""
        if isinstance(other, int):
            return Linear(self.vars, self.coefs, self.const + times * other)
        return Linear(
            self.vars + other.vars,
            self.coefs + [times * c for c in other.coefs],
            self.const + times * other.const,
        )

    def times(self, factor: int) -> Linear:
        """Return ``factor * self``."""
        return Linear(self.vars, [factor * c for c in self.coefs], factor * self.const)
