"""What a wrong document, or value, looks like, and what to write instead.

Users who know Kubernetes or Nova write their shapes from memory, and two file names are easily
swapped. A message that says so is mended faster than one that lists unknown keys.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from groupsolver.constraints.registry import POLICIES
from groupsolver.errors import Fault
from groupsolver.files.fault_text import Loc

# By what a document is expected to be: what it has.
_EXPECTED = {
    "Application": "an application, which has groups",
    "BatchDocument": "a batch of applications, which has applications",
    "ClusterDocument": "a cluster, which has a fleet and applications",
    "Fleet": "a fleet, which has hosts",
    "Result": "a result, which has a status and a placement",
}
_WORDS = {
    "Application": "an application",
    "BatchDocument": "a batch of applications",
    "ClusterDocument": "a cluster",
    "Fleet": "a fleet",
    "Result": "a result",
}
# The key that a document of each kind has at least.
_OWN_KEYS = {
    "Application": "groups",
    "BatchDocument": "applications",
    "ClusterDocument": "fleet",
    "Fleet": "hosts",
    "Result": "status",
}
# Keys that tell what a document is, the most telling first.
_SIGNS: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"apiVersion", "kind"}), "a Kubernetes manifest"),
    (frozenset({"fleet", "applications"}), "a cluster"),
    (frozenset({"status", "placement"}), "a result"),
    (frozenset({"applications"}), "a batch of applications"),
    (frozenset({"hosts"}), "a fleet"),
    (frozenset({"groups"}), "an application"),
)
_KUBERNETES_NAMES = {
    "cpu": "VCPU",
    "memory": "MEMORY_MB",
    "storage": "DISK_GB",
    "ephemeral-storage": "DISK_GB",
    "disk": "DISK_GB",
    "gpu": "CUSTOM_GPU",
}
_QUANTITY = re.compile(r"\s*(\d{1,18}(?:\.\d{1,9})?)\s*([A-Za-z]{0,3})\s*")
_BINARY = {"k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
_UNITS = {"_MB": 2, "_GB": 3}  # exponent of 1,024 by the ending of a resource class


def document_fault(expected: str, data: Any) -> Fault | None:
    """Return the one fault of a document that is empty, or is something else; None: neither.

    Parameters
    ----------
    expected : str
        Name of the model that was to be read: ``Application``, ``BatchDocument``,
        ``ClusterDocument``, ``Fleet`` or ``Result``.
    data : Any
        The document, which is not valid.
    """
    if expected not in _EXPECTED:
        return None
    if data is None or data in ([], ""):
        message = f"expected {_EXPECTED[expected]}, found an empty document"
        return Fault("wrong-type", "", message)
    if not isinstance(data, dict):
        return None
    found = next((word for keys, word in _SIGNS if keys <= data.keys()), None)
    if found is None or found == _WORDS[expected] or _OWN_KEYS[expected] in data:
        return None
    advice = "; were the files swapped?" if found in _WORDS.values() else ""
    message = f"expected {_EXPECTED[expected]}; this looks like {found}{advice}"
    return Fault("wrong-value", "", message)


def policy_advice(value: Any) -> str:
    """Return what to write for a policy that has its kind as a key, or nothing."""
    if not isinstance(value, dict):
        return ""
    kinds = [key for key in value if isinstance(key, str) and key in POLICIES]
    if len(kinds) != 1:
        return ""
    (kind,) = kinds
    inner = value[kind]
    fields = dict(inner) if isinstance(inner, dict) else {}
    fields |= {key: one for key, one in value.items() if key != kind}
    return f"; the kind is a value, not a key: write {_flow({'kind': kind, **fields})}"


def policies_advice(value: Any) -> str:
    """Return what to write for policies that are a mapping, or nothing."""
    if not isinstance(value, dict) or not value or not set(value) <= set(POLICIES):
        return ""
    items = [
        _flow({"kind": kind, **(fields if isinstance(fields, dict) else {})})
        for kind, fields in list(value.items())[:2]
    ]
    return f"; policies are a list: write [{', '.join(items)}]"


def _flow(fields: Mapping[Any, Any]) -> str:
    """Return a small mapping as YAML writes it on one line; values that nest are left out."""
    parts = []
    for key, value in list(fields.items())[:6]:
        plain = isinstance(value, (str, int, float, bool))
        text = str(value).lower() if isinstance(value, bool) else str(value)
        parts.append(f"{key}: {text[:40] if plain else '...'}")
    return "{" + ", ".join(parts) + "}"


def name_advice(value: Any) -> str:
    """Return the resource class that a name of Kubernetes' means, or nothing."""
    known = _KUBERNETES_NAMES.get(value) if isinstance(value, str) else None
    return f"; this looks like Kubernetes': write {known}" if known else ""


def amount_advice(value: Any, loc: Loc) -> str:
    """Return which whole number to write for an amount with a unit or a fraction, or nothing.

    Example: ``"2Gi"`` of MEMORY_MB is 2048, of DISK_GB it is 2; ``"500m"`` of VCPU is 1.
    """
    name = _resource_of(loc)
    if not name:
        return ""
    if isinstance(value, float) and math.isfinite(value):
        return f"; amounts are whole numbers: write {math.ceil(value)}" if value >= 0 else ""
    match = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return ""
    return _quantity_advice(Fraction(match[1]), match[2], name)


def _quantity_advice(number: Fraction, unit: str, name: str) -> str:
    """Return which whole number of a resource class a quantity is, or nothing."""
    if not unit:
        if number.denominator == 1:
            return f"; write {int(number)}, without quotes"
        return f"; amounts are whole numbers: write {math.ceil(number)}"
    if unit == "m":
        whole = math.ceil(number / 1000)
        return (
            "; this looks like Kubernetes' thousandths: amounts are whole numbers, and hosts are "
            f"overcommitted by allocation_ratio: write {whole}"
        )
    exponent = _BINARY.get(unit[0].lower())
    if exponent is None or unit[1:].lower() not in ("", "i", "b", "ib"):
        return ""
    base = next((power for ending, power in _UNITS.items() if name.endswith(ending)), None)
    if base is None:
        return "; amounts are whole numbers without a unit"
    amount = math.ceil(number * Fraction(1024) ** (exponent - base))
    return f"; amounts are whole numbers in the unit of the class: write {amount}"


def _resource_of(loc: Loc) -> str:
    """Return the resource class that an amount stands below, or an empty string."""
    for part in reversed(loc):
        if isinstance(part, str) and part.isupper():
            return part
    return ""
