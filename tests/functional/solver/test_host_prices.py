"""Prices of opening hosts through the whole solve: fixes, tiers, losses, and the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from groupsolver import Application, Fleet, Limits, check, explain, solve
from groupsolver.cli.main import main
from tests.support.small import group, host

Doc = dict[str, Any]
ONE = Limits(seconds=20, workers=1)


def app_of(*groups: Doc, price: int | None, existing: tuple[Doc, ...] = ()) -> Application:
    document = {"groups": groups, "existing": existing, "host_price": price}
    return Application.model_validate(document)


def fleet_of(*hosts: Doc) -> Fleet:
    return Fleet.model_validate({"hosts": hosts})


def test_fixes_cost_the_same_whatever_opening_hosts_costs() -> None:
    # New members of 4 must be on h0, where a running one has 2 of 4: it may move to h1 or h2.
    within = {"kind": "within", "hosts": ["h0"]}
    running = {"group": "B", "id": "old", "host": "h0", "resources": {"VCPU": 2}}
    fleet = fleet_of(host("h0", used={"VCPU": 2}), host("h1"), host("h2", used={"VCPU": 1}))
    found = []
    for price in (None, 700):
        groups = (group("A", 1, within, vcpu=4), {"name": "B"})
        app = app_of(*groups, price=price, existing=(running,))
        conflict = explain(app, fleet, limits=ONE).conflict
        assert conflict is not None
        found.append([(fix.change, fix.cost) for fix in conflict.fixes])
    assert found[0] == found[1]
    assert any("move" in change for change, _ in found[0])


def test_a_tier_comes_before_the_price_of_hosts() -> None:
    apart = {"kind": "anti-affinity", "weight": 1, "priority": 0}
    fleet = fleet_of(*(host(f"h{i}") for i in range(3)))
    result = solve(app_of(group("A", 3, apart), price=50), fleet, objective="cost", limits=ONE)
    # The tier is met on three hosts, however dear they are.
    assert (result.status, result.objective) == ("optimal", 150)
    together = solve(app_of(group("A", 3), price=50), fleet, objective="cost", limits=ONE)
    assert together.objective == 50


def test_a_placement_that_survives_pays_for_the_hosts_that_it_opens() -> None:
    survives = {"kind": "survives", "level": "host"}
    fleet = fleet_of(*(host(f"h{i}", 2) for i in range(4)))
    app = app_of(group("A", 2, survives, vcpu=1), price=9)
    result = solve(app, fleet, objective="cost", limits=ONE)
    # Both on one host: if it is lost, another takes them. Where they go then costs nothing.
    assert (result.status, result.objective) == ("optimal", 9)


def test_of_many_equal_hosts_as_many_as_members_can_open_are_enough() -> None:
    sizes = [{"resources": {"VCPU": size}, "count": 3} for size in (1, 2, 3, 4, 5)]
    groups = [{"name": "A", "members": sizes}]
    fleet = fleet_of(*(host(f"h{i}", 9) for i in range(400)))
    app = app_of(*groups, price=1)
    result = solve(app, fleet, objective="cost", limits=ONE)
    assert (result.status, result.objective) == ("optimal", 5)  # 45 VCPU in hosts of 9
    assert check(app, fleet, result.placement or {}, objective="cost").opening == 5


def test_the_command_line_shows_what_was_opened(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    app, fleet = tmp_path / "app.json", tmp_path / "fleet.json"
    app.write_text(json.dumps({"groups": [group("A", 3)], "host_price": 7}))
    fleet.write_text(json.dumps({"hosts": [host("h0", 2), host("h1", 2, used={"VCPU": 1})]}))
    files = [str(app), "--fleet", str(fleet), "--objective", "cost"]
    assert main(["place", *files]) == 0
    assert "1 host: h0; costs 7" in capsys.readouterr().out
    assert main(["place", *files, "--output", "json"]) == 0
    result = tmp_path / "result.json"
    result.write_text(capsys.readouterr().out)
    assert main(["check", *files, "--placement", str(result)]) == 0
    assert "hosts that held nothing before: costs 7" in capsys.readouterr().out
