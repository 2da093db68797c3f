"""The progress of a batch: which applications are placed, and what that is worth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from groupsolver.model.application import BETWEEN
from groupsolver.model.result import Progress, Watch


class BatchWatch:
    """A watcher that adds what is known of the applications of a batch.

    Parameters
    ----------
    watch : callable
        It gets the whole.
    required : mapping of str to int
        By application, the number of new members that are placed at least where it is placed.
    values : mapping of str to int
        By application.

    Attributes
    ----------
    value_bound : int
        The best proved upper bound so far.
    """

    def __init__(
        self, watch: Watch, required: Mapping[str, int], values: Mapping[str, int]
    ) -> None:
        self._watch = watch
        self._required = required
        self._values = values
        self.value_bound = sum(values.values())
        self._seen: Mapping[str, str] | None = None
        self._placed: int | None = None
        self._value: int | None = None

    def __call__(self, progress: Progress) -> bool | None:
        """Report a progress with the applications that its placement has."""
        if progress.placement is not None and progress.placement is not self._seen:
            self._seen = progress.placement
            self._count(progress.placement)
        return self._watch(
            replace(
                progress,
                applications=self._placed,
                value=self._value,
                value_bound=self.value_bound,
            )
        )

    def _count(self, placement: Mapping[str, str]) -> None:
        members = Counter(member.partition(BETWEEN)[0] for member in placement)
        placed = [name for name, least in self._required.items() if members[name] >= least]
        self._placed = len(placed)
        self._value = sum(self._values[name] for name in placed)
