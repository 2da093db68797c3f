"""The places that policies name in their fields."""

from __future__ import annotations

import pytest

from groupsolver import AntiAffinity, Outside, Policy, Spread, Within
from groupsolver.constraints.protocols.named_places import places_named


@pytest.mark.parametrize(
    ("policy", "places"),
    [
        (Within(hosts=["h1"]), {"host": ("h1",)}),
        (
            Outside(domains={"rack": ["r1", "r2"], "host": ["h3"]}, hosts=["h1"]),
            {"rack": ("r1", "r2"), "host": ("h3", "h1")},
        ),
        (Within(hosts=[]), {}),
        (Spread(level="zone", share={"a": 50}, at_most={"b": 20, "a": 80}), {"zone": ("a", "b")}),
        (Spread(level="zone", min_domains=2), {}),
        (AntiAffinity(level="rack"), {}),
    ],
)
def test_places_are_read_from_the_fields(
    policy: Policy, places: dict[str, tuple[str, ...]]
) -> None:
    assert dict(places_named(policy)) == places
