"""Amounts of resources as a person says them."""

from __future__ import annotations

_SPOKEN = {"VCPU": "VCPU", "PCPU": "PCPU", "MEMORY_MB": "memory", "DISK_GB": "disk"}
_GB = 1024  # MB


def spoken(name: str) -> str:
    """Give what a resource class is called."""
    return _SPOKEN.get(name, name)


def quantity(name: str, amount: int) -> str:
    """Give an amount with its unit, as far as the class tells one."""
    if name.endswith("_MB"):
        if amount >= _GB:
            return f"{amount / _GB:,.1f}".removesuffix(".0") + " GB"
        return f"{amount:,} MB"
    return f"{amount:,} GB" if name.endswith("_GB") else f"{amount:,}"


def amounts(name: str, amount: int) -> str:
    """Give an amount with the name of what it is of."""
    return f"{quantity(name, amount)} {spoken(name)}"
