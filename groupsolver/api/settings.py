"""The settings of a server."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from groupsolver.errors import BadInput, Fault
from groupsolver.files.faults import faults_of
from groupsolver.model.value import Flag, Value
from groupsolver.store.entities import Origin

Role = Literal["reader", "member", "service", "admin"]
_Count = Annotated[int, Field(strict=True, ge=-1)]
_Size = Annotated[int, Field(strict=True, ge=1)]
_Seconds = Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)]


class Quota(Value):
    """The limits of a project; -1 means no limit.

    Parameters
    ----------
    groups, members : int, default 100 and 1,000
        Groups made on ``/v1.0``, and members of each such group.
    nova_groups, nova_members : int, default 10 and 10
        The same for groups made on ``/v2.1``; the defaults are Nova's.
    grants : int, default 100
        Other projects that may join one group.
    """

    groups: _Count = 100
    members: _Count = 1000
    nova_groups: _Count = 10
    nova_members: _Count = 10
    grants: _Count = 100

    def max_groups(self, origin: Origin) -> int:
        """Return how many groups made on one family of paths a project may have."""
        return self.nova_groups if origin == "nova" else self.groups

    def max_members(self, origin: Origin) -> int:
        """Return how many members a group made on one family of paths may have."""
        return self.nova_members if origin == "nova" else self.members


class Settings(Value):
    """The settings of a server; the file of ``serve --config`` has these keys.

    Parameters
    ----------
    quota : Quota
    quotas : dict of str to Quota
        The quotas of projects that do not have the common one.
    reveal_hosts : bool or list of roles, default False
        The roles that see names of hosts, beside admins; true means every role.
    host_policies : role, default ``admin``
        The role that may use policies that name hosts, and ``exclusive`` above host level.
    time_limit : float, default 30
        The most seconds of a solve; 3,600 at most.
    solves : int, default the machine's cores
        Solves that run at once.
    waiting : int, default 4
        Placements that may wait for a solve.
    workers : int, default 1
        Threads of a solve.
    explain : float, default 5
        The most seconds of its own time that a refused placement spends on its conflict; 0: the
        conflict is not narrowed down.
    retries : int, default 5
        How often a placement is solved again after other claims came first.
    most_members : int, default 2,000
        The most instances in a placement.
    most_policies, depth : int, default 32 and 8
        The most policies of a group, and the most levels of nested groups.
    body, fleet_body : int, default 1 MiB and 64 MiB
        The most bytes of a body.
    """

    quota: Quota = Quota()
    quotas: dict[str, Quota] = {}
    reveal_hosts: Flag | tuple[Role, ...] = False
    host_policies: Role = "admin"
    time_limit: _Seconds = 30.0
    solves: _Size = os.cpu_count() or 1
    waiting: Annotated[int, Field(strict=True, ge=0)] = 4
    workers: _Size = 1
    explain: Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)] = 5.0
    retries: Annotated[int, Field(strict=True, ge=0, le=100)] = 5
    most_members: _Size = 2000
    most_policies: _Size = 32
    depth: _Size = 8
    body: _Size = 2**20
    fleet_body: _Size = 64 * 2**20

    def quota_of(self, tenant: str) -> Quota:
        """Return the quota of a project."""
        return self.quotas.get(tenant, self.quota)

    @property
    def host_readers(self) -> frozenset[str]:
        """The roles that see names of hosts."""
        if self.reveal_hosts is True:
            return frozenset({"reader", "member", "service", "admin"})
        return frozenset({"admin", *(self.reveal_hosts or ())})


def load_settings(path: str | Path) -> Settings:
    """Read a TOML file of settings. Raises `BadInput`."""
    data: Any = None
    try:
        data = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        return Settings.model_validate(data)
    except ValidationError as error:
        raise BadInput(faults_of(error, data)).in_file(str(path)) from None
    except tomllib.TOMLDecodeError as error:
        raise BadInput([Fault("not-toml", "", f"expected TOML: {error}", str(path))]) from None
    except (OSError, UnicodeDecodeError) as error:
        message = f"the file cannot be read: {error}"
        raise BadInput([Fault("unreadable-file", "", message, str(path))]) from None
