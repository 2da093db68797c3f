"""``within`` and ``outside``: members run in a set of places, or keep out of it."""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from pydantic import model_validator
from pydantic_core import PydanticCustomError

from groupsolver.constraints.policies.per_host_policy import PerHostPolicy
from groupsolver.constraints.protocols.named_places import NamesPlaces
from groupsolver.model.compiled.arrays import Mask
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.fleet import Host
from groupsolver.model.value import HOST, DomainName, HostName, LevelName


class Places(PerHostPolicy, NamesPlaces, ABC):
    """A set of places: the hosts named, and all hosts of the domains named."""

    hosts: tuple[HostName, ...] | None = None
    domains: dict[LevelName, tuple[DomainName, ...]] | None = None

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if self.hosts is None and self.domains is None:
            raise PydanticCustomError("missing-key", "expected hosts or domains")
        return self

    @property
    def nowhere(self) -> bool:
        """Return whether no place is named: the policy then adds no constraint."""
        return not self.hosts and not any((self.domains or {}).values())

    @property
    def places_named(self) -> Mapping[str, tuple[str, ...]]:
        """The fields `hosts` and `domains`."""
        named = dict(self.domains or {})
        if self.hosts:
            named[HOST] = (*named.get(HOST, ()), *self.hosts)
        return named

    def covers(self, host: Host) -> bool:
        """Return whether `host` is one of the places, or in one."""
        domains = (self.domains or {}).items()
        return host.name in (self.hosts or ()) or any(
            _domain(host, level) in names for level, names in domains
        )

    def covered(self, fleet: CompiledFleet) -> Mask:
        """Return `covers` over all hosts, (H,) bool."""
        mask = np.zeros(fleet.row_count, dtype=np.bool_)
        for level, names in (self.domains or {}).items():
            codes = [fleet.code(level, name) for name in names]
            known = [code for code in codes if code >= 0]  # -1: the fleet has no such domain
            mask |= np.isin(fleet.codes(level), known)
        named = [fleet.rows[name] for name in self.hosts or () if name in fleet.rows]
        mask[named] = True
        return mask

    def place_names(self) -> str:
        """Name the places for a sentence."""
        domains = [(level, names) for level, names in (self.domains or {}).items() if names]
        parts = [f"{level}{'s' * (len(names) > 1)} {', '.join(names)}" for level, names in domains]
        return ", ".join([*parts, *(self.hosts or ())]) or "no place"


def _domain(host: Host, level: str) -> str | None:
    return host.name if level == HOST else host.domains.get(level)


class Within(Places):
    """Members run only on the hosts, or in the domains, that are named.

    Measure: members elsewhere. Source: availability zones and ``--host`` of Nova's API.
    """

    kind: Literal["within"] = "within"

    if TYPE_CHECKING:
        # What the constructor takes: every form that it converts to the fields' types.
        def __init__(
            self,
            *,
            kind: Literal["within"] = ...,
            hosts: Iterable[str] | None = ...,
            domains: Mapping[str, Iterable[str]] | None = ...,
            weight: int | None = ...,
            priority: int | None = ...,
            metadata: Any = None,
        ) -> None: ...

    def describe(self, group: str) -> str:
        """Return the rule in words."""
        places = "any place" if self.nowhere else self.place_names()
        return f"members of {group} run only in {places}"

    def admits(self, host: Host) -> bool:
        """Return whether `host` is one of the places."""
        return self.nowhere or self.covers(host)

    def mask(self, fleet: CompiledFleet) -> Mask:
        """Return the places, (H,) bool."""
        return np.ones(fleet.row_count, dtype=np.bool_) if self.nowhere else self.covered(fleet)


class Outside(Places):
    """Members never run on the hosts, or in the domains, that are named.

    Measure: members there. Source: Nova's ``DifferentHostFilter``, here for any place.
    """

    kind: Literal["outside"] = "outside"

    if TYPE_CHECKING:
        # What the constructor takes: every form that it converts to the fields' types.
        def __init__(
            self,
            *,
            kind: Literal["outside"] = ...,
            hosts: Iterable[str] | None = ...,
            domains: Mapping[str, Iterable[str]] | None = ...,
            weight: int | None = ...,
            priority: int | None = ...,
            metadata: Any = None,
        ) -> None: ...

    def describe(self, group: str) -> str:
        """Return the rule in words."""
        return f"members of {group} never run in {self.place_names()}"

    def admits(self, host: Host) -> bool:
        """Return whether `host` is none of the places."""
        return not self.covers(host)

    def mask(self, fleet: CompiledFleet) -> Mask:
        """Return all but the places, (H,) bool."""
        return ~self.covered(fleet)
