"""The request: flavors, groups of members, and the policies that relate them.

The policies' own types are on a higher floor, so groups are generic in them here.
`groupsolver.constraints` closes the type with the registry.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, Self, TypeVar

from pydantic import Field, PrivateAttr, model_validator
from pydantic_core import PydanticCustomError

from groupsolver.errors import MAX_FAULTS_SHOWN, BadInput, Fault, nearest, require_type
from groupsolver.model.inventory import Resources
from groupsolver.model.nesting import below_of, cycle_in
from groupsolver.model.result import Result
from groupsolver.model.value import (
    Amount,
    GroupName,
    HostName,
    MemberValue,
    Name,
    Positive,
    Value,
)

BETWEEN = ":"  # ``application:group`` in a policy names a group of another application
SOFTNESS = {"weight", "priority"}  # the fields of a policy that say how much it matters


class BasePolicy(Value):
    """The part of a policy that the model knows: a kind, hard unless it has a weight.

    Parameters
    ----------
    weight : int, optional
        Makes the policy soft: the cost of each unit of its measure.
    priority : int, optional
        Of a soft policy: the tier that it belongs to, 0 or above. Tiers are strict, lower first: no
        gain in a later one, or in the objective, makes up for a loss in an earlier one.
    """

    target_key: ClassVar[str] = "group"  # the field that names another group

    kind: str
    weight: Positive | None = None
    priority: Amount | None = None

    @model_validator(mode="after")
    def _soft_if_ranked(self) -> Self:
        if self.priority is not None and self.weight is None:
            raise PydanticCustomError(
                "missing-key", "expected a weight: only soft policies have a priority"
            )
        return self

    def says(self) -> str:
        """Return what the policy says, softness aside: equal where two say the same.

        All fields but `weight` and `priority`; free keys have no meaning.
        """
        fields = set(type(self).model_fields) - SOFTNESS
        return json.dumps(self.model_dump(mode="json", include=fields), sort_keys=True)

    @property
    def target(self) -> str | None:
        """The other group that the policy names, None if it has no field for one."""
        return getattr(self, self.target_key, None)

    def naming(self, name_of: Callable[[str], str]) -> Self:
        """Return the policy with another name for the group that it names, if it names any."""
        if self.target is None or name_of(self.target) == self.target:
            return self
        return self.model_copy(update={self.target_key: name_of(self.target)})

    @property
    def at(self) -> str | None:
        """The level of the policy: its field `level`, None if it has none."""
        return getattr(self, "level", None)


R = TypeVar("R", bound=BasePolicy)


class Flavor(Value):
    """A named amount of each resource class."""

    resources: Resources

    if TYPE_CHECKING:
        # What the constructor takes: every form that it converts to the fields' types.
        def __init__(
            self,
            *,
            resources: Mapping[str, int],
            metadata: Any = None,
        ) -> None: ...


class Sized(Value):
    """A value that takes either a flavor's resources or its own."""

    flavor: Name | None = None
    resources: Resources | None = None

    @model_validator(mode="after")
    def _one_size(self) -> Self:
        if self.flavor is not None and self.resources is not None:
            raise PydanticCustomError("wrong-value", "expected flavor or resources, not both")
        return self


class Members(Sized):
    """A number of identical members of a group.

    Parameters
    ----------
    flavor, resources
        What each takes: exactly one of the two.
    count : int, default 1
    id : str, optional
        The member's id, where `count` is 1; by default ``<group>/<index>``.
    value : int, default 1
        What each is worth where a group with `at_least` may leave it out: 1 to 10**9.
    """

    count: Positive = 1
    id: Name | None = None
    value: MemberValue = 1

    if TYPE_CHECKING:
        # What the constructor takes: every form that it converts to the fields' types.
        def __init__(
            self,
            *,
            flavor: str | None = ...,
            resources: Mapping[str, int] | None = ...,
            count: int = ...,
            id: str | None = ...,  # noqa: A002
            value: int = ...,
            metadata: Any = None,
        ) -> None: ...

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.flavor is None and self.resources is None:
            raise PydanticCustomError("missing-key", "expected a flavor or resources")
        if self.id is not None and self.count != 1:
            raise PydanticCustomError("wrong-value", "expected count 1 where an id is given")
        return self


class Existing(Sized):
    """A member that already runs: it counts for every policy and is not moved.

    The ``used`` of the host, or of its cell, includes it; `flavor` or `resources` say how much of
    that is the member's. `cell` is the cell of the host in which it runs, where that is known.
    """

    group: GroupName
    id: Name
    host: HostName
    cell: Name | None = None

    if TYPE_CHECKING:
        # What the constructor takes: every form that it converts to the fields' types.
        def __init__(
            self,
            *,
            flavor: str | None = ...,
            resources: Mapping[str, int] | None = ...,
            group: str,
            id: str,  # noqa: A002
            host: str,
            cell: str | None = ...,
            metadata: Any = None,
        ) -> None: ...


class Group(Value, Generic[R]):
    """Members that belong together, and the policies that hold for them.

    Parameters
    ----------
    name : str
        Without ``/``.
    policies : tuple
        They apply to all members below the group, each counted once.
    members : tuple of Members
    groups : tuple of str
        Names of groups right below this one; a group may be below several.
    tenant_id : str, optional
        The project that owns the group; groups without one are all of one project.
    at_least : int, optional
        How many of the members below the group must be placed, running ones of these included. The
        others are placed where the sum of their values is largest. By default all must be placed.
    """

    name: GroupName
    policies: tuple[R, ...] = ()
    members: tuple[Members, ...] = ()
    groups: tuple[GroupName, ...] = ()
    tenant_id: Name | None = None
    at_least: Amount | None = None

    if TYPE_CHECKING:
        # What the constructor takes: every form that it converts to the fields' types.
        def __init__(
            self,
            *,
            name: str,
            policies: Iterable[R | str | Mapping[str, Any]] = ...,
            members: Iterable[Members | Mapping[str, Any]] = ...,
            groups: Iterable[str] = ...,
            tenant_id: str | None = ...,
            at_least: int | None = ...,
            metadata: Any = None,
        ) -> None: ...


# More members than any request: stops a typing slip from filling memory.
MAX_MEMBERS = 100_000


class Application(Value, Generic[R]):
    """Groups that are placed as one, all or nothing.

    Parameters
    ----------
    name : str, optional
    flavors : dict of str to Flavor
    groups : tuple of Group
    existing : tuple of Existing
    host_price : int, optional
        Points of the objective for each host that holds new members and held nothing before. A
        host's `opening_cost` replaces it. None: opening a host costs nothing, whatever the host
        says.
    """

    version: Literal[1] = 1
    name: Name | None = None
    flavors: dict[Name, Flavor] = {}
    groups: tuple[Group[R], ...] = Field(default=())
    existing: tuple[Existing, ...] = ()
    host_price: Amount | None = None
    # Of a part of an application: by group, traits that are required of its members by policies
    # which the part lacks. Hosts that are reserved for these traits stay open to the members.
    _required_elsewhere: dict[str, frozenset[str]] = PrivateAttr(default_factory=dict)

    if TYPE_CHECKING:
        # What the constructor takes: every form that it converts to the fields' types.
        def __init__(
            self,
            *,
            version: Literal[1] = ...,
            name: str | None = ...,
            flavors: Mapping[str, Flavor | Mapping[str, Any]] = ...,
            groups: Iterable[Group[R] | Mapping[str, Any]] = ...,
            existing: Iterable[Existing | Mapping[str, Any]] = ...,
            host_price: int | None = ...,
            metadata: Any = None,
        ) -> None: ...

    @property
    def required_elsewhere(self) -> Mapping[str, frozenset[str]]:
        """Traits by group that policies require which this part of an application lacks."""
        return self._required_elsewhere

    def requiring(self, traits: Mapping[str, frozenset[str]]) -> Self:
        """Return this part of an application, which lacks policies that require some traits."""
        part = self.model_copy()
        part._required_elsewhere = dict(traits)  # noqa: SLF001 - of this class
        return part

    @model_validator(mode="after")
    def _sound(self) -> Self:
        faults = list(self._faults())
        if faults:
            raise PydanticCustomError(
                "faults", "{count} faults", {"count": len(faults), "faults": faults}
            )
        return self

    def _faults(self) -> Iterator[Fault]:
        total = sum(members.count for group in self.groups for members in group.members)
        if not total and not self.existing:
            yield Fault("empty-application", "groups", "expected at least one group with members")
        if total > MAX_MEMBERS:
            message = f"expected at most {MAX_MEMBERS} members, found {total}"
            yield Fault("too-many-members", "groups", message)
            return  # the other checks look at each member
        yield from self._nesting_faults()
        yield from self._group_faults()
        yield from self._size_faults()
        yield from self._repeated_ids()
        yield from self._existing_faults()

    def _nesting_faults(self) -> Iterator[Fault]:
        cycle = cycle_in(self.groups)
        if cycle:
            names = [group.name for group in self.groups]
            path = f"groups[{names.index(cycle[0])}].groups"
            message = "a group may not be below itself: " + " > ".join(cycle)
            yield Fault("nested-in-itself", path, message)

    def _group_faults(self) -> Iterator[Fault]:
        names = {group.name: None for group in self.groups}
        seen: set[str] = set()
        for i, group in enumerate(self.groups):
            path = f"groups[{i}]"
            if group.name in seen:
                message = f"group {group.name!r} is named twice"
                yield Fault("duplicate-name", f"{path}.name", message)
            seen.add(group.name)
            yield from self._unknown_names(path, group, names)

    def _size_faults(self) -> Iterator[Fault]:
        """Yield the groups that ask for more members than there are."""
        names = {group.name for group in self.groups}
        asking = any(group.at_least is not None for group in self.groups)
        sound = all(names.issuperset(group.groups) for group in self.groups)
        # While the nesting is faulty, it is not known what is below a group.
        if not asking or not sound or cycle_in(self.groups):
            return
        own = {group.name: sum(one.count for one in group.members) for group in self.groups}
        below = below_of(self.groups)
        for i, group in enumerate(self.groups):
            if group.at_least is None:
                continue
            size = sum(own.get(name, 0) for name in below[group.name])
            if group.at_least > size:
                message = (
                    f"expected at most the {size} members of the group, found {group.at_least}"
                )
                yield Fault("wrong-value", f"groups[{i}].at_least", message)

    def _existing_faults(self) -> Iterator[Fault]:
        names = [group.name for group in self.groups]
        known = set(names)
        for j, member in enumerate(self.existing):
            path = f"existing[{j}]"
            if member.group not in known:
                message = f"unknown group {member.group!r}{nearest(member.group, names)}"
                yield Fault("unknown-group", f"{path}.group", message)
            yield from self._unknown_flavor(path, member)

    def _unknown_names(
        self, path: str, group: Group[R], names: Mapping[str, None]
    ) -> Iterator[Fault]:
        for j, members in enumerate(group.members):
            yield from self._unknown_flavor(f"{path}.members[{j}]", members)
        listed: set[str] = set()
        for j, child in enumerate(group.groups):
            child_path = f"{path}.groups[{j}]"
            if child not in names:
                message = f"unknown group {child!r}{nearest(child, list(names))}"
                yield Fault("unknown-group", child_path, message)
            elif child in listed:
                yield Fault("duplicate-name", child_path, f"group {child!r} is listed twice")
            listed.add(child)
        for j, policy in enumerate(group.policies):
            # Groups of other applications are known to a cluster alone.
            elsewhere = policy.target is not None and BETWEEN in policy.target
            if policy.target is not None and policy.target not in names and not elsewhere:
                message = f"unknown group {policy.target!r}{nearest(policy.target, list(names))}"
                yield Fault("unknown-group", f"{path}.policies[{j}].{policy.target_key}", message)
        said: dict[tuple[str, bool], int] = {}
        for j, policy in enumerate(group.policies):
            first = said.setdefault((policy.says(), policy.weight is None), j)
            if first != j:
                message = f"{policy.kind} is here twice; policies[{first}] says the same"
                yield Fault("repeated-policy", f"{path}.policies[{j}]", message)

    def _unknown_flavor(self, path: str, sized: Sized) -> Iterator[Fault]:
        if sized.flavor is not None and sized.flavor not in self.flavors:
            hint = nearest(sized.flavor, list(self.flavors))
            message = f"unknown flavor {sized.flavor!r}{hint}"
            yield Fault("unknown-flavor", f"{path}.flavor", message)

    def _repeated_ids(self) -> Iterator[Fault]:
        group_of: dict[str, str] = {}
        for i, group in enumerate(self.groups):
            for id_, _ in member_ids(group):
                if id_ in group_of:
                    message = f"member id {id_!r} is given twice"
                    yield Fault("duplicate-name", f"groups[{i}].members", message)
                group_of[id_] = group.name
        running: set[str] = set()
        for j, member in enumerate(self.existing):
            path = f"existing[{j}].id"
            if member.id in running:
                yield Fault("duplicate-name", path, f"member id {member.id!r} is given twice")
            elif group_of.get(member.id, member.group) != member.group:
                message = f"member id {member.id!r} belongs to group {group_of[member.id]!r}"
                yield Fault("duplicate-name", path, message)
            running.add(member.id)

    def resources(self, sized: Sized) -> Resources:
        """Return what `sized` takes of each resource class; nothing where it has no size."""
        if sized.flavor is not None:
            return self.flavors[sized.flavor].resources
        return sized.resources or {}

    def sizes(self) -> dict[str, Resources]:
        """Return what each member takes of each resource class, by member id.

        Members of groups come first, in the order of the file, then running members that no group
        lists. A running member without a size of its own has that of the group's member with its
        id; where there is none, its size is empty.
        """
        sizes: dict[str, Resources] = {}
        for group in self.groups:
            for id_, members in member_ids(group):
                sizes[id_] = dict(self.resources(members))
        for running in self.existing:
            states_size = running.flavor is not None or running.resources is not None
            if states_size or running.id not in sizes:
                sizes[running.id] = dict(self.resources(running))
        return sizes

    def with_existing(self, result: Result) -> Self:
        """Return the application with the members that a result placed as running members.

        Each is an entry of `existing` with its host, its cell and its size. Members that run
        already come first, as they are. The `used` of the hosts must include the new entries
        before the application is solved again.

        Parameters
        ----------
        result : Result
            A result of `solve` for this application. Members that it names and that run already
            on the same host are not added again.

        Raises
        ------
        TypeError
            Where `result` is no `Result`.
        BadInput
            Where it has no placement, names a member that no group lists, or names another host
            for a member that runs already.
        """
        require_type("result", result, Result, "a Result", "solve returns one")
        if result.placement is None:
            message = f"expected a result with a placement, its status is {result.status}"
            raise BadInput([Fault("wrong-value", "placement", message)])
        # Looking for the nearest name takes time in the number of members: not for every fault.
        faults = list(islice(self._placement_faults(result.placement), MAX_FAULTS_SHOWN))
        if faults:
            raise BadInput(faults)
        running = {there.id for there in self.existing}
        added: list[Existing] = []
        for group in self.groups:
            for id_, members in member_ids(group):
                if id_ in result.placement and id_ not in running:
                    added.append(_placed_member(group.name, id_, members, result))
        # The private attributes of a part of an application are copied, too.
        return self.model_copy(update={"existing": (*self.existing, *added)})

    def _placement_faults(self, placement: Mapping[str, str]) -> Iterator[Fault]:
        """Yield what a placement says of members that is not true of this application."""
        host_of = {running.id: running.host for running in self.existing}
        listed = [id_ for group in self.groups for id_, _ in member_ids(group)]
        known = {*listed, *host_of}
        for id_, host in placement.items():
            path = f"placement.{id_}"
            if id_ not in known:
                message = f"unknown member {id_!r}{nearest(id_, listed)}"
                yield Fault("unknown-member", path, message)
            elif host_of.get(id_, host) != host:
                message = f"member {id_!r} runs on {host_of[id_]!r} already, not on {host!r}"
                yield Fault("wrong-value", path, message)


def member_ids(group: Group[Any]) -> Iterator[tuple[str, Members]]:
    """Yield the id of each of a group's own members, with the entry of the file that it is of."""
    index = 0
    for members in group.members:
        for _ in range(members.count):
            yield members.id or f"{group.name}/{index}", members
            index += 1


def _placed_member(group: str, id_: str, members: Members, result: Result) -> Existing:
    """Return a member that a result placed as a running one."""
    placement = result.placement or {}
    return Existing(
        group=group,
        id=id_,
        host=placement[id_],
        cell=result.cells.get(id_),
        flavor=members.flavor,
        resources=members.resources,
    )
