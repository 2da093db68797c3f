"""From candidates to a lower bound and prices: a linear relaxation by column generation."""
