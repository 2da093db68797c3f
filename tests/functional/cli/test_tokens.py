"""``groupsolver tokens``: what it prints, keeps and refuses."""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from groupsolver.api.auth import Tokens
from groupsolver.api.auth.token_file import SHAPE, read
from groupsolver.cli.main import main
from tests.support.drivers.identity import environ, refused, tenant_of
from tests.support.drivers.narrow_terminal import narrow_terminal, widest_line

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tokens.toml"


def run(path: Path, action: str, *argv: str) -> int:
    return main(["tokens", action, *argv, "--tokens", str(path)])


def added(path: Path, capsys: Captured, *argv: str) -> str:
    assert run(path, "add", *argv) == 0
    return capsys.readouterr().out.removesuffix("\n")


def test_a_token_is_printed_once_and_kept_nowhere(path: Path, capsys: Captured) -> None:
    assert run(path, "add", "--tenant", "shop") == 0
    out, err = capsys.readouterr()
    secret = out.removesuffix("\n")
    match = SHAPE.fullmatch(secret)
    assert match is not None
    assert match[1] in err
    assert "not shown again" in err
    hidden = secret.split("_")[2]
    for file in path.parent.iterdir():
        assert hidden not in file.read_text()
    assert run(path, "list") == 0
    assert run(path, "list", "--output", "json") == 0
    assert hidden not in err + capsys.readouterr().out


def test_a_token_is_a_member_under_its_own_id_that_never_expires(
    path: Path, capsys: Captured
) -> None:
    secret = added(path, capsys, "--tenant", "shop")
    (token,) = read(path)
    assert (token.tenant, token.user, token.roles, token.expires) == (
        "shop",
        token.id,
        ("member",),
        None,
    )
    assert tenant_of(Tokens(path).principal(environ({"X-Auth-Token": secret}))) == (
        "shop",
        token.id,
        {"member"},
    )


def test_user_and_roles_are_given(path: Path, capsys: Captured) -> None:
    added(
        path,
        capsys,
        "--tenant",
        "t",
        "--user",
        "ann",
        "--role",
        "admin",
        "--role",
        "reader",
        "--role",
        "admin",
    )
    (token,) = read(path)
    assert (token.user, token.roles) == ("ann", ("admin", "reader"))


@pytest.mark.parametrize(
    ("text", "span"),
    [("90d", timedelta(days=90)), ("12h", timedelta(hours=12)), ("30m", timedelta(minutes=30))],
)
def test_a_token_expires_after_a_span(
    text: str, span: timedelta, path: Path, capsys: Captured
) -> None:
    added(path, capsys, "--tenant", "t", "--expires", text)
    (token,) = read(path)
    assert token.expires is not None
    assert abs(token.expires - token.created - span) <= timedelta(seconds=1)


@pytest.mark.parametrize("text", ["2999-01-01T00:00:00Z", "2999-01-01T02:00:00+02:00"])
def test_a_token_expires_at_a_time(text: str, path: Path, capsys: Captured) -> None:
    added(path, capsys, "--tenant", "t", "--expires", text)
    assert read(path)[0].expires == datetime(2999, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["", "0d", "90", "d", "-1d", "90x", "999999d", "1.5h", "tomorrow", "2999-01-01",
     "2999-01-01T00:00:00", "2020-01-01T00:00:00Z", "9999-99-99T00:00:00Z",
     "0001-01-01T00:00:00+14:00"],
)  # fmt: skip
def test_an_expiry_that_means_nothing_or_is_over_is_refused(
    text: str, path: Path, capsys: Captured
) -> None:
    assert run(path, "add", "--tenant", "t", f"--expires={text}") == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert not path.exists()


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["--tenant", ""],
        ["--tenant", "a\nb"],
        ["--tenant", "x" * 256],
        ["--tenant", "t", "--user", ""],
        ["--tenant", "t", "--role", "root"],
        ["--tenant", "t", "--exp", "1d"],
    ],
)
def test_options_that_are_wrong_are_refused(argv: list[str], path: Path, capsys: Captured) -> None:
    assert run(path, "add", *argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert not path.exists()


def test_a_revoked_token_is_gone_and_the_others_stay(path: Path, capsys: Captured) -> None:
    first, second = (added(path, capsys, "--tenant", name) for name in ("a", "b"))
    tokens = Tokens(path)
    assert run(path, "revoke", first.split("_")[1]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert "is revoked" in err
    assert refused(tokens, environ({"X-Auth-Token": first})).code == "unauthorized"
    assert tokens.principal(environ({"X-Auth-Token": second})).tenant == "b"


def test_an_unknown_id_is_refused_and_nothing_changes(path: Path, capsys: Captured) -> None:
    added(path, capsys, "--tenant", "a")
    before = path.read_bytes()
    assert run(path, "revoke", "0" * 12) == 2
    assert "[unknown-token]" in capsys.readouterr().err
    assert path.read_bytes() == before


def test_revoking_does_not_repeat_what_may_be_a_whole_token(path: Path, capsys: Captured) -> None:
    secret = added(path, capsys, "--tenant", "a")
    assert run(path, "revoke", secret) == 2
    assert secret not in capsys.readouterr().err


def test_the_list_says_what_is_known(path: Path, capsys: Captured) -> None:
    added(path, capsys, "--tenant", "shop", "--user", "ann", "--role", "admin", "--role", "service")
    added(path, capsys, "--tenant", "bank", "--expires", "2999-01-01T00:00:00Z")
    text = path.read_text().replace("2999-01-01", "2001-01-01")  # that one is over now
    path.write_text(text)
    assert run(path, "list") == 0
    head, first, second = capsys.readouterr().out.splitlines()
    assert head.split() == ["id", "tenant", "user", "roles", "created", "expires"]
    assert re.fullmatch(r"[0-9a-f]{12}  shop    ann           admin,service  20\S+Z  never", first)
    assert second.endswith("2001-01-01T00:00:00Z (expired)")
    assert run(path, "list", "--output", "json") == 0
    rows = json.loads(capsys.readouterr().out)["tokens"]
    assert [row["expired"] for row in rows] == [False, True]
    assert set(rows[0]) == {"id", "tenant", "user", "roles", "created", "expires", "expired"}
    assert (rows[0]["roles"], rows[0]["expires"]) == (["admin", "service"], None)


def test_a_list_of_nothing_is_a_head(path: Path, capsys: Captured) -> None:
    secret = added(path, capsys, "--tenant", "a")
    assert run(path, "revoke", secret.split("_")[1]) == 0
    capsys.readouterr()
    assert run(path, "list") == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


@pytest.mark.parametrize("action", [("list",), ("add", "--tenant", "a"), ("revoke", "0" * 12)])
def test_a_file_that_others_may_read_is_refused(
    action: tuple[str, ...], path: Path, capsys: Captured
) -> None:
    path.write_text("")
    path.chmod(0o644)
    assert run(path, *action) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"{path}: ")
    assert err.rstrip().endswith("[unsafe-file]")
    assert path.read_text() == ""


@pytest.mark.parametrize("action", [("list",), ("revoke", "0" * 12)])
def test_a_file_that_is_missing_is_made_by_add_alone(action: tuple[str, ...], path: Path) -> None:
    assert run(path, *action) == 2
    assert not path.exists()


def test_a_token_that_could_not_be_shown_is_not_kept(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Closed:
        def write(self, _: str) -> None:
            raise BrokenPipeError(32, "Broken pipe")

        def flush(self) -> None: ...

    def add() -> int:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", Closed())
            return run(path, "add", "--tenant", "a")

    assert add() == 141
    assert read(path) == ()


def test_the_file_is_tokens_toml_here_unless_it_is_named(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["tokens", "add", "--tenant", "a"]) == 0
    assert len(read(tmp_path / "tokens.toml")) == 1


@pytest.mark.parametrize("argv", [["tokens"], ["tokens", "forget"]])
def test_what_tokens_cannot_do_is_refused(argv: list[Any], capsys: Captured) -> None:
    assert main(argv) == 2
    assert capsys.readouterr().out == ""


def test_tokens_are_rows_for_other_programs(path: Path, capsys: Captured) -> None:
    added(path, capsys, "--tenant", "shop", "--user", "ann")
    columns = ["-c", "user", "-c", "expires"]
    assert run(path, "list", "-f", "csv", *columns) == 0
    assert capsys.readouterr().out == "user,expires\nann,never\n"
    assert run(path, "list", "-f", "value", "--output", "json") == 2
    assert "expected one of them" in capsys.readouterr().err


@pytest.mark.parametrize("columns", [80, 40])
def test_tokens_fit_a_narrow_terminal(
    path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    added(path, capsys, "--tenant", "the-project-of-the-shop", "--user", "ann", "--expires", "90d")
    narrow_terminal(monkeypatch, columns)
    assert run(path, "list") == 0
    assert 30 < widest_line(capsys.readouterr().out) <= columns
