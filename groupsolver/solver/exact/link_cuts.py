"""The link constraints of every model: hard bandwidth policies together fit the links of a domain.

Each policy keeps its own traffic within what is free, see
`groupsolver.constraints.policies.bandwidth`. Two policies that share links could each fit alone and
not together, so their sum is posted here.
"""

from __future__ import annotations

from dataclasses import dataclass

from groupsolver.constraints.capacity.shared_links import link_loads, overloadable_links
from groupsolver.constraints.cp_model import traffic
from groupsolver.constraints.cp_model.linear_expr import Linear
from groupsolver.constraints.cp_model.model_builder import ModelBuilder
from groupsolver.constraints.protocols.network import LinkLoad
from groupsolver.model.compiled.arrays import Mask


@dataclass(frozen=True)
class _PolicyTraffic:
    """What one policy adds to the load of one cut.

    ``mbps * (sum(min(a, b) for a, b in pairs) - running)``: in the hose model, of two counts on
    both sides of a cut the lesser one crosses it. What running members send is in the load already.

    Example: 3 members inside, 5 outside, 1 pair of running ones crossed before, at 100 Mbit/s::

        100 * (min(3, 5) - 1) = 200 Mbit/s more
    """

    pairs: list[tuple[Linear, Linear]]
    running: int
    mbps: int

    def upper_bound(self, builder: ModelBuilder) -> int:
        """Return the most Mbit/s that this can be, by the bounds of its variables."""
        return (traffic.ceiling(builder, self.pairs) - self.running) * self.mbps

    def expression(self, builder: ModelBuilder) -> Linear:
        """Return it as an expression, in Mbit/s."""
        crossing = builder.total(traffic.lesser(builder, *pair) for pair in self.pairs)
        return crossing.plus(-self.running).times(self.mbps)


def post_link_cuts(builder: ModelBuilder) -> None:
    """Keep the traffic of all hard bandwidth policies within what is free of each cut.

    A cut is the set of links that leave a domain. One policy alone posts its own limit.
    """
    rules = link_loads(builder.compiled)
    if len(rules) < 2:
        return
    for level, domains in overloadable_links(builder.compiled).items():
        _post_level(builder, rules, level, domains)


def _post_level(
    builder: ModelBuilder, rules: list[tuple[str, LinkLoad]], level: str, domains: Mask
) -> None:
    """Post the cuts of the marked domains of one level, (D,) bool."""
    free = builder.compiled.fleet.cut(level).free
    loads: dict[int, list[_PolicyTraffic]] = {}
    for group, policy in rules:
        flow = policy.flow(group)
        running = traffic.before(builder.compiled, flow, level)
        crossing = traffic.crossing(builder, flow, level, domains)
        for domain, pairs in crossing.items():
            load = _PolicyTraffic(pairs, int(running[domain]), policy.rate)
            if load.upper_bound(builder) > 0:
                loads.setdefault(domain, []).append(load)
    for domain, found in loads.items():
        most = sum(load.upper_bound(builder) for load in found)
        if len(found) > 1 and most > free[domain]:
            together = builder.total(load.expression(builder) for load in found)
            builder.at_most(together, int(free[domain]))
