"""What an explanation hides: drawn worlds of two projects, and what each may know of the other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsolver.api.serializers import host_id
from groupsolver.api.services.conflict_view import without_other_projects
from groupsolver.cluster.scope import UNGROUPED
from groupsolver.model.result import Limits
from groupsolver.solver.pipeline import solve
from groupsolver.store.entities import StoredGroup
from groupsolver.store.state.project_scope import (
    RequestedInstance,
    RequestedPlacement,
    compose_application,
)
from groupsolver.store.state.snapshot_cache import Snapshot
from tests.functional.api.http.test_hidden import OUTSIDE
from tests.support.draws import store_contents
from tests.support.draws.applications import draws
from tests.support.drivers.api_driver import Asker, World, opened

SEEDS = st.integers(0, 2**40)
TENANT, OTHER = store_contents.TENANTS
NAMES = re.compile(
    r"\b[hzrf][0-9]\b"
)  # of hosts and domains, as they are drawn; ids have no such words
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_seen = {"infeasible": 0, "outside": 0, "own": 0, "fixes": 0, "shared": 0}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with opened(tmp_path_factory.mktemp("leaks")) as world:
        yield world
    assert min(_seen.values()) > 0, _seen


def stricter(rnd: Random, group: StoredGroup, name: str) -> StoredGroup:
    """Return a named group; one of the other project often gets a rule that is in the way."""
    kind = rnd.choice(("exclusive", "anti-affinity", "survives", "none"))
    more = (
        ()
        if group.tenant_id == TENANT or kind in {policy.kind for policy in group.policies}
        else (kind,)
    )
    policies = tuple(store_contents.policy({"kind": one}) for one in more if one != "none")
    return replace(group, name=name, policies=(*group.policies, *policies))


class Drawn:
    """A world, and instances that its first project asks for."""

    def __init__(self, rnd: Random) -> None:
        world = store_contents.world_of(rnd)
        world.groups = [
            stricter(rnd, group, f"{group.tenant_id}-{i} <&>")
            for i, group in enumerate(world.groups)
        ]
        self.groups = {group.id: group for group in world.groups}
        self.now: Snapshot = world.snapshot()
        mine = [group.id for group in world.groups if group.admits(TENANT)]
        size = rnd.choice(({"VCPU": 1}, {"VCPU": 1}, {"VCPU": 2, "MEMORY_MB": 1}))
        self.wanted: list[dict[str, Any]] = [
            {
                "resources": size,
                "count": rnd.randint(1, 3),
                "hints": {"group": rnd.choice([None, *mine, *mine])},
            }
            for _ in range(rnd.randint(1, 3))
        ]
        self.body = {"placement": {"instances": self.wanted}}

    def requested(self) -> RequestedPlacement:
        each = [one for one in self.wanted for _ in range(one["count"])]
        wanted = [
            RequestedInstance(
                store_contents.uid(700 + i), None, one["hints"]["group"], one["resources"]
            )
            for i, one in enumerate(each)
        ]
        return RequestedPlacement(TENANT, tuple(wanted), "pack", {})

    def own_alone(self) -> bool | None:
        """Whether it could be placed without the other project's rules; None: it has none here."""
        requested = self.requested()
        app = without_other_projects(compose_application(requested, self.now), requested, self.now)
        return (
            None
            if app is None
            else solve(app, self.now.fleet, limits=Limits(20, workers=1), explain=False).placed
        )

    def may_know(self) -> set[str]:
        """Names of hosts and domains that the project's own policies have."""
        mine = [group.policies for group in self.groups.values() if group.tenant_id == TENANT]
        return set(
            NAMES.findall(json.dumps([policy.document() for some in mine for policy in some]))
        )


def answer_text(asker: Asker, drawn: Drawn, path: str, accept: str = "application/json") -> Any:
    body: dict[str, Any] = drawn.body
    if not path.endswith("headroom"):
        body = {"placement": {**body["placement"], "time_limit": 5}}
    return asker("POST", path, body, Accept=accept)


@draws(50)  # one in five or six shows a rule of the other project that is in the way
@given(SEEDS)
def test_nothing_of_another_project_is_told(app: World, seed: int) -> None:
    drawn = Drawn(Random(seed))
    app.app.service.snapshot_cache.snapshot = lambda: drawn.now  # type: ignore[method-assign]
    member, admin = app.asker(TENANT, "member"), app.asker(TENANT, "admin")
    dry, answer = (
        answer_text(member, drawn, "~/placements?dry_run=true"),
        answer_text(member, drawn, "~/explain"),
    )
    xml, full = (
        answer_text(member, drawn, "~/explain", "application/xml"),
        answer_text(admin, drawn, "~/explain"),
    )
    if "no-answer-in-time" in dry.text + answer.text + full.text + xml.text:
        return  # some small worlds with `survives` take minutes
    if dry.status_code == 400:
        assert answer.status_code == full.status_code == 400
        return
    assert answer.status_code == full.status_code == xml.status_code == 200, answer.text
    found, other = answer.get_json()["explanation"], full.get_json()["explanation"]
    if dry.status_code == 200:
        assert found["status"] == other["status"] == dry.get_json()["placement"]["status"]
        assert (found["conflict"], found["conflicts"]) == (None, [])
    else:
        assert dry.status_code == 409
        assert found["status"] == other["status"] == "infeasible"
        assert dry.get_json()["errors"][0]["conflict"]["policies"] == found["conflict"]["policies"]
        infeasible(drawn, found, other)
    hides(drawn, answer.text, dry.text, xml.text)


def hides(drawn: Drawn, *texts: str) -> None:
    strange = {group.id for group in drawn.groups.values() if not group.admits(TENANT)}
    for text in texts:
        assert f"{OTHER}-" not in text
        assert set(NAMES.findall(text)) <= drawn.may_know()
        ids = set(UUID.findall(text))
        assert not ids & strange
        # Nothing that runs is named, not even one's own.
        assert not ids & set(drawn.now.instances)


def infeasible(drawn: Drawn, found: Any, other: Any) -> None:
    _seen["infeasible"] += 1
    conflict = found["conflict"]
    own = {group.id for group in drawn.groups.values() if group.tenant_id == TENANT}
    assert {rule["group"] for rule in conflict["policies"]} <= {*own, UNGROUPED, ""}
    assert conflict["policies"].count(OUTSIDE) <= 1
    blocked = drawn.own_alone()
    assert conflict["minimal"]
    assert (OUTSIDE in conflict["policies"]) == (blocked is True)
    _seen["outside"] += blocked is True
    _seen["own"] += blocked is False
    _seen["shared"] += any(
        rule["group"] not in {*own, UNGROUPED} for rule in other["conflict"]["policies"]
    )
    mine = {drawn.groups[key].name for key in own}
    joined = {one["hints"]["group"] or UNGROUPED for one in drawn.wanted}
    for fix in conflict["fixes"]:
        _seen["fixes"] += 1
        for change in fix["change"].split("; "):
            assert names_one_of(change, {*mine, *joined}), change
        assert all(re.fullmatch(r"[0-9a-f]{56}", host) for host in fix["placement"].values())
    # An admin is told the same, with names.
    names = {host.name for host in drawn.now.fleet.index}
    for fix in other["conflict"]["fixes"]:
        assert all(host in names or host.startswith("new-") for host in fix["placement"].values())
    hashed = {host_id(TENANT, name) for name in names}
    assert not hashed & set(re.findall(r"[0-9a-f]{56}", json.dumps(other)))


def names_one_of(change: str, names: set[Any]) -> bool:
    """Return whether a change is of these groups, the number of instances, or new hosts."""
    return bool(re.match(r"\d+ more hosts? \(", change)) or any(
        change.startswith((f"{name} ", f"drop {name} ", f"make {name} ", f"leave {name} out"))
        for name in (*names, *(["instances outside groups"] if UNGROUPED in names else []))
    )
