"""The library and its commands where the packages of the extra ``server`` are not installed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
POLICIES = "examples/policies"
NOWHERE = "http://127.0.0.1:1"
MIXED = ("examples/mixed/app.yaml", "--fleet", "examples/mixed/fleet.yaml")
WHY_NOT = ("examples/why_not/app.yaml", "--fleet", "examples/why_not/fleet.yaml")
SURVIVES = (f"{POLICIES}/survives.yaml", "--fleet", f"{POLICIES}/fleet.yaml")
# Exit codes, with the first words of each command's last line on standard error.
COMMANDS: dict[str, tuple[list[str], int, str]] = {
    "version": (["--version"], 0, ""),
    "place": (["place", *MIXED, "--workers", "1", "--picture", "{folder}/x.html"], 0, ""),
    "check": (["check", *MIXED, "--placement", "{folder}/mixed.json"], 0, ""),
    "explain": (["explain", *WHY_NOT, "--workers", "1", "--no-fixes"], 0, ""),
    "whatif": (["whatif", *MIXED, "--workers", "1", "--members", "batch=2"], 0, ""),
    "headroom": (["headroom", *MIXED, "--workers", "1"], 0, ""),
    "survives": (["survives", *SURVIVES, "--placement", "{folder}/survives.json"], 0, ""),
    "schema": (["schema", "app"], 0, ""),
    "place --url": (["place", MIXED[0], "--url", NOWHERE], 69, f"groupsolver: {NOWHERE} cannot"),
    "fleet": (["fleet", "show", "--url", NOWHERE], 69, f"groupsolver: {NOWHERE} cannot"),
    "group": (["group", "list", "--url", NOWHERE], 69, f"groupsolver: {NOWHERE} cannot"),
    "serve --help": (["serve", "--help"], 0, ""),
    "serve": (["serve"], 2, "groupsolver: serve needs packages"),
    "db": (["db", "current"], 2, "groupsolver: db needs packages"),
    "tokens": (["tokens", "list"], 2, "groupsolver: tokens needs packages"),
    "schema openapi": (["schema", "openapi"], 2, "groupsolver: schema openapi needs"),
}
RESULTS = {
    "mixed.json": {
        "status": "optimal",
        "placement": {"batch/0": "a", "batch/1": "b", "batch/2": "b"},
    },
    "survives.json": {
        "status": "optimal",
        "placement": {"db/0": "h1", "db/1": "h2", "batch/0": "h5"},
    },
}
# One process for all commands: each would load the library anew.
SCRIPT = """
import contextlib, io, json, sys
import importlib.abc

class Blocked(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

BLOCKED = set(json.loads(sys.argv[2]))
sys.meta_path.insert(0, Blocked())
import groupsolver, groupsolver.client
from groupsolver.cli.main import main
for name in groupsolver.__all__:
    getattr(groupsolver, name)
answers = {}
for name, argv in json.loads(sys.argv[1]).items():
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(argv)
    answers[name] = (int(code), err.getvalue())
print(json.dumps(answers))
"""
BLOCKED = ("alembic", "prometheus_client", "sqlalchemy", "tomli_w", "waitress", "werkzeug")


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Exit code and standard error of each command, where the extra's packages are blocked."""
    folder = tmp_path_factory.mktemp("without-server")
    for name, result in RESULTS.items():
        (folder / name).write_text(json.dumps(result), encoding="utf-8")
    commands = {
        name: [word.format(folder=folder) for word in argv]
        for name, (argv, _, _) in COMMANDS.items()
    }
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(commands), json.dumps(BLOCKED)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_runs_without_the_server_or_says_what_to_install(
    name: str, answers: dict[str, tuple[int, str]]
) -> None:
    _, expected_code, expected_start = COMMANDS[name]
    code, err = answers[name]
    assert code == expected_code, err
    assert err.startswith(expected_start)
    if code == 2:
        assert err.endswith("install them with: pip install 'groupsolver[server]'\n")
        assert err.count("\n") == 1
