"""The fewest domains in use, by arithmetic: volume, functions, traits, domains, prices."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from groupsolver import Application, Fleet
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.model.compiled.compiled_fleet import compile_fleet
from groupsolver.solver.presolve.eligibility import find_eligibility
from groupsolver.solver.presolve.openings import Opening
from groupsolver.solver.relaxation.opening_floors import cover_cost, with_openings
from tests.support.small import group, host
from tests.support.small_problems import in_rack

Doc = dict[str, Any]
SOFT: Doc = {"kind": "affinity", "weight": 1}
BY_RACK: Doc = {"kind": "affinity", "level": "rack", "weight": 1}


def openings_of(
    groups: list[Doc],
    hosts: list[Doc],
    *,
    price: int | None = None,
    existing: tuple[Doc, ...] = (),
) -> tuple[Opening, ...]:
    app = Application.model_validate({"groups": groups, "existing": existing, "host_price": price})
    fleet = compile_fleet(Fleet.model_validate({"levels": ["rack"], "hosts": hosts}))
    compiled = CompiledProblem(Problem(app, fleet.index), fleet)
    return with_openings(compiled, find_eligibility(compiled, "cost")).openings


def of_sizes(*sizes: int, policies: tuple[Doc, ...] = (SOFT,), name: str = "A") -> Doc:
    members = [{"resources": {"VCPU": size}} for size in sizes]
    return {"name": name, "policies": policies, "members": members}


def test_volume_of_the_scarcest_class_says_how_many_hosts() -> None:
    sizes = [(2, 4096), (4, 8192), (8, 16384), (4, 32768)]
    members = [
        {"resources": {"VCPU": vcpu, "MEMORY_MB": memory}, "count": 10} for vcpu, memory in sizes
    ]
    hosts = [host(f"h{i}", 32) for i in range(20)]
    for one in hosts:
        one["inventory"]["MEMORY_MB"] = 131072
    (opening,) = openings_of([{"name": "A", "policies": [SOFT], "members": members}], hosts)
    # VCPU: 180 / 32 = 5.6; memory: 10 x 61440 / 131072 = 4.7. The first host is free.
    assert (opening.least, opening.free_points, opening.least_cost) == (6, 1, 5)


def test_members_of_more_than_half_a_host_need_one_each() -> None:
    (opening,) = openings_of([of_sizes(6, 6, 6)], [host(f"h{i}", 10) for i in range(5)])
    assert opening.least == 3  # by volume 18 / 10, so 2


def test_hosts_in_use_by_the_group_are_free_and_part_of_the_room() -> None:
    existing = ({"group": "A", "id": "old", "host": "h0", "resources": {"VCPU": 4}},)
    hosts = [host("h0", 10, used={"VCPU": 4}), *(host(f"h{i}", 10) for i in range(1, 5))]
    (opening,) = openings_of([of_sizes(4, 4, 4, 4)], hosts, existing=existing)
    # 16 less the 6 that are left on h0 is 10, one host by volume. In units of 4 h0 takes 1 and
    # each other host 2 of them: 3 are left, so two hosts. None is free: h0 is the first.
    assert (opening.least, opening.free_points) == (2, 0)


def test_unequal_hosts_are_counted_from_the_roomiest() -> None:
    hosts = [host("h0", 12), host("h1", 8), host("h2", 4), host("h3", 4)]
    (opening,) = openings_of([of_sizes(*[2] * 11)], hosts)
    assert opening.least == 3  # 22 of 12 + 8 + 4


def test_members_that_need_a_trait_are_bounded_among_its_hosts() -> None:
    needs = {"kind": "host-capabilities", "required": ["GPU"]}
    hosts = [host(f"h{i}", 100) for i in range(2)]
    hosts += [host(f"g{i}", 10, traits=["GPU"]) for i in range(5)]
    groups = [
        of_sizes(6, 6, 6, policies=(needs,)),
        of_sizes(50, policies=(), name="B"),
    ]
    (opening,) = openings_of(groups, hosts, price=4)
    # All members have room on two hosts, but the three with a GPU need three of theirs, and the
    # large one a host without.
    assert opening.least == 3 * 4 + 4
    assert [floor.least for floor in opening.floors] == [12, 12, 4]


def test_disjoint_sets_of_hosts_add_up() -> None:
    gpu = {"kind": "host-capabilities", "required": ["GPU"]}
    ssd = {"kind": "host-capabilities", "required": ["SSD"]}
    hosts = [host(f"g{i}", 10, traits=["GPU"]) for i in range(4)]
    hosts += [host(f"s{i}", 10, traits=["SSD"]) for i in range(4)]
    groups = [of_sizes(6, 6, policies=(gpu,)), of_sizes(6, 6, 6, policies=(ssd,), name="B")]
    (opening,) = openings_of(groups, hosts, price=1)
    assert opening.least == 2 + 3


def test_racks_have_the_room_of_their_hosts_and_no_half_of_one() -> None:
    hosts = [in_rack(f"h{i}", f"r{i // 2}", 10) for i in range(8)]
    (opening,) = openings_of([of_sizes(6, 6, 6, 6, 6, policies=(BY_RACK,))], hosts)
    # By volume 30 of 20 a rack: two racks. A host takes one member, a rack two: three racks.
    assert (opening.least, opening.least_cost) == (3, 2)


def test_a_member_on_a_host_in_no_rack_pays_for_itself() -> None:
    hosts = [in_rack("h0", "r0", 6), host("h1", 6), host("h2", 6)]
    (opening,) = openings_of([of_sizes(6, 6, policies=(BY_RACK,))], hosts)
    assert opening.least == 2


def test_a_hard_limit_for_each_host_is_a_capacity() -> None:
    limit = {"kind": "anti-affinity", "max_per_domain": 2}
    groups = [
        group("A", 3),
        group("B", 3),
        {"name": "P", "groups": ["A", "B"], "policies": [limit, SOFT]},
    ]
    (opening,) = openings_of(groups, [host(f"h{i}", 100) for i in range(9)])
    assert opening.least == 3  # six members, two a host


def test_own_opening_costs_are_covered_cheapest_first() -> None:
    hosts = [host("h0", 10, opening_cost=1), *(host(f"h{i}", 10) for i in range(1, 5))]
    (opening,) = openings_of([of_sizes(5, 5, 5, 5, 5, policies=())], hosts, price=3)
    assert opening.least == 1 + 3 + 3  # three hosts


def test_nothing_is_bounded_without_a_price() -> None:
    assert openings_of([of_sizes(6, 6, policies=())], [host("h0", 10), host("h1", 10)]) == ()


def test_amounts_beyond_64_bits_in_sum_are_exact() -> None:
    large = 2**59
    hosts = [host(f"h{i}", large) for i in range(3)]
    (opening,) = openings_of([of_sizes(large // 2 + 1, large // 2 + 1)], hosts)
    assert opening.least == 2


@pytest.mark.parametrize(
    ("points", "rooms", "weight", "cost"),
    [
        ([3, 2, 2], [6, 4, 4], 10, 5),  # half a point a unit
        ([1, 1, 1], [4, 4, 4], 9, 3),  # 2.25 hosts
        ([0, 5, 5], [8, 4, 4], 9, 5),  # 8 for nothing, one more host
        ([0, 5], [8, 4], 8, 0),
        ([7, 7], [4, 4], 9, 0),  # too little room: nothing is said
    ],
)
def test_the_cheapest_cover(points: list[int], rooms: list[int], weight: int, cost: int) -> None:
    assert cover_cost(np.array(points), np.array(rooms), weight) == cost


def test_what_openings_cost_is_never_below_0() -> None:
    (opening,) = openings_of([of_sizes(1)], [host("h0")])
    assert replace(opening, least=0).least_cost == 0
