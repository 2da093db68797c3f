"""The laws over every policy: the solver, the checker and the encoding against brute force."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from groupsolver import Application, Fleet, Limits, Result, check, solve
from tests.draws import KINDS, cases
from tests.oracle import Oracle

Case = tuple[dict[str, Any], dict[str, Any]]
ONE = Limits(seconds=60, workers=1)
OBJECTIVES = ("pack", "spread", "cost")
every_policy = pytest.mark.parametrize(
    ("kind", "soft"), [(kind, soft) for kind in KINDS for soft in (False, True)], ids=lambda x: str(x)
)


def values(case: Case) -> tuple[Application, Fleet]:
    return Application.model_validate(case[0]), Fleet.model_validate(case[1])


@every_policy
@given(data=st.data())
def test_the_answer_is_the_brute_forced_optimum_and_passes_the_checker(kind: str, soft: bool, data: Any) -> None:
    case = data.draw(cases(kind, soft))
    objective = data.draw(st.sampled_from(OBJECTIVES))
    app, fleet = values(case)
    result = solve(app, fleet, objective=objective, limits=ONE)
    best = Oracle(*case).best(objective)
    event(result.status)
    assert result.status == ("infeasible" if best is None else "optimal")
    assert result.objective == best
    if result.placement is not None:
        verdict = check(app, fleet, result.placement, objective=objective)
        assert not verdict.violations
        assert verdict.objective == result.objective == result.bound
        assert Oracle(*case).holds(result.placement)


@every_policy
@given(data=st.data())
def test_the_checker_agrees_with_the_oracle_on_any_placement(kind: str, soft: bool, data: Any) -> None:
    case = data.draw(cases(kind, soft))
    app, fleet = values(case)
    oracle = Oracle(*case)
    hosts = st.sampled_from(list(oracle.hosts))
    objective = data.draw(st.sampled_from(OBJECTIVES))
    for _ in range(5):
        placement = {id_: data.draw(hosts) for id_, _, _ in oracle.members}
        verdict = check(app, fleet, placement, objective=objective)
        assert (not verdict.violations) == oracle.holds(placement)
        assert verdict.objective == oracle.value(placement, objective)


@every_policy
@given(data=st.data())
def test_asking_again_with_the_answer_as_existing_places_nothing(kind: str, soft: bool, data: Any) -> None:
    app, fleet = values(data.draw(cases(kind, soft)))
    first = solve(app, fleet, limits=ONE)
    if first.placement is None:
        return
    sizes = {f"{g.name}/{i}": m for g in app.groups for i, m in enumerate(m for m in g.members for _ in range(m.count))}
    running = [{"group": id_.split("/")[0], "id": id_, "host": host} for id_, host in first.placement.items()]
    again = Application.model_validate({**app.document(), "existing": [*app.document()["existing"], *running]})
    hosts = {host["name"]: host for host in fleet.document()["hosts"]}
    for id_, host in first.placement.items():  # `used` is everything that runs, so the new members too
        for name, amount in app.resources(sizes[id_]).items():
            hosts[host]["used"][name] = hosts[host]["used"].get(name, 0) + amount
    second: Result = solve(again, Fleet.model_validate(fleet.document() | {"hosts": list(hosts.values())}), limits=ONE)
    assert (second.status, second.placement) == ("optimal", {})
    assert second.penalties == first.penalties


@every_policy
@given(data=st.data())
def test_values_survive_json(kind: str, soft: bool, data: Any) -> None:
    app, fleet = values(data.draw(cases(kind, soft)))
    assert Application.model_validate(app.document()) == app
    assert Fleet.model_validate(fleet.document()) == fleet


@every_policy
@given(data=st.data())
def test_renaming_and_reordering_hosts_changes_neither_status_nor_objective(kind: str, soft: bool, data: Any) -> None:
    case = data.draw(cases(kind, soft))
    app, fleet = values(case)
    order = data.draw(st.permutations(fleet.hosts))
    new = {host.name: f"n{i}" for i, host in enumerate(order)}
    renamed = fleet.document() | {"hosts": [host.document() | {"name": new[host.name]} for host in order]}
    document = app.document()
    for there in document["existing"]:
        there["host"] = new[there["host"]]
    for group in document["groups"]:
        for policy in group["policies"]:
            if policy["kind"] in ("within", "outside") and policy.get("hosts"):
                policy["hosts"] = [new[name] for name in policy["hosts"]]
    one = solve(app, fleet, limits=ONE)
    other = solve(*values((document, renamed)), limits=ONE)
    assert (one.status, one.objective) == (other.status, other.objective)
