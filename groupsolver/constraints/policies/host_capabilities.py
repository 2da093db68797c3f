"""``host-capabilities``: members run on hosts that can do something."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from groupsolver.constraints.policies.per_host_policy import PerHostPolicy
from groupsolver.constraints.problem.conflict_facts import Facts, Findings
from groupsolver.constraints.problem.findings import Finding, LargestHost, MissingTraits
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.protocols.conflicts import Divisible
from groupsolver.constraints.protocols.fleet_validation import AsksForClasses
from groupsolver.model.compiled.arrays import Mask
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.fleet import Host
from groupsolver.model.inventory import Resources
from groupsolver.model.units import amount_text
from groupsolver.model.value import Trait


class HostCapabilities(PerHostPolicy, Divisible, AsksForClasses):
    """Each member's host has what is asked for.

    All `required` traits, none that is `forbidden`, one of `any_of`, and `minimum` capacity.

    Measure: members on other hosts. An empty list adds no constraint.

    Source: the proposal *Nova Instance Grouping API*; traits and ``any_of`` as in OpenStack
    Placement's ``GET /allocation_candidates``.
    """

    kind: Literal["host-capabilities"] = "host-capabilities"
    required: tuple[Trait, ...] = ()
    forbidden: tuple[Trait, ...] = ()
    any_of: tuple[Trait, ...] = ()
    minimum: Resources = {}

    if TYPE_CHECKING:
        # What the constructor takes: every form that it converts to the fields' types.
        def __init__(
            self,
            *,
            kind: Literal["host-capabilities"] = ...,
            required: Iterable[str] = ...,
            forbidden: Iterable[str] = ...,
            any_of: Iterable[str] = ...,
            minimum: Mapping[str, int] = ...,
            weight: int | None = ...,
            priority: int | None = ...,
            metadata: Any = None,
        ) -> None: ...

    @property
    def classes_asked_for(self) -> tuple[str, ...]:
        """The classes of `minimum`."""
        return tuple(self.minimum)

    def describe(self, group: str) -> str:
        """Return the rule in words."""
        parts = [f"with {trait}" for trait in self.required]
        parts += [f"without {trait}" for trait in self.forbidden]
        parts += ["with one of " + ", ".join(self.any_of)] if self.any_of else []
        parts += [
            f"of at least {amount_text(name, amount)}" for name, amount in self.minimum.items()
        ]
        return f"members of {group} run on hosts " + (" and ".join(parts) or "of any kind")

    def admits(self, host: Host) -> bool:
        """Return whether `host` has what is asked."""
        traits = set(host.traits)
        capacity = host.capacity() if self.minimum else {}
        return (
            traits.issuperset(self.required)
            and traits.isdisjoint(self.forbidden)
            and (not self.any_of or not traits.isdisjoint(self.any_of))
            and all(capacity.get(name, 0) >= amount for name, amount in self.minimum.items())
        )

    @property
    def required_traits(self) -> tuple[str, ...]:
        """The `required` traits."""
        return self.required

    def mask(self, fleet: CompiledFleet) -> Mask:
        """Return the hosts that have what is asked, (H,) bool."""
        mask = np.ones(fleet.row_count, dtype=np.bool_)
        for trait in self.required:
            mask &= fleet.trait(trait)
        for trait in self.forbidden:
            mask &= ~fleet.trait(trait)
        if self.any_of:
            mask &= np.logical_or.reduce([fleet.trait(trait) for trait in self.any_of])
        for name, amount in self.minimum.items():
            mask &= fleet.capacity(name) >= amount
        return mask

    def evidence(self, group: str, facts: Facts) -> Findings:
        """Return what no host has; or where hosts are that have it all and would have room."""
        fleet = facts.compiled.fleet
        found: list[Finding] = []
        for traits in (*((trait,) for trait in self.required), *filter(None, [self.any_of])):
            have = np.logical_or.reduce([fleet.trait(trait) for trait in traits])
            if not (have & fleet.enabled).any():
                found.append(MissingTraits(traits, int(have.sum())))
        for name, amount in self.minimum.items():
            largest = int(fleet.capacity(name)[fleet.enabled].max(initial=0))
            if largest < amount:
                found.append(LargestHost(name, largest))
        return tuple(found) or super().evidence(group, facts)

    def pieces(self, group: str, problem: Problem) -> tuple[Self, ...]:
        """Return one for each trait and each amount; those of which any will do stay together."""
        bare: dict[str, Any] = {"required": (), "forbidden": (), "any_of": (), "minimum": {}}
        parts: list[dict[str, Any]] = [{"required": (trait,)} for trait in self.required]
        parts += [{"forbidden": (trait,)} for trait in self.forbidden]
        parts += [{"any_of": self.any_of}] if self.any_of else []
        parts += [{"minimum": {name: amount}} for name, amount in self.minimum.items()]
        return tuple(self.model_copy(update={**bare, **part}) for part in parts)
