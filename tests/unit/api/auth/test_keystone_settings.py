"""Identity by Keystone: its options, and what it needs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from groupsolver import BadInput
from groupsolver.api.auth import Keystone
from tests.support.drivers.keystone_api import Api
from tests.support.drivers.keystone_server import Keystone as Server
from tests.support.drivers.keystone_server import keystone_server, token_of

# webob, which the middleware imports, imports cgi where there still is one.
pytestmark = pytest.mark.filterwarnings("ignore:'cgi' is deprecated:DeprecationWarning")


@pytest.fixture
def installed() -> None:
    pytest.importorskip("keystonemiddleware")


@pytest.fixture
def server(installed: None) -> Iterator[Server]:
    with keystone_server() as server:
        server.tokens["good"] = token_of("member")
        yield server


def refusal(config: dict[str, str]) -> tuple[str, str]:
    with pytest.raises(BadInput) as caught:
        Keystone(config).wrap(lambda *_: [])
    (fault,) = caught.value.faults
    assert "secret" not in str(fault)
    return fault.code, fault.path


def test_an_option_that_is_misspelt_or_missing_is_refused(server: Server) -> None:
    good = server.config()
    assert refusal(good | {"usernam": "x"}) == ("unknown-key", "keystone_authtoken.usernam")
    assert refusal(good | {"auth_type": "magic"}) == ("wrong-value", "keystone_authtoken.auth_type")
    assert refusal(good | {"token_cache_time": "soon"}) == (
        "wrong-value",
        "keystone_authtoken.token_cache_time",
    )
    assert refusal({"username": "x"}) == ("missing-key", "keystone_authtoken")
    for ours in ("delay_auth_decision", "auth_section"):
        assert refusal(good | {ours: "False"})[0] == "unknown-key"


def test_options_are_read_from_a_file(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "keystone.ini"
    lines = [f"{key} = {value}" for key, value in server.config().items()]
    path.write_text(
        "\n".join(["[DEFAULT]", "[keystone_authtoken]", *lines, "[database]", "connection = x"])
    )
    path.chmod(0o640)
    api = Api(Keystone.from_file(path))
    assert api.identified("good") == ("shop", "ann", {"member"})


@pytest.mark.parametrize(
    ("text", "mode", "code"),
    [
        ("[keystone_authtoken]\nauth_url = http://k", 0o644, "unsafe-file"),
        ("[keystone_authtoken]\nauth_url = http://k", 0o602, "unsafe-file"),
        ("[other]", 0o600, "missing-key"),
        ("[keystone_authtoken]\nusername = x", 0o600, "missing-key"),
        ("[keystone_authtoken]\nauth_url = http://k\npasswort = secret", 0o600, "unknown-key"),
        ("[keystone_authtoken]\npassword = secret\npassword = secret", 0o600, "not-ini"),
        ("password = secret", 0o600, "not-ini"),
        ("\udcff", 0o600, "not-text"),
    ],
)
@pytest.mark.usefixtures("installed")
def test_a_file_that_is_wrong_is_refused(text: str, mode: int, code: str, tmp_path: Path) -> None:
    path = tmp_path / "keystone.ini"
    path.write_bytes(text.encode(errors="surrogateescape"))
    path.chmod(mode)
    with pytest.raises(BadInput) as caught:
        Keystone.from_file(path)
    assert [(fault.code, fault.file) for fault in caught.value.faults] == [(code, str(path))]
    assert "= secret" not in str(caught.value)


def test_a_file_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="unreadable-file"):
        Keystone.from_file(tmp_path / "missing.ini")


def test_without_the_package_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "groupsolver.api.auth.keystone_middleware", raising=False)
    monkeypatch.setitem(sys.modules, "keystonemiddleware", None)
    with pytest.raises(BadInput, match=r"pip install 'groupsolver\[keystone\]'") as caught:
        Keystone({"auth_url": "http://k"})
    assert caught.value.faults[0].code == "missing-package"


def test_the_package_is_loaded_only_where_keystone_is_the_mode() -> None:
    code = (
        "import sys; from groupsolver.api.auth import Keystone, Loopback, Tokens; Loopback()\n"
        "names = {'keystonemiddleware', 'keystoneauth1', 'oslo_config', 'webob'}\n"
        "assert not names & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[4], check=True)


def test_the_options_that_all_of_a_process_share_are_left_alone(server: Server) -> None:
    from oslo_config import cfg

    Api(Keystone(server.config()))
    assert cfg.CONF.keystone_authtoken.www_authenticate_uri is None
    assert cfg.CONF.keystone_authtoken.delay_auth_decision is False
