"""The benchmark of growth: its exponents are those of the curves, and it runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.bulk import Outcome
from benchmarks.growth import Point, fit, main, plot, point_of


def point(size: int, seconds: float | None, axis: str = "hosts") -> Point:
    return Point("solve", axis, size, seconds, seconds, 10.0, 1, 1)


def test_an_exponent_is_that_of_the_curve() -> None:
    # 3 x^2: 3 at 1, 300 at 10, 30,000 at 100.
    found = fit([point(1, 3.0), point(10, 300.0), point(100, 30_000.0)], "whole")
    assert found is not None
    assert found.exponent == pytest.approx(2.0)
    assert found.factor == pytest.approx(3.0)
    assert found(20) == pytest.approx(1200.0)


def test_small_sizes_do_not_count() -> None:
    # A second in any case, and a ten-thousandth of the square.
    points = [point(size, 1 + size**2 / 10_000) for size in (1, 3, 1_000, 3_000)]
    found = fit(points, "whole")
    assert found is not None
    assert found.exponent == pytest.approx(2.0, abs=0.01)


def test_a_curve_needs_two_sizes() -> None:
    assert fit([point(1, 3.0), point(1, 4.0), point(10, None)], "whole") is None


def test_memory_is_that_of_the_method_and_of_its_processes() -> None:
    outcome = Outcome("solve", 1, "whole", drawn_mb=100.0, peak_mb=150.0, child_mb=20.0)
    assert point_of("hosts", 5, outcome).memory == 70.0


def test_a_plot_has_a_panel_for_each_axis_and_figure(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / "growth.svg"
    points = [point(n, n / 10, axis) for axis in ("hosts", "members") for n in (10, 100)]
    plot([*points, point(1000, None)], path)
    assert path.read_text().count('id="axes_') == 6


def test_the_command_measures_and_writes_its_figures(tmp_path: Path) -> None:
    figures = tmp_path / "growth.json"
    argv = ["--axis", "members", "--members", "200", "400", "--only", "filter-and-weigh"]
    assert main([*argv, "--time-limit", "0.05", "--json", str(figures)]) == 0
    document = json.loads(figures.read_text())
    assert [one["size"] for one in document["points"]] == [200, 400]
    (found,) = document["exponents"]
    assert (found["axis"], found["method"]) == ("members", "filter-and-weigh")
    assert isinstance(found["first"], float)
