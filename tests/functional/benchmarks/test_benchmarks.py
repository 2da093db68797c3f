"""The benchmark's builders keep their word, its baselines obey the checker, its driver runs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmarks import alibaba
from benchmarks.baselines import filter_and_weigh, first_fit_decreasing, textbook
from benchmarks.baselines.common import Answer, ground_of
from benchmarks.impossible import WAYS, impossible
from benchmarks.meeting import where_policies_meet
from benchmarks.network import leaf_spine, networked
from benchmarks.packings import PRICES, solved, triplets
from benchmarks.run import main
from benchmarks.shards import replicas_and_shards
from benchmarks.support.applications import FLAVORS, application, mixed_flavors, one_huge_group
from benchmarks.support.board import plant
from benchmarks.support.fleets import RACK, SSD, fleet
from benchmarks.support.specs import Case, Spec
from groupsolver.checking.check import check
from groupsolver.constraints.policies.within import Within
from groupsolver.constraints.registry import Application
from groupsolver.model.application import BasePolicy
from groupsolver.model.compiled.compiled_fleet import CompiledFleet, compile_fleet
from groupsolver.model.fleet import Host
from groupsolver.model.result import Objective

SMALL = compile_fleet(fleet(1000, 0, feeds=True))
TINY = compile_fleet(fleet(160, 0))
BUILDERS: list[Callable[[CompiledFleet, int], Application]] = [
    application,
    where_policies_meet,
    mixed_flavors,
    lambda made, seed: one_huge_group(made, seed, 100),
]


def test_a_seed_gives_the_same_fleet_and_another_seed_another() -> None:
    assert fleet(80, 1) == fleet(80, 1)
    assert fleet(80, 1) != fleet(80, 2)


def test_a_fleet_is_loaded_between_60_and_100_percent_in_racks_of_40() -> None:
    hosts = list(SMALL.index)
    for host in hosts:
        for name, capacity in host.capacity().items():
            # Amounts in use are rounded down to steps of 512 MB or 10 GB: at most 1 % of the
            # smallest host.
            assert 0.59 <= host.used[name] / capacity <= 1
    assert Counter(host.domains["rack"] for host in hosts) == {f"r{i:04d}": RACK for i in range(25)}
    assert 0.1 <= sum(SSD in host.traits for host in hosts) / len(hosts) <= 0.3
    assert {host.domains["zone"] for host in hosts} == {"z1", "z2", "z3"}


def test_racks_stand_in_one_zone_and_power_feeds_cross_racks() -> None:
    zones: dict[str, set[str]] = {}
    feeds: dict[str, set[str]] = {}
    for host in SMALL.index:
        zones.setdefault(host.domains["rack"], set()).add(host.domains["zone"])
        feeds.setdefault(host.domains["rack"], set()).add(host.domains["power_feed"])
    assert all(len(zone) == 1 for zone in zones.values())
    assert all(len(feed) == 2 for feed in feeds.values())


def kinds(policies: tuple[BasePolicy, ...]) -> set[str]:
    return {
        f"{policy.kind}/{policy.at}" for policy in policies if policy.kind != "host-capabilities"
    }


def test_the_application_is_the_one_that_was_agreed() -> None:
    app = application(SMALL, 5)
    sizes = {group.name: sum(members.count for members in group.members) for group in app.groups}
    rules = Counter(" ".join(sorted(kinds(group.policies))) for group in app.groups)
    assert sum(sizes.values()) == 100
    assert sizes["one-host"] == 3
    assert rules == {
        "anti-affinity/host": 6,
        "anti-affinity/host network-proximity/rack": 2,
        "spread/zone": 1,
        "affinity/host": 1,
    }
    assert (
        sum(
            any(policy.kind == "host-capabilities" for policy in group.policies)
            for group in app.groups
        )
        == 2
    )


@pytest.mark.parametrize("build", BUILDERS)
def test_a_seed_gives_the_same_application_and_it_has_a_placement(
    build: Callable[[CompiledFleet, int], Application],
) -> None:
    app = build(SMALL, 1)
    assert build(SMALL, 1) == app
    assert build(SMALL, 2) != app
    placements = (plant(ground_of(app, SMALL), np.random.default_rng(seed)) for seed in range(50))
    assert any(
        found is not None and not check(app, SMALL.index, found).violations for found in placements
    )


def test_running_members_are_part_of_what_their_hosts_use() -> None:
    app = where_policies_meet(SMALL, 0)
    assert app.existing
    for host, number in Counter(there.host for there in app.existing).items():
        own = [app.resources(there) for there in app.existing if there.host == host]
        for name, amount in SMALL.index[host].used.items():
            assert sum(some.get(name, 0) for some in own) <= amount, (host, number)


def bad_groups(way: str, made: CompiledFleet) -> Application:
    """Give only the groups that make it impossible; the others are known to be possible."""
    app = impossible(made, 0, way)
    fine = {group.name for group in application(made, 0).groups}
    return app.model_copy(
        update={"groups": tuple(group for group in app.groups if group.name not in fine)}
    )


# What is proved by counting whole racks is too much for one boolean per instance and host.
COUNTED = {"no-rack-holds": 1, "rack-capacity": 10**9, "shared-rack": 3}


@pytest.mark.integration
@pytest.mark.parametrize("way", [way for way in WAYS if way not in COUNTED])
def test_the_impossible_is_refuted_by_the_textbook_model(way: str) -> None:
    assert textbook.place(bad_groups(way, TINY), TINY, seconds=30).status == "infeasible"


@pytest.mark.parametrize(("way", "most"), COUNTED.items())
def test_no_rack_takes_the_groups_that_are_said_to_fit_none(way: str, most: int) -> None:
    app = bad_groups(way, TINY)
    members = [members for group in app.groups for members in group.members]
    racks: Counter[str] = Counter()
    for host in TINY.index:
        racks[host.domains["rack"]] += min(
            most, takes(host, FLAVORS[members[0].flavor or ""].resources)
        )
    only = bound_to(app)
    assert {some.flavor for some in members} == {members[0].flavor}
    assert max(number for rack, number in racks.items() if rack in (only or racks)) < sum(
        m.count for m in members
    )


def bound_to(app: Application) -> set[str]:
    """Give the racks that the groups are bound to by name."""
    rules = (policy for group in app.groups for policy in group.policies)
    return {
        rack for rule in rules if isinstance(rule, Within) for rack in (rule.domains or {})["rack"]
    }


def takes(host: Host, needs: dict[str, int]) -> int:
    """Count the members of a size that a host takes."""
    return (
        min((host.capacity()[name] - host.used[name]) // need for name, need in needs.items())
        * host.enabled
    )


def test_an_unknown_way_of_being_impossible_is_an_error() -> None:
    with pytest.raises(KeyError):
        impossible(TINY, 0, "by-magic")


@pytest.mark.parametrize("objective", ["pack", "spread", "cost"])
@pytest.mark.parametrize("place", [filter_and_weigh.place, first_fit_decreasing.place])
def test_what_a_baseline_places_passes_the_checker(
    place: Callable[..., Answer], objective: Objective
) -> None:
    app = where_policies_meet(SMALL, 0)
    answer = place(app, SMALL, objective=objective)
    verdict = check(app, SMALL.index, answer.placement, objective=objective)
    assert answer.groups == 10
    assert answer.placed > 0
    if answer.objective is None:
        whole = {rule.policy for rule in verdict.violations}
        assert "members" in whole
    else:
        assert not verdict.violations
        assert verdict.objective == answer.objective


def test_first_fit_decreasing_places_what_one_pass_cannot() -> None:
    apps = [application(SMALL, seed) for seed in range(4)]
    swift = sum(first_fit_decreasing.place(app, SMALL).placed for app in apps)
    assert swift > sum(filter_and_weigh.place(app, SMALL).placed for app in apps)


@pytest.mark.integration
@pytest.mark.parametrize("objective", ["pack", "spread", "cost"])
def test_the_textbook_model_and_the_library_find_the_same_optimum(objective: Objective) -> None:
    solving = pytest.importorskip("groupsolver.solver.pipeline")
    made = compile_fleet(fleet(12, 3))
    rules = [
        {"kind": "spread", "level": "rack", "max_skew": 4},
        {"kind": "anti-affinity", "weight": 2},
    ]
    groups = [
        {"name": "a", "policies": rules, "members": [{"flavor": "m1.large", "count": 4}]},
        {
            "name": "b",
            "policies": [{"kind": "near", "group": "a"}],
            "members": [{"flavor": "m1.small", "count": 2}],
        },
    ]
    flavors = {name: flavor.document() for name, flavor in FLAVORS.items()}
    app = Application.model_validate({"flavors": flavors, "groups": groups})
    book = textbook.place(app, made, objective=objective, seconds=20)
    ours = solving.solve(app, made, objective=objective)
    assert book.status == ours.status == "optimal"
    assert book.objective == ours.objective == book.bound


def tiny_case(seed: int) -> Case:
    return Case(TINY, application(TINY, seed), 0.0)


@pytest.mark.parametrize("price", PRICES)
def test_triplets_fill_their_hosts(price: str) -> None:
    members = triplets(4, seed=1)
    assert sum(one["resources"]["MEMORY_MB"] for one in members) == 4 * 1000
    result = solved(members, {"MEMORY_MB": 1000}, 6, price, 20.0)
    assert result.status == "optimal"
    assert len(set((result.placement or {}).values())) == 4


@pytest.mark.integration
def test_the_driver_prints_a_table_and_writes_the_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("groupsolver.solver.pipeline")
    spec = Spec(
        "tiny",
        tiny_case,
        1,
        quick=1,
        objectives=("cost",),
        targets={"median": 60.0, "optimal": 0.0},
    )
    out = tmp_path / "tiny.json"
    arguments = ["--quick", "--only", "tiny", "--time-limit", "2", "--out", str(out)]
    assert main(arguments, specs=(spec,)) == 0
    shown = capsys.readouterr().out
    assert "groupsolver" in shown
    assert "filter-and-weigh" in shown
    document = json.loads(out.read_text())
    assert [run["solver"] for run in document["runs"]] == [
        "groupsolver",
        "filter-and-weigh",
        "first-fit-decreasing",
    ]
    assert document["summaries"][0]["placed"] == 1
    assert document["targets"][0]["met"] == {"median": True, "optimal": True}
    assert document["machine"].keys() == {"cores", "arch", "python", "ortools", "numpy", "pydantic"}
    assert str(Path.home()) not in out.read_text()


def test_real_nodes_are_skipped_with_a_word_where_they_are_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(alibaba.VARIABLE, str(tmp_path))
    with pytest.raises(
        alibaba.DataMissing, match=r"real nodes skipped: no openb_node_list_all_node\.csv"
    ):
        alibaba.read()
    out = tmp_path / "none.json"
    assert main(["--only", "real-nodes", "--out", str(out)]) == 0
    assert "real nodes skipped" in capsys.readouterr().out
    assert json.loads(out.read_text())["notes"]


def test_the_reader_makes_hosts_of_nodes_and_loads_them_with_pods(tmp_path: Path) -> None:
    folder = tmp_path / "alibaba_gpu2023"
    folder.mkdir()
    nodes = "sn,cpu_milli,memory_mib,gpu,model\n" + "a,32000,1000,0,\nb,96000,2000,8,G2\n"
    pods = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec\n" + "p,1000,100,1,500,\n" * 40
    (folder / "openb_node_list_all_node.csv").write_text(nodes)
    (folder / "openb_pod_list_default.csv").write_text(pods)
    plain, gpu = alibaba.fleet(alibaba.read(tmp_path), 0, load=0.6).hosts
    # GPU is the scarcest: of 8 devices, 60 % are 4,800 thousandths, passed by the tenth pod of 500.
    assert gpu.used == {"CUSTOM_CPU_MILLI": 10_000, "MEMORY_MB": 1_000, "CUSTOM_GPU_MILLI": 5_000}
    assert plain.used == {}
    assert gpu.traits == ("CUSTOM_GPU_G2",)


def test_the_networked_application_has_bandwidth_and_latency_and_a_placement() -> None:
    made = compile_fleet(leaf_spine(1000, 0))
    app = networked(made, 1)
    assert networked(made, 1) == app
    found = [
        p.kind
        for g in app.groups
        for p in g.policies
        if p.kind == "bandwidth" or getattr(p, "max_latency_us", None)
    ]
    assert sorted(found) == ["bandwidth", "network-proximity"]
    # Each of the 25 racks has 8 uplinks, each of the 1,000 hosts one.
    assert len(made.index.links) == 25 * 8 + 1000


def test_replicas_and_shards_are_those_that_were_agreed() -> None:
    app = replicas_and_shards(3)
    sizes = [members.count for group in app.groups for members in group.members]
    assert sizes == [12] * 24
    assert [len(group.groups) for group in app.groups if group.groups] == [8, 8, 8, 3]
