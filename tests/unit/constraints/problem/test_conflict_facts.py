"""Numbers and names of a conflict's sentences, on a small fleet."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from groupsolver import compile_fleet
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.conflict_facts import Facts
from groupsolver.constraints.problem.findings import counted, text_of
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


def facts(*groups: dict[str, Any], existing: Any = ()) -> Facts:
    compiled_fleet = compile_fleet(fleet(*HOSTS, levels=("rack",)))
    problem = Problem(app(*groups, existing=existing), compiled_fleet.index)
    return Facts(CompiledProblem(problem, compiled_fleet))


SSD = {"kind": "host-capabilities", "required": ["SSD"]}


def test_new_members_are_counted_without_those_that_run() -> None:
    old = {"group": "A", "id": "old", "host": "h1", "resources": {"VCPU": 1}}
    found = facts(group("A", 3), existing=(old,))
    assert (found.new("A"), found.size("A")) == (3, 4)


def test_hosts_suit_by_policies_and_have_room() -> None:
    found = facts(group("A", 5, SSD, vcpu=2))
    assert found.bounds.suited(0).tolist() == [True, False, True, False]
    # Of 2 VCPU each: 4 // 2, none without SSD, 3 // 2, none.
    assert found.bounds.room(0).tolist() == [2, 0, 1, 0]
    assert found.hosts("A").tolist() == [True, False, True, False]


def test_one_rule_may_be_put_aside() -> None:
    found = facts(group("A", 5, SSD, vcpu=2))
    policy = rules_of(found.compiled.problem).all[0].policy
    assert isinstance(policy, HostFilter)
    assert found.bounds.room(0, policy).tolist() == [2, 1, 1, 0]


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
    assert counted("rack", names, reveal) == words


def test_the_levels_of_a_group_are_those_at_which_rules_about_it_speak() -> None:
    found = facts(group("A", 1, {"kind": "affinity", "level": "rack"}), group("B", 1, "affinity"))
    assert found.levels("A") == ["rack"]
    assert found.levels("B") == []
    every = np.ones(4, dtype=np.bool_)
    assert found.places(every, "A") == (("rack", ("r1", "r2")),)
    assert found.places(every, "B") == (("host", ("h1", "h2", "h3", "h4")),)


def test_a_domain_takes_what_its_hosts_take_within_the_rules_of_each_host() -> None:
    assert facts(group("A", 9)).holds("A", "rack") == {"r1": 4 + 2, "r2": 3}
    one_a_host = facts(group("A", 9, "anti-affinity"))
    assert one_a_host.holds("A", "rack") == {"r1": 1 + 1, "r2": 1}


def test_without_the_roomiest_domain_the_others_and_hosts_in_none_are_left() -> None:
    found = facts(group("A", 20))
    assert found.without("A", "rack", 1) == (("r1",), 3 + 1)
    assert found.without("A", "rack", 2) == (("r1", "r2"), 1)
    # At most 2 a rack: r1 counts 2, r2 counts 2, and h4 takes 1.
    limit = {"kind": "anti-affinity", "level": "rack", "max_per_domain": 2}
    assert facts(group("A", 20, limit)).without("A", "rack", 1) == (("r1",), 2 + 1)


def roomiest(found: Facts, reveal: bool = True) -> str:
    return text_of(found.roomiest("A", "rack"), reveal)


def test_the_roomiest_domain_is_named_where_it_does_not_take_all() -> None:
    assert roomiest(facts(group("A", 6))) == ""
    words = "the roomiest rack takes at most 6 of 7 new members"
    assert roomiest(facts(group("A", 7))) == f"{words} (r1)"
    assert roomiest(facts(group("A", 7)), reveal=False) == words
    nowhere = roomiest(facts(group("A", 1, vcpu=9)))
    assert nowhere == "no rack has room for a member of A"


def test_the_domain_where_members_run_is_the_one_that_counts() -> None:
    old = {"group": "A", "id": "old", "host": "h3", "resources": {"VCPU": 1}}
    found = facts(group("A", 5), existing=(old,))
    words = "rack r2, where members of A run, takes at most 3 of 5 new members"
    assert roomiest(found) == words


def test_two_groups_share_what_a_host_has() -> None:
    # One zone of one host with 40 VCPU takes 40 // 8 = 5 of three members of A and three of B.
    hosts = [host(f"h{zone}", 40, domains={"zone": f"z{zone}"}) for zone in range(2)]
    compiled_fleet = compile_fleet(fleet(*hosts, levels=("zone",)))
    parent = {"name": "P", "groups": ["A", "B"], "policies": []}
    problem = Problem(
        app(group("A", 3, vcpu=8), group("B", 3, vcpu=8), parent), compiled_fleet.index
    )
    found = Facts(CompiledProblem(problem, compiled_fleet))
    assert found.holds("P", "zone") == {"z0": 5, "z1": 5}


def test_where_members_could_stand_is_said_where_that_is_not_everywhere() -> None:
    found = facts(group("A", 1, vcpu=4), group("B", 1))
    words = "members of A could run in 1 rack (r1)"
    assert text_of(found.could("rack", "A", "B"), True) == words
    assert text_of(found.could("rack", "B"), True) == "there are 2 racks"
