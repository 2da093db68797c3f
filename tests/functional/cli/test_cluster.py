"""``groupsolver cluster`` and ``--cluster``: what runs is kept in a file."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groupsolver import BadInput, Cluster, Fleet
from groupsolver.cli.main import main

Captured = pytest.CaptureFixture[str]
FLEET = {
    "levels": ["rack"],
    "hosts": [
        {"name": f"h{i}", "domains": {"rack": f"r{i}"}, "inventory": {"VCPU": 4}} for i in range(3)
    ],
}
APP = {"groups": [{"name": "A", "members": [{"resources": {"VCPU": 1}, "count": 1}]}]}
ALONE = {
    "groups": [
        {
            "name": "A",
            "policies": ["exclusive"],
            "members": [{"resources": {"VCPU": 1}}],
        }
    ]
}


@pytest.fixture
def files(tmp_path: Path, capsys: Captured) -> Path:
    (tmp_path / "fleet.json").write_text(json.dumps(FLEET))
    (tmp_path / "app.json").write_text(json.dumps(APP))
    (tmp_path / "alone.json").write_text(json.dumps(ALONE))
    assert run(tmp_path, "create", "--fleet", str(tmp_path / "fleet.json")) == 0
    assert "3 hosts; nothing runs" in capsys.readouterr().out
    return tmp_path


def run(folder: Path, action: str, *more: str) -> int:
    return main(["cluster", action, "--cluster", str(folder / "c.cluster.json"), *more])


def place(folder: Path, app: str, *more: str) -> int:
    cluster = str(folder / "c.cluster.json")
    argv = ["place", str(folder / app), "--cluster", cluster, "--workers", "1", *more]
    return main(argv)


def cluster_in(folder: Path) -> Cluster:
    return Cluster.load(folder / "c.cluster.json")


def test_twelve_applications_one_by_one_take_no_room_twice(files: Path) -> None:
    codes = [place(files, "app.json", "--name", f"app{i}") for i in range(13)]
    assert codes == [*[0] * 12, 1]
    cluster = cluster_in(files)
    assert [cluster.free(f"h{i}") for i in range(3)] == [{"VCPU": 0}] * 3
    assert len(cluster.applications) == 12


def test_a_rule_of_what_runs_is_not_forgotten(files: Path, capsys: Captured) -> None:
    assert place(files, "alone.json") == 0
    (alone,) = cluster_in(files).members(application="alone")
    for i in range(8):
        assert place(files, "app.json", "--name", f"app{i}") == 0
    assert place(files, "app.json", "--name", "more") == 1
    assert "alone:A" in capsys.readouterr().out
    on_its_host = cluster_in(files).members(alone.host)
    assert [member.application for member in on_its_host] == ["alone"]


def test_a_dry_run_commits_nothing(files: Path) -> None:
    before = (files / "c.cluster.json").read_bytes()
    assert place(files, "app.json", "--dry-run") == 0
    assert (files / "c.cluster.json").read_bytes() == before


def test_what_runs_is_shown_and_changed(files: Path, capsys: Captured) -> None:
    place(files, "app.json", "--name", "web")
    (member,) = cluster_in(files).members()
    capsys.readouterr()
    rack = member.host.replace("h", "r")
    for action, more, word in (
        ("show", (), "web"),
        ("usage", ("--by", "rack"), f"{rack}    1      1        1 + 0 / 4"),
        ("usage", ("--by", "application"), "web"),
        ("members", ("--host", member.host), "1 VCPU"),
    ):
        assert run(files, action, *more, "--output", "json") == 0
        assert json.loads(capsys.readouterr().out)
        assert run(files, action, *more) == 0
        assert word in capsys.readouterr().out
    assert run(files, "remove-host", member.host) == 2
    assert f"{member.host}: runs 1 member, of web; --lost removes" in capsys.readouterr().err
    assert run(files, "usage", "--by", "rak") == 2
    assert capsys.readouterr().err.startswith("--by: unknown level 'rak'")
    assert run(files, "remove-host", member.host, "--lost") == 0
    assert "lost members: web:A/0" in capsys.readouterr().out
    (files / "host.json").write_text(json.dumps({"name": "h9", "inventory": {"VCPU": 8}}))
    assert run(files, "add-host", str(files / "host.json")) == 0
    assert run(files, "add-host", str(files / "host.json")) == 0
    assert capsys.readouterr().out == "added host h9\nreplaced host h9\n"
    assert place(files, "app.json", "--name", "web") == 0
    assert run(files, "remove", "web", "A/0") == 0
    assert cluster_in(files).members() == ()


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("remove", "wed"), "no application 'wed' runs"),
        (("members", "--host", "h7"), "the fleet has no host 'h7'"),
        (("usage", "--by", "rock"), "did you mean 'rack'"),
        (("create", "--fleet", "fleet.json"), "the file exists"),
    ],
)
def test_a_bad_call_is_told_and_changes_nothing(
    files: Path, capsys: Captured, argv: tuple[str, ...], message: str, monkeypatch: Any
) -> None:
    monkeypatch.chdir(files)
    before = (files / "c.cluster.json").read_bytes()
    assert run(files, *argv) == 2
    assert message in capsys.readouterr().err
    assert (files / "c.cluster.json").read_bytes() == before


def test_what_could_not_be_read_again_is_not_written(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = files / "c.cluster.json"
    before = path.read_bytes()
    monkeypatch.setattr("groupsolver.cluster.cluster_file.CLUSTER_JSON_MAX", 100)
    with pytest.raises(BadInput, match="found more"):
        Cluster(Fleet.model_validate(FLEET)).save(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("text", ["", "{", '{"version": 1, "fle', "[]", "null", "\0"])
def test_half_a_file_is_refused_and_stays(files: Path, capsys: Captured, text: str) -> None:
    (files / "c.cluster.json").write_text(text)
    assert place(files, "app.json") == 2
    assert "c.cluster.json" in capsys.readouterr().err
    assert (files / "c.cluster.json").read_text() == text


def hold(path: str, held: Any, release: Any) -> None:
    with Cluster.open(path):
        held.set()
        release.wait(30)


def test_a_file_that_another_process_holds_is_waited_for_and_then_refused(
    files: Path, capsys: Captured
) -> None:
    spawn = multiprocessing.get_context("spawn")
    held, release = spawn.Event(), spawn.Event()
    path = str(files / "c.cluster.json")
    other = spawn.Process(target=hold, args=(path, held, release))
    other.start()
    assert held.wait(30)
    assert place(files, "app.json", "--time-limit", "0.2") == 2
    assert "another process has held the file for 0.2 s" in capsys.readouterr().err
    release.set()
    other.join(30)
    assert place(files, "app.json") == 0


def test_a_killed_writer_leaves_the_file_whole_and_free(files: Path) -> None:
    code = (
        "import sys, time; from groupsolver import Cluster\n"
        "with Cluster.open(sys.argv[1]) as cluster:\n"
        "    print('held', flush=True); time.sleep(60)\n"
    )
    path = files / "c.cluster.json"
    before = path.read_bytes()
    writer = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == "held\n"
    os.kill(writer.pid, signal.SIGKILL)
    writer.wait(30)
    writer.stdout.close()
    assert path.read_bytes() == before
    start = time.monotonic()
    assert place(files, "app.json") == 0
    assert time.monotonic() - start < 20


def test_others_that_wrote_since_are_not_overwritten(files: Path) -> None:
    path = files / "c.cluster.json"
    one, other = Cluster.load(path), Cluster.load(path)
    one.remove_host("h0")
    one.save(path)
    other.remove_host("h1")
    with pytest.raises(BadInput, match="others have changed the file"):
        other.save(path)
    one.remove_host("h1")
    one.save(path)
    assert [host.name for host in cluster_in(files).fleet.hosts] == ["h2"]


def test_a_cluster_without_hosts_is_saved_and_loaded(tmp_path: Path) -> None:
    cluster = Cluster(Fleet.model_validate({"hosts": [{"name": "h0"}]}))
    cluster.remove_host("h0")
    cluster.save(tmp_path / "empty.cluster.json")
    assert Cluster.load(tmp_path / "empty.cluster.json").fleet.hosts == ()


def test_nothing_is_written_where_the_block_raises(files: Path) -> None:
    path = files / "c.cluster.json"
    before = path.read_bytes()

    def broken(cluster: Cluster) -> None:
        cluster.remove_host("h0")
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"), Cluster.open(path) as cluster:
        broken(cluster)
    assert path.read_bytes() == before


def mutated(document: Any, draw: Any) -> Any:
    """Replace something in a document by anything."""
    at = document
    for _ in range(draw(st.integers(0, 6))):
        keys = list(at) if isinstance(at, dict) else list(range(len(at)))
        if not keys:
            break
        key = draw(st.sampled_from(keys))
        if not isinstance(at[key], (dict, list)) or draw(st.booleans()):
            at[key] = draw(ANYTHING)
            return document
        at = at[key]
    if isinstance(at, dict):
        at[draw(st.text(max_size=3))] = draw(ANYTHING)
    return document


ANYTHING = st.one_of(
    st.none(),
    st.integers(),
    st.text(max_size=3),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_file_is_loaded_or_refused(tmp_path: Path, data: Any) -> None:
    running = {
        "version": 1,
        "fleet": FLEET,
        "applications": {
            "web": {
                "groups": [{"name": "A", "policies": ["exclusive"]}],
                "existing": [
                    {"group": "A", "id": "A/0", "host": "h0", "resources": {"VCPU": 1}},
                ],
            }
        },
    }
    document = mutated(json.loads(json.dumps(running)), data.draw)
    path = tmp_path / "any.cluster.json"
    path.write_text(json.dumps(document))
    try:
        cluster = Cluster.load(path)
    except BadInput as error:
        refused = error
    else:
        cluster.save(path)
        assert Cluster.load(path).document() == cluster.document()
        return
    assert all(fault.file for fault in refused.faults)


def test_rows_are_written_for_other_programs(files: Path, capsys: Captured) -> None:
    assert place(files, "app.json", "--name", "shop, eu") == 0
    capsys.readouterr()
    columns = ["-c", "member", "-c", "application"]
    assert run(files, "members", "-f", "csv", *columns) == 0
    assert capsys.readouterr().out == 'member,application\nA/0,"shop, eu"\n'
    assert run(files, "members", "-f", "value", "-c", "member") == 0
    assert capsys.readouterr().out == "A/0\n"
    assert run(files, "members", "-f", "json", *columns) == 0
    assert json.loads(capsys.readouterr().out) == [{"member": "A/0", "application": "shop, eu"}]
    assert run(files, "members", *columns) == 0
    assert capsys.readouterr().out == "  member  application\n  A/0     shop, eu\n"
    assert run(files, "show", "-f", "value", "-c", "members") == 0
    assert capsys.readouterr().out == "1\n"
    assert run(files, "show", "-f", "json", "-c", "members") == 0
    assert json.loads(capsys.readouterr().out) == [{"members": 1}]  # a number, not a text
    assert run(files, "usage", "--by", "rack", "-f", "value", "-c", "rack") == 0
    assert capsys.readouterr().out == "r0\nr1\nr2\n"


def test_columns_that_are_wrong_are_told(files: Path, capsys: Captured) -> None:
    assert run(files, "members", "-f", "csv", "-c", "membr") == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "(did you mean 'member'?)" in err
    assert run(files, "members", "-c", "member", "--output", "json") == 2
    assert "expected one of them" in capsys.readouterr().err
