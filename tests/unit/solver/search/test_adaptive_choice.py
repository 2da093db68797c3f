"""What has yielded most is chosen most often; sizes follow how searches end."""

from __future__ import annotations

from collections import Counter

import numpy as np

from groupsolver.solver.search.adaptive_choice import AdaptiveChoice, AdaptiveSize


def test_the_way_that_yields_is_chosen_most_and_no_way_is_forgotten() -> None:
    choice = AdaptiveChoice(["good", "bad"], np.random.default_rng(1))
    for _ in range(50):
        choice.learn("good", 10.0)
        choice.learn("bad", 0.0)
    chosen = Counter(choice.choose() for _ in range(400))
    # "bad" keeps a weight of 0.05 beside 1: about one in twenty.
    assert 5 <= chosen["bad"] <= 45
    assert chosen["good"] == 400 - chosen["bad"]


def test_a_size_grows_where_searches_end_and_falls_where_they_do_not() -> None:
    size = AdaptiveSize(10, 4, 60)
    size.learn(ended=True)
    assert size.value == 12  # 10 * 1.15 = 11.5, rounded to even
    for _ in range(30):
        size.learn(ended=True)
    assert size.value == 60
    for _ in range(60):
        size.learn(ended=False)
    assert size.value == 4
