"""What the commands print on a terminal of 80 and of 40 columns, and what in a pipe."""

from __future__ import annotations

import fcntl
import json
import os
import struct
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any

import pytest

from groupsolver.cli.main import main
from tests.support.documents import write
from tests.support.drivers.narrow_terminal import narrow_terminal, widest_line

pty = pytest.importorskip("pty")
Captured = pytest.CaptureFixture[str]
ROOT = Path(__file__).parents[3]
# Names of 35 and of 2 * 8 columns, in domains of 31 columns.
NAMES = ["compute-{}.availability-zone-1.test", "計算ホスト{}番"]
FLEET: dict[str, Any] = {
    "levels": ["zone", "rack"],
    "hosts": [
        {
            "name": NAMES[i % 2].format(i),
            "domains": {"zone": "availability-zone-1.example.org", "rack": f"rack-{i}"},
            "inventory": {"VCPU": 4, "MEMORY_MB": 4096},
        }
        for i in range(6)
    ],
}
MEMBER = {"resources": {"VCPU": 1, "MEMORY_MB": 1024}}
APART = {"kind": "anti-affinity", "level": "rack"}


def app(count: int) -> dict[str, Any]:
    members = [{**MEMBER, "count": count}]
    return {"groups": [{"name": "frontend-of-the-shop", "policies": [APART], "members": members}]}


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write an application, one that does not fit, a placement with a fault, and a fleet."""
    members = [f"frontend-of-the-shop/{i}" for i in range(3)]
    result = {"status": "feasible", "placement": dict.fromkeys(members, NAMES[0].format(0))}
    write(tmp_path, "app.json", app(3))
    write(tmp_path, "many.json", app(7))
    write(tmp_path, "result.json", result)
    write(tmp_path, "fleet.json", FLEET)
    monkeypatch.chdir(tmp_path)  # names of files are words that are not cut


ON_FLEET = "--fleet fleet.json"
SOLVED = f"{ON_FLEET} --workers 1"
ON_CLUSTER = "--cluster c.json"
# In this order: what runs is placed before it is listed.
RUNS = [
    (0, f"place app.json {SOLVED}"),
    (1, f"place many.json {SOLVED}"),
    (0, f"explain many.json {SOLVED}"),
    (0, f"headroom app.json {SOLVED}"),
    (0, f"whatif app.json {SOLVED} --members frontend-of-the-shop=4"),
    (0, f"survives app.json {SOLVED} --placement result.json --level rack"),
    (4, f"check app.json {ON_FLEET} --placement result.json"),
    (2, f"check app.json {ON_FLEET} --placement fleet.json"),
    (2, f"place app.json {ON_FLEET} --objective pakc"),
    (0, f"cluster create {ON_CLUSTER} {ON_FLEET}"),
    (0, f"place app.json {ON_CLUSTER} --workers 1"),
    (0, f"cluster members {ON_CLUSTER}"),
    (0, f"cluster usage {ON_CLUSTER}"),
]


@pytest.mark.parametrize("columns", [80, 40])
def test_no_line_is_wider_than_the_terminal(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    narrow_terminal(monkeypatch, columns)
    for code, command in RUNS:
        assert main(command.split()) == code, command
        out, err = capsys.readouterr()
        assert out + err, command
        assert widest_line(out) <= columns, out
        assert widest_line(err) <= columns, err


def test_nothing_is_cut_in_a_pipe(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert main(f"place app.json {SOLVED}".split()) == 0
    out = capsys.readouterr().out
    rows = [line for line in out.splitlines() if line.startswith("  frontend-of-the-shop/")]
    assert len(rows) == 3
    assert all("  availability-zone-1.example.org  rack-" in row for row in rows)


def test_the_width_is_that_of_the_terminal_itself(tmp_path: Path) -> None:
    here, there = pty.openpty()
    fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 50, 0, 0))
    argv = ["check", "app.json", "--fleet", "fleet.json", "--placement", "result.json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "groupsolver", *argv],
        stdin=there,
        stdout=there,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env={"PATH": "", "TERM": "dumb", "PYTHONPATH": str(ROOT)},
    )
    _, err = process.communicate(timeout=60)
    os.close(there)
    out = os.read(here, 65536).decode()
    os.close(here)
    assert (process.returncode, err) == (4, b"")
    assert "\x1b" not in out
    assert out.startswith("1 hard rule broken; objective ")
    assert 40 < widest_line(out) <= 50


def test_rows_for_programs_are_not_cut_on_a_terminal(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(f"cluster create {ON_CLUSTER} {ON_FLEET}".split()) == 0
    capsys.readouterr()
    narrow_terminal(monkeypatch, 40)
    assert main(f"cluster usage {ON_CLUSTER} -f json -c host".split()) == 0
    rows = json.loads(capsys.readouterr().out)
    assert rows[0] == {"host": NAMES[0].format(0)}
