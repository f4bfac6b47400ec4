"""Moments and quantiles of more numbers than memory holds, the same in any order.

Moments are gathered block by block, in the order of the runs, whatever the chunks.
Quantiles come from counts of whole numbers, which add up to the same in every order:
each value is counted in the cell of the first `KEPT_BITS` bits of its mantissa, beside
sign and exponent, so that a quantile is within a relative `BOUND` of the order
statistic it stands for (the smallest value with at least that share of values at or
below it). The cells are those of the histograms of Masson, Rim & Lee (2019), PVLDB
12:2195-2205, with a base that the bits of a float give for nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

KEPT_BITS = 13
BOUND = 2.0 ** -(KEPT_BITS + 1)
"""Largest relative distance of a streamed quantile from its order statistic."""

BLOCK = 256
"""Runs that are summed up together, counted from a scenario's first run."""

_SHIFT = 52 - KEPT_BITS
_MAGNITUDE = np.int64(0x7FFF_FFFF_FFFF_FFFF)


@dataclass(frozen=True)
class Moments:
    """Count, mean and central sums of powers of columns; each array is (column,)."""

    count: NDArray[np.float64]
    mean: NDArray[np.float64]
    second: NDArray[np.float64]
    third: NDArray[np.float64]
    fourth: NDArray[np.float64]

    @property
    def sd(self) -> NDArray[np.float64]:
        """Standard deviation, that of a sample; nan for fewer than two values."""
        with np.errstate(all="ignore"):
            return np.where(
                self.count > 1, np.sqrt(self.second / (self.count - 1)), np.nan
            )

    @property
    def skewness(self) -> NDArray[np.float64]:
        """Third standardised moment; nan where nothing varies."""
        return self._standardised(self.third, 1.5)

    @property
    def kurtosis(self) -> NDArray[np.float64]:
        """Fourth standardised moment, 3 for a normal; nan where nothing varies."""
        return self._standardised(self.fourth, 2.0)

    def _standardised(
        self, total: NDArray[np.float64], power: float
    ) -> NDArray[np.float64]:
        with np.errstate(all="ignore"):
            found = (total / self.count) / (self.second / self.count) ** power
            return np.where(self.second > 0, found, np.nan)


def moments(values: NDArray[np.float64]) -> Moments:
    """Return the moments of the columns of (run, column), nan left out."""
    known = ~np.isnan(values)
    count = known.sum(axis=0).astype(np.float64)
    with np.errstate(all="ignore"):
        mean = np.where(
            count > 0, np.where(known, values, 0.0).sum(axis=0) / count, np.nan
        )
    apart = np.where(known, values - mean, 0.0)
    square = apart * apart
    return Moments(
        count,
        mean,
        square.sum(axis=0),
        (square * apart).sum(axis=0),
        (square * square).sum(axis=0),
    )


def joined(a: Moments, b: Moments) -> Moments:
    """Return the moments of two sets of values together.

    Pébay (2008), Sandia report SAND2008-6212, equations 1.2 and 1.6 to 1.8.
    """
    n = a.count + b.count
    with np.errstate(all="ignore"):
        gap = b.mean - a.mean
        share = gap / n
        both = a.count * b.count
        mean = a.mean + b.count * share
        second = a.second + b.second + gap * share * both
        third = (
            a.third
            + b.third
            + gap * share**2 * both * (a.count - b.count)
            + 3.0 * share * (a.count * b.second - b.count * a.second)
        )
        fourth = (
            a.fourth
            + b.fourth
            + gap * share**3 * both * (a.count**2 - both + b.count**2)
            + 6.0 * share**2 * (a.count**2 * b.second + b.count**2 * a.second)
            + 4.0 * share * (a.count * b.third - b.count * a.third)
        )
    parts = (mean, second, third, fourth)
    left = (a.mean, a.second, a.third, a.fourth)
    right = (b.mean, b.second, b.third, b.fourth)
    return Moments(
        n,
        *(
            np.where(b.count == 0, old, np.where(a.count == 0, new, found))
            for found, old, new in zip(parts, left, right, strict=True)
        ),
    )


def block_moments(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the moments of each block of runs, (block, 5, column)."""
    found = [
        moments(values[start : start + BLOCK]) for start in range(0, len(values), BLOCK)
    ]
    return np.stack(
        [np.stack([m.count, m.mean, m.second, m.third, m.fourth]) for m in found]
    )


def gathered(blocks: Iterable[NDArray[np.float64]]) -> Moments:
    """Return the moments of blocks (5, column) one after the other, in that order."""
    return reduce(joined, (Moments(*block) for block in blocks))


Cells = tuple["NDArray[np.int64]", "NDArray[np.int64]"]


def cells(values: NDArray[np.float64]) -> Cells:
    """Return the cells that finite values (run,) fall into, ascending, and counts."""
    bits = values.view(np.int64)
    size = (bits & _MAGNITUDE) >> _SHIFT
    place = np.where(bits < 0, -size, size)
    if not len(place):
        return place, place
    low = int(place.min())
    if int(place.max()) - low < 4 * len(place) + 1024:
        counts = np.bincount(place - low)
        at = np.flatnonzero(counts)
        return at + low, counts[at]
    found, counts = np.unique(place, return_counts=True)
    return found, counts.astype(np.int64)


def together(parts: Sequence[Cells]) -> Cells:
    """Return the counts of several sets of values as one."""
    keys = np.concatenate([part[0] for part in parts])
    counts = np.concatenate([part[1] for part in parts])
    found, back = np.unique(keys, return_inverse=True)
    total = np.zeros(len(found), dtype=np.int64)
    np.add.at(total, back, counts)
    return found, total


def cell_quantiles(part: Cells, shares: Sequence[float]) -> NDArray[np.float64]:
    """Return quantiles within a relative `BOUND`; nan if nothing was counted."""
    keys, counts = part
    if not len(keys):
        return np.full(len(shares), np.nan)
    upto = np.cumsum(counts)
    # A hair below, so that 0.95 of 100 is the 95th although 0.95 * 100 exceeds 95.
    ranks = np.maximum(np.ceil(np.array(shares) * upto[-1] - 1e-9), 1.0)
    chosen = keys[np.searchsorted(upto, ranks)]
    size = np.abs(chosen)
    middle = (size << _SHIFT) | (np.int64(1) << (_SHIFT - 1))
    value = np.where(size == 0, 0.0, middle.view(np.float64))
    return np.where(chosen < 0, -value, value)
