"""Where to look: the points of the unit cube that each method asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sdmodel.errors import StudyError
from sdmodel.study.sizes import nearest_power, sizes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def check_n(method: str, n: int) -> None:
    """Refuse a sample size that the method cannot use.

    Raises
    ------
    StudyError
        If ``n`` is out of range, or no power of two where the sequence needs one.
    """
    low, high, allowed = sizes(method)
    inside = low <= n <= high
    if method == "morris":
        what, hint = "number of Morris trajectories", ", mostly 20 to 100"
    elif method == "fast":
        what, hint = "points of a search curve", ""
    else:
        inside = inside and not n & (n - 1)
        what = "a Sobol' sequence is even only at powers of two"
        hint = f"; nearest: {nearest_power(n, low, high)}"
    if not inside:
        msg = f"n = {n}: {what}; allowed: {allowed}{hint}"
        raise StudyError(msg)


def sobol_points(n: int, dimensions: int, seed: int) -> NDArray[np.float64]:
    """Return the first ``n`` points (run, dimension) of a scrambled Sobol' sequence."""
    from scipy.stats import qmc

    sequence = qmc.Sobol(dimensions, scramble=True, rng=np.random.default_rng(seed))
    points: NDArray[np.float64] = sequence.random(n)
    return points


def saltelli(n: int, groups: Sequence[Sequence[int]], seed: int) -> NDArray[np.float64]:
    """Return Saltelli's design: for each base row A, then A with one group from B, B.

    Saltelli (2002), Computer Physics Communications 145:280-297, without the rows for
    second order. The rows of the first half of ``n`` are the design of ``n / 2``.

    Parameters
    ----------
    n
        Number of base rows, a power of two.
    groups
        Columns of each group, together all columns of the cube.
    seed
        Seed of the sequence's scrambling.

    Returns
    -------
    NDArray
        (n * (len(groups) + 2), dimension).
    """
    dimensions = sum(len(columns) for columns in groups)
    return saltelli_rows(sobol_points(n, 2 * dimensions, seed), groups)


def saltelli_rows(
    points: NDArray[np.float64], groups: Sequence[Sequence[int]]
) -> NDArray[np.float64]:
    """Return the rows of `saltelli` that some points (base row, 2 dimension) give."""
    dimensions = points.shape[1] // 2
    a, b = points[:, :dimensions], points[:, dimensions:]
    design = np.repeat(a[:, None, :], len(groups) + 2, axis=1)
    for i, columns in enumerate(groups):
        design[:, i + 1, list(columns)] = b[:, list(columns)]
    design[:, -1] = b
    return design.reshape(-1, dimensions)
