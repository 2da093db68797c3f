"""Recoveries of running groups are kept, and only looked at anew where a newcomer may matter."""

from __future__ import annotations

from typing import Any

import pytest

from groupsolver import Application, Cluster, Fleet, Host, Limits, solve
from groupsolver.constraints.protocols.survivability import checked_after_solve
from groupsolver.solver import pipeline

ONE = Limits(seconds=30, workers=1)
Doc = dict[str, Any]


def fleet(hosts: int) -> Fleet:
    drawn = [
        {"name": f"h{i}", "domains": {"rack": f"r{i % 2}"}, "inventory": {"VCPU": 4}}
        for i in range(hosts)
    ]
    return Fleet.model_validate({"levels": ["rack"], "hosts": drawn})


def application(count: int, *policies: Doc | str, vcpu: int = 4) -> Application:
    members = [{"resources": {"VCPU": vcpu}, "count": count}]
    groups = [{"name": "A", "members": members, "policies": policies}]
    return Application.model_validate({"groups": groups})


@pytest.fixture
def solved(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each problem that is solved has a `survives`, in their order."""
    found: list[bool] = []
    solve = pipeline.solve

    def noting(app: Application, *arguments: Any, **named: Any) -> Any:
        policies = [policy for group in app.groups for policy in group.policies]
        found.append(any(map(checked_after_solve, policies)))
        return solve(app, *arguments, **named)

    monkeypatch.setattr(pipeline, "solve", noting)
    return found


def surviving(hosts: int) -> Cluster:
    """Two members that fill a host each; after the loss of one, a third host takes it."""
    cluster = Cluster(fleet(hosts))
    cluster.place("web", application(2, "anti-affinity", {"kind": "survives"}), limits=ONE)
    return cluster


def test_a_newcomer_that_leaves_a_recovery_alone_is_solved_without_it(solved: list[bool]) -> None:
    cluster = surviving(8)
    taken = {member.host for member in cluster.members()}
    away = [f"h{i}" for i in range(3, 8) if f"h{i}" not in taken]
    elsewhere: Doc = {"kind": "within", "hosts": away[1:]}
    result = cluster.place("shop", application(1, elsewhere), limits=ONE)
    assert solved == [True, False]
    # The recoveries are part of the answer all the same.
    assert {key.partition(":")[0] for key in result.witness or {}} == {"web"}
    cluster.place("more", application(1, elsewhere), limits=ONE)
    assert solved == [True, False, False]


def test_one_that_takes_a_place_of_a_recovery_is_solved_with_it(solved: list[bool]) -> None:
    cluster = surviving(3)
    assert cluster.place("shop", application(1), limits=ONE).status == "infeasible"
    assert solved == [True, False, True]


@pytest.mark.parametrize(
    "policies",
    [
        ({"kind": "apart-from", "group": "web:A", "level": "host"},),
        ({"kind": "near", "group": "web:A", "level": "rack"},),
        ("exclusive",),
    ],
    ids=["apart-from", "near", "exclusive"],
)
def test_one_whose_rules_look_at_the_group_is_solved_with_it(
    policies: tuple[Doc | str, ...], solved: list[bool]
) -> None:
    cluster = surviving(8)
    assert cluster.place("shop", application(1, *policies), limits=ONE).placed
    assert solved == [True, True]


def test_a_change_of_hosts_is_looked_at_anew(solved: list[bool]) -> None:
    cluster = surviving(8)
    cluster.update_host(Host.model_validate({"name": "new", "inventory": {"VCPU": 4}}))
    assert cluster.place("shop", application(1), limits=ONE).placed
    assert solved == [True, True]


def test_members_that_a_rule_looks_at_are_missed_when_they_go(solved: list[bool]) -> None:
    cluster = Cluster(fleet(8))
    cluster.place("db", application(1, vcpu=1), limits=ONE)
    near: Doc = {"kind": "near", "group": "db:A", "level": "rack"}
    cluster.place("web", application(1, near, {"kind": "survives"}), limits=ONE)
    cluster.place("other", application(1, vcpu=1), limits=ONE)
    cluster.remove("other")
    cluster.place("other", application(1, vcpu=1), limits=ONE)
    assert solved[-1] is False
    cluster.remove("db")
    cluster.place("last", application(1, vcpu=1), limits=ONE)
    assert solved[-1] is True


def test_what_is_forgiven_while_there_is_no_room_is_not_kept() -> None:
    # While all three hosts are full, the loss of one leaves its member without a place: that is
    # forgiven to what runs. Once the filler is gone, there is room again, which must stay.
    cluster = Cluster(fleet(3))
    app = application(2, "anti-affinity").document()
    cluster.place("web", Application.model_validate(app), limits=ONE)
    cluster.place("filler", application(1), limits=ONE)
    app["groups"][0]["policies"].append({"kind": "survives"})
    assert cluster.place("web", Application.model_validate(app), limits=ONE).placed
    cluster.remove("filler")
    assert cluster.place("more", application(1), limits=ONE).status == "infeasible"


def test_a_witness_of_others_is_not_believed() -> None:
    cluster = surviving(4)
    app = application(1)
    proposed = solve(app, cluster, limits=ONE)
    wrong = {key: {"web:A/0": "h0"} for key in proposed.witness or {}}
    cluster.commit("shop", app, proposed.model_copy(update={"witness": wrong}))
    # Two of the four hosts are left to recover, less one: nothing more may land.
    assert cluster.place("more", application(1), limits=ONE).status == "infeasible"


def test_a_group_without_members_has_no_recovery_to_keep(solved: list[bool]) -> None:
    document = application(1).document()
    document["groups"].append({"name": "B", "policies": [{"kind": "survives"}]})
    cluster = Cluster(fleet(3))
    cluster.place("web", Application.model_validate(document), limits=ONE)
    assert cluster.place("shop", application(1), limits=ONE).placed
    assert solved == [True, False]
