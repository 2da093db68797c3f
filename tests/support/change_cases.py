"""A small fleet and an application for tests of changes."""

from __future__ import annotations

from typing import Any

from groupsolver import (
    Application,
    Existing,
    Fleet,
    Group,
    Host,
    Link,
    Members,
    compile_fleet,
)
from groupsolver.model import application
from groupsolver.model.application import member_ids
from groupsolver.model.compiled.compiled_fleet import CompiledFleet

AnyApplication = application.Application[Any]
ONE = {"VCPU": 1}


def host(number: int, rack: str, zone: str = "z1", **more: Any) -> Host:
    fields: dict[str, Any] = {
        "inventory": {"VCPU": 4},
        "domains": {"zone": zone, "rack": rack},
        **more,
    }
    return Host(name=f"h{number}", **fields)


def fleet(*links: Link) -> CompiledFleet:
    """Two zones: h1 and h2 in rack r1, h3 in r2, both of z1; h4 in r3 of z2."""
    hosts = (host(1, "r1", used={"VCPU": 2}), host(2, "r1"), host(3, "r2"), host(4, "r3", "z2"))
    return compile_fleet(Fleet(levels=("zone", "rack"), hosts=hosts, links=links))


def app(*existing: Existing, policies: tuple[Any, ...] = ()) -> Application:
    return Application(
        groups=(
            Group(name="DB", policies=policies, members=(Members(resources=ONE, count=3),)),
            Group(name="LB"),
        ),
        existing=existing,
    )


def ids(of: AnyApplication, group: int = 0) -> list[str]:
    return [id_ for id_, _ in member_ids(of.groups[group])]
