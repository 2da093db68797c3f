"""An application's groups on a server: all of them created, and removed if the placement fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from groupsolver.cli.output.stderr import print_message
from groupsolver.constraints.registry import Application, Group
from groupsolver.errors import BadInput, Fault
from groupsolver.model.nesting import below_of

if TYPE_CHECKING:
    from groupsolver.client import Client

# How paths of faults begin: in the application's file, and in the server's answer.
_IN_FILE = "groups"
_ON_SERVER = "group."


class RegisteredGroups:
    """The groups of an application on a server.

    Attributes
    ----------
    ids : dict of str to str
        The uuid of each group that was created, by its name in the file, children first.
    """

    def __init__(self, client: Client, app: Application) -> None:
        self.ids: dict[str, str] = {}
        self._client = client
        self._app = app
        self._with_targets: list[Group] = []

    def create(self) -> None:
        """Create all groups.

        Raises
        ------
        BadInput
            For what the server finds wrong with a group.
        ClientError
        """
        below = below_of(self._app.groups)
        for group in sorted(self._app.groups, key=lambda group: len(below[group.name])):
            policies = [policy for policy in group.policies if policy.target is None]
            children = [self.ids[name] for name in group.groups]
            with self._faults_in_file(group):
                created = self._client.groups.create(
                    name=group.name, policies=policies, groups=children
                )
            self.ids[group.name] = created.id
        # Groups may name each other in policies, so all of them must exist first.
        for group in self._app.groups:
            if any(policy.target is not None for policy in group.policies):
                self._with_targets.append(group)
                self._set_policies(group)

    def _set_policies(self, group: Group) -> None:
        policies = [policy.naming(self.ids.__getitem__) for policy in group.policies]
        with self._faults_in_file(group):
            self._client.groups.update(self.ids[group.name], policies=policies)

    def remove(self) -> None:
        """Remove what was created; print on standard error what could not be removed."""
        from groupsolver.client import ClientError, Unreachable

        for group in self._with_targets:
            # Where this fails, the groups that it names cannot be removed, which is printed below.
            with suppress(ClientError):
                self._client.groups.update(self.ids[group.name], policies=[])
        reachable = True
        for name in reversed(list(self.ids)):  # parents first
            reason = "the server cannot be reached"
            if reachable:
                try:
                    self._client.groups.delete(self.ids[name])
                    continue
                except ClientError as error:
                    reachable = not isinstance(error, Unreachable)
                    reason = str(error)
            left = f"groupsolver: left on the server: group {name!r}, {self.ids[name]}: {reason}"
            print_message(left)

    @contextmanager
    def _faults_in_file(self, group: Group) -> Iterator[None]:
        """Raise what the server finds wrong with a group as `BadInput`, in the file's own terms."""
        from groupsolver.client import ServerError

        try:
            yield
        except ServerError as error:
            if error.status != 400:
                raise
            raise BadInput([self._fault_in_file(group, fault) for fault in error.faults]) from None

    def _fault_in_file(self, group: Group, fault: Fault) -> Fault:
        place, _, message = fault.message.partition(": ")
        in_file = f"{_IN_FILE}[{self._app.groups.index(group)}]"
        if not message or not place.startswith(_ON_SERVER):
            return Fault(fault.code, in_file, fault.message)
        return Fault(fault.code, f"{in_file}.{place.removeprefix(_ON_SERVER)}", message)
