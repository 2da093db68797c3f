"""Previews of changes: which policies running members would break, and which members do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from groupsolver.constraints.policy import Policy
from groupsolver.model.fleet import Fleet
from groupsolver.store.entities import Instance, StoredGroup
from groupsolver.store.state import impact_preview
from groupsolver.store.state.impact_preview import preview_impact
from groupsolver.store.state.snapshot_cache import Snapshot
from tests.support.draws.store_contents import StoreContents, policy, uid

FLEET = Fleet.model_validate({"hosts": [{"name": f"h{i}"} for i in range(3)]})
APART = policy({"kind": "anti-affinity"})


def snapshot(*hosts: str, policies: tuple[Policy, ...] = ()) -> Snapshot:
    """A group of instances on some hosts."""
    members = tuple(uid(10 + i) for i in range(len(hosts)))
    group = StoredGroup(uid(1), "t", "u", policies=policies, members=members)
    instances = [
        Instance(member, "t", None, uid(1), host, {"VCPU": 1}, uid(9))
        for member, host in zip(members, hosts, strict=True)
    ]
    return StoreContents(FLEET, [group], instances).snapshot()


def with_policies(now: Snapshot, *policies: Policy) -> Snapshot:
    group = replace(now.groups[uid(1)], policies=policies)
    return replace(now, groups=now.groups.updated(group))


def test_a_change_that_nothing_breaks_is_clean() -> None:
    now = snapshot("h0", "h1")
    assert not preview_impact(now, with_policies(now, APART), uid(1))


def test_a_broken_policy_names_the_members_without_which_it_is_broken_less() -> None:
    now = snapshot("h0", "h1", "h0")
    preview = preview_impact(now, with_policies(now, APART), uid(1))
    assert preview
    (broken,) = preview.broken_policies()
    # Two members share h0: one too many. Without either of them, none is.
    assert (broken.group, broken.kind, broken.measure) == (uid(1), "anti-affinity", 1)
    assert broken.members == (uid(10), uid(12))


def test_where_no_time_is_left_all_members_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(impact_preview, "_TIME_LIMIT", -1.0)
    now = snapshot("h0", "h1", "h0")
    (broken,) = preview_impact(now, with_policies(now, APART), uid(1)).broken_policies()
    assert broken.members == (uid(10), uid(11), uid(12))


def test_what_was_broken_before_counts_only_where_it_becomes_worse() -> None:
    before = snapshot("h0", "h0", "h1", policies=(APART,))
    assert not preview_impact(before, with_policies(before, APART), uid(1))
    worse = snapshot("h0", "h0", "h0", policies=(APART,))
    assert preview_impact(before, worse, uid(1))


def test_soft_policies_break_nothing() -> None:
    now = snapshot("h0", "h0")
    soft = policy({"kind": "anti-affinity", "weight": 5})
    assert not preview_impact(now, with_policies(now, soft), uid(1))
