"""Processes that place at once: no host over capacity, no policy broken, every refusal justified.

``GROUPSOLVER_RACE`` says how many applications race; the full size is 400.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from benchmarks.races import race
from tests.support.drivers.databases import Postgres

pytestmark = pytest.mark.integration
SIZE = int(os.environ.get("GROUPSOLVER_RACE", "64"))


def judged(outcome: dict[str, Any]) -> None:
    assert outcome["wrong"] == []
    assert outcome["unjustified"] == 0
    assert outcome["others"] == {}
    assert outcome["given_up"] == 0  # asking again is worth it, a bounded number of times
    assert outcome["placed"] + outcome["infeasible"] == SIZE
    assert outcome["placed"] >= 0.9 * SIZE  # the room is just enough


def test_eight_processes_race_for_one_fleet_on_postgresql(postgres: Postgres) -> None:
    judged(race(postgres.new(), 8, SIZE))


def test_four_processes_race_for_one_fleet_on_sqlite(tmp_path: Path, sqlite_made: Path) -> None:
    shutil.copy(sqlite_made, tmp_path / "race.db")
    judged(race(f"sqlite:///{tmp_path / 'race.db'}", 4, SIZE))


def test_soft_policies_cost_hardly_more_after_eight_processes_than_after_one(
    postgres: Postgres,
) -> None:
    alone = race(postgres.new(), 1, SIZE)
    eight = race(postgres.new(), 8, SIZE)
    assert 0 < eight["soft_cost"] <= 1.1 * alone["soft_cost"]


def test_more_applications_than_room_are_refused_and_the_refusals_are_true(
    postgres: Postgres,
) -> None:
    outcome = race(postgres.new(), 4, 32, slack=-0.4)
    assert (outcome["wrong"], outcome["unjustified"], outcome["others"], outcome["given_up"]) == (
        [],
        0,
        {},
        0,
    )
    assert outcome["infeasible"] >= 3
