"""Copies of an application that are judged together."""

from __future__ import annotations

from typing import Any

from groupsolver import compile_fleet
from groupsolver.checking.copies import Together
from tests.support.small import app, fleet, group, host

EVEN: dict[str, Any] = {"kind": "spread", "level": "zone", "max_skew": 0}


def broken(policy: dict[str, Any], *placements: tuple[str, str]) -> list[str]:
    """What copies of two members break on two hosts of 2 VCPU, each in a zone of its own."""
    hosts = [host(name, 2, domains={"zone": zone}) for name, zone in (("h1", "z1"), ("h2", "z2"))]
    compiled = compile_fleet(fleet(*hosts, levels=("zone",)))
    together = Together(app(group("A", 2, policy)), compiled.index)
    no_cells: dict[str, str] = {}
    placed = [({"A/0": first, "A/1": second}, no_cells) for first, second in placements]
    return [violation.policy for violation in together.broken(placed)]


def test_a_copy_is_judged_by_itself() -> None:
    assert broken(EVEN, ("h1", "h2"), ("h2", "h1")) == []
    # 2 and 0 in the zones of each copy.
    assert broken(EVEN, ("h1", "h1"), ("h2", "h2")) == ["copy", "copy"]


def test_copies_that_fill_the_domains_of_each_other_are_judged_as_one() -> None:
    by_room = EVEN | {"skew_over": "with-room"}
    # Each copy fills one zone, which does not count for the other then.
    assert broken(by_room, ("h1", "h1"), ("h2", "h2")) == []
    # One copy alone leaves room in z2, so that its zones hold 2 and 0.
    assert broken(by_room, ("h1", "h1")) == ["spread"]


def test_copies_share_the_room_of_hosts() -> None:
    assert broken(EVEN, ("h1", "h2"), ("h1", "h2"), ("h1", "h2")) == ["capacity", "capacity"]
