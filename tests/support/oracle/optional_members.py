"""Brute force over the members that may be left out: a second reading of ``at_least``.

It uses the oracle of ordinary applications, for each set of members that may be placed.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

from tests.support.oracle.brute_force import Oracle

Doc = dict[str, Any]


class OptionalMembersOracle:
    """Every selection of members of an application with ``at_least``.

    Attributes
    ----------
    values : dict of str to int
        By id, the value of each new member that may be left out.
    """

    def __init__(self, app: Doc, fleet: Doc) -> None:
        self.app = app
        self.fleet = fleet
        running = {there["id"] for there in app.get("existing", [])}
        self._below = {group["name"]: self._groups_inside(group) for group in app["groups"]}
        self._listed = {group["name"]: _listed(group) for group in app["groups"]}
        self._placed_already = running
        self._asking = {
            group["name"]: group["at_least"]
            for group in app["groups"]
            if group.get("at_least") is not None
        }
        self.values: dict[str, int] = {}
        for name in self._asking:
            for id_, entry in self._members_below(name).items():
                if id_ not in running:
                    self.values[id_] = entry.get("value", 1)

    def _groups_inside(self, group: Doc) -> set[str]:
        found = {group["name"]}
        for child in group.get("groups", []):
            (inner,) = (one for one in self.app["groups"] if one["name"] == child)
            found |= self._groups_inside(inner)
        return found

    def _members_below(self, name: str) -> dict[str, Doc]:
        found: dict[str, Doc] = {}
        for inside in self._below[name]:
            found |= self._listed[inside]
        return found

    def enough(self, left_out: set[str]) -> bool:
        """Whether each group has as many of its members as it asks for."""
        return all(
            len(self._members_below(name).keys() - left_out) >= least
            for name, least in self._asking.items()
        )

    def without(self, left_out: set[str]) -> Oracle:
        """The oracle of the application without some members, all others being required."""
        groups = []
        for group in self.app["groups"]:
            members = [
                {key: value for key, value in entry.items() if key not in ("count", "value")}
                | {"id": id_}
                for id_, entry in self._listed[group["name"]].items()
                if id_ not in left_out
            ]
            kept = {key: value for key, value in group.items() if key != "at_least"}
            groups.append(kept | {"members": members})
        return Oracle({**self.app, "groups": groups}, self.fleet)

    def selections(self) -> Iterator[set[str]]:
        """Every set of members that may be left out."""
        for kept in product((True, False), repeat=len(self.values)):
            left_out = {id_ for id_, stays in zip(self.values, kept, strict=True) if not stays}
            if self.enough(left_out):
                yield left_out

    def value(self, left_out: set[str]) -> int:
        """The sum of the values of the optional members that are placed."""
        return sum(value for id_, value in self.values.items() if id_ not in left_out)

    def best(self, objective: str) -> tuple[int, tuple[int, ...]] | None:
        """The largest value of a placement that holds, and the least rank at that value."""
        by_value: dict[int, list[set[str]]] = {}
        for left_out in self.selections():
            by_value.setdefault(self.value(left_out), []).append(left_out)
        for value in sorted(by_value, reverse=True):
            ranks = [self.without(left_out).best_rank(objective) for left_out in by_value[value]]
            least = min((rank for rank in ranks if rank is not None), default=None)
            if least is not None:
                return value, least
        return None


def _listed(group: Doc) -> dict[str, Doc]:
    """The entry of each of a group's own members, by id."""
    found: dict[str, Doc] = {}
    for entry in group.get("members", []):
        for _ in range(entry.get("count", 1)):
            found[entry.get("id", f"{group['name']}/{len(found)}")] = entry
    return found
