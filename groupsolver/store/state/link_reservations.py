"""What is reserved of the links: it follows from hard `bandwidth` policies and where their members stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from groupsolver.constraints.policies.hose_model import hose, hose_between
from groupsolver.constraints.protocols.network import LinkLoad
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.model.nesting import below_of
from groupsolver.model.value import HOST, Domain
from groupsolver.store.entities import Instance, StoredGroup

_Key = tuple[str, int]  # a group, and which of its policies


@dataclass(frozen=True)
class _ReservationRule:
    mbps: int
    mine: frozenset[str]  # groups whose members it counts
    theirs: frozenset[str] | None


@dataclass(frozen=True)
class _Node:
    name: str
    groups: tuple[str, ...]


class Reserved:
    """What is needed of the links that leave each domain, kept in step as groups and instances come, change and go."""

    def __init__(self) -> None:
        self._rules: dict[_Key, _ReservationRule] = {}
        self._counting: dict[str, list[_Key]] = {}  # by group: the rules that count its members
        self._needs: dict[_Key, Counter[Domain]] = {}
        self._sum: Mapping[Domain, int] = {}
        self._stale: set[_Key] = set()
        self._changed = True  # what groups say and hold, not only who is in them

    def copy(self) -> Reserved:
        """Give one that may change without this one."""
        other = object.__new__(Reserved)
        other.__dict__ = self.__dict__ | {
            "_needs": self._needs.copy(),
            "_stale": self._stale.copy(),
        }
        return other  # what else there is, is replaced and not changed

    def group(self, before: StoredGroup | None, after: StoredGroup | None) -> None:
        """Take note that a group came, changed or went."""
        if before is None or after is None or _said(before) != _said(after):
            self._changed = True
        else:
            self.members(before.id)

    def members(self, group: str | None) -> None:
        """Take note that members of a group came or went."""
        self._stale.update(self._counting.get(group or "", ()))

    def moved(self) -> None:
        """Take note that a host came, went, or changed its domains."""
        self._stale.update(self._rules)

    def now(
        self, groups: Mapping[str, StoredGroup], instances: Mapping[str, Instance], hosts: HostIndex
    ) -> Mapping[Domain, int]:
        """Give the Mbit/s that are reserved by domain: the same object for as long as nothing changed."""
        if not hosts.links:
            return self._sum
        if self._changed:
            self._rules = dict(_rules(groups))
            counting: dict[str, list[_Key]] = {}
            for key, rule in self._rules.items():
                for name in rule.mine | (rule.theirs or frozenset()):
                    counting.setdefault(name, []).append(key)
            self._counting, self._changed = counting, False
            self._stale = self._rules.keys() | self._needs.keys()
        if self._stale:
            total = Counter(self._sum)
            for key in self._stale:
                total.subtract(self._needs.pop(key, Counter()))
                if key in self._rules:
                    self._needs[key] = _need(self._rules[key], groups, instances, hosts)
                    total.update(self._needs[key])
            self._sum, self._stale = {domain: mbps for domain, mbps in total.items() if mbps}, set()
        return self._sum


def _said(group: StoredGroup) -> object:
    return group.policies, group.groups, group.tenant_id, group.grants


def _rules(groups: Mapping[str, StoredGroup]) -> Iterable[tuple[_Key, _ReservationRule]]:
    """Give the hard bandwidth policies that are not void."""
    found = [
        (group, at, policy)
        for group in groups.values()
        for at, policy in enumerate(group.policies)
        if isinstance(policy, LinkLoad) and policy.hard
    ]
    if not found:
        return
    below = below_of(
        [
            _Node(group.id, tuple(child for child in group.groups if child in groups))
            for group in groups.values()
        ]
    )
    for group, at, policy in found:
        to = policy.flow(group.id).to
        if to is None:
            yield (group.id, at), _ReservationRule(policy.rate, below[group.id], None)
        elif to in groups and groups[to].tenant_id == group.tenant_id:
            # One about another project's group binds what its own project places; it must not fill links by itself.
            yield (group.id, at), _ReservationRule(policy.rate, below[group.id], below[to])


def _need(
    rule: _ReservationRule,
    groups: Mapping[str, StoredGroup],
    instances: Mapping[str, Instance],
    hosts: HostIndex,
) -> Counter[Domain]:
    mine, size = _counted(rule.mine, groups, instances, hosts)
    if rule.theirs is None:
        crossing = hose(mine, size)
    else:
        crossing = hose_between(mine, size, *_counted(rule.theirs, groups, instances, hosts))
    return Counter({domain: rule.mbps * number for domain, number in crossing.items() if number})


def _counted(
    names: Iterable[str],
    groups: Mapping[str, StoredGroup],
    instances: Mapping[str, Instance],
    hosts: HostIndex,
) -> tuple[Counter[Domain], int]:
    inside: Counter[Domain] = Counter()
    size = 0
    for name in names:
        for member in groups[name].members:
            there = instances.get(member)
            if there is not None and there.host in hosts:
                size += 1
                inside.update([(HOST, there.host), *hosts[there.host].domains.items()])
    return inside, size
