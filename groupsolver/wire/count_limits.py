"""Limits on the number of things in a body.

They are checked before anything is validated: each wrong item is a fault, and a fault costs a
hundred times what its item costs to send.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from groupsolver.constraints.policy import Policy

POLICIES = 1000  # of a group; the server's `most_policies` limits those that are valid
NAMES = 1000  # of a policy, in all its lists and mappings together
POLICIES_SIZE = 64 * 2**10  # characters of a group's policies, as JSON
INSTANCES = 10_000
GROUPS = 10_000
MEMBERS = 100_000
FLAVORS = 2000
CLASSES = 64  # of resources


def at_most(limit: int) -> BeforeValidator:
    """Return a validator that refuses longer lists and mappings, without reading their items."""

    def check(value: Any) -> Any:
        if isinstance(value, list | tuple | dict) and len(value) > limit:
            raise _too_many(f"expected at most {limit} here, found {len(value)}")
        return value

    return BeforeValidator(check)


def small_policies(policies: Any) -> Any:
    """Refuse policies that name too much: reading a project's policies holds up all other writers.

    Raises
    ------
    PydanticCustomError
        ``out-of-range``, for more than `NAMES` in one policy or `POLICIES_SIZE` characters in all.
    """
    if not isinstance(policies, list | tuple):
        return policies
    for i, policy in enumerate(policies):
        count = _count_names(policy) if isinstance(policy, dict) else 0
        if count > NAMES:
            raise _too_many(
                f"expected at most {NAMES} names in a policy, found {count} in policies[{i}]"
            )
    text = json.dumps(
        policies, separators=(",", ":"), ensure_ascii=False, skipkeys=True, default=_to_json
    )
    if len(text) > POLICIES_SIZE:
        raise _too_many(
            f"expected at most {POLICIES_SIZE} characters of policies, found {len(text)}"
        )
    return policies


def _count_names(policy: dict[str, Any]) -> int:
    """Return the number of items in all lists and mappings of a policy, at any depth."""
    count = 0
    stack = [*policy.values()]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            count += len(node)
            stack.extend(node.values())
        elif isinstance(node, list):
            count += len(node)
            stack.extend(node)
    return count


def _to_json(value: Any) -> Any:
    return value.document() if isinstance(value, Policy) else None


def _too_many(message: str) -> PydanticCustomError:
    return PydanticCustomError("out-of-range", "{text}", {"text": message})
