"""Turns of retries: one at a time, in a process and among processes, and nobody waits for ever."""

from __future__ import annotations

import time
from pathlib import Path

from groupsolver.store.database.engine import open_engine
from groupsolver.store.database.retry_turns import RetryTurns
from tests.support.drivers.databases import Postgres


def test_a_turn_is_one_at_a_time_within_a_process(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/a.db")
    retries = RetryTurns(engine)
    with retries.take(1) as first:
        with retries.take(0.05) as second:
            assert (first, second) == (True, False)
        with retries.take(-1) as late:  # no time is left
            assert not late
    with retries.take(1) as third:
        assert third
    engine.dispose()


def test_turns_come_one_at_a_time_and_nobody_waits_for_ever(postgres: Postgres) -> None:
    address = postgres.new()
    first, second = open_engine(address), open_engine(address)
    retries, elsewhere = RetryTurns(first), RetryTurns(second)
    with retries.take(5) as had:
        assert had
        start = time.monotonic()
        with elsewhere.take(0.1) as had_too:
            assert not had_too
        assert 0.05 < time.monotonic() - start < 20
    with elsewhere.take(1) as had_then:
        assert had_then
    with retries.take(1) as had_again:
        assert had_again
    postgres_is_gone = open_engine("postgresql:///none?host=/nowhere")
    with RetryTurns(postgres_is_gone).take(1) as without:
        assert not without
    for engine in (first, second, postgres_is_gone):
        engine.dispose()
