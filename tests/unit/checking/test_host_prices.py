"""What opening hosts costs, on small placements."""

from __future__ import annotations

from typing import Any

import pytest

from groupsolver import Application, BadInput, Fleet, check, solve
from groupsolver.checking.soft_cost import SoftCost, hosts_in_use
from groupsolver.model.compiled.compiled_fleet import compile_fleet
from groupsolver.model.fleet import Host
from groupsolver.store.mappers import host_to_text
from tests.support.small import group, host

Doc = dict[str, Any]


def app_of(*groups: Doc, price: int | None = 10, existing: tuple[Doc, ...] = ()) -> Application:
    document = {"groups": groups, "existing": existing, "host_price": price}
    return Application.model_validate(document)


def fleet_of(*hosts: Doc) -> Fleet:
    return Fleet.model_validate({"hosts": hosts})


def opening(app: Application, fleet: Fleet, placement: dict[str, str]) -> int:
    verdict = check(app, fleet, placement, objective="cost")
    assert verdict.objective == verdict.opening  # hosts cost nothing here
    return verdict.opening


def test_each_host_that_held_nothing_costs_the_price_and_its_own_cost_replaces_it() -> None:
    fleet = fleet_of(host("h0"), host("h1"), host("h2", opening_cost=3), host("h3", opening_cost=0))
    app = app_of(group("A", 4))
    assert opening(app, fleet, {f"A/{i}": "h0" for i in range(4)}) == 10
    # h0 at 10 once, h1 at 10, h2 at 3.
    assert opening(app, fleet, {"A/0": "h0", "A/1": "h0", "A/2": "h1", "A/3": "h2"}) == 23
    # h2 at 3, h3 at nothing.
    assert opening(app, fleet, {"A/0": "h2", "A/1": "h2", "A/2": "h3", "A/3": "h3"}) == 3


def test_a_host_that_holds_something_of_any_class_or_in_a_cell_costs_nothing() -> None:
    cell = {"inventory": {"MEMORY_MB": 4}, "used": {"MEMORY_MB": 1}}
    in_use = host("h0", used={"VCPU": 1})
    fleet = fleet_of(in_use, host("h1", used={"VCPU": 0}), host("h2", cells=[cell]))
    app = app_of(group("A", 1))
    assert opening(app, fleet, {"A/0": "h0"}) == 0
    assert opening(app, fleet, {"A/0": "h1"}) == 10
    assert opening(app, fleet, {"A/0": "h2"}) == 0


def test_a_host_with_a_running_member_costs_nothing_even_if_the_member_takes_nothing() -> None:
    running = ({"group": "A", "id": "old", "host": "h0"},)
    fleet = fleet_of(host("h0"), host("h1"))
    app = app_of(group("A", 1), existing=running)
    assert opening(app, fleet, {"A/0": "h0"}) == 0
    assert opening(app, fleet, {"A/0": "h1"}) == 10


def test_without_a_price_no_host_costs_anything_and_at_0_only_those_with_their_own() -> None:
    fleet = fleet_of(host("h0", opening_cost=7), host("h1"))
    assert opening(app_of(group("A", 1), price=None), fleet, {"A/0": "h0"}) == 0
    assert opening(app_of(group("A", 1), price=0), fleet, {"A/0": "h0"}) == 7
    assert opening(app_of(group("A", 1), price=0), fleet, {"A/0": "h1"}) == 0


@pytest.mark.parametrize(("price", "hosts"), [(None, 3), (1, 3), (2, 1)])
def test_hosts_are_opened_where_that_is_cheaper(price: int | None, hosts: int) -> None:
    # Three members on one host at cost 0, which is opened, or on hosts at -1 of one place each:
    # 0 + p against 3 x (p - 1), so one host from p = 2 on (2 against 3).
    fleet = fleet_of(host("big", 3), *(host(f"h{i}", 1, cost=-1) for i in range(3)))
    result = solve(app_of(group("A", 3), price=price), fleet, objective="cost")
    assert result.status == "optimal"
    assert result.placement is not None
    assert len(set(result.placement.values())) == hosts


@pytest.mark.parametrize("price", [-1, 1.5, "3", 2**63])
def test_a_price_is_an_amount(price: object) -> None:
    with pytest.raises(BadInput):
        Application(groups=[group("A", 1)], host_price=price)  # type: ignore[arg-type]
    with pytest.raises(BadInput):
        Host(name="h0", opening_cost=price)  # type: ignore[arg-type]


def test_an_opening_cost_of_0_is_kept_and_none_is_left_out() -> None:
    free = Host(name="h0", opening_cost=0)
    assert host_to_text(free) == '{"name":"h0","opening_cost":0}'
    assert free.document()["opening_cost"] == 0
    assert "opening_cost" not in Host(name="h0").document()


def test_what_opened_hosts_cost_is_compared_after_what_soft_policies_cost() -> None:
    fleet = fleet_of(host("h0"), host("h1"))
    app = app_of(group("A", 2))
    one = SoftCost.of(check(app, fleet, {"A/0": "h0", "A/1": "h0"}))
    two = SoftCost.of(check(app, fleet, {"A/0": "h0", "A/1": "h1"}))
    assert (one.opening, two.opening) == (10, 20)
    assert bool(one)
    assert one < two < SoftCost((), 1, 0)


def test_hosts_in_use_matter_where_opening_others_has_a_price() -> None:
    fleet = compile_fleet(fleet_of(host("h0", used={"VCPU": 1}), host("h1")))
    assert hosts_in_use(app_of(group("A", 2)), fleet) == {"h0"}
    assert hosts_in_use(app_of(group("A", 2), price=None), fleet) == frozenset()
