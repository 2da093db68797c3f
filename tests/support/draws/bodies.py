"""HTTP bodies, drawn as plain data: valid ones of each kind, and any data in their places."""

from __future__ import annotations

from functools import cache
from random import Random
from typing import Any

from hypothesis import strategies as st

from groupsolver.model.fleet import Fleet, Host
from groupsolver.model.value import Value
from groupsolver.wire.bodies import explain, grants, headroom
from groupsolver.wire.bodies.errors import ErrorsAnswer
from groupsolver.wire.bodies.fleet import FleetAnswer
from groupsolver.wire.bodies.groups import GroupAnswer, GroupRequest, GroupsAnswer
from groupsolver.wire.bodies.instances import InstanceAnswer, InstancesAnswer
from groupsolver.wire.bodies.placements import PlacementAnswer, PlacementRequest
from groupsolver.wire.xml.shape import Shape, shape_of
from tests.support.draws.applications import KINDS, policies

Data = st.SearchStrategy[Any]

# All that XML 1.0 can carry.
_CONTROLS = "".join(char for char in map(chr, range(32)) if char not in "\t\n\r")
_FIT = st.characters(exclude_categories=["Cs"], exclude_characters=f"\ufffe\uffff{_CONTROLS}")
_ODD = [
    "",
    " ",
    "\n",
    "\r",
    " a\r\nb\t",
    "]]>",
    "<a>",
    "&amp;",
    "true",
    "null",
    "5",
    " 5 ",
    "-0",
    "1e5",
    "\x7f\x85\u2028",
]
TEXT = st.text(_FIT, max_size=6) | st.sampled_from(_ODD)
_MARKS = [
    "entry",
    "item",
    "key",
    "value",
    "list",
    "dict",
    "null",
    "int",
    "string",
    "policy",
    "policies",
    "host",
]
_NAMES = ["metadata", "x-a", "xml", "XmlA", "a:b", "1a", "a b", "-a", "\u00e9", "a.b"]
KEYS = TEXT | st.sampled_from(_MARKS + _NAMES)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**40), 10**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@cache
def like_body(model: type[Value]) -> Data:
    """Return a strategy for what a body expects, or anything else; it is built once."""
    return like(shape_of(model))


def like(shape: Shape) -> Data:
    """What a place expects, or anything else, mostly the first."""
    ways: list[Data] = [JSON, SCALARS]
    if shape.items:
        ways += [st.deferred(lambda: st.lists(like(shape.items or Shape()), max_size=3))] * 4
    if shape.others:
        ways += [
            st.deferred(lambda: st.dictionaries(KEYS, like(shape.others or Shape()), max_size=3))
        ] * 4
    if shape.keys:
        known = {key: like(inner) for key, inner in shape.keys.items()}
        extra = st.dictionaries(KEYS, JSON, max_size=2)
        ways += [
            st.builds(lambda a, b: a | b, st.fixed_dictionaries({}, optional=known), extra)
        ] * 4
    return st.one_of(ways)


NAME = TEXT.map(lambda text: "".join(c for c in text if c >= " " and c != "\x7f") or "a b")
UUID = st.uuids().map(str)
AMOUNT = st.integers(0, 2**53)
RESOURCES = st.dictionaries(
    st.sampled_from(["VCPU", "MEMORY_MB", "0A", "_", "XML_A"]), AMOUNT, max_size=3
)
FREE = st.dictionaries(
    st.sampled_from(["metadata", "x-a", "x-a b", "x-\u00e9", "x-entry"]), JSON, max_size=2
)


def with_free(known: dict[str, Data], optional: dict[str, Data] | None = None) -> Data:
    """A mapping with its keys, and some that are free."""
    return st.builds(
        lambda a, b: a | b, st.fixed_dictionaries(known, optional=optional or {}), FREE
    )


POLICY = st.builds(
    lambda seed, kind, soft: policies(Random(seed), kind, soft, ["g 1"], ["h1", " h2"]),
    st.integers(0, 2**32),
    st.sampled_from(KINDS),
    st.booleans(),
)
METADATA = st.none() | st.dictionaries(KEYS.filter(bool), TEXT, max_size=3)
_GROUP = {
    "name": st.none() | NAME,
    "tenant_id": st.sampled_from(["demo", "0", "a.b-c"]),
    "policies": st.lists(POLICY, max_size=3),
    "metadata": METADATA,
    "groups": st.lists(UUID, max_size=2),
    "members": st.lists(UUID, max_size=2),
}
_SHORT = st.lists(POLICY | st.sampled_from(["affinity", "soft-anti-affinity"]), max_size=3)
GROUP_ASKED = st.fixed_dictionaries(
    {}, optional=_GROUP | {"id": UUID, "policies": _SHORT, "other_members": st.integers(0, 9)}
)
_OTHERS = {"other_members": st.integers(0, 9)}
GROUP = st.fixed_dictionaries({"id": UUID, **_GROUP}, optional=_OTHERS)
CELL = with_free(
    {"name": NAME},
    {
        "inventory": st.dictionaries(st.sampled_from(["CUSTOM_C", "XML_C"]), AMOUNT),
        "used": st.dictionaries(st.sampled_from(["CUSTOM_C", "XML_D"]), AMOUNT),
    },
)
HOST = with_free(
    {"name": NAME},
    {
        "domains": st.dictionaries(NAME, NAME, max_size=3),
        "inventory": st.dictionaries(
            st.sampled_from(["VCPU", "XML_A"]),
            AMOUNT
            | with_free(
                {"total": st.just(7)},
                {"allocation_ratio": st.sampled_from([1, 1.5]), "reserved": st.just(2)},
            ),
        ),
        "used": RESOURCES,
        "cells": st.lists(CELL, max_size=2, unique_by=lambda cell: cell["name"]),
        "traits": st.lists(st.sampled_from(["SSD", "_"]), max_size=2),
        "enabled": st.booleans(),
        "cost": st.integers(-5, 5),
        "opening_cost": st.none() | AMOUNT,
        "reserved_for": st.lists(st.sampled_from(["SSD", "_"]), max_size=2),
    },
)
POOL = with_free(
    {"name": NAME},
    {
        "inventory": st.dictionaries(st.just("POOLED"), AMOUNT),
        "used": RESOURCES,
        "hosts": st.lists(NAME, max_size=2),
        "domains": st.just({}),
    },
)
# One of them: a host in two would have their class twice.
POOLS = st.lists(POOL, max_size=1)
HOSTS = st.lists(HOST, min_size=1, max_size=3, unique_by=lambda host: host["name"]).map(
    lambda hosts: [
        {key: value for key, value in host.items() if key != "domains"} for host in hosts
    ]
)
LINK = with_free(
    {"between": st.tuples(NAME, NAME).map(list)},
    {"used_mbps": AMOUNT, "latency_us": st.none() | AMOUNT},
)
LEVELS = st.lists(NAME.filter(lambda name: name != "host"), unique=True, max_size=2)
FLEET = with_free(
    {"hosts": HOSTS},
    {
        "levels": LEVELS,
        "links": st.lists(LINK, max_size=2),
        "pools": POOLS,
        "version": st.just(1),
    },
)
SIZED = with_free(
    {"resources": RESOURCES}, {"name": st.none() | NAME, "hints": with_free({"group": UUID})}
)
PLACEMENT_ASKED = with_free(
    {"instances": st.lists(SIZED, min_size=1, max_size=3)},
    {
        "flavors": st.dictionaries(NAME, with_free({"resources": RESOURCES}), max_size=3),
        "time_limit": st.sampled_from([None, 1, 2.5, 1e-7]),
        "ttl": st.none() | st.integers(1, 9),
        "objective": st.sampled_from(["pack", "cost"]),
        "host_price": st.none() | AMOUNT,
    },
)
PRICE = st.none() | st.integers(1, 10**9)
EXPLAIN_ASKED = st.builds(
    lambda asked, more: asked | more,
    PLACEMENT_ASKED,
    st.fixed_dictionaries(
        {},
        optional={
            "costs": with_free({}, {"relax": PRICE, "fewer": PRICE, "move": PRICE}),
            "fixes": st.booleans(),
            "every": st.booleans(),
        },
    ),
)
HEADROOM_ASKED = st.builds(
    lambda asked, more: asked | more,
    PLACEMENT_ASKED,
    st.fixed_dictionaries({}, optional={"gap": st.sampled_from([0, 0.01, 5])}),
)
_PLACED = {
    "id": UUID,
    "name": st.none() | NAME,
    "group": st.none() | UUID,
    "host": st.none() | NAME,
    "hostId": NAME,
}
_CELL = {"cell": NAME}
PLACEMENT = st.fixed_dictionaries(
    {
        "id": st.none() | UUID,
        "status": st.just("optimal"),
        "objective": st.integers(-9, 9),
        "bound": st.integers(-9, 9),
        "gap": st.floats(0, 1),
        "instances": st.lists(st.fixed_dictionaries(_PLACED, optional=_CELL), max_size=2),
        "expires_at": st.none() | NAME,
    }
)
INSTANCE = st.fixed_dictionaries(
    {
        **_PLACED,
        "tenant_id": NAME,
        "resources": RESOURCES,
        "placement": UUID,
        "expires_at": st.none() | NAME,
    },
    optional=_CELL,
)
FIX = {
    "change": TEXT,
    "cost": AMOUNT,
    "placement": st.none() | st.dictionaries(NAME, NAME, max_size=2),
}
CONFLICT = st.fixed_dictionaries(
    {"fixes": st.lists(st.fixed_dictionaries(FIX), max_size=2), "minimal": st.booleans()},
    optional={
        "policies": st.lists(
            st.fixed_dictionaries({"group": TEXT, "policy": TEXT, "sentence": TEXT})
        )
    },
)
_SHORT_OF = {"resource": TEXT, "needed": AMOUNT, "available": AMOUNT, "sentence": TEXT}
CONFLICTS = st.builds(
    lambda conflict, short: conflict | {"capacity": short},
    CONFLICT,
    st.lists(st.fixed_dictionaries(_SHORT_OF)),
)
EXPLANATION = st.fixed_dictionaries(
    {
        "status": st.sampled_from(["optimal", "infeasible"]),
        "conflict": st.none() | CONFLICTS,
        "conflicts": st.lists(CONFLICTS, max_size=2),
        "never": st.none() | st.booleans(),
        "warnings": st.lists(TEXT, max_size=2),
        "placement": st.none() | PLACEMENT,
    }
)
_SCARCE = {
    "kind": st.sampled_from(["resource", "level", "trait", "policy"]),
    "name": TEXT,
    "sentence": TEXT,
}
_UNLOCK = {
    "like": TEXT,
    "hosts": AMOUNT,
    "rate": st.floats(0, 9),
    "bound": AMOUNT,
    "sentence": TEXT,
}
HEADROOM = st.fixed_dictionaries(
    {
        "copies": AMOUNT,
        "bound": AMOUNT,
        "gap": st.floats(0, 9),
        "seconds": st.floats(0, 9),
        "scarce": st.lists(st.fixed_dictionaries(_SCARCE), max_size=2),
        "unlocks": st.lists(st.fixed_dictionaries(_UNLOCK), max_size=2),
        "warnings": st.lists(TEXT, max_size=2),
    }
)
_BROKEN = {"group": UUID, "policy": TEXT, "sentence": TEXT, "measure": st.integers(1, 9)}
_BROKEN |= {"members": st.lists(UUID, max_size=2), "other_members": st.integers(0, 9)}
PREVIEW = st.fixed_dictionaries(
    {"clean": st.booleans(), "violations": st.lists(st.fixed_dictionaries(_BROKEN), max_size=2)}
)
GRANT = st.fixed_dictionaries({"group_id": UUID, "tenant_id": TEXT, "created_at": TEXT})
ADOPTED = with_free({"instances": st.lists(UUID, min_size=1, max_size=3)})
ERROR = st.fixed_dictionaries(
    {"status": st.just(409), "code": TEXT, "title": TEXT, "detail": TEXT, "request_id": TEXT},
    optional={"conflict": CONFLICT, "preview": PREVIEW},
)


def wrapped(key: str, inner: Data) -> Data:
    """A body of one key; sometimes with another, which is free."""
    return st.fixed_dictionaries({key: inner}) | with_free({key: inner})


BODIES: list[tuple[type[Value], str | None, Data]] = [
    (GroupRequest, None, wrapped("group", GROUP_ASKED)),
    (GroupAnswer, None, wrapped("group", GROUP)),
    (GroupsAnswer, None, wrapped("groups", st.lists(GROUP, max_size=2))),
    (PlacementRequest, None, wrapped("placement", PLACEMENT_ASKED)),
    (PlacementAnswer, None, wrapped("placement", PLACEMENT)),
    (explain.ExplainRequest, None, wrapped("placement", EXPLAIN_ASKED)),
    (explain.ExplanationAnswer, None, wrapped("explanation", EXPLANATION)),
    (headroom.HeadroomRequest, None, wrapped("placement", HEADROOM_ASKED)),
    (headroom.HeadroomAnswer, None, wrapped("headroom", HEADROOM)),
    (InstanceAnswer, None, wrapped("instance", INSTANCE)),
    (InstancesAnswer, None, wrapped("instances", st.lists(INSTANCE, max_size=2))),
    (ErrorsAnswer, None, wrapped("errors", st.lists(ERROR, max_size=2))),
    (
        grants.GrantRequest,
        None,
        wrapped("grant", with_free({"tenant_id": st.sampled_from(["demo", "0", "a.b-c"])})),
    ),
    (grants.GrantAnswer, None, wrapped("grant", GRANT)),
    (grants.GrantsAnswer, None, wrapped("grants", st.lists(GRANT, max_size=2))),
    (grants.AdoptRequest, None, wrapped("adopt", ADOPTED)),
    (grants.ReleaseRequest, None, wrapped("release", ADOPTED)),
    (grants.PreviewAnswer, None, wrapped("preview", PREVIEW)),
    (FleetAnswer, "fleet", FLEET.map(lambda fleet: {"levels": [], "links": [], **fleet})),
    (Fleet, "fleet", FLEET),
    (Host, "host", HOST),
]
