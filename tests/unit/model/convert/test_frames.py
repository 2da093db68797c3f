"""Fleets and results to and from pandas."""

from __future__ import annotations

import math
import sys
from random import Random
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsolver import BadInput, Fleet, Result
from tests.support.draws.applications import fleets


@given(st.integers(0, 2**40))
def test_a_fleet_comes_back_from_its_frame(seed: int) -> None:
    fleet = Fleet.model_validate(fleets(Random(seed)))
    frame = fleet.to_pandas()
    assert len(frame) == len(fleet.hosts)
    again = Fleet.from_pandas(frame, levels=fleet.levels, links=fleet.links, pools=fleet.pools)
    assert again == fleet


def test_a_frame_as_users_have_it_is_read() -> None:
    frame = pd.DataFrame(
        {
            "name": ["a", "b"],
            "rack": ["r1", None],
            "VCPU": np.array([8, 16]),
            "VCPU.used": [3.0, math.nan],
            "VCPU.allocation_ratio": [1.5, math.nan],
            "DISK_GB": [math.nan, 100],
            "traits": ["SSD, GPU", None],
            "enabled": np.array([True, False]),
            "x-note": ["old", None],
        }
    )
    fleet = Fleet.from_pandas(frame, levels=["rack"])
    assert fleet == Fleet.model_validate(
        {
            "levels": ["rack"],
            "hosts": [
                {
                    "name": "a",
                    "domains": {"rack": "r1"},
                    "inventory": {"VCPU": {"total": 8, "allocation_ratio": 1.5}},
                    "used": {"VCPU": 3},
                    "traits": ["SSD", "GPU"],
                    "x-note": "old",
                },
                {"name": "b", "inventory": {"VCPU": 16, "DISK_GB": 100}, "enabled": False},
            ],
        }
    )


def test_a_level_with_the_name_of_another_column_is_told_apart() -> None:
    document = {
        "levels": ["cost", "ROW"],
        "hosts": [{"name": "a", "domains": {"cost": "high", "ROW": "1"}}],
    }
    fleet = Fleet.model_validate(document)
    frame = fleet.to_pandas()
    assert list(frame.columns) == ["name", "domains.cost", "domains.ROW"]
    assert Fleet.from_pandas(frame, levels=fleet.levels) == fleet


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"nam": ["a"]}, "expected a column 'name'"),
        ({"name": ["a"], "trait": [[]]}, "'trait' means nothing .did you mean 'traits'"),
        ({"name": ["a"], "VCPU.use": [1]}, "'VCPU.use' means nothing"),
        ({"name": ["a"], "VCPU": [1.5]}, r"hosts\\[0\\].inventory.VCPU"),
        ({"name": ["a", "a"]}, "is named twice"),
        ({"name": ["a"], "VCPU": ["many"]}, r"hosts\\[0\\].inventory.VCPU"),
    ],
)
def test_what_a_frame_may_not_have_is_named(columns: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message.replace("\\\\", "\\")):
        Fleet.from_pandas(pd.DataFrame(columns))


def test_a_level_must_be_a_column_and_a_column_stand_once() -> None:
    with pytest.raises(BadInput, match="expected a column 'zone'"):
        Fleet.from_pandas(pd.DataFrame({"name": ["a"]}), levels=["zone"])
    twice = pd.DataFrame([["a", "b"]], columns=["name", "name"])
    with pytest.raises(BadInput, match="is there twice"):
        Fleet.from_pandas(twice)
    with pytest.raises(TypeError, match="expected a pandas DataFrame, got list"):
        Fleet.from_pandas([{"name": "a"}])


@given(
    st.lists(st.sampled_from(["name", "VCPU", "VCPU.used", "rack", "traits", "x"]), unique=True),
    st.lists(
        st.one_of(st.none(), st.integers(), st.floats(), st.text(), st.booleans()), min_size=1
    ),
)
def test_any_frame_is_read_or_refused(columns: list[str], values: list[Any]) -> None:
    frame = pd.DataFrame(dict.fromkeys(columns, values))
    try:
        fleet = Fleet.from_pandas(frame, levels=["rack"])
    except BadInput:
        return
    assert len(fleet.hosts) == len(values)


def test_without_pandas_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = Fleet.model_validate({"hosts": [{"name": "a"}]})
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"pip install 'groupsolver\[pandas\]'"):
        fleet.to_pandas()


def test_a_result_is_a_frame_of_its_members() -> None:
    fleet = Fleet.model_validate(
        {"levels": ["rack"], "hosts": [{"name": "a", "domains": {"rack": "r1"}}, {"name": "b"}]}
    )
    result = Result(status="optimal", placement={"A/0": "a", "A/1": "b"}, cells={"A/0": "0"})
    frame = result.to_pandas(fleet)
    assert list(frame.columns) == ["member", "host", "cell", "rack"]
    assert frame.to_dict("records") == [
        {"member": "A/0", "host": "a", "cell": "0", "rack": "r1"},
        {"member": "A/1", "host": "b", "cell": None, "rack": None},
    ]
    assert list(result.to_pandas().columns) == ["member", "host", "cell"]
    assert len(Result(status="unknown").to_pandas()) == 0
