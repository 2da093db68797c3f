"""``groupsolver place --url``, against a server on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from groupsolver.api.settings import Quota, Settings
from groupsolver.cli.main import main
from groupsolver.cli.remote.group_registration import RegisteredGroups
from groupsolver.client import Client, Hints, InstanceRequest, Unreachable
from groupsolver.files import load_application
from groupsolver.model.result import Result
from tests.support.documents import put, write
from tests.support.drivers.remote_files import APP, at, client, files
from tests.support.drivers.server_thread import serving

__all__ = ["client", "files"]
Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("server"), Settings(quota=Quota(groups=4))) as url:
        yield url


def test_an_application_is_placed_with_its_groups(
    client: Client, files: Path, capsys: Captured
) -> None:
    assert main(at(client, "place", str(files / "app.yaml"), "--output", "json")) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["status"] == "optimal"
    assert (
        result["placement"].keys()
        == {"web/0", "web/1", "db/0", "main"}
        == result["x-instances"].keys()
    )
    groups = {group.name: group for group in client.groups.list()}
    assert {name: group.id for name, group in groups.items()} == result["x-groups"]
    assert set(groups["tier"].groups) == {groups["web"].id, groups["db"].id}
    assert groups["web"].policies[0].target == groups["db"].id
    assert groups["db"].policies[1].target == groups["web"].id
    assert set(groups["db"].members) == {result["x-instances"][name] for name in ("db/0", "main")}
    there = {one.id: one for one in client.instances.list()}
    for name, host in result["placement"].items():
        assert (
            there[result["x-instances"][name]].name,
            there[result["x-instances"][name]].host,
        ) == (name, host)
    (files / "result.json").write_text(json.dumps(result))
    argv = ["--fleet", str(files / "fleet.yaml"), "--placement", str(files / "result.json")]
    assert main(["check", str(files / "app.yaml"), *argv]) == 0


def test_members_and_instances_are_rows_for_other_programs(
    client: Client, files: Path, capsys: Captured
) -> None:
    columns = ["-c", "member", "-c", "instance"]
    assert main(at(client, "place", str(files / "app.yaml"), "-f", "csv", *columns)) == 0
    titles, *rows = capsys.readouterr().out.splitlines()
    assert titles == "member,instance"
    assert dict(row.split(",") for row in rows) == {
        one.name: one.id for one in client.instances.list()
    }
    # A title that is wrong registers no group.
    before = len(list(client.groups.list()))
    assert main(at(client, "place", str(files / "app.yaml"), "-c", "rack")) == 2
    assert "--column: expected one of group, member, host, cell, instance" in (
        capsys.readouterr().err
    )
    assert len(list(client.groups.list())) == before


def test_the_table_says_where_each_member_is(client: Client, files: Path, capsys: Captured) -> None:
    assert (
        main(
            at(
                client,
                "place",
                str(files / "app.yaml"),
                "--objective",
                "spread",
                "--time-limit",
                "20",
            )
        )
        == 0
    )
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.startswith("shop: optimal; 4 members placed; objective ")
    ids = {group.name: group.id for group in client.groups.list()}
    there = {one.name: one for one in client.instances.list()}
    assert lines[:4] == [
        "",
        f"tier: 0 members; group {ids['tier']}",
        "  child groups: web, db",
        "  - no host holds more than 2 members of tier",
    ]
    assert "  - each member of db has a member of web in its host (soft, weight 2)" in lines
    assert f"  main    {there['main'].host}    {there['main'].id}" in lines


def test_an_answer_in_yaml_is_the_same_document(
    client: Client, files: Path, capsys: Captured
) -> None:
    assert main(at(client, "place", str(files / "app.yaml"), "--output", "yaml")) == 0
    assert "x-groups:" in capsys.readouterr().out


@pytest.mark.parametrize("output", ["table", "json"])
def test_what_cannot_be_placed_leaves_nothing_behind(
    client: Client, files: Path, capsys: Captured, output: str
) -> None:
    assert main(at(client, "place", str(files / "many.yaml"), "--output", output)) == 1
    out, err = capsys.readouterr()
    assert "no zone holds more than 1 member of db" in out
    assert err == ""
    if output == "json":
        conflict = json.loads(out)["conflict"]
        assert {rule["group"] for rule in conflict["policies"]} <= {"tier", "web", "db"}
    assert list(client.groups.list()) == []
    assert list(client.instances.list()) == []


def test_no_answer_in_time_is_unknown(
    client: Client, files: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "groupsolver.solver.pipeline.solve", lambda *_, **__: Result(status="unknown")
    )
    assert main(at(client, "place", str(files / "app.yaml"))) == 3
    assert capsys.readouterr().out.startswith("shop: unknown; no answer in time")
    assert list(client.groups.list()) == []


def test_what_a_server_finds_wrong_is_told_in_the_files_terms(
    client: Client, files: Path, capsys: Captured
) -> None:
    slip = put(APP, ["groups", 2, "policies", 0, "level"], "zon")
    write(files, "slip.yaml", slip)
    assert main(at(client, "place", str(files / "slip.yaml"))) == 2
    out, err = capsys.readouterr()
    path = "groups[2].policies[0].level"
    assert (out, err) == (
        "",
        (
            f"{files}/slip.yaml: {path}: unknown level 'zon' (did you mean 'zone'?); "
            "known: host, zone [unknown-level]\n"
        ),
    )
    assert list(client.groups.list()) == []


def test_a_quota_ends_it_in_the_middle_and_what_was_made_is_taken_back(
    client: Client, files: Path, capsys: Captured
) -> None:
    for _ in range(2):
        client.groups.create()
    assert main(at(client, "place", str(files / "app.yaml"))) == 2
    assert (
        capsys.readouterr().err == "groupsolver: the project may have 4 groups [quota-exceeded]\n"
    )
    assert [group.name for group in client.groups.list()] == [None, None]


@pytest.mark.parametrize(
    ("end", "code", "message"),
    [
        (
            Unreachable("http://h", "no answer in time", maybe_done=True),
            69,
            "http://h cannot be reached: no answer in time",
        ),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_a_placement_without_an_answer_leaves_no_groups(
    client: Client,
    files: Path,
    capsys: Captured,
    monkeypatch: pytest.MonkeyPatch,
    end: BaseException,
    code: int,
    message: str,
) -> None:
    def place(*_: object, **__: object) -> None:
        raise end

    monkeypatch.setattr(Client, "place", place)
    assert main(at(client, "place", str(files / "app.yaml"))) == code
    assert capsys.readouterr() == ("", f"groupsolver: {message}\n")
    assert list(client.groups.list()) == []


def test_a_server_that_goes_away_is_told_once_for_each_group(
    client: Client, files: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups = RegisteredGroups(client, load_application(files / "app.yaml"))
    groups.create()
    monkeypatch.setattr(client._session, "_http", httpx.Client(transport=httpx.MockTransport(gone)))
    groups.remove()
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[:2] for line in lines] == [["groupsolver", "left on the server"]] * 3
    assert lines[2].endswith(f"group 'web', {groups.ids['web']}: the server cannot be reached")


def gone(_: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("Connection refused")


def test_what_cannot_be_taken_back_is_told(client: Client, files: Path, capsys: Captured) -> None:
    groups = RegisteredGroups(client, load_application(files / "app.yaml"))
    groups.create()
    ask = InstanceRequest(resources={"VCPU": 1}, hints=Hints(group=groups.ids["web"]))
    client.groups.update(groups.ids["web"], policies=[])
    client.place([ask])
    groups.remove()
    assert capsys.readouterr().err == (
        f"groupsolver: left on the server: group 'web', {groups.ids['web']}: "
        "it has 1 member [group-not-empty]\n"
    )
    assert [group.name for group in client.groups.list()] == ["web"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--gap", "0.1"], "--gap: has no meaning with --url"),
        (["--workers", "3"], "--workers: has no meaning with --url"),
        (["--seed", "3"], "--seed: has no meaning with --url"),
        (["--dry-run"], "--dry-run: has no meaning with --url"),
        (["--name", "web"], "--name: has no meaning with --url"),
        (["--picture", "x.html"], "--picture: has no meaning with --url"),
        (["--fleet", "f.yaml"], "not allowed with argument"),
        (["--token", "a b"], "token: expected a token"),
        (["--time-limit", "31"], "time_limit: expected at most 30, found 31"),
    ],
)
def test_options_without_a_meaning_here_are_refused(
    client: Client, files: Path, capsys: Captured, options: list[str], message: str
) -> None:
    assert main(at(client, "place", str(files / "app.yaml"), *options)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert message in err


def test_members_that_run_already_are_the_servers_to_know(
    client: Client, files: Path, capsys: Captured
) -> None:
    write(files, "app.yaml", {**APP, "existing": [{"group": "db", "id": "old", "host": "h0"}]})
    assert main(at(client, "place", str(files / "app.yaml"))) == 2
    assert "existing: expected no existing members with --url" in capsys.readouterr().err
