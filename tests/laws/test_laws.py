"""The laws over every policy: the solver, the checker and the encoding against brute force."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from random import Random
from typing import Any

import pytest
from hypothesis import event, given, note
from hypothesis import strategies as st

from groupsolver import Application, Fleet, Limits, Result, check, solve
from groupsolver.model.result import Objective, Penalty
from tests.support.draws.applications import KINDS, cases, dice
from tests.support.minimal_documents import case_of
from tests.support.oracle.brute_force import Oracle
from tests.support.oracle.pools import pool_of

Case = tuple[dict[str, Any], dict[str, Any]]
ONE = Limits(seconds=60, workers=1)
OBJECTIVES: list[Objective] = ["pack", "spread", "cost"]
every_policy = pytest.mark.parametrize(
    ("kind", "soft"), [(kind, soft) for kind in KINDS for soft in (False, True)], ids=str
)


def values(case: Case) -> tuple[Application, Fleet]:
    return Application.model_validate(case[0]), Fleet.model_validate(case[1])


def drawn(
    kind: str, soft: bool, data: Any, make: Callable[[Random, str, bool], Case] = cases
) -> tuple[Case, Random]:
    """Draw a case of a policy, and the dice that decide the rest."""
    rnd = data.draw(dice(kind, soft))
    case = case_of(rnd, lambda rnd: make(rnd, kind, soft))
    note(str(case))
    return case, rnd


def anywhere(oracle: Oracle, rnd: Random) -> dict[str, str]:
    hosts = list(oracle.hosts)
    return {id_: rnd.choice(hosts) for id_, _, _ in oracle.members}


@every_policy
@given(data=st.data())
def test_the_answer_is_the_brute_forced_optimum_and_passes_the_checker(
    kind: str, soft: bool, data: Any
) -> None:
    case, rnd = drawn(kind, soft, data)
    objective = rnd.choice(OBJECTIVES)
    assert_brute_forced_optimum(case, objective)


def assert_brute_forced_optimum(case: Case, objective: Objective) -> Result:
    """Hold the answer against brute force, the checker and the oracle."""
    app, fleet = values(case)
    result = solve(app, fleet, objective=objective, limits=ONE, explain=False)
    best = Oracle(*case).best(objective)
    event(result.status)
    assert result.status == ("infeasible" if best is None else "optimal")
    assert result.objective == best
    if result.placement is not None:
        verdict = check(app, fleet, result.placement, objective=objective)
        assert not verdict.violations
        assert verdict.objective == result.objective == result.bound
        assert Oracle(*case).holds(result.placement)
    return result


@every_policy
@given(data=st.data())
def test_the_checker_agrees_with_the_oracle_on_any_placement(
    kind: str, soft: bool, data: Any
) -> None:
    case, rnd = drawn(kind, soft, data)
    app, fleet = values(case)
    oracle = Oracle(*case)
    objective = rnd.choice(OBJECTIVES)
    for placement in [anywhere(oracle, rnd) for _ in range(5)] + some_that_hold(oracle, rnd):
        verdict = check(app, fleet, placement, objective=objective)
        assert (not verdict.violations) == oracle.holds(placement)
        assert verdict.objective == oracle.value(placement, objective)


def some_that_hold(oracle: Oracle, rnd: Random) -> list[dict[str, str]]:
    """Up to three placements that brute force accepts, of sixty that are drawn."""
    tried = (anywhere(oracle, rnd) for _ in range(60))
    return list(islice(filter(oracle.holds, tried), 3))


def answered_again(app: Application, fleet: Fleet, first: dict[str, str]) -> Result:
    """Ask once more, with the members of an answer running and their resources in use."""
    sizes = {
        f"{g.name}/{i}": m
        for g in app.groups
        for i, m in enumerate(m for m in g.members for _ in range(m.count))
    }
    running = [{"group": id_.split("/")[0], "id": id_, "host": host} for id_, host in first.items()]
    again = Application.model_validate(
        {**app.document(), "existing": [*app.document()["existing"], *running]}
    )
    document = fleet.document()
    hosts = {host["name"]: host for host in document["hosts"]}
    for id_, host in first.items():  # `used` is everything that runs, so the new members too
        for name, amount in app.resources(sizes[id_]).items():
            pool = pool_of(document, hosts[host], name) if amount else None
            used = hosts[host]["used"] if pool is None else pool["used"]
            used[name] = used.get(name, 0) + amount
    return solve(again, Fleet.model_validate(document), limits=ONE, explain=False)


def placed_and_paid_again(app: Application, fleet: Fleet) -> bool:
    """Hold an answer against the next, which has it as existing; false where there is none."""
    first = solve(app, fleet, limits=ONE, explain=False)
    if first.placement is None:
        return False
    assert_paid_again(app, fleet, first.placement, first.penalties)
    return True


def assert_paid_again(
    app: Application, fleet: Fleet, placement: dict[str, str], penalties: tuple[Penalty, ...]
) -> None:
    """Hold an answer and its penalties against the next answer, which has it as existing."""
    second = answered_again(app, fleet, placement)
    # Bandwidth prices what new members add to links. Once they run, that is part of what is used.
    stay = [penalty for penalty in penalties if penalty.policy != "bandwidth"]
    assert (second.status, second.placement, list(second.penalties)) == ("optimal", {}, stay)


@every_policy
@given(data=st.data())
def test_asking_again_with_the_answer_as_existing_places_nothing(
    kind: str, soft: bool, data: Any
) -> None:
    placed = placed_and_paid_again(*values(drawn(kind, soft, data)[0]))
    event("placed" if placed else "impossible")


@every_policy
@given(data=st.data())
def test_values_survive_json(kind: str, soft: bool, data: Any) -> None:
    app, fleet = values(drawn(kind, soft, data)[0])
    assert Application.model_validate(app.document()) == app
    assert Fleet.model_validate(fleet.document()) == fleet


def renamed(app: Application, fleet: Fleet, rnd: Random) -> tuple[Application, Fleet]:
    """The same with other names of hosts, in another order."""
    order = rnd.sample(fleet.hosts, len(fleet.hosts))
    new = {host.name: f"n{i}" for i, host in enumerate(order)}
    hosts = fleet.document() | {
        "hosts": [host.document() | {"name": new[host.name]} for host in order]
    }
    for link in hosts["links"]:
        link["between"] = [new.get(end, end) for end in link["between"]]
    for pool in hosts.get("pools", []):
        pool["hosts"] = [new.get(name, name) for name in pool["hosts"]]
    document = app.document()
    for there in document["existing"]:
        there["host"] = new[there["host"]]
    for group in document["groups"]:
        for policy in group["policies"]:
            if policy["kind"] in ("within", "outside") and policy.get("hosts"):
                policy["hosts"] = [new[name] for name in policy["hosts"]]
            if policy["kind"] == "spread" and policy["level"] == "host":
                for field in ("share", "at_most"):
                    named = policy.get(field) or {}
                    policy[field] = {new.get(name, name): n for name, n in named.items()}
    return values((document, hosts))


@every_policy
@given(data=st.data())
def test_renaming_and_reordering_hosts_changes_neither_status_nor_objective(
    kind: str, soft: bool, data: Any
) -> None:
    case, rnd = drawn(kind, soft, data)
    app, fleet = values(case)
    one = solve(app, fleet, limits=ONE, explain=False)
    other = solve(*renamed(app, fleet, rnd), limits=ONE, explain=False)
    assert (one.status, one.objective) == (other.status, other.objective)
