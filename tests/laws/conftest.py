"""A law that fails prints the smallest application and fleet that still break it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from typing import Any

import pytest
import yaml

from tests.support.minimal_documents import Recorded, fails_with, minimal, recording, redrawn


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
    """Return the law without Hypothesis around it: what it draws first is its generator."""
    wanted = item._fixtureinfo.argnames
    arguments = {name: item.funcargs[name] for name in wanted}
    hypothesis = getattr(item.obj, "hypothesis", None)
    if hypothesis is None:
        return partial(item.obj, **arguments)
    return partial(hypothesis.inner_test, **arguments, data=_FixedData())


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


class _FixedData:
    """Stands for Hypothesis' data: what a law draws first is its generator, set by `case_of`."""

    def draw(self, strategy: Any) -> Any:
        return Random(0)
