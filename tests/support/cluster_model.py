"""A cluster in plain Python: documents, and the oracle where a placement is asked for."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from tests.support.oracle import cells, pools
from tests.support.oracle.brute_force import Oracle
from tests.support.oracle.survives import Survivors

Doc = dict[str, Any]
TARGETS = ("group", "to")  # keys by which a policy names another group


class ClusterModel:
    """What a cluster is to be.

    Attributes
    ----------
    fleet : dict
        Its `used` is what others use.
    applications : dict of str to dict
        By name: flavors and groups as they were given, and `existing` with resources.
    """

    def __init__(self, fleet: Doc) -> None:
        self.fleet = deepcopy(fleet)
        self.applications: dict[str, Doc] = {}

    def hosts(self) -> list[str]:
        return [host["name"] for host in self.fleet["hosts"]]

    def members_on(self, host: str) -> list[tuple[str, str]]:
        """The members on a host: application and id."""
        return [
            (name, there["id"])
            for name, app in self.applications.items()
            for there in app["existing"]
            if there["host"] == host
        ]

    def in_cells(self, host: str) -> bool:
        """Whether a member on a host takes from a cell."""
        return any(
            there["host"] == host and "cell" in there
            for app in self.applications.values()
            for there in app["existing"]
        )

    def oracle(self, name: str, app: Doc) -> Oracle:
        """All placements of an application beside all that runs."""
        merged = self.merged(name, app)
        fleet = self.fleet_in_use()
        oracle = Survivors(merged, fleet)
        running = Oracle(
            {**merged, "groups": [without_members(g) for g in merged["groups"]]}, fleet
        )
        for domain in oracle.links.free:
            # What running members of hard `bandwidth` policies send is kept free for them.
            reserved = sum(
                running.links.need(
                    policy,
                    domain,
                    running._members_of(group, running.existing),
                    running._other_end(policy, running.existing),
                )
                for group, policy in running.rules
                if policy["kind"] == "bandwidth" and policy.get("weight") is None
            )
            oracle.links.free[domain] = max(0, oracle.links.free[domain] - reserved)
        return oracle

    def merged(self, name: str, app: Doc) -> Doc:
        """One application of everything: its own groups under their names, others qualified."""
        flavors = dict(app.get("flavors", {}))
        groups = [deepcopy(group) for group in app["groups"]]
        existing = [dict(there) for there in self.applications.get(name, {}).get("existing", [])]
        for other, running in self.applications.items():
            if other == name:
                continue
            groups += [
                self._qualified(other, name, without_members(group)) for group in running["groups"]
            ]
            for there in running["existing"]:
                qualified = {"id": f"{other}:{there['id']}", "group": f"{other}:{there['group']}"}
                existing.append({**there, **qualified})
        names = {group["name"] for group in groups}
        for group in groups:
            # A policy that names a group which does not run is void.
            group["policies"] = [
                policy
                for policy in group.get("policies", [])
                if target_of(policy) in {None, *names}
            ]
        return {**app, "flavors": flavors, "groups": groups, "existing": existing}

    @staticmethod
    def _qualified(application: str, own: str, group: Doc) -> Doc:
        """A group of another application: names that it uses are as the newcomer knows them."""

        def known(target: str) -> str:
            full = target if ":" in target else f"{application}:{target}"
            return full.removeprefix(f"{own}:")

        policies = []
        for policy in group.get("policies", []):
            key = next((key for key in TARGETS if key in policy), None)
            policies.append({**policy, key: known(policy[key])} if key else policy)
        qualified = {"name": f"{application}:{group['name']}", "policies": policies}
        if "groups" in group:
            qualified["groups"] = [f"{application}:{child}" for child in group["groups"]]
        return {**group, **qualified}

    def fleet_in_use(self) -> Doc:
        """The fleet with all members in `used`, of cells and pools too."""
        fleet = deepcopy(self.fleet)
        hosts = {host["name"]: host for host in fleet["hosts"]}
        by_name = {pool["name"]: pool for pool in fleet.get("pools", [])}
        for app in self.applications.values():
            for there in app["existing"]:
                host = hosts[there["host"]]
                inside = cells.in_cells(host)
                for resource, amount in there["resources"].items():
                    pool = pools.pool_of(fleet, host, resource)
                    holder = host
                    if pool is not None:
                        holder = by_name[pool["name"]]
                    elif resource in inside and there.get("cell") is not None:
                        holder = cell_of(host, there["cell"])
                    used = holder.setdefault("used", {})
                    used[resource] = used.get(resource, 0) + amount
        return fleet

    # Changes.

    def place(
        self, name: str, app: Doc, placement: dict[str, str], in_cells: dict[str, str]
    ) -> None:
        """Add what was placed."""
        before = self.applications.get(name, {}).get("existing", [])
        oracle = Oracle(app, self.fleet)
        existing = list(before)
        for id_, group, size in oracle.members:
            if id_ in placement and id_ not in {there["id"] for there in before}:
                resources = {resource: amount for resource, amount in size.items() if amount}
                there: Doc = {"id": id_, "group": group, "host": placement[id_]}
                there["resources"] = resources
                if id_ in in_cells:
                    there["cell"] = in_cells[id_]
                existing.append(there)
        if existing:
            self.applications[name] = {**app, "existing": existing}

    def remove(self, name: str, ids: set[str]) -> None:
        left = [there for there in self.applications[name]["existing"] if there["id"] not in ids]
        self.applications[name] = {**self.applications[name], "existing": left}
        if not left:
            del self.applications[name]

    def put_host(self, host: Doc) -> None:
        names = self.hosts()
        if host["name"] in names:
            self.fleet["hosts"][names.index(host["name"])] = deepcopy(host)
        else:
            self.fleet["hosts"].append(deepcopy(host))

    def drop_host(self, name: str) -> list[tuple[str, str]]:
        """Take a host out, and what runs there."""
        lost = self.members_on(name)
        for application, id_ in lost:
            self.remove(application, {id_})
        self.fleet["hosts"] = [host for host in self.fleet["hosts"] if host["name"] != name]
        return lost

    def members(self) -> set[tuple[Any, ...]]:
        """Every member: application, id, group, host, resources and cell."""
        return {
            (
                name,
                there["id"],
                there["group"],
                there["host"],
                tuple(sorted(there["resources"].items())),
                there.get("cell"),
            )
            for name, app in self.applications.items()
            for there in app["existing"]
        }


def without_members(group: Doc) -> Doc:
    return {key: value for key, value in group.items() if key != "members"}


def target_of(policy: Doc) -> str | None:
    return next((policy[key] for key in TARGETS if key in policy), None)


def cell_of(host: Doc, name: str) -> Doc:
    found: Doc = next(
        cell for number, cell in enumerate(host["cells"]) if cell.get("name", str(number)) == name
    )
    return found
