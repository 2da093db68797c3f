"""Hypothesis profiles: `ci` repeats the same draws each time, `slow` draws ten times as many.

`brief` draws a third of `ci`, where a law is run only to show that it can be.
`shrink` draws as many as `slow`, each choice by itself, so that Hypothesis can shrink them
(see `tests/support/draws/applications.py`).
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

from tests.support.drivers.api_driver import admin, member, world
from tests.support.drivers.databases import database, new_database, postgres, sqlite_made, store
from tests.support.interrupts import interruptible

__all__ = [
    "admin",
    "database",
    "interruptible",
    "member",
    "new_database",
    "postgres",
    "sqlite_made",
    "store",
    "world",
]

_QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
settings.register_profile(
    "ci", derandomize=True, deadline=None, max_examples=30, suppress_health_check=_QUIET
)
settings.register_profile("brief", parent=settings.get_profile("ci"), max_examples=10)
settings.register_profile("slow", deadline=None, max_examples=300, suppress_health_check=_QUIET)
settings.register_profile("shrink", parent=settings.get_profile("slow"))
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
