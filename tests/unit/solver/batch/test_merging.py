"""Several applications as one, and apart again."""

from __future__ import annotations

from typing import Any

import pytest

from groupsolver import Application, BadInput
from groupsolver.constraints.problem.problem import Problem
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.solver.batch.merging import MergedApplications
from tests.support.small import app, fleet, group, host


def shop(**more: Any) -> Application:
    return Application.model_validate(
        {
            "flavors": {"s": {"resources": {"VCPU": 2}}},
            "groups": [
                {"name": "web", "members": [{"flavor": "s", "count": 2}], "groups": ["db"]},
                {
                    "name": "db",
                    "policies": [{"kind": "near", "group": "cache:all"}],
                    "members": [{"resources": {"VCPU": 1}, "id": "main"}],
                    "tenant_id": "t1",
                },
            ],
            "existing": [{"group": "web", "id": "web/0", "host": "a", "flavor": "s"}],
            **more,
        }
    )


def cache() -> Application:
    return app(group("all", 1, {"kind": "apart-from", "group": "other"}), group("other", 1))


def test_groups_members_and_flavors_have_qualified_names() -> None:
    merged = MergedApplications({"shop": shop(), "cache": cache()})
    document = merged.app.document()
    assert [one["name"] for one in document["groups"]] == [
        "shop:web",
        "shop:db",
        "cache:all",
        "cache:other",
    ]
    web, db, all_, _ = document["groups"]
    assert web["groups"] == ["shop:db"]
    assert web["members"][0]["flavor"] == "shop:s"
    assert (db["members"][0]["id"], db["tenant_id"]) == ("shop:main", "t1")
    assert db["policies"][0]["group"] == "cache:all"
    assert all_["policies"][0]["group"] == "cache:other"
    (there,) = document["existing"]
    assert (there["group"], there["id"], there["flavor"]) == ("shop:web", "shop:web/0", "shop:s")
    # What is merged is valid, and means what the applications do.
    assert Application.model_validate(document).document() == document


def test_new_members_and_the_applications_that_policies_name_are_known() -> None:
    merged = MergedApplications({"shop": shop(), "cache": cache()})
    # Of the three members of shop one runs already.
    assert merged.new_members == {"shop": 2, "cache": 2}
    assert merged.named_by == {"shop": ("cache",), "cache": ()}
    assert merged.groups_of["cache"] == ("cache:all", "cache:other")


def test_what_is_said_of_members_is_split_by_application() -> None:
    merged = MergedApplications({"shop": shop(), "cache": cache()})
    placement = {"shop:main": "a", "cache:all/0": "b"}
    assert merged.split(placement) == {"shop": {"main": "a"}, "cache": {"all/0": "b"}}


def test_positions_in_messages_are_those_of_each_application() -> None:
    merged = MergedApplications({"shop": shop(), "cache": cache()})
    warnings = ["groups[3].members[0]: odd", "flavors.shop:s: odd", "existing[0].host: odd"]
    assert merged.prefixed(warnings) == (
        "cache: groups[1].members[0]: odd",
        "flavors.shop:s: odd",
        "shop: existing[0].host: odd",
    )
    hosts = fleet(host("b"))
    with pytest.raises(BadInput) as error:
        Problem(merged.app, HostIndex(hosts.levels, hosts.hosts, hosts.links))
    (fault,) = merged.relative_faults(error.value).faults
    assert fault.path == "applications.shop.existing[0].host"


@pytest.mark.parametrize(
    ("apps", "code", "path"),
    [
        ({}, "empty-application", "applications"),
        ({"a:b": cache()}, "ill-formed-name", "name"),
        ({"shop": shop()}, "unknown-group", "applications.shop.groups[1].policies[0].group"),
        ({"a": app(group("x:y", 1))}, "ill-formed-name", "applications.a.groups[0].name"),
        (
            {"a": shop(host_price=1), "cache": shop(host_price=2)},
            "wrong-value",
            "applications.cache.host_price",
        ),
    ],
)
def test_faults_name_the_application(apps: dict[str, Application], code: str, path: str) -> None:
    with pytest.raises(BadInput) as error:
        MergedApplications(apps)
    assert (code, path) in [(fault.code, fault.path) for fault in error.value.faults]


def test_a_host_is_opened_at_the_price_of_the_applications_that_say_one() -> None:
    merged = MergedApplications({"shop": shop(host_price=5), "cache": cache()})
    assert merged.app.host_price == 5
