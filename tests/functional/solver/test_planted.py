"""Planted conflicts are minimal: infeasible, and feasible without any one of their rules."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.contradictions.plot import AVX, varied
from benchmarks.explained import main
from benchmarks.support.applications import application
from benchmarks.support.planted import WAYS, planted
from groupsolver import (
    POLICIES,
    Application,
    CompiledFleet,
    HostCapabilities,
    Limits,
    NetworkProximity,
    Result,
    Spread,
    compile_fleet,
    solve,
)
from groupsolver.model.result import Conflict, ConflictingPolicy, Fix, Progress, Watch
from tests.support.oracle.solved_subsets import Capacity, Piece, feasible, named

FLEET = compile_fleet(varied(120, 0))  # twelve racks of ten


@pytest.mark.integration
@pytest.mark.parametrize("way", WAYS)
def test_what_is_planted_is_refuted_and_each_part_of_it_has_a_placement(way: str) -> None:
    case = planted(FLEET, 0, way)
    limits = Limits(seconds=30, workers=1)
    assert solve(case.app, FLEET, limits=limits, explain=False).status == "infeasible"
    chosen = named(case.app, case.rules)
    assert not feasible(case.app, FLEET, chosen)
    for atom in chosen:
        assert feasible(case.app, FLEET, [other for other in chosen if other is not atom]), atom


@pytest.mark.parametrize("way", WAYS)
def test_a_way_says_how_many_policies_take_part(way: str) -> None:
    case = planted(FLEET, 1, way)
    doc = WAYS[way].__doc__ or ""
    assert doc.startswith(f"{case.policies} rule{'s' * (case.policies > 1)}")
    assert 1 <= case.policies <= 5


def test_every_kind_of_policy_takes_part_in_some_conflict_in_all_its_forms() -> None:
    rules = []
    for way in WAYS:
        case = planted(FLEET, 0, way)
        rules += named(case.app, case.rules)
    found = [atom.policy for atom in rules if isinstance(atom, Piece)]
    assert {policy.kind for policy in found} == set(POLICIES) - {
        "survives"
    }  # see test_survives_explained.py
    assert {policy.at for policy in found if policy.kind == "anti-affinity"} == {
        "host",
        "rack",
        "zone",
    }
    fields = {"required", "forbidden", "any_of", "minimum"}
    of_hosts = [policy for policy in found if isinstance(policy, HostCapabilities)]
    assert all(any(getattr(policy, field) for policy in of_hosts) for field in fields)
    spreads = [policy for policy in found if isinstance(policy, Spread)]
    assert {policy.max_skew is None for policy in spreads} == {True, False}
    near = [policy for policy in found if isinstance(policy, NetworkProximity)]
    assert {policy.max_hops is None for policy in near} == {True, False}
    assert {atom.resource for atom in rules if isinstance(atom, Capacity)} >= {"VCPU", "MEMORY_MB"}


def test_a_seed_gives_the_same_conflict_and_the_other_groups_have_a_placement() -> None:
    for seed, way in enumerate(list(WAYS)[::6]):
        case = planted(FLEET, seed, way)
        assert planted(FLEET, seed, way) == case
        assert planted(FLEET, seed + 100, way) != case
        # Ten groups in all, apart from parents; the others are part of a possible application.
        bad = {atom[0] for atom in case.rules if not isinstance(atom, str)}
        rest = [group for group in case.app.groups if group.name not in bad]
        possible = application(FLEET, seed).groups
        assert all(group in possible for group in rest)
        fine = case.app.model_copy(update={"groups": tuple(rest), "existing": ()})
        assert solve(fine, FLEET, limits=Limits(seconds=30, gap=1, workers=1)).placed


def test_ways_take_turns() -> None:
    assert [planted(FLEET, seed).way for seed in range(3)] == list(WAYS)[:3]


@pytest.mark.parametrize(("hosts", "racks"), [(100, 13), (120, 12), (1000, 25)])
def test_a_varied_fleet_has_ten_racks_two_traits_and_empty_hosts(hosts: int, racks: int) -> None:
    fleet = compile_fleet(varied(hosts, 3))
    assert len(fleet.index.domains("rack")) == racks
    assert (fleet.enabled & ~fleet.busy).sum() == 6  # in six racks one each
    # Every other rack of a zone: rows 3 to 5, 9 to 11, and so on.
    assert 0.3 < fleet.trait(AVX).mean() < 0.6
    assert len(fleet.links) == racks * 8 + hosts


def test_the_benchmark_of_explanations_tells_the_planted_conflict_from_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = iter(["zones-apart", "racks-apart"])

    def explain(
        app: Application, fleet: CompiledFleet, *, limits: Limits, progress: Watch
    ) -> Result:
        # The right conflict for the first way; for the second just its size, not proved minimal.
        (group,) = (group for group in app.groups if group.name in {"quorum", "racks"})
        names = ["anti-affinity", "members"] if next(answers) == "zones-apart" else ["members"]
        rules = tuple(
            ConflictingPolicy(group=group.name, policy=name, sentence="") for name in names
        )
        helps = (Fix(change="fewer members", cost=1, placement=None),)
        for phase in ("conflict", "fix"):
            progress(Progress(phase, 0.0))
        return Result(
            status="infeasible",
            conflict=Conflict(policies=rules, minimal=len(names) == 2, fixes=helps),
        )

    out = tmp_path / "explained.json"
    assert (
        main(
            ["--hosts", "120", "--seeds", "2", "--time-limit", "3", "--out", str(out)],
            explain=explain,
        )
        == 0
    )
    assert "no minimal conflict: racks-apart, 120 hosts" in capsys.readouterr().out
    document = json.loads(out.read_text())
    (figures,) = document["figures"]
    counts = {name: figures[name] for name in ("cases", "minimal", "same", "other", "with_fix")}
    assert counts == {"cases": 2, "minimal": 1, "same": 1, "other": 0, "with_fix": 2}
    assert (
        document["cases"][1]["seconds"] == 3
    )  # what has no minimal conflict counts the whole limit
