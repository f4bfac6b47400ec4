"""Axes tell the true numbers."""

from __future__ import annotations

import io

import pytest
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from sdmodel.report.charts import short_numbers
from sdmodel.report.figures import colour_of, grid_of, style, svg_bytes


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


def _drawn() -> Figure:
    figure, panels = grid_of(5, columns=3, width=10.0, height=2.0, sharex=True)
    for place, axes in enumerate(panels):
        axes.plot([0, 1, 2], [place, 2e5 * place, -3.0], label=f"line {place}")
        axes.set_title(f"a title\nof two lines, {place}")
        axes.set_ylabel("persons")
        short_numbers(axes)
    figure.suptitle("all of them", x=0.005, ha="left")
    figure.legend(loc="outside upper right", ncols=3)
    return figure


def test_a_figure_laid_out_once_is_the_figure_that_matplotlib_saves() -> None:
    with style():
        figure, plain = _drawn(), _drawn()
        FigureCanvasSVG(plain)
        buffer = io.BytesIO()
        plain.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
        assert svg_bytes(figure) == buffer.getvalue()
