"""The laws where hosts have NUMA cells: every drawn fleet has some."""

from __future__ import annotations

from importlib import import_module
from random import Random
from typing import Any
from unittest.mock import patch

import numpy as np
from hypothesis import given, note
from hypothesis import strategies as st

from groupsolver import Application, Fleet, Limits, check, compile_fleet, solve
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.solver.exact import numa
from groupsolver.solver.exact.numa import CellUsage, cell_rows, sure_and_possible
from groupsolver.solver.presolve.host_reduction import reduce_hosts
from tests.laws.test_cut import nothing_at_first
from tests.laws.test_laws import OBJECTIVES, ONE, Case, every_policy, values
from tests.laws.test_reduction import Wide
from tests.support.draws.applications import Doc, cases, dice, wide_cases
from tests.support.draws.cells import some_cells
from tests.support.draws.covered import cover
from tests.support.minimal_documents import case_of
from tests.support.oracle import cells
from tests.support.oracle.brute_force import Oracle

pipeline = import_module("groupsolver.solver.pipeline")


def celled(case: Case) -> Case:
    """The same with cells in some hosts."""
    app, fleet = case[0], some_cells(case[1], 1)
    cover(fleet, app)
    return app, fleet


def drawn(kind: str, soft: bool, data: Any) -> tuple[Case, Random]:
    rnd = data.draw(dice(kind, soft))
    case = case_of(rnd, lambda rnd: celled(cases(rnd, kind, soft)))
    note(str(case))
    return case, rnd


@every_policy
@given(data=st.data())
def test_the_answer_is_the_brute_forced_optimum_and_its_cells_hold(
    kind: str, soft: bool, data: Any
) -> None:
    case, rnd = drawn(kind, soft, data)
    app, fleet = values(case)
    objective = rnd.choice(OBJECTIVES)
    best = Oracle(*case).best(objective)
    with patch.object(pipeline, "construct", rnd.choice((pipeline.construct, nothing_at_first))):
        result = solve(app, fleet, objective=objective, limits=ONE, explain=False)
    assert (result.status, result.objective) == ("infeasible" if best is None else "optimal", best)
    if result.placement is None:
        assert result.cells == {}
        return
    verdict = check(app, fleet, result.placement, objective=objective, cells=result.cells)
    assert (verdict.violations, verdict.objective) == ((), best)
    # Without cells, the checker looks for a way by itself.
    assert verdict == check(app, fleet, result.placement, objective=objective)
    assert Oracle(*case).holds(result.placement)
    hosts = {host.name: host for host in fleet.hosts}
    sizes = {id_: size for id_, _, size in Oracle(*case).members}
    needy = {
        id_
        for id_, host in result.placement.items()
        if hosts[host].cell_classes() & {n for n, a in sizes[id_].items() if a}
    }
    assert result.cells.keys() == needy
    assert all(
        cell in hosts[result.placement[id_]].cell_names() for id_, cell in result.cells.items()
    )


@every_policy
@given(data=st.data())
def test_the_checker_agrees_with_the_oracle_on_any_placement(
    kind: str, soft: bool, data: Any
) -> None:
    case, rnd = drawn(kind, soft, data)
    app, fleet = values(case)
    oracle = Oracle(*case)
    for _ in range(8):
        placement = {id_: rnd.choice(list(oracle.hosts)) for id_, _, _ in oracle.members}
        verdict = check(app, fleet, placement, objective="pack")
        assert (not verdict.violations) == oracle.holds(placement)
        assert verdict.objective == oracle.value(placement, "pack")


@every_policy
@given(data=st.data())
def test_the_reduced_problem_has_the_optimum_of_the_unreduced(
    kind: str, soft: bool, data: Any
) -> None:
    rnd = data.draw(dice(kind, soft))
    case = case_of(rnd, lambda rnd: celled(wide_cases(rnd, kind, soft)))
    note(str(case))
    problem = Wide(case, rnd.choice(OBJECTIVES))
    with patch.object(numa, "MAX_HOST_KINDS_EXACT", rnd.choice((0, 100))):
        kept = reduce_hosts(problem.compiled, problem.eligibility)
    if sum(map(len, kept)) < sum(map(len, problem.every)):
        assert problem.best(kept) == problem.best(problem.every)


def hosts_of_cells(rnd: Random) -> Doc:
    """Thirty hosts of up to three small cells, most of few sorts."""
    hosts: list[Doc] = []
    for i in range(30):
        inside = [
            {"VCPU": rnd.randint(0, 7), "MEMORY_MB": rnd.randint(0, 7)}
            for _ in range(rnd.randint(0, 3))
        ]
        host: Doc = {
            "name": f"h{i}",
            "cells": [{"inventory": inventory} for inventory in inside],
            "inventory": {"DISK_GB": 9},
        }
        if not inside:
            host = {"name": f"h{i}", "inventory": {"VCPU": 9, "MEMORY_MB": 9, "DISK_GB": 9}}
        hosts.append(host)
    return {"hosts": hosts}


def problem(rnd: Random) -> CompiledProblem:
    fleet = compile_fleet(Fleet.model_validate(hosts_of_cells(rnd)))
    sizes = [
        {"VCPU": rnd.randint(0, 4), "MEMORY_MB": rnd.randint(0, 4), "DISK_GB": 1} for _ in range(3)
    ]
    members = [{"resources": size, "count": rnd.randint(1, 3)} for size in sizes]
    app = Application.model_validate({"groups": [{"name": "A", "members": members}]})
    return CompiledProblem(Problem(app, fleet.index), fleet)


@given(st.integers(0, 2**40))
def test_a_share_that_surely_goes_into_cells_does_and_one_that_may_not_does_not(seed: int) -> None:
    rnd = Random(seed)
    compiled = problem(rnd)
    share = {
        class_index: rnd.randint(0, member_class.number)
        for class_index, member_class in enumerate(compiled.member_classes)
    }
    fits = np.ones(compiled.fleet.row_count, dtype=np.bool_)
    for class_index, number in share.items():
        size = dict(compiled.member_classes[class_index].size)
        fits &= compiled.fleet.slots(size, 9) >= number
    with patch.object(numa, "MAX_HOST_KINDS_EXACT", rnd.choice((0, 100))) as few:
        sure, possible = sure_and_possible(compiled, share, fits)
    assert not few or (sure == possible).all()
    sizes = [
        dict(compiled.member_classes[class_index].size)
        for class_index, number in share.items()
        for _ in range(number)
    ]
    for name, row in compiled.fleet.rows.items():
        host = compiled.fleet.index[name].document()
        way = bool(fits[row]) and cells.some_way(host, sizes)
        assert way or not sure[row]
        assert possible[row] or not way


@given(st.integers(0, 2**40))
def test_whatever_goes_into_cells_keeps_the_rows_of_the_relaxation(seed: int) -> None:
    rnd = Random(seed)
    compiled = problem(rnd)
    rows = list(cell_rows(compiled))
    for name, row in compiled.fleet.rows.items():
        host = compiled.fleet.index[name].document()
        for _ in range(5):
            number = [rnd.randint(0, 3) for _ in compiled.member_classes]
            sizes = [
                dict(member_class.size)
                for member_class, many in zip(compiled.member_classes, number, strict=True)
                for _ in range(many)
            ]
            if len(sizes) < 6 and cells.some_way(host, sizes):
                assert all(
                    weight @ number <= room[row] for codes, weight, room in rows if codes[row] >= 0
                )


def test_a_share_of_which_nobody_knows_whether_it_goes_into_cells_loses_no_host() -> None:
    """3 + 2 + 2 in each of two cells of 7 is the only way; no order of the classes finds it."""
    fleet = {"hosts": [{"name": "h", "cells": [{"inventory": {"VCPU": 7}}] * 2}]}
    members = [{"resources": {"VCPU": 3}, "count": 2}, {"resources": {"VCPU": 2}, "count": 4}]
    for kind in ({"kind": "affinity"}, {"kind": "affinity", "weight": 1}):
        group = {"name": "A", "members": members, "policies": [kind]}
        wide = Wide(({"groups": [group]}, fleet), "cost")
        for few in (0, 100):
            with patch.object(numa, "MAX_HOST_KINDS_EXACT", few):
                kept = reduce_hosts(wide.compiled, wide.eligibility)
            assert [rows.tolist() for rows in kept] == [[0], [0]]
            assert wide.best(kept) == 0


@given(st.integers(0, 2**40))
def test_room_that_is_kept_while_members_come_and_go_is_what_is_left(seed: int) -> None:
    rnd = Random(seed)
    compiled = problem(rnd)
    rows = np.arange(compiled.fleet.row_count, dtype=np.int64)
    usage = CellUsage(compiled, rows)
    down: list[tuple[int, int]] = []
    for _ in range(30):
        if down and rnd.randint(1, 3) == 1:
            usage.take(*down.pop())
            continue
        class_index = rnd.randrange(len(compiled.member_classes))
        at = rnd.randrange(3)
        most = compiled.fleet.slots(dict(compiled.member_classes[class_index].size), 99)
        if usage.any and min(most[at], usage.holds[class_index, at]) > 0:
            usage.put(class_index, at)
            down.append((class_index, at))
    for at in range(3):
        here = [
            dict(compiled.member_classes[class_index].size)
            for class_index, where in down
            if where == at
        ]
        host = compiled.fleet.index[compiled.fleet.names[at]].document()
        # `CellUsage` keeps track of cells alone, so hosts without cells are left out.
        assert not host.get("cells") or cells.some_way(host, here)
    while down:
        usage.take(*down.pop())
    for class_index, member_class in enumerate(compiled.member_classes if usage.any else ()):
        size = dict(member_class.size)
        before = compiled.fleet.cells.bounded(size, np.full(len(rows), 99), 99)
        touched = usage.holds[class_index] < 2**60
        assert (np.minimum(usage.holds[class_index], 99)[touched] == before[touched]).all()


def test_draws_of_this_page_have_cells_that_bind_and_cells_that_do_not() -> None:
    """Some placements that fit whole hosts do not fit their cells; others do."""
    bound = free = 0
    for seed in range(150):
        case = cases(Random(seed), "anti-affinity", True)
        fleet = some_cells(case[1], 1)
        with patch.object(cells, "some_way", lambda *_: True):
            loose = Oracle(case[0], fleet).best("cost")
        tight = Oracle(case[0], fleet).best("cost")
        bound += loose != tight
        free += loose == tight
    assert bound >= 20
    assert free >= 20


def test_one_worker_and_one_seed_give_the_same_cells_again() -> None:
    fleet = Fleet.model_validate(
        {"hosts": [{"name": "h", "cells": [{"inventory": {"VCPU": 6}}] * 3}]}
    )
    members = [{"resources": {"VCPU": n}, "count": 2} for n in (1, 2, 3)]
    app = Application.model_validate({"groups": [{"name": "A", "members": members}]})
    first, again = (solve(app, fleet, limits=Limits(workers=1), explain=False) for _ in range(2))
    assert first.cells == again.cells != {}
