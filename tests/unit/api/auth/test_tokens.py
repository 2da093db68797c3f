"""Tokens of a file: who gets in, and all who must not."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from groupsolver import BadInput
from groupsolver.api.auth import Tokens
from groupsolver.api.auth.token_file import Token, change, digest, mint
from tests.support.drivers.identity import SPOOFED, environ, refused, tenant_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "tokens.toml"
    change(path, lambda _: ())
    return path


def add(path: Path, **other: Any) -> str:
    handle, secret = mint()
    entry = {
        "id": handle,
        "sha256": digest(secret),
        "tenant": "shop",
        "user": "ann",
        "roles": ["member"],
    }
    token = Token.model_validate(entry | {"created": datetime.now(UTC)} | other)
    change(path, lambda tokens: (*tokens, token))
    return secret


def revoke(path: Path, secret: str) -> None:
    change(path, lambda tokens: tuple(t for t in tokens if t.sha256 != digest(secret)))


def test_a_token_is_who_the_file_says(path: Path) -> None:
    first, second = add(path), add(path, tenant="bank", user="bob", roles=["reader", "service"])
    tokens = Tokens(path)
    assert tenant_of(tokens.principal(environ({"X-Auth-Token": first}))) == (
        "shop",
        "ann",
        {"member"},
    )
    assert tenant_of(tokens.principal(environ({"X-Auth-Token": second}))) == (
        "bank",
        "bob",
        {"reader", "service"},
    )


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER  "])
def test_a_token_is_also_sent_as_bearer(scheme: str, path: Path) -> None:
    secret = add(path)
    headers = {"Authorization": scheme + secret}
    assert Tokens(path).principal(environ(headers)).user == "ann"
    assert Tokens(path).principal(environ({**headers, "X-Auth-Token": secret})).user == "ann"


def wrong(secret: str, other: str) -> dict[str, dict[str, str]]:
    handle = secret[:15]
    flipped = secret[:-1] + ("0" if secret[-1] != "0" else "1")
    return {
        "nothing": {},
        "empty": {"X-Auth-Token": ""},
        "an empty bearer": {"Authorization": "Bearer "},
        "no scheme": {"Authorization": secret},
        "another scheme": {"Authorization": f"Basic {secret}"},
        "the id alone": {"X-Auth-Token": handle},
        "the id and no secret": {"X-Auth-Token": f"{handle}_"},
        "the hash": {"X-Auth-Token": digest(secret)},
        "the hash as the secret": {"X-Auth-Token": f"{handle}_{digest(secret)}"},
        "one digit is wrong": {"X-Auth-Token": flipped},
        "capitals": {"X-Auth-Token": secret.upper()},
        "too long": {"X-Auth-Token": secret + "0"},
        "very long": {"X-Auth-Token": secret * 1000},
        "not ASCII": {"X-Auth-Token": secret[:-1] + "\xe9"},
        "an unknown id": {"X-Auth-Token": "gs_000000000000_" + secret[16:]},
        "the id of another": {"X-Auth-Token": other[:15] + secret[15:]},
        "two in one": {"X-Auth-Token": f"{secret},{secret}"},
        "two that differ": {"X-Auth-Token": secret, "Authorization": f"Bearer {other}"},
        "identity headers alone": SPOOFED,
    }


@pytest.mark.parametrize("how", wrong("gs_" + "0" * 77, "gs_" + "1" * 77))
def test_what_is_no_token_is_refused(how: str, path: Path) -> None:
    secret, other = add(path), add(path)
    error = refused(Tokens(path), environ(wrong(secret, other)[how]))
    assert (error.code, error.status) == ("unauthorized", 401)
    assert error.headers == {"WWW-Authenticate": 'Bearer realm="groupsolver"'}
    assert error.detail == "a valid token is needed, in X-Auth-Token"  # the same for all


def test_a_token_that_has_expired_is_refused_as_if_unknown(path: Path) -> None:
    now = datetime.now(UTC)
    over, later = (
        add(path, expires=now - timedelta(seconds=1)),
        add(path, expires=now + timedelta(hours=1)),
    )
    tokens = Tokens(path)
    assert tokens.principal(environ({"X-Auth-Token": later})).user == "ann"
    error = refused(tokens, environ({"X-Auth-Token": over}))
    assert (error.code, error.detail) == (
        "unauthorized",
        "a valid token is needed, in X-Auth-Token",
    )


def test_a_token_expires_while_the_server_runs(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = add(path, expires=datetime.now(UTC) + timedelta(hours=1))
    tokens = Tokens(path)
    assert tokens.principal(environ({"X-Auth-Token": secret})).user == "ann"

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.now(tz) + timedelta(hours=1)

    monkeypatch.setattr("groupsolver.api.auth.tokens.datetime", Later)
    assert refused(tokens, environ({"X-Auth-Token": secret})).code == "unauthorized"


def test_a_token_that_is_revoked_stops_working_at_once(path: Path) -> None:
    kept, lost = add(path), add(path)
    tokens = Tokens(path)
    assert tokens.principal(environ({"X-Auth-Token": lost})).user == "ann"
    revoke(path, lost)
    assert refused(tokens, environ({"X-Auth-Token": lost})).code == "unauthorized"
    assert tokens.principal(environ({"X-Auth-Token": kept})).user == "ann"


def test_a_token_that_is_added_works_without_a_restart(path: Path) -> None:
    tokens = Tokens(path)
    assert tokens.principal(environ({"X-Auth-Token": add(path)})).user == "ann"


@pytest.mark.parametrize("name", SPOOFED)
def test_an_identity_that_a_client_claims_has_no_effect(name: str, path: Path) -> None:
    request = environ({name: SPOOFED[name], "X-Auth-Token": add(path)})
    assert tenant_of(Tokens(path).principal(request)) == ("shop", "ann", {"member"})


def test_every_hash_is_compared_in_constant_time_also_for_an_unknown_id(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[str, str]] = []

    def same(a: str, b: str) -> bool:
        compared.append((a, b))
        return a == b

    monkeypatch.setattr("hmac.compare_digest", same)
    tokens = Tokens(path)
    for sent in (mint()[1], "x"):
        refused(tokens, environ({"X-Auth-Token": sent}))
    assert [len(a) == len(b) == 64 for a, b in compared] == [True, True]


# While the server runs, the file breaks.


def gone(path: Path) -> None:
    path.unlink()


def opened(path: Path) -> None:
    path.chmod(0o640)


def broken(path: Path) -> None:
    path.write_text("[[tokens")


def linked(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


@pytest.mark.parametrize("breaks", [gone, opened, broken, linked])
def test_a_file_that_cannot_be_trusted_shuts_everybody_out_until_it_is_mended(
    breaks: Any, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    secret = add(path)
    good = path.read_bytes()
    tokens = Tokens(path)
    breaks(path)
    with caplog.at_level(logging.ERROR):
        for headers in ({"X-Auth-Token": secret}, {}, {"X-Auth-Token": secret}):
            error = refused(tokens, environ(headers))
            assert (error.code, error.status) == ("identity-unavailable", 503)
            assert str(path) not in error.detail
    assert len(caplog.records) == 1  # said once, not on every request
    assert str(path) in caplog.text
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(good)
    assert tokens.principal(environ({"X-Auth-Token": secret})).user == "ann"


def test_a_server_does_not_start_on_a_file_that_cannot_be_trusted(path: Path) -> None:
    path.chmod(0o604)
    with pytest.raises(BadInput, match="chmod 600"):
        Tokens(path)
    with pytest.raises(BadInput, match="unreadable-file"):
        Tokens(path.with_name("missing.toml"))


def test_the_file_is_read_only_when_it_has_changed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = add(path)
    tokens = Tokens(path)
    monkeypatch.setattr("groupsolver.api.auth.tokens.read", lambda _: pytest.fail("read again"))
    assert tokens.principal(environ({"X-Auth-Token": secret})).user == "ann"


def test_many_threads_see_every_change(path: Path) -> None:
    tokens = Tokens(path)
    secrets = [add(path) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        users = pool.map(
            lambda secret: tokens.principal(environ({"X-Auth-Token": secret})).user, secrets * 20
        )
        assert set(users) == {"ann"}
        for secret in secrets[:4]:
            revoke(path, secret)
        errors = pool.map(
            lambda secret: refused(tokens, environ({"X-Auth-Token": secret})).code, secrets[:4] * 20
        )
        assert set(errors) == {"unauthorized"}


def test_the_application_is_not_wrapped(path: Path) -> None:
    def app(*_: Any) -> list[bytes]:
        return []

    assert Tokens(path).wrap(app) is app


def test_nothing_is_left_open(path: Path) -> None:
    folder = Path("/proc/self/fd")
    if not folder.is_dir():
        pytest.skip("this system does not list open files")
    tokens = Tokens(path)
    for _ in range(5):
        secret = add(path)
        tokens.principal(environ({"X-Auth-Token": secret}))
        path.chmod(0o644)
        refused(tokens, environ({}))
        path.chmod(0o600)
    # Of this test's folder alone: what others left behind may be closed meanwhile.
    assert not [
        one
        for one in folder.iterdir()
        if one.is_symlink() and path.parent in one.readlink().parents
    ]
