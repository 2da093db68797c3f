"""Several applications as one, under qualified names, and their answers apart again.

Group ``web`` of application ``shop`` is ``shop:web`` in the merged application, and its member
``web/0`` is ``shop:web/0``. A policy may name a group of another application of the batch in this
form. All steps are linear in the groups and members.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import accumulate, islice
from typing import Any

from groupsolver.constraints.qualified_names import application_name_faults, qualified
from groupsolver.constraints.registry import Application, Group
from groupsolver.errors import MAX_FAULTS_SHOWN, BadInput, Fault, nearest
from groupsolver.model import application as model
from groupsolver.model.application import (
    BETWEEN,
    MAX_MEMBERS,
    Existing,
    Flavor,
    Members,
    member_ids,
)
from groupsolver.model.optional_members import requirements

_POSITION = re.compile(r"(groups|existing)\[(\d+)\]")


class MergedApplications:
    """Several applications, and one that has all of their groups.

    Parameters
    ----------
    applications : mapping of str to Application
        By name.

    Raises
    ------
    BadInput
        For a name that is none, a group of another application that is not in the batch, or
        applications with different prices of opening a host.

    Attributes
    ----------
    app : Application
        All groups, members and running members, under qualified names. It is not validated again:
        what is wrong with one application was said when it was made.
    names : tuple of str
    new_members : dict of str to int
        By application, the number of members that do not run yet.
    """

    def __init__(self, applications: Mapping[str, model.Application[Any]]) -> None:
        self.given = dict(applications)
        self.names = tuple(self.given)
        faults = list(islice(self._faults(), MAX_FAULTS_SHOWN))
        if faults:
            raise BadInput(faults)
        self.new_members = {name: _new_members(app) for name, app in self.given.items()}
        groups: list[Group] = []
        existing: list[Existing] = []
        flavors: dict[str, Flavor] = {}
        for name, app in self.given.items():
            groups += _qualified_groups(name, app)
            existing += _qualified_members(name, app)
            flavors |= {qualified(name, key): flavor for key, flavor in app.flavors.items()}
        prices = [app.host_price for app in self.given.values() if app.host_price is not None]
        self.app: Application = Application.model_construct(
            version=1,
            name=None,
            flavors=flavors,
            groups=tuple(groups),
            existing=tuple(existing),
            host_price=prices[0] if prices else None,
        )

    @cached_property
    def named_by(self) -> dict[str, tuple[str, ...]]:
        """The other applications of the batch that each application's policies name."""
        found = {}
        for name, app in self.given.items():
            targets = [_target_application(target) for target in _targets(app)]
            named = dict.fromkeys(one for one in targets if one is not None and one != name)
            found[name] = tuple(named)
        return found

    @cached_property
    def required_members(self) -> dict[str, int]:
        """By application, the new members that are placed at least where it is placed."""
        found = {}
        for name, app in self.given.items():
            asked = requirements(app)
            optional_groups = frozenset[str]().union(*(one.below for one in asked))
            running = {there.id for there in app.existing}
            required = [
                id_
                for group in app.groups
                if group.name not in optional_groups
                for id_, _ in member_ids(group)
                if id_ not in running
            ]
            found[name] = len(required) + max((one.least for one in asked), default=0)
        return found

    @cached_property
    def groups_of(self) -> dict[str, tuple[str, ...]]:
        """The qualified names of each application's groups."""
        return {
            name: tuple(qualified(name, group.name) for group in app.groups)
            for name, app in self.given.items()
        }

    def split(self, of_members: Mapping[str, str]) -> dict[str, dict[str, str]]:
        """Return what is said of members under qualified names, by application and own id."""
        found: dict[str, dict[str, str]] = {name: {} for name in self.names}
        for key, said in of_members.items():
            name, _, member = key.partition(BETWEEN)
            found[name][member] = said
        return found

    def prefixed(self, warnings: Iterable[str]) -> tuple[str, ...]:
        """Return warnings of the merged application in the words of each application's file.

        Example: ``groups[7].policies[0]: ...`` becomes ``shop: groups[1].policies[0]: ...``.
        """
        return tuple(self._relative(warning) for warning in warnings)

    def relative_faults(self, error: BadInput) -> BadInput:
        """Return the faults of the merged application with paths in each application's file."""
        return BadInput(
            [Fault(one.code, self._relative(one.path, "."), one.message) for one in error.faults]
        )

    def _relative(self, text: str, separator: str = ": ") -> str:
        """Return a text whose position is counted within its application, which it begins with."""
        match = _POSITION.match(text)
        if match is None:
            return text
        starts = self._starts[match[1]]
        position = int(match[2])
        # Of applications without any, which begin at the same position, the last one has it.
        number = bisect_right(starts, position) - 1
        within = f"{match[1]}[{position - starts[number]}]"
        path = f"applications.{self.names[number]}" if separator == "." else self.names[number]
        return f"{path}{separator}{within}{text[match.end() :]}"

    @cached_property
    def _starts(self) -> dict[str, list[int]]:
        """The position of the first group, and running member, of each application."""
        groups = accumulate((len(app.groups) for app in self.given.values()), initial=0)
        running = accumulate((len(app.existing) for app in self.given.values()), initial=0)
        # The last number is the total, which is no application's start.
        return {"groups": list(groups)[:-1], "existing": list(running)[:-1]}

    # What may be wrong.

    def _faults(self) -> Iterator[Fault]:
        if not self.given:
            yield Fault("empty-application", "applications", "expected at least one application")
        total = 0
        for name, app in self.given.items():
            path = f"applications.{name}"
            yield from application_name_faults(name)
            for i, group in enumerate(app.groups):
                total += sum(members.count for members in group.members)
                if BETWEEN in group.name:
                    message = f"expected no {BETWEEN!r}: it separates an application from its group"
                    yield Fault("ill-formed-name", f"{path}.groups[{i}].name", message)
            yield from self._target_faults(name, app)
        if total > MAX_MEMBERS:
            message = f"expected at most {MAX_MEMBERS} members, found {total}"
            yield Fault("too-many-members", "applications", message)
        yield from self._price_faults()

    def _target_faults(self, name: str, app: model.Application[Any]) -> Iterator[Fault]:
        """Yield the policies that name a group which no application of the batch has."""
        for i, group in enumerate(app.groups):
            for j, policy in enumerate(group.policies):
                target = policy.target
                if target is None or BETWEEN not in target or target in self._known:
                    continue
                message = f"no application of the batch has the group {target!r}"
                hint = nearest(target, list(self._known))
                path = f"applications.{name}.groups[{i}].policies[{j}].{policy.target_key}"
                yield Fault("unknown-group", path, f"{message}{hint}")

    @cached_property
    def _known(self) -> dict[str, None]:
        """The qualified names of all groups."""
        return {
            qualified(name, group.name): None
            for name, app in self.given.items()
            for group in app.groups
        }

    def _price_faults(self) -> Iterator[Fault]:
        """Yield different prices of opening a host: an opened host is that of the whole batch."""
        priced = [(name, app.host_price) for name, app in self.given.items()]
        first = next((price for _, price in priced if price is not None), None)
        for name, price in priced:
            if price is not None and price != first:
                message = (
                    f"expected {first}, as another application of the batch has, found {price}"
                )
                yield Fault("wrong-value", f"applications.{name}.host_price", message)


def _new_members(app: model.Application[Any]) -> int:
    """Return how many members of an application do not run yet."""
    running = {there.id for there in app.existing}
    return sum(id_ not in running for group in app.groups for id_, _ in member_ids(group))


def _targets(app: model.Application[Any]) -> Iterator[str]:
    for group in app.groups:
        for policy in group.policies:
            if policy.target is not None:
                yield policy.target


def _target_application(target: str) -> str | None:
    """Return the application that a policy's target names; None for the policy's own."""
    name, found, _ = target.partition(BETWEEN)
    return name if found else None


def _qualified_groups(name: str, app: model.Application[Any]) -> Iterator[Group]:
    """Yield the groups of an application under qualified names."""
    prefix = qualified(name, "")

    def key(group: str) -> str:
        return prefix + group

    def target_key(target: str) -> str:
        return target if BETWEEN in target else key(target)

    for group in app.groups:
        yield Group.model_construct(
            name=key(group.name),
            policies=tuple(policy.naming(target_key) for policy in group.policies),
            members=tuple(_qualified_entry(prefix, members) for members in group.members),
            groups=tuple(map(key, group.groups)),
            tenant_id=group.tenant_id,
            at_least=group.at_least,
        )


def _qualified_entry(prefix: str, members: Members) -> Members:
    """Return an entry of members; ids that are not given follow from the group's name."""
    changes = {}
    if members.flavor is not None:
        changes["flavor"] = prefix + members.flavor
    if members.id is not None:
        changes["id"] = prefix + members.id
    return members.model_copy(update=changes) if changes else members


def _qualified_members(name: str, app: model.Application[Any]) -> Iterator[Existing]:
    """Yield the running members of an application under qualified names."""
    prefix = qualified(name, "")
    for there in app.existing:
        changes = {"group": prefix + there.group, "id": prefix + there.id}
        if there.flavor is not None:
            changes["flavor"] = prefix + there.flavor
        yield there.model_copy(update=changes)
