"""From a problem to a proved answer: survey, reduce, construct, cut, exact; `solve` wires them."""
