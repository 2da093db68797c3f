"""The benchmark of the server runs, and the server's memory stays what it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.serving import main

pytestmark = pytest.mark.integration


def test_memory_does_not_grow_with_the_requests(tmp_path: Path) -> None:
    out = tmp_path / "serving.json"
    assert main(["--share", "10", "--hosts", "500", "--out", str(out)]) == 0
    facts = json.loads(out.read_text())
    assert facts["requests"] >= 2000
    # 1,600 requests lie between the two: a single object kept of each would be a MB or more.
    assert facts["memory at the end, MB"] < facts["memory after a fifth, MB"] + 4
