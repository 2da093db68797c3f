"""Numbers and names of a conflict's sentences, on a small fleet."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from groupsolver import compile_fleet
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.conflict_facts import Facts
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.protocols.host_filters import HostFilter
from groupsolver.constraints.rules import rules_of
from tests.support.small import app, fleet, group, host

# Racks r1 with 4 + 2 VCPU, r2 with 3; h4 is in no rack.
HOSTS = (
    host("h1", 4, domains={"rack": "r1"}, traits=["SSD"]),
    host("h2", 2, domains={"rack": "r1"}),
    host("h3", 3, domains={"rack": "r2"}, traits=["SSD"]),
    host("h4", 1, domains={}),
)


def facts(*groups: dict[str, Any], reveal: bool = True, existing: Any = ()) -> Facts:
    compiled_fleet = compile_fleet(fleet(*HOSTS, levels=("rack",)))
    problem = Problem(app(*groups, existing=existing), compiled_fleet.index)
    return Facts(CompiledProblem(problem, compiled_fleet), reveal)


SSD = {"kind": "host-capabilities", "required": ["SSD"]}


def test_new_members_are_counted_without_those_that_run() -> None:
    old = {"group": "A", "id": "old", "host": "h1", "resources": {"VCPU": 1}}
    found = facts(group("A", 3), existing=(old,))
    assert (found.new("A"), found.size("A")) == (3, 4)


def test_hosts_suit_by_policies_and_have_slots_by_room() -> None:
    found = facts(group("A", 5, SSD, vcpu=2))
    assert found.suited(0).tolist() == [True, False, True, False]
    # Of 2 VCPU each: 4 // 2, none without SSD, 3 // 2, none.
    assert found.slots(0).tolist() == [2, 0, 1, 0]
    assert found.hosts("A").tolist() == [True, False, True, False]


def test_one_rule_may_be_put_aside() -> None:
    found = facts(group("A", 5, SSD, vcpu=2))
    policy = rules_of(found.compiled.problem).all[0].policy
    assert isinstance(policy, HostFilter)
    assert found.slots(0, policy).tolist() == [2, 1, 1, 0]


@pytest.mark.parametrize(
    ("names", "reveal", "words"),
    [
        ([], True, "no rack"),
        (["r1"], True, "1 rack (r1)"),
        (["r1", "r2", "r7"], True, "3 racks (r1, r2 and r7)"),
        (["r1", "r2", "r7"], False, "3 racks"),
        ([f"r{i}" for i in range(6)], True, "6 racks"),
    ],
)
def test_domains_are_named_where_they_are_few_and_not_hidden(
    names: list[str], reveal: bool, words: str
) -> None:
    assert facts(group("A", 1), reveal=reveal).counted("rack", names) == words


def test_the_levels_of_a_group_are_those_at_which_rules_about_it_speak() -> None:
    found = facts(group("A", 1, {"kind": "affinity", "level": "rack"}), group("B", 1, "affinity"))
    assert found.levels("A") == ["rack"]
    assert found.levels("B") == []
    every = np.ones(4, dtype=np.bool_)
    assert found.places(every, "A") == "2 racks (r1 and r2)"
    assert found.places(every, "B") == "4 hosts (h1, h2, h3 and h4)"


def test_a_domain_takes_what_its_hosts_take_within_the_rules_of_each_host() -> None:
    assert facts(group("A", 9)).holds("A", "rack") == [(4 + 2, "r1"), (3, "r2")]
    one_a_host = facts(group("A", 9, "anti-affinity"))
    assert one_a_host.holds("A", "rack") == [(1 + 1, "r1"), (1, "r2")]


def test_without_the_roomiest_domain_the_others_and_hosts_in_none_are_left() -> None:
    found = facts(group("A", 20))
    assert found.without("A", "rack", 1) == (["r1"], 3 + 1)
    assert found.without("A", "rack", 2) == (["r1", "r2"], 1)
    # At most 2 a rack: r1 counts 2, r2 counts 2, and h4 takes 1.
    limit = {"kind": "anti-affinity", "level": "rack", "max_per_domain": 2}
    assert facts(group("A", 20, limit)).without("A", "rack", 1) == (["r1"], 2 + 1)


def test_the_roomiest_domain_is_named_where_it_does_not_take_all() -> None:
    assert facts(group("A", 6)).roomiest("A", "rack") == ""
    words = "the roomiest rack takes 6 of 7 new members"
    assert facts(group("A", 7)).roomiest("A", "rack") == f"{words} (r1)"
    assert facts(group("A", 7), reveal=False).roomiest("A", "rack") == words
    nowhere = facts(group("A", 1, vcpu=9)).roomiest("A", "rack")
    assert nowhere == "no rack has room for a member of A"


def test_where_members_could_stand_is_said_where_that_is_not_everywhere() -> None:
    found = facts(group("A", 1, vcpu=4), group("B", 1))
    assert found.could("rack", "A", "B") == "members of A could stand in 1 rack (r1)"
    assert found.could("rack", "B") == "there are 2 racks"
