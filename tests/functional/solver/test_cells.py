"""Placing members into NUMA cells, the checker on given cells, and what people see of it."""

from __future__ import annotations

from importlib import import_module
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest

from groupsolver import Application, BadInput, Fleet, Limits, Result, check, compile_fleet, solve
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.picture import picture
from groupsolver.solver.exact.cp_sat import build_model
from groupsolver.solver.presolve.eligibility import find_eligibility
from tests.laws.test_cut import nothing_at_first

Doc = dict[str, Any]
ONE = Limits(workers=1)
pipeline = import_module("groupsolver.solver.pipeline")


def host(name: str, *vcpus: int, **more: Any) -> Doc:
    """A host of cells with so many VCPU free."""
    return {"name": name, "cells": [{"inventory": {"VCPU": n}} for n in vcpus], **more}


def app(
    *vcpus: int, policies: list[Any] | None = None, existing: list[Doc] | None = None
) -> Application:
    members = [{"resources": {"VCPU": n}} for n in vcpus]
    group = {"name": "A", "members": members, "policies": policies or []}
    return Application.model_validate({"groups": [group], "existing": existing or []})


def fleet(*hosts: Doc) -> Fleet:
    return Fleet.model_validate({"hosts": hosts})


def test_members_that_fit_a_host_but_not_its_cells_go_elsewhere() -> None:
    # Two cells have 6 VCPU free each. A cell takes one member of 5 and has 1 left, so a third one
    # of 5 goes to the other host, and one of 2 has no cell, though the host has 12 - 10 = 2 free.
    there = fleet(host("numa", 6, 6), {"name": "plain", "inventory": {"VCPU": 12}})
    result = solve(app(5, 5, 5), there, limits=ONE)
    assert result.placement is not None
    assert result.status == "optimal"
    assert sorted(result.placement.values()).count("numa") <= 2
    alone = solve(app(5, 5, 2), fleet(host("numa", 6, 6)), limits=ONE)
    assert alone.status == "infeasible"
    assert solve(app(5, 5, 1), fleet(host("numa", 6, 6)), limits=ONE).status == "optimal"


@pytest.mark.parametrize("searched", [False, True])
def test_the_answer_has_the_cell_of_each_member(searched: bool) -> None:
    # 3 + 2 + 2 fills a cell of 7, twice: the only way.
    there = fleet(host("numa", 7, 7))
    with patch.object(pipeline, "construct", nothing_at_first if searched else pipeline.construct):
        result = solve(app(3, 3, 2, 2, 2, 2), there, limits=ONE)
    assert result.status == "optimal"
    inside = [
        sorted(
            n
            for n, id_ in zip((3, 3, 2, 2, 2, 2), result.cells, strict=True)
            if result.cells[id_] == c
        )
        for c in "01"
    ]
    assert inside == [[2, 2, 3], [2, 2, 3]]
    assert Result.model_validate(result.document()) == result


def test_hosts_without_cells_have_none_in_the_answer() -> None:
    result = solve(app(1), fleet({"name": "p", "inventory": {"VCPU": 2}}), limits=ONE)
    assert result.document()["cells"] == {}
    assert (
        solve(app(3), fleet({"name": "p", "inventory": {"VCPU": 2}}), limits=ONE).document()[
            "cells"
        ]
        == {}
    )


def test_the_model_of_a_host_whose_cells_cannot_bind_has_no_variables_for_them() -> None:
    def inside(*vcpus: int) -> int:
        compiled_fleet = compile_fleet(fleet(host("numa", *vcpus)))
        compiled = CompiledProblem(Problem(app(3, 2), compiled_fleet.index), compiled_fleet)
        return len(
            build_model(compiled, find_eligibility(compiled, "pack"), [np.array([0])] * 2).inside
        )

    assert inside(5, 4) == 0  # the first takes both
    assert inside(4, 4) == 2
    assert inside(4, 2) == 2


def messages(
    placement: dict[str, str], cells: dict[str, str] | None, *vcpus: int, there: Fleet | None = None
) -> list[str]:
    verdict = check(app(*vcpus), there or fleet(host("numa", 4, 4)), placement, cells=cells)
    return [f"{violation.policy}: {violation.sentence}" for violation in verdict.violations]


BOTH = {"A/0": "numa", "A/1": "numa"}


def test_the_checker_holds_given_cells_against_their_capacity() -> None:
    assert messages(BOTH, {"A/0": "0", "A/1": "1"}, 3, 3) == []
    assert messages(BOTH, {"A/0": "0", "A/1": "0"}, 3, 3) == [
        "capacity: cell 0 of numa has 4 VCPU free; its new members take 6"
    ]
    assert messages(BOTH, {"A/0": "0"}, 3, 3) == [
        "capacity: A/1, which is on numa, is put into none of its cells"
    ]
    assert messages(BOTH, {"A/0": "0", "A/1": "x"}, 3, 3) == [
        "capacity: A/1, which is on numa, is put into 'x', which it has not"
    ]
    small = fleet(
        {"name": "numa", "cells": [{"inventory": {"VCPU": {"total": 4, "max_unit": 2}}}, {}]}
    )
    assert messages({"A/0": "numa"}, {"A/0": "0"}, 3, there=small) == [
        "capacity: cell 0 of numa gives a member at most 2 VCPU; A/0 takes 3"
    ]
    assert messages({"A/0": "numa"}, {"A/0": "1"}, 1, there=small) == [
        "capacity: cell 1 of numa has 0 VCPU free; its new members take 1"
    ]
    with pytest.raises(BadInput, match=r"cells\.B/0: unknown member 'B/0'"):
        messages(BOTH, {"A/0": "0", "A/1": "1", "B/0": "0"}, 3, 3)


def test_where_cells_are_not_given_the_checker_looks_for_a_way() -> None:
    assert messages(BOTH, None, 3, 3) == []
    assert messages(BOTH, None, 5, 1) == ["capacity: no cell of numa has what A/0 takes"]
    four = {f"A/{i}": "numa" for i in range(4)}
    assert messages(four, None, 3, 3, 1, 1) == []
    assert messages({f"A/{i}": "numa" for i in range(3)}, None, 3, 3, 2) == [
        "capacity: the cells of numa cannot hold its new members, each in one"
    ]


def test_a_way_that_is_not_found_in_time_is_no_way_and_said_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("groupsolver.model.compiled.numa_packing.STEPS", 2)
    there = fleet(host("numa", 7, 7))
    found = messages({f"A/{i}": "numa" for i in range(6)}, None, 3, 3, 2, 2, 2, 2, there=there)
    assert found == ["capacity: no way was found to put the new members of numa into its cells"]
    # The model knows the way, and tells it: the answer needs no search for one.
    with patch.object(pipeline, "construct", nothing_at_first):
        assert solve(app(3, 3, 2, 2, 2, 2), there, limits=ONE).status == "optimal"


def test_policies_look_at_hosts_with_their_cells() -> None:
    minimum = {"kind": "host-capabilities", "minimum": {"VCPU": 8}}
    assert (
        solve(app(1, policies=[minimum]), fleet(host("numa", 4, 4)), limits=ONE).status == "optimal"
    )
    assert (
        solve(app(1, policies=[minimum]), fleet(host("numa", 4, 3)), limits=ONE).status
        == "infeasible"
    )
    busy = host("numa", 4, 4)
    busy["cells"][1]["used"] = {"VCPU": 1}
    result = solve(app(1, policies=["exclusive"]), fleet(busy), limits=ONE)
    assert result.status == "infeasible"
    own = [{"group": "A", "id": "old", "host": "numa", "cell": "1", "resources": {"VCPU": 1}}]
    assert (
        solve(app(1, policies=["exclusive"], existing=own), fleet(busy), limits=ONE).status
        == "optimal"
    )
    busy["cells"][1]["used"] = {"VCPU": 2}  # one of them is somebody else's
    assert (
        solve(app(1, policies=["exclusive"], existing=own), fleet(busy), limits=ONE).objective
        == 750
    )
    found = check(app(1, policies=["exclusive"]), fleet(busy), {"A/0": "numa"}).violations
    assert [violation.policy for violation in found] == ["exclusive"]
    # The host is shared already, so that another's member makes it no worse.
    groups = [
        {"name": "A", "policies": ["exclusive"]},
        {"name": "B", "members": [{"resources": {"VCPU": 1}}]},
    ]
    other = Application.model_validate({"groups": groups, "existing": own})
    assert solve(other, fleet(busy), limits=ONE).status == "optimal"
    together = solve(
        app(3, 3, policies=["affinity"]), fleet(host("small", 4, 2), host("numa", 3, 3)), limits=ONE
    )
    assert set((together.placement or {}).values()) == {"numa"}


def test_disabled_hosts_are_named_where_a_cell_could_have_taken_a_member() -> None:
    there = fleet(
        host("off", 4, 4, enabled=False), host("small", 2, 2, 2, enabled=False), host("on", 1)
    )
    (warning,) = solve(app(3), there, limits=ONE, explain=False).warnings
    assert warning == "disabled hosts that could have taken members: off"


def test_a_running_member_may_say_its_cell_if_the_host_has_it() -> None:
    there = [{"group": "A", "id": "old", "host": "numa", "cell": "1"}]
    assert solve(app(1, existing=there), fleet(host("numa", 4, 4)), limits=ONE).status == "optimal"
    with pytest.raises(
        BadInput, match=r"existing\[0\]\.cell: host 'numa' has no cell '1'"
    ) as caught:
        solve(app(1, existing=there), fleet(host("numa", 4)), limits=ONE)
    assert [fault.code for fault in caught.value.faults] == ["unknown-cell"]


def test_a_picture_shows_a_host_with_its_cells_taken_together_and_tells_of_each() -> None:
    there = fleet(host("numa", 6, 4))
    result = solve(app(5, 2), there, limits=ONE)
    page = picture(app(5, 2), there, result).replace("\xa0", " ")
    # 5 of 6 and 2 of 4: 83 % and 50 %, and 7 of 10 in all.
    assert "numa: VCPU 0 % → 70 %" in page
    assert "cell 0: VCPU 0 % → 83 %" in page
    assert "cell 1: VCPU 0 % → 50 %" in page
    assert "A/0 (cell 0) and A/1 (cell 1)" in page
