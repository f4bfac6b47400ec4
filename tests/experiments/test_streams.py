"""Moments and quantiles gathered part by part: the same as those of the whole."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import stats

from sdmodel.experiments.streams import (
    BLOCK,
    BOUND,
    block_moments,
    cell_quantiles,
    cells,
    gathered,
    together,
)
from tests.tolerances import MOMENTS

SHARES = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)


def skewed(runs: int = 3000) -> np.ndarray:
    rng = np.random.default_rng(1)
    values = np.exp(rng.normal(size=(runs, 3))) * [1.0, -1e9, 1e-5]
    values[::7, 1] = np.nan
    return values


def test_moments_are_those_of_scipy() -> None:
    values = skewed()
    found = gathered(block_moments(values))
    for i in range(values.shape[1]):
        column = values[~np.isnan(values[:, i]), i]
        assert found.count[i] == len(column)
        for here, there in (
            (found.mean[i], column.mean()),
            (found.sd[i], column.std(ddof=1)),
            (found.skewness[i], stats.skew(column)),
            (found.kurtosis[i], stats.kurtosis(column, fisher=False)),
        ):
            np.testing.assert_allclose(here, there, rtol=MOMENTS)


def test_a_block_without_numbers_changes_nothing() -> None:
    values = skewed(3 * BLOCK)
    values[BLOCK : 2 * BLOCK] = np.nan
    found = gathered(block_moments(values))
    rest = np.delete(values, np.s_[BLOCK : 2 * BLOCK], axis=0)
    np.testing.assert_array_equal(found.mean, gathered(block_moments(rest)).mean)
    nothing = gathered(block_moments(np.full((BLOCK, 1), np.nan)))
    assert nothing.count == 0
    assert np.isnan(nothing.mean).all()
    assert np.isnan(nothing.sd).all()


def test_what_does_not_vary_has_no_shape() -> None:
    found = gathered(block_moments(np.full((2 * BLOCK, 1), 3.0)))
    assert (float(found.mean[0]), float(found.sd[0])) == (3.0, 0.0)
    assert np.isnan(found.skewness).all()


@given(
    arrays.arrays(
        np.float64,
        st.integers(1, 200),
        elements=st.floats(allow_nan=False, allow_infinity=False),
    )
)
def test_streamed_quantiles_keep_their_bound(values: np.ndarray) -> None:
    found = cell_quantiles(cells(values), SHARES)
    exact = np.quantile(values, SHARES, method="inverted_cdf")
    tiny = np.finfo(float).tiny
    assert (np.abs(found - exact) <= BOUND * np.abs(exact) + tiny).all()


@given(st.permutations(range(5)), st.integers(0, 2**32 - 1))
def test_counts_are_the_same_in_any_order_and_parts(
    order: list[int], seed: int
) -> None:
    values = np.random.default_rng(seed).normal(size=500) * 10.0 ** (seed % 9 - 4)
    parts = np.split(values, 5)
    whole = cells(values)
    found = together([cells(np.ascontiguousarray(parts[i])) for i in order])
    np.testing.assert_array_equal(found[0], whole[0])
    np.testing.assert_array_equal(found[1], whole[1])


def test_no_value_has_no_quantile() -> None:
    assert np.isnan(cell_quantiles(cells(np.empty(0)), SHARES)).all()
