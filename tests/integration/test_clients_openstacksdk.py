"""openstacksdk, as it is, against this server, with no Keystone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

import pytest

pytest.importorskip("openstack")

import openstack
from openstack import exceptions

# The SDK warns of what it will take out of itself.
pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore::openstack.warnings.RemovedInSDK50Warning"),
    pytest.mark.filterwarnings("ignore::openstack.warnings.RemovedInSDK60Warning"),
]


@contextmanager
def connected(compute: str, **options: Any) -> Iterator[Any]:
    """Connect; what the user's environment and files say of clouds is left out."""
    connection = openstack.connect(
        load_envvars=False,
        load_yaml_config=False,
        auth_type="none",
        compute_endpoint_override=compute,
        **options,
    )
    try:
        yield connection.compute
    finally:
        connection.close()


POLICIES = ("affinity", "anti-affinity", "soft-affinity", "soft-anti-affinity")


@pytest.mark.parametrize("version", [None, "2.1", "2.13", "2.15", "2.64", "2.96"])
def test_a_group_of_each_policy_is_created_found_and_deleted(
    compute: str, project: str, version: str | None
) -> None:
    # Without a version the SDK asks for the highest that it knows for groups: 2.64.
    with connected(
        compute, **({} if version is None else {"compute_default_microversion": version})
    ) as nova:
        for policy in POLICIES[:2] if version in {"2.1", "2.13"} else POLICIES:
            made = nova.create_server_group(name=policy, policy=policy)
            found = nova.get_server_group(made.id)
            if version in {None, "2.64", "2.96"}:
                assert (found.policy, found.policies, found.rules) == (policy, None, {})
            else:
                assert (found.policies, found.metadata, found.rules) == ([policy], {}, None)
            assert found.member_ids == []
            assert found.project_id == (None if version == "2.1" else project)
            assert nova.find_server_group(policy, ignore_missing=False).id == made.id
            nova.delete_server_group(made, ignore_missing=False)
            assert list(nova.server_groups()) == []


def test_max_server_per_host_goes_there_and_back(compute: str) -> None:
    with connected(compute) as nova:
        for most in (1, 3):
            made = nova.create_server_group(
                name=f"web{most}", policy="anti-affinity", rules={"max_server_per_host": most}
            )
            assert nova.find_server_group(f"web{most}", ignore_missing=False).id == made.id
            assert nova.get_server_group(made.id).rules == {"max_server_per_host": most}


def test_the_limit_is_the_size_of_a_page_and_all_pages_are_read(compute: str) -> None:
    with connected(compute) as nova:
        made = {nova.create_server_group(name=f"g{n}", policy="affinity").id for n in range(5)}
        for limit in (1, 2, 5, 7):
            listed = [
                group.id for group in islice(nova.server_groups(limit=limit), 20)
            ]  # else it might be for ever
            assert len(listed) == 5
            assert set(listed) == made
        assert made <= {group.id for group in nova.server_groups(limit=3, all_projects=True)}


def test_what_is_not_there_is_not_found(compute: str) -> None:
    with connected(compute) as nova:
        for key in ("web", "00000000-0000-4000-8000-000000000000"):
            with pytest.raises(exceptions.NotFoundException):
                nova.find_server_group(key, ignore_missing=False)
            with pytest.raises(exceptions.NotFoundException):
                nova.delete_server_group(key, ignore_missing=False)


def test_two_groups_of_one_name_are_told_apart_by_id_alone(compute: str) -> None:
    with connected(compute) as nova:
        one, other = (nova.create_server_group(name="web", policy="affinity") for _ in range(2))
        with pytest.raises(exceptions.DuplicateResource):
            nova.find_server_group("web", ignore_missing=False)
        assert nova.find_server_group(other.id, ignore_missing=False).id == other.id != one.id


def test_bad_groups_and_one_too_many_are_refused_in_words(compute: str) -> None:
    with connected(compute) as nova:
        with pytest.raises(
            exceptions.BadRequestException, match="Only anti-affinity policy supports rules"
        ):
            nova.create_server_group(
                name="web", policy="affinity", rules={"max_server_per_host": 2}
            )
        with pytest.raises(exceptions.BadRequestException, match=r"server_group\.policy"):
            nova.create_server_group(name="web", policy="legacy")
        for n in range(10):
            nova.create_server_group(name=f"g{n}", policy="affinity")
        with pytest.raises(exceptions.ForbiddenException, match="10 groups"):
            nova.create_server_group(name="one more", policy="affinity")


def test_a_version_beyond_the_range_is_not_acceptable(compute: str) -> None:
    with connected(compute) as nova:
        answer = nova.get("/os-server-groups", microversion="2.105")
        assert answer.status_code == 406
        assert answer.json()["computeFault"]["code"] == 406
    with (
        pytest.raises(exceptions.ConfigException, match=r"minimum of 2\.1 and a maximum of 2\.104"),
        connected(compute, compute_default_microversion="2.105"),
    ):
        pass


@pytest.mark.parametrize("path", ["", "/", "/v2.1", "/v2.1/"])
def test_the_sdk_finds_its_way_from_any_of_the_version_documents(server: str, path: str) -> None:
    with connected(f"{server}{path}") as nova:
        assert nova.get_endpoint_data().max_microversion == (2, 104)
        assert [group.name for group in nova.server_groups(name="no such name")] == []
