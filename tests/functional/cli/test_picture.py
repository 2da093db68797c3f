"""``--picture``: a file that is written whole, or not at all."""

from __future__ import annotations

import html
import json
from pathlib import Path

import pytest

from groupsolver.cli.main import main
from tests.support.drivers.cli_files import place, prepared

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    return prepared(tmp_path)


def test_the_picture_is_written_whole(files: Path, capsys: Captured) -> None:
    target = files / "out.html"
    target.write_text("old")
    with target.open() as old:
        assert place(files, "app.yaml", "--picture", str(target)) == 0
        assert old.read() == "old"  # replaced, not written over: nobody ever reads half a picture
    assert target.read_text(encoding="utf-8").lower().startswith("<!doctype html>")
    assert {path.name for path in files.iterdir()} == {
        "app.yaml",
        "fleet.yaml",
        "many.json",
        "out.html",
    }


def test_a_picture_that_fails_in_the_end_leaves_the_answer_and_the_old_picture(
    files: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    target = files / "out.html"
    target.write_text("old")
    monkeypatch.setattr("os.fsync", full)
    assert place(files, "app.yaml", "--picture", str(target)) == 2
    out, err = capsys.readouterr()
    assert "2 members placed" in out
    assert (
        err == f"{target}: the file cannot be written: No space left on device [unwritable-file]\n"
    )
    assert target.read_text() == "old"
    assert len(list(files.iterdir())) == 4


@pytest.mark.parametrize(
    "target", ["nowhere/out.html", ".", "app.yaml", "fleet.yaml", "\0", "/dev/null"]
)
def test_a_picture_that_cannot_be_written_ends_before_the_solve(
    target: str, files: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("groupsolver.solver.pipeline.solve", lambda *_, **__: pytest.fail("solved"))
    before = {path.name: path.read_bytes() for path in files.iterdir()}
    assert place(files, "app.yaml", "--picture", str(files / target)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "the file cannot be written: " in err
    assert len(err.splitlines()) == 1
    assert {path.name: path.read_bytes() for path in files.iterdir()} == before


def test_an_infeasible_answer_is_drawn_with_its_conflict(files: Path, capsys: Captured) -> None:
    target = files / "out.html"
    assert place(files, "many.json", "--picture", str(target)) == 1
    text = target.read_text(encoding="utf-8")
    assert "3 new members of [bold]LB are placed" in text
    assert "no host holds more than 1 member of [bold]LB" in text
    assert '<section class="conflict"' in text
    assert "Cheapest changes" in text


def test_an_explanation_is_drawn_too(files: Path, capsys: Captured) -> None:
    target = files / "out.html"
    options = ["--fleet", str(files / "fleet.yaml"), "--picture", str(target)]
    explain = ["explain", str(files / "many.json"), *options]
    assert main([*explain, "--output", "json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    text = target.read_text(encoding="utf-8")
    sentences = [rule["sentence"] for rule in answer["conflict"]["policies"]]
    assert sentences
    for sentence in sentences:
        rule, _, _ = sentence.partition("; ")
        assert html.escape(rule) in text
    assert html.escape(answer["conflict"]["fixes"][0]["change"]) in text
    assert answer["never"] is not None
    assert "mpty" in text  # whether it would fit an empty fleet
    # As a table, the answer says the same as without a picture.
    assert main([*explain, "--workers", "1"]) == 0
    assert "Cannot place" in capsys.readouterr().out


def test_an_explanation_of_what_can_be_placed_draws_the_placement(
    files: Path, capsys: Captured
) -> None:
    target = files / "out.html"
    options = ["--fleet", str(files / "fleet.yaml"), "--picture", str(target)]
    assert main(["explain", str(files / "app.yaml"), *options]) == 0
    text = target.read_text(encoding="utf-8")
    assert "placed, proved optimal" in text
    assert '<section class="conflict"' not in text


def test_the_picture_of_an_explanation_that_cannot_be_written_ends_before_the_solve(
    files: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "groupsolver.solver.pipeline.explain", lambda *_, **__: pytest.fail("solved")
    )
    options = ["--fleet", str(files / "fleet.yaml"), "--picture", str(files / "fleet.yaml")]
    assert main(["explain", str(files / "app.yaml"), *options]) == 2
    assert "the file cannot be written: " in capsys.readouterr().err
