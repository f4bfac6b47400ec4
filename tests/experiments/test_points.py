"""Designs of which any rows can be had: the same bits whatever was asked before."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdmodel.errors import StudyError
from sdmodel.experiments.designs import saltelli, sobol_points
from sdmodel.experiments.points import (
    Points,
    check_latin,
    latin_points,
    permuted,
    saltelli_points,
    sobol_rows,
)

GROUPS = ((0,), (1, 2), (3,))


@given(st.integers(2, 3000), st.integers(0, 2**63 - 1))
def test_a_latin_hypercube_has_one_row_in_each_cell(n: int, seed: int) -> None:
    rows = latin_points(n, 2, seed).rows(0, n)
    assert ((rows >= 0) & (rows < 1)).all()
    cells = np.sort(np.floor(rows * n).astype(int), axis=0)
    # Rounding of (cell + place) / n * n may cross a cell's edge.
    assert np.abs(cells - np.arange(n)[:, None]).max() <= 1
    order = permuted(np.arange(n, dtype=np.uint64), n, np.random.SeedSequence(seed))
    assert sorted(order.tolist()) == list(range(n))


def test_its_coordinates_have_nothing_to_do_with_each_other_nor_with_order() -> None:
    n = 20_000
    rows = latin_points(n, 6, 3).rows(0, n)
    table = np.column_stack([np.arange(n), rows, rows[np.arange(n) - 1]])
    apart = np.abs(np.corrcoef(table.T) - np.eye(13))
    # Of 78 pairs the largest of independent ones passes 4.5 sd less than once in 1000.
    assert apart.max() < 4.5 / np.sqrt(n)


def test_it_is_more_even_than_random_points() -> None:
    """The variance of a mean of sums of one coordinate each all but vanishes."""
    means = [latin_points(100, 3, seed).rows(0, 100).sum(axis=1).mean()
             for seed in range(200)]  # fmt: skip
    random = np.sqrt(3 / 12 / 100)
    assert np.std(means) < random / 50
    assert abs(np.mean(means) - 1.5) < random / 50


@pytest.mark.parametrize(
    ("points", "whole"),
    [
        (latin_points(9001, 3, 5), latin_points(9001, 3, 5).rows(0, 9001)),
        (saltelli_points(64, GROUPS, 5), saltelli(64, GROUPS, 5)),
    ],
    ids=["lhs", "sobol"],
)
@given(data=st.data())
def test_any_rows_are_those_of_the_whole(
    points: Points, whole: np.ndarray, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(whole) - 1))
    stop = data.draw(st.integers(start + 1, len(whole)))
    rows = points.rows(start, stop)
    assert rows.tobytes() == np.ascontiguousarray(whole[start:stop]).tobytes()


def test_a_sobol_sequence_may_begin_anywhere() -> None:
    whole = sobol_points(1024, 5, 0)
    for start, stop in ((0, 7), (1, 2), (511, 1024), (1000, 1024)):
        np.testing.assert_array_equal(sobol_rows(start, stop, 5, 0), whole[start:stop])


def test_another_seed_is_another_design() -> None:
    one, two = (latin_points(500, 2, seed).rows(0, 500) for seed in (0, 1))
    assert abs(np.corrcoef(one[:, 0], two[:, 0])[0, 1]) < 0.2


def test_a_hypercube_of_one_row_is_refused() -> None:
    with pytest.raises(StudyError, match="allowed: a whole number from 2 to"):
        check_latin(1)
