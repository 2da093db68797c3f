"""Shortest paths over a small graph, from a few of its nodes."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from groupsolver.model.compiled.compiled_fleet import Ints

EXACT = 2**53  # what a double adds up exactly


def shortest(
    arcs: list[dict[int, int]],
    sources: Ints,
    *,
    hops: bool,
    exact: bool = False,
    limit: int | None = None,
) -> NDArray[Any]:
    """Find how far it is from some nodes to all.

    Parameters
    ----------
    arcs : list of dict of int to int
        By node: its neighbours, and the length of the way there, 0 or above.
    sources : (S,) int64
    hops : bool
        Count arcs, whatever their length.
    exact : bool, default False
        Add up in whole numbers of any size, slowly: for lengths beyond 2**53.
    limit : int, optional
        What is farther need not be found.

    Returns
    -------
    (S, N) float64, or object where exact
        inf where no path leads.
    """
    if exact and not hops:
        every = np.empty((len(sources), len(arcs)), dtype=object)
        for at, source in enumerate(sources.tolist()):
            every[at] = _from(arcs, source)
        return every
    from scipy.sparse import csr_array  # here, so that importing the library does not load it
    from scipy.sparse.csgraph import dijkstra

    starts = np.cumsum([0, *map(len, arcs)])
    ends = np.fromiter((to for out in arcs for to in out), dtype=np.int32, count=int(starts[-1]))
    lengths = np.ones(len(ends))
    if not hops:
        lengths = np.fromiter(
            (length for out in arcs for length in out.values()), dtype=np.float64, count=len(ends)
        )
    # Entries that are stored count as arcs, zeros too.
    graph = csr_array((lengths, ends, starts.astype(np.int32)), shape=(len(arcs), len(arcs)))
    found: NDArray[Any] = dijkstra(
        graph, indices=sources, limit=np.inf if limit is None else float(limit)
    )
    return found


def _from(arcs: list[dict[int, int]], source: int) -> list[Any]:
    far: list[Any] = [np.inf] * len(arcs)
    far[source] = 0
    queue = [(0, source)]
    while queue:
        here, node = heapq.heappop(queue)
        if here > far[node]:
            continue
        for to, length in arcs[node].items():
            if here + length < far[to]:
                far[to] = here + length
                heapq.heappush(queue, (here + length, to))
    return far
