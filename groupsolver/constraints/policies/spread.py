"""``spread``: members cover domains, evenly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from pydantic import model_validator
from pydantic_core import PydanticCustomError

from groupsolver.constraints.cp_model.linear_expr import Linear
from groupsolver.constraints.failures.emptied_domains import vacated
from groupsolver.constraints.policies.counting_policy import Counting
from groupsolver.constraints.policy import HostEquivalence, PerHost, number
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.partial import Partial
from groupsolver.constraints.problem.problem import Problem, Rule
from groupsolver.constraints.problem.view import View
from groupsolver.model.compiled.compiled_fleet import Mask
from groupsolver.model.value import Amount, LevelName, Positive

if TYPE_CHECKING:
    from groupsolver.constraints.cp_model.model_builder import ModelBuilder
    from groupsolver.constraints.problem.conflict_facts import Facts


class Spread(Counting):
    """Members cover `min_domains` domains of `level`, and counts differ by at most `max_skew`.

    Measure: ``max(0, min(min_domains, members) - covered) + max(0, largest - smallest - max_skew)``,
    the counts taken over the domains with an eligible host or a running member. Hosts in no
    domain of the level are not counted. With ``between: children`` it counts the child groups
    with a member in a domain instead of members.

    Source: Kubernetes' ``topologySpreadConstraints``; spread of services, ROADEF/EURO challenge 2012.
    """

    kind: Literal["spread"] = "spread"
    level: LevelName
    min_domains: Positive | None = None
    max_skew: Amount | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.min_domains is None and self.max_skew is None:
            raise PydanticCustomError("missing-key", "expected min_domains or max_skew")
        return self

    def describe(self, group: str) -> str:
        """Say the rule."""
        parts = []
        if self.min_domains is not None:
            parts.append(f"cover at least {number(self.min_domains, self.level)}")
        if self.max_skew is not None:
            parts.append(f"differ by at most {self.max_skew} between {self.level}s")
        return f"{self.noun}s of {group} " + " and ".join(parts)

    def violations(self, group: str, view: View) -> int:
        """Count the domains missing, and the skew in excess."""
        counts = self.tally(group, view)
        measure = 0
        if self.min_domains is not None:
            measure += max(0, min(self.min_domains, self.standing(group, view)) - len(counts))
        if self.max_skew is not None and (counted := self._counted(group, view)):
            measure += max(0, max(counted)[0] - min(counted)[0] - self.max_skew)
        return measure

    def _counted(self, group: str, view: View) -> list[tuple[int, str]]:
        """Give the count and the name of each domain that the skew is taken over."""
        problem, counts = view.problem, self.tally(group, view)
        running = {problem.hosts.domain(there.host, self.level) for there in problem.running(group)}
        return [
            (counts[domain], domain)
            for domain in problem.hosts.domains(self.level)
            if domain in running or domain in problem.open_domains(group, self.level)
        ]

    def excesses(self, group: str, view: View) -> Iterable[str]:
        """Say how many domains are covered, and which are the fullest and the emptiest."""
        covered = len(self.tally(group, view))
        if covered < min(self.min_domains or 0, self.standing(group, view)):
            yield f"they cover {number(covered, self.level)}"
        if self.max_skew is not None and (counted := self._counted(group, view)):
            (most, full), (least, empty) = max(counted), min(counted)
            if most - least > self.max_skew:
                yield f"{self.level} {full} holds {most} and {empty} holds {least}"

    def sensitive_domains(
        self, group: str, after: View, level: str, more: int, *, worse: bool
    ) -> set[str | None]:
        """Give also those without which a domain is not counted: that only lessens the skew, if none is left empty."""
        found = super().sensitive_domains(group, after, level, more, worse=worse)
        if worse or self.max_skew is None:
            return found
        empty = sum(1 for count, _ in self._counted(group, after) if not count)
        if empty > more + len(after.problem.new_members):
            return found
        return found | vacated(
            after, self.level, level, more, lambda host: after.problem.eligible(group, host)
        )

    def pieces(self, group: str, problem: Problem) -> tuple[Self, ...]:
        """Give the two things it says, unless running members break it: then only their sum may not grow."""
        if (
            self.min_domains is None
            or self.max_skew is None
            or self.violations(group, View(problem, {}))
        ):
            return (self,)
        return self.model_copy(update={"max_skew": None}), self.model_copy(
            update={"min_domains": None}
        )

    def rests_on(self, group: str, other: Rule, problem: Problem) -> bool:
        """Which domains count for the skew depends on the rules that make hosts eligible."""
        over = other.group in problem.above[group] and isinstance(other.policy, PerHost)
        return over and self.max_skew is not None

    def eased(self, group: str, problem: Problem) -> Iterator[Self]:
        """Give fewer domains to cover, then more skew, up to what says nothing."""
        fewer = range((self.min_domains or 1) - 1, 0, -1)
        versions = [self.model_copy(update={"min_domains": least}) for least in fewer]
        last = versions[-1] if versions else self
        size = self.size(group, problem)
        skews = range(self.max_skew + 1, size + 1) if self.max_skew is not None else ()
        return iter([*versions, *(last.model_copy(update={"max_skew": skew}) for skew in skews)])

    def evidence(self, group: str, facts: Facts) -> str:
        """Say in how many domains members could stand."""
        found, size = facts.could(self.level, group), self.size(group, facts.compiled.problem)
        counted = int(facts.compiled.spread_over(group, self.level).sum())
        if self.max_skew == 0 and counted and size % counted:
            return f"{number(size, self.noun)} cannot be shared out evenly over {number(counted, self.level)}"
        return found

    def allowed(self, group: str, who: str, partial: Partial) -> Mask | None:
        """Give the domains from which the rest can still make it, by counting alone."""
        compiled, level = partial.compiled, self.level
        counts, left = self.tallied(group, partial), partial.left(group)
        free = np.ones(len(counts), dtype=np.bool_)
        without_domain = True
        if self._before(group, compiled) or not self.added(group, who, partial).any():
            return None
        if self.min_domains is not None:
            missing = min(self.min_domains, self.size(group, partial.problem)) - np.count_nonzero(
                counts
            )
            if left <= missing:
                free, without_domain = counts == 0, False
        counted = compiled.spread_over(group, level)
        if self.max_skew is not None and counted.any() and not self.between:
            here = counts[counted]
            fits = np.zeros(int(here.max()) + 1, dtype=np.bool_)
            for n in np.unique(here).tolist():
                # With one more in a domain of n, every other must come to the largest less the skew.
                floor = max(n + 1, len(fits) - 1) - self.max_skew
                fits[n] = np.maximum(0, floor - here).sum() - (n < floor) <= left - 1
            free[counted] &= fits[here]
        return partial.where(level, free, without_domain)

    def most_in_one(self, group: str, compiled: CompiledProblem) -> int | None:
        """Give what leaves enough for the other domains: one for each to cover, or the largest less the skew."""
        if self.between:
            return None
        size, over = (
            self.size(group, compiled.problem),
            int(compiled.spread_over(group, self.level).sum()),
        )
        most = size - max(0, min(self.min_domains or 0, size) - 1)
        # With m in one, the others have m - skew each, at least: m + (over - 1) (m - skew) <= size.
        return (
            most
            if self.max_skew is None or not over
            else min(most, (size + (over - 1) * self.max_skew) // over)
        )

    def even(self, group: str, compiled: CompiledProblem) -> tuple[int, int] | None:
        """Give what covers enough domains if none holds more, and a window as wide as the skew about the mean."""
        size, over = (
            self.size(group, compiled.problem),
            int(compiled.spread_over(group, self.level).sum()),
        )
        least, most, cover = 0, size, min(self.min_domains or 0, size)
        if self.between or not over:
            return None
        if cover > 1:
            most = (size - 1) // (cover - 1)
        if self.max_skew is not None:
            least, most = size // over, min(most, size // over + self.max_skew)
        return (least, most) if least <= most and most * over >= size else None

    def _before(self, group: str, compiled: CompiledProblem) -> int:
        running = self.tallied(group, Partial(compiled, np.zeros(0, dtype=np.int64)))
        counted = compiled.spread_over(group, self.level)
        have = self.standing(group, View(compiled.problem, {}))
        missing = min(self.min_domains or 0, have) - int(np.count_nonzero(running))
        skew = (
            int(np.ptp(running[counted])) - self.max_skew
            if self.max_skew is not None and counted.any()
            else 0
        )
        return max(0, missing) + max(0, skew)

    def encode(self, rule: Rule, builder: ModelBuilder) -> None:
        """Bound the domains missing and the skew; their sum, where running members break it already."""
        group, size = rule.group, self.size(rule.group, builder.compiled.problem)
        parts = []
        if self.min_domains is not None:
            covered = builder.total(self.covered(group, builder))
            parts.append(covered.times(-1).plus(min(self.min_domains, size)))
        if self.max_skew is not None:
            counts = self.tallies(group, builder)
            counted = np.flatnonzero(builder.compiled.spread_over(group, self.level)).tolist()
            parts.append(
                builder.skew([counts.get(code) for code in counted], size).plus(-self.max_skew)
            )
        builder.require_sum(rule, parts, self._before(group, builder.compiled))

    def covered(self, group: str, builder: ModelBuilder) -> list[Linear]:
        """Say of each domain, 0 or 1, whether anything that is counted stands there."""
        if self.between is None:
            return list(builder.uses(group, self.level).values())
        return [builder.some(count) for count in self.tallies(group, builder).values()]

    def host_equivalence(self, own: bool) -> HostEquivalence:
        """An untouched host is one more that is covered; above, only the domain counts."""
        return HostEquivalence(self.level)
