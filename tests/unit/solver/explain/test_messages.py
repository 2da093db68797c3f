"""Conflicts in words: sizes, policies with what they come to, and the narrowest shortage."""

from __future__ import annotations

from typing import Any

from groupsolver.model.result import Conflict, Shortage
from groupsolver.solver.explain.messages import describe_conflict
from groupsolver.solver.explain.quickxplain import MinimalConflict
from tests.support.explain_cases import ExplainCase
from tests.support.small import app, fleet, group, host


def described(
    groups: list[dict[str, Any]],
    hosts: list[dict[str, Any]],
    *levels: str,
    existing: tuple[Any, ...] = (),
    reveal: bool = True,
) -> Conflict:
    case = ExplainCase(app(*groups, existing=existing), fleet(*hosts, levels=levels))
    return describe_conflict(case.rules, case.conflict(), case.fleet, reveal)


def shortage(*args: Any, **more: Any) -> Shortage:
    (short,) = described(*args, **more).capacity
    return short


def test_policies_and_sizes_have_a_sentence_each() -> None:
    found = described([group("A", 2, "anti-affinity")], [host("h1")])
    assert [(one.group, one.policy) for one in found.policies] == [
        ("A", "members"),
        ("A", "anti-affinity"),
    ]
    assert found.policies[0].sentence == "2 new members of A are placed"
    assert found.policies[1].sentence.startswith("no host holds more than 1 member of A; ")
    assert found.minimal
    assert found.capacity == ()
    assert found.fixes == ()


def test_without_time_rules_are_named_and_what_the_fleet_has() -> None:
    # 3 members of 2 VCPU; two hosts have 3 VCPU each, in all 6, and take one member each.
    groups = [group("A", 3, "anti-affinity", vcpu=2)]
    case = ExplainCase(app(*groups), fleet(host("h1", 3), host("h2", 3)))
    everything = MinimalConflict(tuple(case.rules.atoms), minimal=False)
    found = describe_conflict(case.rules, everything, case.fleet, True, stop=lambda: True)
    assert [one.sentence for one in found.policies] == [
        "3 new members of A are placed",
        "no host holds more than 1 member of A",
    ]
    (short,) = found.capacity
    assert (short.needed, short.available) == (6, 6)
    assert short.sentence.endswith("the hosts that they may use have 6 VCPU for them")


def test_running_members_are_counted_beside_the_new_ones() -> None:
    existing = ({"group": "A", "id": "A/0", "host": "h1", "resources": {"VCPU": 1}},)
    found = described(
        [group("A", 2, "anti-affinity")], [host("h1", used={"VCPU": 1})], existing=existing
    )
    assert found.policies[0].sentence == "1 new member of A is placed, beside 1 running"


def test_a_member_that_fits_nowhere_names_the_nearest_hosts() -> None:
    # Free: 1, 3, 2, 3 and nothing. The three with most, in the order of the fleet where they tie.
    hosts = [host(f"h{free}{i}", free) for i, free in enumerate((1, 3, 2, 3))]
    hosts.append(host("full", 4, used={"VCPU": 4}))
    short = shortage([group("A", 1, vcpu=4)], hosts)
    assert (short.needed, short.available) == (4, 3)
    assert short.sentence == (
        "a member of A takes 4 VCPU; no host that it may use has more than 3 VCPU free; "
        "nearest: h31, h33 and h22"
    )


def test_hosts_that_do_not_suit_do_not_count() -> None:
    within = {"kind": "within", "hosts": ["small"]}
    short = shortage([group("A", 1, within, vcpu=4)], [host("small", 2), host("large", 8)])
    assert (short.needed, short.available) == (4, 2)


def test_hosts_that_lack_another_resource_class_do_not_count() -> None:
    # h1 has the VCPU, h2 the memory: each class is short without the other's host.
    one = host("h1", 4) | {"inventory": {"VCPU": 4, "MEMORY_MB": 1}}
    two = host("h2", 1) | {"inventory": {"VCPU": 1, "MEMORY_MB": 8}}
    member = {"resources": {"VCPU": 4, "MEMORY_MB": 8}}
    found = described([{"name": "A", "members": [member]}], [one, two])
    assert [(one.resource, one.needed, one.available) for one in found.capacity] == [
        ("MEMORY_MB", 8, 1),
        ("VCPU", 4, 1),
    ]


def test_what_must_share_a_domain_is_told_for_the_roomiest() -> None:
    # Four members of 2 in one rack: r1 has 3 + 2 = 5, of which whole members use 2 + 2 = 4.
    share = {"kind": "affinity", "level": "rack"}
    hosts = [
        host("a", 3, domains={"rack": "r1"}),
        host("b", 2, domains={"rack": "r1"}),
        host("c", 3, domains={"rack": "r2"}),
        host("d", 2, domains={"rack": "r2"}),
    ]
    short = shortage([group("A", 4, share, vcpu=2)], hosts, "rack")
    assert (short.needed, short.available) == (8, 4)
    assert short.sentence == (
        "members of A take 8 VCPU together; the rack with most room for them has 4 VCPU; "
        "nearest: r1 and r2"
    )


def test_in_all_whole_members_alone_are_counted_where_they_are_of_one_size() -> None:
    # Members of 3 on hosts of 5 and 4: one each, 2 * 3 = 6 of 9.
    short = shortage([group("A", 3, vcpu=3)], [host("h1", 5), host("h2", 4)])
    assert (short.needed, short.available) == (9, 6)
    assert short.sentence == (
        "members of A take 9 VCPU in all; the hosts that they may use have 6 VCPU for them"
    )


def test_members_are_counted_where_sizes_differ() -> None:
    # 3 + 3 + 2 = 8, and hosts of 4 and 4 take one each: two of three, which are 3 + 3 at most.
    groups = [group("A", 2, vcpu=3), group("B", 1, vcpu=2)]
    short = shortage(groups, [host("h1", 4), host("h2", 4)])
    assert (short.needed, short.available) == (8, 6)
    assert short.sentence == (
        "members of A and B take 8 VCPU in all; the hosts that they may use take at most 2 of 3"
    )


def test_a_bound_on_members_of_a_host_bounds_what_they_can_use() -> None:
    # One member of 2 a host, on hosts of 4, 4 and 1: of 9 VCPU only 2 + 2 are of use.
    hosts = [host("h1", 4), host("h2", 4), host("h3", 1)]
    short = shortage([group("A", 3, "anti-affinity", vcpu=2)], hosts)
    assert (short.needed, short.available) == (6, 4)


def test_without_names_no_host_and_no_domain_is_named() -> None:
    found = described([group("A", 1, vcpu=9)], [host("secret", 4)], reveal=False)
    assert "secret" not in str(found)
    assert "nearest" not in str(found)
