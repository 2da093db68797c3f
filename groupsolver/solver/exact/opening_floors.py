"""Lower bounds of what opening domains costs, as rows of a model."""

from __future__ import annotations

from groupsolver.constraints.cp_model.linear_expr import Linear
from groupsolver.constraints.cp_model.model_builder import ModelBuilder
from groupsolver.solver.presolve.openings import Opening


def post_floors(builder: ModelBuilder, opening: Opening) -> None:
    """Post ``sum(points[d] * use[d] for d of a floor) >= least`` for each floor.

    The search knows then without branching that fewer domains do not suffice. Domains that are not
    candidates count as closed: a placement within the candidates opens none of them.
    """
    rule = opening.rule
    if rule is None:
        uses = {row: builder.opened(row) for row in builder.landed if opening.points[row]}
        outside = Linear()
    elif rule.policy.at == opening.level:
        uses = builder.uses(rule.group, opening.level)
        outside = builder.without_domain(rule.group, opening.level)
        outside = Linear(outside.vars, outside.coefs)  # running members pay for nothing
    else:
        return  # distances are not counted by domains
    for floor in opening.floors:
        paid = [outside.times(opening.without_domain)]
        paid += [
            use.times(int(opening.points[domain]))
            for domain, use in uses.items()
            if floor.domains[domain] and opening.points[domain]
        ]
        builder.at_most(builder.total(paid).times(-1), -floor.least)
