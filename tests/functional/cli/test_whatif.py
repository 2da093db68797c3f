"""``groupsolver whatif``: an application as it is and with changes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from groupsolver import Limits, Result, compile_fleet
from groupsolver.cli.main import main
from groupsolver.cli.whatif.comparison import compare
from groupsolver.constraints.problem.problem import Problem
from groupsolver.files import parse_application, parse_fleet
from tests.support.documents import copy, put, write
from tests.support.drivers.whatif_files import APP, FLEET

ROOT = Path(__file__).parents[3]
Captured = pytest.CaptureFixture[str]


def whatif(folder: Path, *options: str, app: dict[str, Any] = APP) -> int:
    path, fleet = write(folder, "app.yaml", app), write(folder, "fleet.yaml", FLEET)
    return main(["whatif", path, "--fleet", fleet, "--workers", "1", *options])


# Answers.


def test_both_answers_are_said_in_a_few_lines_and_then_the_table_of_the_second(
    tmp_path: Path, capsys: Captured
) -> None:
    assert (
        whatif(
            tmp_path,
            "--remove-domain",
            "rack=r2",
            "--drop",
            "DB.anti-affinity@rack",
            "--members",
            "LB=1",
        )
        == 0
    )
    lines = capsys.readouterr().out.splitlines()
    assert lines[:4] == [
        "shop: what if",
        "  - LB 2 -> 1 member",
        "  - drop DB anti-affinity at rack: no rack holds more than 1 member of DB",
        "  - rack r2 is gone, with its 1 host; 1 member that runs there is placed again: a.b/0",
    ]
    # Before, DB's two and LB's two are placed; after, DB's two, one of LB, and the one of c.
    assert lines[4].startswith("before  optimal; 4 members placed, 1 running; objective ")
    assert lines[5].startswith("after   optimal; 4 members placed; objective ")
    # In both: DB/0, DB/1, LB/0 and a.b/0, of which the one on c stands elsewhere at least.
    assert " of 4 members are" in lines[6]
    assert lines[6].endswith(" on another host; 1 member less")
    assert "DB: 2 members" in lines
    assert "a.b: 1 member" in lines
    assert "r2" not in "\n".join(lines[7:])


def test_a_change_that_makes_it_impossible_is_answered_with_the_conflict_and_code_1(
    tmp_path: Path, capsys: Captured
) -> None:
    assert whatif(tmp_path, "--members", "DB=3") == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[3].startswith("after   infeasible; ")
    assert lines[4] == "the changes make it impossible"
    assert lines[6].startswith(
        "Cannot place: these 2 rules contradict each other (none can be left out, "
    )
    assert any(
        line.startswith("  1. cost") and "DB anti-affinity at rack max_per_domain 1 -> 2" in line
        for line in lines
    )


def test_a_change_that_makes_it_possible_is_said_to(tmp_path: Path, capsys: Captured) -> None:
    app = copy(APP)
    app["groups"][0]["members"][0]["count"] = 3
    relaxed = "DB.anti-affinity@rack.max_per_domain=2"
    assert whatif(tmp_path, "--relax", relaxed, "--output", "json", app=app) == 0
    document = json.loads(capsys.readouterr().out)
    assert set(document) == {"before", "after", "changes"}
    assert document["changes"] == ["DB anti-affinity at rack max_per_domain 1 -> 2"]
    assert [Result.model_validate(document[key]).status for key in ("before", "after")] == [
        "infeasible",
        "optimal",
    ]
    assert whatif(tmp_path, "--relax", relaxed, app=app) == 0
    assert capsys.readouterr().out.splitlines()[4] == "the changes make it possible"
    assert whatif(tmp_path, "--relax", relaxed, "--output", "yaml", app=app) == 0
    assert "\nafter:\n" in capsys.readouterr().out


def test_options_reach_both_solves_and_time_that_runs_out_is_code_3(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[dict[str, Any]] = []

    def solve(*_: Any, progress: Any, explain: bool = True, **options: Any) -> Result:
        seen.append(options)
        return Result(status="unknown")

    monkeypatch.setattr("groupsolver.solver.pipeline.solve", solve)
    monkeypatch.setattr("groupsolver.solver.pipeline.solve_uncovered", solve)
    options = ["--objective", "cost", "--time-limit", "2", "--gap", "0.5", "--seed", "7"]
    assert whatif(tmp_path, "--members", "DB=1", *options) == 3
    assert (
        seen == [{"objective": "cost", "limits": Limits(seconds=2, gap=0.5, workers=1, seed=7)}] * 2
    )
    assert "\nnot decided in time whether it fits with the changes\n" in capsys.readouterr().out


SCENE = Problem(parse_application({**APP, "existing": []}), compile_fleet(parse_fleet(FLEET)).index)
PLACED = dict(zip(["DB/0", "DB/1", "LB/0", "LB/2", "a.b/0"], "acbba", strict=True))


def answer(what: Any) -> Result:
    if isinstance(what, str):
        return Result(status=what)  # type: ignore[arg-type]
    return Result(status="optimal", placement=what, objective=ord(what["DB/1"]), bound=0)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("infeasible", "infeasible", "the changes do not make it possible"),
        ("unknown", "infeasible", "the changes do not make it possible"),
        ("infeasible", PLACED, "the changes make it possible"),
        ("unknown", PLACED, "with the changes it fits"),
        (PLACED, PLACED, "the same objective; 0 of 5 members are on another host"),
        # The two of DB change places, which nobody can tell; "c" comes two after "a".
        (
            PLACED,
            PLACED | {"DB/0": "c", "DB/1": "a"},
            "objective 2 lower; 0 of 5 members are on another host",
        ),
        # Those of LB are not of one size.
        (
            PLACED,
            PLACED | {"LB/0": "a"},
            "the same objective; 1 of 5 members is on another host",
        ),
        (
            PLACED,
            PLACED | {"LB/0": "c", "LB/2": "a"},
            "the same objective; 2 of 5 members are on another host",
        ),
    ],
)
def test_how_two_answers_differ(before: Any, after: Any, message: str) -> None:
    assert compare(SCENE, answer(before), SCENE, answer(after)) == message


@pytest.mark.parametrize(
    ("count", "message"), [(0, "2 members fewer"), (1, "1 member less"), (3, "1 member more")]
)
def test_members_that_come_and_go_are_counted(count: int, message: str) -> None:
    members = [{"resources": {"VCPU": 1}, "count": count}] if count else []
    app = put({**APP, "existing": []}, ["groups", 0, "members"], members)
    other = Problem(parse_application(app), SCENE.hosts)
    # DB/0 and DB/1 stay, as far as they are asked for.
    same = compare(SCENE, answer(PLACED), other, answer(PLACED | {"DB/2": "c"}))
    assert (
        same
        == f"the same objective; 0 of {min(5, 3 + count)} members are on another host; {message}"
    )


def test_bad_input_is_code_2_and_names_the_file_where_that_is_wrong(
    tmp_path: Path, capsys: Captured
) -> None:
    assert whatif(tmp_path, "--members", "DB=x") == 2
    assert capsys.readouterr() == ("", "--members: expected an integer, found 'x' [wrong-type]\n")
    app = put(APP, ["groups", 0, "policies", 0, "level"], "row")
    assert whatif(tmp_path, "--members", "DB=3", app=app) == 2
    assert capsys.readouterr().err.startswith(
        f"{tmp_path}/app.yaml: groups[0].policies[0].level: unknown level 'row'"
    )


@pytest.mark.parametrize("command", [["explain"], ["whatif", "--members", "DB=4"]])
def test_the_solver_is_not_loaded_where_a_file_is_wrong(command: list[str], tmp_path: Path) -> None:
    app, fleet = write(tmp_path, "app.yaml", {"groups": 1}), write(tmp_path, "fleet.yaml", FLEET)
    argv = [*command, app, "--fleet", fleet]
    code = (
        "import sys; from groupsolver.cli.main import main; "
        f"print(main({argv!r}), 'ortools' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.stdout == "2 False\n"
