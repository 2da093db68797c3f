"""Nova's family beyond one project: what an admin reaches, groups that others name, odd ids."""

from __future__ import annotations

import time
from typing import Any

import pytest
from werkzeug.test import Client

from tests.functional.nova.test_nova import (
    GROUPS,
    UNKNOWN,
    Asker,
    admin,
    app,
    fault,
    member,
    project,
)

__all__ = ["admin", "app", "member", "project"]


def test_an_admin_reaches_every_projects_group_where_the_path_names_none(
    member: Asker, app: Any
) -> None:
    key = member.make()
    elsewhere = Asker(app, "elsewhere admin")
    assert elsewhere("GET", f"{GROUPS}/{key}").status_code == 200
    assert elsewhere("GET", f"/v2.1/elsewhere/os-server-groups/{key}").status_code == 404
    assert elsewhere("DELETE", f"{GROUPS}/{key}").status_code == 204
    assert member.names() == []


@pytest.mark.parametrize("role", ["reader", "member", "service"])
def test_nobody_else_does(member: Asker, app: Any, role: str) -> None:
    key = member.make()
    elsewhere = Asker(app, f"elsewhere {role}")
    assert elsewhere("GET", f"{GROUPS}/{key}").status_code == 404
    assert elsewhere("DELETE", f"{GROUPS}/{key}").status_code in {403, 404}
    assert len(member.names()) == 1


def test_a_token_of_the_system_creates_nothing(app: Any, member: Asker, project: str) -> None:
    system = Asker(app, "system admin")
    body = {"server_group": {"name": "web", "policy": "affinity"}}
    for path in (GROUPS, f"/v2.1/{project}/os-server-groups"):
        message = fault(system("POST", path, body), "forbidden", 403)
        assert message == (
            "Policy doesn't allow os_compute_api:os-server-groups:create to be performed."
        )
        assert system("POST", path, {}).status_code == 403  # whatever it asks for
    assert member.names() == []
    key = member.make()
    assert system("GET", f"{GROUPS}/{key}").status_code == 200


@pytest.mark.parametrize(
    ("version", "status"), [("2.1", 200), ("2.75", 200), ("2.101", 200), ("2.102", 400)]
)
def test_unknown_parameters_of_a_single_group_are_refused_from_2_102_on(
    app: Any, project: str, version: str, status: int
) -> None:
    asker = Asker(app, f"{project} member", version)
    key = Asker(app, f"{project} member").make()
    for query in ("colour=blue", "limit=1", "all_projects=1"):
        assert asker("GET", f"{GROUPS}/{key}?{query}").status_code == status
    assert asker("GET", f"{GROUPS}/{key}").status_code == 200
    assert asker("DELETE", f"{GROUPS}/{key}?colour=blue").status_code == 204
    if status == 400:
        fault(asker("GET", f"{GROUPS}/{UNKNOWN}?colour=blue"), "badRequest", 400)


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("project_id", ["demo", "0a1b2c3d4e5f60718293a4b5c6d7e8f9", UNKNOWN])
def test_the_version_document_is_at_a_projects_address_too(
    app: Any, project_id: str, slash: str
) -> None:
    client = Client(app)
    answer = client.get(f"/v2.1/{project_id}{slash}")
    assert (answer.status_code, answer.get_json()) == (200, client.get("/v2.1/").get_json())
    assert answer.headers["OpenStack-API-Version"] == "compute 2.1"


@pytest.mark.parametrize(
    "name", ["servers", "flavors/", "os-keypairs", "os-services/", "a b", "%00"]
)
def test_what_nova_has_and_this_has_not_is_no_project(app: Any, name: str) -> None:
    answer = Client(app).get(f"/v2.1/{name}")
    fault(answer, "itemNotFound", 404)


def test_a_group_that_a_policy_names_is_in_conflict(member: Asker, project: str) -> None:
    key = member.make()
    policies = [{"kind": "apart-from", "group": key}]
    made = member("POST", f"/v1.0/{project}/groups", {"group": {"policies": policies}})
    assert made.status_code == 201
    fault(member("DELETE", f"{GROUPS}/{key}"), "conflictingRequest", 409)


def test_an_id_that_no_database_can_hold_is_not_found(member: Asker) -> None:
    fault(member("GET", f"{GROUPS}/%00"), "itemNotFound", 404)
    fault(member("GET", f"{GROUPS}?marker=%00"), "badRequest", 400)


def test_a_list_of_very_many_policies_costs_little(member: Asker) -> None:
    start = time.process_time()
    body = {"server_group": {"name": "a", "policies": [1] * 300_000}}
    fault(
        member("POST", GROUPS, body, **{"X-OpenStack-Nova-API-Version": "2.1"}), "badRequest", 400
    )
    assert time.process_time() - start < 5
