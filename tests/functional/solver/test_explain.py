"""What `explain` answers: conflicts in words and fixes with placements, in cases done by hand."""

from __future__ import annotations

from typing import Any

import pytest

from groupsolver import Application, Costs, Explanation, Fleet, Limits, check, explain, solve
from groupsolver.model.result import NEVER
from tests.functional.solver.test_solve import ONE, group, host, place


def explained(groups: list[Any], hosts: list[Any], **more: Any) -> Explanation:
    options = {
        name: more.pop(name) for name in ("costs", "fixes", "every", "reveal") if name in more
    }
    app = Application.model_validate({"groups": groups, "existing": more.pop("existing", ())})
    return explain(app, Fleet.model_validate({"hosts": hosts, **more}), limits=ONE, **options)


def racks(number: int, per_rack: int = 1, **more: Any) -> list[dict[str, Any]]:
    names = [(rack, i) for rack in range(number) for i in range(per_rack)]
    return [host(f"h{rack}{i}", domains={"rack": f"r{rack}"}, **more) for rack, i in names]


def sentences(found: Explanation) -> dict[tuple[str, str], str]:
    assert found.conflict is not None
    return {(one.group, one.policy): one.sentence for one in found.conflict.policies}


def changes(found: Explanation) -> dict[str, int]:
    assert found.conflict is not None
    return {fix.change: fix.cost for fix in found.conflict.fixes}


def test_an_infeasible_answer_has_a_minimal_conflict_fixes_and_nulls() -> None:
    within = {"kind": "within", "hosts": ["h1"]}
    soft = {"kind": "affinity", "weight": 3}
    groups = [group("A", 1, 1, policies=("anti-affinity", within, soft)), group("B", 1)]
    document = place(groups, [host("h1"), host("h2")]).document()
    assert document["status"] == "infeasible"
    for key in ("placement", "objective", "bound", "gap", "witness"):
        assert document[key] is None
    assert document["penalties"] == []
    conflict = document["conflict"]
    assert conflict["minimal"]
    found_sentences = {
        (part["group"], part["policy"]): part["sentence"] for part in conflict["policies"]
    }
    assert found_sentences.keys() == {("A", "anti-affinity"), ("A", "within"), ("A", "members")}
    assert found_sentences["A", "anti-affinity"].startswith(
        "no host holds more than 1 member of A; 2 members need 2 hosts"
    )
    assert found_sentences["A", "within"].startswith("members of A run only in h1; ")
    assert (conflict["fixes"][0]["change"], conflict["fixes"][0]["cost"]) == (
        "A anti-affinity at host max_per_domain 1 -> 2",
        1,
    )


def test_an_answer_without_an_explanation_lists_every_hard_policy_and_the_members() -> None:
    within = {"kind": "within", "hosts": ["h1"]}
    app = Application.model_validate(
        {"groups": [group("A", 1, 1, policies=("anti-affinity", within)), group("B", 1)]}
    )
    conflict = solve(app, Fleet.model_validate({"hosts": [host("h1")]}), explain=False).conflict
    assert conflict is not None
    assert (conflict.minimal, conflict.fixes) == (False, ())
    found_sentences = {(part.group, part.policy): part.sentence for part in conflict.policies}
    assert found_sentences.keys() == {
        ("A", "anti-affinity"),
        ("A", "within"),
        ("A", "members"),
        ("B", "members"),
    }
    assert found_sentences["A", "anti-affinity"] == "no host holds more than 1 member of A"


def test_an_explanation_is_the_conflict_and_its_fixes_in_words() -> None:
    fleet = Fleet.model_validate(
        {
            "levels": ["rack"],
            "hosts": [
                {"name": f"h{i}", "domains": {"rack": f"r{i % 2}"}, "inventory": {"VCPU": 8}}
                for i in range(4)
            ],
        }
    )
    rule = {"kind": "anti-affinity", "level": "rack"}
    group = {"name": "DB", "policies": [rule], "members": [{"resources": {"VCPU": 2}, "count": 3}]}
    found = explain(
        Application.model_validate({"groups": [group]}), fleet, limits=Limits(workers=1)
    )
    assert found.status == "infeasible"
    assert found.conflict is not None
    # Three members, one a rack, in two racks.
    assert [(one.group, one.policy, one.sentence) for one in found.conflict.policies] == [
        ("DB", "members", "3 new members of DB are placed"),
        (
            "DB",
            "anti-affinity",
            (
                "no rack holds more than 1 member of DB; "
                "3 members need 3 racks, and 2 racks (r0 and r1) could take one"
            ),
        ),
    ]
    assert found.conflict.minimal
    assert found.conflict.capacity == ()
    fixes = [(fix.change, fix.cost) for fix in found.conflict.fixes]
    assert fixes[0] == ("DB anti-affinity at rack max_per_domain 1 -> 2", 1)
    assert ("DB 3 -> 2 members", 10) in fixes
    assert all(fix.placement for fix in found.conflict.fixes)
    assert found.never is True


def test_an_application_that_can_be_placed_is_placed() -> None:
    found = explained([group("A", 1)], [host("h1")])
    assert (found.status, found.placement, found.conflict, found.conflicts) == (
        "optimal",
        {"A/0": "h1"},
        None,
        (),
    )


def test_room_is_told_for_a_member_that_no_host_takes_with_the_nearest_hosts() -> None:
    found = explained([group("A", 6)], [host("h1", 4), host("h2", 5), host("h3", 9, enabled=False)])
    assert sentences(found) == {("A", "members"): "1 new member of A is placed"}
    assert found.conflict is not None
    (short,) = found.conflict.capacity
    assert (short.resource, short.needed, short.available) == ("VCPU", 6, 5)
    assert short.sentence == (
        "a member of A takes 6 VCPU; no host that it may use has more than 5 VCPU free; "
        "nearest: h2 and h1"
    )
    assert found.never is True
    assert any("h3" in warning for warning in found.warnings)


def test_room_is_told_in_all_in_whole_members() -> None:
    # Three members of 3 VCPU; hosts of 5 and 4 VCPU take one each: 2 x 3 = 6 of 9.
    found = explained([group("A", 3, 3, 3)], [host("h1", 5), host("h2", 4)])
    assert found.conflict is not None
    (short,) = found.conflict.capacity
    assert (short.needed, short.available) == (9, 6)
    assert changes(found)["A 3 -> 2 members"] == 10


def test_room_is_told_where_members_must_share_a_domain() -> None:
    # Four members of 2 VCPU in one rack; the roomier rack has 4 + 2 = 6 of 8.
    hosts = [
        host("a", 4, domains={"rack": "r0"}),
        host("b", 2, domains={"rack": "r0"}),
        host("c", 4, domains={"rack": "r1"}),
    ]
    rule = {"kind": "affinity", "level": "rack"}
    found = explained([group("A", 2, 2, 2, 2, policies=(rule,))], hosts, levels=["rack"])
    assert found.conflict is not None
    (short,) = found.conflict.capacity
    assert (short.needed, short.available) == (8, 6)
    assert sentences(found)["A", "affinity"].endswith(
        "the roomiest rack takes at most 3 of 4 new members (r0)"
    )


def test_rules_of_several_groups_are_one_conflict_with_what_they_come_to() -> None:
    apart = {"kind": "apart-from", "group": "B", "level": "rack"}
    found = explained(
        [group("A", 1, policies=(apart,)), group("B", 1)], racks(1, 2), levels=["rack"]
    )
    assert sentences(found) == {
        ("A", "members"): "1 new member of A is placed",
        ("B", "members"): "1 new member of B is placed",
        ("A", "apart-from"): "no rack holds members of both A and B; there is 1 rack",
    }


def test_without_names_hosts_and_domains_are_counted() -> None:
    rule = {"kind": "anti-affinity", "level": "rack"}
    found = explained(
        [group("A", 1, 1, 1, policies=(rule,))], racks(2), levels=["rack"], reveal=False
    )
    text = str(found.conflicts[0].policies) + " ".join(changes(found))
    assert "2 racks could take one" in text
    assert not any(name in text for name in ("r0", "r1", "h00", "h10"))


def test_parts_of_one_policy_are_rules_of_their_own() -> None:
    asks = {"kind": "host-capabilities", "required": ["CUSTOM_A", "CUSTOM_B"]}
    hosts = [
        host("h1", traits=["CUSTOM_A"]),
        host("h2", traits=["CUSTOM_A", "CUSTOM_B"], enabled=False),
    ]
    found = explained([group("A", 1, policies=(asks,))], hosts)
    assert sentences(found)["A", "host-capabilities"].startswith(
        "members of A run on hosts with CUSTOM_B; "
    )


def test_every_fix_carries_the_placement_that_it_buys_and_the_checker_accepts_it() -> None:
    fleet = Fleet.model_validate({"hosts": [host("h1"), host("h2")]})
    app = Application.model_validate({"groups": [group("A", 1, 1, 1, policies=("anti-affinity",))]})
    found = explain(app, fleet, limits=ONE)
    assert found.conflict is not None
    by_change = {fix.change: fix for fix in found.conflict.fixes}
    relaxed = by_change["A anti-affinity at host max_per_domain 1 -> 2"].placement
    eased = {
        "groups": [group("A", 1, 1, 1, policies=({"kind": "anti-affinity", "max_per_domain": 2},))]
    }
    assert relaxed is not None
    assert not check(Application.model_validate(eased), fleet, relaxed).violations
    more = next(fix for fix in found.conflict.fixes if fix.change.startswith("1 more host like h"))
    assert more.cost == 4
    assert more.placement is not None
    assert "new-1" in more.placement.values()


def test_something_is_freed_where_that_helps_and_no_more_than_is_needed() -> None:
    # h2 lacks 2 of 4 VCPU, h1 lacks 3: less is to be freed on h2.
    found = explained(
        [group("A", 4)], [host("h1", 4, used={"VCPU": 3}), host("h2", 5, used={"VCPU": 3})]
    )
    assert changes(found)["free 2 VCPU on h2"] == 3
    assert found.never is False


def test_a_running_member_is_moved_where_that_helps() -> None:
    # B runs on the only host with the trait, and could run elsewhere.
    hosts = [host("fast", 2, used={"VCPU": 2}, traits=["CUSTOM_FAST"]), host("slow", 2)]
    asks = {"kind": "host-capabilities", "required": ["CUSTOM_FAST"]}
    running = [{"group": "B", "id": "B/0", "host": "fast", "resources": {"VCPU": 2}}]
    found = explained([group("A", 2, policies=(asks,)), group("B")], hosts, existing=running)
    assert changes(found)["move B/0 of B from fast to slow"] == 2


def test_members_that_need_not_move_stay() -> None:
    hosts = [
        host("idle", 4),
        host("fast", 2, used={"VCPU": 2}, traits=["CUSTOM_FAST"]),
        host("slow", 4, used={"VCPU": 1}),
    ]
    asks = {"kind": "host-capabilities", "required": ["CUSTOM_FAST"]}
    running = [
        {"group": "B", "id": "B/0", "host": "fast", "resources": {"VCPU": 2}},
        {"group": "C", "id": "C/0", "host": "slow", "resources": {"VCPU": 1}},
    ]
    found = explained(
        [group("A", 2, policies=(asks,)), group("B"), group("C")], hosts, existing=running
    )
    (moves,) = [change for change in changes(found) if "move" in change]
    assert moves.startswith("move B/0 of B from fast to ")
    assert "C/0" not in moves


def test_prices_choose_and_null_rules_out() -> None:
    costs = Costs(relax=None, soften=7, drop=3, fewer=1, add=None, free=None, move=None)
    found = explained([group("A", 1, 1, policies=("anti-affinity",))], [host("h1")], costs=costs)
    assert changes(found) == {
        "A 2 -> 1 member": 1,
        "drop A anti-affinity at host: no host holds more than 1 member of A": 3,
    }


def test_fixes_may_need_changes_of_several_kinds() -> None:
    # A wants two hosts and has one: relaxed. B wants a trait that nobody has: made soft.
    asks = {"kind": "host-capabilities", "required": ["CUSTOM_NONE"]}
    groups = [group("A", 1, 1, policies=("anti-affinity",)), group("B", 1, policies=(asks,))]
    found = explained(groups, [host("h1")])
    assert found.conflict is not None
    assert found.conflict.fixes[0].cost == 1 + 5
    assert "max_per_domain 1 -> 2" in found.conflict.fixes[0].change
    assert "make B host-capabilities soft" in found.conflict.fixes[0].change


def test_all_lists_conflicts_that_have_no_rule_in_common() -> None:
    groups = [group("A", 1, 1, policies=("anti-affinity",)), group("B", 9), group("C", 1)]
    found = explained(groups, [host("h1")], every=True, fixes=False)
    groups_of = [{one.group for one in conflict.policies} for conflict in found.conflicts]
    assert groups_of == [{"A"}, {"B"}]
    assert all(conflict.minimal for conflict in found.conflicts)
    assert found.never is None


def test_that_it_can_never_fit_is_a_warning_of_solve() -> None:
    assert NEVER in place([group("A", 9)], [host("h1")]).warnings
    assert NEVER not in place([group("A", 4)], [host("h1", used={"VCPU": 1})]).warnings


def test_time_that_is_too_short_leaves_the_conflict_wide_and_says_so() -> None:
    app = Application.model_validate({"groups": [group("A", 9)]})
    found = solve(
        app, Fleet.model_validate({"hosts": [host("h1")]}), limits=Limits(seconds=1e-9, workers=1)
    )
    assert found.status == "unknown"


@pytest.mark.parametrize("bad", [{"relax": 0}, {"drop": -1}, {"fewer": 1.5}, {"other": 1}])
def test_costs_are_whole_numbers_above_nothing(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(bad))):
        Costs.model_validate(bad)


def test_a_new_rack_stands_in_one_zone() -> None:
    # Members share a rack and cover two zones: no rack is in two zones, nor may a new one be.
    rules = (
        {"kind": "affinity", "level": "rack"},
        {"kind": "spread", "level": "zone", "min_domains": 2},
    )
    hosts = [host(f"h{i}", domains={"zone": f"z{i}", "rack": f"r{i}"}) for i in range(2)]
    found = explained([group("A", 1, 1, policies=rules)], hosts, levels=["zone", "rack"])
    assert not any("more host" in change for change in changes(found))


def test_what_is_counted_while_explaining_is_no_progress_of_the_application() -> None:
    heard: list[Any] = []
    app = Application.model_validate({"groups": [group("A", 4, 4)]})
    fleet = Fleet.model_validate(
        {"hosts": [host("h1", 4, used={"VCPU": 1}), host("h2", 4, used={"VCPU": 1})]}
    )
    explain(app, fleet, limits=ONE, progress=heard.append)
    assert heard
    assert all((one.incumbent, one.bound) == (None, None) for one in heard if one.phase != "relax")
