"""Rows of every command's table, by ``-f`` and ``-c``."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from groupsolver.cli.main import main
from tests.support.documents import write

Captured = pytest.CaptureFixture[str]
# Two racks of two hosts with 4 VCPU each.
FLEET: dict[str, Any] = {
    "levels": ["rack"],
    "hosts": [
        {"name": f"h{i}", "domains": {"rack": f"r{i // 2}"}, "inventory": {"VCPU": 4}, "cost": i}
        for i in range(4)
    ],
}
APART = {"kind": "anti-affinity", "level": "rack"}
SOLVED = "--fleet fleet.json --workers 1"


def app(count: int, **more: Any) -> dict[str, Any]:
    group = {
        "name": "A",
        "policies": [APART],
        "members": [{"resources": {"VCPU": 2}, "count": count}],
        **more,
    }
    return {"groups": [group]}


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "fleet.json", FLEET)
    write(tmp_path, "app.json", app(2))
    write(tmp_path, "many.json", app(3))
    write(tmp_path, "some.json", app(3, at_least=2))
    result = {"status": "optimal", "placement": {"A/0": "h0", "A/1": "h2"}}
    write(tmp_path, "result.json", result)
    monkeypatch.chdir(tmp_path)


def run(command: str, capsys: Captured, *, code: int = 0) -> tuple[str, str]:
    assert main(command.split()) == code, capsys.readouterr().err
    out, err = capsys.readouterr()
    return out, err


def test_place_writes_a_row_for_each_member(capsys: Captured) -> None:
    out, err = run(f"place app.json {SOLVED} --objective cost -f csv", capsys)
    rows = list(csv.DictReader(StringIO(out)))
    assert err == ""
    # The cheapest host of each rack.
    assert {row["host"] for row in rows} == {"h0", "h2"}
    assert list(rows[0]) == ["group", "member", "host", "cell", "rack", "cost"]
    assert {row["rack"] for row in rows} == {"r0", "r1"}
    out, _ = run(f"place app.json {SOLVED} --objective cost -f json -c rack -c cost", capsys)
    assert sorted(json.loads(out), key=str) == [
        {"rack": "r0", "cost": 0},
        {"rack": "r1", "cost": 2},
    ]


def test_place_writes_why_there_are_no_rows_to_standard_error(capsys: Captured) -> None:
    out, err = run(f"place many.json {SOLVED} -f value -c host", capsys, code=1)
    assert out == ""
    assert "infeasible; proved that no placement of all members exists" in err
    assert "no rack holds more than 1 member of A" in err


def test_members_that_are_left_out_are_named_on_standard_error(capsys: Captured) -> None:
    out, err = run(f"place some.json {SOLVED} -f value -c member", capsys)
    assert len(out.splitlines()) == 2
    assert err.startswith("left out: 1 member\n  - A: A/")


def test_rows_and_a_picture_go_together(capsys: Captured, tmp_path: Path) -> None:
    out, _ = run(f"place app.json {SOLVED} --picture p.html -f value -c member", capsys)
    assert out == "A/0\nA/1\n"
    assert "A/1" in (tmp_path / "p.html").read_text()


@pytest.mark.parametrize("where", [SOLVED, "--cluster c.json --workers 1"])
def test_a_wrong_column_is_an_error_before_anything_is_placed(
    where: str, capsys: Captured, tmp_path: Path
) -> None:
    run("cluster create --cluster c.json --fleet fleet.json", capsys)
    _, err = run(f"place app.json {where} -c rak --picture p.html", capsys, code=2)
    assert "--column: expected one of group, member, host, cell, rack, cost, found 'rak'" in err
    assert "(did you mean 'rack'?)" in err
    assert not (tmp_path / "p.html").exists()
    assert run("cluster show --cluster c.json -f value", capsys) == ("", "")


def test_whatif_writes_the_rows_with_the_changes(capsys: Captured) -> None:
    change = "--relax A.anti-affinity.max_per_domain=2"
    out, err = run(f"whatif many.json {SOLVED} {change} -f value -c member", capsys)
    assert (out, err) == ("A/0\nA/1\nA/2\n", "")


def test_explain_writes_the_fixes(capsys: Captured) -> None:
    out, err = run(f"explain many.json {SOLVED} -f json", capsys)
    fixes = json.loads(out)
    assert fixes[0] == {"cost": 1, "change": "A anti-affinity at rack max_per_domain 1 -> 2"}
    assert err == ""
    out, err = run(f"explain app.json {SOLVED} -f csv", capsys)
    assert out == "cost,change\n"
    assert "It can be placed" in err
    _, err = run(f"explain many.json {SOLVED} --no-fixes -f csv", capsys, code=2)
    assert "--no-fixes: expected fixes" in err


def test_survives_writes_where_lost_members_go(capsys: Captured) -> None:
    command = f"survives app.json {SOLVED} --placement result.json"
    out, err = run(f"{command} --level host -f json", capsys)
    rows = json.loads(out)
    # A/0 of h0 may go to h1 alone, and A/1 of h2 to h3: each in its own rack.
    assert {tuple(row.values()) for row in rows} == {
        ("host h0", "A/0", "h1"),
        ("host h2", "A/1", "h3"),
    }
    assert err == ""
    out, err = run(f"{command} --level rack -f value -c member", capsys, code=1)
    assert out
    assert "does not survive the loss of any rack" in err


def test_headroom_writes_types_of_hosts_and_the_number_to_standard_error(capsys: Captured) -> None:
    # Four copies, each of which takes 2 VCPU of a host in each rack.
    out, err = run(f"headroom app.json {SOLVED} -f csv -c like -c hosts", capsys)
    assert out.splitlines()[0] == "like,hosts"
    assert err.startswith("4 more copies fit; proved that no more do; ")


@pytest.mark.parametrize("command", ["place", "whatif", "explain", "survives", "headroom"])
@pytest.mark.parametrize("rows", ["-f csv", "-f json", "-c host"])
def test_rows_and_a_whole_answer_are_one_clear_error(
    command: str, rows: str, capsys: Captured
) -> None:
    _, err = run(f"{command} app.json {SOLVED} --output json {rows}", capsys, code=2)
    assert err == (
        "groupsolver: --output json writes the whole answer, --format and --column rows of its "
        "table: expected one of them\n"
    )
