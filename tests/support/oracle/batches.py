"""Brute force over the applications of a batch: a second reading of whole batches.

It tries every set of applications in which each stands beside all that its policies name, and uses
the oracles of ordinary applications, and of optional members, for each set.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

from tests.support.oracle.brute_force import Oracle
from tests.support.oracle.optional_members import OptionalMembersOracle

Doc = dict[str, Any]
TARGETS = ("group", "to")  # the fields of policies that name a group


class BatchOracle:
    """Every set of applications of a batch on a fleet.

    Attributes
    ----------
    apps : dict of str to dict
        By name.
    values : dict of str to int
    needs : dict of str to set of str
        The other applications that each one's policies name.
    """

    def __init__(self, batch: Doc, fleet: Doc) -> None:
        self.fleet = fleet
        self.apps: dict[str, Doc] = {app["name"]: app for app in batch["applications"]}
        self.values = {name: _value(app) for name, app in self.apps.items()}
        self.needs = {name: _named(app) - {name} for name, app in self.apps.items()}

    def merged(self, placed: set[str]) -> Doc:
        """One application of all groups; those that are not placed have no new members."""
        groups: list[Doc] = []
        existing: list[Doc] = []
        flavors: Doc = {}
        price = None
        for name, app in self.apps.items():
            running = {there["id"] for there in app.get("existing", [])}
            for group in app["groups"]:
                entries = _entries(name, group)
                if name not in placed:
                    entries = [one for one in entries if one["id"].partition(":")[2] in running]
                groups.append(
                    {
                        **{key: value for key, value in group.items() if key != "at_least"},
                        "name": f"{name}:{group['name']}",
                        "members": entries,
                        "groups": [f"{name}:{child}" for child in group.get("groups", [])],
                        "policies": [_renamed(name, one) for one in group.get("policies", [])],
                    }
                )
                if name in placed and group.get("at_least") is not None:
                    groups[-1]["at_least"] = group["at_least"]
            for there in app.get("existing", []):
                own = {"id": f"{name}:{there['id']}", "group": f"{name}:{there['group']}"}
                if "flavor" in there:
                    own["flavor"] = f"{name}:{there['flavor']}"
                existing.append({**there, **own})
            flavors |= {f"{name}:{key}": one for key, one in app.get("flavors", {}).items()}
            price = app.get("host_price", price)
        found = {"flavors": flavors, "groups": groups, "existing": existing}
        return found if price is None else {**found, "host_price": price}

    def sets(self) -> Iterator[set[str]]:
        """Every set of applications with all that they name."""
        for kept in product((True, False), repeat=len(self.apps)):
            placed = {name for name, stays in zip(self.apps, kept, strict=True) if stays}
            if all(self.needs[name] <= placed for name in placed):
                yield placed

    def value(self, placed: set[str]) -> int:
        return sum(self.values[name] for name in placed)

    def rank(self, placed: set[str], objective: str) -> tuple[int, ...] | None:
        """The least rank of a placement of some applications; None where they do not fit.

        With optional members the negated sum of their values comes first.
        """
        app = self.merged(placed)
        if any("at_least" in group for group in app["groups"]):
            best = OptionalMembersOracle(app, self.fleet).best(objective)
            return None if best is None else (-best[0], *best[1])
        return Oracle(app, self.fleet).best_rank(objective)

    def best(self, objective: str) -> tuple[int, tuple[int, ...]]:
        """The largest value of applications that fit, and the least rank at that value."""
        by_value: dict[int, list[set[str]]] = {}
        for placed in self.sets():
            by_value.setdefault(self.value(placed), []).append(placed)
        for value in sorted(by_value, reverse=True):
            ranks = [self.rank(placed, objective) for placed in by_value[value]]
            least = min((rank for rank in ranks if rank is not None), default=None)
            if least is not None:
                return value, least
        raise AssertionError("to place nothing is always possible")


def _entries(name: str, group: Doc) -> list[Doc]:
    """One entry a member, with its id and its flavor qualified."""
    found: list[Doc] = []
    for entry in group.get("members", []):
        for _ in range(entry.get("count", 1)):
            id_ = entry.get("id", f"{group['name']}/{len(found)}")
            one = {key: value for key, value in entry.items() if key != "count"}
            one["id"] = f"{name}:{id_}"
            if "flavor" in one:
                one["flavor"] = f"{name}:{one['flavor']}"
            found.append(one)
    return found


def _renamed(name: str, policy: Any) -> Any:
    if not isinstance(policy, dict):
        return policy
    targets = {
        key: policy[key] if ":" in policy[key] else f"{name}:{policy[key]}"
        for key in TARGETS
        if isinstance(policy.get(key), str)
    }
    return {**policy, **targets}


def _named(app: Doc) -> set[str]:
    return {
        policy[key].partition(":")[0]
        for group in app["groups"]
        for policy in group.get("policies", [])
        if isinstance(policy, dict)
        for key in TARGETS
        if ":" in str(policy.get(key, ""))
    }


def _value(app: Doc) -> int:
    """What an application is worth: by default its number of new members."""
    if "value" in app:
        return int(app["value"])
    running = {there["id"] for there in app.get("existing", [])}
    ids = [one["id"] for group in app["groups"] for one in _entries("", group)]
    return sum(id_[1:] not in running for id_ in ids)
