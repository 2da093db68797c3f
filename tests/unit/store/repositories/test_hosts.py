"""Fleets in the store: replaced in a moment, and no name of a link's end known at two levels."""

from __future__ import annotations

import time
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from benchmarks.support.fleets import fleet
from groupsolver.errors import BadInput
from groupsolver.model.fleet import Fleet, Host
from groupsolver.store.repositories import hosts
from groupsolver.store.store import Store
from tests.support.drivers.databases import opened

NAMES = ["a", "A", 'q"', "%", "ä"]  # said otherwise in JSON, or of a meaning to LIKE


def test_ten_thousand_hosts_are_loaded_and_replaced_in_moments(
    tmp_path: Path, sqlite_made: Path
) -> None:
    path = tmp_path / "large.db"
    path.write_bytes(sqlite_made.read_bytes())
    whole = fleet(10_000, 0)
    dearer = whole.model_copy(
        update={
            "hosts": tuple(host.model_copy(update={"cost": host.cost + 1}) for host in whole.hosts)
        }
    )
    with opened(f"sqlite:///{path}") as store:
        start = time.process_time()  # of this process: others may be at work on the machine
        with store.write() as tx:
            hosts.load_fleet(tx, whole)
        assert time.process_time() - start < 5
        with store.read() as session:
            assert hosts.read_fleet(session).hosts == whole.hosts
        start = time.process_time()
        with store.write() as tx:
            hosts.load_fleet(tx, dearer)
        assert time.process_time() - start < 2
        with store.read() as session:
            assert hosts.read_fleet(session).hosts == dearer.hosts
            assert hosts.find_host(session, whole.hosts[0].name)[1] == 2


def drawn(rnd: Random, names: list[str]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "domains": {
                level: rnd.choice(NAMES) for level in ("rack", "zone") if rnd.random() < 0.4
            },
        }
        for name in names
    ]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, sqlite_made: Path) -> str:
    path = tmp_path_factory.mktemp("links") / "shared.db"
    path.write_bytes(sqlite_made.read_bytes())
    return f"sqlite:///{path}"


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**40))
def test_a_host_is_refused_exactly_where_the_whole_fleet_with_it_would_be(
    shared: str, seed: int
) -> None:
    rnd = Random(seed)
    links = [{"between": rnd.sample([*NAMES, "spine"], 2)} for _ in range(rnd.randint(0, 2))]
    first: dict[str, Any] = {
        "levels": ["rack", "zone"],
        "hosts": drawn(rnd, rnd.sample(["h", *NAMES], 3)),
    }
    try:
        loaded = Fleet.model_validate({**first, "links": links})
    except ValidationError:
        links, loaded = [], Fleet.model_validate(first)
    (new,) = drawn(rnd, [rnd.choice(["h", *NAMES])])
    others = [host for host in first["hosts"] if host["name"] != new["name"]]
    try:
        Fleet.model_validate({**first, "hosts": [*others, new], "links": links})
        sound = True
    except ValidationError:
        sound = False
    with opened(shared) as store:
        with store.write() as tx:
            hosts.load_fleet(tx, loaded)
        if sound:
            assert put(store, new) == (len(others) == 3)
        else:
            with pytest.raises(BadInput, match="is known at two levels") as caught:
                put(store, new)
            assert {(fault.code, fault.path) for fault in caught.value.faults} == {
                ("ambiguous-name", "domains")
            }


def put(store: Store, host: dict[str, Any]) -> bool:
    with store.write() as tx:
        return hosts.put_host(tx, Host.model_validate(host))


def test_a_host_of_a_fleet_with_links_is_put_without_reading_the_others(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = {
        "levels": ["rack"],
        "hosts": [{"name": f"h{i}", "domains": {"rack": f"r{i}"}} for i in range(3)],
        "links": [{"between": ["r0", "r1"]}],
    }
    with store.write() as tx:
        hosts.load_fleet(tx, Fleet.model_validate(document))
    monkeypatch.setattr(hosts, "read_fleet", lambda _: 1 / 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hosts, "_levels_of_name", lambda *_: 1 / 0)
        assert not put(store, {"name": "h0", "domains": {"rack": "r0"}, "cost": 5})
        assert put(store, {"name": "h9", "domains": {"rack": "r9"}})
    assert put(store, {"name": "h8", "domains": {"rack": "r0"}})
