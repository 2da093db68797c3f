"""What a grant does not show: to projects without it, and to the project that has it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.functional.api.groups.test_grants import GRANT, Shared
from tests.functional.api.http.test_hidden import OUTSIDE
from tests.support.drivers.api_driver import UNKNOWN, Asker, World, hosts, one, opened, refused

CHANGES: list[tuple[str, str, Any]] = [
    *(
        (method, query, {"group": {"name": "mine"}})
        for method in ("UPDATE", "PUT", "PATCH")
        for query in ("",)
    ),
    ("PATCH", "?preview=true", {"group": {"policies": []}}),
    ("PATCH", "?apply=if-clean", {"group": {"policies": []}}),
    ("DELETE", "", None),
    ("DELETE", "?force=true", None),
    ("GET", "/grants", None),
    ("POST", "/grants", {"grant": {"tenant_id": "stranger"}}),
    ("POST", "/grants", GRANT),
    ("DELETE", "/grants/guest", None),
    ("DELETE", "/grants/nobody", None),
]
ADOPTIONS = [("POST", f"/adopt{query}") for query in ("", "?preview=true", "?force=true")]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path) as world:
        world.asker("ops", "admin").load(*hosts())
        yield world


@pytest.fixture(scope="module")
def unchanging(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """A shared group for all tests that must leave it as it is."""
    with opened(tmp_path_factory.mktemp("shared")) as world:
        world.asker("ops", "admin").load(*hosts())
        shared = Shared(world)
        shared.joined(shared.owner)
        shared.joined(shared.guest)
        yield shared


@pytest.fixture
def shared(unchanging: Shared) -> Iterator[Shared]:
    """The shared group; after the test it has to be as it was."""
    shared = unchanging

    def state() -> Any:
        paths = ("~/groups", "~/instances", shared.path, f"{shared.path}/grants")
        return [shared.owner("GET", path).text for path in paths], shared.owner(
            "GET", shared.path
        ).headers["ETag"]

    before = state()
    yield shared
    assert state() == before


def unknown(
    asker: Asker, method: str, path: str, key: str, body: Any = None, **headers: str
) -> None:
    """What may not be known of is answered like what nobody has, in both forms."""
    for accept in ("application/json", "application/xml"):
        there = asker(method, path, body, Accept=accept, **headers)
        nowhere = asker(method, path.replace(key, UNKNOWN), body, Accept=accept, **headers)
        assert there.status_code == nowhere.status_code == 404
        mine, other = (
            answer.text.replace(answer.headers["X-Openstack-Request-Id"], "")
            for answer in (there, nowhere)
        )
        assert mine.replace(key, UNKNOWN) == other
        assert "ETag" not in there.headers


@pytest.mark.parametrize("project", ["stranger", "guest"])
@pytest.mark.parametrize(("method", "query", "body"), CHANGES)
def test_neither_a_stranger_nor_a_guest_changes_deletes_or_grants_further(
    shared: Shared, project: str, method: str, query: str, body: Any
) -> None:
    for role in ("member", "service", "admin"):
        asker = shared.world.asker(project, role)
        unknown(asker, method, f"{shared.path}{query}", shared.group, body)
        # Whether a tag is the right one is told to nobody either.
        for tag in (shared.owner("GET", shared.path).headers["ETag"], '"wrong"'):
            unknown(asker, method, f"{shared.path}{query}", shared.group, body, If_Match=tag)


@pytest.mark.parametrize("project", ["stranger", "guest"])
@pytest.mark.parametrize(("method", "query"), ADOPTIONS)
def test_neither_a_stranger_nor_a_guest_adopts(
    shared: Shared, project: str, method: str, query: str
) -> None:
    mine = shared.world.asker(project, "member").place(one())["instances"][0]["id"]
    body = {"adopt": {"instances": [mine]}}
    for role in ("service", "admin"):
        unknown(
            shared.world.asker(project, role), method, f"{shared.path}{query}", shared.group, body
        )
    refused(
        shared.world.asker(project, "member")(method, f"{shared.path}{query}", body),
        "forbidden",
        403,
    )


def test_an_owner_adopts_no_instance_of_a_guest(shared: Shared) -> None:
    theirs = shared.guest.place(one())["instances"][0]["id"]
    inside = shared.guest.get(shared.path, "group")["members"][0]
    for role in ("service", "admin"):
        for key in (theirs, inside):
            for query in ("", "?preview=true", "?force=true"):
                body = {"adopt": {"instances": [key]}}
                answer = shared.world.asker("owner", role)(
                    "POST", f"{shared.path}/adopt{query}", body
                )
                refused(answer, "instance-not-found", 404)


@pytest.mark.parametrize("project", ["stranger", "revoked"])
def test_whom_nobody_let_in_finds_nothing_by_any_way(world: World, project: str) -> None:
    shared = Shared(world)
    shared.joined(shared.owner)
    asker = shared.stranger
    if project == "revoked":
        shared.joined(shared.guest)
        shared.revoke()
        asker = shared.guest
    before = shared.owner("GET", shared.path).text
    unknown(asker, "GET", shared.path, shared.group)
    assert asker("HEAD", shared.path).status_code == 404
    for query in ("", "?granted=true", "?granted=true&name=shared"):
        assert asker.get(f"~/groups{query}", "groups") == []
    mine = asker.id()
    for query in ("", "?granted=true"):
        path = f"~/groups?marker={shared.group}{query.replace('?', '&')}"
        there, nowhere = asker("GET", path), asker("GET", path.replace(shared.group, UNKNOWN))
        assert (
            refused(there, "unknown-group", 400)["detail"]
            == refused(nowhere, "unknown-group", 400)["detail"]
        )
    for fields in (
        {"policies": [{"kind": "near", "group": shared.group}]},
        {"policies": [{"kind": "apart-from", "group": shared.group, "weight": 1}]},
        {"groups": [shared.group]},
    ):
        body = {"group": fields}
        other = json.loads(json.dumps(body).replace(shared.group, UNKNOWN))
        for method, path in (
            ("POST", "~/groups"),
            ("PATCH", f"~/groups/{mine}"),
            ("PATCH", f"~/groups/{mine}?preview=true"),
            ("PUT", f"~/groups/{mine}?apply=if-clean"),
        ):
            there, nowhere = asker(method, path, body), asker(method, path, other)
            real, like = (
                refused(answer, "group-not-found", 404)["detail"] for answer in (there, nowhere)
            )
            assert real.replace(shared.group, UNKNOWN) == like
    for query in ("", "?dry_run=true"):
        refused(asker.ask(one(), one(shared.group), query=query), "group-not-found", 404)
    assert shared.owner("GET", shared.path).text == before


def test_a_guest_puts_no_group_below_its_own_that_it_may_only_join(shared: Shared) -> None:
    mine = shared.guest.id()
    near = {"kind": "near", "group": shared.group}
    for method, path in (("POST", "~/groups"), ("PATCH", f"~/groups/{mine}")):
        for fields in ({"groups": [shared.group]}, {"groups": [shared.group], "policies": [near]}):
            refused(shared.guest(method, path, {"group": fields}), "group-not-found", 404)
    # Groups below a shared one are not shared with it.
    refused(shared.guest.ask(one(shared.below)), "group-not-found", 404)
    refused(shared.guest("GET", f"~/groups/{shared.below}"), "group-not-found", 404)


@pytest.mark.parametrize(("method", "query", "body"), [row for row in CHANGES if row[0] != "GET"])
def test_a_reader_of_the_owner_changes_nothing(
    shared: Shared, method: str, query: str, body: Any
) -> None:
    refused(
        shared.world.asker("owner", "reader")(method, f"{shared.path}{query}", body),
        "forbidden",
        403,
    )
    assert shared.world.asker("owner", "reader")("GET", f"{shared.path}/grants").status_code == 200
    refused(
        shared.world.nobody("owner")(method, f"{shared.path}{query}", body), "unauthorized", 401
    )


@pytest.mark.parametrize("role", ["reader", "member"])
def test_adoption_needs_a_role_of_its_own(shared: Shared, role: str) -> None:
    for method, query in ADOPTIONS:
        asker = shared.world.asker("owner", role)
        refused(
            asker(method, f"{shared.path}{query}", {"adopt": {"instances": [UNKNOWN]}}),
            "forbidden",
            403,
        )


def test_the_paths_of_another_project_are_closed_to_a_guest_too(shared: Shared) -> None:
    for method, path in (
        ("GET", ""),
        ("GET", "/grants"),
        ("DELETE", "/grants/guest"),
        ("POST", "/grants"),
    ):
        there = shared.path.replace("~", "/v1.0/owner")
        body = GRANT if method == "POST" else None
        refused(shared.guest(method, f"{there}{path}", body), "tenant-not-found", 404)


def test_a_service_shares_in_the_name_of_the_project_of_the_path(world: World) -> None:
    asker = world.asker("infra", "service", at="owner")
    group = asker.id()
    assert asker("POST", f"~/groups/{group}/grants", GRANT).status_code == 201
    assert (
        world.asker("infra", "service", at="guest")("GET", f"~/groups/{group}").status_code == 200
    )
    refused(
        world.asker("infra", "service", at="other")("GET", f"~/groups/{group}"),
        "group-not-found",
        404,
    )


def texts(answer: Any) -> str:
    """All that an answer says."""
    return f"{answer.text}{answer.headers}"


def test_a_conflict_tells_a_guest_of_a_rule_outside_its_project_and_nothing_else(
    world: World,
) -> None:
    shared = Shared(world)
    owner, guest = shared.owner, shared.guest
    crowd = owner.id(name="crowd-secret", policies=[{"kind": "apart-from", "group": shared.group}])
    spread = owner.place(
        one(crowd, count=6), objective="spread"
    )  # on every host: nobody may join any more
    mine = guest.id(name="mine", policies=["anti-affinity"])
    hidden = [crowd, "crowd-secret", shared.secret, "their-secret", shared.below, "owner"]
    hidden += [instance["id"] for instance in spread["instances"]] + [f"h{i}" for i in range(6)]
    for accept in ("application/json", "application/xml"):
        body = {"placement": {"instances": [one(shared.group), one(mine)]}}
        answer = guest("POST", "~/placements", body, Accept=accept)
        assert answer.status_code == 409
        assert "a rule outside your project" in answer.text
        assert [word for word in hidden if word in texts(answer)] == []
    # A rule of the shared group's own is one outside the guest's project too.
    full = owner.id(name="full-secret", policies=["anti-affinity"])
    owner("POST", f"~/groups/{full}/grants", GRANT)
    rules = refused(guest.ask(one(full, count=7)), "placement-infeasible", 409)["conflict"][
        "policies"
    ]
    assert rules == [OUTSIDE]
    # Whose group it is reads its own rule, and nothing of who else is in the way.
    theirs = guest.place(one(full, count=6, name="guest-secret"))["instances"]
    answer = owner.ask(one(full))
    rules = refused(answer, "placement-infeasible", 409)["conflict"]["policies"]
    assert rules[1]["sentence"].startswith(
        "no host holds more than 1 member of full-secret; by this rule there are at most 0 places"
    )
    assert OUTSIDE not in rules
    assert [
        word for word in ("guest", *(one["id"] for one in theirs)) if word in texts(answer)
    ] == []
