"""A claim that was solved on an older state still holds, or is refused as a whole."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
from sqlalchemy.exc import StatementError

from groupsolver.cluster.claim import Contended
from groupsolver.model.fleet import Fleet
from groupsolver.store.database.transaction import WriteTransaction
from groupsolver.store.entities import StoredGroup
from groupsolver.store.errors import IdTaken, KeyInFlight, NotStored, QuotaExceeded
from groupsolver.store.repositories import groups as stored
from groupsolver.store.repositories import hosts, idempotency
from groupsolver.store.repositories.claims import KeptAnswer, PlacementClaim, commit
from groupsolver.store.repositories.instances import StoredPlacement, remove_instances
from groupsolver.store.state.project_scope import RequestedInstance, RequestedPlacement
from groupsolver.store.state.snapshot_cache import SnapshotCache
from groupsolver.store.store import Store
from tests.support.claims import claim_on
from tests.support.draws.histories import Clock
from tests.support.draws.store_contents import policy, uid
from tests.support.drivers.databases import opened

A, B, C, ALONE, PARENT = (uid(i) for i in range(1, 6))
# Two racks of two hosts; 4 VCPU each.
FLEET = {
    "levels": ["rack"],
    "hosts": [
        {
            "name": f"h{i}",
            "domains": {"rack": f"r{i // 2}"},
            "inventory": {"VCPU": {"total": 4, "max_unit": 3}},
        }
        for i in range(4)
    ],
}


@pytest.fixture
def ready(store: Store) -> Store:
    def named(kind: str, group: str) -> StoredGroup:
        return StoredGroup(
            C, "t", "u", policies=(policy({"kind": kind, "group": group, "level": "rack"}),)
        )

    with store.write() as tx:
        hosts.load_fleet(tx, Fleet.model_validate(FLEET))
        for group in (
            StoredGroup(
                A, "t", "u", policies=(policy({"kind": "anti-affinity", "level": "rack"}),)
            ),
            StoredGroup(B, "t", "u"),
            named("apart-from", B),
            StoredGroup(ALONE, "other", "u", policies=(policy({"kind": "exclusive"}),)),
            StoredGroup(
                PARENT, "t", "u", policies=(policy({"kind": "anti-affinity"}),), groups=(B,)
            ),
        ):
            stored.add_group(tx, group)
    return store


class Claims:
    """Claims made on one state, and committed in any order."""

    def __init__(self, store: Store) -> None:
        self.store, self.snapshot_cache = store, SnapshotCache(store)
        self.seen = self.snapshot_cache.snapshot()
        self._number = 100

    def claim(
        self, group: str | None, *where: str, vcpu: int = 1, most: Mapping[str, int] | None = None
    ) -> PlacementClaim:
        ids = [uid(self._number + i) for i in range(len(where))]
        self._number += 10
        tenant = "other" if group == ALONE else "t"
        requested = RequestedPlacement(
            tenant,
            tuple(RequestedInstance(key, None, group, {"VCPU": vcpu}) for key in ids),
            "pack",
            most or {},
        )
        placement = StoredPlacement(uid(self._number), tenant, "optimal", 0, 0, 0.0)
        return claim_on(self.seen, requested, dict(zip(ids, where, strict=True)), placement)

    def commit(self, claim: PlacementClaim, kept: KeptAnswer | None = None) -> None:
        commit(self.store, self.snapshot_cache, claim, kept)

    def refused(self, claim: PlacementClaim, words: str) -> None:
        before = self.snapshot_cache.snapshot()
        with pytest.raises(Contended, match=words) as caught:
            self.commit(claim)
        assert caught.value.reasons
        assert self.snapshot_cache.snapshot() is before  # nothing was written


@pytest.fixture
def claims(ready: Store) -> Claims:
    return Claims(ready)


def test_room_that_another_took_is_gone(claims: Claims) -> None:
    claims.commit(claims.claim(None, "h0", vcpu=3))
    claims.refused(claims.claim(None, "h0", vcpu=2), "h0 has 1 VCPU free; its new members take 2")
    claims.commit(claims.claim(None, "h0", vcpu=1))


def test_a_rack_that_the_same_group_entered_meanwhile_is_closed_though_on_another_host(
    claims: Claims,
) -> None:
    claims.commit(claims.claim(A, "h0"))
    claims.refused(claims.claim(A, "h1"), "rack")
    claims.commit(claims.claim(A, "h2"))


@pytest.mark.parametrize(("first", "second"), [(B, C), (C, B)])
def test_a_group_that_names_this_one_counts_and_so_does_one_that_is_named(
    claims: Claims, first: str, second: str
) -> None:
    claims.commit(claims.claim(first, "h0"))
    claims.refused(claims.claim(second, "h1"), "no rack holds members of both")
    claims.commit(claims.claim(second, "h2"))


@pytest.mark.parametrize(
    ("first", "second"), [(ALONE, B), (B, ALONE), (ALONE, None), (None, ALONE)]
)
def test_a_group_that_stands_alone_does_so_against_other_projects_too(
    claims: Claims, first: str | None, second: str | None
) -> None:
    claims.commit(claims.claim(first, "h0"))
    claims.refused(claims.claim(second, "h0"), "nothing but")
    claims.commit(claims.claim(second, "h1"))


def test_a_policy_of_a_group_above_counts(claims: Claims) -> None:
    claims.commit(claims.claim(B, "h0"))
    claims.refused(claims.claim(B, "h0"), PARENT)


def changed(store: Store, change: Callable[[WriteTransaction], object]) -> None:
    with store.write() as tx:
        change(tx)


def test_hosts_and_groups_that_changed_or_went_meanwhile_are_seen(claims: Claims) -> None:
    host = Fleet.model_validate(FLEET).hosts[0]
    on_first, of_group = claims.claim(None, "h0", vcpu=2), claims.claim(B, "h3")
    changed(
        claims.store, lambda tx: hosts.put_host(tx, host.model_copy(update={"used": {"VCPU": 3}}))
    )
    claims.refused(on_first, "h0 has 1 VCPU free")
    changed(claims.store, lambda tx: hosts.put_host(tx, host.model_copy(update={"enabled": False})))
    claims.refused(on_first, "disabled")
    changed(claims.store, lambda tx: hosts.remove_host(tx, "h0"))
    claims.refused(on_first, "h0")
    within = (policy({"kind": "within", "hosts": ["h2"]}),)
    group = StoredGroup(B, "t", "u")
    changed(claims.store, lambda tx: stored.change_group(tx, group, {"policies": within}))
    claims.refused(of_group, "members")
    changed(claims.store, lambda tx: stored.change_group(tx, group, {"policies": ()}))
    changed(claims.store, lambda tx: stored.remove_group(tx, StoredGroup(C, "t", "u")))
    claims.commit(of_group)
    with pytest.raises(NotStored):
        claims.commit(claims.claim(C, "h3"))


def test_a_member_that_others_are_near_to_is_gone_when_its_claim_has_ended(
    new_database: Callable[[], str],
) -> None:
    clock = Clock()
    with opened(new_database(), clock) as store:
        with store.write() as tx:
            hosts.load_fleet(tx, Fleet.model_validate(FLEET))
            stored.add_group(tx, StoredGroup(B, "t", "u"))
            stored.add_group(
                tx, StoredGroup(C, "t", "u", policies=(policy({"kind": "near", "group": B}),))
            )
        claims = Claims(store)
        first = claims.claim(B, "h0")
        ending = StoredPlacement(uid(50), "t", "optimal", 0, 0, 0.0, clock.now + 10)
        claims.commit(replace(first, placement=ending))
        claims.seen = claims.snapshot_cache.snapshot()
        late = claims.claim(C, "h0")
        clock.now += 10  # nobody writes meanwhile: the claim itself sweeps
        with pytest.raises(Contended):
            claims.commit(late)
        assert claims.snapshot_cache.snapshot().instances == {}


def test_a_quota_and_an_id_that_were_taken_meanwhile_are_seen(claims: Claims) -> None:
    claims.commit(claims.claim(B, "h0", most={B: 1}))
    with pytest.raises(QuotaExceeded):
        claims.commit(claims.claim(B, "h1", most={B: 1}))
    first = claims.claim(B, "h2")
    claims.commit(first)
    with pytest.raises(IdTaken):
        claims.commit(first)


def test_a_claim_and_the_answer_of_its_key_are_both_written_or_neither(claims: Claims) -> None:
    key = idempotency.Key("t", "k", "body")
    kept = KeptAnswer(key, 201, lambda stored: {"said": stored.status})
    with pytest.raises(KeyInFlight):  # the key was lost
        claims.commit(claims.claim(B, "h0"), kept)
    assert claims.snapshot_cache.snapshot().instances == {}
    with claims.store.write() as tx:
        idempotency.begin(tx, key, 60)
    broken = KeptAnswer(key, 201, lambda _: object())  # no JSON
    with pytest.raises((StatementError, TypeError)):
        claims.commit(claims.claim(B, "h0"), broken)
    claims.commit(claims.claim(B, "h0"), kept)
    with claims.store.write() as tx:
        assert idempotency.begin(tx, key, 60) == (201, {"said": "optimal"})
        assert len(claims.snapshot_cache.snapshot().instances) == 1


def test_what_is_removed_is_free_again(claims: Claims) -> None:
    claims.commit(claims.claim(None, "h0", vcpu=3))
    (there,) = claims.snapshot_cache.snapshot().instances.values()
    changed(claims.store, lambda tx: remove_instances(tx, [there]))
    claims.commit(claims.claim(None, "h0", vcpu=3))


def test_writers_come_one_at_a_time_from_threads_and_other_connections(database: str) -> None:
    with opened(database) as one, opened(database) as other:
        inside: list[int] = []
        most: list[int] = []

        def run(store: Store) -> None:
            for _ in range(5):
                with store.write() as tx:
                    inside.append(1)
                    most.append(len(inside))
                    time.sleep(0.005)
                    tx.note("group", "a")
                    inside.pop()

        threads = [
            threading.Thread(target=run, args=(store,)) for store in (one, one, other, other)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        assert most == [1] * 20
        assert SnapshotCache(one).snapshot().revision == 20
