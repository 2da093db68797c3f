"""Nova's family beyond one project: what an admin reaches, groups that others name, odd ids."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.functional.nova.test_nova import GROUPS, Asker, admin, app, fault, member, project

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
