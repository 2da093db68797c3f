"""What a policy is: one file, five faces, and what the reduction may assume of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from groupsolver.model.application import BasePolicy
from groupsolver.model.compiled.compiled_fleet import CompiledFleet, Ints, Mask
from groupsolver.model.fleet import Host
from groupsolver.model.value import HOST

if TYPE_CHECKING:
    from groupsolver.constraints.cp_model.model_builder import ModelBuilder
    from groupsolver.constraints.problem.compiled_problem import CompiledProblem
    from groupsolver.constraints.problem.conflict_facts import Facts
    from groupsolver.constraints.problem.partial import Partial
    from groupsolver.constraints.problem.problem import Problem, Rule
    from groupsolver.constraints.problem.view import View
    from groupsolver.model.compiled.host_index import HostIndex


@dataclass(frozen=True)
class HostEquivalence:
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
    5. `encode`: the same in the vocabulary of `ModelBuilder`.

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
    asks_again : bool
        Its measure takes placements of its own: the pipeline runs without it, and it is looked at afterwards.
    """

    monotone: ClassVar[bool] = False
    binds_whole: ClassVar[bool] = False
    follows: ClassVar[bool] = False
    counts_all_groups: ClassVar[bool] = False
    checked_after_solve: ClassVar[bool] = False

    @property
    def hard(self) -> bool:
        """Whether it must hold; otherwise it has a price."""
        return self.weight is None

    @property
    def told_hard(self) -> bool:
        """Whether it was told as hard: one with a priority is held like that where its tier costs nothing."""
        return self.weight is None and self.priority is None

    @property
    def softness(self) -> str:
        """What follows its sentence where it is soft: its weight, and its priority if it has one."""
        if self.hard:
            return ""
        return f" (soft, weight {self.weight}" + (
            ")" if self.priority is None else f", priority {self.priority})"
        )

    def level_on(self, fleet: CompiledFleet) -> str | None:
        """Give the level at which it speaks on a fleet, which may be a partition that it made there."""
        return self.at

    def binds_on(self, fleet: CompiledFleet) -> bool:
        """Whether, taken as hard, it puts all members of its group into one domain of that level."""
        return self.binds_whole

    def counted(self, group: str, problem: Problem) -> frozenset[str]:
        """Give the groups whose members this policy of `group` looks at."""
        named = problem.below[self.target] if self.target else frozenset()
        return problem.below[group] | named

    def helped_by(self, group: str, problem: Problem) -> frozenset[str]:
        """Give the groups whose new members may lower the measure: left out, they could raise it."""
        return frozenset() if self.monotone else self.counted(group, problem)

    def rests_on(self, group: str, other: Rule, problem: Problem) -> bool:
        """Whether what it says changes where another hard rule is left out, so that it could then forbid more."""
        return False

    def allowed_cohabitants(self, group: str, problem: Problem) -> str:
        """Give whose members are no strangers to the group's: by default its own alone."""
        return group

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

    def excesses(self, group: str, view: View) -> Iterable[str]:
        """Say in words what makes up the measure, the worst first: a place or a member each; or nothing."""
        return ()

    def witness(self, group: str, view: View) -> dict[str, dict[str, str]] | None:
        """Give the placements that show that it holds, by what each is for; None where it needs none."""
        return None

    def sensitive_domains(
        self, group: str, after: View, level: str, more: int, *, worse: bool
    ) -> set[str | None]:
        """Give domains whose loss could change what it says, taken as hard, of members that stand or come elsewhere.

        Asked by `survives`, of domains that have no member that is to survive.

        Parameters
        ----------
        group : str
        after : View
            What survived so far, running.
        level : str
        more : int
            So many further domains are lost together.
        worse : bool
            Whether so that it could forbid more; otherwise, so that it could forbid less.
        """
        if (
            self.asks_links and after.problem.hosts.links
        ):  # where a link ends depends on which hosts there are
            return set(after.problem.hosts.domains(level))
        if worse and self.monotone and not self.violations(group, after):
            return set()
        counted = self.counted(group, after.problem)
        return {after.domain(member, level) for member in after.everyone if member.group in counted}

    # What a conflict asks of it.

    def pieces(self, group: str, problem: Problem) -> tuple[Self, ...]:
        """Give policies of which it is the conjunction, where it says several things that hold by themselves."""
        return (self,)

    def eased(self, group: str, problem: Problem) -> Iterator[Self]:
        """Give weaker versions of it, by its number, each of which allows all that the ones before it do."""
        return iter(())

    def evidence(self, group: str, facts: Facts) -> str:
        """Say in words and numbers what it comes to where it takes part in a conflict; or nothing."""
        return ""

    @abstractmethod
    def allowed(self, group: str, who: str, partial: Partial) -> Mask | None:
        """Say where the next member of group `who` may go, by this policy of `group`.

        Never rules out what every completion of `partial` needs. None: anywhere.
        """

    def room(self, group: str, partial: Partial) -> Ints | None:
        """(U,) int64: how many more members each host may take, where the policy bounds it. None: no bound."""
        return None

    def rivals(self, group: str, problem: Problem) -> tuple[tuple[str, ...], int] | None:
        """Give groups of which at most so many may have members in one domain, where that is what it says."""
        return None

    def most_in_one(self, group: str, compiled: CompiledProblem) -> int | None:
        """Give what no domain of its level holds more members than, in any placement that it allows; None: no bound."""
        return None

    def even(self, group: str, compiled: CompiledProblem) -> tuple[int, int] | None:
        """Give least and most members of each domain that it counts, such that what is between holds.

        None: it cannot say.
        """
        return None

    @abstractmethod
    def encode(self, rule: Rule, builder: ModelBuilder) -> None:
        """Post the policy."""

    def host_equivalence(self, own: bool) -> HostEquivalence:
        """Say what the reduction may assume for members of the policy's group, or of others."""
        return HostEquivalence(pinned=True)

    def host_equivalence_on(self, fleet: CompiledFleet, own: bool) -> HostEquivalence:
        """Say the same where it depends on the fleet."""
        return self.host_equivalence(own)

    @property
    def asks_links(self) -> bool:
        """Whether it means nothing where the fleet has no links."""
        return False

    def host_equivalence_in(
        self, group: str, compiled: CompiledProblem, own: bool
    ) -> HostEquivalence:
        """Say the same where it depends on the batch, too: on how many members of `group` there are, and where."""
        return self.host_equivalence_on(compiled.fleet, own)

    def tells(self, group: str, compiled: CompiledProblem, share: Mapping[int, int]) -> Ints | None:
        """(H,) int64: which hosts are the same to it for a share, members by member class, that has a host to itself.

        Asked where members on a host move as one (`HostEquivalence.sharing`). None: all that are of one part anyway.
        """
        return None

    def ceiling_on(self, hosts: HostIndex, members: int) -> int:
        """Give what the measure cannot exceed on a fleet, as `ceiling`."""
        return self.ceiling(members)

    def ceiling(self, members: int) -> int:
        """Give what the measure cannot exceed with so many members in all: sums must stay within 64 bits."""
        return 2 * (members + 1)


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

    def excesses(self, group: str, view: View) -> Iterable[str]:
        """Name the members on hosts that do not suit."""
        return (
            f"{m.id} stands on {m.host}"
            for m in view.members(group)
            if not self.admits(view.host(m))
        )

    def allowed(self, group: str, who: str, partial: Partial) -> Mask | None:
        """Give the hosts that suit."""
        return partial.compiled.suits(self)[partial.rows]

    def evidence(self, group: str, facts: Facts) -> str:
        """Say where the hosts stand that suit and have room, room for whom it takes apart from this rule."""
        suited = facts.hosts(group, self) & facts.compiled.suits(self)
        many = int(suited.sum())
        if not many:
            return f"no host that suits could take a member of {group}"
        could = facts.standing(suited, group)
        return (
            f"such hosts with room for a member of {group} stand in {could}"
            if facts.levels(group)
            else (f"{could} could take a member of {group}")
        )

    def encode(self, rule: Rule, builder: ModelBuilder) -> None:
        """Count the members on hosts that do not suit."""
        builder.require(rule, [builder.members_on(rule.group, ~builder.compiled.suits(self))])

    def host_equivalence(self, own: bool) -> HostEquivalence:
        """Nothing beyond the host's own price and eligibility."""
        return HostEquivalence(level=None)


def number(count: int, noun: str) -> str:
    """Give ``"1 rack"``, ``"3 racks"``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
