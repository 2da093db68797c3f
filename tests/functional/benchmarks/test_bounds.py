"""The benchmark of bounds: each method bounds a small batch from below."""

from __future__ import annotations

import pytest

from benchmarks.bounds import METHODS, bounded, main
from benchmarks.support.planted_batches import planted_batch
from groupsolver import check


@pytest.mark.parametrize("method", METHODS)
def test_every_method_stays_below_the_planted_placement(method: str) -> None:
    batch = planted_batch(hosts=50, members=96, groups=15)
    planted = check(batch.application, batch.compiled, batch.placement, objective="pack").objective
    bound, _ = bounded(batch, method, 5.0)
    assert 0 < bound <= planted


def test_the_table_has_a_row_a_method(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--size", "S", "--time-limit", "2", "--methods", "ascent", "glop"])
    rows = capsys.readouterr().out.splitlines()
    assert [row.split()[0] for row in rows[-2:]] == ["ascent", "glop"]
