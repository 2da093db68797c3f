"""The message where the packages of an extra are not installed."""

from __future__ import annotations

import pytest

from groupsolver.cli import extras


def test_nothing_is_said_where_all_is_installed() -> None:
    extras.require_server("serve")


def test_missing_packages_are_named_with_what_installs_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(extras, "SERVER_MODULES", ("json", "no_such_module", "no_such.inner"))
    with pytest.raises(extras.MissingExtraError) as caught:
        extras.require_server("db")
    assert str(caught.value) == (
        "db needs packages that are not installed (no_such_module, no_such.inner); "
        "install them with: pip install 'groupsolver[server]'"
    )
