"""What goes into the store comes out the same: fleets, links, groups, instances."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groupsolver.errors import BadInput
from groupsolver.model.fleet import Fleet
from groupsolver.store.database.transaction import revision_of
from groupsolver.store.entities import Instance, StoredGroup
from groupsolver.store.errors import IdTaken, InUse, NotStored
from groupsolver.store.repositories import groups as stored
from groupsolver.store.repositories import hosts
from groupsolver.store.repositories.groups import Page
from groupsolver.store.repositories.instances import (
    StoredPlacement,
    add_placement,
    find_instance,
    list_instances,
    remove_instances,
)
from groupsolver.store.store import Store
from tests.support.draws import applications
from tests.support.draws.store_contents import StoreContents, fleet_of, policy, uid
from tests.support.drivers.databases import opened

_QUIET = [*settings.get_profile("ci").suppress_health_check, HealthCheck.function_scoped_fixture]
SEEDS = st.integers(0, 2**40)
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=20)
AMOUNT = st.one_of(st.integers(0, 100), st.just(2**63 - 1))
INVENTORY = st.one_of(
    AMOUNT,
    st.fixed_dictionaries(
        {"total": st.integers(10, 10**6)},
        optional={
            "reserved": st.integers(0, 10),
            "allocation_ratio": st.floats(0.01, 100),
            "max_unit": st.integers(1, 50),
            "min_unit": st.integers(1, 50),
            "step_size": st.integers(1, 50),
        },
    ),
)
HOST = st.fixed_dictionaries(
    {},
    optional={
        "inventory": st.dictionaries(st.sampled_from(["VCPU", "MEMORY_MB", "CUSTOM_A"]), INVENTORY),
        "used": st.dictionaries(st.sampled_from(["VCPU", "DISK_GB"]), AMOUNT),
        "traits": st.lists(st.sampled_from(["CUSTOM_X", "HW_CPU"]), unique=True),
        "enabled": st.booleans(),
        "cost": st.integers(-(2**63 - 1), 2**63 - 1),
        "domains": st.dictionaries(st.sampled_from(["zone", "räck"]), TEXT),
        "x-note": st.dictionaries(TEXT, st.none() | TEXT),
    },
)
LINK = st.fixed_dictionaries(
    {"between": st.tuples(st.sampled_from(["s1", "s2"]), st.sampled_from(["s3", "s4"]))},
    optional={"bandwidth_mbps": AMOUNT, "used_mbps": AMOUNT, "latency_us": AMOUNT},
)


@settings(max_examples=10, suppress_health_check=_QUIET)
@given(named=st.dictionaries(TEXT, HOST, min_size=1, max_size=4), links=st.lists(LINK, max_size=2))
def test_a_fleet_comes_out_as_it_went_in(
    new_database: Callable[[], str], named: Any, links: Any
) -> None:
    document = {
        "levels": ["zone", "räck"],
        "hosts": [{"name": name, **host} for name, host in named.items()],
    }
    try:
        fleet = Fleet.model_validate({**document, "links": links})
    except ValueError:  # a link whose end is known twice
        fleet = Fleet.model_validate(document)
    with opened(new_database()) as store:
        with store.write() as tx:
            hosts.load_fleet(tx, fleet)
        with store.read() as session:
            found = hosts.read_fleet(session)
            assert (found.levels, found.hosts, found.links) == (
                fleet.levels,
                fleet.hosts,
                fleet.links,
            )
            for host in fleet.hosts:
                assert hosts.find_host(session, host.name) == (host, 1)
        with store.write() as tx:
            for host in reversed(fleet.hosts):
                assert not hosts.put_host(tx, host)
        with store.read() as session:
            assert hosts.read_fleet(session).hosts == fleet.hosts
            assert [hosts.find_host(session, host.name)[1] for host in fleet.hosts] == [2] * len(
                fleet.hosts
            )


@settings(max_examples=8, suppress_health_check=_QUIET)
@given(
    seed=SEEDS,
    name=st.none() | TEXT,
    metadata=st.none() | st.dictionaries(TEXT, TEXT | st.just("\x00")),
)
def test_a_group_comes_out_as_it_went_in(
    new_database: Callable[[], str], seed: int, name: str | None, metadata: dict[str, str] | None
) -> None:
    rnd = Random(f"group {seed}")
    world = StoreContents(
        fleet_of(rnd), [StoredGroup(uid(i), "t", "u", origin="nova") for i in range(3)]
    )
    fourth = StoredGroup(
        uid(3), "t", "u", name, world.policies(rnd, uid(3), "t", 6), metadata, (uid(2), uid(0))
    )
    whole = [*world.groups, fourth]
    with opened(new_database()) as store:
        with store.write() as tx:
            for group in whole:
                stored.add_group(tx, group)
        with store.read() as session:
            assert stored.list_groups(session, "t", Page(), 0.0) == whole
            assert stored.list_groups(session, "other", Page(), 0.0) == []
            assert stored.find_group(session, uid(3), "t", 0.0) == fourth
            assert (
                stored.list_groups(session, None, Page(limit=2, marker=uid(0)), 0.0) == whole[1:3]
            )
            assert stored.list_groups(session, "t", Page(offset=3), 0.0) == whole[3:]
            assert [
                one.id for one in stored.list_groups(session, "t", Page(), 0.0, name=name or "-")
            ] == ([uid(3)] if name else [])


@pytest.mark.parametrize("kind", applications.KINDS)
def test_every_policy_comes_out_as_it_went_in(store: Store, kind: str) -> None:
    rnd = Random(kind)
    drawn = tuple(
        policy(applications.policies(rnd, kind, soft, [uid(7)], ["h0", "h1"]))
        for soft in (False, True) * 5
    )
    with store.write() as tx:
        stored.add_group(tx, StoredGroup(uid(1), "t", "u", policies=drawn))
    with store.read() as session:
        assert stored.find_group(session, uid(1), None, 0.0).policies == drawn


def placed(store: Store, *made: Instance, expires: float | None = None) -> None:
    with store.write() as tx:
        add_placement(
            tx, StoredPlacement(made[0].placement, "t", "optimal", 5, 5, 0.0, expires), list(made)
        )


@pytest.fixture
def filled(store: Store) -> Store:
    """Two hosts, a group with two members on the first, an instance of no group on the second."""
    with store.write() as tx:
        hosts.load_fleet(
            tx,
            Fleet.model_validate({"levels": ["zone"], "hosts": [{"name": "h0"}, {"name": "h1"}]}),
        )
        stored.add_group(
            tx,
            StoredGroup(
                uid(1),
                "t",
                "u",
                policies=(policy({"kind": "spread", "level": "zone", "max_skew": 1}),),
            ),
        )
    placed(store, *(instance(i) for i in (10, 11)), instance(12, group=None, host="h1"))
    return store


def instance(
    number: int, group: str | None = uid(1), host: str = "h0", placement: str = uid(90)
) -> Instance:
    return Instance(
        uid(number),
        "t",
        f"i{number}",
        group,
        host,
        {"VCPU": number, "DISK_GB": 2**63 - 1},
        placement,
    )


def test_instances_come_out_as_they_went_in_and_are_members_in_their_order(filled: Store) -> None:
    with filled.read() as session:
        assert list_instances(session, "t", Page(), 0.0) == [
            instance(10), instance(11), instance(12, group=None, host="h1")
        ]  # fmt: skip
        assert list_instances(session, "t", Page(limit=1, marker=uid(10)), 0.0) == [instance(11)]
        assert list_instances(session, "other", Page(), 0.0) == []
        assert stored.find_group(session, uid(1), "t", 0.0).members == (uid(10), uid(11))
        with pytest.raises(NotStored):
            find_instance(session, uid(10), "other", 0.0)


def test_a_member_that_goes_ends_its_membership_and_its_allocations(filled: Store) -> None:
    with filled.write() as tx:
        before = stored.find_group(tx.session, uid(1), "t", 0.0)
        remove_instances(tx, [instance(10)])
    with filled.read() as session:
        after = stored.find_group(session, uid(1), "t", 0.0)
        assert (after.members, after.generation) == ((uid(11),), before.generation + 1)
        assert rows(session, "SELECT count(*) FROM allocations") == [(4,)]
        assert rows(session, "SELECT count(*) FROM placements") == [(1,)]
    with filled.write() as tx:
        remove_instances(tx, [instance(11), instance(12)])
    with filled.read() as session:  # a placement stays as long as one of its instances
        assert rows(session, "SELECT count(*) FROM placements") == [(0,)]


def rows(session: Any, statement: str) -> list[Any]:
    from sqlalchemy import text

    return [tuple(row) for row in session.execute(text(statement))]


def test_a_host_with_members_does_not_go_and_others_do(filled: Store) -> None:
    with pytest.raises(InUse, match="'h0' has 2 members"), filled.write() as tx:
        hosts.remove_host(tx, "h0")
    with pytest.raises(InUse, match="has 1 member"), filled.write() as tx:
        hosts.load_fleet(tx, Fleet.model_validate({"levels": ["zone"], "hosts": [{"name": "h0"}]}))
    with filled.read() as session:
        assert [host.name for host in hosts.read_fleet(session).hosts] == ["h0", "h1"]
    with filled.write() as tx:
        remove_instances(tx, [instance(12)])
        hosts.remove_host(tx, "h1")
    with pytest.raises(NotStored), filled.write() as tx:
        hosts.remove_host(tx, "h1")


def test_replacing_the_fleet_keeps_the_members_of_hosts_that_stay(filled: Store) -> None:
    new = {
        "levels": ["zone", "row"],
        "hosts": [{"name": name, "domains": {"row": "r"}} for name in ("h1", "h0", "h2")],
    }
    with filled.write() as tx:
        hosts.load_fleet(tx, Fleet.model_validate(new))
    with filled.read() as session:
        assert len(list_instances(session, "t", Page(), 0.0)) == 3
        there = hosts.read_fleet(session).hosts
        assert sorted(host.name for host in there) == ["h0", "h1", "h2"]
        assert all(host.domains == {"row": "r"} for host in there)
        # One change beyond the revision that it came with; and the revision of this one.
        assert hosts.find_host(session, "h0")[1] == revision_of(session) - 1
        assert hosts.find_host(session, "h2")[1] == revision_of(session)


def test_a_level_at_which_a_policy_speaks_does_not_go(filled: Store) -> None:
    with pytest.raises(InUse, match="'zone'"), filled.write() as tx:
        hosts.load_fleet(tx, Fleet.model_validate({"hosts": [{"name": "h0"}, {"name": "h1"}]}))


def test_a_host_at_an_unknown_level_or_that_makes_a_link_ambiguous_is_refused(store: Store) -> None:
    fleet = {
        "levels": ["zone"],
        "hosts": [{"name": "h0", "domains": {"zone": "z0"}}],
        "links": [{"between": ["z0", "spine"]}],
    }
    with store.write() as tx:
        hosts.load_fleet(tx, Fleet.model_validate(fleet))
    for bad, code in (
        ({"name": "h1", "domains": {"rack": "r"}}, "unknown-level"),
        ({"name": "z0"}, "ambiguous-name"),
    ):
        host = Fleet.model_validate({"levels": ["rack"], "hosts": [bad]}).hosts[0]
        with pytest.raises(BadInput) as caught, store.write() as tx:
            hosts.put_host(tx, host)
        assert [fault.code for fault in caught.value.faults] == [code]


def test_a_group_that_is_named_or_has_members_does_not_go(filled: Store) -> None:
    near = policy({"kind": "near", "group": uid(2)})
    with filled.write() as tx:
        stored.add_group(tx, StoredGroup(uid(2), "t", "u"))
        stored.add_group(tx, StoredGroup(uid(3), "t", "u", policies=(near,)))
        stored.add_group(tx, StoredGroup(uid(4), "t", "u", groups=(uid(3),)))
    for number, what in ((1, "members"), (2, "name"), (3, "name")):
        with pytest.raises(InUse) as caught, filled.write() as tx:
            stored.remove_group(tx, stored.find_group(tx.session, uid(number), "t", tx.now))
        assert caught.value.what == what
    with filled.write() as tx:  # its children stay, its members run on
        for number in (4, 3, 2, 1):
            stored.remove_group(
                tx, stored.find_group(tx.session, uid(number), "t", tx.now), force=number == 1
            )
    with filled.read() as session:
        assert [one.group for one in list_instances(session, "t", Page(), 0.0)] == [None] * 3


def test_an_id_that_is_taken_is_refused_whoever_has_it(filled: Store) -> None:
    with pytest.raises(IdTaken, match=uid(1)), filled.write() as tx:
        stored.add_group(tx, StoredGroup(uid(1), "other", "u"))


def test_sqlite_is_in_wal_mode_checks_foreign_keys_and_writes_through(
    tmp_path: Path, sqlite_made: Path
) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(sqlite_made.read_bytes())
    with opened(f"sqlite:///{path}", durable=True) as store, store.read() as session:
        assert rows(session, "PRAGMA journal_mode") == [("wal",)]
        assert rows(session, "PRAGMA foreign_keys") == [(1,)]
        assert rows(session, "PRAGMA synchronous") == [(2,)]


def test_an_instance_on_a_host_that_is_not_there_is_refused_by_the_database_itself(
    store: Store,
) -> None:
    from sqlalchemy.exc import IntegrityError

    with pytest.raises(IntegrityError):
        placed(store, instance(1, group=None, host="nowhere"))
