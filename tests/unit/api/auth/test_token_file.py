"""The file of tokens: what is read, what is refused, and how it is written."""

from __future__ import annotations

import io
import multiprocessing
import os
import stat
import tomllib
from contextlib import redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from groupsolver import BadInput
from groupsolver.api.auth.token_file import SHAPE, Token, change, digest, mint, read
from groupsolver.cli.main import main
from tests.support.drivers.server_process import PRELOADED
from tests.support.faults import fault

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ENTRY = f"""
[[tokens]]
id = "0123456789ab"
sha256 = "{"ab" * 32}"
tenant = "shop"
user = "ann"
roles = ["member"]
created = 2026-01-02T03:04:05Z
"""


def token(handle: str = "0123456789ab", **other: Any) -> Token:
    entry = {
        "id": handle,
        "sha256": "ab" * 32,
        "tenant": "shop",
        "user": "ann",
        "roles": ["member"],
        "created": NOW,
    }
    return Token.model_validate(entry | other)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tokens.toml"


def put(path: Path, text: str | bytes, mode: int = 0o600) -> Path:
    path.touch(mode=0o600)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)
    return path


def test_what_is_written_is_read_back(path: Path) -> None:
    odd = token(
        "ffffffffffff",
        tenant="..a",
        user='[[x]] "b" \\ é \U0001f600 #',
        roles=["reader", "admin"],
        expires=NOW,
    )
    change(path, lambda _: (token(), odd))
    assert read(path) == (token(), odd)


def test_a_token_names_its_id_and_has_256_random_bits() -> None:
    pairs = {mint() for _ in range(50)}
    assert len(pairs) == 50
    for handle, secret in pairs:
        match = SHAPE.fullmatch(secret)
        assert match is not None
        assert match[1] == handle
        assert len(secret.split("_")[2]) == 64  # 64 hexadecimal digits of 4 bits


def test_the_hash_is_that_of_the_whole_token() -> None:
    # printf gs_a | sha256sum
    assert digest("gs_a") == "4a1b4e56af79f910ccdc631a3903c2ce1b70b532371672ed2bc33f640f448fef"


def test_the_file_is_for_its_owner_alone_and_replaced_as_a_whole(path: Path) -> None:
    old = os.umask(0)
    try:
        change(path, lambda _: ())
    finally:
        os.umask(old)
    first = path.stat()
    assert stat.S_IMODE(first.st_mode) == 0o600
    with path.open("rb") as reader:
        change(path, lambda _: (token(),))
        assert b"[[tokens]]" not in reader.read()  # who had it open reads the old one to its end
    assert sorted(file.name for file in path.parent.iterdir()) == [
        ".tokens.toml.lock",
        "tokens.toml",
    ]


@pytest.mark.parametrize("mode", [0o640, 0o620, 0o610, 0o604, 0o602, 0o601, 0o644, 0o666, 0o777])
def test_a_file_that_others_may_read_or_write_is_refused(mode: int, path: Path) -> None:
    put(path, ENTRY, mode)
    code, _, message = fault(read, path)
    assert code == "unsafe-file"
    assert f"found {mode & 0o77:03o} for others" in message
    with pytest.raises(BadInput, match="unsafe-file"):
        change(path, lambda _: ())
    assert path.read_text() == ENTRY


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_a_file_that_its_owner_alone_may_read_is_read(mode: int, path: Path) -> None:
    assert len(read(put(path, ENTRY, mode))) == 1


def test_a_file_of_another_user_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(path, ENTRY)
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    assert fault(read, path)[0] == "unsafe-file"


def test_a_symbolic_link_is_refused_and_left_as_it_is(path: Path) -> None:
    target = put(path.with_name("target"), ENTRY)
    path.symlink_to(target)
    assert fault(read, path)[0] == "unsafe-file"
    with pytest.raises(BadInput, match="symbolic link"):
        change(path, lambda _: ())
    assert target.read_text() == ENTRY
    path.unlink()
    path.symlink_to("dangling")
    assert fault(change, path, lambda _: ())[0] == "unsafe-file"


def test_what_is_no_file_is_refused_without_waiting(path: Path) -> None:
    assert fault(read, path)[0] == "unreadable-file"
    assert fault(read, path.parent)[0] == "unreadable-file"
    assert fault(read, Path("a\0b"))[0] == "unreadable-file"
    os.mkfifo(path, 0o600)
    assert fault(read, path)[0] == "unreadable-file"


BROKEN: dict[str, str | bytes] = {
    "not-toml": "[[tokens",
    "not-text": b"\xff\xfe",
    "file-too-large": "#" * (4 * 2**20 + 1),
    "duplicate-name": ENTRY * 2,
    "unknown-key": ENTRY.replace("user", "usr"),
    "missing-key": ENTRY.replace('tenant = "shop"\n', ""),
    "ill-formed-name": ENTRY.replace("shop", ""),
    "out-of-range": ENTRY.replace('["member"]', "[]"),
    "wrong-type": ENTRY.replace('"ann"', "1"),
}


@pytest.mark.parametrize("code", BROKEN)
def test_a_file_that_is_broken_is_refused(code: str, path: Path) -> None:
    assert fault(read, put(path, BROKEN[code]))[0] == code


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"member"', '"root"'),
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05"),
        ("2026-01-02T03:04:05Z", '"2026-01-02T03:04:05Z"'),
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z\nexpires = 2027-01-01"),
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z\nexpires = false"),
        ("0123456789ab", "0123456789AB"),
        ("0123456789ab", "0123456789"),
        ("ab" * 32, "ab" * 31),
    ],
)
def test_a_value_that_means_nothing_is_refused(old: str, new: str, path: Path) -> None:
    assert fault(read, put(path, ENTRY.replace(old, new)))[0] == "wrong-value"


def test_a_token_that_was_put_where_its_hash_belongs_is_not_repeated(path: Path) -> None:
    secret = mint()[1]
    code, _, message = fault(read, put(path, ENTRY.replace("ab" * 32, secret)))
    assert code == "wrong-value"
    assert secret[:10] not in message


def test_nested_too_deep_is_a_fault_too(path: Path) -> None:
    assert fault(read, put(path, "x-a = " + "[" * 100_000))[0] == "not-toml"


def test_a_file_that_cannot_be_written_stays_as_it_was(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(path, lambda _: (token(),))
    before = path.read_bytes()

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    code, _, message = fault(change, path, lambda _: ())
    assert code == "unwritable-file"
    assert "No space left" in message
    assert path.read_bytes() == before
    assert sorted(file.name for file in path.parent.iterdir()) == [
        ".tokens.toml.lock",
        "tokens.toml",
    ]


@pytest.mark.parametrize("name", ["missing/tokens.toml", ".", "a\0b"])
def test_a_path_that_cannot_be_written_is_a_fault(name: str, tmp_path: Path) -> None:
    path = tmp_path / name if name != "." else Path()
    assert fault(change, path, lambda _: ())[0] == "unwritable-file"


def add_ten(path: str, name: str) -> None:
    for i in range(10):
        with redirect_stdout(io.StringIO()):
            assert main(["tokens", "add", "--tenant", f"{name}-{i}", "--tokens", path]) == 0


def test_nothing_is_lost_when_several_processes_add_at_once(path: Path) -> None:
    # Forked from a process that has loaded the library, so that all four add at once.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    names = "abcd"
    processes = [context.Process(target=add_ten, args=(str(path), name)) for name in names]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]
    assert {found.tenant for found in read(path)} == {
        f"{name}-{i}" for name in names for i in range(10)
    }


def test_the_file_is_plain_toml(path: Path) -> None:
    change(path, lambda _: (token(expires=NOW),))
    (entry,) = tomllib.loads(path.read_text())["tokens"]
    assert entry["expires"] == NOW
    assert set(entry) == {"id", "sha256", "tenant", "user", "roles", "created", "expires"}
