"""``groupsolver whatif``: an application as it is and with changes; the little languages of these."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from groupsolver import Limits, Result
from groupsolver.cli import main
from groupsolver.cli.compared import compared
from groupsolver.files import parse_application
from tests.documents import copy, put, write
from tests.whatif_files import APP, FLEET

Captured = pytest.CaptureFixture[str]


def whatif(folder: Path, *options: str, app: dict[str, Any] = APP) -> int:
    path, fleet = write(folder, "app.yaml", app), write(folder, "fleet.yaml", FLEET)
    return main(["whatif", path, "--fleet", fleet, "--workers", "1", *options])


# Answers.


def test_both_answers_are_said_in_a_few_lines_and_then_the_table_of_the_second(
    tmp_path: Path, capsys: Captured
) -> None:
    assert whatif(tmp_path, "--remove-domain", "rack=r2", "--drop", "DB.anti-affinity@rack", "--members", "LB=1") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:4] == [
        "shop: what if",
        "  - LB 2 -> 1 member",
        "  - drop DB anti-affinity at rack: no rack holds more than 1 member of DB",
        "  - rack r2 is gone, with its 1 host; 1 member that runs there is placed again: a.b/0",
    ]
    # As it is DB's two and LB's two are placed; then DB's two, one of LB, and the one that ran on c.
    assert lines[4].startswith("before  optimal; 4 members placed, 1 running; objective ")
    assert lines[5].startswith("after   optimal; 4 members placed; objective ")
    # In both: DB/0, DB/1, LB/0 and a.b/0, of which the one on c stands elsewhere at least.
    assert " of 4 members stand" in lines[6]
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
    assert lines[6].startswith("Cannot place: these 2 rules contradict each other (none can be left out, ")
    assert any(line.startswith("  1. DB anti-affinity at rack max_per_domain 1 -> 2 ") for line in lines)


def test_a_change_that_makes_it_possible_is_said_to(tmp_path: Path, capsys: Captured) -> None:
    app = copy(APP)
    app["groups"][0]["members"][0]["count"] = 3
    relaxed = "DB.anti-affinity@rack.max_per_domain=2"
    assert whatif(tmp_path, "--relax", relaxed, "--output", "json", app=app) == 0
    document = json.loads(capsys.readouterr().out)
    assert set(document) == {"before", "after", "changes"}
    assert document["changes"] == ["DB anti-affinity at rack max_per_domain 1 -> 2"]
    assert [Result.model_validate(document[key]).status for key in ("before", "after")] == ["infeasible", "optimal"]
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

    monkeypatch.setattr("groupsolver.solver.solve.solve", solve)
    options = ["--objective", "cost", "--time-limit", "2", "--gap", "0.5", "--seed", "7"]
    assert whatif(tmp_path, "--members", "DB=1", *options) == 3
    assert seen == [{"objective": "cost", "limits": Limits(seconds=2, gap=0.5, workers=1, seed=7)}] * 2
    assert "\nwhether the changes do could not be told in time\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("infeasible", "infeasible", "the changes do not make it possible"),
        ("unknown", "infeasible", "the changes do not make it possible"),
        ("unknown", {"DB/0": "a"}, "with the changes it fits"),
        (
            {"DB/0": "a", "DB/1": "b"},
            {"DB/0": "a"},
            "objective 3 lower; 0 of 2 members stand on another host; 1 member less",
        ),
        (
            {"DB/0": "a"},
            {"DB/0": "b", "DB/1": "a"},
            "objective 3 higher; 1 of 2 members stands on another host; 1 member more",
        ),
    ],
)
def test_how_two_answers_differ(before: Any, after: Any, told: str) -> None:
    app = parse_application(APP)  # where one member runs on c, in both

    def result(what: Any) -> Result:
        if isinstance(what, str):
            return Result(status=what)  # type: ignore[arg-type]
        return Result(status="optimal", placement=what, objective=3 * len(what), bound=3 * len(what))

    assert compared(app, result(before), app, result(after)) == told


def test_bad_input_is_code_2_and_names_the_file_where_that_is_wrong(tmp_path: Path, capsys: Captured) -> None:
    assert whatif(tmp_path, "--members", "DB=x") == 2
    assert capsys.readouterr() == ("", "--members: expected an integer, found 'x' [wrong-type]\n")
    app = put(APP, ["groups", 0, "policies", 0, "level"], "row")
    assert whatif(tmp_path, "--members", "DB=3", app=app) == 2
    assert capsys.readouterr().err.startswith(f"{tmp_path}/app.yaml: groups[0].policies[0].level: unknown level 'row'")
