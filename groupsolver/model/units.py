"""Amounts of resource classes as a person says them, units included."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def amount_told(resource: str, amount: int) -> str:
    """Give ``"8 VCPU"``, ``"64 GB of memory"``, ``"80 GB of disk"``."""
    if resource == "MEMORY_MB":
        if amount and amount % 1024 == 0:
            return f"{amount // 1024} GB of memory"
        return f"{amount} MB of memory" if amount < 10 * 1024 else f"{amount / 1024:.1f} GB of memory"
    return f"{amount} GB of disk" if resource == "DISK_GB" else f"{amount} {resource}"


def resources_told(resources: Mapping[str, int]) -> str:
    """Give ``"8 VCPU, 64 GB of memory"``; ``"nothing"`` where there is none."""
    return ", ".join(amount_told(name, amount) for name, amount in resources.items() if amount) or "nothing"


def joined(names: Sequence[str], most: int) -> str:
    """Give ``"r01, r02 and r07"``, ``"r01, r02 and 5 more"``: at most so many names."""
    if len(names) > most + 1:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return ", ".join(names) if len(names) < 2 else f"{', '.join(names[:-1])} and {names[-1]}"
