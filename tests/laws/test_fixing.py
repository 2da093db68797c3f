"""The encoding at a given placement: what it allows and what it costs, against the checker."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from ortools.sat.python import cp_model

from groupsolver.checking.check import judge
from groupsolver.constraints.cp_model.model_builder import ModelBuilder
from tests.laws.test_laws import OBJECTIVES, drawn, every_policy
from tests.laws.test_reduction import Wide, least

Placement = dict[str, str]


def priced(case: Wide, builder: ModelBuilder, placement: Placement) -> int | None:
    """The model's least objective at a placement, None where it does not allow it."""
    fleet = case.compiled.fleet
    model = builder.model.clone()
    for member_class, rows, variables in zip(
        case.compiled.member_classes, case.every, builder.placed, strict=True
    ):
        count_on = Counter(fleet.rows[placement[id_]] for id_ in member_class.ids)
        if set(count_on) - set(rows.tolist()):
            return None  # a host that takes none of them is no candidate
        for row, var in zip(rows.tolist(), variables, strict=True):
            model.add(model.get_int_var_from_proto_index(var.index) == count_on[row])
    return least(model)


def allowed_placements(case: Wide, builder: ModelBuilder) -> list[Placement]:
    """A placement that the model allows, if there is one."""
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    if solver.solve(builder.model) != cp_model.OPTIMAL:
        return []
    names = case.compiled.fleet.names
    placement: Placement = {}
    for member_class, rows, variables in zip(
        case.compiled.member_classes, case.every, builder.placed, strict=True
    ):
        hosts: list[str] = []
        for row, var in zip(rows.tolist(), variables, strict=True):
            hosts += [names[row]] * solver.value(var)
        placement |= dict(zip(member_class.ids, hosts, strict=True))
    return [placement]


def moved(placement: Placement, hosts: list[str], rnd: Random) -> Placement:
    """The same with one member on another host."""
    return placement | {rnd.choice(list(placement)): rnd.choice(hosts)}


@every_policy
@given(data=st.data())
def test_the_model_allows_a_placement_just_where_the_checker_is_silent_and_prices_it_alike(
    kind: str, soft: bool, data: Any
) -> None:
    case, rnd = drawn(kind, soft, data)
    wide = Wide(case, rnd.choice(OBJECTIVES))
    problem = wide.compiled.problem
    hosts = wide.compiled.fleet.names
    if not problem.new_members:
        return
    builder = wide.encoded()
    tried = allowed_placements(wide, builder)
    for _ in range(5 - 3 * len(tried)):
        tried.append({member.id: rnd.choice(hosts) for member in problem.new_members})
    for _ in range(3):
        tried.append(moved(rnd.choice(tried), hosts, rnd))
    for placement in tried:
        verdict = judge(problem, placement, wide.eligibility.objective)
        expected = None if verdict.violations else verdict.objective
        assert priced(wide, builder, placement) == expected
