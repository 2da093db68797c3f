"""What one more empty host of each type brings."""

from __future__ import annotations

from groupsolver import Application, Fleet
from groupsolver.model.answers.headroom import MarginalHost
from groupsolver.solver.headroom.bulk import most_by_one_unit, place_in_bulk
from groupsolver.solver.headroom.marginal_hosts import marginal_hosts
from tests.support.headroom import demand_for
from tests.support.small import app, fleet, group, host


def priced(application: Application, made: Fleet) -> dict[str, MarginalHost]:
    demand = demand_for(application, made)
    bulk = place_in_bulk(demand, most_by_one_unit(demand), lambda: 60.0, 0.0, 0)
    found = marginal_hosts(demand, bulk, int(bulk.bound))
    assert found is not None
    return {one.like: one for one in found}


def test_one_more_host_brings_its_best_filling_at_the_prices_of_the_bound() -> None:
    # Members of 2: hosts of 5, used or not, bring two copies each, the host of 3 one.
    made = fleet(host("a", 5), host("b", 5, used={"VCPU": 4}), host("c", 3))
    found = priced(app(group("A", 1, vcpu=2)), made)
    assert {like: (one.hosts, one.rate, one.bound) for like, one in found.items()} == {
        "a": (2, 2.0, 2),
        "c": (1, 1.0, 1),
    }
    assert found["a"].sentence == "one more empty host like a (5 VCPU) brings up to 2.00 copies"


def test_what_brings_most_comes_first() -> None:
    made = fleet(host("a", 1), host("b", 9), host("c", 5))
    found = priced(app(group("A", 1, vcpu=2)), made)
    assert [(like, one.rate) for like, one in found.items()] == [("b", 4.0), ("c", 2.0), ("a", 0.0)]
    assert found["a"].sentence.endswith("brings none")


def test_a_host_that_rules_refuse_brings_nothing() -> None:
    needs = {"kind": "host-capabilities", "required": ["CUSTOM_FAST"]}
    made = fleet(host("a", 4, traits=["CUSTOM_FAST"]), host("b", 9))
    found = priced(app(group("A", 1, needs, vcpu=2)), made)
    assert {like: one.rate for like, one in found.items()} == {"a": 2.0, "b": 0.0}


def test_hosts_with_other_cells_or_traits_are_other_types() -> None:
    cells = [{"inventory": {"VCPU": 4}}, {"inventory": {"VCPU": 1}}]
    made = fleet(
        host("a", 5),
        {"name": "b", "cells": cells},
        host("c", 5, traits=["CUSTOM_FAST"]),
        host("d", 5),
    )
    found = priced(app(group("A", 1, vcpu=2)), made)
    # In cells of 4 and 1 VCPU two members of 2 fit, as on hosts of 5.
    assert {like: (one.hosts, one.rate) for like, one in found.items()} == {
        "a": (2, 2.0),
        "b": (1, 2.0),
        "c": (1, 2.0),
    }
