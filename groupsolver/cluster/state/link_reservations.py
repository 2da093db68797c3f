"""Bandwidth that is reserved on links: a result of hard `bandwidth` policies and their members."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from groupsolver.cluster.state.group_table import GroupTable
from groupsolver.cluster.state.running import RunningGroup, RunningInstance
from groupsolver.constraints.policies.hose_model import hose, hose_between
from groupsolver.constraints.protocols.network import LinkLoad
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.model.value import HOST, Domain

_RuleKey = tuple[str, int]  # a group, and the position of the rule among its policies
_Groups = GroupTable[Any]
_Instances = Mapping[str, RunningInstance]
# Whether a policy of one group may reserve bandwidth towards another.
MayReserve = Callable[[RunningGroup, RunningGroup], bool]


def any_may_reserve(_owner: RunningGroup, _target: RunningGroup) -> bool:
    """Return that any policy may reserve bandwidth towards any group."""
    return True


@dataclass(frozen=True)
class _ReservationRule:
    """A hard `bandwidth` policy.

    Attributes
    ----------
    mbps : int
    senders : frozenset of str
        The groups of its members.
    receivers : frozenset of str or None
        The groups that its members send to; None where they send to each other.
    """

    mbps: int
    senders: frozenset[str]
    receivers: frozenset[str] | None

    @property
    def groups(self) -> frozenset[str]:
        return self.senders | (self.receivers or frozenset())


@dataclass
class LinkReservations:
    """Mbit/s needed of the links that leave each domain, kept up to date with groups and instances.

    What changes is noted first, and only the rules concerned are computed again by `by_domain`.

    Attributes
    ----------
    rules : dict
        The rules, by group and position.
    rules_by_group : dict of str to list
        By group: the rules that count its members.
    needs : dict
        What each rule needs, by domain.
    total : mapping of (str, str) to int
        The sum of `needs`.
    stale_rules : set
        Rules whose needs have to be computed again.
    rules_changed : bool
        Whether the rules themselves have to be collected again.
    may_reserve : callable
        Whether a policy of one group may reserve bandwidth towards another. Default: any may.
    """

    rules: dict[_RuleKey, _ReservationRule] = field(default_factory=dict)
    rules_by_group: dict[str, list[_RuleKey]] = field(default_factory=dict)
    needs: dict[_RuleKey, Counter[Domain]] = field(default_factory=dict)
    total: Mapping[Domain, int] = field(default_factory=dict)
    stale_rules: set[_RuleKey] = field(default_factory=set)
    rules_changed: bool = True
    may_reserve: MayReserve = any_may_reserve

    def copy(self) -> LinkReservations:
        """Return a copy that may change without changing this one."""
        # Attributes that are not copied here are replaced and never changed.
        return LinkReservations(
            rules=self.rules,
            rules_by_group=self.rules_by_group,
            needs=self.needs.copy(),
            total=self.total,
            stale_rules=self.stale_rules.copy(),
            rules_changed=self.rules_changed,
            may_reserve=self.may_reserve,
        )

    def group_changed(self, before: RunningGroup | None, after: RunningGroup | None) -> None:
        """Note that a group was added (`before` None), changed, or removed (`after` None)."""
        if before is None or after is None or _definition(before) != _definition(after):
            self.rules_changed = True
        else:
            self.members_changed(before.id)

    def members_changed(self, group: str | None) -> None:
        """Note that members of a group came or went."""
        self.stale_rules.update(self.rules_by_group.get(group or "", ()))

    def hosts_changed(self) -> None:
        """Note that a host was added or removed, or changed its domains."""
        self.stale_rules.update(self.rules)

    def by_domain(
        self, groups: _Groups, instances: _Instances, hosts: HostIndex
    ) -> Mapping[Domain, int]:
        """Return the reserved Mbit/s by domain: the same object as long as nothing changed."""
        if not hosts.links:
            return self.total
        if self.rules_changed:
            self._collect_rules(groups)
        if self.stale_rules:
            self._recompute(groups, instances, hosts)
        return self.total

    def _collect_rules(self, groups: _Groups) -> None:
        self.rules = dict(_reservation_rules(groups, self.may_reserve))
        self.rules_by_group = {}
        for key, rule in self.rules.items():
            for name in rule.groups:
                self.rules_by_group.setdefault(name, []).append(key)
        self.rules_changed = False
        self.stale_rules = self.rules.keys() | self.needs.keys()

    def _recompute(self, groups: _Groups, instances: _Instances, hosts: HostIndex) -> None:
        total = Counter(self.total)
        for key in self.stale_rules:
            total.subtract(self.needs.pop(key, Counter()))
            if key in self.rules:
                self.needs[key] = _need(self.rules[key], groups, instances, hosts)
                total.update(self.needs[key])
        self.total = {domain: mbps for domain, mbps in total.items() if mbps}
        self.stale_rules = set()


def _definition(group: RunningGroup) -> object:
    """Return the part of a group that rules are made of: everything but its members."""
    return group.policies, group.groups, group.tenant_id


def _reservation_rules(
    groups: _Groups, may_reserve: MayReserve
) -> Iterator[tuple[_RuleKey, _ReservationRule]]:
    """Yield the hard bandwidth policies that are not void."""
    for key, policy in _hard_bandwidths(groups):
        owner = groups[key[0]]
        target = policy.flow(owner.id).to
        if target is None:
            yield key, _ReservationRule(policy.rate, groups.below(owner.id), None)
        elif target in groups and may_reserve(owner, groups[target]):
            yield key, _ReservationRule(policy.rate, groups.below(owner.id), groups.below(target))


def _hard_bandwidths(groups: _Groups) -> Iterator[tuple[_RuleKey, LinkLoad]]:
    group: RunningGroup
    for group in groups.values():
        for position, policy in enumerate(group.policies):
            if isinstance(policy, LinkLoad) and policy.hard:
                yield (group.id, position), policy


def _need(
    rule: _ReservationRule,
    groups: _Groups,
    instances: _Instances,
    hosts: HostIndex,
) -> Counter[Domain]:
    """Return the Mbit/s that a rule needs of the links that leave each domain.

    In the hose model, of n members of which i are in a domain, min(i, n - i) flows may leave it.
    With 200 Mbit/s, 3 members in a domain and 1 outside, min(3, 1) x 200 = 200 Mbit/s.
    """
    inside, size = _count_by_domain(rule.senders, groups, instances, hosts)
    if rule.receivers is None:
        flows = hose(inside, size)
    else:
        receivers = _count_by_domain(rule.receivers, groups, instances, hosts)
        flows = hose_between(inside, size, *receivers)
    return Counter({domain: rule.mbps * count for domain, count in flows.items() if count})


def _count_by_domain(
    names: Iterable[str],
    groups: _Groups,
    instances: _Instances,
    hosts: HostIndex,
) -> tuple[Counter[Domain], int]:
    """Return how many members of some groups run in each domain, and how many in all."""
    inside: Counter[Domain] = Counter()
    size = 0
    for name in names:
        for member in groups[name].members:
            instance = instances.get(member)
            if instance is None or instance.host not in hosts:
                continue
            size += 1
            inside[HOST, instance.host] += 1
            inside.update(hosts[instance.host].domains.items())
    return inside, size
