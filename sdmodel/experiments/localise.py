"""From local statistics to a grid: constants moved until the model gives the figures.

Each figure has constants of its own that are multiplied together. The factors that
bring all figures about at once are found by least squares on logarithms of
model over data (trust region reflective, `scipy.optimize.least_squares`), with all
one-sided differences of a step computed in one batch.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sdmodel.engines.simulate import simulate
from sdmodel.study.design import Inputs, Save
from sdmodel.study.grids import Grid, on_grid

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sdmodel.engines.base import EngineName
    from sdmodel.model.core import Model
    from sdmodel.study.local import Local

MOST = 8.0
"""Factor by which a constant may be moved either way; more is another model."""
CLOSE = 0.01
"""Relative distance at which a figure counts as reached: statistics are no better."""
_STEP = 1e-4


@dataclass(frozen=True)
class Reached:
    """A figure asked for, and what the fitted model gives."""

    local: Local
    value: float
    factor: float

    @property
    def close(self) -> bool:
        """Whether it was reached within a percent."""
        return abs(self.value / self.local.value - 1) <= CLOSE


def localise(
    model: Model,
    local: Sequence[Local],
    *,
    path: Path,
    engine: EngineName = "compiled",
) -> tuple[Grid, tuple[Reached, ...]]:
    """Return the grid on which a model gives the local figures.

    Parameters
    ----------
    model
        As in its file, on no grid.
    local
        The figures, the size of the place among them.
    path
        Where the grid will be written; it gives the grid its id.

    Returns
    -------
    tuple
        The grid, and for each figure what was reached.
    """
    size = next((item for item in local if not item.statistic.moves), None)
    scale = 1.0
    if size is not None:
        scale = size.value / float(
            _figures(model, [size], np.empty((1, 0)), engine)[0, 0]
        )
    grid = Grid(path.stem, path, {}, {}, scale, {}, {}, {})
    scaled = on_grid(model, grid)
    moving = [item for item in local if item.statistic.moves]
    factors = _fit(scaled, moving, engine) if moving else np.empty(0)
    everything = [*([size] if size else []), *moving]
    names, rows = _inputs(scaled, moving, factors[None, :])
    reached = _values(scaled, everything, Inputs(names, rows), engine)[0]
    shown = [scale] * (size is not None) + factors.tolist()
    results = tuple(
        Reached(item, float(value), factor)
        for item, value, factor in zip(everything, reached, shown, strict=True)
    )
    sources = {
        name: (
            f"fitted to {item.statistic.id} = {item.value:g} {item.statistic.unit} "
            f"in {item.year:g}: {item.source}"
        )
        for item in moving
        for name in item.statistic.moves
    }
    fitted = dataclasses.replace(
        grid,
        values=dict(zip(names, rows[0].tolist(), strict=True)),
        evidence={name: sources[name] for name in names},
        fit={
            item.local.statistic.id: {
                "wanted": item.local.value,
                "reached": item.value,
                "year": item.local.year,
                "source": item.local.source,
            }
            for item in results
        },
    )
    return fitted, results


def _fit(
    model: Model, moving: Sequence[Local], engine: EngineName
) -> NDArray[np.float64]:
    from scipy.optimize import least_squares

    wanted = np.log([max(item.value, 1e-12) for item in moving])

    def distance(x: NDArray[np.float64]) -> NDArray[np.float64]:
        rows = _figures(model, moving, np.exp(np.atleast_2d(x)), engine)
        gaps: NDArray[np.float64] = np.log(np.maximum(rows, 1e-12)) - wanted
        return gaps if np.ndim(x) == 2 else np.asarray(gaps[0], dtype=np.float64)

    def slopes(x: NDArray[np.float64]) -> NDArray[np.float64]:
        ahead = distance(np.vstack([x, x + _STEP * np.eye(len(x))]))
        return np.asarray((ahead[1:] - ahead[0]).T / _STEP, dtype=np.float64)

    bound = math.log(MOST)
    start = np.zeros(len(moving))
    found = least_squares(distance, start, jac=slopes, bounds=(-bound, bound))
    return np.asarray(np.exp(found.x), dtype=np.float64)


def _inputs(
    model: Model, moving: Sequence[Local], factors: NDArray[np.float64]
) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Return the constants that are moved, and their values, (run, name)."""
    defaults = {item.name: item.default for item in model.inputs}
    pairs = [
        (name, column)
        for column, item in enumerate(moving)
        for name in item.statistic.moves
    ]
    columns = [defaults[name] * factors[:, column] for name, column in pairs]
    values = np.stack(columns, axis=1) if columns else np.empty((len(factors), 0))
    return tuple(name for name, _ in pairs), values


def _figures(
    model: Model,
    local: Sequence[Local],
    factors: NDArray[np.float64],
    engine: EngineName,
) -> NDArray[np.float64]:
    """Return the model's figures for each row of factors, (run, figure)."""
    moving = [item for item in local if item.statistic.moves]
    names, values = _inputs(model, moving, factors)
    return _values(model, local, Inputs(names, values), engine)


def _values(
    model: Model, local: Sequence[Local], inputs: Inputs, engine: EngineName
) -> NDArray[np.float64]:
    needed = [name for item in local for name in item.statistic.expression.names]
    output = simulate(model, inputs, Save(tuple(dict.fromkeys(needed))), engine=engine)
    by_name = {name: output.values[:, :, i] for i, name in enumerate(output.names)}
    columns = []
    for item in local:
        series = item.statistic.expression.evaluate(by_name)
        # A flow is the year's mean, a level stands at the year's end.
        end = item.year + 1
        start = item.year if item.statistic.kind == "flow" else end
        within = (output.times >= start - 1e-9) & (output.times <= end + 1e-9)
        columns.append(series[:, within].mean(axis=1))
    return np.stack(columns, axis=1)
