"""Which assumptions decide a figure: rank correlations, with intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

FEWEST = 16
LEVEL = 0.05


@dataclass(frozen=True)
class Decider:
    """An assumption with its rank correlation (Spearman) and the interval of it."""

    name: str
    correlation: float
    low: float
    high: float


def deciders(
    names: Sequence[str],
    sample: NDArray[np.float64],
    figure: NDArray[np.float64],
    most: int,
) -> tuple[Decider, ...]:
    """Return the assumptions whose correlation with a figure is surely not zero.

    The interval is that of Bonett & Wright (2000, Psychometrika 65:23-28): normal in
    Fisher's z with variance (1 + r^2 / 2) / (n - 3); its level is 1 - 0.05 over the
    number of assumptions (Bonferroni), so that chance finds none in 19 of 20 samples.

    Parameters
    ----------
    names
        Assumptions.
    sample
        (draw, name), their values.
    figure
        (draw,); draws without a number are left out.
    most
        How many to return, the strongest first.
    """
    from scipy.stats import norm, rankdata

    good = np.isfinite(figure)
    n = int(good.sum())
    if n < FEWEST or np.ptp(figure[good]) == 0:
        return ()
    ranks = rankdata(sample[good], axis=0)
    target = rankdata(figure[good])
    ranks = ranks - ranks.mean(axis=0)
    target = target - target.mean()
    size = np.sqrt((ranks**2).sum(axis=0) * (target**2).sum())
    with np.errstate(invalid="ignore"):
        r = np.where(size > 0, (ranks * target[:, None]).sum(axis=0) / size, 0.0)
    r = np.clip(r, -1 + 1e-12, 1 - 1e-12)
    reach = norm.ppf(1 - LEVEL / (2 * len(names))) * np.sqrt((1 + r**2 / 2) / (n - 3))
    low, high = np.tanh(np.arctanh(r) - reach), np.tanh(np.arctanh(r) + reach)
    sure = [i for i in np.argsort(-np.abs(r)) if low[i] > 0 or high[i] < 0]
    return tuple(
        Decider(names[i], float(r[i]), float(low[i]), float(high[i]))
        for i in sure[:most]
    )
