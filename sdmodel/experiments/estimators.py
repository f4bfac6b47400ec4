"""Sensitivity indices of many outputs at once, with bootstrap intervals.

The formulas, the resampling and the order of random draws are those of SALib 1.6, so
that equal data and seed give its numbers to rounding; what differs is that all
outputs share one pass of matrix products.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

CONFIDENCE = 0.95
"""Level of every interval in this package."""

SOBOL_RESAMPLES = 200
MORRIS_RESAMPLES = 1000

NORMAL_975 = 1.959963984540054
"""Quantile of the standard normal that leaves 2.5 % above it (``CONFIDENCE``)."""


@dataclass(frozen=True)
class SobolIndices:
    """First-order and total indices with the half widths of their 95 % intervals.

    All arrays have dims (group, output).
    """

    first: NDArray[np.float64]
    first_half: NDArray[np.float64]
    total: NDArray[np.float64]
    total_half: NDArray[np.float64]


@dataclass(frozen=True)
class MorrisIndices:
    """Elementary effects, in units of the output over the whole range of a factor.

    All arrays have dims (group, output). ``mean`` and ``sigma`` are nan for groups of
    several factors, whose effects have no common sign.
    """

    mean: NDArray[np.float64]
    mean_absolute: NDArray[np.float64]
    half: NDArray[np.float64]
    sigma: NDArray[np.float64]


def resampler(seed: int) -> np.random.Generator:
    """Return the generator of all bootstrap draws of a study.

    SALib's ``sobol.analyze`` takes seed 0 for "no seed" and is then not reproducible;
    every seed is moved up by one, here and wherever SALib is asked, so that 0 works.
    """
    return np.random.default_rng(seed + 1)


def _counts(draws: NDArray[np.int64], size: int) -> NDArray[np.float64]:
    """Turn index draws (row, resample) into counts (resample, row)."""
    resamples = draws.shape[1]
    flat = draws + np.arange(resamples) * size
    counted = np.bincount(flat.ravel(), minlength=resamples * size)
    return counted.reshape(resamples, size).astype(np.float64)


def sobol_indices(
    values: NDArray[np.float64],
    groups: int,
    rng: np.random.Generator,
    *,
    resamples: int = SOBOL_RESAMPLES,
) -> SobolIndices:
    """Estimate Sobol' indices from the runs of a Saltelli design.

    First order: Saltelli et al. (2010), Computer Physics Communications 181:259-270,
    table 2 (b); total: Jansen's, table 2 (f). Intervals: normal, from the standard
    deviation over bootstrap resamples of the base rows.

    Parameters
    ----------
    values
        (run, output); the runs of base row i stand together as A, AB of each group, B
        (``groups + 2`` of them). Finite, and no output constant.
    groups
        Number of groups of factors.
    rng
        Source of the bootstrap draws.
    resamples
        Number of bootstrap resamples.
    """
    block = groups + 2
    rows = len(values) // block
    # Centred and scaled first: the first-order estimator is biased far from zero.
    scaled = (values - values.mean(axis=0)) / values.std(axis=0)
    cube = scaled.reshape(rows, block, -1)
    a, b, ab = cube[:, 0], cube[:, -1], cube[:, 1:-1]

    both = np.concatenate([a, b])
    variance = both.var(axis=0)
    product = b[:, None] * (ab - a[:, None])
    square = 0.5 * (a[:, None] - ab) ** 2
    first = product.mean(axis=0) / variance
    total = square.mean(axis=0) / variance
    tiny = np.finfo(float).eps

    weights = _counts(rng.integers(rows, size=(rows, resamples)), rows) / rows
    mean = 0.5 * (weights @ (a + b))
    spread = 0.5 * (weights @ (a * a + b * b)) - mean * mean
    outputs = values.shape[1]
    shape = (resamples, groups, outputs)
    again_first = (weights @ product.reshape(rows, -1)).reshape(shape)
    again_total = (weights @ square.reshape(rows, -1)).reshape(shape)
    # A resample may hold one value only; SALib counts it as zero, and so do we.
    scale = np.where(spread > tiny, 1.0 / np.maximum(spread, tiny), 0.0)[:, None]
    again_first *= scale
    again_total *= scale
    return SobolIndices(
        first,
        NORMAL_975 * again_first.std(axis=0, ddof=1),
        total,
        NORMAL_975 * again_total.std(axis=0, ddof=1),
    )


def morris_indices(
    design: NDArray[np.float64],
    values: NDArray[np.float64],
    members: Sequence[Sequence[int]],
    rng: np.random.Generator,
    *,
    delta: float,
    resamples: int = MORRIS_RESAMPLES,
) -> MorrisIndices:
    """Estimate Morris' measures from trajectories that move one group at a time.

    Campolongo, Cariboni & Saltelli (2007), Environmental Modelling & Software
    22:1509-1518, equations 1 to 3; intervals of mu* by bootstrap over trajectories.

    Parameters
    ----------
    design
        (run, factor), in the unit cube; trajectories one after the other.
    values
        (run, output).
    members
        Columns of ``design`` of each group.
    rng
        Source of the bootstrap draws.
    delta
        Step of the design, in the unit cube.
    resamples
        Number of bootstrap resamples.
    """
    factors, outputs = design.shape[1], values.shape[1]
    length = len(members) + 1
    trajectories = len(design) // length
    moves = np.diff(design.reshape(trajectories, length, factors), axis=1)
    changes = np.diff(values.reshape(trajectories, length, outputs), axis=1)
    # Each factor moves in exactly one step of a trajectory, up or down.
    at = np.abs(moves).argmax(axis=1)
    sign = np.sign(np.take_along_axis(moves, at[:, None], axis=1))[:, 0]
    effects = changes[np.arange(trajectories)[:, None], at] * sign[..., None] / delta

    half = np.empty((factors, outputs))
    for j in range(factors):
        draws = rng.integers(trajectories, size=(resamples, trajectories))
        weights = _counts(draws.T, trajectories) / trajectories
        again = weights @ np.abs(effects[:, j])
        half[j] = NORMAL_975 * again.std(axis=0, ddof=1)

    alone = [len(columns) == 1 for columns in members]

    def grouped(
        by_factor: NDArray[np.float64], *, single: bool = False
    ) -> NDArray[np.float64]:
        means = np.array([by_factor[list(c)].mean(axis=0) for c in members])
        if single:
            means[~np.array(alone)] = np.nan
        return means

    return MorrisIndices(
        mean=grouped(effects.mean(axis=0), single=True),
        mean_absolute=grouped(np.abs(effects).mean(axis=0)),
        half=grouped(half),
        sigma=grouped(effects.std(axis=0, ddof=1), single=True),
    )
