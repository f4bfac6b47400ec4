"""How a series over time becomes one number.

All summaries but "final" look at the policy window: the saved times from
``Window.start`` (2026) to the end of the run, or the whole run when the model's time
does not hold that year. ``h`` is the distance between two saved times, in years.

===========  ======================================================================
final        the value at the last saved time
peak         the largest value at a saved time of the window
trough       the smallest
total        sum of ``y(t) * h`` over the window without its last saved time: the
             Euler integral of an annual rate, to which a stock that gathers it would
             grow when every step is saved; each value stands for the interval after it
mean         total divided by the window's length
discounted   as total, each term divided by ``(1 + rate) ** (t - first)``, where
             ``first`` is the window's first saved time: a present value at that time
crossing     the first time at which the series is below zero, by linear interpolation
             between the saved times about it (the window's first time if it is below
             zero there already); nan if it never is
===========  ======================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

POLICY_START = 2026.0
DISCOUNT_RATE = 0.05


@dataclass(frozen=True)
class Window:
    """From which year a series counts, and the yearly rate that discounts it.

    The default rate of 5 % is that of the China Guidelines for Pharmacoeconomic
    Evaluations (2020), which ask for 0 to 8 % as sensitivity.
    """

    start: float = POLICY_START
    rate: float = DISCOUNT_RATE

    def first(self, times: NDArray[np.float64]) -> int:
        """Return the index of the window's first saved time."""
        if not times[0] <= self.start < times[-1]:
            return 0
        # A hair below, so that a time reached by k * step counts as the year itself.
        return int(np.searchsorted(times, self.start - 1e-9))


def summarise(
    series: NDArray[np.float64],
    times: NDArray[np.float64],
    summary: str,
    window: Window,
) -> NDArray[np.float64]:
    """Return one number for each run; see the module's table.

    Parameters
    ----------
    series
        (run, time), in the outcome's unit.
    times
        (time,), years, evenly spaced and ascending.
    summary
        One of `outcomes.SUMMARY_NAMES`.
    window
        Policy window and discount rate.

    Returns
    -------
    NDArray
        (run,), nan where the series is not finite or the number does not exist.
    """
    first = window.first(times)
    y, t = series[:, first:], times[first:]
    with np.errstate(all="ignore"):
        if summary == "final":
            found = series[:, -1]
        elif summary == "peak":
            found = y.max(axis=1)
        elif summary == "trough":
            found = y.min(axis=1)
        elif summary == "crossing":
            found = crossing(y, t)
        elif len(t) == 1:
            found = y[:, 0] if summary == "mean" else np.zeros(len(y))
        else:
            weights = np.diff(t)
            if summary == "discounted":
                weights = weights / (1.0 + window.rate) ** (t[:-1] - t[0])
            # Contiguous rows: the sum of a run must not depend on its neighbours.
            found = np.ascontiguousarray(y[:, :-1] * weights).sum(axis=1)
            if summary == "mean":
                found = found / (t[-1] - t[0])
    return np.where(np.isfinite(found), found, np.nan)


def crossing(y: NDArray[np.float64], t: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return when each run (run, time) first falls below zero; nan if it never does."""
    below = y < 0.0
    at = below.argmax(axis=1)
    rows = np.arange(len(y))
    before = np.maximum(at - 1, 0)
    y0, y1 = y[rows, before], y[rows, at]
    with np.errstate(all="ignore"):
        share = np.where(at > 0, y0 / (y0 - y1), 0.0)
    when = t[before] + share * (t[at] - t[before])
    known = below.any(axis=1) & np.isfinite(y).all(axis=1)
    return np.where(known, when, np.nan)


def at_time(
    series: NDArray[np.float64], times: NDArray[np.float64], year: float
) -> NDArray[np.float64]:
    """Return the value (run,) at a time: linear between the saved times about it."""
    after = int(np.clip(np.searchsorted(times, year - 1e-9), 0, len(times) - 1))
    if abs(times[after] - year) < 1e-9 or after == 0:
        return series[:, after]
    share = (year - times[after - 1]) / (times[after] - times[after - 1])
    with np.errstate(all="ignore"):
        found: NDArray[np.float64] = series[:, after - 1] + share * (
            series[:, after] - series[:, after - 1]
        )
    return found
