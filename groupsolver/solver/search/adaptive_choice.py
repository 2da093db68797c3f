"""Choosing among ways by what each has yielded, and sizes by how the search went."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

MEMORY = 0.9  # weight of what was known, against what was seen last
LEAST_WEIGHT = 0.05  # of a way, so that each is tried now and then


class AdaptiveChoice:
    """Chooses names at random, those that yield more per second more often.

    Source: adaptive large-neighbourhood search, Ropke & Pisinger (2006),
    doi:10.1287/trsc.1050.0135.

    Parameters
    ----------
    names : sequence of str
    rng : numpy.random.Generator
    """

    def __init__(self, names: Sequence[str], rng: np.random.Generator) -> None:
        self._names = list(names)
        self._yield = dict.fromkeys(self._names, 1.0)
        self._rng = rng

    def choose(self) -> str:
        """Return a name."""
        yields = np.array([self._yield[name] for name in self._names])
        weights = np.maximum(yields / max(yields.max(), 1e-12), LEAST_WEIGHT)
        return str(self._rng.choice(self._names, p=weights / weights.sum()))

    def learn(self, name: str, gain: float) -> None:
        """Take note of what a name has yielded, at least 0."""
        self._yield[name] = MEMORY * self._yield[name] + (1 - MEMORY) * gain


class AdaptiveSize:
    """A number that grows where searches end without success, and falls where they do not end.

    Parameters
    ----------
    start, least, most : int
    """

    def __init__(self, start: int, least: int, most: int) -> None:
        self._value = float(min(most, start))
        self._least = least
        self._most = most

    @property
    def value(self) -> int:
        """The number."""
        return round(self._value)

    def learn(self, ended: bool) -> None:
        """Take note of a search without success: whether it ended, or its time was over."""
        factor = 1.15 if ended else 0.9
        self._value = min(self._most, max(self._least, self._value * factor))
