"""Values that are worked out once for an object, when they are first asked for."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar

T = TypeVar("T")


class Memo:
    """Base of objects that never change, and so may keep what was worked out from them."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, object] = {}

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what `make` returns; call it only when the key is asked for the first time.

        A key stands for one type of value: its first part names what is kept.
        """
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]  # type: ignore[return-value]
