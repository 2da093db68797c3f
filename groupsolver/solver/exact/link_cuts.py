"""What every model has: hard bandwidth policies together need no more of any links than is free."""

from __future__ import annotations

from dataclasses import dataclass

from groupsolver.constraints.capacity.shared_links import link_loads, overloadable_links
from groupsolver.constraints.cp_model import traffic
from groupsolver.constraints.cp_model.linear_expr import Linear
from groupsolver.constraints.cp_model.model_builder import ModelBuilder


@dataclass(frozen=True)
class _Load:
    """What one policy adds to one cut: the lesser of each pair together, less what ran before, at a rate."""

    pairs: list[tuple[Linear, Linear]]
    before: int
    mbps: int

    def most(self, builder: ModelBuilder) -> int:
        return (traffic.ceiling(builder, self.pairs) - self.before) * self.mbps

    def expr(self, builder: ModelBuilder) -> Linear:
        crossing = builder.total(traffic.lesser(builder, *pair) for pair in self.pairs)
        return crossing.plus(-self.before).times(self.mbps)


def links(builder: ModelBuilder) -> None:
    """Keep the links that leave each domain within what is free; where one policy is alone, it holds itself."""
    rules = link_loads(builder.compiled)
    for level, which in overloadable_links(builder.compiled).items() if len(rules) > 1 else ():
        free = builder.compiled.fleet.cut(level).free
        loads: dict[int, list[_Load]] = {}
        for group, policy in rules:
            flow = policy.flow(group)
            before = traffic.before(builder.compiled, flow, level)
            for code, pairs in traffic.crossing(builder, flow, level, which).items():
                load = _Load(pairs, int(before[code]), policy.rate)
                if load.most(builder) > 0:
                    loads.setdefault(code, []).append(load)
        for code, found in loads.items():
            if len(found) > 1 and sum(load.most(builder) for load in found) > free[code]:
                builder.at_most(
                    builder.total(load.expr(builder) for load in found), int(free[code])
                )
