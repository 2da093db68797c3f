"""Identical groups that each keep together, taken as one: members that come in chunks of one domain."""

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
from groupsolver.model.compiled.compiled_fleet import CompiledFleet, Mask


class Chunks(Policy, HostSymmetry, Partitioned):
    """Members come in `number` equal chunks; each stands in one part of `inner`.

    It stands in no file: `twins` puts it where it found groups that may be told apart at the
    very end. With integers for how many chunks stand in each part there is no symmetry left
    between the groups, nor between the chunks.

    Parameters
    ----------
    number : int
        How many chunks; a chunk has of each member class an equal share.
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
        """Say the rule."""
        return f"members of {group} stand in {self.number} chunks of one {self.inner} each"

    def violations(self, group: str, view: View) -> int:
        """Count the members on hosts in no part, and in each part those beyond whole chunks.

        Only for a level of the fleet. Answers are held against the groups as they were told, never against this.
        """
        size = max(1, len(view.members(group)) // self.number)
        return view.without_domain(group, self.inner) + sum(
            n % size for n in view.counts(group, self.inner).values()
        )

    def level_on(self, fleet: CompiledFleet) -> str | None:
        """Give the level of a chunk."""
        return self.inner

    def allowed(self, group: str, member_group: str, partial: Partial) -> Mask | None:
        """Give the hosts in some part: which, is for whoever puts whole chunks down."""
        return partial.codes(self.inner) >= 0

    def encode(self, group: str, builder: ModelBuilder) -> None:
        """Let each part hold so many members of each member class as it has chunks, and each host no more than these allow."""
        compiled, model = builder.compiled, builder.model
        codes = compiled.fleet.codes(self.inner)
        chunks: dict[int, cp_model.IntVar] = {}
        on_host: dict[int, tuple[int, Linear]] = {}
        for member_class in compiled.member_classes_below(group):
            inside: dict[int, list[cp_model.IntVar]] = {code: [] for code in chunks}
            for row, var in zip(
                builder.rows[member_class].tolist(), builder.placed[member_class], strict=True
            ):
                code = int(codes[row])
                if code < 0:
                    model.add(var == 0)
                    continue
                inside.setdefault(code, []).append(var)
                there = on_host.setdefault(row, (code, Linear()))[1]
                there.vars.append(var)
                there.coefs.append(1)
            share = compiled.member_classes[member_class].number // self.number
            for code, found in inside.items():
                if code not in chunks:
                    chunks[code] = builder.number(self.number)
                model.add(cp_model.LinearExpr.sum(found) == share * chunks[code])
        model.add(cp_model.LinearExpr.sum(list(chunks.values())) == self.number)
        for code, members in on_host.values():
            most = min(builder.high(members), self.per_host or builder.high(members))
            builder.at_most(members.plus(Linear([chunks[code]], [-most])), 0)

    def host_equivalence(self, group: str, compiled: CompiledProblem, own: bool) -> HostEquivalence:
        """Within a part, hosts are the same to a member that leaves its chunk's others where they are."""
        return HostEquivalence(self.inner)


def chunks_of(problem: Problem) -> dict[str, Chunks]:
    """Return the chunk rules of a problem, by group."""
    return {
        rule.group: rule.policy for rule in rules_of(problem).all if isinstance(rule.policy, Chunks)
    }
