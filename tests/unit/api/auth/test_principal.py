"""The roles of a principal."""

from __future__ import annotations

import pytest

from groupsolver.api.auth.principal import Principal

ROLES = ("reader", "member", "service", "admin")
GRANTED = {
    "reader": {"reader"},
    "member": {"reader", "member"},
    "service": {"reader", "member", "service"},
    "admin": {"reader", "member", "service", "admin"},
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("needed", ROLES)
def test_a_role_includes_the_weaker_ones(role: str, needed: str) -> None:
    principal = Principal("shop", "ann", frozenset({role}))
    assert principal.has(needed) == (needed in GRANTED[role])


def test_other_roles_mean_nothing() -> None:
    principal = Principal("shop", "ann", frozenset({"operator", "Admin"}))
    assert not any(principal.has(role) for role in ROLES)
    assert Principal("shop", "ann", frozenset({"operator"})).has("operator")
