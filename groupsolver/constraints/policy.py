"""What a policy is: one file, five faces, and what the reduction may assume of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from groupsolver.model.application import BasePolicy
from groupsolver.model.compiled import CompiledFleet, Ints, Mask
from groupsolver.model.fleet import Host
from groupsolver.model.value import HOST

if TYPE_CHECKING:
    from groupsolver.constraints.encoding import Encoding
    from groupsolver.constraints.partial import Partial
    from groupsolver.constraints.scene import Rule, Scene
    from groupsolver.constraints.view import View


@dataclass(frozen=True)
class Sees:
    """How a policy tells hosts apart when one member moves to a host that the batch leaves alone.

    Parameters
    ----------
    level : str or None
        Hosts of one domain at this level, or part of this partition, are the same to it; None: it
        looks at each member and host alone, so the host's price and eligibility say all.
    free_entry : bool
        A domain that the batch and the running members leave alone is as good as any other.
    sharing : bool
        Members may be worth more together on a host than apart: what shares one moves as one.
    splits_used : bool
        A host where something else uses capacity is not the same as one without.
    pinned : bool
        Nothing may be assumed; no host is dropped for what it counts.
    """

    level: str | None = HOST
    free_entry: bool = False
    sharing: bool = False
    splits_used: bool = False
    pinned: bool = False


class Policy(BasePolicy, ABC):
    """Base of all policies. A subclass has fields and these five faces, in this order.

    1. the declaration: docstring (sentence, formula, when it holds, source) and typed fields;
    2. `describe`: the sentence that a person reads;
    3. `violations`: the checker, plain loops over a `View`, returning the measure;
    4. `allowed`: where the next member may go, over all hosts at once;
    5. `encode`: the same in the vocabulary of `Encoding`.

    And `sees`, for the reduction: without it nothing is reduced for the groups it counts.

    Attributes
    ----------
    monotone : bool
        Leaving any members out, running ones or new, never raises the measure.
    binds_whole : bool
        Taken as hard, it puts all members of its group into one domain of its level; `binds_on` where
        that depends on the fleet.
    follows : bool
        Members look for members of `target`: these are better placed first.
    of_all : bool
        It looks at every member that comes near, of groups that it does not name too.
    """

    monotone: ClassVar[bool] = False
    binds_whole: ClassVar[bool] = False
    follows: ClassVar[bool] = False
    of_all: ClassVar[bool] = False

    @property
    def hard(self) -> bool:
        """Whether it must hold; otherwise it has a price."""
        return self.weight is None

    def level_on(self, fleet: CompiledFleet) -> str | None:
        """Give the level at which it speaks on a fleet, which may be a partition that it made there."""
        return self.at

    def binds_on(self, fleet: CompiledFleet) -> bool:
        """Whether, taken as hard, it puts all members of its group into one domain of that level."""
        return self.binds_whole

    def counted(self, group: str, scene: Scene) -> frozenset[str]:
        """Give the groups whose members this policy of `group` looks at."""
        named = scene.below[self.target] if self.target else frozenset()
        return scene.below[group] | named

    def admits(self, host: Host) -> bool:
        """Whether `host` suits a member at all; only per-host policies say no."""
        return True

    @abstractmethod
    def describe(self, group: str) -> str:
        """Say the rule in one English sentence."""

    @abstractmethod
    def violations(self, group: str, view: View) -> int:
        """Give the measure: 0 where the policy holds."""

    def broken(self, group: str, view: View, before: View) -> int:
        """Give by how much the policy, taken as hard, is broken beyond what already runs."""
        return max(0, self.violations(group, view) - self.violations(group, before))

    @abstractmethod
    def allowed(self, group: str, who: str, partial: Partial) -> Mask | None:
        """Say where the next member of group `who` may go, by this policy of `group`.

        Never rules out what every completion of `partial` needs. None: anywhere.
        """

    def room(self, group: str, partial: Partial) -> Ints | None:
        """(U,) int64: how many more members each host may take, where the policy bounds it. None: no bound."""
        return None

    @abstractmethod
    def encode(self, rule: Rule, enc: Encoding) -> None:
        """Post the policy."""

    def sees(self, own: bool) -> Sees:
        """Say what the reduction may assume for members of the policy's group, or of others."""
        return Sees(pinned=True)


class PerHost(Policy):
    """A policy that looks at each member and its host alone: `admits` is all its meaning."""

    @abstractmethod
    def admits(self, host: Host) -> bool:
        """Whether `host` suits a member."""

    monotone: ClassVar[bool] = True

    @abstractmethod
    def mask(self, fleet: CompiledFleet) -> Mask:
        """Give `admits` over all hosts, (H,) bool."""

    def violations(self, group: str, view: View) -> int:
        """Count the members on hosts that do not suit."""
        return sum(1 for member in view.members(group) if not self.admits(view.host(member)))

    def allowed(self, group: str, who: str, partial: Partial) -> Mask | None:
        """Give the hosts that suit."""
        return partial.ground.suits(self)[partial.rows]

    def encode(self, rule: Rule, enc: Encoding) -> None:
        """Count the members on hosts that do not suit."""
        enc.require(rule, [enc.members_on(rule.group, ~enc.ground.suits(self))])

    def sees(self, own: bool) -> Sees:
        """Nothing beyond the host's own price and eligibility."""
        return Sees(level=None)


def number(count: int, noun: str) -> str:
    """Give ``"1 rack"``, ``"3 racks"``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
