"""Laws of a cluster: sequences of every call, beside a model in plain Python and the oracle."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, note, settings
from hypothesis import strategies as st

from groupsolver import (
    Application,
    BadInput,
    Cluster,
    Fleet,
    Host,
    Limits,
    Result,
    UnknownApplication,
    UnknownHost,
    check,
    solve,
)
from tests.support.cluster_model import ClusterModel, target_of
from tests.support.draws import applications as draws
from tests.support.draws import survives as survival_draws
from tests.support.draws.applications import KINDS, dice
from tests.support.draws.links import some_bandwidth
from tests.support.draws.network import some_links

Doc = dict[str, Any]
ONE = Limits(seconds=60, workers=1)
STEPS = 9
NAMES = ("web", "shop", "db")
OBJECTIVES = ("pack", "spread", "cost")
_QUIET = [*settings.get_profile("ci").suppress_health_check, HealthCheck.function_scoped_fixture]


class Pair:
    """A cluster and its model, on which the same is done."""

    def __init__(self, rnd: Random, kind: str, fleet: Doc) -> None:
        self.rnd = rnd
        self.kind = kind
        self.model = ClusterModel(fleet)
        self.cluster = Cluster(Fleet.model_validate(fleet))

    # Draws.

    def application(self) -> Doc:
        """An application of few members; some of its policies name groups of others."""
        rnd = self.rnd
        kind = self.kind if self.kind in KINDS else rnd.choice(KINDS)
        fleet = deepcopy(self.model.fleet)
        drawn = draws.applications(rnd, kind, rnd.random() < 0.25, fleet, members=3)
        app = {"flavors": drawn["flavors"], "groups": drawn["groups"]}
        others = [
            f"{name}:{group['name']}"
            for name, other in self.model.applications.items()
            for group in other["groups"]
        ]
        for group in app["groups"]:
            for policy in group["policies"]:
                if target_of(policy) is not None and others and rnd.random() < 0.4:
                    policy["to" if "to" in policy else "group"] = rnd.choice(others)
            group["policies"] = without_repeated(group["policies"])
        if self.kind == "survives" and rnd.random() < 0.6:
            owner = rnd.choice(app["groups"])
            soft = rnd.random() < 0.2
            owner["policies"].append(survival_draws.survives(rnd, soft, rnd.choice((0, 1))))
        return app

    def step(self) -> None:
        """Do one thing to both, and compare them."""
        running = list(self.model.applications)
        actions = [self.place, self.place, self.place, self.put_host, self.drop_host, self.ask]
        if running:
            actions += [self.remove, self.grow, self.place_many]
        action = self.rnd.choice(actions)
        event(action.__name__)
        action()
        self.compare()

    # Actions.

    def place(self) -> None:
        name = self.rnd.choice(NAMES)
        app = self.application()
        if name in self.model.applications:
            app = self.definition(name)
        self._place(name, app)

    def grow(self) -> None:
        """Place more members of an application that runs."""
        name = self.rnd.choice(list(self.model.applications))
        app = self.definition(name)
        with_members = [group for group in app["groups"] if group.get("members")]
        if with_members:
            entry = self.rnd.choice(self.rnd.choice(with_members)["members"])
            entry["count"] = entry.get("count", 1) + 1
        self._place(name, app)

    def definition(self, name: str) -> Doc:
        """An application that runs, as it was given last."""
        given = self.model.applications[name]
        return deepcopy({key: value for key, value in given.items() if key != "existing"})

    def _place(self, name: str, app: Doc) -> None:
        objective: Any = self.rnd.choice(OBJECTIVES)
        note(f"place {name} by {objective}: {json.dumps(app)}")
        oracle = self.model.oracle(name, app)
        if len(self.model.hosts()) ** len(oracle.members) > 1500:
            return
        asked = solve(
            named(name, app), self.cluster, objective=objective, limits=ONE, explain=False
        )
        result = self.cluster.place(
            name, Application.model_validate(app), objective=objective, limits=ONE, explain=False
        )
        assert said_of(result, app) == said_of(asked, app)
        best = oracle.best_rank(objective)
        event(result.status)
        if best is None:
            assert result.status == "infeasible"
            return
        assert result.status == "optimal"
        placement = result.placement or {}
        assert oracle.holds(placement)
        assert oracle.rank(placement, objective) == best
        self.model.place(name, app, placement, result.cells)

    def place_many(self) -> None:
        """Place two applications that are new, all or some."""
        new = [name for name in ("one", "two") if name not in self.model.applications]
        if len(new) < 2:
            return
        apps = {name: self.application() for name in new}
        partial = self.rnd.random() < 0.5
        batch = self.cluster.place_many(
            {name: Application.model_validate(app) for name, app in apps.items()},
            partial=partial,
            limits=ONE,
        )
        placed = batch.placed
        event(f"batch {batch.status}")
        assert partial or len(placed) in {0, 2}
        assert batch.value <= batch.value_bound
        sizes = {name: len(self.model.oracle(name, app).members) for name, app in apps.items()}
        assert batch.value == sum(sizes[name] for name in placed)
        # The larger one was placed first.
        for name in sorted(placed, key=lambda name: -sizes[name]):
            entry = batch[name]
            oracle = self.model.oracle(name, apps[name])
            assert oracle.holds(entry.placement or {})
            self.model.place(name, apps[name], entry.placement or {}, entry.cells)
        for name in set(new) - set(placed):
            assert batch[name].reason

    def ask(self) -> None:
        """Hold any placement against the cluster: nothing changes."""
        app = self.application()
        oracle = self.model.oracle("asked", app)
        hosts = self.model.hosts()
        for _ in range(3):
            placement = {id_: self.rnd.choice(hosts) for id_, _, _ in oracle.members}
            verdict = check(named("asked", app), self.cluster, placement)
            assert (not verdict.violations) == oracle.holds(placement)

    def remove(self) -> None:
        name = self.rnd.choice(list(self.model.applications))
        ids = [there["id"] for there in self.model.applications[name]["existing"]]
        if self.rnd.random() < 0.5:
            removed = self.cluster.remove(name)
        else:
            ids = self.rnd.sample(ids, self.rnd.randint(1, len(ids)))
            removed = self.cluster.remove(name, ids)
        assert {member.id for member in removed} == set(ids)
        self.model.remove(name, set(ids))

    def put_host(self) -> None:
        """Add a host, or give one other amounts and domains."""
        name = self.rnd.choice([*self.model.hosts(), "h9"])
        host = self.rnd.choice(draws.fleets(self.rnd)["hosts"])
        # Members keep their cells: a host that has none any more is a case of its own.
        host.pop("cells", None)
        levels = self.model.fleet["levels"]
        domains = {level: one for level, one in host["domains"].items() if level in levels}
        host = {**host, "name": name, "domains": domains}
        if self.model.in_cells(name):
            return
        hosts = [other for other in self.model.fleet["hosts"] if other["name"] != name]
        try:
            Fleet.model_validate({**self.model.fleet, "hosts": [*hosts, host]})
        except ValueError:
            with pytest.raises(BadInput):
                self.cluster.update_host(Host.model_validate(host))
            return
        self.cluster.update_host(Host.model_validate(host))
        self.model.put_host(host)

    def drop_host(self) -> None:
        hosts = self.model.hosts()
        if len(hosts) < 3:
            return
        name = self.rnd.choice(hosts)
        running = self.model.members_on(name)
        if running and self.rnd.random() < 0.5:
            with pytest.raises(BadInput, match="runs"):
                self.cluster.remove_host(name)
            return
        if running:
            lost = self.cluster.lose_host(name)
            assert {(member.application, member.id) for member in lost} == set(running)
        else:
            self.cluster.remove_host(name)
        self.model.drop_host(name)

    # Comparison.

    def compare(self) -> None:
        """Both hold the same, and so does a cluster that is made of what this one says."""
        found = {
            (m.application, m.id, m.group, m.host, tuple(sorted(m.resources.items())), m.cell)
            for m in self.cluster.members()
        }
        assert found == self.model.members()
        fleet = self.cluster.fleet
        assert fleet == Fleet.model_validate(
            {**self.model.fleet, "hosts": self.model.fleet["hosts"]}
        )
        assert sorted(self.cluster.applications) == sorted(self.model.applications)
        again = Cluster(fleet, self.cluster.applications)
        assert again.document() == self.cluster.document()
        in_use = Fleet.model_validate(self.model.fleet_in_use())
        compiled = self.cluster.compiled()
        for host in in_use.hosts:
            if not self.model.fleet.get("pools"):
                assert compiled[host.name] == host
                assert self.cluster.free(host.name) == host.unused()
        by_index = Cluster(fleet, self.cluster.applications).compiled().index
        assert dict(compiled.index.reserved) == dict(by_index.reserved)
        assert [pool.used for pool in compiled.index.pools.pools] == [
            pool.used for pool in by_index.pools.pools
        ]


def without_repeated(policies: list[Doc]) -> list[Doc]:
    seen: list[Doc] = []
    found = []
    for policy in policies:
        said = {k: v for k, v in policy.items() if k not in {"weight", "priority"}}
        if said not in seen:
            found.append(policy)
        seen.append(said)
    return found


def named(name: str, app: Doc) -> Application:
    return Application.model_validate({**app, "name": name})


def said_of(result: Result, app: Doc) -> Doc:
    """What is said of the application itself.

    That is not the time, nor the recoveries, of which there may be several, nor warnings about
    others, nor all hard policies of a conflict that was not explained.
    """
    own = tuple(f"groups[{i}]" for i in range(len(app["groups"])))
    warnings = [one for one in result.warnings if one.startswith(own) or "groups[" not in one]
    more = {"seconds": 0, "witness": None, "warnings": warnings, "conflict": None}
    return {**result.document(), **more}


def fleet_for(kind: str, rnd: Random) -> Doc:
    if kind == "survives":
        return survival_draws.fleets(rnd)
    fleet = draws.fleets(rnd)
    if kind == "bandwidth":
        asking = {"groups": [{"policies": [{"kind": "bandwidth"}]}]}
        _, fleet = some_bandwidth((asking, fleet), rnd)
    return some_links(fleet, rnd) if kind == "network-proximity" else fleet


@pytest.mark.parametrize("kind", [*KINDS, "survives"])
@settings(suppress_health_check=_QUIET)
@given(data=st.data())
def test_every_call_does_what_a_model_in_plain_python_does(kind: str, data: Any) -> None:
    rnd = data.draw(dice(kind, False))
    fleet = fleet_for(kind, rnd)
    note(json.dumps(fleet))
    pair = Pair(rnd, kind, fleet)
    for _ in range(STEPS):
        pair.step()


@settings(suppress_health_check=_QUIET)
@given(data=st.data())
def test_a_saved_cluster_is_the_same_when_it_is_loaded(tmp_path: Path, data: Any) -> None:
    kind = data.draw(st.sampled_from([*KINDS, "survives"]))
    rnd = data.draw(dice(kind, False))
    pair = Pair(rnd, kind, fleet_for(kind, rnd))
    path = tmp_path / "a.cluster.json"
    for _ in range(STEPS):
        pair.step()
        pair.cluster.save(path)
        pair.cluster = Cluster.load(path)
        pair.compare()


def test_bad_calls_name_what_was_wrong_and_change_nothing() -> None:
    fleet = Fleet.model_validate({"hosts": [{"name": "h0", "inventory": {"VCPU": 4}}]})
    cluster = Cluster(fleet)
    app = Application.model_validate(
        {"groups": [{"name": "A", "members": [{"resources": {"VCPU": 1}, "count": 2}]}]}
    )
    cluster.place("web", app, limits=ONE)
    before = cluster.document()
    with pytest.raises(UnknownApplication, match="did you mean 'web'"):
        cluster.remove("wed")
    with pytest.raises(BadInput, match="no member 'A/9'"):
        cluster.remove("web", ["A/0", "A/9"])
    with pytest.raises(UnknownHost, match="h7"):
        cluster.lose_host("h7")
    with pytest.raises(BadInput, match="unknown level 'rack'"):
        cluster.update_host(Host(name="h1", domains={"rack": "r0"}))
    with pytest.raises(BadInput, match="separates"):
        cluster.place("other", Application.model_validate(renamed(app, "A:B")))
    with pytest.raises(BadInput, match="without ':'"):
        cluster.place("a:b", app)
    with pytest.raises(TypeError, match="a collection of member ids"):
        cluster.remove("web", "A/0")
    assert cluster.document() == before


def renamed(app: Application, name: str) -> Doc:
    document = app.document()
    document["groups"][0]["name"] = name
    return document
