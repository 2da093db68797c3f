"""The fewest hosts that must be new or freed, and how much, worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from groupsolver.solver.exact.cp_sat import SearchOutcome, solve_model
from groupsolver.solver.explain import capacity_model
from groupsolver.solver.explain.capacity_model import EnlargedFleet, Load, Loads, fewest_hosts
from tests.support.explain_cases import ExplainCase
from tests.support.small import app, fleet, group, host


def helps(_: Loads) -> bool:
    """What the model finds is taken as it is."""
    return True


def freed_everywhere(case: ExplainCase, rank: list[int] | None = None) -> EnlargedFleet:
    """The fleet of a case with nothing used on any host."""
    enlarged = case.fleet.copy()
    for one in list(enlarged.index):
        enlarged.update(one.model_copy(update={"used": {}}))
    rows = np.arange(case.fleet.row_count, dtype=np.int64)
    return EnlargedFleet(enlarged, rows, case.fleet, np.array(rank or rows, dtype=np.int64))


def loads(
    groups: list[dict[str, Any]], hosts: list[dict[str, Any]], seconds: float = 30
) -> dict[str, dict[str, int]] | None:
    """What lands on each host that must be freed, by its name."""
    case = ExplainCase(app(*groups), fleet(*hosts))
    found = fewest_hosts(case.application(), freed_everywhere(case), case.budget, seconds, helps)
    if found is None:
        return None
    return {case.fleet.names[row]: load.total for row, load in found.items()}


def test_no_host_is_freed_where_there_is_enough() -> None:
    assert loads([group("A", 2)], [host("h1", 4, used={"VCPU": 2})]) == {}


def test_the_fewest_hosts_are_freed() -> None:
    # Free: 1, 1 and 2 of 4. Two members of 2: h3 takes one as it is, one more host is freed.
    hosts = [host(f"h{i}", 4, used={"VCPU": used}) for i, used in ((1, 3), (2, 3), (3, 2))]
    found = loads([group("A", 2, vcpu=2)], hosts)
    assert found is not None
    assert len(found) == 1
    (load,) = found.values()
    assert load in ({"VCPU": 2}, {"VCPU": 4})


def test_on_as_many_hosts_less_is_freed() -> None:
    # The example of the module: 3 VCPU; h1 lacks 2 of 4, h2 lacks 1 of 4.
    hosts = [host("h1", 4, used={"VCPU": 3}), host("h2", 4, used={"VCPU": 2})]
    assert loads([group("A", 1, vcpu=3)], hosts) == {"h2": {"VCPU": 3}}


def test_a_small_share_of_a_large_host_is_freed_rather_than_a_large_share_of_a_small_one() -> None:
    # h1 lacks 1 of 2 VCPU, a half; h2 lacks 2 of 100, a fiftieth.
    hosts = [host("h1", 2, used={"VCPU": 1}), host("h2", 100, used={"VCPU": 100})]
    assert loads([group("A", 1, vcpu=2)], hosts) == {"h2": {"VCPU": 2}}


def test_where_all_is_not_enough_there_is_no_number() -> None:
    assert loads([group("A", 1, vcpu=5)], [host("h1", 4, used={"VCPU": 1})]) is None


def test_rules_hold_on_the_enlarged_fleet() -> None:
    # One member a host: both hosts are freed, though one would hold both members.
    hosts = [host(name, 4, used={"VCPU": 4}) for name in ("h1", "h2")]
    found = loads([group("A", 2, "anti-affinity")], hosts)
    assert found == {"h1": {"VCPU": 1}, "h2": {"VCPU": 1}}


def test_hosts_of_the_lowest_rank_are_preferred() -> None:
    case = ExplainCase(
        app(group("A", 1)), fleet(*(host(name, 4, used={"VCPU": 4}) for name in ("h1", "h2")))
    )
    for rank, row in (([9, 3], 1), ([3, 9], 0)):
        enlarged = freed_everywhere(case, rank)
        load = Load({"VCPU": 1}, ((1, (("VCPU", 1),)),))
        assert fewest_hosts(case.application(), enlarged, case.budget, 30, helps) == {row: load}


def test_a_number_of_hosts_that_is_not_proved_to_be_the_least_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def search_without_proof(*args: Any) -> SearchOutcome:
        return replace(solve_model(*args), bound=0)

    monkeypatch.setattr(capacity_model, "solve_model", search_without_proof)
    assert loads([group("A", 1)], [host("h1", 4, used={"VCPU": 4})]) is None


def test_amounts_beyond_40_bits_are_not_modelled() -> None:
    hosts = [host("h1", 2**40 + 1, used={"VCPU": 2**40 + 1})]
    assert loads([group("A", 1)], hosts) is None
    hosts = [host("h1", 2**40, used={"VCPU": 2**40})]
    assert loads([group("A", 1)], hosts) == {"h1": {"VCPU": 1}}


def test_too_many_candidates_for_the_time_are_not_modelled() -> None:
    hosts = [host("h1", 4, used={"VCPU": 4})]
    assert loads([group("A", 1)], hosts, seconds=1e-6) is None


def test_what_does_not_help_is_excluded_and_the_next_is_found() -> None:
    # Any of three hosts would do for the model: the first two are said not to help.
    case = ExplainCase(
        app(group("A", 1)), fleet(*(host(f"h{i}", 4, used={"VCPU": 4}) for i in range(3)))
    )
    asked: list[list[int]] = []

    def third(loads: Loads) -> bool:
        asked.append(list(loads))
        return len(asked) == 3

    found = fewest_hosts(case.application(), freed_everywhere(case), case.budget, 30, third)
    assert asked == [[0], [1], [2]]
    assert list(found or ()) == [2]


def test_what_is_not_decided_to_help_is_no_answer() -> None:
    case = ExplainCase(app(group("A", 1)), fleet(host("h1", 4, used={"VCPU": 4})))
    freed = freed_everywhere(case)
    assert fewest_hosts(case.application(), freed, case.budget, 30, lambda _: None) is None
