"""A compiled fleet that is kept and changed is the fleet that would be compiled afresh."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsolver import (
    Application,
    BadInput,
    CompiledFleet,
    Fleet,
    Host,
    Limits,
    Result,
    UnknownHost,
    check,
    compile_fleet,
    solve,
)
from groupsolver.model.compiled.host_index import HostIndex

LEVELS = ("zone", "rack")
NAMES = tuple(f"h{i}" for i in range(6))
CLASSES = ("VCPU", "MEMORY_MB", "CUSTOM_X")
TRAITS = ("SSD", "GPU")
INSIDE = ("CUSTOM_Y", "CUSTOM_Z")  # what cells have
SIZES: tuple[dict[str, int], ...] = (
    {},
    {"VCPU": 1},
    {"VCPU": 2, "MEMORY_MB": 1},
    {"CUSTOM_X": 3},
    {"CUSTOM_Y": 1},
)
SIZES += ({"CUSTOM_Y": 2, "CUSTOM_Z": 1}, {"VCPU": 1, "CUSTOM_Z": 1})
APP = Application.model_validate(
    {
        "groups": [
            {
                "name": "A",
                "members": [{"resources": {"VCPU": 1}, "count": 2}],
                "policies": [
                    {"kind": "anti-affinity", "level": "rack"},
                    {"kind": "spread", "level": "zone", "max_skew": 1},
                ],
            },
            {
                "name": "B",
                "members": [{"resources": {"VCPU": 1, "MEMORY_MB": 1}}],
                "policies": [
                    {"kind": "exclusive"},
                    {"kind": "near", "group": "A", "level": "zone", "weight": 1},
                    {"kind": "host-capabilities", "forbidden": ["GPU"], "minimum": {"VCPU": 2}},
                ],
            },
        ]
    }
)

amounts = st.integers(0, 6)
inventories = st.one_of(
    st.integers(1, 6),
    st.fixed_dictionaries(
        {
            "total": st.integers(2, 6),
            "reserved": st.integers(0, 1),
            "allocation_ratio": st.sampled_from((0.5, 1.0, 2.0)),
        },
        optional={"max_unit": st.integers(1, 3)},
    ),
)


any_name = st.sampled_from(NAMES)
cells = st.fixed_dictionaries(
    {
        "inventory": st.dictionaries(st.sampled_from(INSIDE), inventories),
        "used": st.dictionaries(st.sampled_from(INSIDE), st.integers(0, 2)),
    }
)


def hosts(names: st.SearchStrategy[str] = any_name) -> st.SearchStrategy[Host]:
    """Any host; of two that share a name each class, trait and domain may come, change and go."""
    return st.fixed_dictionaries(
        {
            "name": names,
            "domains": st.dictionaries(
                st.sampled_from(LEVELS), st.sampled_from(("d0", "d1", "d2"))
            ),
            "inventory": st.dictionaries(st.sampled_from(CLASSES), inventories),
            "used": st.dictionaries(st.sampled_from((*CLASSES, "CUSTOM_Z")), amounts),
            "cells": st.lists(cells, max_size=3),
            "traits": st.lists(st.sampled_from(TRAITS), unique=True),
            "enabled": st.sampled_from((True, True, True, False)),
            "cost": st.integers(-3, 3),
        }
    ).map(Host.model_validate)


def start(draw: Any) -> list[Host]:
    few = st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True)
    return [draw(hosts(st.just(name))) for name in draw(few)]


def facts(fleet: CompiledFleet, name: str) -> dict[str, Any]:
    """All that the arrays say of a host, by its name.

    So that neither its row nor domains' numbers matter.
    """
    row = fleet.rows[name]
    assert fleet.names[row] == name
    names = {
        level: {fleet.code(level, d): d for d in ("d0", "d1", "d2")} | {-1: None}
        for level in LEVELS
    }
    return {
        "domains": {level: names[level][int(fleet.codes(level)[row])] for level in LEVELS},
        "state": [bool(x[row]) for x in (fleet.enabled, fleet.busy)],
        "price": (
            int(fleet.cost[row]),
            [
                (int(fleet.free_points(taken)[row]), int(fleet.scarce_points(taken)[row]))
                for taken in (CLASSES[:0], CLASSES[:1], CLASSES)
            ],
        ),
        "room": {
            name: (int(fleet.capacity(name)[row]), int(fleet.free(name)[row]))
            for name in (*CLASSES, *INSIDE)
        },
        "cells": [
            (
                one,
                [
                    [int(n) for n in table[one][row] if n]
                    for table in (fleet.cells.free, fleet.cells.unit)
                ],
            )
            for one, inside in sorted(fleet.cells.inside.items())
            if inside[row]
        ],
        "slots": [int(fleet.slots(size, 9)[row]) for size in SIZES],
        "traits": [trait for trait in TRAITS if fleet.trait(trait)[row]],
    }


def looked_up(index: HostIndex) -> dict[str, Any]:
    """All that the look-ups say, without the order in which hosts and domains came."""
    levels = ("host", *index.levels)
    return {
        "hosts": {host.name: host for host in index},
        "names": sorted(index.names()),
        "count": len(index),
        "traits": sorted(index.traits()),
        "domains": {level: sorted(index.domains(level)) for level in levels},
        "inside": {
            (level, domain): sorted(host.name for host in index.hosts_in(level, domain))
            for level in levels
            for domain in (*index.domains(level), "nowhere")
        },
        "of": {
            (name, level): index.domain(name, level) for name in index.names() for level in levels
        },
    }


def everything(fleet: CompiledFleet) -> dict[str, Any]:
    """A copy of the whole state, arrays and all."""
    arrays = {
        name: value.tolist() for name, value in vars(fleet).items() if isinstance(value, np.ndarray)
    }
    columns = {
        name: {key: column.tolist() for key, column in value.items()}
        for name, value in vars(fleet).items()
        if isinstance(value, dict)
        and all(isinstance(column, np.ndarray) for column in value.values())
    }
    return {
        **arrays,
        **columns,
        "rows": dict(fleet.rows),
        "names": list(fleet.names),
        "index": looked_up(fleet.index),
    }


def same(kept: CompiledFleet, now: dict[str, Host]) -> None:
    fresh = compile_fleet(Fleet(levels=LEVELS, hosts=tuple(now.values())))
    assert kept.rows.keys() == fresh.rows.keys() == now.keys()
    assert {name: facts(kept, name) for name in now} == {name: facts(fresh, name) for name in now}
    assert looked_up(kept.index) == looked_up(fresh.index)
    gone = sorted(set(range(kept.row_count)) - set(kept.rows.values()))
    assert not kept.enabled[gone].any()
    assert not kept.busy[gone].any()
    for size in SIZES:
        assert not kept.slots(size, 9)[gone].any()
    for level in LEVELS:
        assert (kept.codes(level)[gone] == -1).all()
    for trait in TRAITS:
        assert not kept.trait(trait)[gone].any()


def change(kept: CompiledFleet, now: dict[str, Host], host: Host, remove: bool) -> None:
    """Add the host, or update it; or remove it, where it is there and not the last."""
    if host.name not in now:
        kept.add(host)
    elif remove and len(now) > 1:
        kept.remove(host.name)
        del now[host.name]
        return
    else:
        kept.update(host)
    now[host.name] = host


@given(st.data())
def test_after_any_changes_it_is_the_fleet_compiled_afresh(data: Any) -> None:
    first = start(data.draw)
    kept = compile_fleet(Fleet(levels=LEVELS, hosts=tuple(first)))
    now = {host.name: host for host in first}
    for _ in range(data.draw(st.integers(1, 12))):
        change(kept, now, data.draw(hosts()), data.draw(st.booleans()))
        same(kept, now)


@given(st.data())
def test_after_any_changes_it_solves_as_the_fleet_compiled_afresh(data: Any) -> None:
    first = start(data.draw)
    kept = compile_fleet(Fleet(levels=LEVELS, hosts=tuple(first)))
    now = {host.name: host for host in first}
    objective = data.draw(st.sampled_from(("pack", "spread", "cost")))
    for _ in range(data.draw(st.integers(1, 8))):
        change(kept, now, data.draw(hosts()), data.draw(st.booleans()))
    fleet = Fleet(levels=LEVELS, hosts=tuple(now.values()))
    one, other = (
        solve(APP, f, objective=objective, limits=Limits(workers=1), explain=False)
        for f in (kept, compile_fleet(fleet))
    )
    assert (one.status, one.objective, one.penalties) == (
        other.status,
        other.objective,
        other.penalties,
    )
    if one.placement is not None:
        verdict = check(APP, fleet, one.placement, objective=objective)
        assert (verdict.violations, verdict.objective) == ((), other.objective)


def small() -> CompiledFleet:
    hosts = [
        {"name": f"h{i}", "domains": {"rack": f"r{i}"}, "inventory": {"VCPU": 2}} for i in range(2)
    ]
    return compile_fleet(Fleet.model_validate({"levels": ["rack"], "hosts": hosts}))


def asked(fleet: CompiledFleet, count: int) -> Result:
    rack = {"kind": "anti-affinity", "level": "rack"}
    group = {
        "name": "A",
        "members": [{"resources": {"VCPU": 1}, "count": count}],
        "policies": [rack],
    }
    return solve(
        Application.model_validate({"groups": [group]}),
        fleet,
        limits=Limits(workers=1),
        explain=False,
    )


def test_a_change_that_is_refused_changes_nothing() -> None:
    fleet = small()
    before = everything(fleet)
    stray = {"inventory": {"VCPU": 9, "DISK_GB": 9}, "traits": ["SSD"], "domains": {"rakc": "r9"}}
    with pytest.raises(UnknownHost, match="no host 'h9'"):
        fleet.update(Host.model_validate({"name": "h9"}))
    with pytest.raises(UnknownHost, match="no host 'h9'"):
        fleet.remove("h9")
    for act, name, code in (
        (fleet.update, "h0", "unknown-level"),
        (fleet.add, "h9", "unknown-level"),
    ):
        with pytest.raises(BadInput, match="did you mean 'rack'") as caught:
            act(Host.model_validate({"name": name, **stray}))
        assert [fault.code for fault in caught.value.faults] == [code]
    with pytest.raises(BadInput, match="is there already") as caught:
        fleet.add(Host.model_validate({"name": "h0", "inventory": {"VCPU": 9}}))
    assert [fault.code for fault in caught.value.faults] == ["duplicate-name"]
    assert everything(fleet) == before


def test_it_grows_beyond_its_first_size() -> None:
    fleet = small()
    for i in range(2, 200):
        fleet.add(
            Host.model_validate(
                {"name": f"h{i}", "domains": {"rack": f"r{i // 2}"}, "inventory": {"VCPU": 2}}
            )
        )
        assert len(fleet.index) == len(fleet.rows) == i + 1
    assert (
        asked(fleet, 100).status == "optimal"
    )  # racks r0, r1 with two or three hosts, r2 to r99 with two
    assert asked(fleet, 101).status == "infeasible"


def test_the_row_of_a_host_that_went_serves_the_next_that_comes() -> None:
    fleet = small()
    row, size = fleet.rows["h0"], fleet.row_count
    for i in range(50):
        fleet.remove("h0" if i == 0 else f"new{i - 1}")
        assert fleet.names[row] == ""
        assert asked(fleet, 2).status == "infeasible"  # one rack is left
        fleet.add(
            Host.model_validate(
                {"name": f"new{i}", "domains": {"rack": "r7"}, "inventory": {"VCPU": 1}}
            )
        )
        assert fleet.rows[f"new{i}"] == row
        assert sorted((asked(fleet, 2).placement or {}).values()) == ["h1", f"new{i}"]
    assert fleet.row_count == size


def test_a_host_that_went_is_unknown_and_so_are_its_domain_and_traits() -> None:
    fleet = small()
    fleet.update(Host.model_validate({"name": "h0", "domains": {"rack": "r0"}, "traits": ["SSD"]}))
    assert (fleet.index.traits(), fleet.index.domains("rack")) == (["SSD"], ["r1", "r0"])
    fleet.remove("h0")
    assert (fleet.index.traits(), fleet.index.domains("rack")) == ([], ["r1"])
    assert "h0" not in fleet.index
    with pytest.raises(UnknownHost):
        fleet.index["h0"]
    within = {"kind": "within", "hosts": ["h0"], "domains": {"rack": ["r0"]}}
    group = {"name": "A", "members": [{"resources": {"VCPU": 1}}], "policies": [within]}
    result = solve(Application.model_validate({"groups": [group]}), fleet, explain=False)
    assert result.status == "infeasible"
    assert [
        ("no host is called 'h0'" in text, "rack has no domain 'r0'" in text)
        for text in result.warnings
    ] == [
        (True, False),
        (False, True),
    ]
