"""How much of one thing a body may hold.

Counted before anything is validated: each wrong item is a fault, and a fault costs a hundred
times what its item costs to send.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from groupsolver.constraints.policy import Policy

POLICIES = 1000  # of a group; the server's `most_policies` is the limit of those that are sound
NAMES = 1000  # of a policy, in all its lists and mappings together
POLICIES_SIZE = 64 * 2**10  # characters of a group's policies, as JSON
INSTANCES = 10_000
GROUPS = 10_000
MEMBERS = 100_000
FLAVORS = 2000
CLASSES = 64  # of resources


def at_most(most: int) -> BeforeValidator:
    """Refuse longer lists and mappings, without a look at what is in them."""

    def check(value: Any) -> Any:
        if isinstance(value, list | tuple | dict) and len(value) > most:
            raise _too_many(f"expected at most {most} here, found {len(value)}")
        return value

    return BeforeValidator(check)


def small_policies(policies: Any) -> Any:
    """Refuse policies that name too much: all of a project's are read while everyone else waits."""
    if not isinstance(policies, list | tuple):
        return policies
    for i, policy in enumerate(policies):
        if isinstance(policy, dict) and (count := _names(policy)) > NAMES:
            raise _too_many(
                f"expected at most {NAMES} names in a policy, found {count} in policies[{i}]"
            )
    size = len(
        json.dumps(
            policies, separators=(",", ":"), ensure_ascii=False, skipkeys=True, default=_plain
        )
    )
    if size > POLICIES_SIZE:
        raise _too_many(f"expected at most {POLICIES_SIZE} characters of policies, found {size}")
    return policies


def _names(policy: dict[str, Any]) -> int:
    count, todo = 0, [*policy.values()]
    while todo:
        node = todo.pop()
        if isinstance(node, list | dict):
            count += len(node)
            todo.extend(node.values() if isinstance(node, dict) else node)
    return count


def _plain(value: Any) -> Any:
    return value.document() if isinstance(value, Policy) else None


def _too_many(message: str) -> PydanticCustomError:
    return PydanticCustomError("out-of-range", "{text}", {"text": message})
