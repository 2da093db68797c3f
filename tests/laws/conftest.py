"""A law that fails prints the smallest application and fleet that still break it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial, wraps
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import strategies as st

from tests.support.minimal_documents import (
    Recorded,
    begin_again,
    fails_with,
    minimal,
    recording,
    redrawn,
)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Function) -> Iterator[None]:
    """Run a law; where it fails on drawn documents, add the minimal ones to its report."""
    with recording() as recorded:
        try:
            return (yield)
        except Exception as error:
            if recorded:
                report = shrunk(law_of(item), recorded, kinds_of(error))
                item.add_report_section("call", "minimal documents", report)
            raise


def law_of(item: pytest.Function) -> Callable[[], None]:
    """Return the law with its arguments, and with one draw if Hypothesis runs it."""
    wanted = item._fixtureinfo.argnames
    arguments = {name: item.funcargs[name] for name in wanted}
    law = item.obj
    if hasattr(law, "hypothesis"):
        law = of_one_draw(law.hypothesis.inner_test)
    return partial(law, **arguments)


def of_one_draw(inner: Callable[..., None]) -> Callable[..., None]:
    """Return a law that Hypothesis runs on one draw, and once more where that fails."""

    @wraps(inner)
    def run(*arguments: Any, **named: Any) -> None:
        begin_again()
        inner(*arguments, **named)

    once = settings(
        max_examples=1,
        database=None,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )
    return once(given(data=st.data())(run))


def kinds_of(error: Exception) -> tuple[type[Exception], ...]:
    """Return the types of an error, or of the errors in a group of them."""
    if isinstance(error, ExceptionGroup):
        return tuple(type(one) for one in error.exceptions)
    return (type(error),)


def shrunk(
    law: Callable[[], None], recorded: Recorded, failures: tuple[type[Exception], ...]
) -> str:
    """Return the smallest documents on which a law fails, as YAML."""
    for draw, before in reversed(recorded):
        case, state = redrawn(draw, before)
        fails = partial(fails_with, state=state, law=law, failures=failures)
        if fails(case):
            app, fleet = minimal(case, fails)
            return yaml.safe_dump({"application": app, "fleet": fleet}, sort_keys=False)
    return "not found again: the law does not draw its case by `case_of`"
