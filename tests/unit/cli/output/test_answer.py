"""An answer as a table, as JSON or as YAML."""

from __future__ import annotations

import pytest

from groupsolver.cli.output.answer import write_answer


@pytest.mark.parametrize(
    ("output", "text"),
    [("table", "a line\n"), ("json", '{\n  "a": 1\n}\n'), ("yaml", "a: 1\n")],
)
def test_an_answer_has_the_form_that_was_asked_for(
    output: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_answer(output, {"a": 1}, lambda: [("a line", "")])
    assert capsys.readouterr().out == text
