"""From a problem to a proved answer: presolve, relaxation, heuristic, exact; `solve` wires them."""
