"""Shortest paths over a small graph, from a few of its nodes."""

from __future__ import annotations

import heapq
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groupsolver.model.compiled.arrays import Ints

MAX_EXACT = 2**53  # sums of integers up to this are exact in a double


def shortest_distances(
    arcs: list[dict[int, int]],
    sources: Ints,
    *,
    hops: bool,
    exact: bool = False,
    limit: int | None = None,
) -> NDArray[Any]:
    """Return the distances from some nodes to all.

    Parameters
    ----------
    arcs : list of dict of int to int
        By node: its neighbours, and the length of the arc to each, 0 or above.
    sources : (S,) int64
    hops : bool
        Count arcs, whatever their length.
    exact : bool, default False
        Add up in integers of any size, slowly: for lengths beyond 2**53.
    limit : int, optional
        Longer distances may be inf.

    Returns
    -------
    (S, N) float64, or object where exact
        inf where no path leads.
    """
    if exact and not hops:
        distances = np.empty((len(sources), len(arcs)), dtype=object)
        for row, source in enumerate(sources.tolist()):
            distances[row] = _exact_distances(arcs, source)
        return distances
    # Imported here, so that importing the library does not load scipy.
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import dijkstra

    starts = np.cumsum([0, *map(len, arcs)]).astype(np.int32)
    size = int(starts[-1])
    ends = np.fromiter((node for out in arcs for node in out), dtype=np.int32, count=size)
    if hops:
        lengths = np.ones(size)
    else:
        of_arcs = (length for out in arcs for length in out.values())
        lengths = np.fromiter(of_arcs, dtype=np.float64, count=size)
    # Explicitly stored entries count as arcs, zeros too.
    graph = csr_array((lengths, ends, starts), shape=(len(arcs), len(arcs)))
    bound = np.inf if limit is None else float(limit)
    found: NDArray[Any] = dijkstra(graph, indices=sources, limit=bound)
    return found


def _exact_distances(arcs: list[dict[int, int]], source: int) -> list[Any]:
    distances: list[Any] = [np.inf] * len(arcs)
    distances[source] = 0
    queue = [(0, source)]
    while queue:
        distance, node = heapq.heappop(queue)
        if distance > distances[node]:
            continue
        for neighbour, length in arcs[node].items():
            longer = distance + length
            if longer < distances[neighbour]:
                distances[neighbour] = longer
                heapq.heappush(queue, (longer, neighbour))
    return distances
