"""Groups that share a small set of hosts."""

from __future__ import annotations

from groupsolver.solver.presolve.tight_host_sets import tight_host_sets
from tests.support.small import group, host
from tests.support.small_problems import Doc, SmallProblem


def within(*hosts: str) -> Doc:
    return {"kind": "within", "hosts": list(hosts)}


HOSTS = [host(f"h{i}") for i in range(6)]


def test_a_set_has_the_groups_all_of_whose_hosts_are_hosts_of_one() -> None:
    groups = [
        group("A", 1, within("h0", "h1")),
        group("B", 1, within("h0")),
        group("C", 1, within("h1", "h2", "h3", "h0")),
        group("D", 1),
    ]
    # Of A: A and B. Of B: B alone. C has four of six hosts, and D all: no small set.
    assert tight_host_sets(SmallProblem(groups, HOSTS).compiled) == [frozenset("AB")]


def test_the_hosts_of_a_group_are_those_of_all_its_sizes() -> None:
    hosts = [host("h0", 4), host("h1", 1), *(host(f"x{i}") for i in range(4))]
    sizes = [{"resources": {"VCPU": 1}}, {"resources": {"VCPU": 4}}]
    groups = [
        {"name": "A", "policies": [within("h0", "h1")], "members": sizes},
        group("B", 1, within("h1")),
        group("C", 1),
    ]
    # The member of A that needs 1 VCPU may use h1, the other may not.
    assert tight_host_sets(SmallProblem(groups, hosts).compiled) == [frozenset("AB")]


def test_the_set_with_the_fewest_hosts_comes_first() -> None:
    groups = [
        group("A", 1, within("h0", "h1", "h2")),
        group("B", 1, within("h0", "h1", "h2")),
        group("C", 1, within("h4")),
        group("D", 1, within("h4")),
    ]
    found = tight_host_sets(SmallProblem(groups, HOSTS).compiled)
    assert found == [frozenset("CD"), frozenset("AB")]


def test_a_set_of_all_groups_or_of_one_is_none() -> None:
    all_of_them = [group("A", 1, within("h0")), group("B", 1, within("h0"))]
    assert tight_host_sets(SmallProblem(all_of_them, HOSTS).compiled) == []
    apart = [group("A", 1, within("h0")), group("B", 1, within("h1"))]
    assert tight_host_sets(SmallProblem(apart, HOSTS).compiled) == []


def test_a_host_without_room_or_with_a_soft_policy_against_it_is_no_host_or_one() -> None:
    hosts = [host("h0"), host("full", 4, used={"VCPU": 4}), *(host(f"x{i}") for i in range(4))]
    groups = [
        group("A", 1, within("h0", "full")),
        group("B", 1, within("h0")),
        group("C", 1, within("h0") | {"weight": 1}),
    ]
    # `full` takes nobody: A has h0 alone, as B has. C may use every host.
    assert tight_host_sets(SmallProblem(groups, hosts).compiled) == [frozenset("AB")]
