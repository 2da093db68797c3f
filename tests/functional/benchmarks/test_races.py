"""Threads of one server that place at once; the integration tests have processes do so."""

from __future__ import annotations

from threading import Thread

from benchmarks.races import Tally, ask, judge, make_client, place, prepare, unjustified
from groupsolver.store.entities import Instance
from groupsolver.store.repositories.groups import Page, list_groups
from groupsolver.store.repositories.instances import StoredPlacement, add_placement
from tests.support.draws.store_contents import uid
from tests.support.drivers.databases import opened

THREADS, APPLICATIONS = 4, 24


def test_threads_of_one_server_break_no_policy_and_fill_no_host_beyond_its_room(
    database: str,
) -> None:
    bodies = prepare(database, APPLICATIONS, slack=-0.1)
    client, app = make_client(database)
    tallies = [Tally() for _ in range(THREADS)]

    def run(number: int) -> None:
        for body in bodies[number::THREADS]:
            place(client, body, tallies[number])

    threads = [Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert ask(client, "GET", "/healthz").status_code == 200
    app.close()
    refused = [body for tally in tallies for body in tally.refused]
    placed = sum(tally.placed for tally in tallies)
    assert placed + len(refused) == APPLICATIONS
    assert min(placed, len(refused)) > 0
    assert [tally.others for tally in tallies] == [{}] * THREADS
    assert judge(database) == []
    assert unjustified(database, refused) == 0


def test_the_judge_of_races_sees_hosts_over_capacity_and_broken_policies(database: str) -> None:
    prepare(database, 1)  # one group, anti-affinity
    with opened(database) as store, store.write() as tx:
        (group,) = list_groups(tx.session, None, Page(), tx.now)
        two = [
            Instance(uid(i), group.tenant_id, None, group.id, "h0000", {"VCPU": 5}, uid(9))
            for i in range(2)
        ]
        add_placement(tx, StoredPlacement(uid(9), group.tenant_id, "optimal", 0, 0, 0.0), two)
    wrong = judge(database)
    assert len(wrong) == 2
    assert "over capacity" in wrong[0]
    assert wrong[1].endswith("by 1")
