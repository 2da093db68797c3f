"""A skew over domains with room, where other groups may fill a domain: against brute force."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import event, given, note
from hypothesis import strategies as st

from groupsolver import Application, Fleet, check, solve
from tests.laws.test_laws import ONE
from tests.support.draws.applications import draws
from tests.support.oracle.brute_force import Oracle

Doc = dict[str, Any]


def small_host(rnd: Random, name: str) -> Doc:
    """One to four processors, as they are or in two cells, some of them in use."""
    host: Doc = {"name": name, "domains": {"zone": f"z{rnd.randint(0, 2)}"}}
    host["cost"] = rnd.randint(0, 3)
    if rnd.randint(1, 3) == 1:
        inside = [{"inventory": {"VCPU": rnd.randint(1, 2)}} for _ in range(2)]
        return host | {"cells": inside, "inventory": {"MEMORY_MB": 4}}
    total = rnd.randint(1, 4)
    used = {"VCPU": rnd.randint(0, 1)}
    return host | {"inventory": {"VCPU": total, "MEMORY_MB": 4}, "used": used}


def sized(rnd: Random, number: int) -> list[Doc]:
    sizes: list[Doc] = [{"VCPU": 1}, {"VCPU": 1}, {"VCPU": 2}, {"VCPU": 1, "MEMORY_MB": 2}]
    return [{"resources": rnd.choice(sizes)} for _ in range(number)]


def cases(rnd: Random, soft: bool) -> tuple[Doc, Doc]:
    hosts = [small_host(rnd, f"h{i}") for i in range(rnd.randint(2, 4))]
    by_room: Doc = {"kind": "spread", "level": rnd.choice(("zone", "zone", "host"))}
    by_room |= {"max_skew": rnd.choice((0, 0, 1)), "skew_over": "with-room"}
    by_room |= {"weight": rnd.randint(1, 3)} if soft else {}
    groups: list[Doc] = [
        {"name": "A", "policies": [by_room], "members": sized(rnd, rnd.randint(1, 3))},
        {"name": "B", "members": sized(rnd, rnd.randint(1, 3))},
    ]
    return {"groups": groups}, {"levels": ["zone"], "hosts": hosts}


def by_eligibility(app: Doc) -> Doc:
    first, second = app["groups"]
    policy = first["policies"][0] | {"skew_over": "eligible"}
    return {"groups": [first | {"policies": [policy]}, second]}


@pytest.mark.parametrize("soft", [False, True])
@draws(60)
@given(data=st.data())
def test_the_answer_is_the_best_of_all_placements(soft: bool, data: Any) -> None:
    rnd = Random(f"room {soft} {data.draw(st.integers(0, 2**40))}")
    app, fleet = cases(rnd, soft)
    note(str((app, fleet)))
    best = Oracle(app, fleet).best("cost")
    event(f"differs from eligible: {best != Oracle(by_eligibility(app), fleet).best('cost')}")
    application, hosts = Application.model_validate(app), Fleet.model_validate(fleet)
    result = solve(application, hosts, objective="cost", limits=ONE, explain=False)
    assert result.status == ("infeasible" if best is None else "optimal")
    assert result.objective == best
    if result.placement is not None:
        assert not check(application, hosts, result.placement, objective="cost").violations


def test_room_changes_many_answers() -> None:
    other = 0
    for seed in range(60):
        app, fleet = cases(Random(f"room {seed}"), soft=False)
        best = Oracle(app, fleet).best("cost")
        other += best != Oracle(by_eligibility(app), fleet).best("cost")
    assert other >= 6
