"""Groups across projects: who may join, what each is shown, and what neither is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from groupsolver.api.services import placement
from groupsolver.store.repositories.claims import commit
from tests.support.drivers.api_driver import UNKNOWN, Asker, World, hosts, one, opened, refused

GRANT = {"grant": {"tenant_id": "guest"}}


class Shared:
    """A group that a guest may join and a stranger may not; all three have the role of a member."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.owner, self.guest, self.stranger = (
            world.asker(name, "member") for name in ("owner", "guest", "stranger")
        )
        self.secret = self.owner.id(name="their-secret")
        near = {"kind": "apart-from", "group": self.secret, "weight": 1}
        self.policies = [{"kind": "anti-affinity", "max_per_domain": 2}, near]
        self.below = self.owner.id(name="below-secret")
        self.group = self.owner.id(
            name="shared", policies=self.policies, metadata={"key": "private"}, groups=[self.below]
        )
        self.path = f"~/groups/{self.group}"
        self.grant()

    def grant(self) -> None:
        assert self.owner("POST", f"{self.path}/grants", GRANT).status_code in {200, 201}

    def revoke(self) -> None:
        assert self.owner("DELETE", f"{self.path}/grants/guest").status_code == 204

    def joined(self, asker: Asker, **more: Any) -> str:
        return str(asker.place(one(self.group, **more))["instances"][0]["id"])


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path) as world:
        world.asker("ops", "admin").load(*hosts())
        yield world


@pytest.fixture
def shared(world: World) -> Shared:
    return Shared(world)


def test_a_grant_is_made_once_listed_and_taken_away(shared: Shared) -> None:
    want = {"group_id": shared.group, "tenant_id": "guest", "created_at": "2027-01-15T08:00:00Z"}
    assert shared.owner.get(f"{shared.path}/grants", "grants") == [want]
    tag = shared.owner("GET", shared.path).headers["ETag"]
    again = shared.owner("POST", f"{shared.path}/grants", GRANT)
    assert (again.status_code, again.get_json()) == (200, {"grant": want})
    made = shared.owner("POST", f"{shared.path}/grants", {"grant": {"tenant_id": "another"}})
    assert (made.status_code, made.get_json()["grant"]["tenant_id"]) == (201, "another")
    assert [
        grant["tenant_id"] for grant in shared.owner.get(f"{shared.path}/grants", "grants")
    ] == ["guest", "another"]
    # What others may do with it is part of its state.
    assert shared.owner("GET", shared.path).headers["ETag"] != tag
    assert shared.owner("DELETE", f"{shared.path}/grants/another").status_code == 204
    refused(shared.owner("DELETE", f"{shared.path}/grants/another"), "grant-not-found", 404)
    assert shared.owner.get(f"{shared.path}/grants", "grants") == [want]


@pytest.mark.parametrize(
    ("body", "code", "path"),
    [
        ({"tenant_id": "owner"}, "wrong-value", "grant.tenant_id"),
        ({}, "missing-key", "grant.tenant_id"),
        ({"tenant_id": None}, "wrong-type", "grant.tenant_id"),
        ({"tenant_id": ".."}, "ill-formed-name", "grant.tenant_id"),
        ({"tenant_id": "x" * 256}, "ill-formed-name", "grant.tenant_id"),
        ({"tenant_id": "guest", "role": "admin"}, "unknown-key", "grant.role"),
    ],
)
def test_a_grant_that_is_wrong_is_told_so(shared: Shared, body: Any, code: str, path: str) -> None:
    refused(shared.owner("POST", f"{shared.path}/grants", {"grant": body}), code, 400, path)


def test_a_group_may_have_as_many_grants_as_its_projects_quota_says(tmp_path: Path) -> None:
    (tmp_path / "q").mkdir()
    with opened(tmp_path / "q", quota={"grants": 2}, quotas={"free": {"grants": -1}}) as world:
        owner, free = world.asker("owner", "member"), world.asker("free", "member")
        for asker, last in ((owner, 403), (free, 201)):
            path = f"~/groups/{asker.id()}/grants"
            made = [asker("POST", path, {"grant": {"tenant_id": f"t{i}"}}) for i in range(3)]
            assert [answer.status_code for answer in made] == [201, 201, last]
            assert asker("POST", path, {"grant": {"tenant_id": "t0"}}).status_code == 200
        refused(owner("POST", f"~/groups/{owner.id()}/grants", {"grant": {}}), "missing-key", 400)


def test_a_guest_is_shown_what_binds_it_and_no_more(shared: Shared) -> None:
    shared.joined(shared.owner)
    mine = shared.joined(shared.guest)
    shown = shared.guest("GET", shared.path)
    assert shown.get_json()["group"] == {
        "id": shared.group,
        "name": "shared",
        "tenant_id": "owner",
        # The other policy names a group that is none of its business.
        "policies": [{"kind": "anti-affinity", "level": "host", "max_per_domain": 2}],
        "metadata": None,
        "groups": [],
        "members": [mine],
        "other_members": 1,
    }
    assert shown.headers["ETag"]
    for word in ("secret", shared.secret, shared.below, "private"):
        assert word not in shown.text
    assert shared.guest.get("~/groups?granted=true", "groups") == [shown.get_json()["group"]]
    assert shared.guest.get("~/groups", "groups") == []
    assert shared.guest.get(f"~/groups?granted=true&marker={shared.group}", "groups") == []
    assert shared.guest.get("~/groups?granted=true&name=x", "groups") == []
    refused(shared.guest("GET", f"~/groups?marker={shared.group}"), "unknown-group", 400)
    refused(
        shared.owner("GET", f"~/groups?granted=true&marker={shared.group}"), "unknown-group", 400
    )


def test_a_guests_reader_reads_it_and_is_not_shown_names_of_hosts_nor_what_the_owner_noted(
    world: World,
) -> None:
    boss = world.asker("owner", "admin")
    within = {"kind": "within", "hosts": ["h0"], "domains": {"zone": ["z0"]}}
    group = boss.id(
        policies=[within, {"kind": "spread", "level": "zone", "max_skew": 1, "x-note": "private"}]
    )
    assert boss("POST", f"~/groups/{group}/grants", GRANT).status_code == 201
    assert "h0" in world.asker("owner", "reader")("GET", f"~/groups/{group}").text
    shown = world.asker("guest", "reader")("GET", f"~/groups/{group}")
    assert [policy["kind"] for policy in shown.get_json()["group"]["policies"]] == ["spread"]
    assert "private" not in shown.text
    assert "h0" not in shown.text
    admins = world.asker("guest", "admin").get(f"~/groups/{group}", "group")["policies"]
    assert [policy["kind"] for policy in admins] == ["within", "spread"]


def test_a_policy_that_names_the_guests_own_or_a_granted_group_is_shown_to_it(
    shared: Shared,
) -> None:
    other = shared.owner.id(policies=[{"kind": "apart-from", "group": shared.group}])
    shared.owner("POST", f"~/groups/{other}/grants", GRANT)
    assert shared.guest.get(f"~/groups/{other}", "group")["policies"][0]["group"] == shared.group
    shared.revoke()
    assert shared.guest.get(f"~/groups/{other}", "group")["policies"] == []


def test_each_is_shown_its_own_members_and_a_count_of_the_others(shared: Shared) -> None:
    assert shared.owner.get(shared.path, "group")["other_members"] == 0
    mine, theirs = shared.joined(shared.owner), shared.joined(shared.guest)
    shown = {
        name: asker.get(shared.path, "group")
        for name, asker in (("o", shared.owner), ("g", shared.guest))
    }
    assert (shown["o"]["members"], shown["o"]["other_members"]) == ([mine], 1)
    assert (shown["g"]["members"], shown["g"]["other_members"]) == ([theirs], 1)
    assert shared.owner.get("~/groups", "groups")[-1] == shown["o"]
    # Though the grant is gone, the members are there.
    shared.revoke()
    assert shared.owner.get(shared.path, "group")["other_members"] == 1
    assert theirs not in shared.owner("GET", shared.path).text
    # Of groups that are not shared nothing is said: who knows nothing of grants meets no new key.
    assert "other_members" not in shared.owner.get(f"~/groups/{shared.secret}", "group")
    assert "other_members" not in shared.guest.group()


def test_the_count_may_be_sent_back_and_not_changed(shared: Shared) -> None:
    shared.joined(shared.guest)
    shown = shared.owner.get(shared.path, "group")
    for method in ("UPDATE", "PUT", "PATCH"):
        assert (
            shared.owner(method, shared.path, {"group": {**shown, "name": "new"}}).status_code
            == 200
        )
        for other in (0, 2):
            body = {"group": {"other_members": other}}
            refused(
                shared.owner(method, shared.path, body), "read-only", 400, "group.other_members"
            )
    refused(shared.owner("POST", "~/groups", {"group": {"other_members": 1}}), "read-only", 400)
    assert (
        shared.owner(
            "PATCH", f"~/groups/{shared.secret}", {"group": {"other_members": 0}}
        ).status_code
        == 200
    )


def test_an_instance_is_its_own_projects_alone(shared: Shared) -> None:
    theirs = shared.joined(shared.guest)
    assert shared.guest.get(f"~/instances/{theirs}", "instance")["group"] == shared.group
    assert shared.owner.get("~/instances", "instances") == []
    for method in ("GET", "DELETE"):
        refused(shared.owner(method, f"~/instances/{theirs}"), "instance-not-found", 404)
    assert shared.guest("DELETE", f"~/instances/{theirs}").status_code == 204
    assert shared.owner.get(shared.path, "group")["other_members"] == 0


def test_members_count_for_the_quota_of_the_groups_project(tmp_path: Path) -> None:
    (tmp_path / "q").mkdir()
    with opened(tmp_path / "q", quotas={"owner": {"members": 2}, "guest": {"members": 0}}) as world:
        world.asker("ops", "admin").load(*hosts())
        shared = Shared(world)
        shared.joined(shared.owner)
        shared.joined(shared.guest)
        for asker in (shared.owner, shared.guest):
            refused(asker.ask(one(shared.group)), "quota-exceeded", 403)


def test_revoking_keeps_members_and_refuses_new_ones(shared: Shared) -> None:
    theirs = shared.joined(shared.guest)
    shared.revoke()
    instance = shared.guest.get(f"~/instances/{theirs}", "instance")
    assert instance["group"] == shared.group
    for query in ("", "?dry_run=true"):
        error = refused(shared.guest.ask(one(shared.group), query=query), "group-not-found", 404)
        other = refused(shared.guest.ask(one(UNKNOWN), query=query), "group-not-found", 404)
        assert error["detail"].replace(shared.group, UNKNOWN) == other["detail"]
    refused(shared.guest("GET", shared.path), "group-not-found", 404)
    assert shared.guest.get("~/groups?granted=true", "groups") == []
    shared.grant()
    assert shared.guest.get(shared.path, "group")["members"] == [theirs]
    shared.joined(shared.guest)


def test_a_revocation_comes_before_the_claim_of_a_placement_that_was_solved_before(
    shared: Shared, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(*args: Any, **more: Any) -> Any:
        shared.revoke()
        return commit(*args, **more)

    monkeypatch.setattr(placement, "commit", late)
    refused(shared.guest.ask(one(shared.group)), "group-not-found", 404)
    assert shared.guest.get("~/instances", "instances") == []


def test_asking_again_under_a_key_after_the_revocation_places_nothing_and_tells_nothing_new(
    shared: Shared,
) -> None:
    before = shared.guest.ask(one(shared.group), key="k")
    lost = shared.guest.ask(one(shared.group, vcpu=99), key="lost")
    shared.joined(shared.owner)
    shared.revoke()
    again = shared.guest.ask(one(shared.group), key="k")
    assert (again.status_code, again.get_json()) == (201, before.get_json())
    other = shared.guest.ask(one(shared.group, vcpu=99), key="lost")
    first, second = (refused(answer, "placement-infeasible", 409) for answer in (lost, other))
    assert first["conflict"] == second["conflict"]
    assert len(shared.guest.get("~/instances", "instances")) == 1
    refused(shared.guest.ask(one(shared.group), key="k2"), "group-not-found", 404)
    refused(shared.guest.ask(one(shared.group, count=2), key="k"), "idempotency-mismatch", 422)


def test_a_group_that_goes_takes_its_grants_along(shared: Shared) -> None:
    theirs = shared.joined(shared.guest)
    refused(shared.owner("DELETE", shared.path), "group-not-empty", 409)
    assert shared.owner("DELETE", f"{shared.path}?force=true").status_code == 204
    assert shared.guest.get(f"~/instances/{theirs}", "instance")["group"] is None
    assert shared.guest.get("~/groups?granted=true", "groups") == []
    # Another group of the same id is another group.
    boss = shared.world.asker("owner", "admin")
    boss.group(id=shared.group)
    assert boss.get(f"{shared.path}/grants", "grants") == []
    refused(shared.guest("GET", shared.path), "group-not-found", 404)


def test_a_group_that_moves_to_another_project_leaves_its_grants_behind(shared: Shared) -> None:
    boss = shared.world.asker("owner", "admin")
    moved = {"group": {"tenant_id": "new", "policies": [], "groups": []}}
    assert boss("PATCH", shared.path, moved).status_code == 200
    refused(shared.guest("GET", shared.path), "group-not-found", 404)
    refused(shared.guest.ask(one(shared.group)), "group-not-found", 404)
    assert shared.world.asker("new", "member").get(f"{shared.path}/grants", "grants") == []


def test_novas_paths_show_own_groups_and_own_members_alone(shared: Shared) -> None:
    mine, theirs = shared.joined(shared.owner), shared.joined(shared.guest)
    for prefix in ("/v2.1", "/v2.1/guest"):
        for method in ("GET", "DELETE"):
            assert (
                shared.guest(method, f"{prefix}/os-server-groups/{shared.group}").status_code == 404
            )
        assert shared.guest.get(f"{prefix}/os-server-groups", "server_groups") == []
    assert shared.owner.get(f"/v2.1/os-server-groups/{shared.group}", "server_group")[
        "members"
    ] == [mine]
    everything = shared.world.asker("ops", "admin")(
        "GET", "/v2.1/os-server-groups?all_projects=1"
    ).text
    assert mine in everything
    assert theirs not in everything
    assert "guest" not in json.dumps(shared.owner("GET", "/v2.1/os-server-groups").get_json())
