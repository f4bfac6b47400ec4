"""Points of the unit cube, any rows of which can be had without the others.

A sweep draws its runs chunk by chunk and, when it was killed, from the middle; so each
design here gives rows ``start`` to ``stop`` with the same bits whatever was asked
before.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sdmodel.errors import StudyError
from sdmodel.study.sizes import sizes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

BLOCK = 4096
"""Rows of a Latin hypercube that share one generator of the place within the cell."""

ROUNDS = 6
_MIX = tuple(np.uint64(x) for x in (0xBF58476D1CE4E5B9, 0x94D049BB133111EB))
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Points:
    """A design: how many rows it has, and how to have some of them.

    ``rows(start, stop)`` returns (stop - start, dimension), each in 0 to 1.
    """

    runs: int
    rows: Callable[[int, int], NDArray[np.float64]]


def whole(points: NDArray[np.float64]) -> Points:
    """Return a design that is held in memory."""
    return Points(len(points), lambda start, stop: points[start:stop])


def saltelli_points(n: int, groups: Sequence[Sequence[int]], seed: int) -> Points:
    """Return the rows of `designs.saltelli` without holding them all."""
    from sdmodel.experiments.designs import saltelli_rows

    block = len(groups) + 2
    dimensions = sum(len(columns) for columns in groups)

    def rows(start: int, stop: int) -> NDArray[np.float64]:
        first, last = start // block, -(-stop // block)
        base = sobol_rows(first, last, 2 * dimensions, seed)
        return saltelli_rows(base, groups)[start - first * block : stop - first * block]

    return Points(n * block, rows)


def sobol_rows(
    start: int, stop: int, dimensions: int, seed: int
) -> NDArray[np.float64]:
    """Return rows (stop - start, dimension) of the sequence of `designs.sobol_points`.

    Its numbers are computed, not drawn, so that one may begin anywhere.
    """
    from scipy.stats import qmc

    sequence = qmc.Sobol(dimensions, scramble=True, rng=np.random.default_rng(seed))
    if start:
        sequence.fast_forward(start)
    with warnings.catch_warnings():
        # Told for a part that is no power of two; the whole is one.
        warnings.simplefilter("ignore", UserWarning)
        points: NDArray[np.float64] = sequence.random(stop - start)
    return points


def latin_points(n: int, dimensions: int, seed: int) -> Points:
    """Return a Latin hypercube of ``n`` rows: each coordinate has one in each n-th.

    McKay, Beckman & Conover (1979), Technometrics 21:239-245. The order of the cells
    of a coordinate is a pseudo-random permutation that is computed, not shuffled:
    Luby & Rackoff (1988), SIAM Journal on Computing 17:373-386, brought to ``n`` by
    walking its cycles. So a row costs the same wherever it stands, and no memory.
    """

    def rows(start: int, stop: int) -> NDArray[np.float64]:
        index = np.arange(start, stop, dtype=np.uint64)
        cells = np.stack(
            [
                permuted(index, n, np.random.SeedSequence([seed, 0, column]))
                for column in range(dimensions)
            ],
            axis=1,
        )
        first, last = start // BLOCK, -(-stop // BLOCK)
        within = np.concatenate(
            [
                np.random.default_rng([seed, 1, block]).random((BLOCK, dimensions))
                for block in range(first, last)
            ]
        )[start - first * BLOCK : stop - first * BLOCK]
        points: NDArray[np.float64] = (cells + within) / n
        # Rounding may reach 1, which belongs to no cell.
        return np.minimum(points, np.nextafter(1.0, 0.0))

    return Points(n, rows)


def permuted(
    index: NDArray[np.uint64], n: int, seed: np.random.SeedSequence
) -> NDArray[np.uint64]:
    """Return where a pseudo-random permutation of 0 … n - 1 takes each index.

    A Feistel network over the next power of four; what falls outside goes through it
    again until it falls inside, which keeps it a permutation.
    """
    half = np.uint64(max((n - 1).bit_length() + 1, 2) // 2)
    mask = (np.uint64(1) << half) - np.uint64(1)
    keys = seed.generate_state(ROUNDS, np.uint64)
    found = index.copy()
    outside = np.ones(len(found), dtype=bool)
    while outside.any():
        left, right = found[outside] >> half, found[outside] & mask
        for key in keys:
            left, right = right, left ^ (_scattered(right + key) & mask)
        found[outside] = (left << half) | right
        outside[outside] = found[outside] >= n
    return found


def _scattered(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Mix the bits of whole numbers: Steele, Lea & Flood (2014), OOPSLA, SplitMix."""
    x = (x + _GOLDEN).astype(np.uint64)
    x = (x ^ (x >> np.uint64(30))) * _MIX[0]
    x = (x ^ (x >> np.uint64(27))) * _MIX[1]
    return x ^ (x >> np.uint64(31))


def check_latin(n: int) -> None:
    """Refuse a Latin hypercube of fewer than two rows.

    Raises
    ------
    StudyError
        If there is nothing to divide.
    """
    low, _, allowed = sizes("lhs")
    if n < low:
        msg = f"n = {n}: rows of a Latin hypercube; allowed: {allowed}"
        raise StudyError(msg)
