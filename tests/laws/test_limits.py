"""A law of limits: every public call keeps them on drawn inputs, however large the amounts."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, note, settings
from hypothesis import strategies as st

from groupsolver import (
    Application,
    BadInput,
    Fleet,
    Limits,
    compile_fleet,
    explain,
    headroom,
    solve,
    solve_many,
    survives,
)
from tests.support.clock import processor_time, within  # noqa: F401 - a fixture
from tests.support.draws.applications import KINDS, dice, draws, wide_cases
from tests.support.minimal_documents import case_of

Doc = dict[str, Any]
every_kind = pytest.mark.parametrize("kind", KINDS)
pytestmark = pytest.mark.usefixtures("processor_time")


def multiplied(value: Any, factors: dict[str, int]) -> Any:
    """Multiply the amounts of resource classes anywhere in a document."""
    if isinstance(value, list):
        return [multiplied(one, factors) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: one * factors[key]
        if key in factors and isinstance(one, int)
        else multiplied(one, factors)
        for key, one in value.items()
    }


def large_case(rnd: Random, kind: str) -> tuple[Doc, Doc]:
    """A drawn case; often with more members, and hosts that hold up to 10^9 times as much.

    Sometimes members may be left out.
    """
    app, fleet = wide_cases(rnd, kind, soft=False)
    if rnd.random() < 0.5:
        factor = 10 ** rnd.randint(1, 9)
        fleet = multiplied(fleet, dict.fromkeys(("VCPU", "MEMORY_MB", "DISK_GB"), factor))
    if rnd.random() < 0.5:
        for group in app["groups"]:
            for members in group.get("members", []):
                if "id" not in members:
                    members["count"] = members.get("count", 1) * rnd.choice((1, 10, 100))
    if rnd.random() < 0.3:
        for group in app["groups"]:
            number = sum(members.get("count", 1) for members in group.get("members", []))
            group["at_least"] = rnd.randint(0, number)
    return app, fleet


@every_kind
@settings(draws(4), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_every_call_keeps_its_limit(kind: str, data: Any) -> None:
    rnd = data.draw(dice(kind, False))
    case = case_of(rnd, lambda rnd: large_case(rnd, kind))
    note(str(case))
    try:
        app = Application.model_validate(case[0])
        fleet = compile_fleet(Fleet.model_validate(case[1]))
        seconds = rnd.choice((0.0, 0.1, 0.5))
        limits = Limits(seconds=seconds, workers=1)
        result = within(seconds, lambda: solve(app, fleet, limits=limits))
    except (BadInput, ValueError):
        return
    event(result.status)
    within(seconds, lambda: explain(app, fleet, limits=limits))
    fresh = app.model_copy(update={"existing": ()})
    apps = {f"a{i}": fresh for i in range(rnd.choice((1, 3, 20)))}
    partial = rnd.random() < 0.7
    try:
        batch = within(seconds, lambda: solve_many(apps, fleet, partial=partial, limits=limits))
        event(f"batch {batch.status}")
    except BadInput:
        event("too many members for a batch")
    try:
        within(seconds, lambda: headroom(app, fleet, limits=limits))
        if result.placement is not None:
            given_ = result.placement
            within(seconds, lambda: survives(app, fleet, given_, limits=limits))
    except BadInput:
        return
