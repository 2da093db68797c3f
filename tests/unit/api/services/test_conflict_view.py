"""What an audience may see of a conflict."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from groupsolver.api.services.conflict_view import (
    OUTSIDE_GROUP,
    OUTSIDE_RULE,
    Audience,
    explanation_for,
    group_names,
    instance_labels,
    visible_warnings,
    with_names,
    without_other_projects,
)
from groupsolver.constraints.policies.anti_affinity import AntiAffinity
from groupsolver.constraints.registry import Application, Group
from groupsolver.model.change_costs import Costs
from groupsolver.model.result import Conflict, ConflictingPolicy, Explanation, Fix, Shortage
from groupsolver.store.entities import StoredGroup
from groupsolver.store.state.project_scope import RequestedInstance, RequestedPlacement
from groupsolver.store.state.snapshot_cache import Snapshot

OWN, SHARED, FOREIGN = (f"0000000{n}-0000-4000-8000-000000000000" for n in range(3))
MEMBER = Audience("shop")
OPERATOR = Audience("shop", hosts=True)
ADMIN = Audience("shop", hosts=True, projects=True)


def snapshot() -> Snapshot:
    groups = [
        StoredGroup(OWN, "shop", "ann", "web"),
        StoredGroup(SHARED, "bank", "bob", "shared", grants=("shop",)),
        StoredGroup(FOREIGN, "bank", "bob", "vault"),
    ]
    return cast(Snapshot, SimpleNamespace(groups={group.id: group for group in groups}))


def requested(*instances: tuple[str, str | None]) -> RequestedPlacement:
    made = tuple(RequestedInstance(key, name, OWN, {"VCPU": 3}) for key, name in instances)
    return RequestedPlacement("shop", made, "pack", {})


def rule(
    group: str, policy: str = "anti-affinity", sentence: str | None = None
) -> ConflictingPolicy:
    return ConflictingPolicy(group=group, policy=policy, sentence=sentence or f"a rule of {group}")


def shown(audience: Audience, conflict: Conflict, *, narrowed: bool = True) -> Explanation:
    """Show a conflict of the solver to an audience."""
    found = Explanation(status="infeasible", conflict=conflict, conflicts=(conflict,))
    reasons: Any = SimpleNamespace(
        explanation=lambda *_: found,
        conflicts=("a conflict",) if narrowed else (),
        possible_without_others=None,
        problem=SimpleNamespace(app=Application.model_construct(groups=())),
    )
    placing = requested(("i1", "web-1"))
    return explanation_for(audience, reasons, placing, snapshot(), lambda host: f"id of {host}")


def first(audience: Audience, conflict: Conflict, *, narrowed: bool = True) -> Conflict:
    found = shown(audience, conflict, narrowed=narrowed).conflict
    assert found is not None
    return found


def test_own_rules_are_shown_by_name_and_those_of_others_as_one_rule_outside() -> None:
    conflict = Conflict(policies=(rule(OWN), rule(SHARED), rule(FOREIGN)))
    assert first(MEMBER, conflict).policies == (
        rule(OWN, sentence="a rule of web"),
        OUTSIDE_RULE,
    )
    assert [one.sentence for one in first(ADMIN, conflict).policies] == [
        "a rule of web",
        "a rule of shared",
        "a rule of vault",
    ]


def test_a_conflict_that_is_not_narrowed_down_says_nothing_of_others() -> None:
    conflict = Conflict(policies=(rule(OWN), rule(FOREIGN)))
    assert first(MEMBER, conflict, narrowed=False).policies == (
        rule(OWN, sentence="a rule of web"),
    )


def test_the_size_of_a_foreign_group_is_no_rule_of_its_project() -> None:
    conflict = Conflict(policies=(rule(OWN), rule(SHARED, "members")))
    assert OUTSIDE_RULE not in first(MEMBER, conflict).policies


def shortage(needed: int, available: int, sentence: str = "they take 12; 7 are free") -> Conflict:
    short = Shortage(resource="VCPU", needed=needed, available=available, sentence=sentence)
    return Conflict(capacity=(short,))


@pytest.mark.parametrize(
    ("needed", "available", "seen"), [(12, 7, 6), (12, 2, 0), (12, 12, 12), (12, 40, 12)]
)
def test_what_is_free_is_shown_in_whole_members(needed: int, available: int, seen: int) -> None:
    (short,) = first(MEMBER, shortage(needed, available)).capacity
    assert short.available == seen
    (exact,) = first(OPERATOR, shortage(needed, available)).capacity
    assert (exact.available, exact.sentence) == (available, "they take 12; 7 are free")


def test_a_shortage_by_a_foreign_rule_is_shown_without_the_rule() -> None:
    conflict = shortage(12, 7, f"beside {FOREIGN} they take 12; 7 are free")
    assert first(OPERATOR, conflict).capacity[0].sentence == (
        "the new members take 12 VCPU; there is not as much free for them"
    )
    assert "vault" in first(ADMIN, conflict).capacity[0].sentence


def test_a_fix_places_by_names_and_by_host_ids() -> None:
    fix = Fix(change=f"{OWN} 3 -> 2 members", cost=10, placement={"i1": "h0"})
    conflict = Conflict(policies=(rule(OWN),), fixes=(fix,))
    assert first(MEMBER, conflict).fixes == (
        Fix(change="web 3 -> 2 members", cost=10, placement={"web-1": "id of h0"}),
    )
    assert first(OPERATOR, conflict).fixes[0].placement == {"web-1": "h0"}
    unplaced = Conflict(policies=(rule(OWN),), fixes=(fix.model_copy(update={"placement": None}),))
    assert first(MEMBER, unplaced).fixes[0].placement is None


def test_a_label_is_a_name_that_nothing_else_has() -> None:
    labels = instance_labels(requested(("a", "web"), ("b", "db"), ("c", "db"), ("d", None)))
    assert labels == {"a": "web", "b": "b", "c": "c", "d": "d"}
    # An instance may be named like the id of another.
    assert instance_labels(requested(("a", "b"), ("b", None))) == {"a": "a", "b": "b"}


def test_groups_are_named_as_far_as_the_project_may_know_them() -> None:
    assert group_names(MEMBER, snapshot()) == {OWN: "web", SHARED: SHARED, FOREIGN: OUTSIDE_GROUP}
    assert group_names(ADMIN, snapshot()) == {OWN: "web", SHARED: "shared", FOREIGN: "vault"}


def test_names_are_put_in_once() -> None:
    # A name that looks like an id is not replaced again.
    assert with_names(f"{OWN} near {FOREIGN}", {OWN: FOREIGN, FOREIGN: "x"}) == f"{FOREIGN} near x"


def test_warnings_are_for_admins() -> None:
    app = Application.model_construct(groups=(Group.model_construct(name=OWN),))
    warnings = ["groups[0].policies[0].hosts[0]: no host is called 'h9'"]
    assert visible_warnings(warnings, app, OPERATOR, snapshot()) == ()
    assert visible_warnings(warnings, app, ADMIN, snapshot()) == (
        "group web: policies[0].hosts[0]: no host is called 'h9'",
    )


def test_an_application_without_the_rules_of_others() -> None:
    def app(*policies_of: str) -> Application:
        groups = tuple(
            Group.model_construct(
                name=key, policies=(AntiAffinity(),) if key in policies_of else ()
            )
            for key in (OWN, FOREIGN)
        )
        return Application.model_construct(groups=groups)

    assert without_other_projects(app(OWN), requested(), snapshot()) is None
    found = without_other_projects(app(OWN, FOREIGN), requested(), snapshot())
    assert found is not None
    assert [len(group.policies) for group in found.groups] == [1, 0]


@pytest.mark.parametrize(
    ("audience", "hidden"), [(MEMBER, {"free", "move"}), (OPERATOR, {"move"}), (ADMIN, set())]
)
def test_hidden_changes_have_no_cost_and_are_not_shown(
    audience: Audience, hidden: set[str]
) -> None:
    costs = audience.visible_costs(Costs())
    assert {kind for kind in ("relax", "free", "move") if getattr(costs, kind) is None} == hidden
    for kind in ("relax", "free", "move"):
        remedy: Any = SimpleNamespace(kinds={kind})
        assert audience.may_see(remedy) == (kind not in hidden)


def test_an_audience_sees_all_of_one_that_sees_less_in_the_same_project() -> None:
    assert ADMIN.sees_all_of(OPERATOR)
    assert OPERATOR.sees_all_of(MEMBER)
    assert not MEMBER.sees_all_of(OPERATOR)
    assert not ADMIN.sees_all_of(Audience("bank"))
