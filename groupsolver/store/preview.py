"""What running members would break: policies measured over what runs, before and after a change."""

from __future__ import annotations

import json
from collections.abc import Container, Iterable
from copy import copy
from dataclasses import dataclass
from functools import cached_property

from groupsolver.constraints.bandwidth import Bandwidth
from groupsolver.constraints.scene import Rule, Scene, Standing
from groupsolver.constraints.view import View
from groupsolver.model.application import Members
from groupsolver.store.mirror import Snapshot
from groupsolver.store.scope import below_in, composed, rules_over

_TRIED = 200  # members left out one by one, to see which of them a measure rests on


@dataclass(frozen=True)
class Broken:
    """A hard policy that running members break.

    Attributes
    ----------
    group, kind, sentence : str
    measure : int
        By how much, all told: a policy that is asked for as hard binds what comes later only so far.
    members : tuple of str
        Those without any one of which the measure were smaller; all of the group where no single one makes it so.
    """

    group: str
    kind: str
    sentence: str
    measure: int
    members: tuple[str, ...]


@dataclass(frozen=True)
class Grown:
    """The hard policies whose measure a change would make larger, each with its measure then."""

    scene: Scene
    rules: tuple[tuple[Rule, int], ...]

    def __bool__(self) -> bool:
        return bool(self.rules)

    def told(self) -> Iterable[Broken]:
        """Say who breaks what. Takes longer than to find out whether anything is broken."""
        for rule, measure in self.rules:
            members = tuple(_behind(rule, measure, self.scene))
            yield Broken(rule.group, rule.policy.kind, str(rule), measure, members)


def grown(before: Snapshot, after: Snapshot, group: str) -> Grown:
    """Hold what runs against the hard policies of a group's project that look at the group's members.

    A policy that is new counts as 0 before: what stands below it is new to it. One that was broken
    already, as by a change of the fleet, is told only where the change makes it worse.
    """
    tenant = after.groups[group].tenant_id
    old, scene = _scene(before, group, tenant), _scene(after, group, tenant)
    view, then = View(old, {}), View(scene, {})
    was = {_key(rule): (rule, rule.policy.violations(rule.group, view)) for rule in old.rules}
    found = []
    for rule in scene.rules:
        before_, least = was.get(_key(rule), (None, 0))
        if isinstance(rule.policy, Bandwidth):
            running = {there.id for there in _standing(before_, old)} if before_ else set()
            measure = _added(rule, scene, running)
        else:
            measure = rule.policy.violations(rule.group, then)
        if measure > least:
            found.append((rule, measure))
    return Grown(scene, tuple(found))


def _added(rule: Rule, scene: Scene, running: Container[str]) -> int:
    """Measure what members that a rule did not count before add to the links, as if they came now.

    Bandwidth is all about what comes: what runs has its share, which the links' free bandwidth is without.
    """
    fresh = {there.id: there for there in _standing(rule, scene) if there.id not in running}
    come: dict[str, list[Members]] = {}
    for one in fresh.values():
        members = Members.model_construct(resources=one.resources, count=1, id=one.id, flavor=None)
        come.setdefault(one.group, []).append(members)
    groups = tuple(group.model_copy(update={"members": tuple(come.get(group.name, ()))}) for group in scene.app.groups)
    existing = tuple(there for there in scene.app.existing if there.id not in fresh)
    asked = Scene(scene.app.model_copy(update={"groups": groups, "existing": existing}), scene.hosts)
    return rule.policy.violations(rule.group, View(asked, {key: there.host for key, there in fresh.items()}))


def _scene(now: Snapshot, group: str, tenant: str) -> Scene:
    below = below_in(now)
    # Another project's rules bind what it, or whoever joins it, places: never what this one says of its own.
    rules = {
        key: [policy for policy in policies if policy.hard]
        for key, policies in rules_over(tenant, [group], below, now).items()
        if now.groups[key].tenant_id == tenant
    }
    return Scene(composed(rules, below, now, {group: []}, tenant), now.fleet.index)


def _key(rule: Rule) -> tuple[str, str]:
    return rule.group, json.dumps(rule.policy.document(), sort_keys=True)


def _behind(rule: Rule, measure: int, scene: Scene) -> Iterable[str]:
    """Give the members without any one of which a measure is smaller."""
    standing = _standing(rule, scene)
    if isinstance(rule.policy, Bandwidth):  # leaving one out moves what the others send
        return [there.id for there in standing]
    found = (
        [there.id for there in standing if _without(rule, scene, there) < measure] if len(standing) <= _TRIED else []
    )
    return found or [there.id for there in scene.running(rule.group)]


def _standing(rule: Rule, scene: Scene) -> list[Standing]:
    counted = rule.policy.counted(rule.group, scene)
    return [there for there in scene.standing if there.group in counted]


def _without(rule: Rule, scene: Scene, gone: Standing) -> int:
    other = copy(scene)
    for name, made in vars(Scene).items():  # what was worked out of the members that it had
        if isinstance(made, cached_property) and name != "distances":
            other.__dict__.pop(name, None)
    other.standing = tuple(there for there in scene.standing if there is not gone)
    return rule.policy.violations(rule.group, View(other, {}))
