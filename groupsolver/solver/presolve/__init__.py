"""From a problem to few candidates: eligibility, interchangeable groups, reduction, quotient."""
