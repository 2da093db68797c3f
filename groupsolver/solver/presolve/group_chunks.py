"""The policy of merged groups: members come in chunks, each of which shares one domain."""

from __future__ import annotations

from typing import Literal

from ortools.sat.python import cp_model

from groupsolver.constraints.cp_model.linear_expr import Linear
from groupsolver.constraints.cp_model.model_builder import ModelBuilder
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.partial import Partial
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.problem.view import View
from groupsolver.constraints.protocols.levels import Partitioned
from groupsolver.constraints.protocols.presolve import HostEquivalence, HostSymmetry
from groupsolver.constraints.rules import rules_of
from groupsolver.model.compiled.arrays import Mask
from groupsolver.model.compiled.compiled_fleet import CompiledFleet


class Chunks(Policy, HostSymmetry, Partitioned):
    """Members come in `number` equal chunks; each chunk is in one domain of `inner`.

    No file declares it: `merge_interchangeable` adds it where it merged groups that may be told
    apart after the solve. The model counts chunks by domain, so there is no symmetry left between
    the groups, nor between the chunks::

        sum(placed[c, h] for h in domain d) == share[c] * chunks[d]    for each member class c
        sum(chunks[d] for each d) == number

    Example: two groups of three members each in one rack are 2 chunks of 3. Racks with 3 and 3,
    or one with 6, are allowed; 4 and 2 are not.

    Parameters
    ----------
    number : int
        How many chunks. A chunk has an equal share of each member class.
    inner : str
        A level above host, or a partition of the hosts.
    per_host : int, optional
        How many members of one chunk may share a host.
    """

    kind: Literal["chunks"] = "chunks"
    number: int
    inner: str
    per_host: int | None = None

    def describe(self, group: str) -> str:
        """Return the rule as a sentence."""
        return f"members of {group} are in {self.number} chunks of one {self.inner} each"

    def violations(self, group: str, view: View) -> int:
        """Count the members in no domain, and those beyond whole chunks in each domain.

        For a level of the fleet only. Answers are checked against the original groups, never
        against this policy.
        """
        chunk_size = max(1, len(view.members(group)) // self.number)
        counts = view.counts(group, self.inner).values()
        return view.without_domain(group, self.inner) + sum(n % chunk_size for n in counts)

    def level_on(self, fleet: CompiledFleet) -> str | None:
        """Return the level of a chunk."""
        return self.inner

    def allowed(self, group: str, member_group: str, partial: Partial) -> Mask | None:
        """Return the hosts in some domain; the heuristic places whole chunks and chooses which."""
        return partial.codes(self.inner) >= 0

    def encode(self, group: str, builder: ModelBuilder) -> None:
        """Post that each domain holds whole chunks, and each host no more than these allow."""
        model = builder.model
        codes = builder.compiled.fleet.codes(self.inner)
        chunks: dict[int, cp_model.IntVar] = {}
        on_host: dict[int, Linear] = {}
        for class_index in builder.compiled.member_classes_below(group):
            # A domain with chunks must hold their share of every class, even with no candidate.
            in_domain: dict[int, list[cp_model.IntVar]] = {code: [] for code in chunks}
            rows = builder.rows[class_index].tolist()
            for row, var in zip(rows, builder.placed[class_index], strict=True):
                code = int(codes[row])
                if code < 0:
                    model.add(var == 0)
                    continue
                in_domain.setdefault(code, []).append(var)
                members = on_host.setdefault(row, Linear())
                members.vars.append(var)
                members.coefs.append(1)
            share = builder.compiled.member_classes[class_index].number // self.number
            for code, placed in in_domain.items():
                if code not in chunks:
                    chunks[code] = builder.number(self.number)
                model.add(cp_model.LinearExpr.sum(placed) == share * chunks[code])
        model.add(cp_model.LinearExpr.sum(list(chunks.values())) == self.number)
        for row, members in on_host.items():
            high = builder.high(members)
            per_chunk = min(high, self.per_host or high)
            chunks_here = Linear([chunks[int(codes[row])]], [-per_chunk])
            builder.at_most(members.plus(chunks_here), 0)

    def host_equivalence(self, group: str, compiled: CompiledProblem, own: bool) -> HostEquivalence:
        """Return that hosts of one domain are the same to a member whose chunk is there."""
        return HostEquivalence(self.inner)


def chunks_of(problem: Problem) -> dict[str, Chunks]:
    """Return the chunk rules of a problem, by group."""
    return {
        rule.group: rule.policy for rule in rules_of(problem).all if isinstance(rule.policy, Chunks)
    }
