"""Races: processes that place applications at once into one fleet whose room is just enough.

``python -m benchmarks.races DATABASE [PROCESSES [APPLICATIONS]]`` makes the fleet and the groups of
a new database and prints the outcome as one JSON object. Each process has an app of its own and is
its only client. Afterwards everything is judged together: no host over capacity, no policy broken,
each refusal as true at the end as it was when it was given; and what the soft policies cost.
"""

from __future__ import annotations

import json
import multiprocessing
import random
import sys
import time
import uuid
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from werkzeug.test import Client, TestResponse

from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.problem.view import View
from groupsolver.constraints.rules import rules_of

RACK = 4  # hosts a rack
ROOM = 8  # VCPU a host
ATTEMPTS = 60  # of one application, when others claim first
SHARED = 4  # applications that place members into one group with a soft policy

# What an application is made of, by turns: policies of its groups, members of each, VCPU of a
# member.
# "other" stands for the other group of the two.
_KINDS: tuple[tuple[tuple[list[dict[str, Any]], int, int], ...], ...] = (
    (([{"kind": "anti-affinity"}], 3, 1),),
    (([{"kind": "anti-affinity", "level": "rack"}], 3, 1),),
    (([{"kind": "apart-from", "group": "other"}], 2, 1), ([], 2, 1)),
    (([{"kind": "apart-from", "group": "other", "level": "rack"}], 2, 1), ([], 1, 1)),
    (([{"kind": "anti-affinity", "level": "rack", "max_per_domain": 2}], 4, 1),),
    (([{"kind": "exclusive"}], 1, ROOM),),
    (([], 4, 1),),
    (([{"kind": "exclusive"}, {"kind": "anti-affinity", "level": "rack"}], 2, 5),),
    (([{"kind": "anti-affinity", "weight": 1}], 2, 1),),
    (([{"kind": "spread", "level": "rack", "min_domains": 8, "weight": 1}], 2, 1),),
    (([{"kind": "affinity", "level": "rack", "weight": 1}], 2, 1),),
)


@dataclass
class Tally:
    """What came of some applications.

    Attributes
    ----------
    waits : list of float
        Seconds from asking to the last answer, an application.
    refused : list of dict
        Bodies that were answered ``placement-infeasible``.
    """

    placed: int = 0
    contended: int = 0
    busy: int = 0
    given_up: int = 0
    retries: int = 0
    others: dict[str, int] = field(default_factory=dict)
    waits: list[float] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)


def ask(client: Client, method: str, path: str, body: Any = None) -> TestResponse:
    """Ask an app as a local client does."""
    here, name = {"REMOTE_ADDR": "127.0.0.1"}, {"Host": "127.0.0.1"}
    return client.open(path, method=method, json=body, headers=name, environ_base=here)


def make_client(database: str, *, retries: int | None = None) -> tuple[Client, Any]:
    """Return an app of its own over a database, and a client of it."""
    from groupsolver.api import Loopback, Quota, Settings, make_app

    settings = Settings(quota=Quota(groups=-1, members=-1))
    if retries is not None:
        settings = settings.model_copy(update={"retries": retries})
    app = make_app(settings, database=database, identity=Loopback())
    return Client(app), app


def prepare(database: str, applications: int, slack: float = 0.03) -> list[dict[str, Any]]:
    """Load a fleet with just enough room for so many applications, and make their groups.

    Give their bodies.
    """
    client, app = make_client(database)
    bodies = []
    need = 0
    groups = []
    shared: dict[tuple[int, int], tuple[str, list[str]]] = {}
    for number in range(applications):
        turn, which = divmod(number, len(_KINDS))
        kind = _KINDS[which]
        soft = any("weight" in policy for policies, _, _ in kind for policy in policies)
        owner = (which, turn // SHARED if soft else turn)
        made = owner not in shared
        tenant, keys = shared.setdefault(
            owner, (f"t{number % 7}", [str(uuid.uuid4()) for _ in kind])
        )
        for key, (policies, _, _) in reversed([*zip(keys, kind, strict=True)]):
            said = [{**one, "group": keys[-1]} if "group" in one else one for one in policies]
            if made:
                groups.append((tenant, {"group": {"id": key, "policies": said}}))
        instances = [
            {"resources": {"VCPU": size}, "count": count, "hints": {"group": key}}
            for key, (_, count, size) in zip(keys, kind, strict=True)
        ]
        # What stands alone takes whole hosts, whatever its size.
        need += sum(count * (ROOM if size >= 5 else size) for _, count, size in kind)
        bodies.append({"tenant": tenant, "placement": {"instances": instances, "time_limit": 20.0}})
    hosts = -(-int(need * (1 + slack)) // ROOM)
    fleet = {
        "levels": ["rack"],
        "hosts": [
            {"name": f"h{i:04}", "domains": {"rack": f"r{i // RACK}"}, "inventory": {"VCPU": ROOM}}
            for i in range(hosts)
        ],
    }
    for method, path, body in (
        ("PUT", "/v1.0/fleet", fleet),
        *(("POST", f"/v1.0/{tenant}/groups", group) for tenant, group in groups),
    ):
        answer = ask(client, method, path, body)
        if answer.status_code not in {201, 204}:
            raise RuntimeError(answer.get_data(as_text=True))
    app.close()
    return bodies


def run_some(
    database: str,
    bodies: list[dict[str, Any]],
    start: Any,
    results: Any,
    retries: int | None = None,
) -> None:
    """Be one process: place applications one after another.

    Asking again where others were faster.
    """
    tally = Tally()
    try:
        client, app = make_client(database, retries=retries)
        # What is imported with the first solve is not part of the race.
        warm = {"placement": {"instances": [{"resources": {"VCPU": 1}}]}}
        ask(client, "POST", "/v1.0/warm/placements?dry_run=true", warm)
        start.wait(timeout=300)
        for body in bodies:
            begun = time.perf_counter()
            place(client, body, tally)
            tally.waits.append(time.perf_counter() - begun)
        metrics = ask(client, "GET", "/metrics").get_data(as_text=True)
        tally.retries = sum(
            int(float(line.split()[-1]))
            for line in metrics.splitlines()
            if line.startswith("groupsolver_claim_retries_total")
        )
        app.close()
    finally:
        results.put(asdict(tally))


def place(client: Client, body: dict[str, Any], tally: Tally) -> None:
    """Place one application, asking again a bounded number of times."""
    asked = {"placement": body["placement"]}
    for _ in range(ATTEMPTS):
        answer = ask(client, "POST", f"/v1.0/{body['tenant']}/placements", asked)
        if answer.status_code == 201:
            tally.placed += 1
            return
        code = answer.get_json()["errors"][0]["code"]
        if code == "placement-infeasible":
            tally.refused.append(body)
            return
        if code == "claim-contended":
            tally.contended += 1
        elif code in {"busy", "store-unavailable"}:  # a slow disk: both say when to ask again
            tally.busy += 1
        else:
            tally.others[code] = tally.others.get(code, 0) + 1
        time.sleep(random.uniform(0.01, 0.1))
    tally.given_up += 1


def judge(database: str) -> list[str]:
    """Judge the state of a database as a whole.

    Every measure of a hard policy, taken absolutely, is 0.
    """
    problem = _stored_problem(database)
    view = View(problem, {})
    wrong = [f"{host.name} is over capacity" for host in problem.hosts if host.overfull]
    return wrong + [
        f"{rule}: by {measure}"
        for rule in rules_of(problem).hard
        if (measure := rule.policy.violations(rule.group, view))
    ]


def soft_cost(database: str) -> int:
    """Return what the soft policies of all that runs cost together, in units of weight."""
    problem = _stored_problem(database)
    view = View(problem, {})
    return sum(
        (rule.policy.weight or 0) * rule.policy.violations(rule.group, view)
        for rule in rules_of(problem).soft
    )


def _stored_problem(database: str) -> Problem:
    """Return what runs in a database, as the problem of one application without new members."""
    from groupsolver.constraints.registry import Application, Group
    from groupsolver.model.application import Existing
    from groupsolver.store.state.snapshot_cache import SnapshotCache
    from groupsolver.store.store import Store

    store = Store(database)
    now = SnapshotCache(store).snapshot()
    store.close()
    groups = [
        Group(name=one.id, policies=one.policies, groups=one.groups) for one in now.groups.values()
    ]
    existing = tuple(
        Existing(group=one.group or "loose", id=one.id, host=one.host, resources=one.resources)
        for one in now.instances.values()
    )
    app = Application.model_construct(
        version=1, name=None, flavors={}, groups=(*groups, Group(name="loose")), existing=existing
    )
    return Problem(app, now.fleet.index)


def unjustified(database: str, refused: list[dict[str, Any]]) -> int:
    """Count the refused applications that could be placed in the end after all."""
    client, app = make_client(database)
    found = 0
    for body in refused:
        answer = ask(
            client,
            "POST",
            f"/v1.0/{body['tenant']}/placements?dry_run=true",
            {"placement": body["placement"]},
        )
        found += answer.status_code != 409
    app.close()
    return found


def race(
    database: str,
    processes: int,
    applications: int,
    *,
    slack: float = 0.03,
    retries: int | None = None,
) -> dict[str, Any]:
    """Let processes race for the room of one fleet; give what came of it."""
    bodies = prepare(database, applications, slack)
    spawn = multiprocessing.get_context("spawn")
    start, results = spawn.Barrier(processes + 1), spawn.Queue()
    workers = [
        spawn.Process(
            target=run_some, args=(database, bodies[i::processes], start, results, retries)
        )
        for i in range(processes)
    ]
    for worker in workers:
        worker.start()
    try:
        start.wait(timeout=300)
        begun = time.perf_counter()
        reports = [results.get(timeout=600) for _ in workers]
        seconds = time.perf_counter() - begun
        for worker in workers:
            worker.join(timeout=60)
    finally:
        for worker in workers:
            if worker.is_alive():
                worker.kill()
                worker.join(timeout=10)
    refused = [body for one in reports for body in one["refused"]]
    others: Counter[str] = Counter()
    for one in reports:
        others.update(one["others"])
    waits = sorted(wait for one in reports for wait in one["waits"])
    total = {
        key: sum(one[key] for one in reports)
        for key in ("placed", "contended", "busy", "given_up", "retries")
    }
    return {
        "processes": processes,
        "applications": applications,
        **total,
        "infeasible": len(refused),
        "others": dict(others),
        "seconds": round(seconds, 2),
        "claims_per_second": round(total["placed"] / seconds, 1),
        "wait_median": round(waits[len(waits) // 2], 3),
        "wait_99": round(waits[int(0.99 * (len(waits) - 1))], 3),
        "soft_cost": soft_cost(database),
        "wrong": judge(database),
        "unjustified": unjustified(database, refused),
    }


if __name__ == "__main__":
    print(json.dumps(race(sys.argv[1], *map(int, sys.argv[2:4] or (8, 400))), indent=1))
