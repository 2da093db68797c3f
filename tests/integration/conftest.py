"""One server for all clients; each test has its own project on it, and so its own quota."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.support.drivers.server_thread import serving


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Leave these files unread where no test of theirs is selected: their clients load slowly."""
    return True if config.getoption("markexpr") == "not integration" else None


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("server")) as url:
        yield url


@pytest.fixture
def project() -> str:
    return uuid.uuid4().hex


@pytest.fixture
def compute(server: str, project: str) -> str:
    """The endpoint that Nova's clients are given."""
    return f"{server}/v2.1/{project}"
