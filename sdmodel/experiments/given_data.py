"""Measures from any random sample, from finite differences and from search curves.

Many outputs go through each estimator at once. Where SALib has the same estimator, its
numbers are those of SALib 1.6 to rounding; intervals are our own, since SALib's halve
the sample without saying so (RBD-FAST), cut the search curve (FAST), are those of
another quantity (DGSM), take half an hour (delta), or do not exist (PAWN).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sdmodel.experiments.estimators import NORMAL_975

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

HALF_SAMPLES = 100
HARMONICS_RBD = 10
HARMONICS_FAST = 4
SLICES = 10
GRID = 100
DGSM_RESAMPLES = 200

CURVES = 4
"""Search curves of FAST with random phases of their own, from which its intervals."""
STUDENT_975 = 3.182446305284263
"""Quantile of Student's t with three degrees of freedom (``CURVES`` less one)."""


def half_width(
    estimate: Callable[[NDArray[np.int64]], NDArray[np.float64]],
    runs: int,
    rng: np.random.Generator,
    samples: int = HALF_SAMPLES,
) -> NDArray[np.float64]:
    """Return half widths of 95 % intervals from estimates on half of the runs.

    Half samples drawn without replacement scatter as the whole does around the truth:
    Politis, Romano & Wolf (1999), Subsampling, section 2.2. Copies of runs, which a
    bootstrap makes, would upset spectra and ranks.
    """
    again = [
        estimate(np.sort(rng.permutation(runs)[: runs // 2])) for _ in range(samples)
    ]
    found: NDArray[np.float64] = NORMAL_975 * np.std(again, axis=0, ddof=1)
    return found


def rbd_fast(
    inputs: NDArray[np.float64], outputs: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return first-order indices (factor, output) from any random sample.

    Plischke (2010), Reliability Engineering & System Safety 95:354-360: the outputs in
    the order of a factor, up and down again, have its share of the variance in their
    first harmonics; the bias by Tissot & Prieur (2012), same journal 107:205-213.

    Parameters
    ----------
    inputs, outputs
        (run, factor) and (run, output).
    """
    from scipy.signal import periodogram

    found = np.empty((inputs.shape[1], outputs.shape[1]))
    bias = 2 * HARMONICS_RBD / len(inputs)
    for i, column in enumerate(inputs.T):
        order = np.argsort(column)
        order = np.concatenate([order[::2], order[1::2][::-1]])
        power = periodogram(outputs[order], axis=0)[1]
        share = power[1 : HARMONICS_RBD + 1].sum(axis=0) / power[1:].sum(axis=0)
        found[i] = share - bias / (1 - bias) * (1 - share)
    return found


def pawn(
    inputs: NDArray[np.float64], outputs: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return median and maximum distance of distributions, each (factor, output).

    Pianosi & Wagener (2018), Environmental Modelling & Software 108:197-207: between
    the outputs of all runs and those of the runs in a slice of a factor's range, as
    the Kolmogorov-Smirnov statistic. A factor without influence has no zero here but
    what chance leaves between two samples of that size.
    """
    runs, columns = outputs.shape
    order = np.argsort(outputs, axis=0, kind="stable")
    ranked = np.take_along_axis(outputs, order, axis=0)
    # Equal outputs count together: the distribution jumps after the last of them.
    last = np.vstack([ranked[1:] != ranked[:-1], np.ones((1, columns), dtype=bool)])
    whole = (np.arange(runs) + 1.0)[:, None] / runs
    distance = np.full((SLICES, inputs.shape[1], columns), np.nan)
    for i, column in enumerate(inputs.T):
        edges = np.quantile(column, np.arange(SLICES + 1) / SLICES)
        place = np.searchsorted(edges, column, side="right") - 1
        sliced = place[order]
        for s in range(SLICES):
            member = sliced == s
            size = member[:, 0].sum() if columns else 0
            if size:
                gap = np.abs(np.cumsum(member, axis=0) / size - whole)
                distance[s, i] = np.where(last, gap, 0.0).max(axis=0)
    return np.nanmedian(distance, axis=0), np.nanmax(distance, axis=0)


def delta_grid(output: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where densities of an output are compared."""
    return np.linspace(output.min(), output.max(), GRID)


def delta_edges(runs: int) -> NDArray[np.float64]:
    """Return the ranks that part a factor's range into classes, as in Plischke et al.

    Their number grows with the sample, up to 48.
    """
    power = 2.0 / (7.0 + np.tanh((1500.0 - runs) / 500.0))
    classes = int(min(int(np.ceil(runs**power)), 48))
    return np.linspace(0, runs, classes + 1)


def delta(
    inputs: NDArray[np.float64], outputs: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return Borgonovo's delta (factor, output), from any random sample.

    Plischke, Borgonovo & Smith (2013), European Journal of Operational Research
    226:536-550, equation 26: half the distance between the density of the output and
    its density within classes of a factor, with Gaussian kernels and Silverman's rule.
    A factor without influence has no zero here but what chance leaves.
    """
    runs = len(inputs)
    edges = delta_edges(runs)
    # Rank r, counted from one, is in the class whose edges hold it: (lower, upper].
    cuts = np.searchsorted(np.arange(1, runs + 1), edges, side="right")
    starts, sizes = cuts[:-1], np.diff(cuts)
    found = np.empty((inputs.shape[1], outputs.shape[1]))
    orders = np.argsort(inputs, axis=0, kind="stable")
    for o, output in enumerate(outputs.T):
        grid = delta_grid(output)
        whole = _density(output, grid, np.zeros(1, dtype=np.int64), np.array([runs]))[0]
        for i in range(inputs.shape[1]):
            within = _density(output[orders[:, i]], grid, starts, sizes)
            apart = np.trapezoid(np.abs(within - whole), grid, axis=1)
            found[i, o] = np.nansum(sizes * apart) / (2 * runs)
    return found


def _density(
    values: NDArray[np.float64],
    grid: NDArray[np.float64],
    starts: NDArray[np.int64],
    sizes: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return the densities (class, grid) of values in consecutive classes.

    A class whose values are all the same has none: nan.
    """
    mean = np.add.reduceat(values, starts) / sizes
    apart = values - np.repeat(mean, sizes)
    with np.errstate(all="ignore"):
        variance = np.add.reduceat(apart * apart, starts) / (sizes - 1)
        width = np.sqrt(variance) * (sizes * 0.75) ** -0.2
        width = np.where(variance > 0, width, np.nan)
        wide = np.repeat(width, sizes)[:, None]
        kernel = np.exp(-0.5 * ((grid - values[:, None]) / wide) ** 2)
        total = np.add.reduceat(kernel, starts, axis=0)
        found: NDArray[np.float64] = total / (
            (sizes * width)[:, None] * np.sqrt(2 * np.pi)
        )
    return found


def difference_points(
    base: NDArray[np.float64], step: float = 0.01
) -> NDArray[np.float64]:
    """Return for each row of ``base`` the row and one with each coordinate moved."""
    rows, dimensions = base.shape
    points = np.repeat(base[:, None, :], dimensions + 1, axis=1)
    for j in range(dimensions):
        inward = np.where(base[:, j] + step <= 1.0, step, -step)
        points[:, j + 1, j] += inward
    return points.reshape(rows * (dimensions + 1), dimensions)


def dgsm(
    design: NDArray[np.float64],
    outputs: NDArray[np.float64],
    members: Sequence[Sequence[int]],
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return upper bounds of total indices (group, output) and their half widths.

    Sobol' & Kucherenko (2009), Mathematics and Computers in Simulation 79:3009-3017:
    the mean square derivative over pi squared times the variance, summed over the
    coordinates of a group. Intervals: bootstrap over base rows.
    """
    dimensions = design.shape[1]
    points = design.reshape(-1, dimensions + 1, dimensions)
    values = outputs.reshape(len(points), dimensions + 1, -1)
    steps = np.stack(
        [points[:, j + 1, j] - points[:, 0, j] for j in range(dimensions)], axis=1
    )
    slopes = ((values[:, 1:] - values[:, :1]) / steps[..., None]) ** 2
    grouped = np.stack([slopes[:, list(c)].sum(axis=1) for c in members], axis=1)
    base = values[:, 0]

    def bound(rows: NDArray[np.int64]) -> NDArray[np.float64]:
        variance = base[rows].var(axis=0)
        with np.errstate(all="ignore"):
            found: NDArray[np.float64] = grouped[rows].mean(axis=0) / (
                np.pi**2 * variance
            )
        return found

    count = len(points)
    again = [bound(rng.integers(count, size=count)) for _ in range(DGSM_RESAMPLES)]
    return bound(np.arange(count)), NORMAL_975 * np.nanstd(again, axis=0, ddof=1)


def fast(
    outputs: NDArray[np.float64], factors: int
) -> tuple[dict[str, NDArray[np.float64]], dict[str, NDArray[np.float64]]]:
    """Return S1 and ST (factor, output) from search curves, and their half widths.

    Saltelli, Tarantola & Chan (1999), Technometrics 41:39-56: curves with random
    phases of their own; the mean over them, and Student's interval from their scatter.

    Parameters
    ----------
    outputs
        (run, output); the points of all curves at one place of the curve together:
        (place, curve, factor).
    factors
        Number of factors.
    """
    places = len(outputs) // (CURVES * factors)
    cube = outputs.reshape(places, CURVES, factors, outputs.shape[1])
    omega = (places - 1) // (2 * HARMONICS_FAST)
    spectrum = np.fft.fft(cube, axis=0)[1 : -(-places // 2)]
    power = (np.abs(spectrum) / places) ** 2
    whole = 2.0 * power.sum(axis=0)
    own = 2.0 * power[np.arange(1, HARMONICS_FAST + 1) * omega - 1].sum(axis=0)
    rest = 2.0 * power[: omega // 2].sum(axis=0)
    found = {"S1": own / whole, "ST": 1.0 - rest / whole}
    reach = STUDENT_975 / np.sqrt(CURVES)
    return (
        {name: part.mean(axis=0) for name, part in found.items()},
        {name: reach * part.std(axis=0, ddof=1) for name, part in found.items()},
    )
