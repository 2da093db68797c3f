"""What every model has: hard bandwidth policies together need no more of any links than is free."""

from __future__ import annotations

from dataclasses import dataclass

from groupsolver.constraints.cp_model import traffic
from groupsolver.constraints.cp_model.linear_expr import Linear
from groupsolver.constraints.cp_model.model_builder import Encoding
from groupsolver.constraints.policies.bandwidth import crowded, sharing


@dataclass(frozen=True)
class _Load:
    """What one policy adds to one cut: the lesser of each pair together, less what ran before, at a rate."""

    pairs: list[tuple[Linear, Linear]]
    before: int
    mbps: int

    def most(self, enc: Encoding) -> int:
        return (traffic.ceiling(enc, self.pairs) - self.before) * self.mbps

    def expr(self, enc: Encoding) -> Linear:
        crossing = enc.total(traffic.lesser(enc, *pair) for pair in self.pairs)
        return crossing.plus(-self.before).times(self.mbps)


def links(enc: Encoding) -> None:
    """Keep the links that leave each domain within what is free; where one policy is alone, it holds itself."""
    rules = sharing(enc.ground)
    for level, which in crowded(enc.ground).items() if len(rules) > 1 else ():
        free = enc.ground.fleet.cut(level).free
        loads: dict[int, list[_Load]] = {}
        for group, policy in rules:
            flow = policy.flow(group)
            before = traffic.before(enc.ground, flow, level)
            for code, pairs in traffic.crossing(enc, flow, level, which).items():
                load = _Load(pairs, int(before[code]), policy.mbps)
                if load.most(enc) > 0:
                    loads.setdefault(code, []).append(load)
        for code, found in loads.items():
            if len(found) > 1 and sum(load.most(enc) for load in found) > free[code]:
                enc.at_most(enc.total(load.expr(enc) for load in found), int(free[code]))
