"""Laws of fixes on the fleet: fewer hosts or fewer moves would not do; and of host quotients."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations_with_replacement, product
from math import comb
from random import Random
from typing import Any

import pytest
from hypothesis import event, given, note
from hypothesis import strategies as st

from groupsolver import Application, Fleet, Limits, compile_fleet
from groupsolver.changes.fleet import CapacityFreed, HostsAdded, MemberMoved
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.solver.budget import Budget
from groupsolver.solver.explain.add_hosts import fewest_added_hosts
from groupsolver.solver.explain.free_capacity import fewest_freed_hosts
from groupsolver.solver.explain.move_members import fewest_moves
from groupsolver.solver.pipeline import answer
from groupsolver.solver.presolve import host_quotient
from groupsolver.solver.presolve.host_quotient import quotient_fleet
from tests.laws.test_conflicts import Case, drawn, without
from tests.support.draws import survives
from tests.support.draws.applications import KINDS, dice, draws, wide_cases
from tests.support.minimal_documents import case_of
from tests.support.oracle import cells, pools
from tests.support.oracle.brute_force import Oracle
from tests.support.oracle.rule_subsets import Doc, possible
from tests.support.oracle.survives import Survivors

MAX_FLEETS = 60  # with more hosts that are looked at, of one number
MAX_FLEETS_OF_SURVIVORS = 12  # brute force tries each loss as well

every_kind = pytest.mark.parametrize("kind", KINDS)


def documents(case: Case) -> tuple[Doc, list[Doc]]:
    """The application of the hard rules alone, and the hosts."""
    hosts = [host.document() for host in case.compiled.index]
    return case.hard_application().document(), hosts


def fits(app: Doc, case: Case, hosts: list[Doc]) -> bool:
    return possible(app, {**case.fleet, "hosts": hosts})


Place = tuple[tuple[str, str], ...]  # levels and domains


def places_of(fleet: Doc, number: int) -> list[Place]:
    """The places of hosts that exist, and new domains inside these, so many at each level."""
    levels = fleet["levels"]
    found = {tuple(sorted(host["domains"].items())) for host in fleet["hosts"]}
    for depth in range(len(levels)):
        above = {
            tuple(
                sorted(
                    (level, host["domains"][level])
                    for level in levels[:depth]
                    if level in host["domains"]
                )
            )
            for host in fleet["hosts"]
        }
        for known, new in product(above, range(number)):
            inside = tuple((level, f"new {level} {new}") for level in levels[depth:])
            found.add((*known, *inside))
    return sorted(found)


def added_to(fleet: Doc, number: int, rnd: Random, max_fleets: int) -> Iterator[Doc]:
    """The fleet with so many empty hosts of its types, anywhere; of many such fleets, some."""
    types = {
        str([host.get(key) for key in ("inventory", "traits", "cells", "reserved_for")]): host
        for host in fleet["hosts"]
    }
    options = list(product(types.values(), places_of(fleet, number)))
    ways: Iterable[Sequence[tuple[Doc, Place]]]
    if comb(len(options) + number - 1, number) <= max_fleets:
        ways = combinations_with_replacement(options, number)
    else:
        ways = (rnd.choices(options, k=number) for _ in range(max_fleets))
    for chosen in ways:
        new = [
            one_more(type_, dict(place), f"one more {i}") for i, (type_, place) in enumerate(chosen)
        ]
        if not any(has_class_twice(fleet, host) for host in new):
            yield {**fleet, "hosts": [*fleet["hosts"], *new]}


def has_class_twice(fleet: Doc, host: Doc) -> bool:
    """Whether a host has a class that a pool of its domains has, too: that is bad input."""
    bare = {key: value for key, value in host.items() if key not in ("inventory", "cells")}
    own = [*host.get("inventory", {}), *cells.in_cells(host)]
    return any(pools.pool_of(fleet, bare, resource) is not None for resource in own)


def one_more(type_: Doc, domains: dict[str, str], name: str) -> Doc:
    """An empty host of a type, in some domains."""
    update = {"name": name, "domains": domains, "used": {}, "enabled": True, "cost": 0}
    host = {**type_, **update}
    if type_.get("cells"):
        host["cells"] = [without(cell, "used") for cell in type_["cells"]]
    return host


def holds_somewhere(app: Doc, fleet: Doc) -> bool:
    """Whether brute force finds a placement, `survives` included."""
    oracle = Survivors(app, fleet)
    return any(oracle.holds(placement) for placement in oracle.placements())


def check_added(app: Doc, fleet: Doc, case: Case, rnd: Random, max_fleets: int) -> None:
    """Hold the number of added hosts against brute force: all of fewer hosts, or many of them.

    Where no hosts are proposed, one more would not do. Of two more nothing is claimed.
    """
    hard = case.hard_application()
    changes = fewest_added_hosts(hard, case.compiled, case.oracle, 60)
    added = [change for change in changes or () if isinstance(change, HostsAdded)]
    number = sum(len(change.hosts) for change in added)
    event(f"{number if changes is not None else 'no'} hosts")
    if changes is not None:
        with_them = case.compiled.copy()
        for change in changes:
            change.on_fleet(with_them)
        assert answer(hard, with_them, "cost", case.oracle.budget).placed
    for size in range(min(number, 3) if changes is not None else 2):
        for one in added_to(fleet, size, rnd, max_fleets):
            assert not holds_somewhere(app, one), one["hosts"][-size:]


@every_kind
@draws(4)
@given(data=st.data())
def test_with_fewer_hosts_than_are_added_there_is_no_placement(kind: str, data: Any) -> None:
    case = drawn(kind, data)
    app, hosts = documents(case)
    check_added(app, {**case.fleet, "hosts": hosts}, case, Random(str(app)), MAX_FLEETS)


@draws(12)
@given(seed=st.integers(0, 2**40))
def test_with_fewer_hosts_than_are_added_nothing_survives(seed: int) -> None:
    rnd = Random(seed)
    app, fleet = case_of(rnd, first_that_falls)
    note(str((app, fleet)))
    case = Case(app, fleet)
    hard = case.hard_application().document()
    if holds_somewhere(hard, fleet):
        return
    check_added(hard, fleet, case, rnd, MAX_FLEETS_OF_SURVIVORS)
    changes = fewest_freed_hosts(case.hard_application(), case.compiled, case.oracle, 60)
    every = [host["name"] for host in fleet["hosts"]]
    # Members that run stay where they are, and so does what they use.
    if not app["existing"]:
        all_freed = {**fleet, "hosts": with_freed(fleet["hosts"], every)}
        assert holds_somewhere(hard, all_freed) is (changes is not None)
    if changes is not None and len(changes) > 1 and not app["existing"]:
        for name in every:
            one_freed = {**fleet, "hosts": with_freed(fleet["hosts"], [name])}
            assert not holds_somewhere(hard, one_freed), name


def first_that_falls(rnd: Random) -> tuple[Doc, Doc]:
    """Draw a case in which nothing survives, though it may have a placement without that."""
    while True:
        app, fleet = survives.cases(rnd, soft=False)
        if not holds_somewhere(app, fleet):
            return app, fleet


def with_freed(hosts: list[Doc], names: list[str]) -> list[Doc]:
    """The hosts, some of them with nothing used."""
    return [
        {**host, "used": {}, "cells": [without(cell, "used") for cell in host.get("cells", [])]}
        if host["name"] in names
        else host
        for host in hosts
    ]


@every_kind
@draws(6)
@given(data=st.data())
def test_where_capacity_is_freed_on_more_hosts_one_would_not_do(kind: str, data: Any) -> None:
    case = drawn(kind, data)
    changes = fewest_freed_hosts(case.hard_application(), case.compiled, case.oracle, 60)
    freed = [change for change in changes or () if isinstance(change, CapacityFreed)]
    event(f"{len(freed)} hosts")
    app, hosts = documents(case)
    every = [host["name"] for host in hosts]
    all_freed = fits(app, case, with_freed(hosts, every))
    # Members that run stay where they are, and so does what they use.
    assert all_freed is (changes is not None) or (app["existing"] and all_freed)
    if len(freed) > 1 and not app["existing"]:
        for name in every:
            assert not fits(app, case, with_freed(hosts, [name])), name


def with_moved(hosts: list[Doc], size: dict[str, int], source: str, target: str) -> list[Doc]:
    """The hosts after a member of some size moved."""
    after = []
    for host in hosts:
        sign = (host["name"] == target) - (host["name"] == source)
        used = {
            name: host["used"].get(name, 0) + sign * size.get(name, 0)
            for name in {*host["used"], *size}
        }
        positive = {name: amount for name, amount in used.items() if amount > 0}
        after.append({**host, "used": positive})
    return after


@every_kind
@draws(6)
@given(data=st.data())
def test_where_several_members_move_one_would_not_do(kind: str, data: Any) -> None:
    case = drawn(kind, data)
    changes = fewest_moves(case.hard_application(), case.compiled, case.oracle, 0.5)
    moves = [change for change in changes or () if isinstance(change, MemberMoved)]
    event(f"{len(moves)} moves")
    app, hosts = documents(case)
    brute_force = Oracle(app, {**case.fleet, "hosts": hosts})
    broken_before = any(
        brute_force.measure(name, policy, brute_force.existing)
        for name, policy in brute_force.rules
    )
    if len(moves) < 2 or broken_before or case.fleet.get("pools"):
        return  # what is broken already binds running members less than new ones
    for there, target in product(app["existing"], hosts):
        size = brute_force.own_size[there["id"]]
        if not size or target.get("cells"):
            continue
        existing = [
            {**member, "host": target["name"]} if member is there else member
            for member in app["existing"]
        ]
        moved = with_moved(hosts, size, there["host"], target["name"])
        after = next(host for host in moved if host["name"] == target["name"])
        room = brute_force.capacity(target)
        if any(after["used"].get(name, 0) > room.get(name, 0) for name in size):
            continue  # a member moves only where there is room for it
        assert not fits({**app, "existing": existing}, case, moved), (there, target["name"])


def without_capacity(case: Case) -> tuple[Application, CompiledFleet]:
    """A case whose members need no capacity, and the few hosts that stand for all."""
    app = case.rules.application([*case.rules.sizes, *case.rules.policies])
    with pytest.MonkeyPatch.context() as patch:
        # Small fleets are not worth the work: here they are.
        patch.setattr(host_quotient, "MIN_HOSTS", 0)
        patch.setattr(host_quotient, "MAX_KEPT_SHARE", 1.0)
        compiled = CompiledProblem(Problem(app, case.compiled.index), case.compiled)
        return app, quotient_fleet(compiled)  # type: ignore[return-value]


@every_kind
@draws(20)
@given(data=st.data())
def test_members_that_need_no_capacity_are_as_possible_on_the_few_hosts_that_stand_for_all(
    kind: str, data: Any
) -> None:
    rnd = data.draw(dice(kind, False))
    documents = case_of(rnd, lambda rnd: wide_cases(rnd, kind, soft=False))
    note(str(documents))
    case = Case(*documents)
    app, few = without_capacity(case)
    budget = Budget(Limits(seconds=60, workers=1), None)
    on_all = answer(app, case.compiled, "cost", budget)
    on_few = answer(app, few, "cost", budget)
    event(f"{'fewer' if len(few) < len(case.compiled) else 'all'}, {on_all.status}")
    assert on_all.placed is on_few.placed


def test_many_fleets_shrink() -> None:
    rnd = Random("fewer")
    fewer = 0
    kinds = [kind for kind in KINDS if kind not in ("bandwidth", "near")] * 4
    for kind in kinds:
        case = Case(*wide_cases(rnd, kind, soft=False))
        _, few = without_capacity(case)
        fewer += len(few) < len(case.compiled)
    assert fewer >= 0.25 * len(kinds), f"{fewer} of {len(kinds)}"


def racks(number: int, per_rack: int) -> CompiledFleet:
    hosts = [
        {
            "name": f"h{rack}-{i}",
            "domains": {"zone": f"z{rack % 2}", "rack": f"r{rack}"},
            "inventory": {"VCPU": 1},
        }
        for rack in range(number)
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
