"""What every model has: no host gives more than is free of any resource."""

from __future__ import annotations

import numpy as np

from groupsolver.constraints.encoding import Encoding
from groupsolver.constraints.terms import Linear


def capacity(enc: Encoding) -> None:
    """Keep each host within what is free of every resource."""
    ground = enc.ground
    for name in sorted({name for lot in ground.lots for name, _ in lot.size}):
        sizes = [dict(lot.size).get(name, 0) for lot in ground.lots]
        free = ground.fleet.free(name)
        # In floating point, a little low: rows that can never bind are not worth a constraint.
        load = np.zeros(len(free))
        for lot, size in enumerate(sizes):
            load[enc.rows[lot]] += float(size) * enc.most[lot] * (1 + 1e-9)
        tight = load >= free
        here: dict[int, Linear] = {}
        for lot, size in enumerate(sizes):
            for at in np.flatnonzero(tight[enc.rows[lot]]).tolist() if size else ():
                found = here.setdefault(int(enc.rows[lot][at]), Linear())
                found.vars.append(enc.placed[lot][at])
                found.coefs.append(size)
        for row, expr in here.items():
            enc.at_most(expr, int(free[row]))
