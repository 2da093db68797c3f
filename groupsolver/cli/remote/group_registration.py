"""An application's groups on a server: made all, and taken back where the placement is refused."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from groupsolver.constraints.registry import Application, Group
from groupsolver.errors import BadInput, Fault, one_line
from groupsolver.model.nesting import below_of

if TYPE_CHECKING:
    from groupsolver.client import Client

_OURS, _THEIRS = "groups", "group."


class Registered:
    """The groups of an application on a server.

    Attributes
    ----------
    ids : dict of str to str
        The uuid of each group that was made, by its name in the file; those below others come first.
    """

    def __init__(self, client: Client, app: Application) -> None:
        self.ids: dict[str, str] = {}
        self._client = client
        self._app = app
        self._naming: list[Group] = []

    def make(self) -> None:
        """Make all groups.

        Raises
        ------
        BadInput
            For what the server finds wrong with a group.
        ClientError
        """
        below = below_of(self._app.groups)
        for group in sorted(self._app.groups, key=lambda one: len(below[one.name])):
            alone = [policy for policy in group.policies if policy.target is None]
            children = [self.ids[name] for name in group.groups]
            with self._of_file(group):
                made = self._client.groups.create(name=group.name, policies=alone, groups=children)
            self.ids[group.name] = made.id
        # Groups may name each other in policies, so all must be there first.
        for group in self._app.groups:
            if any(policy.target is not None for policy in group.policies):
                self._naming.append(group)
                policies = [
                    policy.model_copy(update={policy.target_key: self.ids[policy.target]})
                    if policy.target is not None
                    else policy
                    for policy in group.policies
                ]
                with self._of_file(group):
                    self._client.groups.update(self.ids[group.name], policies=policies)

    def take_back(self) -> None:
        """Remove what was made; what cannot be is told on standard error."""
        from groupsolver.client import ClientError, Unreachable

        for group in self._naming:
            with suppress(
                ClientError
            ):  # then the groups that it names cannot be removed, which is told below
                self._client.groups.update(self.ids[group.name], policies=[])
        gone = False
        for name in reversed(list(self.ids)):  # those above others first
            try:
                if not gone:
                    self._client.groups.delete(self.ids[name])
                    continue
                why = "the server cannot be reached"
            except ClientError as error:
                gone, why = isinstance(error, Unreachable), str(error)
            left = f"groupsolver: left on the server: group {name!r}, {self.ids[name]}: {why}"
            print(one_line(left), file=sys.stderr)

    @contextmanager
    def _of_file(self, group: Group) -> Iterator[None]:
        """Tell what is wrong with a group in the file's own terms."""
        from groupsolver.client import ServerError

        try:
            yield
        except ServerError as error:
            if error.status != 400:
                raise
            raise BadInput([self._placed(group, fault) for fault in error.faults]) from None

    def _placed(self, group: Group, fault: Fault) -> Fault:
        place, _, message = fault.message.partition(": ")
        here = f"{_OURS}[{self._app.groups.index(group)}]"
        if not message or not place.startswith(_THEIRS):
            return Fault(fault.code, here, fault.message)
        return Fault(fault.code, f"{here}.{place.removeprefix(_THEIRS)}", message)
