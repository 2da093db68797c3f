"""The cheapest changes to policies and sizes that make an application possible.

This is an implicit hitting set algorithm:

1. Each known conflict says that at least one of its rules must be weakened further than it is.
2. Take the cheapest state of the relaxations that resolves all known conflicts (`hitting_set`).
3. Ask the solver about this state. If it is possible, it is the cheapest, because every cheaper
   state contains a known conflict. Otherwise find a conflict of this state, and go on with step 1.

A conflict holds in stronger states, too. Before it becomes a clause, each of its rules is weakened
as far as the conflict stays one, so that it excludes as many states as possible.

Example: "no rack has more than 1 member" contradicts "4 members" on 2 racks, and it does so with
"3 members" or with "1 member" -> "2 members" a rack, if these have no other effect. The clause then
excludes three states instead of one.

Sources: Reiter (1987), doi:10.1016/0004-3702(87)90062-2; Davies & Bacchus (2011),
doi:10.1007/978-3-642-23786-7_19. Corrections as the duals of conflicts: Liffiton & Sakallah (2008),
doi:10.1007/s10817-007-9084-z.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import count
from typing import Any

from groupsolver.changes.change import Change, Kind, apply_changes
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.protocols.conflicts import groups_rested_on, rests_on
from groupsolver.constraints.protocols.host_filters import required_traits
from groupsolver.model.application import Application
from groupsolver.model.change_costs import Costs
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.result import Result
from groupsolver.solver.explain.feasibility import FeasibilityOracle, RuleFeasibility
from groupsolver.solver.explain.hitting_set import Clause, Literal, cheapest_state
from groupsolver.solver.explain.quickxplain import MinimalConflict, find_conflict
from groupsolver.solver.explain.relaxations import (
    Relaxation,
    State,
    changes_of,
    relaxations_of,
)
from groupsolver.solver.explain.rules import ApplicationRules, PolicyRule, RuleAtom, SizeRule

MAX_ROUNDS = 20  # of one search: states that are asked about
MAX_SECONDS = 3.0  # of one search, after which it begins no further round


@dataclass(frozen=True)
class VerifiedFix:
    """Changes that make an application possible, and the result that shows it."""

    changes: tuple[Change, ...]
    cost: int
    result: Result

    @property
    def kinds(self) -> frozenset[Kind]:
        """The kinds of its changes."""
        return frozenset(change.kind for change in self.changes)


@dataclass(frozen=True)
class RelaxedRules:
    """The rules of an application in one state of its relaxations.

    Attributes
    ----------
    rules : ApplicationRules
    original : dict of PolicyRule to PolicyRule
        The rule of the unchanged application that each policy rule of this state was.
    """

    rules: ApplicationRules
    original: dict[PolicyRule, PolicyRule]

    @classmethod
    def of_state(
        cls, unchanged: ApplicationRules, app: Application[Any], fleet: CompiledFleet, state: State
    ) -> RelaxedRules:
        """Return the rules of a state.

        Parameters
        ----------
        unchanged : ApplicationRules
        app : Application
            The application in this state.
        fleet : CompiledFleet
        state : State
        """
        dropped = {
            relaxation.rule
            for relaxation, position in state.items()
            if relaxation.rule is not None and position and relaxation.at(position).policy is None
        }
        rules = ApplicationRules(Problem(app, fleet.index))
        by_place = {(rule.group, rule.index): rule for rule in rules.policies}
        original: dict[PolicyRule, PolicyRule] = {}
        for rule in unchanged.policies:
            if rule not in dropped:
                # Each policy dropped before this one in its group moved it one place up.
                moved_up = sum(
                    other.group == rule.group and other.index < rule.index for other in dropped
                )
                place = (rule.group, rule.index - moved_up)
                if place in by_place:  # a softened policy is no rule any more
                    original[by_place[place]] = rule
        return cls(rules, original)

    def originals(self, conflict: MinimalConflict) -> frozenset[PolicyRule]:
        """Return the policies of a conflict as they are in the unchanged application."""
        policies = [atom for atom in conflict.atoms if isinstance(atom, PolicyRule)]
        return frozenset(self.original[policy] for policy in policies)


class Corrections:
    """A search among the states of an application's relaxations.

    Searches for changes of different kinds share what they learn.

    Parameters
    ----------
    rules : ApplicationRules
        Of an application that is impossible.
    fleet : CompiledFleet
    oracle : FeasibilityOracle
    costs : Costs
    conflict : MinimalConflict
        A conflict of these rules.
    own : collection of str, optional
        Groups whose policies may be changed; by default all.
    """

    def __init__(
        self,
        rules: ApplicationRules,
        fleet: CompiledFleet,
        oracle: FeasibilityOracle,
        costs: Costs,
        conflict: MinimalConflict,
        own: Collection[str] | None = None,
    ) -> None:
        self._rules = rules
        self._fleet = fleet
        self._oracle = oracle
        self._relaxations = relaxations_of(rules, costs, own)
        self._clauses: list[Clause] = []
        self._fixes: dict[frozenset[tuple[Relaxation, int]], VerifiedFix] = {}
        unchanged = RelaxedRules(rules, {rule: rule for rule in rules.policies})
        self._learn(conflict, {}, unchanged)

    def cheapest(self, kinds: Collection[Kind]) -> VerifiedFix | None:
        """Return the cheapest fix by changes of some kinds alone; None if none is found in time."""
        until = self._oracle.budget.elapsed() + MAX_SECONDS
        for _ in range(MAX_ROUNDS):
            if self._oracle.budget.elapsed() > until:
                return None
            state = cheapest_state(self._clauses, kinds)
            if state is None or self._oracle.budget.left() <= 0:
                return None
            if self._leaves_all_out(state):
                self._clauses.append(self._some_member_stays())
                continue
            key = frozenset(state.items())
            if key in self._fixes:
                return self._fixes[key]
            changes = changes_of(self._rules, state)
            app, _ = apply_changes(self._rules.app, self._fleet, changes)
            result = self._oracle.solve(app, self._fleet)
            if result.status == "unknown":
                return None
            if result.status != "infeasible":
                cost = sum(relaxation.cost(position) for relaxation, position in state.items())
                self._fixes[key] = VerifiedFix(tuple(changes), cost, result)
                return self._fixes[key]
            if not self._learn_from_state(app, state):
                return None
        return None

    def _leaves_all_out(self, state: State) -> bool:
        """Return whether no new member of the application is left: that helps nobody."""
        left_out = sum(
            len(relaxation.at(position).left_out)
            for relaxation, position in state.items()
            if position
        )
        return left_out == len(self._rules.problem.new_members)

    def _some_member_stays(self) -> Clause:
        """Return the clause that not every size is at its last position."""
        return tuple(
            Literal(relaxation, relaxation.last, any_other=True)
            for relaxation in self._relaxations
            if relaxation.rule is None
        )

    def _learn_from_state(self, app: Application[Any], state: State) -> bool:
        """Add the clause of a conflict in an impossible state; return whether one was found."""
        relaxed = RelaxedRules.of_state(self._rules, app, self._fleet, state)
        conflict = find_conflict(RuleFeasibility(relaxed.rules, self._fleet, self._oracle))
        if conflict is None:
            return False
        self._learn(conflict, state, relaxed)
        return True

    def _learn(self, conflict: MinimalConflict, state: State, relaxed: RelaxedRules) -> None:
        """Add the clause of a conflict, each relaxation as far as the conflict stays one."""
        policies = [atom for atom in conflict.atoms if isinstance(atom, PolicyRule)]
        originals = relaxed.originals(conflict)
        sizes = {atom.group for atom in conflict.atoms if isinstance(atom, SizeRule)}
        helping = {group for rule in policies for group in relaxed.rules.helping_groups(rule)}
        resting = _resting_on(policies, relaxed.rules.problem)
        positions: dict[Relaxation, int] = {}
        # Literals of relaxations whose later positions may forbid more than earlier ones.
        any_other: list[Literal] = []
        for relaxation in self._relaxations:
            position = state.get(relaxation, 0)
            rule = relaxation.rule
            if rule is None:
                in_conflict = relaxation.group in sizes
                may_forbid_more = in_conflict and relaxation.group in helping
            else:
                in_conflict = rule in originals
                problem = relaxed.rules.problem
                may_forbid_more = _is_prerequisite(rule, resting.get(rule.group, []), problem)
                may_forbid_more |= _opens_hosts(rule, problem)
            if may_forbid_more:
                any_other.append(Literal(relaxation, position, any_other=True))
            elif in_conflict:
                positions[relaxation] = position
        for relaxation in positions:
            merged = {**state, **positions}
            positions[relaxation] = self._furthest(conflict, originals, merged, relaxation)
        clause = [Literal(relaxation, position) for relaxation, position in positions.items()]
        self._clauses.append((*clause, *any_other))

    def _furthest(
        self,
        conflict: MinimalConflict,
        originals: frozenset[PolicyRule],
        state: dict[Relaxation, int],
        relaxation: Relaxation,
    ) -> int:
        """Return the last position at which a conflict is known to stay one.

        This is a galloping search: steps of 1, 2, 4, ... and then by halves.
        """
        low = state[relaxation]
        high = relaxation.last
        if relaxation.rule is not None and high and relaxation.at(high).kind != "relax":
            high -= 1  # there the policy is soft or dropped, and no rule any more
        for step in count():
            if low >= high or self._oracle.budget.left() <= 0:
                break
            # Most numbers need not go far: try nearby positions first.
            middle = min(low + 2**step, (low + high + 1) // 2)
            if self._stays_impossible(conflict, originals, {**state, relaxation: middle}):
                low = middle
            else:
                high = middle - 1
        return low

    def _stays_impossible(
        self, conflict: MinimalConflict, originals: frozenset[PolicyRule], state: State
    ) -> bool:
        """Return whether the rules of a conflict contradict each other in another state."""
        app, _ = apply_changes(self._rules.app, self._fleet, changes_of(self._rules, state))
        relaxed = RelaxedRules.of_state(self._rules, app, self._fleet, state)
        others = {atom for atom in conflict.atoms if not isinstance(atom, PolicyRule)}
        kept: list[RuleAtom] = [
            atom
            for atom in relaxed.rules.atoms
            if atom in others
            or (isinstance(atom, PolicyRule) and relaxed.original[atom] in originals)
        ]
        feasibility = RuleFeasibility(relaxed.rules, self._fleet, self._oracle)
        return feasibility.possible(kept) is False


def _resting_on(policies: list[PolicyRule], problem: Problem) -> dict[str, list[PolicyRule]]:
    """Return for each group the policies that may rest on one of its policies."""
    found: dict[str, list[PolicyRule]] = {}
    for rule in policies:
        for group in groups_rested_on(rule.policy, rule.group, problem):
            found.setdefault(group, []).append(rule)
    return found


def _is_prerequisite(rule: PolicyRule, policies: list[PolicyRule], problem: Problem) -> bool:
    """Return whether the meaning of some policy depends on a rule: weakened, it may forbid more."""
    return any(
        rests_on(other.policy, other.group, rule.policy, rule.group, problem) for other in policies
    )


def _opens_hosts(rule: PolicyRule, problem: Problem) -> bool:
    """Return whether a rule requires traits that hosts are reserved for: softened, it closes them.

    So a conflict of a state in which it is softened need not be one where it is not.
    """
    return not set(required_traits(rule.policy)).isdisjoint(problem.hosts.reserved_for)
