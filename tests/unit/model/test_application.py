"""Applications: the sizes of members, and results taken over as running members."""

from __future__ import annotations

from typing import Any

import pytest

from groupsolver import Application, BadInput, Fleet, Host, Limits, Result, check, solve

APP = Application.model_validate(
    {
        "flavors": {"small": {"resources": {"VCPU": 1}}},
        "groups": [
            {
                "name": "db",
                "members": [
                    {"flavor": "small", "count": 2},
                    {"resources": {"VCPU": 3, "DISK_GB": 5}, "id": "primary"},
                ],
                "policies": ["anti-affinity"],
            },
            {"name": "web", "members": [{"resources": {}}]},
        ],
        "existing": [
            {"group": "db", "id": "db/1", "host": "h1"},
            {"group": "web", "id": "old", "host": "h2", "flavor": "small"},
            {"group": "web", "id": "unsized", "host": "h2"},
        ],
    }
)
PLACED = Result(
    status="optimal",
    placement={"web/0": "h1", "primary": "h3", "db/0": "h2"},
    cells={"primary": "n1"},
)


def test_sizes_are_those_of_members_then_of_other_running_members() -> None:
    assert list(APP.sizes().items()) == [
        ("db/0", {"VCPU": 1}),
        ("db/1", {"VCPU": 1}),  # it runs without a size of its own: the group's
        ("primary", {"VCPU": 3, "DISK_GB": 5}),
        ("web/0", {}),
        ("old", {"VCPU": 1}),
        ("unsized", {}),
    ]


def test_the_size_that_a_running_member_states_replaces_that_of_its_group() -> None:
    app = Application.model_validate(
        {
            "groups": [{"name": "A", "members": [{"resources": {"VCPU": 1}, "count": 2}]}],
            "existing": [{"group": "A", "id": "A/0", "host": "h", "resources": {"VCPU": 4}}],
        }
    )
    assert app.sizes() == {"A/0": {"VCPU": 4}, "A/1": {"VCPU": 1}}


def test_sizes_may_be_changed_without_the_application() -> None:
    APP.sizes()["primary"]["VCPU"] = 9
    assert APP.sizes()["primary"]["VCPU"] == 3


def test_placed_members_run_after_those_that_ran_before() -> None:
    after = APP.with_existing(PLACED)
    assert type(after) is type(APP)
    assert after.existing[:3] == APP.existing
    assert [one.document() for one in after.existing[3:]] == [
        {"group": "db", "id": "db/0", "host": "h2", "flavor": "small"},
        {
            "group": "db",
            "id": "primary",
            "host": "h3",
            "cell": "n1",
            "resources": {"VCPU": 3, "DISK_GB": 5},
        },
        {"group": "web", "id": "web/0", "host": "h1", "resources": {}},
    ]
    assert after.groups == APP.groups
    assert after.sizes() == APP.sizes()
    assert after.revalidated() == after
    assert len(APP.existing) == 3


def test_a_result_is_taken_over_once() -> None:
    after = APP.with_existing(PLACED)
    assert after.with_existing(PLACED) == after


def test_nothing_remains_to_be_placed() -> None:
    group = {"name": "A", "members": [{"resources": {"VCPU": 2}, "count": 2}]}
    app = Application.model_validate({"groups": [{**group, "policies": ["anti-affinity"]}]})
    hosts = [Host(name=name, inventory={"VCPU": 2}) for name in ("h1", "h2")]
    result = solve(app, Fleet(hosts=hosts), limits=Limits(workers=1))
    after = app.with_existing(result)
    full = Fleet(
        hosts=[Host(name=one.name, inventory={"VCPU": 2}, used={"VCPU": 2}) for one in hosts]
    )
    assert not check(after, full, {}).violations
    assert solve(after, full, limits=Limits(workers=1)).placement == {}
    with pytest.raises(BadInput, match="uncovered-member"):
        solve(after, Fleet(hosts=hosts))


@pytest.mark.parametrize("wrong", [None, {"db/0": "h1"}, PLACED.document()])
def test_what_is_no_result_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError, match="expected a Result"):
        APP.with_existing(wrong)


def _refused(result: Result) -> list[tuple[str, str]]:
    with pytest.raises(BadInput) as caught:
        APP.with_existing(result)
    return [(fault.code, fault.path) for fault in caught.value.faults]


def test_a_result_that_does_not_fit_is_refused() -> None:
    assert _refused(Result(status="infeasible")) == [("wrong-value", "placement")]
    other = {"db/7": "h1", "db/1": "h2", "db/0": "h3"}
    assert _refused(Result(status="optimal", placement=other)) == [
        ("unknown-member", "placement.db/7"),
        ("wrong-value", "placement.db/1"),  # it runs on h1
    ]
    assert _refused(Result(status="optimal", placement={"db/0": ""})) == [
        ("ill-formed-name", "host")
    ]


def test_of_very_many_faults_the_first_are_said() -> None:
    placement = {f"db/{number}": "h1" for number in range(10, 1000)}
    assert len(_refused(Result(status="optimal", placement=placement))) == 50
