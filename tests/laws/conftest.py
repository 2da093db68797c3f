"""A law that fails prints the smallest application and fleet that still break it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from random import Random
from typing import Any

import pytest
import yaml

from tests.support.minimal_documents import fails_with, minimal, recording


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Function) -> Iterator[None]:
    """Run a law; where it fails on drawn documents, add the minimal ones to its report."""
    with recording() as recorded:
        try:
            return (yield)
        except AssertionError:
            inner = getattr(getattr(item.obj, "hypothesis", None), "inner_test", None)
            if inner is not None and recorded:
                item.add_report_section("call", "minimal documents", shrunk(item, inner, recorded))
            raise


def shrunk(item: pytest.Function, inner: Any, recorded: list[tuple[Any, Any]]) -> str:
    """Return the smallest documents on which a law fails, as YAML."""
    arguments: dict[str, Any] = dict(item.callspec.params) if hasattr(item, "callspec") else {}
    data = _FixedData()
    law = partial(inner, **arguments, data=data)
    for case, state in reversed(recorded):
        if fails_with(case, state, law):
            app, fleet = minimal(case, partial(fails_with, state=state, law=law))
            return yaml.safe_dump({"application": app, "fleet": fleet}, sort_keys=False)
    return "not found again: the law does not draw its case by `case_of`"


class _FixedData:
    """Stands for Hypothesis' data: what a law draws first is its generator, set by `case_of`."""

    def draw(self, strategy: Any) -> Any:
        return Random(0)
