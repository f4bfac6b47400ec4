"""The small tables of a sweep, and the runs that went bad with what made them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sdmodel.experiments.parts import save_of
from sdmodel.experiments.sweep_summary import QUANTILES, chunks_of
from sdmodel.study.results import csv_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import xarray as xr
    from numpy.typing import NDArray

    from sdmodel.experiments.question import Question

MOST_BAD = 10_000
"""Bad runs that the table lists; every one is marked in its chunk."""

SUMMARY, BANDS, BAD = "summary.csv", "bands.csv", "bad_runs.csv"


def _percent(share: float) -> str:
    return f"p{100 * share:g}"


def summary_bytes(results: xr.Dataset) -> bytes:
    """Return the table of outcomes, a row for each scenario and outcome."""
    names = ("runs", "bad", "undefined", "mean", "sd", "skewness", "kurtosis",
             "minimum", *map(_percent, QUANTILES), "maximum")  # fmt: skip
    rows = []
    for s, scenario in enumerate(results["scenario"].to_numpy()):
        for o, outcome in enumerate(results["outcome"].to_numpy()):
            quantiles = results["quantiles"].to_numpy()[s, o]
            cells_of = dict(zip(map(_percent, QUANTILES), quantiles, strict=True))
            unit = results["unit"].to_numpy()[o]
            rows.append(
                [
                    str(scenario),
                    str(outcome),
                    str(unit),
                    *(
                        cells_of[name].item()
                        if name in cells_of
                        else results[name].to_numpy()[s, o].item()
                        for name in names
                    ),
                ]
            )
    return csv_bytes(("scenario", "outcome", "unit", *names), rows)


def bands_bytes(results: xr.Dataset) -> bytes:
    """Return the table of the spread over time."""
    names = ("count", "mean", "sd", "minimum", "maximum")
    numbers = {name: results[f"band_{name}"].to_numpy() for name in names}
    quantiles = results["band_quantiles"].to_numpy()
    rows = [
        [
            str(scenario),
            str(outcome),
            float(time),
            *(numbers[name][s, o, t].item() for name in names),
            *quantiles[s, o, t].tolist(),
        ]
        for s, scenario in enumerate(results["scenario"].to_numpy())
        for o, outcome in enumerate(results["band_outcome"].to_numpy())
        for t, time in enumerate(results["time"].to_numpy())
    ]
    header = ("scenario", "outcome", "time", *names, *map(_percent, QUANTILES))
    return csv_bytes(header, rows)


def bad_rows(question: Question, folder: Path) -> list[list[Any]]:
    """Return the first bad runs: run, scenario, draw, time, variable, and inputs.

    The variable that ceased to be a number first is found by running them again.
    """
    found: list[list[Any]] = []
    for place, (scenario, _) in enumerate(question.scenarios):
        for start, data in chunks_of(question, folder, place, ("status",)):
            bad = start + np.flatnonzero(data[0])[: MOST_BAD - len(found)]
            if not len(bad):
                continue
            values = np.stack([question.values(r, r + 1)[0] for r in bad.tolist()])
            names, times = _culprits(question, place, values)
            first = place * question.rows
            found += [
                [first + row, scenario, row, time, name, *line]
                for row, time, name, line in zip(
                    bad.tolist(), times, names, values.tolist(), strict=True
                )
            ]
    return found


def _culprits(
    question: Question, scenario: int, values: NDArray[np.float64]
) -> tuple[list[str], list[float]]:
    ensemble = question.ensemble(scenario)
    names: list[str] = []
    times: list[float] = []
    inputs = ensemble.inputs(question.names, values)
    for _, output in ensemble.outputs(inputs, save_of(question, ensemble)):
        names += output.bad_name
        times += output.bad_time.tolist()
    return names, times


def bad_bytes(question: Question, rows: Sequence[Sequence[Any]]) -> bytes:
    """Return the table of bad runs with the inputs that made them."""
    header = ("run", "scenario", "draw", "time", "variable", *question.names)
    return csv_bytes(header, rows)
