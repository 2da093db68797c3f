"""Where lost members of running groups would find a place: kept, so that it need not be found anew.

A running group with a hard `survives` has a recovery for each loss, found when it was placed. A
newcomer that leaves these places alone cannot take them away. So an application is solved first
without the `survives` of groups that already run, which only forbids less. The answer stands where
it leaves every known recovery as it is; otherwise the whole is solved.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from groupsolver.constraints.failures.losses import Loss
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.problem.view import View
from groupsolver.constraints.protocols.network import LinkLoad
from groupsolver.constraints.protocols.scope import counts_all_groups, groups_counted
from groupsolver.constraints.protocols.survivability import CheckedAfterSolve, checked_after_solve
from groupsolver.constraints.rules import rules_of
from groupsolver.model.application import Application
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.result import Placement, Result, Witness


@dataclass(frozen=True)
class KnownRecovery:
    """The recoveries of a running group, by loss.

    Attributes
    ----------
    placements : dict of str to dict of str to str
        By loss as text, without the group: where each lost member, by its qualified name, goes.
    counted : frozenset of str
        The groups, by qualified names, whose members the rules of the lost members look at.
    """

    placements: Mapping[str, Placement]
    counted: frozenset[str]

    @property
    def hosts(self) -> frozenset[str]:
        """The hosts that lost members would go to."""
        return frozenset(
            host for placement in self.placements.values() for host in placement.values()
        )


Renaming = Callable[[str], str]


def renamed(known: KnownRecovery, group_name: Renaming, member_name: Renaming) -> KnownRecovery:
    """Return recoveries in which groups and members have other names."""
    placements = {
        loss: {member_name(member): host for member, host in placement.items()}
        for loss, placement in known.placements.items()
    }
    return KnownRecovery(placements, frozenset(map(group_name, known.counted)))


class RunningRecoveries:
    """The `survives` of running groups in an application that is to be placed.

    Parameters
    ----------
    app : Application
        Composed with what runs.
    fleet : CompiledFleet
    known : mapping of str to KnownRecovery
        By the groups' names in the application.
    """

    def __init__(
        self, app: Application[Any], fleet: CompiledFleet, known: Mapping[str, KnownRecovery]
    ) -> None:
        self._problem = Problem(app, fleet.index, valid=True)
        self._new = {member.group for member in self._problem.new_members}
        self._known = {
            group: recovery for group, recovery in known.items() if self._is_kept_apart(group)
        }

    def _is_kept_apart(self, group: str) -> bool:
        """Return whether no rule of the group's lost members looks at new members.

        Pools are shared by all: what new members take of one, lost members may lack.
        """
        problem = self._problem
        if problem.hosts.pools or problem.below[group] & self._new:
            return False
        looked_at = _groups_looked_at(problem, group)
        return looked_at is not None and not looked_at & self._new

    def __bool__(self) -> bool:
        return bool(self._known)

    def without(self) -> Application[Any]:
        """Return the application without the `survives` of groups whose recovery is known."""
        app = self._problem.app
        groups = tuple(
            group.model_copy(update={"policies": tuple(_others(group.policies))})
            if group.name in self._known
            else group
            for group in app.groups
        )
        return app.model_copy(update={"groups": groups})

    def are_left(self, placement: Mapping[str, str]) -> bool:
        """Return whether a placement of the new members takes nothing that a recovery needs."""
        taken = set(placement.values())
        return not any(taken & recovery.hosts for recovery in self._known.values())

    def witness(self) -> Witness:
        """Return the known recoveries, as a result has them."""
        return {
            f"{group}: {loss}": dict(placement)
            for group, recovery in self._known.items()
            for loss, placement in recovery.placements.items()
        }


def _groups_looked_at(problem: Problem, group: str) -> frozenset[str] | None:
    """Return the groups whose members some hard rule of a group's members looks at.

    None where these are not all that matters: a rule looks at whatever comes near, or at links,
    which all groups share.
    """
    own = problem.below[group]
    found = set(own)
    for rule in rules_of(problem).hard:
        policy = rule.policy
        if checked_after_solve(policy):
            continue
        counted = groups_counted(policy, rule.group, problem)
        if not counted & own:
            continue
        if counts_all_groups(policy) or isinstance(policy, LinkLoad):
            return None
        found |= counted
    return frozenset(found)


def recoveries_in(
    app: Application[Any], fleet: CompiledFleet, result: Result
) -> Iterator[tuple[str, KnownRecovery]]:
    """Yield the groups with a hard `survives` that recover from every loss, with their recoveries.

    Left out are groups of which some lost member finds no place: how many of these are forgiven
    depends on all that runs. So are groups that survive several failures at once.

    Parameters
    ----------
    app : Application
        Composed with what runs.
    fleet : CompiledFleet
        The fleet that the result was solved or checked on.
    result : Result
        It has a placement, and the witness of the check.
    """
    problem = Problem(app, fleet.index, valid=True)
    view = View(problem, result.placement or {})
    policies: dict[str, list[Policy]] = {}
    for rule in rules_of(problem).hard:
        if checked_after_solve(rule.policy):
            policies.setdefault(rule.group, []).append(rule.policy)
    for group, own in policies.items():
        counted = _groups_looked_at(problem, group)
        placements = _whole_recoveries(group, own, view, result.witness or {})
        # A group without members to lose is in nobody's way.
        if counted is not None and placements:
            yield group, KnownRecovery(placements, counted)


def _whole_recoveries(
    group: str, policies: Iterable[Policy], view: View, witness: Witness
) -> dict[str, Placement] | None:
    """Return where the members of a group go, by loss; None where some find no place."""
    found: dict[str, Placement] = {}
    for policy in policies:
        if not isinstance(policy, CheckedAfterSolve) or policy.failure_model.failures != 1:
            return None
        level = policy.failure_model.level
        lost: dict[str, set[str]] = {}
        for member in view.members(group):
            domain = view.domain(member, level)
            if domain is not None:
                lost.setdefault(domain, set()).add(member.id)
        for domain, ids in lost.items():
            loss = Loss(level, (domain,))
            placement = witness.get(loss.key(group), {})
            if placement.keys() != ids:
                return None
            found[str(loss)] = placement
    return found


def _others(policies: Collection[Policy]) -> Iterator[Policy]:
    return (policy for policy in policies if not (policy.hard and checked_after_solve(policy)))
