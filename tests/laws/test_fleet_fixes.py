"""The laws of fixes on the fleet: no fewer hosts and no fewer moves would do; and of few hosts that stand for many."""

from __future__ import annotations

from itertools import product
from random import Random
from typing import Any

import pytest
from hypothesis import event, given, note
from hypothesis import strategies as st

from groupsolver import Application, Fleet, Limits, compile_fleet
from groupsolver.changes.fleet import Added, Freed, Moved
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.solver.budget import Budget
from groupsolver.solver.explain.add_hosts import added
from groupsolver.solver.explain.free_capacity import freed
from groupsolver.solver.explain.move_members import moved
from groupsolver.solver.pipeline import answer
from groupsolver.solver.presolve import host_quotient as quotients
from groupsolver.solver.presolve.host_quotient import quotient_fleet
from tests.laws.test_conflicts import Case, drawn, draws
from tests.support.draws.applications import KINDS, wide_cases
from tests.support.oracle.brute_force import Oracle as Brute
from tests.support.oracle.rules import Doc, possible

every_kind = pytest.mark.parametrize("kind", KINDS)


def documents(case: Case) -> tuple[Doc, list[Doc]]:
    """Give the application of the hard rules alone, and the hosts."""
    app = case.atomized.application(case.atomized.every)
    return app.document(), [host.document() for host in case.compiled.index]


def fits(app: Doc, case: Case, hosts: list[Doc]) -> bool:
    return possible(app, {**case.fleet, "hosts": hosts})


def policies_of(app: Doc) -> list[Doc]:
    return [policy for group in app["groups"] for policy in group["policies"]]


@every_kind
@draws(6)
@given(data=st.data())
def test_where_more_hosts_are_told_one_would_not_do(kind: str, data: Any) -> None:
    case = drawn(kind, data)
    changes = added(
        case.atomized.application(case.atomized.every), case.compiled, case.oracle.budget, 60
    )
    number = sum(len(one.hosts) for one in changes or () if isinstance(one, Added))
    event(f"{number} hosts")
    app, hosts = documents(case)
    # A skew counts the domain that a host opens, and links leave domains by the hosts in them, used or not.
    counts_hosts = [
        p["kind"] == "bandwidth" or p.get("max_skew") is not None for p in policies_of(app)
    ]
    if number == 1 or any(counts_hosts):
        return
    types = {
        str([host.get(key) for key in ("inventory", "traits", "cells")]): host for host in hosts
    }
    places = {str(host["domains"]): host["domains"] for host in hosts}
    for type_, place in product(types.values(), places.values()):
        cells = [
            {key: value for key, value in cell.items() if key != "used"}
            for cell in type_.get("cells", [])
        ]
        one = {**type_, "name": "one more", "domains": place, "used": {}, "enabled": True}
        assert not fits(app, case, [*hosts, {**one, "cells": cells} if cells else one]), one


@every_kind
@draws(6)
@given(data=st.data())
def test_where_something_is_freed_on_more_hosts_one_would_not_do(kind: str, data: Any) -> None:
    case = drawn(kind, data)
    changes = freed(
        case.atomized.application(case.atomized.every), case.compiled, case.oracle.budget, 60
    )
    told = [one for one in changes or () if isinstance(one, Freed)]
    event(f"{len(told)} hosts")
    app, hosts = documents(case)
    if any(policy["kind"] == "exclusive" for policy in policies_of(app)):
        return  # that something still runs on a host is assumed, whatever is freed of it
    plain = [host["name"] for host in hosts if not host.get("cells")]
    every = [{**host, "used": {}} if host["name"] in plain else host for host in hosts]
    assert fits(app, case, every) is (changes is not None)
    for name in plain if len(told) > 1 else ():
        one = [{**host, "used": {}} if host["name"] == name else host for host in hosts]
        assert not fits(app, case, one), name


@every_kind
@draws(6)
@given(data=st.data())
def test_where_more_moves_are_told_one_would_not_do(kind: str, data: Any) -> None:
    case = drawn(kind, data)
    changes = moved(case.atomized.application(case.atomized.every), case.compiled, case.oracle, 0.5)
    told = [one for one in changes or () if isinstance(one, Moved)]
    event(f"{len(told)} moves")
    app, hosts = documents(case)
    brute = Brute(app, {**case.fleet, "hosts": hosts})
    if len(told) < 2 or any(
        brute.measure(name, policy, brute.existing) for name, policy in brute.rules
    ):
        return  # what is broken already binds running members less than new ones
    for there, target in product(app["existing"], hosts):
        size, after = brute.own_size[there["id"]], []
        for host in hosts:
            sign = (host["name"] == target["name"]) - (host["name"] == there["host"])
            used = {
                name: host["used"].get(name, 0) + sign * size.get(name, 0)
                for name in {*host["used"], *size}
            }
            after.append(
                {**host, "used": {name: amount for name, amount in used.items() if amount > 0}}
            )
        elsewhere = [
            {**one, "host": target["name"]} if one is there else one for one in app["existing"]
        ]
        if size and not target.get("cells"):
            assert not fits({**app, "existing": elsewhere}, case, after), (there, target["name"])


def few_of(case: Case) -> tuple[Application, CompiledFleet]:
    """Give a case without the need for room, and the hosts that stand for all."""
    app = case.atomized.application([*case.atomized.sizes, *case.atomized.pieces])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quotients, "SMALL", 0)
        patch.setattr(quotients, "WORTH", 1.0)
        return app, quotient_fleet(
            CompiledProblem(Problem(app, case.compiled.index), case.compiled)
        )  # type: ignore[return-value]


@every_kind
@draws(20)
@given(data=st.data())
def test_a_batch_that_takes_no_room_is_as_possible_on_the_few_hosts_that_stand_for_all(
    kind: str, data: Any
) -> None:
    rnd = Random(f"{kind} {data.draw(st.integers(0, 2**40))}")
    case = Case(*wide_cases(rnd, kind, soft=False))
    note(str((case.app, case.fleet)))
    app, few = few_of(case)
    budget = Budget(Limits(seconds=60, workers=1), None)
    one, other = answer(app, case.compiled, "cost", budget), answer(app, few, "cost", budget)
    event(f"{'fewer' if len(few) < len(case.compiled) else 'all'}, {one.status}")
    assert one.placed is other.placed


def test_many_fleets_shrink() -> None:
    rnd, fewer = Random("fewer"), 0
    kinds = [kind for kind in KINDS if kind not in ("bandwidth", "near")] * 4
    for kind in kinds:
        case = Case(*wide_cases(rnd, kind, soft=False))
        fewer += len(few_of(case)[1]) < len(case.compiled)
    assert fewer >= 0.25 * len(kinds), f"{fewer} of {len(kinds)}"


def racks(number: int, per_rack: int) -> CompiledFleet:
    hosts = [
        {
            "name": f"h{r}-{i}",
            "domains": {"zone": f"z{r % 2}", "rack": f"r{r}"},
            "inventory": {"VCPU": 1},
        }
        for r in range(number)
        for i in range(per_rack)
    ]
    return compile_fleet(Fleet.model_validate({"levels": ["zone", "rack"], "hosts": hosts}))


def three_members(*policies: Doc) -> Application:
    group = {"name": "A", "policies": policies, "members": [{"resources": {}, "count": 3}]}
    return Application.model_validate({"groups": [group]})


def test_a_large_fleet_shrinks_to_the_hosts_that_matter() -> None:
    # 100 racks of 10 in 2 zones, 3 members that keep racks apart: 3 racks a zone, 3 hosts each.
    fleet = racks(100, 10)
    apart = {"kind": "anti-affinity", "level": "rack"}
    app = three_members(apart, {"kind": "spread", "level": "zone", "min_domains": 2})
    assert len(quotient_fleet(CompiledProblem(Problem(app, fleet.index), fleet))) == 2 * 3 * 3


def test_every_domain_that_a_skew_counts_stays() -> None:
    # 3 members cannot be shared out evenly over 20 racks, and over 3 of them they could.
    fleet = racks(20, 10)
    app = three_members({"kind": "spread", "level": "rack", "max_skew": 0})
    few = quotient_fleet(CompiledProblem(Problem(app, fleet.index), fleet))
    assert (len(few), few.domains("rack")) == (20 * 3, 20)
    assert answer(app, few, "cost", Budget(Limits(workers=1), None)).status == "infeasible"
