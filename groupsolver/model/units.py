"""Numbers, amounts of resource classes and lists of names in the words of messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_NAMES = {"MEMORY_MB": "memory", "DISK_GB": "disk"}
_MB_PER_GB = 1024


def resource_name(resource: str) -> str:
    """Return the everyday name of a resource class: ``"memory"`` for ``MEMORY_MB``."""
    return _NAMES.get(resource, resource)


def quantity(resource: str, amount: int) -> str:
    """Return an amount with the unit that the class is in, if any: ``"64 GB"``, ``"1,180"``."""
    if resource.endswith("_GB"):
        return f"{amount:,} GB"
    if not resource.endswith("_MB"):
        return f"{amount:,}"
    whole, rest = divmod(amount, _MB_PER_GB)
    # Exact: two amounts that differ must not read alike.
    if amount < _MB_PER_GB or (rest * 10) % _MB_PER_GB:
        return f"{amount:,} MB"
    tenths = rest * 10 // _MB_PER_GB
    return f"{whole:,}.{tenths} GB" if tenths else f"{whole:,} GB"


def amount_text(resource: str, amount: int) -> str:
    """Return an amount and its resource: ``"8 VCPU"``, ``"64 GB of memory"``."""
    of = " of" if resource.endswith(("_MB", "_GB")) else ""
    return f"{quantity(resource, amount)}{of} {resource_name(resource)}"


def resources_text(resources: Mapping[str, int]) -> str:
    """Return ``"8 VCPU, 64 GB of memory"``; ``"nothing"`` where all amounts are 0."""
    amounts = [amount_text(name, amount) for name, amount in resources.items() if amount]
    return ", ".join(amounts) or "nothing"


def count_of(count: int, noun: str, plural: str | None = None) -> str:
    """Return ``"1 rack"``, ``"3 racks"``, or with a plural of its own ``"1,180 copies"``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {plural or noun + 's'}"


def shortened(names: Sequence[str], most: int) -> str:
    """Return ``"r01, r02, r07"``, or ``"r01, r02 and 5 more"`` where there are more than `most`."""
    listed = ", ".join(names[:most])
    return f"{listed} and {len(names) - most:,} more" if len(names) > most else listed


def joined(names: Sequence[str], most: int) -> str:
    """Return ``"r01, r02 and r07"``, or ``"r01, r02 and 5 more"``: for more than `most` + 1."""
    if len(names) > most + 1:
        return shortened(names, most)
    if len(names) < 2:
        return ", ".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
