"""A placement that others overtake costs no more than one that was solved after them.

That is what its soft policies cost, over drawn groups that run already, and two placements of which
the second is solved before the first is claimed. Hosts cost nothing, so that policies alone decide.
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from groupsolver.api.http.errors import ApiError
from groupsolver.api.services import placement
from groupsolver.api.services.conflict_view import Audience
from groupsolver.api.services.explanation import ExplainOptions
from groupsolver.api.services.placement import PlacementOptions, SolvedPlacement, place
from groupsolver.checking.check import check
from groupsolver.checking.soft_cost import SoftCost
from groupsolver.model.fleet import Fleet
from groupsolver.store.entities import StoredGroup
from groupsolver.store.repositories import groups as stored
from groupsolver.store.repositories import hosts
from groupsolver.store.state.project_scope import (
    RequestedInstance,
    RequestedPlacement,
    compose_application,
)
from groupsolver.store.state.snapshot_cache import Snapshot
from tests.support.draws.store_contents import policy, uid
from tests.support.drivers.api_driver import World

GROUPS = [uid(number) for number in range(1, 5)]


def drawn_fleet(rnd: Random) -> dict[str, Any]:
    """Return equal hosts in racks, some of which others use."""
    return {
        "levels": ["rack"],
        "hosts": [
            {
                "name": f"h{number}",
                "domains": {"rack": f"r{number % 3}"},
                "inventory": {"VCPU": 4},
                "used": {"VCPU": rnd.choice((0, 0, 1))},
            }
            for number in range(rnd.randint(2, 5))
        ],
    }


def drawn_policies(rnd: Random, key: str) -> list[dict[str, Any]]:
    """Return soft policies, of which some count another group; sometimes with priorities."""
    level = rnd.choice(("host", "rack"))
    other = rnd.choice([group for group in GROUPS[:3] if group != key])
    kinds: tuple[dict[str, Any], ...] = (
        {"kind": "anti-affinity", "level": level, "max_per_domain": rnd.randint(1, 2)},
        {"kind": "affinity", "level": level},
        {"kind": "spread", "level": level, "min_domains": rnd.randint(2, 3)},
        {"kind": "spread", "level": level, "max_skew": rnd.randint(0, 1)},
        {"kind": "apart-from", "level": level, "group": other},
        {"kind": "near", "level": level, "group": other},
        {"kind": "exclusive", "level": level},
        {"kind": "within", "hosts": ["h0"]},
    )
    drawn = rnd.sample(kinds, rnd.randint(1, 2))
    for document in drawn:
        document["weight"] = rnd.randint(1, 3)
        if rnd.randint(1, 4) == 1:
            document["priority"] = rnd.randint(1, 2)
    if drawn[0]["kind"] == drawn[-1]["kind"]:
        drawn = drawn[:1]  # the same policy twice is bad input
    return drawn


def drawn_request(rnd: Random) -> RequestedPlacement:
    group = rnd.choice((*GROUPS[:3], None))
    count = rnd.randint(1, 2)
    wanted = tuple(
        RequestedInstance(str(uuid.uuid4()), None, group, {"VCPU": 1}) for _ in range(count)
    )
    return RequestedPlacement("demo", wanted, "cost", {})


@contextmanager
def opened(rnd: Random) -> Iterator[World]:
    """Open an application with a drawn fleet and groups; the last one is above two others."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        try:
            with world.app.service.store.write() as tx:
                hosts.load_fleet(tx, Fleet.model_validate(drawn_fleet(rnd)))
                for key in GROUPS[:3]:
                    stored.add_group(tx, StoredGroup(key, "demo", "u"))
                for key in GROUPS[:3]:
                    policies = tuple(map(policy, drawn_policies(rnd, key)))
                    group = StoredGroup(key, "demo", "u")
                    stored.change_group(tx, group, {"policies": policies})
                above = (policy({"kind": "anti-affinity", "weight": 1}),)
                inside = tuple(GROUPS[:2])
                top = StoredGroup(GROUPS[3], "demo", "u", policies=above, groups=inside)
                stored.add_group(tx, top)
            yield world
        finally:
            world.app.close()


def options() -> PlacementOptions:
    explain = ExplainOptions(Audience("demo"), 0.0)
    return PlacementOptions(str(uuid.uuid4()), 20.0, explain)


def cost_of(solved: SolvedPlacement, now: Snapshot) -> SoftCost:
    """Return what a placement's soft policies cost on a snapshot."""
    app = compose_application(solved.requested, now)
    return SoftCost.of(check(app, now.fleet, solved.hosts, objective="cost", cells=solved.cells))


@given(st.integers(0, 2**32 - 1))
def test_what_was_overtaken_costs_no_more_than_what_was_solved_afterwards(seed: int) -> None:
    rnd = Random(seed)
    with opened(rnd) as world:
        service = world.app.service
        try:
            for _ in range(rnd.randint(0, 2)):
                place(service, drawn_request(rnd), options())
            before = placement.current_snapshot(service)
            place(service, drawn_request(rnd), options())
            after = placement.current_snapshot(service)
            second = drawn_request(rnd)
            alone = placement._solve_now(service, second, options(), float("inf"))
            assert isinstance(alone, SolvedPlacement)
        except ApiError as error:
            assert error.code == "placement-infeasible", error  # noqa: PT017 - the fleet is full
            return
        seen = iter([before])

        def late(_: object) -> Snapshot:
            return next(seen, after)

        with patch.object(placement, "current_snapshot", late):
            overtaken = place(service, second, options())
        assert not cost_of(overtaken, after) > cost_of(alone, after)
        # What is said is true of a state that it was claimed in.
        if overtaken.placement.status == "optimal" and overtaken.snapshot is after:
            assert overtaken.placement.objective == alone.placement.objective
