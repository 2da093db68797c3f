"""Members into cells: what the search finds fits, and what it refutes brute force refutes too."""

from __future__ import annotations

from itertools import product
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsolver.model.compiled import numa_packing
from groupsolver.model.compiled.numa_packing import Undecided, pack
from groupsolver.model.numa_cell import CellCapacity

Sizes = list[dict[str, int]]


def cell(**free: int) -> CellCapacity:
    return CellCapacity("", free, dict(free))


def drawn(rnd: Random) -> tuple[list[CellCapacity], Sizes, list[int]]:
    """One to three cells, often alike, some without a class; up to four sizes."""
    cells = []
    for _ in range(rnd.randint(1, 3)):
        free = {name: rnd.randint(0, 9) for name in "ABC" if rnd.randint(1, 5) > 1}
        cells.append(
            CellCapacity(
                "", free, {name: rnd.choice((most, most, 3)) for name, most in free.items()}
            )
        )
    if rnd.randint(1, 3) == 1:
        cells = [cells[0]] * len(cells)
    sizes = [
        {name: rnd.randint(1, 5) for name in rnd.sample("ABC", rnd.randint(1, 2))}
        for _ in range(rnd.randint(1, 4))
    ]
    return cells, sizes, [rnd.randint(0, 2) for _ in sizes]


def fits(cells: list[CellCapacity], sizes: Sizes, counts: list[list[int]]) -> bool:
    for cell, there in enumerate(cells):
        for name in "ABC":
            if sum(
                n[cell] * size.get(name, 0) for size, n in zip(sizes, counts, strict=True)
            ) > there.free.get(name, 0):
                return False
        for size, numbers in zip(sizes, counts, strict=True):
            if numbers[cell] and any(
                amount > there.unit.get(name, 0) for name, amount in size.items()
            ):
                return False
    return True


def some_way(cells: list[CellCapacity], sizes: Sizes, counts: list[int]) -> bool:
    """Every way, member by member."""
    members = [i for i, number in enumerate(counts) for _ in range(number)]
    return any(
        fits(
            cells,
            sizes,
            [
                [
                    sum(there == cell for i, there in zip(members, way, strict=True) if i == size)
                    for cell in range(len(cells))
                ]
                for size in range(len(sizes))
            ],
        )
        for way in product(range(len(cells)), repeat=len(members))
    )


@given(st.integers(0, 2**40))
def test_it_finds_a_way_just_where_there_is_one(seed: int) -> None:
    for part in range(5):
        cells, sizes, counts = drawn(Random(f"{seed} {part}"))
        found = pack(cells, sizes, counts)
        assert (found is not None) == some_way(cells, sizes, counts)
        if found is not None:
            assert [sum(numbers) for numbers in found] == counts
            assert fits(cells, sizes, found)


@given(st.integers(0, 2**40))
def test_the_search_alone_says_the_same(seed: int) -> None:
    for part in range(5):
        cells, sizes, counts = drawn(Random(f"{seed} {part}"))
        if sum(counts):
            found = numa_packing._Packing(cells, sizes, counts).search()
            assert (found is not None) == (pack(cells, sizes, counts) is not None)
            assert found is None or fits(cells, sizes, found)


def test_the_largest_first_into_the_fullest_is_not_all_that_is_tried() -> None:
    """Both 3 into one cell of 7 leave 1 there and room for three 2 in the other.

    3 + 2 + 2 fills each.
    """
    cells, sizes, counts = [cell(A=7), cell(A=7)], [{"A": 3}, {"A": 2}], [2, 4]
    assert numa_packing._Packing(cells, sizes, counts).greedy() is None
    assert pack(cells, sizes, counts) == [[1, 1], [2, 2]]
    # 6 4 4 2 2 2 into 10 and 10: 6 + 4 and 4 + 2 + 2 + 2. With 7 in place of 6 a unit is missing.
    assert pack([cell(A=10), cell(A=10)], [{"A": 6}, {"A": 4}, {"A": 2}], [1, 2, 3]) is not None
    assert pack([cell(A=10), cell(A=10)], [{"A": 7}, {"A": 4}, {"A": 2}], [1, 2, 3]) is None


def test_a_class_that_a_cell_has_not_is_not_taken_from_it() -> None:
    assert pack([cell(A=9), cell(A=9, B=1)], [{"A": 1, "B": 1}], [1]) == [[0, 1]]
    assert pack([cell(A=9), cell(B=1)], [{"A": 1, "B": 1}], [1]) is None


def test_nothing_to_put_is_always_put() -> None:
    assert pack([], [], []) == []
    assert pack([cell(A=1)], [{"A": 5}], [0]) == [[0]]


def test_eight_cells_and_tens_of_members_are_decided_where_counting_tells() -> None:
    # 8 cells of 32: 40 members of 6 go five to a cell; the 41st does not, though 8 x 32 - 40 x 6 =
    # 16 are left.
    eight = [cell(A=32)] * 8
    found = pack(eight, [{"A": 6}], [40])
    assert found is not None
    assert max(found[0]) == 5
    assert pack(eight, [{"A": 6}], [41]) is None
    # 8 x 17 and 8 x 15 fill them; 9 x 17 do not go in, two to no cell.
    assert pack(eight, [{"A": 17}, {"A": 15}], [8, 8]) is not None
    assert pack(eight, [{"A": 17}, {"A": 15}], [9, 7]) is None


def test_a_search_that_would_not_end_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numa_packing, "STEPS", 5)
    cells, sizes = [cell(A=9, B=9)] * 3, [{"A": 4, "B": 3}, {"A": 3, "B": 4}, {"A": 2, "B": 2}]
    with pytest.raises(Undecided):
        numa_packing._Packing(cells, sizes, [3, 3, 3]).search()
