"""Nova's clients with a token of this server: to them it is an admin token, whatever its role."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("novaclient")

from keystoneauth1.session import Session
from keystoneauth1.token_endpoint import Token
from novaclient import client, exceptions

from groupsolver.api.auth import Tokens
from groupsolver.cli.main import main
from tests.support.drivers.server_thread import serving

pytestmark = pytest.mark.integration

Nova = Callable[[str], Any]


@pytest.fixture
def nova(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Nova]:
    """Yield the groups of a project that has two tokens, or of another one, by who asks."""
    file, tokens = tmp_path / "tokens.toml", {"stranger": "gs_000000000000_" + "0" * 64}
    for user, tenant, role in (
        ("ann", "shop", "member"),
        ("bob", "shop", "reader"),
        ("eve", "other", "member"),
    ):
        assert (
            main(
                [
                    "tokens",
                    "add",
                    "--tokens",
                    str(file),
                    "--tenant",
                    tenant,
                    "--user",
                    user,
                    "--role",
                    role,
                ]
            )
            == 0
        )
        tokens[user] = capsys.readouterr().out.strip()
    with serving(tmp_path, identity=Tokens(file)) as url:
        sessions = {
            user: Session(auth=Token(f"{url}/v2.1", token)) for user, token in tokens.items()
        }
        yield lambda user: client.Client("2.64", session=sessions[user]).server_groups
        for session in sessions.values():
            session.session.close()


def test_a_token_opens_its_project_and_no_other(nova: Nova) -> None:
    made = nova("ann").create("web", "affinity")
    assert (made.project_id, made.user_id) == ("shop", "ann")
    assert [group.id for group in nova("bob").list()] == [made.id]
    assert nova("eve").list(all_projects=True) == []
    for act in (nova("eve").get, nova("eve").delete):
        with pytest.raises(exceptions.NotFound):
            act(made.id)
    with pytest.raises(exceptions.Forbidden):
        nova("bob").delete(made.id)
    with pytest.raises(exceptions.Unauthorized):
        nova("stranger").list()
    nova("ann").delete(made.id)
