"""Several applications on the command line: placed whole, or left out with a reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from groupsolver import BatchResult, Cluster
from groupsolver.cli.main import main
from tests.support.documents import write
from tests.support.drivers.narrow_terminal import narrow_terminal, widest_line

Captured = pytest.CaptureFixture[str]
FLEET = {
    "hosts": [
        {"name": "h1", "inventory": {"VCPU": 5}},
        {"name": "h2", "inventory": {"VCPU": 4}},
    ]
}
BATCH = {
    "flavors": {"s": {"resources": {"VCPU": 1}}},
    "applications": [
        {"name": "one", "value": 5, "groups": [{"name": "web", "members": [{"flavor": "s"}]}]},
        {
            "name": "two",
            "groups": [
                {
                    "name": "web",
                    "policies": [{"kind": "near", "group": "one:web"}],
                    "members": [{"flavor": "s", "count": 2}],
                }
            ],
        },
    ],
}


def app(count: int, *policies: str, vcpu: int = 1, **more: Any) -> dict[str, Any]:
    members = [{"resources": {"VCPU": vcpu}, "count": count}]
    return {"groups": [{"name": "web", "policies": list(policies), "members": members}], **more}


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write(tmp_path, "fleet.json", FLEET)
    write(tmp_path, "batch.yaml", BATCH)
    write(tmp_path, "pair.yaml", app(2, "anti-affinity", vcpu=2))
    write(tmp_path, "large.yaml", app(2, vcpu=3))
    write(tmp_path, "three.yaml", app(3, "anti-affinity"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def place(*arguments: str) -> int:
    return main(["place", *arguments, "--workers", "1"])


def answered(capsys: Captured) -> BatchResult:
    out, err = capsys.readouterr()
    assert err == ""
    return BatchResult.model_validate(json.loads(out))


@pytest.mark.usefixtures("files")
def test_all_are_placed(capsys: Captured) -> None:
    assert place("pair.yaml", "batch.yaml", "--fleet", "fleet.json") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("optimal; 3 of 3 applications placed; value 9 of at most 9; ")
    assert lines[2:6] == [
        "  application  status  members  reason",
        "  pair         placed  2",
        "  one          placed  1",
        "  two          placed  2",
    ]
    assert lines[7:10] == ["pair: 2 members", "  member  host", "  web/0   h1"]


@pytest.mark.usefixtures("files")
def test_all_or_none(capsys: Captured) -> None:
    assert place("pair.yaml", "three.yaml", "--fleet", "fleet.json", "--output", "json") == 1
    result = answered(capsys)
    assert (result.status, result.placed, result.value) == ("infeasible", (), 0)
    assert str(result["three"].reason).startswith("impossible by itself: ")
    assert result["three"].conflict is not None
    assert result["pair"].reason == "all are placed or none, and another one is not"


@pytest.mark.usefixtures("files")
def test_with_partial_some_are_left_out(capsys: Captured) -> None:
    arguments = "pair.yaml", "large.yaml", "three.yaml", "--fleet", "fleet.json", "--partial"
    assert place(*arguments) == 5
    out = capsys.readouterr().out
    # pair and large are worth 2 each, and one of them fits: 2 VCPU and 3 VCPU are above 4 of h2.
    assert "optimal; 1 of 3 applications placed; value 2 of at most 2; " in out
    assert "displaced by others of the batch: it needs 6 VCPU, with 5 VCPU left" in out
    assert "three: impossible by itself" in out
    assert place(*arguments, "--value", "large=9", "--output", "json") == 5
    result = answered(capsys)
    assert (result.placed, result.value) == (("large",), 9)
    assert set(result.document()) == set(BatchResult.model_fields)


@pytest.mark.usefixtures("files")
def test_where_none_fits_it_is_infeasible(capsys: Captured) -> None:
    assert place("three.yaml", "--partial", "--fleet", "fleet.json", "--output", "json") == 1
    assert answered(capsys).status == "optimal"


@pytest.mark.usefixtures("files")
def test_a_file_with_one_application_is_no_batch(capsys: Captured) -> None:
    assert place("pair.yaml", "--fleet", "fleet.json", "--output", "json") == 0
    assert "applications" not in json.loads(capsys.readouterr().out)


@pytest.mark.usefixtures("files")
def test_a_picture_of_all_applications_is_drawn(capsys: Captured) -> None:
    assert place("pair.yaml", "batch.yaml", "--fleet", "fleet.json", "--picture", "p.html") == 0
    capsys.readouterr()
    drawn = Path("p.html").read_text(encoding="utf-8")
    assert "pair:web/0" in drawn
    assert "two:web/1" in drawn
    assert place("pair.yaml", "three.yaml", "--fleet", "fleet.json", "--picture", "q.html") == 1
    assert "three:web" in Path("q.html").read_text(encoding="utf-8")


@pytest.mark.usefixtures("files")
def test_a_batch_is_placed_on_a_cluster(capsys: Captured) -> None:
    assert main(["cluster", "create", "--cluster", "c.json", "--fleet", "fleet.json"]) == 0
    capsys.readouterr()
    arguments = "batch.yaml", "three.yaml", "--cluster", "c.json", "--partial", "--output", "json"
    assert place(*arguments, "--dry-run") == 5
    assert answered(capsys).placed == ("one", "two")
    assert not Cluster.load("c.json").applications
    assert place(*arguments, "--picture", "p.html") == 5
    assert answered(capsys).value == 7
    assert sorted(Cluster.load("c.json").applications) == ["one", "two"]
    assert "two:web/1" in Path("p.html").read_text(encoding="utf-8")


@pytest.mark.usefixtures("files")
def test_standard_input_is_a_batch(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch, files: Path
) -> None:
    with (files / "batch.yaml").open("rb") as stream:
        monkeypatch.setattr("sys.stdin", type("Stream", (), {"buffer": stream})())
        assert place("-", "--fleet", "fleet.json", "--output", "json") == 0
    assert answered(capsys).placed == ("one", "two")


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["pair.yaml", "pair.yaml"], "application 'pair' is also in pair.yaml; give it a name"),
        (["-", "-"], "expected at most one input from standard input, '-'"),
        (["pair.yaml", "gone.yaml"], "gone.yaml: the file cannot be read"),
        (["pair.yaml", "large.yaml", "--name", "x"], "expected one application to be called 'x'"),
        (["batch.yaml", "--value", "ono=3"], "no application 'ono' is in the batch (did you mean"),
        (["fleet.json", "pair.yaml"], "expected an application, which has groups; this looks like"),
        (["wrong.yaml", "pair.yaml"], "wrong.yaml: applications[0].name: expected a value here"),
        (["names.yaml"], "names.yaml: applications[0].groups[0].policies[0].group: no application"),
        (["level.yaml", "pair.yaml"], "level.yaml: groups[0].policies[0].level: unknown level"),
    ],
)
def test_bad_input_names_the_file(
    arguments: list[str], message: str, files: Path, capsys: Captured
) -> None:
    nameless = {"groups": app(1)["groups"]}
    write(files, "wrong.yaml", {"applications": [nameless]})
    near: Any = {"kind": "near", "group": "other:web"}
    write(files, "names.yaml", {"applications": [{"name": "a", **app(1, near)}]})
    rack: Any = {"kind": "affinity", "level": "rack"}
    write(files, "level.yaml", app(1, rack))
    assert place(*arguments, "--fleet", "fleet.json") == 2
    assert message in capsys.readouterr().err


def test_a_server_places_one_at_a_time(files: Path, capsys: Captured) -> None:
    url = "http://127.0.0.1:1"
    first, second = str(files / "pair.yaml"), str(files / "large.yaml")
    assert place(first, second, "--url", url) == 2
    assert "a server places one at a time" in capsys.readouterr().err


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("text", ["x", "=3", "a=0", "a=-1", "a=1.5", "a=9999999999"])
def test_a_value_is_a_name_and_a_number(text: str, capsys: Captured) -> None:
    assert place("batch.yaml", "--fleet", "fleet.json", "--value", text) == 2
    assert "--value" in capsys.readouterr().err


@pytest.mark.parametrize("format_", ["batch", "batch-result"])
def test_the_schemas_describe_what_is_read_and_answered(
    format_: str, files: Path, capsys: Captured
) -> None:
    import jsonschema

    assert main(["schema", format_]) == 0
    schema = json.loads(capsys.readouterr().out)
    document: Any = BATCH
    if format_ == "batch-result":
        paths = [str(files / name) for name in ("batch.yaml", "three.yaml")]
        fleet = str(files / "fleet.json")
        place(*paths, "--fleet", fleet, "--partial", "--output", "json")
        document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**document, "applicatons": []}, schema)


def test_members_are_rows_for_other_programs(files: Path, capsys: Captured) -> None:
    # Three members apart need three hosts, and there are two.
    argv = ["pair.yaml", "three.yaml", "--partial", "--fleet", "fleet.json"]
    assert place(*argv, "-f", "value", "-c", "application", "-c", "member") == 5
    out, err = capsys.readouterr()
    assert out == "pair web/0\npair web/1\n"
    assert err.startswith("three is left out: ")
    assert place(*argv, "-f", "csv", "-c", "rack") == 2
    assert "--column: expected one of application, member, host, cell" in capsys.readouterr().err
    assert place(*argv[:2], *argv[3:], "-f", "csv") == 1
    out, err = capsys.readouterr()
    assert out == "application,member,host,cell\n"
    assert "proved that they cannot all be placed" in err


@pytest.mark.parametrize("columns", [80, 40])
def test_a_batch_fits_a_narrow_terminal(
    files: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    narrow_terminal(monkeypatch, columns)
    assert place("pair.yaml", "three.yaml", "--partial", "--fleet", "fleet.json") == 5
    out, err = capsys.readouterr()
    assert 30 < widest_line(out) <= columns
    assert err == ""
