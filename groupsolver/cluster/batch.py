"""Batches on a cluster: several applications placed one after the other, each whole.

The most valuable come first, but no application before one whose groups its policies name.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from groupsolver.cluster.members import ApplicationsState
from groupsolver.cluster.request import Request, Solved
from groupsolver.errors import BadInput, Fault, nearest, require_type
from groupsolver.model.answers.batch import BatchEntry, BatchResult
from groupsolver.model.application import BETWEEN, Application, member_ids
from groupsolver.model.result import Conflict, Result, Status, gap_of


@dataclass
class Batch:
    """Applications that are placed one after the other.

    Parameters
    ----------
    requests : dict of str to Request
        By name, in the order in which they were given.
    values : mapping of str to int
        What each is worth.
    partial : bool
        Whether some may be left out. Otherwise all are placed, or none.
    end : float
        When the time is over, by `time.monotonic`.
    """

    requests: dict[str, Request]
    values: Mapping[str, int]
    partial: bool
    end: float

    @classmethod
    def of(
        cls,
        requests: dict[str, Request],
        values: Mapping[str, int] | None,
        state: ApplicationsState,
        *,
        partial: bool,
        end: float,
    ) -> Batch:
        """Return a batch; by default an application is worth its number of new members.

        Raises
        ------
        TypeError, BadInput
            For values that are none.
        """
        expected = "a mapping of names to values, or None"
        require_type("values", values, (Mapping, type(None)), expected)
        found = {name: _new_members(name, one.app, state) for name, one in requests.items()}
        for name, value in (values or {}).items():
            require_type(f"values[{name!r}]", value, int, "an integer")
            if name not in found:
                hint = nearest(str(name), list(found))
                message = f"no application {name!r} is in the batch{hint}"
                raise BadInput([Fault("unknown-application", f"values.{name}", message)])
            if value < 1:
                message = f"expected at least 1, found {value}"
                raise BadInput([Fault("out-of-range", f"values.{name}", message)])
            found[name] = value
        return cls(requests, found, partial, end)

    def solve(self, state: ApplicationsState) -> SolvedBatch:
        """Place the applications on a state, which does not change."""
        answer = SolvedBatch(self, state)
        for number, name in enumerate(self._order()):
            left = len(self.requests) - number
            now = time.monotonic()
            # Time that an application does not need is left to those after it.
            request = self.requests[name].within(now + (self.end - now) / left)
            if not answer.add(request) and not self.partial:
                break
        return answer

    def _order(self) -> list[str]:
        """Return the names: the most valuable first, but none before those that it names."""
        ordered: dict[str, None] = {}
        by_value = sorted(self.requests, key=lambda name: -self.values[name])
        for name in by_value:
            for needed in self._named_first(name):
                ordered.setdefault(needed, None)
        return list(ordered)

    def _named_first(self, name: str) -> list[str]:
        """Return an application, after all of the batch that it names, and those that these name.

        Of applications that name each other, the one that comes first is placed first.
        """
        found: list[str] = []
        seen = {name}
        pending = [(name, iter(self.named_by(name)))]
        while pending:
            current, named = pending[-1]
            following = next((one for one in named if one not in seen), None)
            if following is None:
                found.append(current)
                pending.pop()
            else:
                seen.add(following)
                pending.append((following, iter(self.named_by(following))))
        return found

    def named_by(self, name: str) -> list[str]:
        """Return the other applications of the batch that policies of an application name."""
        found: dict[str, None] = {}
        for group in self.requests[name].app.groups:
            for policy in group.policies:
                named = (policy.target or "").partition(BETWEEN)[0]
                if BETWEEN in (policy.target or "") and named in self.requests and named != name:
                    found[named] = None
        return list(found)


@dataclass
class SolvedBatch:
    """A batch, and what was placed of it on a state.

    Attributes
    ----------
    batch : Batch
    start : ApplicationsState
        The state before.
    state : ApplicationsState
        The state after all that is placed.
    solved : dict of str to Solved
        The applications that are placed, in the order in which they were.
    failed : dict of str to Result
        Those that are not; a status alone where an application that it names is not placed.
    impossible : dict of str to Result
        Of these, those that are impossible by themselves: on the state before.
    """

    batch: Batch
    start: ApplicationsState
    state: ApplicationsState = field(init=False)
    solved: dict[str, Solved] = field(default_factory=dict)
    failed: dict[str, Result] = field(default_factory=dict)
    impossible: dict[str, Result] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.state = self.start

    @property
    def complete(self) -> bool:
        """Whether what has to be placed is placed."""
        return self.batch.partial or len(self.solved) == len(self.batch.requests)

    def add(self, request: Request) -> bool:
        """Place one more application. Return whether it is placed."""
        if any(name in self.failed for name in self.batch.named_by(request.name)):
            self.failed[request.name] = Result(status="unknown")
            return False
        solved = request.solve(self.state)
        if not solved.result.placed:
            self.failed[request.name] = solved.result
            self._try_alone(request, solved)
            return False
        self.solved[request.name] = solved
        self.state = solved.committed()
        return True

    def _try_alone(self, request: Request, solved: Solved) -> None:
        """Find out whether an application that found no place is impossible by itself."""
        # One that names others of the batch may be possible beside them alone.
        if solved.result.status != "infeasible" or self.batch.named_by(request.name):
            return
        if solved.state is not self.start:
            solved = request.solve(self.start)
        if solved.result.status == "infeasible":
            self.impossible[request.name] = solved.result

    def on(self, state: ApplicationsState) -> ApplicationsState:
        """Return a newer state with all placements. Raises `Contended`."""
        if state is self.start:
            return self.state
        for solved in self.solved.values():
            state = solved.on(state, take_costlier=True).committed()
        return state

    def result(self, seconds: float) -> BatchResult:
        """Return the answer."""
        placed = self.solved if self.complete else {}
        values = self.batch.values
        value = sum(values[name] for name in placed)
        objective = bound = None
        if placed:
            results = [one.result for one in placed.values()]
            objective = sum(one.objective or 0 for one in results)
            # Placed one after the other: only a single one has a bound of its own.
            bound = (results[0].bound or 0) if len(results) == 1 else self._least_objective()
            bound = min(bound, objective)
        entries = tuple(self._entry(name, placed) for name in self.batch.requests)
        value_bound = sum(
            values[name] for name in self.batch.requests if name not in self.impossible
        )
        penalties = [penalty for one in placed.values() for penalty in one.result.penalties]
        return BatchResult(
            status=self._status(value == value_bound, objective == bound),
            applications=entries,
            value=value,
            value_bound=value_bound,
            objective=objective,
            bound=bound,
            gap=None if objective is None or bound is None else gap_of(objective, bound),
            # One after the other is a search, however each is solved.
            method="exact" if len(self.batch.requests) == 1 else "search",
            seconds=seconds,
            penalties=tuple(penalties),
            warnings=self._warnings(),
        )

    def _status(self, value_proved: bool, objective_proved: bool) -> Status:
        if not self.complete:
            return "infeasible" if self.impossible else "unknown"
        if not self.solved and not value_proved:
            return "unknown"
        return "optimal" if value_proved and objective_proved else "feasible"

    def _least_objective(self) -> int:
        """Return a lower bound of the points of all placements together."""
        objective = next(iter(self.batch.requests.values())).objective
        if objective != "cost":
            return 0  # no points of `pack` and `spread` are negative
        members = sum(len(one.result.placement or {}) for one in self.solved.values())
        return members * min(host.cost for host in self.start.fleet if host.enabled)

    def _entry(self, name: str, placed: Mapping[str, Solved]) -> BatchEntry:
        if name in placed:
            result = placed[name].result
            return BatchEntry(
                name=name, status="placed", placement=result.placement, cells=result.cells
            )
        conflict = self.impossible[name].conflict if name in self.impossible else None
        reason = self._reason(name)
        return BatchEntry(name=name, status="left-out", reason=reason, conflict=conflict)

    def _reason(self, name: str) -> str:
        """Return why an application is left out."""
        if name in self.impossible:
            return f"impossible by itself: {_first_sentence(self.impossible[name])}"
        result = self.failed.get(name)
        if result is None:
            return "all are placed or none, and another one is not"
        if result.status == "infeasible":
            return f"displaced by others of the batch: {_first_sentence(result)}"
        missing = [one for one in self.batch.named_by(name) if one in self.failed]
        if missing:
            return f"it names groups of {', '.join(missing)}, which is left out"
        return "no placement was found in time"

    def _warnings(self) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for name, one in self.solved.items():
            found.update(dict.fromkeys(f"{name}: {text}" for text in one.result.warnings))
        return tuple(found)


def _new_members(name: str, app: Application[Any], state: ApplicationsState) -> int:
    """Return how many members of an application do not run yet."""
    running = {instance.member.id for instance in state.instances_of(name)}
    return sum(id_ not in running for group in app.groups for id_, _ in member_ids(group))


def _first_sentence(result: Result) -> str:
    """Return what is short, or which rule is in the way, in words."""
    conflict = result.conflict or Conflict()
    sentences = [shortage.sentence for shortage in conflict.capacity]
    sentences += [rule.sentence for rule in conflict.policies]
    return sentences[0] if sentences else "no placement exists"
