"""Shortest paths from a few nodes, by hand and against Floyd and Warshall."""

from __future__ import annotations

from itertools import product
from random import Random

import numpy as np
import pytest

from groupsolver.model.network.shortest_paths import MAX_EXACT, shortest_distances

# 0 - 1 - 2 with lengths 3 and 4, 0 - 2 directly with 9; 3 is alone.
ARCS: list[dict[int, int]] = [{1: 3, 2: 9}, {0: 3, 2: 4}, {1: 4, 0: 9}, {}]


def test_the_shortest_way_may_have_more_arcs() -> None:
    distances = shortest_distances(ARCS, np.array([0, 3]), hops=False)
    assert distances.tolist() == [[0, 3, 7, np.inf], [np.inf, np.inf, np.inf, 0]]


def test_hops_count_arcs_alone() -> None:
    assert shortest_distances(ARCS, np.array([0]), hops=True).tolist() == [[0, 1, 1, np.inf]]


def test_arcs_of_length_0_are_arcs() -> None:
    arcs: list[dict[int, int]] = [{1: 0}, {0: 0}]
    assert shortest_distances(arcs, np.array([0]), hops=False).tolist() == [[0, 0]]


def test_longer_ways_than_the_limit_may_be_left_out() -> None:
    distances = shortest_distances(ARCS, np.array([0]), hops=False, limit=3)
    assert distances[0, 1] == 3
    assert distances[0, 2] == np.inf


def test_sums_beyond_a_double_are_exact() -> None:
    arcs: list[dict[int, int]] = [{1: MAX_EXACT}, {0: MAX_EXACT, 2: 1}, {1: 1}]
    [distances] = shortest_distances(arcs, np.array([0]), hops=False, exact=True).tolist()
    assert distances == [0, MAX_EXACT, MAX_EXACT + 1]  # a double has no such number


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("seed", range(10))
def test_all_distances_are_those_of_floyd_and_warshall(seed: int, exact: bool) -> None:
    rnd = Random(seed)
    nodes = range(6)
    arcs: list[dict[int, int]] = [{} for _ in nodes]
    far = np.full((6, 6), np.inf)
    np.fill_diagonal(far, 0)
    for one, other in product(nodes, nodes):
        if one < other and rnd.random() < 0.5:
            length = rnd.randint(0, 9)
            arcs[one][other] = arcs[other][one] = length
            far[one, other] = far[other, one] = length
    for middle, one, other in product(nodes, nodes, nodes):
        far[one, other] = min(far[one, other], far[one, middle] + far[middle, other])
    found = shortest_distances(arcs, np.arange(6), hops=False, exact=exact)
    assert found.astype(float).tolist() == far.tolist()
