"""Capacity of hosts and cells in a model, against sums and against every way into cells."""

from __future__ import annotations

from typing import Any

from groupsolver import Fleet
from groupsolver.constraints.cp_model.model_builder import ModelBuilder
from groupsolver.solver.exact.capacity import post_capacity
from tests.support.oracle.cells import some_way
from tests.support.small import app, fleet, group, host
from tests.support.small_models import allowed, assignments, bare_builder, compiled_problem

TWO_SIZES = app(group("big", 1, vcpu=3), group("small", 2, vcpu=1))


def posted(application: Any, hosts: Fleet) -> ModelBuilder:
    builder = bare_builder(compiled_problem(application, hosts))
    post_capacity(builder)
    return builder


def test_no_host_gives_more_than_is_free() -> None:
    # h0 has 4 - 1 = 3 VCPU free, h1 has 2: big on h0 fills it, so both small ones are on h1.
    builder = posted(TWO_SIZES, fleet(host("h0", 4, used={"VCPU": 1}), host("h1", 2)))
    assert allowed(builder) == {((1, 0), (0, 2))}


def test_exactly_the_assignments_within_capacity_are_allowed() -> None:
    builder = posted(TWO_SIZES, fleet(host("h0", 4), host("h1", 3)))
    within = {
        (big, small)
        for big, small in assignments(builder)
        if 3 * big[0] + small[0] <= 4 and 3 * big[1] + small[1] <= 3
    }
    # On h0 big leaves room for one small member, or none; on h1 for none, so both are on h0.
    assert len(within) == 3
    assert allowed(builder) == within


def test_a_host_that_holds_all_that_may_come_has_no_row() -> None:
    # 3 + 2 * 1 = 5 VCPU at most: the host of 5 needs no constraint, the host of 4 needs one.
    without = bare_builder(compiled_problem(TWO_SIZES, fleet(host("h0", 5), host("h1", 4))))
    before = len(without.model.proto.constraints)
    post_capacity(without)
    assert len(without.model.proto.constraints) == before + 1


def numa(*vcpus: Any) -> dict[str, Any]:
    return {"name": "numa", "cells": [{"inventory": {"VCPU": amount}} for amount in vcpus]}


def ways_into_cells(builder: ModelBuilder, document: dict[str, Any]) -> set[Any]:
    """Return the assignments for which every way into the cells of the first host was tried."""
    sizes = [dict(member_class.size) for member_class in builder.compiled.member_classes]
    found = set()
    for counts in assignments(builder):
        here = [size for size, on in zip(sizes, counts, strict=True) for _ in range(on[0])]
        if some_way(document, here):
            found.add(counts)
    return found


def test_each_member_takes_all_it_needs_from_one_cell() -> None:
    # Two cells of 4 VCPU: 3 + 3 go in, and 3 + 2 + 2; 3 + 3 + 2 = 8 do not, though the host has 8.
    document = numa(4, 4)
    application = app(group("three", 3, vcpu=3), group("two", 2, vcpu=2))
    builder = posted(application, fleet(document, host("plain", 99)))
    ways = ways_into_cells(builder, document)
    assert allowed(builder) == ways
    assert {(three[0], two[0]) for three, two in ways} == {
        *((0, number) for number in range(3)),
        *((1, number) for number in range(3)),
        (2, 0),
    }


def test_the_most_that_a_member_may_take_of_a_cell_is_kept() -> None:
    # The second cell has 4 VCPU, of which one member takes at most 2: a member of 3 has the first.
    document = numa(4, {"total": 4, "max_unit": 2})
    application = app(group("three", 2, vcpu=3), group("two", 2, vcpu=2))
    builder = posted(application, fleet(document, host("plain", 99)))
    ways = ways_into_cells(builder, document)
    assert allowed(builder) == ways
    assert max(on_numa[0] for on_numa, _ in ways) == 1


def test_cells_have_no_variables_where_one_cell_takes_everything() -> None:
    # 3 + 2 * 1 = 5: a cell of 5 takes all, whatever the other has. With 4 and 4 they compete.
    assert posted(TWO_SIZES, fleet(numa(5, 1), host("plain", 99))).inside == {}
    assert posted(TWO_SIZES, fleet(numa(4, 4), host("plain", 99))).inside.keys() == {(0, 0), (1, 0)}
