"""Why what is required cannot be placed."""

from __future__ import annotations

from typing import Any

from groupsolver import Application, Conflict, Limits, explain
from tests.support.small import app, fleet, group, host

ONE = Limits(seconds=60, workers=1)


def sentences(conflict: Conflict | None) -> list[str]:
    return [] if conflict is None else [one.sentence for one in conflict.policies]


def sized(name: str, *sizes: int, **more: Any) -> dict[str, Any]:
    members = [{"resources": {"VCPU": size}} for size in sizes]
    return {"name": name, "members": members, **more}


def test_a_possible_application_is_placed() -> None:
    answer = explain(app(group("A", 3, at_least=1)), fleet(host("h1", 2)), limits=ONE)
    assert (answer.status, answer.left_out, answer.conflicts) == ("optimal", ("A/2",), ())


def test_the_conflict_is_about_what_is_required() -> None:
    answer = explain(
        app(group("A", 5, "anti-affinity", at_least=3), group("B", 1)),
        fleet(host("h1"), host("h2")),
        limits=ONE,
    )
    assert answer.conflict is not None
    assert answer.conflict.minimal
    assert sentences(answer.conflict)[0] == "at least 3 new members of A are placed"
    assert answer.never


def test_members_of_other_sizes_may_be_chosen() -> None:
    # The smallest two do not fit together with B, nor do any others.
    of = Application.model_validate({"groups": [sized("A", 3, 1, 2, at_least=2), sized("B", 2)]})
    answer = explain(of, fleet(host("h1", 4)), limits=ONE)
    assert answer.conflict is not None
    assert answer.conflict.minimal
    (shortage,) = answer.conflict.capacity
    assert (shortage.needed, shortage.available) == (5, 4)  # 1 + 2 + 2


def test_a_conflict_of_one_selection_alone_is_not_told() -> None:
    # B need not have members, but near one of them there must be some: A alone contradicts itself,
    # A with B does not fit.
    near = {"kind": "near", "group": "B"}
    of = app(group("A", 2, near, at_least=1), group("B", 1, vcpu=9, at_least=0))
    answer = explain(of, fleet(host("h1", 4)), limits=ONE)
    assert answer.status == "infeasible"
    assert answer.conflict is not None
    assert not answer.conflict.minimal or answer.conflict.capacity


def test_groups_of_groups_tell_all_rules() -> None:
    parent = {"name": "P", "groups": ["A", "B"], "at_least": 4}
    answer = explain(app(group("A", 3), group("B", 3), parent), fleet(host("h1", 3)), limits=ONE)
    assert answer.conflict is not None
    assert sentences(answer.conflict) == ["at least 4 new members of P are placed"]
    assert not answer.conflict.minimal
    assert answer.conflict.fixes
