"""The changes of ``groupsolver whatif``: how they are written, and what is refused."""

from __future__ import annotations

import argparse
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from groupsolver import BadInput, Fleet, compile_fleet
from groupsolver.cli.commands.whatif import CHANGES
from groupsolver.cli.whatif.plan import ChangePlan, plan_changes
from groupsolver.files import parse_application, parse_fleet
from tests.support.documents import copy
from tests.support.drivers.whatif_files import APP, FLEET
from tests.support.faults import faults


def plan(*argv: str, app: dict[str, Any] = APP, fleet: dict[str, Any] = FLEET) -> ChangePlan:
    """Read changes as they are given to the command."""
    parser = argparse.ArgumentParser()
    for option in CHANGES:
        parser.add_argument(option, action="append", default=[])
    return plan_changes(
        parser.parse_args(argv), parse_application(app), compile_fleet(parse_fleet(fleet))
    )


def said(*argv: str, **more: Any) -> list[str]:
    return [change.describe() for change in plan(*argv, **more).changes]


# What changes say.


def test_a_policy_is_named_by_group_kind_and_level() -> None:
    assert said("--relax", "DB.anti-affinity@host.max_per_domain=3") == [
        "DB anti-affinity at host max_per_domain 2 -> 3"
    ]
    assert said("--relax", "DB.anti-affinity@rack.level=zone") == [
        "DB anti-affinity at rack level rack -> zone"
    ]
    # The name of a group may hold what parts it from the kind.
    assert said("--soften", "a.b.affinity") == [
        "make a.b affinity at host soft: all members of a.b share one host"
    ]
    # Of two that name other groups, one is soft already; or the second is meant.
    assert said("--soften", "DB.apart-from") == [
        "make DB apart-from at host soft: no host holds members of both DB and LB"
    ]
    assert plan("--drop", "DB.apart-from#2").app.groups[0].policies[-1].target == "LB"


def test_a_policy_may_change_twice() -> None:
    done = plan(
        "--relax",
        "DB.anti-affinity@rack.weight=4",
        "--relax",
        "DB.anti-affinity@rack.max_per_domain=3",
    )
    policy = done.app.groups[0].policies[0].document()
    assert (policy["weight"], policy["max_per_domain"]) == (4, 3)


NUMBERED: dict[str, Any] = {
    "groups": [
        {
            "name": "A",
            "policies": [
                {"kind": "apart-from", "group": f"B{i}", "weight": 3 if i == 1 else None}
                for i in range(4)
            ],
            "members": [{"resources": {"VCPU": 1}}],
        },
        *({"name": f"B{i}"} for i in range(4)),
    ]
}


def by_numbers(*options: tuple[str, int]) -> dict[str, int | None]:
    """The weight of each policy that is left, by the group that it names."""
    suffix = {"--relax": ".weight=7"}
    argv = [
        text
        for option, number in options
        for text in (option, f"A.apart-from#{number}{suffix.get(option, '')}")
    ]
    policies = plan(*argv, app=NUMBERED).app.groups[0].policies
    return {str(policy.target): policy.weight for policy in policies}


def test_a_policy_that_is_made_soft_may_be_given_another_weight() -> None:
    changed = plan("--relax", "DB.anti-affinity@rack.weight=7", "--soften", "DB.anti-affinity@rack")
    weights = [one.weight for one in changed.app.groups[0].policies if one.at == "rack"]
    assert weights == [7]


def test_numbers_mean_the_order_of_the_file_however_often_they_are_used() -> None:
    assert by_numbers(("--soften", 1), ("--soften", 3)) == {"B0": 1, "B1": 3, "B2": 1, "B3": None}
    assert by_numbers(("--drop", 1), ("--drop", 2)) == {"B2": None, "B3": None}
    assert by_numbers(("--soften", 4), ("--drop", 1), ("--relax", 3)) == {
        "B1": 3,
        "B2": 7,
        "B3": 1,
    }


@given(
    st.permutations(range(1, 5)),
    st.lists(st.sampled_from(["--relax", "--soften", "--drop"]), min_size=4, max_size=4),
)
def test_each_number_changes_its_own_policy_in_any_order(
    numbers: list[int], options: list[str]
) -> None:
    expected: dict[str, int | None] = {"B0": None, "B1": 3, "B2": None, "B3": None}
    asked = list(zip(options, numbers, strict=True))
    asked = [one for one in asked if one != ("--soften", 2)]  # that one is soft in the file
    for option, number in asked:
        name = f"B{number - 1}"
        if option == "--drop":
            del expected[name]
        else:
            expected[name] = 7 if option == "--relax" else 1
    assert by_numbers(*asked) == expected


def test_a_policy_is_neither_dropped_nor_softened_twice() -> None:
    for option, words in (
        ("--drop", "expected a policy that is not dropped"),
        ("--soften", "expected a hard policy; this one is soft"),
    ):
        twice = (option, "A.apart-from#1")
        (fault,) = faults(lambda *argv: plan(*argv, app=NUMBERED), *twice, *twice)
        assert words in str(fault)


def test_new_members_get_names_that_are_free_and_are_like_the_last() -> None:
    # LB/0, and LB/2 by name; the next ones would be LB/2, which is there, and LB/3.
    done = plan("--members", "LB=4")
    assert [one.describe() for one in done.changes] == ["LB 2 -> 4 members"]
    assert [(one.id, one.resources) for one in done.app.groups[1].members[2:]] == [
        ("LB/3", {"VCPU": 2}),
        ("LB/4", {"VCPU": 2}),
    ]


def test_members_that_run_are_not_the_ones_that_go() -> None:
    running = [{"group": "DB", "id": "DB/1", "host": "c"}]
    done = plan("--members", "DB=1", app={**APP, "existing": running})
    assert [one.id for one in done.app.groups[0].members] == ["DB/1"]


@pytest.mark.parametrize(
    ("text", "domains", "names"),
    [
        ("a", {"zone": "z1", "rack": "r1"}, ["a-new-1"]),
        ("a:2", {"zone": "z1", "rack": "r1"}, ["a-new-1", "a-new-2"]),
        (
            "a@rack=r2",
            {"zone": "z2", "rack": "r2"},
            ["a-new-1"],
        ),  # the zone is the one that r2 stands in
        ("a:1@rack=r3", {"zone": "z1", "rack": "r3"}, ["a-new-1"]),  # a new rack: in the zone of a
        ("a@zone=z3,rack=r3", {"zone": "z3", "rack": "r3"}, ["a-new-1"]),
        ("a@zone=z2", {"zone": "z2", "rack": "r2"}, ["a-new-1"]),  # which has one rack
        ("a@zone=z2,rack=r1", {"zone": "z2", "rack": "r1"}, ["a-new-1"]),
        ("b@zone=z1", {"zone": "z1", "rack": "r1"}, ["b-new-1"]),
    ],
)
def test_more_hosts_stand_where_they_are_said_to_and_are_empty(
    text: str, domains: dict[str, str], names: list[str]
) -> None:
    done = plan("--add-hosts", text)
    found = [host for host in done.fleet.index if host.name not in "abc"]
    assert [host.name for host in found] == names
    assert [(host.domains, host.used) for host in found] == [(domains, {})] * len(names)


def test_names_of_new_hosts_clash_with_nothing() -> None:
    fleet = copy(FLEET)
    fleet["hosts"][1]["name"], fleet["hosts"][2]["domains"]["rack"] = "a-new-1", "a-new-2"
    fleet["links"] = [{"between": ["a-new-3", "a"]}]
    done = plan("--add-hosts", "a", "--add-hosts", "a", app={**APP, "existing": []}, fleet=fleet)
    assert done.fleet.index.names()[3:] == ["a-new-4", "a-new-5"]


def test_what_is_removed_may_be_replaced_elsewhere() -> None:
    more = "2 more hosts like c (4 VCPU) in zone z3 and rack r3, which are new"
    assert said(
        "--add-hosts", "c:2@rack=r3,zone=z3", "--remove-domain", "host=c", "--free", "b=VCPU:2"
    ) == [
        "host c is gone; 1 member that runs there is placed again: a.b/0",
        f"{more}, called c-new-1 and c-new-2 in the placement",
        "free 2 VCPU on b (zone z1, rack r1)",
    ]


# Bad input.


@pytest.mark.parametrize(
    ("option", "text", "message"),
    [
        ("relax", "x", "expected GROUP.KIND, such as DB.anti-affinity, found 'x' [wrong-value]"),
        (
            "relax",
            "DBB.spread",
            "unknown group 'DBB' (did you mean 'DB'?); expected one of: DB, LB, a.b, tier",
        ),
        (
            "relax",
            "DB.anti-afinity",
            "unknown policy 'anti-afinity' (did you mean 'anti-affinity'?) [unknown-policy]",
        ),
        (
            "relax",
            "DB.anti-affinity@rak",
            "unknown level 'rak' (did you mean 'rack'?); expected one of: host, zone",
        ),
        (
            "relax",
            "DB.anti-affinity@zone",
            "group DB has no anti-affinity at zone; its policies: anti-affinity@rack",
        ),
        (
            "relax",
            "DB.anti-affinity.x=1",
            "2 policies of DB fit; expected a number behind: #1: no rack holds more",
        ),
        (
            "relax",
            "DB.anti-affinity#3.x=1",
            "expected a number from #1 to #2, found #3 [out-of-range]",
        ),
        (
            "relax",
            "DB.anti-affinity@rack",
            "expected .FIELD=VALUE behind the policy, such as .max_per_domain=2, found",
        ),
        (
            "relax",
            "DB.anti-affinity@rack.max=2",
            "unknown field 'max' of anti-affinity; expected one of:",
        ),
        (
            "relax",
            "DB.anti-affinity@rack.kind=spread",
            "unknown field 'kind' of anti-affinity; expected one of:",
        ),
        (
            "relax",
            "DB.anti-affinity@rack.max_per_domain=1",
            "expected another max_per_domain: it is 1 already",
        ),
        (
            "relax",
            "DB.anti-affinity@rack.max_per_domain=a",
            "max_per_domain: expected an integer, found 'a' [wrong-t",
        ),
        (
            "relax",
            "DB.anti-affinity@rack.max_per_domain={",
            "max_per_domain: line 2, column 1: expected YAML",
        ),
        ("soften", "DB.apart-from#2", "expected a hard policy; this one is soft: no host holds"),
        ("soften", "DB.apart-from#3", "expected a number from #1 to #2, found #3"),
        ("soften", "LB.spread", "group LB has no hard spread; its policies: none [wrong-value]"),
        (
            "soften",
            "a.b.affinity.weight=2",
            "expected nothing behind the policy, found '.weight=2' [wrong-value]",
        ),
        ("drop", "DB", "expected GROUP.KIND"),
        ("members", "DB", "expected GROUP=N, such as DB=2, found 'DB' [wrong-value]"),
        ("members", "BD=1", "unknown group 'BD'; expected one of: DB, LB, a.b, tier"),
        ("members", "DB=2", "expected another number: DB has 2 already [wrong-value]"),
        ("members", "DB=-1", "expected an integer, found '-1' [wrong-type]"),
        # 100,000 in all, less LB's two and a.b's one.
        (
            "members",
            "DB=99998",
            "expected at most 100000 members in all, found 99998 [too-many-members]",
        ),
        (
            "members",
            "a.b=0",
            "expected at least 1: so many of a.b run already, found 0 [out-of-range]",
        ),
        (
            "members",
            "tier=1",
            "tier has no members of its own, so the size of one is not known [wrong-value]",
        ),
        (
            "remove-domain",
            "rack",
            "expected LEVEL=NAME, such as rack=NAME, found 'rack' [wrong-value]",
        ),
        (
            "remove-domain",
            "rak=r1",
            "unknown level 'rak' (did you mean 'rack'?); expected one of: host, zone, rack",
        ),
        ("remove-domain", "rack=r9", "unknown rack 'r9'; expected one of: r1, r2 [wrong-value]"),
        ("add-hosts", "d", "unknown host 'd'; expected one of: a, b, c [unknown-host]"),
        (
            "add-hosts",
            "a:0",
            "expected a number of hosts from 1 to 10000, found '0' [out-of-range]",
        ),
        ("add-hosts", "a:", "expected a number of hosts from 1 to 10000, found '' [out-of-range]"),
        (
            "add-hosts",
            "a@",
            "expected LEVEL=DOMAIN,... behind @, such as @rack=NAME, found '' [wrong-value]",
        ),
        (
            "add-hosts",
            "a@rak=r1",
            "unknown level 'rak' (did you mean 'rack'?); expected one of: zone, rack",
        ),
        ("add-hosts", "a@rack=r1,rack=r2", "rack is given twice [duplicate-key]"),
        ("free", "b", "expected HOST=CLASS:AMOUNT,..., such as b=VCPU:2, found 'b' [wrong-value]"),
        ("free", "d=VCPU:1", "unknown host 'd'; expected one of: a, b, c [unknown-host]"),
        ("free", "b=VCPU", "expected CLASS:AMOUNT, such as VCPU:8, found 'VCPU' [wrong-value]"),
        ("free", "b=VCPU:x", "expected CLASS:AMOUNT, such as VCPU:8, found 'VCPU:x' [wrong-value]"),
        (
            "free",
            "b=VPCU:1",
            "unknown resource class 'VPCU' among what is used on b (did you mean 'VCPU'?)",
        ),
        ("free", "a=VCPU:1", "nothing is used on a: nothing can be freed there [wrong-value]"),
        (
            "free",
            "b=VCPU:3",
            "expected from 1 to 2 VCPU, which is what is used on b, found 3 [out-of-range]",
        ),
        ("free", "b=VCPU:0", "expected from 1 to 2 VCPU"),
        ("free", "b=VCPU:1,VCPU:1", "'VCPU' is given twice [duplicate-key]"),
    ],
)
def test_a_change_that_is_wrong_is_one_line_with_the_nearest_name(
    option: str, text: str, message: str
) -> None:
    (fault,) = faults(plan, f"--{option}", text)
    assert str(fault).removeprefix(f"--{option}").lstrip(": ").startswith(message)


def test_the_rack_of_new_hosts_in_another_zone_is_asked_for_where_there_are_several() -> None:
    fleet = copy(FLEET)
    fleet["hosts"].append({"name": "d", "domains": {"zone": "z2", "rack": "r3"}})
    with pytest.raises(
        BadInput, match="expected rack=NAME beside zone 'z2': a's own rack does not go with it"
    ):
        plan("--add-hosts", "a@zone=z2", fleet=fleet)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], "expected a change, such as --members GROUP=N"),
        (
            ["--remove-domain", "zone=z1", "--remove-domain", "zone=z2"],
            "--remove-domain: expected that some host is",
        ),
        (["--remove-domain", "rack=r1", "--remove-domain", "rack=r1"], "unknown rack 'r1'"),
        (
            ["--remove-domain", "rack=r1", "--add-hosts", "a"],
            "such as a@rack=NAME: rack 'r1' is removed",
        ),
        (
            ["--remove-domain", "rack=r1", "--free", "b=VCPU:1"],
            "host 'b' is removed: nothing can be freed there",
        ),
        (
            [
                "--relax",
                "DB.anti-affinity@rack.max_per_domain=2",
                "--relax",
                "DB.anti-affinity@rack.level=host",
            ],
            "with the changes: groups[0].policies[1]: anti-affinity ",
        ),
        (
            ["--relax", "DB.anti-affinity@rack.level=row"],
            "with the changes: groups[0].policies[0].level: unknown level",
        ),
        (
            ["--relax", "DB.apart-from#1.group=DB"],
            "with the changes: groups[0].policies[2].group: apart-from must",
        ),
        (
            ["--drop", "DB.spread", "--members", "DB=x"],
            "found 'x' [wrong-type]\n--drop: group DB has",
        ),
    ],
)
def test_changes_that_do_not_go_together_are_bad_input(argv: list[str], message: str) -> None:
    with pytest.raises(BadInput) as caught:
        plan(*argv)
    assert message in str(caught.value)


def test_an_application_that_nothing_is_left_of_is_bad_input() -> None:
    app = {"groups": [{"name": "DB", "members": [{"resources": {}}]}]}
    with pytest.raises(
        BadInput, match="with the changes: groups: expected at least one group with members"
    ):
        plan("--members", "DB=0", app=app)


NAMES = (
    "DB LB a.b tier a b c rack zone host r1 z2 anti-affinity apart-from affinity max_per_domain "
    "weight level VCPU"
)
SIGNS = '. . @ @ = = : , # #2 null [ {a: 0 1 2 99 -1 é \0 ~ "'
PARTS = st.sampled_from([*NAMES.split(), *SIGNS.split(" "), "\n"])
TEXTS = st.lists(PARTS, max_size=9).map("".join) | st.text(max_size=12)
APPLICATION, COMPILED = parse_application(APP), compile_fleet(Fleet.model_validate(FLEET))


@given(st.lists(st.tuples(st.sampled_from(list(CHANGES)), TEXTS), min_size=1, max_size=3))
@example([("--relax", "DB.anti-affinity@rack.weight="), ("--drop", "DB.apart-from#1")])
@example([("--relax", "DB.apart-from#1.group=")])
@example([("--members", "DB=٣")])
def test_whatever_is_said_is_a_change_or_bad_input(said: list[tuple[str, str]]) -> None:
    options = argparse.Namespace(**{option[2:].replace("-", "_"): [] for option in CHANGES})
    for option, text in said:
        getattr(options, option[2:].replace("-", "_")).append(text)
    try:
        done = plan_changes(options, APPLICATION, COMPILED)
    except BadInput:
        faults(plan_changes, options, APPLICATION, COMPILED)  # which looks at each
    else:
        assert all(change.describe() for change in done.changes)
    assert COMPILED.index.names() == ["a", "b", "c"]
