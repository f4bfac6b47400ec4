"""How far outcomes spread when the uncertainties take other values: no bare forecast.

Every scenario meets the same sample of uncertainties, so that the difference between
two scenarios is taken within each draw and not blurred by what they share.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from sdmodel.errors import StudyError
from sdmodel.experiments.designs import sobol_points
from sdmodel.experiments.ensemble import Ensemble, crossed
from sdmodel.study.summaries import Window

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from sdmodel.engines.base import EngineName, Progress
    from sdmodel.experiments.space import Space
    from sdmodel.model.core import Model
    from sdmodel.study.design import Schedule
    from sdmodel.study.outcomes import OutcomeKey

QUANTILES = (0.05, 0.5, 0.95)
DEFAULT_RUNS = 256
ROUNDING = 1e-9
"""Share of an outcome's largest size below which values count as zero; the engines
agree a thousand times closer."""

REACH = 1.959964
"""Standard deviations to either side within which 95 % of normal draws lie."""

SPACING = 0.25
"""Years between the times whose spread is kept; a figure shows no more."""


@dataclass(frozen=True)
class Bands:
    """Outcomes of several scenarios over one sample of the uncertainties.

    ``values`` has dims (scenario, draw, outcome), ``series`` (scenario, draw, time,
    outcome), both nan for failed draws; ``failed`` (scenario, draw).
    """

    scenarios: tuple[str, ...]
    outcomes: tuple[str, ...]
    times: tuple[float, ...]
    names: tuple[str, ...]
    inputs: NDArray[np.float64] = field(repr=False)
    values: NDArray[np.float64] = field(repr=False)
    series: NDArray[np.float64] = field(repr=False)
    failed: NDArray[np.bool_] = field(repr=False)

    def series_table(self) -> pd.DataFrame:
        """Return quantiles over time: scenario, outcome, time, p5, p50, p95, draws."""
        import pandas as pd

        parts = []
        for s, scenario in enumerate(self.scenarios):
            good = self.series[s][~self.failed[s]]
            for o, outcome in enumerate(self.outcomes):
                p5, p50, p95 = _quantiles(good[:, :, o], len(self.times))
                parts.append(
                    pd.DataFrame(
                        {
                            "scenario": scenario,
                            "outcome": outcome,
                            "time": self.times,
                            "p5": p5,
                            "p50": p50,
                            "p95": p95,
                            "draws": len(good),
                        }
                    )
                )
        return pd.concat(parts, ignore_index=True)

    def difference_table(self, baseline: str) -> pd.DataFrame:
        """Return the spread of each outcome, and of its difference from the baseline.

        Columns: scenario, outcome, draws, undefined, p5, p50, p95, change_p5,
        change_p50, change_p95, higher (share of draws in which it is higher), and
        change_p5_low to change_p95_high: 95 % intervals of these two quantiles.
        when_p5, when_p50, when_p95 are quantiles over the draws that have a value.
        Draws that failed in either scenario are left out and counted; where any value
        does not exist the quantiles are nan.
        """
        import pandas as pd

        base = self.scenarios.index(baseline)
        rows = []
        for s, scenario in enumerate(self.scenarios):
            good = ~(self.failed[s] | self.failed[base])
            for o, outcome in enumerate(self.outcomes):
                here = self.values[s, good, o]
                there = self.values[base, good, o]
                change = here - there
                # Rounding must not pass for a direction.
                sizes = np.maximum(np.abs(here), np.abs(there))
                noise = ROUNDING * np.max(sizes, initial=0.0, where=sizes == sizes)
                change = np.where(np.abs(change) <= noise, 0.0, change)
                here = np.where(np.abs(here) <= noise, 0.0, here)
                p5, p50, p95 = _quantiles(here[:, None], 1)
                low, middle, high = _quantiles(change[:, None], 1)
                below, above = sure(change, 0.05), sure(change, 0.95)
                when = _quantiles(here[~np.isnan(here)][:, None], 1)
                rows.append(
                    {
                        "scenario": scenario,
                        "outcome": outcome,
                        "draws": int(good.sum()),
                        "undefined": int(np.isnan(here).sum()),
                        "p5": p5[0],
                        "p50": p50[0],
                        "p95": p95[0],
                        "change_p5": low[0],
                        "change_p50": middle[0],
                        "change_p95": high[0],
                        "higher": float(np.mean(change > 0)) if good.any() else np.nan,
                        "change_p5_low": below[0],
                        "change_p5_high": below[1],
                        "change_p95_low": above[0],
                        "change_p95_high": above[1],
                        "when_p5": when[0][0],
                        "when_p50": when[1][0],
                        "when_p95": when[2][0],
                    }
                )
        return pd.DataFrame(rows)


def sure(values: NDArray[np.float64], share: float) -> tuple[float, float]:
    """Return the 95 % interval of a quantile, from order statistics.

    How many of n draws lie below a quantile is binomial, whatever the distribution
    (David & Nagaraja 2003, Order Statistics, section 7.1; here by the normal limit);
    nan where a value does not exist. Draws of a Sobol' sequence scatter less, so that
    the interval is on the wide side.
    """
    size = len(values)
    if not size or np.isnan(values).any():
        return np.nan, np.nan
    reach = REACH * np.sqrt(size * share * (1.0 - share))
    first = int(np.floor(size * share - reach)) - 1
    last = int(np.ceil(size * share + reach))
    ordered = np.sort(values)
    low, high = ordered[max(first, 0)], ordered[min(last, size - 1)]
    return float(low), float(high)


def _quantiles(
    values: NDArray[np.float64], columns: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the three quantiles of each column of (draw, column)."""
    if not len(values):
        nothing = np.full(columns, np.nan)
        return nothing, nothing, nothing
    low, middle, high = np.quantile(values, QUANTILES, axis=0)
    return low, middle, high


def bands(
    model: Model,
    scenarios: Mapping[str, Mapping[str, float | Schedule]],
    keys: Sequence[OutcomeKey],
    space: Space,
    *,
    runs: int = DEFAULT_RUNS,
    seed: int = 0,
    engine: EngineName = "compiled",
    jobs: int | None = None,
    window: Window | None = None,
    progress: Progress | None = None,
    quick: bool = False,
) -> Bands:
    """Run every scenario over one sample of the uncertainties.

    Parameters
    ----------
    model
        The model.
    scenarios
        Values of each scenario by its id; an uncertainty that a scenario sets itself
        is not sampled there.
    keys
        Outcomes: their series and their numbers.
    space
        The uncertainties.
    runs
        Draws for each scenario, a power of two.
    seed
        Seed of the Sobol' sequence.
    engine, jobs, progress, quick
        As for ``simulate``.
    window
        Years and discount rate of totals.

    Raises
    ------
    StudyError
        If there is nothing to sample.
    """
    if not space.groups:
        msg = "controls.csv names no uncertainty; there is nothing to draw a band from"
        raise StudyError(msg)
    drawn = space.values(sobol_points(runs, space.dimensions, seed))
    saved = model.time.saved
    kept = [i for i, t in enumerate(saved) if (t - saved[0]) % SPACING == 0]
    times = tuple(saved[i] for i in kept)
    ensemble = Ensemble(model, {}, engine, jobs, window or Window(), quick=quick)
    inputs = crossed(model, list(scenarios.values()), space.names, drawn)
    values, series, failed = ensemble.courses(keys, inputs, kept, progress)
    cube = (len(scenarios), runs)
    return Bands(
        scenarios=tuple(scenarios),
        outcomes=tuple(key.text for key in keys),
        times=times,
        names=space.names,
        inputs=drawn,
        values=values.reshape(*cube, -1),
        series=series.reshape(*cube, len(times), -1),
        failed=failed.reshape(cube),
    )
