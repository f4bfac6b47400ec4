"""Sample sizes: one range per method, and the nearest power of two."""

from __future__ import annotations

import pytest

from sdmodel.errors import StudyError
from sdmodel.experiments.designs import check_n
from sdmodel.study.sizes import nearest_power, sizes
from sdmodel.study.study import METHODS


@pytest.mark.parametrize(
    ("n", "nearest"),
    [(1000, 1024), (100, 128), (96, 64), (90, 64), (1, 16), (0, 16), (2**40, 2**20)],
)
def test_the_nearest_power_of_two(n: int, nearest: int) -> None:
    assert nearest_power(n, 16, 2**20) == nearest


@pytest.mark.parametrize("method", [m for m in METHODS if m != "lhs"])
def test_the_range_that_is_told_is_the_one_that_is_taken(method: str) -> None:
    low, high, words = sizes(method)
    assert words.endswith(f"from {low} to {high}")
    check_n(method, low)
    check_n(method, high)
    for wrong in (low - 1, high + 1):
        with pytest.raises(StudyError, match=f"n = {wrong}: .*allowed: {words}"):
            check_n(method, wrong)
