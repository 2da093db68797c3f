"""Headroom: what is counted, what is proved, what is said."""

from __future__ import annotations

import json
from typing import Any

import pytest

import groupsolver
from groupsolver import (
    Application,
    BadInput,
    Fleet,
    Headroom,
    Limits,
    compile_fleet,
    headroom,
    load_fleet,
)
from groupsolver.constraints.problem.copies import copied, copies_of
from tests.support.small import app, fleet, group, host

ONE = Limits(seconds=30, workers=1)
SSD = "STORAGE_DISK_SSD"


def asked(application: Application, made: Fleet) -> Headroom:
    return headroom(application, made, limits=ONE)


# What is counted.


def test_anti_affinity_holds_within_a_copy_and_not_between_copies() -> None:
    # Two members a copy, each on a host of its own; two hosts of 4: four copies, of which each has
    # a member on both.
    answer = asked(app(group("A", 2, "anti-affinity")), fleet(host("a"), host("b")))
    assert (answer.copies, answer.bound, answer.gap) == (4, 4, 0.0)


def test_the_smaller_host_bounds_members_that_keep_apart() -> None:
    # Each copy needs both hosts, and the second takes 2, so 2 copies, though 10 + 2 = 12 VCPU would
    # do for 6.
    assert (
        asked(app(group("A", 2, "anti-affinity")), fleet(host("a", 10), host("b", 2))).copies == 2
    )


def test_members_that_share_a_host_are_taken_as_one() -> None:
    # 3 VCPU at once: one copy on each host of 4 and of 5, two on the one of 6; 15 VCPU for 5 would
    # be too much.
    answer = asked(app(group("A", 3, "affinity")), fleet(host("a", 4), host("b", 5), host("c", 6)))
    assert (answer.copies, answer.bound) == (4, 4)


def test_what_others_use_is_used_and_disabled_hosts_take_nothing() -> None:
    made = fleet(host("a", 4, used={"VCPU": 3}), host("b", 9, enabled=False), host("c", 2))
    assert asked(app(group("A", 1)), made).copies == 3  # 4 - 3 = 1, and 2


def test_copies_share_no_host_where_a_group_has_its_hosts_to_itself() -> None:
    # Each copy's two members fit one host of 4, which no other copy may then use.
    assert (
        asked(app(group("A", 2, "exclusive")), fleet(host("a"), host("b"), host("c"))).copies == 3
    )


def test_copies_of_one_project_may_share_what_the_project_has_to_itself() -> None:
    alone = {"kind": "exclusive", "scope": "tenant"}
    assert asked(app(group("A", 2, alone)), fleet(host("a"), host("b"))).copies == 4  # 8 VCPU / 2


def test_running_members_are_of_no_copy() -> None:
    # The member that runs on a is not the copies' own: it keeps nobody off its host but by what it
    # uses.
    there = {"group": "A", "id": "A/0", "host": "a"}
    made = fleet(host("a", 3, used={"VCPU": 1}), host("b", 2))
    assert asked(app(group("A", 2, "anti-affinity"), existing=(there,)), made).copies == 2


def test_what_running_members_have_to_themselves_stays_theirs() -> None:
    # B's old member has a to itself; A, which asks for nothing of the kind, has the two of b.
    there = {"group": "B", "id": "old", "host": "a", "resources": {"VCPU": 1}}
    made = fleet(host("a", 4, used={"VCPU": 1}), host("b", 2))
    old = {"name": "B", "policies": ["exclusive"]}
    assert asked(app(group("A", 1), old, existing=(there,)), made).copies == 2


def test_groups_that_keep_apart_share_no_rack_within_a_copy() -> None:
    # Two racks of 8 VCPU; A's two members in one, B's in the other. Of k copies a have A in the
    # first:
    # 2a + (k - a) <= 8 and a + 2(k - a) <= 8, so 3k <= 16: 5 copies, with a = 3.
    hosts = [host(f"h{i}", 8, domains={"rack": f"r{i}"}) for i in range(2)]
    application = app(
        group("A", 2, {"kind": "apart-from", "group": "B", "level": "rack"}), group("B", 1)
    )
    answer = asked(application, fleet(*hosts, levels=("rack",)))
    assert (answer.copies, answer.bound) == (5, 5)


def test_groups_that_policies_name_are_the_copys_own() -> None:
    # B stands where its copy's A does: 1 + 2 VCPU on a host of 4, once on each.
    application = app(group("A", 1), group("B", 1, {"kind": "near", "group": "A"}, vcpu=2))
    assert asked(application, fleet(host("a"), host("b"))).copies == 2


def test_soft_policies_forbid_nothing() -> None:
    assert (
        asked(app(group("A", 2, {"kind": "anti-affinity", "weight": 5})), fleet(host("a"))).copies
        == 2
    )


def test_more_copies_than_members_of_any_batch_are_counted_and_checked() -> None:
    hosts = [host(f"h{i}", 1000) for i in range(60)]
    answer = asked(app(group("A", 2, "anti-affinity", vcpu=2)), fleet(*hosts))
    assert (answer.copies, answer.bound) == (15_000, 15_000)  # 60 x 500 members / 2


def test_racks_bound_copies_that_keep_apart_by_rack() -> None:
    # Racks of 100, 30 and 20 VCPU, two racks a copy: at most 30 + 20 copies have one in the first.
    # 50 it is.
    racks = {"r1": 100, "r2": 30, "r3": 20}
    hosts = [
        host(f"{r}-{i}", free // 10, domains={"rack": r})
        for r, free in racks.items()
        for i in range(10)
    ]
    application = app(group("A", 2, {"kind": "anti-affinity", "level": "rack"}))
    answer = asked(application, fleet(*hosts, levels=("rack",)))
    assert (answer.copies, answer.bound) == (50, 50)


@pytest.mark.parametrize("racks", [5, 40])
def test_groups_that_stay_in_one_rack_are_placed_in_bulk(racks: int) -> None:
    # A rack has 4 hosts of 10: 40 VCPU, ten copies of 4 members, each on a host of its own.
    hosts = [host(f"h{i}", 10, domains={"rack": f"r{i // 4}"}) for i in range(4 * racks)]
    together = {"kind": "network-proximity", "level": "rack"}
    answer = asked(app(group("A", 4, "anti-affinity", together)), fleet(*hosts, levels=("rack",)))
    assert (answer.copies, answer.bound) == (10 * racks, 10 * racks)


def test_an_even_spread_is_dealt_out() -> None:
    # Three zones of 12, 12 and 60 VCPU; 3 members a copy, one in each: 12 copies.
    hosts = [host(f"h{i}", 60 if i == 2 else 12, domains={"zone": f"z{i}"}) for i in range(3)]
    spread = {"kind": "spread", "level": "zone", "max_skew": 0}
    answer = asked(app(group("A", 3, spread)), fleet(*hosts, levels=("zone",)))
    assert (answer.copies, answer.bound) == (12, 12)


# What is said.


def test_what_runs_out_is_said_with_numbers() -> None:
    needs = {"kind": "host-capabilities", "required": [SSD]}
    made = fleet(host("a", 5, traits=[SSD]), host("b", 9), host("c", 9))
    answer = asked(app(group("A", 1, needs, vcpu=2), group("B", 1)), made)
    assert answer.copies == 2  # 5 // 2
    first, trait = answer.scarce
    assert (first.kind, first.name) == ("resource", "VCPU")
    assert first.sentence == (
        f"VCPU on hosts with {SSD} runs out first: 1 of 5 are left after 2 copies, "
        "and 1 of 1 host has less than the 2 that one member of A takes"
    )
    # Of 18 VCPU the two members of B take 2: b and c have 7 and 9, or 8 and 8, left: 3 + 4, or 4 +
    # 4 members of A.
    assert (trait.kind, trait.name) == ("trait", SSD)
    assert trait.sentence.startswith(
        f"{SSD} is what A asks for: 1 host has it, and others have room for "
    )


def test_too_few_racks_are_said() -> None:
    hosts = [host(f"h{i}", domains={"rack": f"r{i}"}, traits=[SSD] * (i < 3)) for i in range(6)]
    policies = (
        {"kind": "anti-affinity", "level": "rack"},
        {"kind": "host-capabilities", "required": [SSD]},
    )
    answer = asked(app(group("A", 4, *policies)), fleet(*hosts, levels=("rack",)))
    assert (answer.copies, answer.bound) == (0, 0)
    assert [one.sentence for one in answer.scarce] == [
        "rack: each copy needs 4 racks for A, by anti-affinity; 3 have a host that suits it"
    ]


def test_a_trait_that_no_host_has_is_said() -> None:
    answer = asked(
        app(group("A", 1, {"kind": "host-capabilities", "required": ["GPU"]})), fleet(host("a"))
    )
    assert (answer.copies, answer.bound) == (0, 0)
    assert (answer.scarce[0].kind, answer.scarce[0].name) == ("trait", "GPU")
    assert answer.warnings  # the fleet lacks the trait


def test_how_full_hosts_are_is_not_said_where_that_is_not_to_be_known() -> None:
    needs = {"kind": "host-capabilities", "required": [SSD]}
    made = compile_fleet(fleet(host("a", 5, traits=[SSD]), host("b", 9), host("c", 9)))
    application = app(group("A", 1, needs, vcpu=2), group("B", 1))
    full, plain = (
        headroom(application, made, limits=ONE, reveal=reveal) for reveal in (True, False)
    )
    assert (plain.copies, plain.bound, plain.unlocks, len(full.unlocks)) == (
        full.copies,
        full.bound,
        (),
        2,
    )
    assert [one.sentence for one in plain.scarce] == [
        f"VCPU on hosts with {SSD} runs out first for A",
        f"{SSD} is what A asks for, and hosts without it have room left",
    ]
    strange = headroom(application, made, limits=ONE, reveal=False, own={"B"})
    assert [one.sentence for one in strange.scarce] == ["VCPU runs out first for A"]


def test_of_rules_between_groups_only_ones_own_are_said() -> None:
    near = {"kind": "near", "group": "B", "level": "host"}
    application, made = app(group("A", 1, near), group("B", 1)), fleet(host("a", 1), host("b", 1))
    answers = [
        headroom(application, made, limits=ONE, own=own).scarce for own in (None, {"A"}, {"B"})
    ]
    assert answers[0] == answers[1]
    assert "no further copy was found in which" in answers[0][-1].sentence
    assert answers[2] == ()
    alone = app(group("A", 2, "exclusive"))
    made = fleet(host("a", used={"VCPU": 1}))
    assert headroom(alone, made, limits=ONE).scarce[0].sentence == (
        "hosts that have room for A are closed to it: nothing but A runs in a host where A does"
    )
    assert headroom(alone, made, limits=ONE, own=()).scarce == ()


def test_no_more_copies_are_counted_than_are_asked_for() -> None:
    answer = headroom(app(group("A", 1)), fleet(host("a", 9)), limits=ONE, most=4)
    assert (answer.copies, answer.bound, answer.scarce, answer.unlocks) == (4, 4, (), ())
    assert answer.warnings == ("copies are counted up to 4",)
    assert headroom(app(group("A", 1)), fleet(host("a", 9)), limits=ONE, most=10).warnings == ()


def test_copies_that_are_alone_are_bounded_by_the_hosts_that_there_are() -> None:
    hosts = [host(f"h{i}", 8, domains={"rack": f"r{i % 4}"} if i < 8 else {}) for i in range(9)]
    alone = {"kind": "exclusive", "level": "rack"}
    for count, most in ((8, 4), (9, 9 * 8 // 2)):  # on the host in no rack nobody is alone
        made = fleet(*hosts[:count], levels=("rack",))
        answer = headroom(app(group("A", 2, alone)), made, limits=Limits(seconds=1, workers=1))
        assert answer.copies <= answer.bound <= most
    assert (
        headroom(app(group("A", 2, alone)), fleet(*hosts[:8], levels=("rack",)), limits=ONE).copies
        == 4
    )


def test_strangers_that_are_alone_cost_no_copy_a_group() -> None:
    others = [{"name": f"X{i}", "policies": ["exclusive"]} for i in range(9)]
    there: list[dict[str, Any]] = [
        {"group": f"X{i}", "id": f"X{i}/0", "host": f"h{i}", "resources": {"VCPU": 1}}
        for i in range(9)
    ]
    made = fleet(*(host(f"h{i}", used={"VCPU": int(i < 9)}) for i in range(12)))
    application = app(group("A", 1), *others, existing=tuple(there))
    assert asked(application, made).copies == 12  # 4 on each of 3
    names = {one.name for one in copies_of(application, 2).groups}
    assert names == {one.name for one in application.groups} | {copied("A", 0), copied("A", 1)}


def test_each_type_of_host_is_told_once_with_what_it_brings() -> None:
    # A host of 4 brings 2 members of 2, one of 5 too; a copy has 2: one copy. The one with 3 brings
    # half of one.
    made = fleet(host("a", 4), host("b", 4, used={"VCPU": 1}), host("c", 5), host("d", 3))
    answer = asked(app(group("A", 2, vcpu=2)), made)
    assert answer.copies == 3  # 2 + 1 + 2 + 1 = 6 members
    found = [(one.like, one.hosts, one.rate, one.bound) for one in answer.unlocks]
    assert found == [("a", 2, 1.0, 1), ("c", 1, 1.0, 1), ("d", 1, 0.5, 0)]
    assert (
        answer.unlocks[0].sentence == "one more empty host like a (4 VCPU) brings up to 1.00 copies"
    )


def test_a_document_has_every_key_and_is_read_back() -> None:
    answer = asked(app(group("A", 1)), fleet(host("a")))
    assert set(answer.document()) == set(Headroom.model_fields)
    assert Headroom.model_validate(json.loads(json.dumps(answer.document()))) == answer


def test_a_watcher_stops_the_search_and_gets_what_there_is() -> None:
    shop = groupsolver.load_application("examples/shop.yaml")
    heard: list[str] = []

    def watch(progress: groupsolver.Progress) -> bool:
        heard.append(progress.phase)
        return True

    answer = headroom(shop, load_fleet("examples/fleet.yaml"), limits=ONE, progress=watch)
    assert heard[0] == "bulk"
    assert answer.copies == 0
    assert answer.bound >= 172  # what databases alone leave room for; 172 is what fits


# What is refused.


@pytest.mark.parametrize(
    ("groups", "code"),
    [((group("A", 1, vcpu=0),), "unbounded-copies"), (({"name": "A"},), "empty-application")],
)
def test_what_has_no_end_or_no_members_is_refused(groups: Any, code: str) -> None:
    there = {"group": "A", "id": "old", "host": "a", "resources": {"VCPU": 1}}
    with pytest.raises(BadInput) as error:
        asked(app(*groups, existing=(there,)), fleet(host("a", used={"VCPU": 1})))
    assert [fault.code for fault in error.value.faults] == [code]


def test_the_example_has_as_much_headroom_as_is_proved() -> None:
    shop = groupsolver.load_application("examples/shop.yaml")
    answer = headroom(shop, compile_fleet(load_fleet("examples/fleet.yaml")), limits=ONE)
    assert answer.copies > 100
    assert answer.gap <= 0.02
