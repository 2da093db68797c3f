"""A fleet of columns is the fleet of the same hosts as values."""

from __future__ import annotations

import pickle
from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st

from groupsolver import check, compile_fleet, solve
from groupsolver.model.fleet import Fleet, Host
from tests.laws.test_laws import OBJECTIVES, ONE, anywhere, drawn, every_policy, values
from tests.support.columns import arrays_of, from_columns
from tests.support.draws.applications import draws
from tests.support.oracle.brute_force import Oracle


def in_order(fleet: Fleet) -> Fleet:
    """The same fleet; classes and traits come in the order of columns, as texts name them."""
    hosts = []
    for host in fleet.hosts:
        inventory = dict(sorted(host.inventory.items()))
        traits = tuple(sorted(set(host.traits)))
        reserved_for = tuple(sorted(set(host.reserved_for)))
        update = {"inventory": inventory, "traits": traits, "reserved_for": reserved_for}
        hosts.append(host.model_copy(update=update))
    return fleet.model_copy(update={"hosts": tuple(hosts)})


def plain(host: Host) -> dict[str, Any]:
    """A host as plain data; the order of its keys and of its traits has no meaning."""
    data = host.model_dump()
    return {
        **data,
        "traits": sorted(set(data["traits"])),
        "reserved_for": sorted(set(data.get("reserved_for", ()))),
    }


@every_policy
@draws(6)
@given(data=st.data())
def test_columns_are_solved_and_checked_as_values_are(kind: str, soft: bool, data: Any) -> None:
    case, rnd = drawn(kind, soft, data)
    app, given_fleet = values(case)
    fleet = in_order(given_fleet)
    of_values = compile_fleet(fleet)
    of_columns = from_columns(fleet, rnd)
    assert list(map(plain, of_columns)) == list(map(plain, fleet.hosts))
    assert arrays_of(of_columns) == arrays_of(of_values)
    objective = rnd.choice(OBJECTIVES)
    explain = rnd.randint(1, 4) == 1
    one = solve(app, of_values, objective=objective, limits=ONE, explain=explain)
    other = solve(app, of_columns, objective=objective, limits=ONE, explain=explain)
    event(one.status)
    assert other.model_copy(update={"seconds": one.seconds}) == one
    oracle = Oracle(*case)
    for placement in [anywhere(oracle, rnd) for _ in range(3)]:
        expected = check(app, fleet, placement, objective=objective)
        assert check(app, of_columns, placement, objective=objective) == expected


@every_policy
@draws(4)
@given(data=st.data())
def test_columns_change_as_values_do(kind: str, soft: bool, data: Any) -> None:
    case, rnd = drawn(kind, soft, data)
    _, fleet = values(case)
    of_values = compile_fleet(fleet)
    original = from_columns(fleet, rnd)
    of_columns = original.copy()
    kept = list(map(plain, original))
    for _ in range(rnd.randint(1, 4)):
        host = rnd.choice(fleet.hosts)
        changed = rnd.choice(
            [
                host.with_used({}),
                host.model_copy(update={"domains": dict(rnd.choice(fleet.hosts).domains)}),
                host.model_copy(update={"enabled": not host.enabled, "traits": ("SSD",)}),
            ]
        )
        goes = rnd.randint(0, 3) == 0 and len(of_values) > 1 and host.name in of_values
        for compiled in (of_values, of_columns):
            if goes:
                compiled.remove(host.name)
            else:
                compiled.put(changed)
    of_columns = pickle.loads(pickle.dumps(of_columns))
    assert list(map(plain, of_columns)) == list(map(plain, of_values))
    assert arrays_of(of_columns) == arrays_of(of_values)
    for level in ("host", *fleet.levels):
        names = of_values.index.domains(level)
        assert sorted(of_columns.index.domains(level)) == sorted(names)
        for name in names:
            inside = [host.name for host in of_values.index.hosts_in(level, name)]
            assert sorted(host.name for host in of_columns.index.hosts_in(level, name)) == sorted(
                inside
            )
            assert of_columns.index.number_in(level, name) == len(inside)
            assert of_columns.index.free_mbps(level, name) == of_values.index.free_mbps(level, name)
    # The fleet that was copied has not changed.
    assert list(map(plain, original)) == kept
