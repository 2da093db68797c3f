"""The garbage collector pauses while a document becomes values, and then goes on."""

from __future__ import annotations

import gc

import pytest

from groupsolver.files.gc_pause import pause_gc


def test_the_collector_goes_on_afterwards_also_after_an_error() -> None:
    during: list[bool] = []

    def fail() -> None:
        with pause_gc():
            during.append(gc.isenabled())
            raise ZeroDivisionError

    assert gc.isenabled()
    with pytest.raises(ZeroDivisionError):
        fail()
    assert during == [False]
    assert gc.isenabled()


def test_a_collector_that_is_disabled_stays_disabled() -> None:
    gc.disable()
    try:
        with pause_gc(), pause_gc():
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()
