"""How well a run follows what was observed: error and its parts, per variable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sdmodel.experiments.targets import Target
    from sdmodel.study.checks import HistoryRule

Period = Literal["early", "shock", "late"]
FEWEST = 3
"""Observations from which on the error is taken apart and judged: one or two tell of
their own circumstances as much as of the model."""


@dataclass(frozen=True)
class Fit:
    """One observed variable over one period.

    ``mape`` is the mean absolute error relative to the observation; ``rmse`` is in the
    variable's unit. ``u_m``, ``u_s`` and ``u_c`` are the shares of the squared error
    that lie in the mean, in the spread and in the rest (Theil's inequality statistics,
    as in Sterman 1984, Dynamica); they add to one, and are nan for fewer than three
    observations.
    """

    variable: str
    period: Period
    observations: int
    first: float
    last: float
    mape: float
    rmse: float
    u_m: float
    u_s: float
    u_c: float
    unit: str
    judged: bool
    holds: bool


def theil(
    model: NDArray[np.float64], data: NDArray[np.float64]
) -> tuple[float, float, float]:
    """Return the shares of the mean squared error: bias, unequal spread, the rest."""
    error = float(np.mean((model - data) ** 2))
    if len(data) < FEWEST or error == 0:
        return np.nan, np.nan, np.nan
    bias = (model.mean() - data.mean()) ** 2
    spread = (model.std() - data.std()) ** 2
    together = np.mean((model - model.mean()) * (data - data.mean()))
    rest = 2 * (model.std() * data.std() - together)
    return float(bias / error), float(spread / error), float(rest / error)


def observed(
    target: Target, times: NDArray[np.float64], series: NDArray[np.float64]
) -> float:
    """Return what the model says of an observation.

    A level at its instant, a flow as its mean over the interval (trapezoids); nan where
    the model's time does not hold it.
    """
    start, stop = target.start, target.stop
    if start < times[0] or stop > times[-1]:
        return float("nan")
    if start == stop:
        return float(np.interp(start, times, series))
    inner = times[(times > start) & (times < stop)]
    points = np.concatenate([[start], inner, [stop]])
    area = np.trapezoid(np.interp(points, times, series), points)
    return float(area / (stop - start))


def period_of(target: Target, rule: HistoryRule) -> Period:
    """Return the period that an observation belongs to."""
    middle = (target.start + target.stop) / 2
    if rule.shock is not None and rule.shock[0] <= middle < rule.shock[1]:
        return "shock"
    if rule.late is not None and target.start >= rule.late:
        return "late"
    return "early"


def fits(
    targets: Sequence[Target],
    times: NDArray[np.float64],
    series: Mapping[str, NDArray[np.float64]],
    rule: HistoryRule,
    *,
    own: bool = True,
) -> tuple[Fit, ...]:
    """Return the fit of each observed variable in each period.

    Parameters
    ----------
    targets
        Observations.
    times, series
        The run: times (time,) and each observed variable's series (time,).
    rule
        Which periods there are, and the error that may not be passed; the shock is
        shown and not judged, nor is a variable with fewer than three observations.
    own
        Whether the run is of the place that was observed; of another nothing is judged.
    """
    groups: dict[tuple[str, Period], list[Target]] = {}
    for target in targets:
        groups.setdefault((target.variable, period_of(target, rule)), []).append(target)
    found = []
    for (variable, period), rows in groups.items():
        pairs = np.array(
            [(observed(t, times, series[variable]), t.value) for t in rows]
        )
        pairs = pairs[np.isfinite(pairs).all(axis=1)]
        if not len(pairs):
            continue
        model, data = pairs.T
        error = np.abs(model - data)
        mape = float(np.mean(error / np.abs(data))) if (data != 0).all() else np.nan
        bias, spread, rest = theil(model, data)
        enough = len(pairs) >= FEWEST and bool(mape == mape)
        judged = own and period != "shock" and enough
        found.append(
            Fit(
                variable=variable,
                period=period,
                observations=len(pairs),
                first=min(t.start for t in rows),
                last=max(t.stop for t in rows),
                mape=mape,
                rmse=float(np.sqrt(np.mean(error**2))),
                u_m=bias,
                u_s=spread,
                u_c=rest,
                unit=rows[0].unit,
                judged=judged,
                holds=not judged or mape <= rule.mape,
            )
        )
    return tuple(found)
