"""The commands that talk to a server, against one on loopback."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from groupsolver.api.auth import Tokens
from groupsolver.cli.main import main
from groupsolver.client import Client, Hints, InstanceRequest
from groupsolver.files import dump_yaml
from groupsolver.store.database.migrate import head
from tests.support.documents import put, write
from tests.support.drivers.narrow_terminal import narrow_terminal, widest_line
from tests.support.drivers.remote_files import FLEET, at, client, files
from tests.support.drivers.server_thread import serving

__all__ = ["client", "files"]
Captured = pytest.CaptureFixture[str]
UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("server")) as url:
        yield url


# Groups.


def test_groups_are_created_listed_shown_changed_and_deleted(
    client: Client, capsys: Captured
) -> None:
    argv = [
        "--name",
        "db",
        "--policy",
        "{kind: anti-affinity, level: zone}",
        "--policy",
        "soft-affinity",
    ]
    assert (
        main(at(client, "group", "create", *argv, "--metadata", "owner=ann", "--metadata", "a=b=c"))
        == 0
    )
    (made,) = client.groups.list()
    assert capsys.readouterr().out.splitlines() == [
        f"id        {made.id}",
        "name      db",
        f"tenant    {client.tenant}",
        "policies  anti-affinity level=zone; affinity weight=1",
        "metadata  owner=ann, a=b=c",
        "groups    -",
        "members   -",
    ]
    assert main(at(client, "group", "create", "--group", made.id, "--output", "json")) == 0
    parent = json.loads(capsys.readouterr().out)["group"]
    assert parent["groups"] == [made.id]
    assert main(at(client, "group", "list")) == 0
    assert [line.split()[1:3] for line in capsys.readouterr().out.splitlines()] == [
        ["name", "members"],
        ["db", "0"],
        ["-", "0"],
    ]
    assert main(at(client, "group", "list", "--name", "db", "--output", "yaml")) == 0
    assert made.id in capsys.readouterr().out
    assert main(at(client, "group", "update", parent["id"], "--no-groups", "--name", "free")) == 0
    change = ["--no-policies", "--metadata", "c=d", "--unset", "owner"]
    assert main(at(client, "group", "update", made.id, *change)) == 0
    changed = client.groups.get(made.id)
    assert (changed.name, changed.policies, changed.metadata) == ("db", (), {"a": "b=c", "c": "d"})
    capsys.readouterr()
    assert main(at(client, "group", "show", made.id, "--output", "yaml")) == 0
    assert capsys.readouterr().out == dump_yaml({"group": changed.model_dump(mode="json")})
    assert main(at(client, "group", "delete", made.id, parent["id"])) == 0
    assert capsys.readouterr() == ("", "")
    assert list(client.groups.list()) == []


def test_groups_are_rows_for_other_programs(client: Client, capsys: Captured) -> None:
    argv = ["create", "--name", "db", "--policy", "affinity", "-f", "value", "-c", "id"]
    assert main(at(client, "group", *argv)) == 0
    id_ = capsys.readouterr().out.removesuffix("\n")
    assert client.groups.get(id_).name == "db"
    assert main(at(client, "group", "list", "-f", "csv", "-c", "id", "-c", "members")) == 0
    assert capsys.readouterr().out == f"id,members\n{id_},0\n"
    assert main(at(client, "group", "show", id_, "-f", "json", "-c", "name", "-c", "members")) == 0
    assert json.loads(capsys.readouterr().out) == {"name": "db", "members": []}
    client.groups.grant(id_, "other")
    assert main(at(client, "group", "grants", id_, "-f", "value", "-c", "project")) == 0
    assert capsys.readouterr().out == "other\n"
    assert main(at(client, "group", "show", id_, "-f", "json", "--output", "yaml")) == 2
    assert "expected one of them" in capsys.readouterr().err


@pytest.mark.parametrize("columns", [80, 40])
def test_groups_fit_a_narrow_terminal(
    client: Client, capsys: Captured, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    apart = {"kind": "anti-affinity", "level": "zone"}
    group = client.groups.create(
        name="all the databases of the shop", policies=["soft-affinity", apart]
    )
    narrow_terminal(monkeypatch, columns)
    for argv in (["list"], ["show", group.id], ["show", UNKNOWN], ["grants", group.id]):
        assert main(at(client, "group", *argv)) == (2 if UNKNOWN in argv else 0)
        out, err = capsys.readouterr()
        assert 20 < widest_line(out + err) <= columns or "grants" in argv


def test_a_group_with_members_goes_by_force_alone(client: Client, capsys: Captured) -> None:
    group = client.groups.create().id
    client.place([InstanceRequest(resources={"VCPU": 1}, hints=Hints(group=group))])
    assert main(at(client, "group", "delete", group)) == 2
    assert capsys.readouterr().err == "groupsolver: it has 1 member [group-not-empty]\n"
    assert main(at(client, "group", "delete", group, "--force")) == 0


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["show", UNKNOWN], f"groupsolver: there is no group '{UNKNOWN}' [group-not-found]"),
        (["update", UNKNOWN], "expected something to change, such as --name"),
        (
            ["create", "--policy", "anti-afinity"],
            "policies[0]: unknown policy 'anti-afinity' (did you mean",
        ),
        (["create", "--policy", "{kind: "], "--policy: "),
        (["create", "--metadata", "a"], "--metadata: expected KEY=VALUE"),
        (["create", "--group", "x"], "groups[0]: expected"),
    ],
)
def test_a_request_that_is_wrong_is_one_line(
    client: Client, capsys: Captured, argv: list[str], message: str
) -> None:
    assert main(at(client, "group", *argv)) == 2
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert message in err


# Fleets, servers, identities.


def test_a_fleet_is_loaded(files: Path, url: str, capsys: Captured) -> None:
    assert main(["fleet", "load", str(files / "fleet.yaml"), "--url", url]) == 0
    assert capsys.readouterr().out == f"loaded 4 hosts, 1 level, 0 links into {url}\n"


def test_the_fleet_is_shown_as_it_was_loaded(url: str, files: Path, capsys: Captured) -> None:
    assert main(["fleet", "show", "--url", url, "--output", "json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [host["name"] for host in shown["hosts"]] == ["h0", "h1", "h2", "h3"]
    assert main(["fleet", "show", "--url", url]) == 0
    (files / "again.yaml").write_text(capsys.readouterr().out)
    assert main(["fleet", "load", str(files / "again.yaml"), "--url", url]) == 0


def test_a_fleet_that_is_wrong_is_not_sent(files: Path, capsys: Captured) -> None:
    write(files, "bad.yaml", put(FLEET, ["hosts", 0, "cost"], 1.5))
    assert main(["fleet", "load", str(files / "bad.yaml"), "--url", "http://127.0.0.1:1"]) == 2
    assert "hosts[0].cost" in capsys.readouterr().err


@pytest.mark.parametrize(
    "argv",
    [
        ["place", "{app}"],
        ["group", "list"],
        ["group", "create"],
        ["fleet", "show"],
        ["fleet", "load", "{fleet}"],
    ],
)
def test_a_server_that_is_not_there_is_one_line(
    argv: list[str], files: Path, capsys: Captured
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # taken, and nobody listens
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        named = [word.format(app=files / "app.yaml", fleet=files / "fleet.yaml") for word in argv]
        assert main([*named, "--url", url]) == 69
    assert capsys.readouterr() == (
        "",
        f"groupsolver: {url} cannot be reached: Connection refused\n",
    )


@pytest.fixture
def guarded(tmp_path: Path, capsys: Captured) -> Iterator[tuple[str, dict[str, str]]]:
    """A server in the mode ``tokens``, with a member's and an admin's."""
    path = tmp_path / "tokens.toml"
    secrets = {}
    for role in ("member", "admin"):
        assert (
            main(["tokens", "add", "--tokens", str(path), "--tenant", "shop", "--role", role]) == 0
        )
        secrets[role] = capsys.readouterr().out.strip()
    with serving(tmp_path, identity=Tokens(path)) as url:
        yield url, secrets


def test_a_token_comes_from_an_option_or_from_the_environment(
    guarded: tuple[str, dict[str, str]],
    files: Path,
    capsys: Captured,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url, secrets = guarded
    load = ["fleet", "load", str(files / "fleet.yaml"), "--url", url]
    for token, code in ((None, "unauthorized"), (secrets["member"], "forbidden")):
        assert main([*load, *(["--token", token] if token else [])]) == 2
        err = capsys.readouterr().err
        assert err.endswith(f"[{code}]\n")
        assert token is None or token not in err
    assert main([*load, "--token", secrets["admin"]]) == 0
    monkeypatch.setenv("GROUPSOLVER_TOKEN", secrets["member"])
    place = ["place", str(files / "app.yaml"), "--url", url, "--tenant", "shop", "--output", "json"]
    capsys.readouterr()
    assert main(place) == 0
    # Names of hosts are not for members: each is known by Nova's hostId.
    hosts = json.loads(capsys.readouterr().out)["placement"].values()
    assert all(len(host) == 56 for host in hosts)
    assert main(["group", "list", "--url", url, "--tenant", "bank"]) == 2
    assert capsys.readouterr().err.endswith("[tenant-not-found]\n")


# The database.


def test_the_tables_are_made_and_told(tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "new.db"
    database = f"sqlite:///{path}"
    assert main(["db", "current", "--database", database]) == 0
    assert (
        capsys.readouterr().out
        == f"{database}: no tables; this version's are at revision {head()}\n"
    )
    assert not path.exists()
    for _ in range(2):
        assert main(["db", "upgrade", "--database", database]) == 0
        assert capsys.readouterr().out == f"{database}: at revision {head()}\n"
    assert main(["db", "current", "--database", database]) == 0
    assert (
        capsys.readouterr().out == f"{database}: at revision {head()}, which this version needs\n"
    )


@pytest.mark.parametrize("action", ["upgrade", "current"])
def test_a_database_that_cannot_be_used_is_one_line(
    action: str, tmp_path: Path, capsys: Captured
) -> None:
    (tmp_path / "text.db").write_text("this is no database, but a text of some length\n" * 50)
    assert main(["db", action, "--database", f"sqlite:///{tmp_path / 'text.db'}"]) == 69
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert "file is not a database" in err
    assert main(["db", action, "--database", "mysql://me:secret@h/x"]) == 2
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines()), "secret" in err) == ("", 1, False)
