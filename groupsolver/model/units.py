"""Amounts of resource classes as a person says them, units included."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_SPOKEN = {"MEMORY_MB": "memory", "DISK_GB": "disk"}
_GB = 1024  # MB


def spoken(resource: str) -> str:
    """Return what a resource class is called."""
    return _SPOKEN.get(resource, resource)


def quantity(resource: str, amount: int) -> str:
    """Return an amount with its unit, as far as the class tells one: ``"64 GB"``, ``"1,180"``."""
    if resource.endswith("_MB"):
        whole = amount >= _GB
        return f"{amount / _GB:,.1f}".removesuffix(".0") + " GB" if whole else f"{amount:,} MB"
    return f"{amount:,} GB" if resource.endswith("_GB") else f"{amount:,}"


def amount_told(resource: str, amount: int) -> str:
    """Return an amount with what it is of: ``"8 VCPU"``, ``"64 GB of memory"``, ``"80 GB of disk"``."""
    of = " of" if resource.endswith(("_MB", "_GB")) else ""
    return f"{quantity(resource, amount)}{of} {spoken(resource)}"


def resources_told(resources: Mapping[str, int]) -> str:
    """Return ``"8 VCPU, 64 GB of memory"``; ``"nothing"`` where there is none."""
    return (
        ", ".join(amount_told(name, amount) for name, amount in resources.items() if amount)
        or "nothing"
    )


def count_of(count: int, noun: str) -> str:
    """Return ``"1 rack"``, ``"3 racks"``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def joined(names: Sequence[str], most: int) -> str:
    """Return ``"r01, r02 and r07"``, ``"r01, r02 and 5 more"``: at most so many names."""
    if len(names) > most + 1:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return ", ".join(names) if len(names) < 2 else f"{', '.join(names[:-1])} and {names[-1]}"
