"""Distributions and mixes: from the unit cube to values."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sdmodel.errors import StudyError
from sdmodel.experiments.designs import sobol_points
from sdmodel.experiments.space import inverse, make_space, stick_breaking
from tests.experiments.functions_with_known_indices import control

POINTS = 4096


@pytest.mark.parametrize("parts", [2, 3, 5])
def test_shares_add_to_one_and_are_uniform_on_the_simplex(parts: int) -> None:
    shares = stick_breaking(sobol_points(POINTS, parts - 1, 0))
    assert np.all(shares >= 0)
    assert np.all(shares.sum(axis=1) <= 1)
    assert np.allclose(shares.sum(axis=1), 1, rtol=0, atol=1e-15)
    # Each share of a uniform point is Beta(1, parts - 1), pairs correlate alike.
    for share in shares.T:
        result = stats.kstest(share, stats.beta(1, parts - 1).cdf)
        assert result.statistic < 0.01
    covariance = np.cov(shares.T)
    exact = -1 / (parts**2 * (parts + 1))
    off_diagonal = covariance[~np.eye(parts, dtype=bool)]
    assert np.allclose(off_diagonal, exact, rtol=0.03)


def test_the_corners_of_the_cube_are_shares_too() -> None:
    corners = np.array([[a, b] for a in (0.0, 1.0) for b in (0.0, 1.0)])
    shares = stick_breaking(corners)
    assert np.all((shares >= 0) & (shares <= 1))
    assert np.array_equal(shares.sum(axis=1), np.ones(4))


def test_a_mix_is_one_group_and_may_leave_a_rest() -> None:
    controls = [control("a"), control("b"), control("u", "uncertainty")]
    whole = make_space(controls, [("pay", ["a", "b"], False)])
    loose = make_space(controls, [("pay", ["a", "b"], True)])
    assert [group.id for group in whole.groups] == ["pay", "u"]
    assert (whole.dimensions, loose.dimensions) == (2, 3)
    assert whole.names == loose.names == ("a", "b", "u")
    assert np.allclose(whole.values(sobol_points(64, 2, 1))[:, :2].sum(axis=1), 1)
    sums = loose.values(sobol_points(1024, 3, 1))[:, :2].sum(axis=1)
    assert np.all(sums <= 1)
    assert abs(sums.mean() - 2 / 3) < 0.01
    assert whole.groups[0].label == "Pay mix"


def test_levers_and_uncertainties_come_apart() -> None:
    space = make_space(
        [control("u", "uncertainty"), control("a"), control("b")],
        [("pay", ["a", "b"], True)],
    )
    assert space.of_role("lever").names == ("a", "b")
    assert space.of_role("lever").dimensions == 2
    assert space.of_role("uncertainty").groups[0].columns == (0,)
    assert space.columns_of_role("uncertainty") == (2,)


@pytest.mark.parametrize(
    ("controls", "words"),
    [
        ([control("a")], "are not among the study's factors"),
        ([control("a"), control("b", "uncertainty")], "must be of one role"),
        ([control("a"), control("b", max=0.8)], "'b': its range is 0 to 0.8"),
    ],
)
def test_mixes_that_cannot_be_drawn(controls: list[object], words: str) -> None:
    with pytest.raises(StudyError, match=words):
        make_space(controls, [("pay", ["a", "b"], True)])  # type: ignore[arg-type]  # controls


@pytest.mark.parametrize(
    ("distribution", "low", "high", "mode", "exact"),
    [
        ("uniform", -1.0, 3.0, 0.0, stats.uniform(-1, 4)),
        ("loguniform", 0.1, 10.0, 1.0, stats.loguniform(0.1, 10)),
        ("triangular", 0.0, 4.0, 1.0, stats.triang(0.25, 0, 4)),
        ("triangular", 0.0, 4.0, 0.0, stats.triang(0.0, 0, 4)),
        ("triangular", 0.0, 4.0, 4.0, stats.triang(1.0, 0, 4)),
        ("normal-truncated", 0.0, 4.0, 1.5, stats.truncnorm(-1.5, 2.5, 1.5, 1)),
    ],
)
def test_values_follow_the_distribution(
    distribution: str,
    low: float,
    high: float,
    mode: float,
    exact: stats.rv_continuous,
) -> None:
    item = control("x", min=low, max=high, default=mode, distribution=distribution)
    unit = np.linspace(0, 1, 101)
    assert np.allclose(inverse(item, unit), exact.ppf(unit), rtol=1e-9, atol=1e-9)
    assert inverse(item, np.array([0.0, 1.0])).tolist() == pytest.approx([low, high])
