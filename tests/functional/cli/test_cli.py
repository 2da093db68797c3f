"""The command: what it prints, where, and how it ends."""

from __future__ import annotations

import importlib
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

import groupsolver
from groupsolver import BrokenAnswer, Result, UnknownSolverStatus
from groupsolver.cli.main import main
from groupsolver.files import load_result
from tests.support.documents import FLEET, RESULT, copy, put, write
from tests.support.drivers.cli_files import SMALL, check, place, prepared

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    return prepared(tmp_path)


# place


def test_a_placement_is_answered_as_a_table_with_the_reasons(files: Path, capsys: Captured) -> None:
    assert place(files, "app.yaml") == 0
    out, err = capsys.readouterr()
    assert err == ""  # no progress where nobody looks on
    lines = out.splitlines()
    # Members take VCPU alone, of which h1 has 248 - 12 of 248 free: 1000 * 0.9516 = 952. h2 is
    # empty.
    assert lines[0].startswith(
        "optimal; 2 members placed; objective 1952 (pack), bound 1952, gap 0.00%; "
    )
    assert lines[2:7] == [
        "[bold]LB: 2 members",
        "  - no host holds more than 1 member of [bold]LB",
        "  member      host  zone  rack  cost",
        "  [bold]LB/0  h1    z1    r1     952",
        "  [bold]LB/1  h2    z1    -     1000",
    ]
    assert "\x1b" not in out


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_the_answer_as_a_document_is_read_back_and_passes_the_check(
    form: str, files: Path, capsys: Captured
) -> None:
    assert place(files, "app.yaml", "--output", form) == 0
    (files / f"result.{form}").write_text(capsys.readouterr().out)
    result = load_result(files / f"result.{form}")
    assert result.status == "optimal"
    assert set(result.document()) == set(Result.model_fields)
    assert check(files, f"result.{form}") == 0


def test_what_cannot_be_placed_is_answered_with_code_1(files: Path, capsys: Captured) -> None:
    assert place(files, "many.json", "--output", "json") == 1
    document = json.loads(capsys.readouterr().out)
    assert document["status"] == "infeasible"
    assert [document[key] for key in ("placement", "objective", "bound", "gap")] == [None] * 4
    assert place(files, "many.json", "--picture", str(files / "out.html")) == 1
    out = capsys.readouterr().out
    assert out.startswith("infeasible; proved that no placement of all members exists; ")
    assert "  [bold]LB  no host holds more than 1 member of [bold]LB  " in out
    assert (files / "out.html").exists()


def test_no_answer_in_time_is_code_3(
    files: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "groupsolver.solver.pipeline.solve", lambda *_, **__: Result(status="unknown", seconds=0.5)
    )
    assert place(files, "app.yaml") == 3
    assert capsys.readouterr().out == "unknown; no answer in time; 0.50 s\n"


@pytest.mark.parametrize(
    "error", [BrokenAnswer("0 free"), UnknownSolverStatus("ABNORMAL"), ZeroDivisionError("by 0")]
)
def test_a_bug_of_the_solver_is_code_70(
    error: Exception, files: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Result:
        raise error

    monkeypatch.setattr("groupsolver.solver.pipeline.solve", broken)
    assert place(files, "app.yaml") == 70
    out, err = capsys.readouterr()
    assert out == ""
    assert str(error) in err


def test_options_reach_the_solver(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    def solve(*_: Any, **options: Any) -> Result:
        seen.update(options)
        return Result(status="unknown")

    monkeypatch.setattr("groupsolver.solver.pipeline.solve", solve)
    base = ["place", str(files / "app.yaml"), "--fleet", str(files / "fleet.yaml")]
    main(base)
    assert seen["objective"] == "pack"
    assert seen["limits"] == groupsolver.Limits(seconds=30, gap=0, workers=0, seed=0)
    main(
        [
            *base,
            "--objective",
            "cost",
            "--time-limit",
            "2.5",
            "--gap",
            "0.01",
            "--workers",
            "3",
            "--seed",
            "7",
        ]
    )
    assert seen["objective"] == "cost"
    assert seen["limits"] == groupsolver.Limits(seconds=2.5, gap=0.01, workers=3, seed=7)


def test_the_table_names_penalties_and_warnings(files: Path, capsys: Captured) -> None:
    document = copy(SMALL)
    document["groups"][0]["policies"] = [
        {"kind": "affinity", "level": "rack", "weight": 2},
        {"kind": "host-capabilities", "forbidden": ["STORAGE_DISK_SSDS"]},
        "anti-affinity",
    ]
    write(files, "app.yaml", document)
    assert place(files, "app.yaml") == 0
    out = capsys.readouterr().out
    # One member in r1 and one in no rack, which is one of its own: 2 - 1, times 2.
    assert (
        "all members of [bold]LB share one rack: they use 1 rack: r1; in no rack: 1 member; costs 2"
        in out
    )
    assert "no host has the trait 'STORAGE_DISK_SSDS' (did you mean 'STORAGE_DISK_SSD'?)" in out


def test_asking_again_with_the_answer_as_existing_places_nothing(
    files: Path, capsys: Captured
) -> None:
    existing = [{"group": "[bold]LB", "id": f"[bold]LB/{i}", "host": f"h{i + 1}"} for i in range(2)]
    write(files, "app.yaml", {**SMALL, "existing": existing})
    assert place(files, "app.yaml") == 0
    assert capsys.readouterr().out.startswith(
        "optimal; 0 members placed, 2 running; objective 0 (pack)"
    )


def test_an_input_from_standard_input_is_read(
    files: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(SMALL).encode())))
    assert main(["place", "-", "--fleet", str(files / "fleet.yaml"), "--workers", "1"]) == 0
    assert "2 members placed" in capsys.readouterr().out


# Bad input.


def test_bad_input_is_one_line_a_fault_of_both_files_and_touches_nothing(
    files: Path, capsys: Captured
) -> None:
    app, fleet = files / "app.yaml", files / "fleet.yaml"
    write(files, "app.yaml", put(SMALL, ["groups", 0, "membrs"], 1))
    write(files, "fleet.yaml", put(FLEET, ["hosts", 1, "cost"], 1.5))
    assert place(files, "app.yaml", "--picture", str(files / "out.html")) == 2
    out, err = capsys.readouterr()
    assert out == ""
    known = "expected one of: name, policies, members, groups, tenant_id, at_least"
    hint = "(did you mean 'members'?)"
    assert err.splitlines() == [
        f"{app}: groups[0].membrs: unknown key 'membrs' {hint}; {known} [unknown-key]",
        f"{fleet}: hosts[1].cost: expected an integer, found 1.5 [wrong-type]",
    ]
    assert not (files / "out.html").exists()


def test_an_application_that_does_not_fit_the_fleet_is_bad_input_of_its_file(
    files: Path, capsys: Captured
) -> None:
    write(
        files,
        "app.yaml",
        put(SMALL, ["groups", 0, "policies", 0], {"kind": "affinity", "level": "rak"}),
    )
    write(files, "r.json", put(RESULT, ["placement"], {}))
    path = f"{files / 'app.yaml'}: groups[0].policies[0].level"
    line = f"{path}: unknown level 'rak' (did you mean 'rack'?)"
    assert place(files, "app.yaml") == 2
    assert capsys.readouterr().err.startswith(line)
    assert check(files, "r.json") == 2
    assert capsys.readouterr().err.startswith(line)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--time-limit", "-1"],
            "argument --time-limit: expected a number of seconds above 0, found '-1'",
        ),
        (["--time-limit", "0"], "expected a number of seconds above 0, found '0'"),
        (["--time-limit", "nan"], "expected a number of seconds above 0, found 'nan'"),
        (["--time-limit", "inf"], "expected a number of seconds above 0, found 'inf'"),
        (["--time-limit", "a\nb"], r"expected a number of seconds above 0, found 'a\nb'"),
        (["--gap", "-0.1"], "argument --gap: expected a fraction of at least 0, found '-0.1'"),
        (["--gap", "1%"], "argument --gap: expected a fraction of at least 0, found '1%'"),
        (["--seed", "-1"], "argument --seed: expected an integer from 0 to 2147483647, found '-1'"),
        (["--seed", str(2**31)], "expected an integer from 0 to 2147483647"),
        (["--seed", "1.5"], "expected an integer from 0 to 2147483647, found '1.5'"),
        (["--workers", "-2"], "argument --workers: expected an integer from 0 to 1024, found '-2'"),
        (["--workers", "9" * 9999], "expected an integer from 0 to 1024"),
        (
            ["--objective", "fast"],
            "--objective: expected one of: pack, spread, cost; found 'fast'",
        ),
        (["--output", "xml"], "argument --output: expected one of: table, json, yaml; found 'xml'"),
        (["--fleet", "-"], "expected at most one input from standard input, '-'"),
        (["--obj", "cost"], "unrecognized arguments: --obj (did you mean '--objective'?)"),
        (["--zzz", "cost"], "unrecognized arguments: --zzz cost"),
        (["--fleeet=f"], "unrecognized arguments: --fleeet (did you mean '--fleet'?)"),
        (["--objective", "spred"], "(did you mean 'spread'?)"),
    ],
)
def test_an_option_that_is_wrong_is_one_line(
    options: list[str], message: str, capsys: Captured
) -> None:
    assert main(["place", "-", "--fleet", "f", *options]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert message in err


@pytest.mark.parametrize(
    "argv",
    [["move"], ["place"], ["place", "a"], ["schema"], ["schema", "host"], ["check", "a"]],
)
def test_a_command_that_is_incomplete_is_one_line(argv: list[str], capsys: Captured) -> None:
    assert main(argv) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("argv", [[], ["cluster"], ["group"]])
def test_without_a_command_the_help_is_printed_to_standard_error(
    argv: list[str], capsys: Captured
) -> None:
    assert main(argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(" ".join(["usage: groupsolver", *argv]))


@pytest.mark.parametrize(
    ("argv", "name"),
    [
        (["plcae"], "place"),
        (["cluster", "memebrs"], "members"),
        (["place", "a", "--flet", "f"], "--fleet"),
        (["cluster", "show", "--clustr", "c"], "--cluster"),
    ],
)
def test_a_typo_is_answered_with_the_nearest_name(
    argv: list[str], name: str, capsys: Captured
) -> None:
    assert main(argv) == 2
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1
    assert f"(did you mean {name!r}?)" in err


def test_help_and_version_are_answered(capsys: Captured) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"groupsolver {groupsolver.__version__}\n"
    for argv in (["--help"], ["place", "--help"]):
        assert main(argv) == 0
        assert capsys.readouterr().out.startswith("usage: groupsolver")


# check


def test_the_check_names_what_is_broken_and_what_it_costs(files: Path, capsys: Captured) -> None:
    document = copy(SMALL)
    document["groups"][0]["policies"].append(
        {"kind": "spread", "level": "rack", "min_domains": 2, "weight": 3}
    )
    write(files, "app.yaml", document)
    write(
        files,
        "r.json",
        {"status": "feasible", "placement": {"[bold]LB/0": "h1", "[bold]LB/1": "h1"}},
    )
    assert check(files, "r.json", "--objective", "cost") == 4
    out, err = capsys.readouterr()
    assert err == ""
    assert out.splitlines() == [
        # Two members on h1 at 3 each, and weight 3 for the one rack that is missing.
        "1 hard rule broken; objective 9 (cost)",
        "broken: [bold]LB: anti-affinity: no host holds more than 1 member of [bold]LB (by 1)",
        (
            "soft: [bold]LB: spread: members of [bold]LB cover at least 2 racks: "
            "they cover 1 rack: costs 3"
        ),
    ]


def test_soft_costs_alone_are_no_violation(files: Path, capsys: Captured) -> None:
    write(files, "app.yaml", put(SMALL, ["groups", 0, "policies"], ["soft-anti-affinity"]))
    write(
        files,
        "r.yaml",
        {"status": "feasible", "placement": {"[bold]LB/0": "h1", "[bold]LB/1": "h1"}},
    )
    assert check(files, "r.yaml") == 0
    assert capsys.readouterr().out.startswith("no hard rule broken; objective ")


def test_a_member_that_is_missing_is_a_violation(files: Path, capsys: Captured) -> None:
    write(files, "r.json", {"status": "feasible", "placement": {}})
    assert check(files, "r.json") == 4
    assert capsys.readouterr().out.startswith("2 hard rules broken")


def test_an_objective_that_differs_from_the_claim_is_told(files: Path, capsys: Captured) -> None:
    placement = {"[bold]LB/0": "h1", "[bold]LB/1": "h2"}
    write(files, "r.json", {"status": "optimal", "placement": placement, "objective": 7})
    assert check(files, "r.json") == 0
    assert "warning: the result says objective 7" in capsys.readouterr().out


def test_a_result_without_a_placement_is_nothing_to_check(files: Path, capsys: Captured) -> None:
    write(files, "r.json", {"status": "infeasible", "placement": None})
    assert check(files, "r.json") == 2
    assert capsys.readouterr().err == (
        f"{files / 'r.json'}: placement: expected a placement to check, found null: "
        "the result is infeasible [no-placement]\n"
    )


def test_a_placement_that_names_what_is_not_there_is_bad_input_of_its_file(
    files: Path, capsys: Captured
) -> None:
    write(files, "r.json", {"status": "optimal", "placement": {"a": "h1", "[bold]LB/0": "h9"}})
    assert check(files, "r.json") == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert all(line.startswith(f"{files / 'r.json'}: placement.") for line in lines)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["plcae"], "groupsolver: unknown command 'plcae' (did you mean 'place'?)\n"),
        (["cluster", "shwo"], "groupsolver cluster: unknown action 'shwo' (did you mean 'show'?)"),
        (["zzz"], "groupsolver: unknown command 'zzz'; expected one of: place, check, explain, "),
        (["db", "current", "--database", "x"], "--database: expected an address such as sqlite:"),
        (["group", "list", "--url", "x"], "--url: expected a URL such as http://127.0.0.1:8774"),
        (["place", "app.yaml", "--fleet", "none"], "none: the file cannot be read: No such file"),
    ],
)
def test_what_is_wrong_is_named_as_it_was_typed(
    argv: list[str], message: str, capsys: Captured
) -> None:
    assert main(argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_fleet_may_be_a_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], ending: str
) -> None:
    pytest.importorskip("pyarrow")
    arrow_csv = importlib.import_module("pyarrow.csv")
    parquet = importlib.import_module("pyarrow.parquet")
    table = tmp_path / "hosts.csv"
    table.write_text("name,rack,VCPU,VCPU.used\nh1,r1,4,4\nh2,r2,4,0\nh3,r2,4,3\n")
    fleet = tmp_path / f"hosts.{ending}"
    if ending == "parquet":
        parquet.write_table(arrow_csv.read_csv(table), fleet)
    app = tmp_path / "app.yaml"
    app.write_text(
        "groups: [{name: A, policies: [anti-affinity],"
        " members: [{resources: {VCPU: 1}, count: 2}]}]\n"
    )
    assert main(["place", str(app), "--fleet", str(fleet), "--output", "json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert sorted(result["placement"].values()) == ["h2", "h3"]
    answer = tmp_path / "answer.json"
    answer.write_text(json.dumps(result))
    assert main(["check", str(app), "--fleet", str(fleet), "--placement", str(answer)]) == 0
    table.write_text("name,VCPU\nh1,-4\n")
    assert main(["place", str(app), "--fleet", str(table)]) == 2
    assert f"{table}: columns.VCPU[0]: expected 0 or above" in capsys.readouterr().err
