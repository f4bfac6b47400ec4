"""Axes tell the true numbers."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure

from sdmodel.report.charts import short_numbers
from sdmodel.report.figures import colour_of


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (8000.0, "8000"),
        (10000.0, "10 k"),
        (250000.0, "250 k"),
        (-1500000.0, "−1.5 m"),
        (2e9, "2 bn"),
        (0.05, "0.05"),
    ],
)
def test_short_numbers_are_the_numbers(value: float, text: str) -> None:
    axes = Figure().add_subplot()
    short_numbers(axes)
    assert axes.yaxis.get_major_formatter()(value, 0) == text


def test_every_scenario_has_a_colour_of_its_own() -> None:
    names = ["baseline", *(f"s{i}" for i in range(8))]
    colours = [colour_of(names, name, "baseline") for name in names]
    assert len(set(colours)) == len(names)
