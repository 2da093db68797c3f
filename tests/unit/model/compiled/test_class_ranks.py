"""Places of rows among those of their class."""

from __future__ import annotations

import numpy as np

from groupsolver.model.compiled.class_ranks import class_labels, ranks_in_class


def test_a_rank_is_how_many_of_the_class_come_before() -> None:
    assert ranks_in_class(np.array([5, 7, 5, 5, 7])).tolist() == [0, 0, 1, 2, 1]


def test_rows_are_of_one_class_where_they_agree_in_every_column() -> None:
    rack = np.array([0, 0, -1, 0, -1], dtype=np.int64)
    kind = np.array([1, 0, 1, 1, 1], dtype=np.int64)
    label = class_labels([rack, kind], 5)
    assert (label[0] == label[3], label[2] == label[4]) == (True, True)
    assert len({label[0], label[1], label[2]}) == 3
    assert ranks_in_class(label).tolist() == [0, 0, 0, 1, 1]


def test_without_columns_all_rows_are_of_one_class() -> None:
    assert ranks_in_class(class_labels([], 3)).tolist() == [0, 1, 2]


def test_of_no_rows_there_are_no_ranks() -> None:
    none = np.zeros(0, dtype=np.int64)
    assert ranks_in_class(class_labels([none], 0)).tolist() == []


def test_labels_of_many_columns_are_numbered_anew_before_they_leave_64_bits() -> None:
    # Each column has codes up to 2**20: four of them leave 64 bits.
    columns = [np.array([0, 2**20, 2**20, 5]) for _ in range(4)]
    columns.append(np.array([1, 1, 1, 1]))
    assert ranks_in_class(class_labels(columns, 4)).tolist() == [0, 0, 1, 0]


def test_ranks_are_the_same_for_short_and_long_labels() -> None:
    labels = np.array([70_000, 3, 70_000, -1, 3])
    assert ranks_in_class(labels).tolist() == [0, 0, 1, 0, 1]
    assert ranks_in_class(labels % 100).tolist() == ranks_in_class(labels % 100 + 2**40).tolist()
