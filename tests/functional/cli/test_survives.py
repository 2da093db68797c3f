"""`groupsolver survives`, and what the other commands show of the policy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from groupsolver.cli.main import main
from tests.support.documents import write

Doc = dict[str, Any]
FLEET: Doc = {
    "levels": ["rack"],
    "hosts": [
        {"name": f"h{i}", "domains": {"rack": f"r{i // 2}"}, "inventory": {"VCPU": 4}, "cost": i}
        for i in range(4)
    ],
}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """An application of two members, one of two running ones, one of three, and their fleet."""
    group: Doc = {"name": "A", "policies": [{"kind": "survives", "level": "rack"}]}
    full = {"VCPU": 4}

    def running(number: int) -> list[Doc]:
        return [
            {"group": "A", "id": f"a{i}", "host": f"h{i}", "resources": full} for i in range(number)
        ]

    write(
        tmp_path,
        "app.yaml",
        {"name": "shop", "groups": [group | {"members": [{"count": 2, "resources": full}]}]},
    )
    for number in (2, 3):
        write(tmp_path, f"run{number}.yaml", {"groups": [group], "existing": running(number)})
        hosts = [
            host | ({"used": full} if i < number else {}) for i, host in enumerate(FLEET["hosts"])
        ]
        write(tmp_path, f"fleet{number}.yaml", FLEET | {"hosts": hosts})
    write(tmp_path, "fleet.yaml", FLEET)
    return tmp_path


def asked(files: Path, app: str, fleet: str, *options: str) -> int:
    return main(
        ["survives", str(files / app), "--fleet", str(files / fleet), "--workers", "1", *options]
    )


def test_what_survives_is_told_with_a_placement_for_each_loss(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked(files, "run2.yaml", "fleet2.yaml", "--level", "rack") == 0
    out = capsys.readouterr().out
    assert out.startswith("the application survives the loss of any rack; 1 loss;")
    assert "without rack r0: 2 members lost\n  member  goes to\n  a0      h2\n  a1      h3\n" in out


def test_what_falls_is_told_with_the_members_that_have_nowhere_to_go(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Three of four hosts are taken: after r0 one is left for two; after r1 none for one.
    assert asked(files, "run3.yaml", "fleet3.yaml", "--level", "rack", "--output", "json") == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["status"], found["level"], found["failures"], found["group"]) == (
        "falls",
        "rack",
        1,
        None,
    )
    nowhere = {tuple(lost["domains"]): len(lost["nowhere"]) for lost in found["losses"]}
    assert nowhere == {("r0",): 1, ("r1",): 1}
    assert all(lost["proved"] for lost in found["losses"])
    assert asked(files, "run3.yaml", "fleet3.yaml", "--level", "rack") == 1
    assert "nowhere to go: " in capsys.readouterr().out
    assert asked(files, "run3.yaml", "fleet3.yaml") == 0  # of one host, h3 is left


def test_a_placement_of_place_is_asked_about_and_checked_with_its_witness(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = ["--fleet", str(files / "fleet.yaml")]
    place = ["place", str(files / "app.yaml"), *both, "--workers", "1", "--objective", "cost"]
    assert main([*place, "--output", "json"]) == 0
    answer = capsys.readouterr().out
    (files / "result.json").write_text(answer, encoding="utf-8")
    assert json.loads(answer)["witness"] == {"A: rack r0": {"A/0": "h2", "A/1": "h3"}}
    assert main(place) == 0
    assert (
        "where members go after a loss\n  - A: rack r0: A/0 to h2, A/1 to h3\n"
        in capsys.readouterr().out
    )
    assert (
        asked(
            files,
            "app.yaml",
            "fleet.yaml",
            "--placement",
            str(files / "result.json"),
            "--level",
            "rack",
        )
        == 0
    )
    assert capsys.readouterr().out.startswith("shop survives")
    assert (
        main(["check", str(files / "app.yaml"), *both, "--placement", str(files / "result.json")])
        == 0
    )


def test_check_finds_a_placement_that_does_not_survive(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # One in each rack: after r0, one host of r1 is left for one, so it survives. On full hosts it
    # would not.
    write(files, "other.json", {"status": "feasible", "placement": {"A/0": "h0", "A/1": "h1"}})
    tight = FLEET | {"hosts": FLEET["hosts"][:3]}
    write(files, "tight.yaml", tight)
    command = [
        "check",
        str(files / "app.yaml"),
        "--fleet",
        str(files / "tight.yaml"),
        "--placement",
    ]
    assert main([*command, str(files / "other.json")]) == 4
    sentence = "A: survives: after the loss of any rack, all members of A find a place again (by 1)"
    assert sentence in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--level", "rak"],
            (
                "--level: unknown level 'rak' (did you mean 'rack'?); "
                "known: host, rack [unknown-level]"
            ),
        ),
        (["--group", "B"], "--group: unknown group 'B'"),
        ([], "2 have neither: A/0, A/1 [no-placement]"),
        (["--failures", "0"], "expected an integer from 1 to 64, found '0'"),
        (
            ["--placement", "none.json"],
            "expected a placement, found null: the result is infeasible [no-placement]",
        ),
    ],
)
def test_what_is_wrong_is_told(
    files: Path, options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write(files, "none.json", {"status": "infeasible"})
    arguments = [str(files / option) if option.endswith(".json") else option for option in options]
    assert asked(files, "app.yaml", "fleet.yaml", *arguments) == 2
    assert message in capsys.readouterr().err
