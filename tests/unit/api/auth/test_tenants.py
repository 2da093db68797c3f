"""The project that a request acts in."""

from __future__ import annotations

import pytest

from groupsolver.api.auth.principal import Principal
from groupsolver.api.auth.tenants import DEFAULT, tenant_of
from groupsolver.api.http.errors import ApiError


def principal(tenant: str | None, *roles: str) -> Principal:
    return Principal(tenant, "ann", frozenset(roles))


def test_without_a_project_in_the_path_it_is_the_identitys_own() -> None:
    assert tenant_of(principal("shop", "member"), None) == "shop"
    assert tenant_of(principal(None, "admin"), None) == DEFAULT


@pytest.mark.parametrize("role", ["reader", "member"])
def test_a_project_reaches_its_own_path_only(role: str) -> None:
    assert tenant_of(principal("shop", role), "shop") == "shop"
    with pytest.raises(ApiError) as caught:
        tenant_of(principal("shop", role), "other")
    assert caught.value.code == "tenant-not-found"


@pytest.mark.parametrize(
    "unrestricted",
    [principal("shop", "service"), principal("shop", "admin"), principal(None, "reader")],
)
def test_services_admins_and_identities_of_no_project_reach_all(unrestricted: Principal) -> None:
    assert tenant_of(unrestricted, "other") == "other"


@pytest.mark.parametrize("name", ["", ".", "..", "a b", "a/b", "a" * 256])
def test_an_ill_formed_project_does_not_exist(name: str) -> None:
    with pytest.raises(ApiError) as caught:
        tenant_of(principal(None, "admin"), name)
    assert caught.value.status == 404
