"""The model that chooses which members are placed."""

from __future__ import annotations

from groupsolver import Application, Fleet
from groupsolver.solver.optional_members.relaxed_problem import relax_for_any_size
from groupsolver.solver.optional_members.selection_model import ChosenSelection, SelectionModel
from groupsolver.solver.optional_members.selections import OptionalClasses
from tests.support.small import app, fleet, group, host
from tests.support.small_models import budget, compiled_problem


def model(of: Application, hosts: Fleet) -> SelectionModel:
    compiled = compiled_problem(of, hosts)
    found = SelectionModel(relax_for_any_size(compiled), OptionalClasses(compiled), "cost")
    found.build()
    return found


def least_value_lost(of: SelectionModel) -> ChosenSelection:
    return of.minimise_value_lost(None, budget(), 10.0, 0.0)


def test_as_much_value_is_placed_as_fits() -> None:
    # 4 VCPU: one of A (3 VCPU, value 1) and one of B, or four of B.
    of = model(app(group("A", 1, vcpu=3, at_least=0), group("B", 5, at_least=1)), fleet(host("h1")))
    found = least_value_lost(of)
    assert (found.selection, found.bound) == ((0, 4), 2)


def test_the_next_best_selection_comes_when_one_is_excluded() -> None:
    of = model(app(group("A", 4, at_least=1)), fleet(host("h1", 3)))
    assert least_value_lost(of).selection == (3,)
    of.exclude((3,))
    assert least_value_lost(of).selection == (2,)
    of.exclude((2,), and_larger=True)
    assert least_value_lost(of).selection == (1,)
    of.exclude((1,))
    assert least_value_lost(of).infeasible


def test_the_objective_is_minimised_at_a_value() -> None:
    # One member fits; that of B is on the cheap host.
    dear, cheap = host("h1", 2, cost=5), host("h2", 1, cost=1)
    of = model(
        app(group("A", 1, vcpu=2, at_least=0), group("B", 1, at_least=0)), fleet(dear, cheap)
    )
    of.bound_value_lost(1)
    found = of.minimise_objective(None, budget(), 10.0, 0.0)
    assert (found.selection, found.bound) == ((0, 1), 1)


def test_a_percentage_is_of_the_members_placed() -> None:
    # Two hosts of four places: three of five members on a host are more than half. Four are two
    # and two, and so are no five.
    policy = {"kind": "anti-affinity", "max_percent": 50}
    of = model(app(group("A", 5, policy, at_least=1)), fleet(host("h1"), host("h2")))
    assert least_value_lost(of).selection == (4,)


def test_a_percentage_allows_one_member_in_any_case() -> None:
    policy = {"kind": "anti-affinity", "max_percent": 50}
    of = model(app(group("A", 5, policy, at_least=0)), fleet(host("h1", 1)))
    assert least_value_lost(of).selection == (1,)


def test_enough_domains_are_covered_for_the_members_placed() -> None:
    # Three domains are asked for, and there are two: two members are enough for them.
    policy = {"kind": "spread", "level": "rack", "min_domains": 3}
    hosts = [host(f"h{n}", domains={"rack": f"r{n}"}) for n in (1, 2)]
    of = model(app(group("A", 5, policy, at_least=1)), fleet(*hosts, levels=("rack",)))
    assert least_value_lost(of).selection == (2,)


def test_members_that_take_nothing_are_bounded_by_their_policies() -> None:
    of = model(
        app(group("A", 3, "anti-affinity", vcpu=0, at_least=0), group("B", 1)),
        fleet(host("h1"), host("h2")),
    )
    assert least_value_lost(of).selection == (2, 1)


def test_members_together_may_be_fewer() -> None:
    of = model(
        app(group("A", 5, {"kind": "affinity"}, at_least=0)), fleet(host("h1", 2), host("h2", 3))
    )
    assert least_value_lost(of).selection == (3,)
