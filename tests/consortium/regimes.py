"""Runs of the shipped model for the tests beside this file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from sdmodel.engines.simulate import simulate
from sdmodel.experiments.whatif import make_inputs
from sdmodel.study.controls import read_controls
from sdmodel.study.design import Inputs, Save, Schedule
from sdmodel.study.scenario import read_scenario

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from sdmodel.model.core import Model

REGIMES = (
    "baseline",
    "ffs",
    "per-diem",
    "drg",
    "dip",
    "capitation",
    "global-budget",
    "mixed",
)
Values = Mapping[str, float | Schedule]
EVERYTHING: dict[str, float] = {
    "DRG share": 0.2, "DIP share": 0.3, "inpatient capitation share": 0.2,
    "per diem share": 0.1, "outpatient capitation share": 0.3,
    "service unit share": 0.3,
    "integration aim": 0.5, "asset merger": 0.3, "management trust": 0.2,
    "budget pooling": 0.3, "staff pooling": 0.2, "information sharing": 0.4,
    "brand tie": 0.2, "horizontal merger": 0.3, "part of west in reform": 0.5,
    "community competition": 0.5, "specialist alliance": 0.5,
    "telemedicine capacity": 800.0, "rotation rate": 0.2, "dispatch subsidy": 0.3,
    "specialist slots": 0.5, "referral standard": 0.5, "test recognition": 0.6,
    "joint procurement": 0.5, "resource reallocation rate": 0.01,
    "settlement delay": 0.125, "drug list gap": 0.1, "pooling level": 0.5,
    "cover change[primary]": 0.05, "cover change[tertiary]": -0.05, "publicity": 0.5,
    "chronic copay relief": 0.4,
    "shared savings rate": 0.6, "minimum savings rate": 0.01, "quality gate": 0.2,
    "loss share": 0.3, "village share of savings": 0.5, "grid closure": 0.5,
    "closed network": 0.2, "case weight level coefficient": 0.9,
    "chronic bundle": 100.0, "case management": 0.5, "chronic focus": 0.3,
    "panel focus": 0.3, "panel continuity": 0.5, "performance weight": 0.5,
    "volume link of pay": 0.5, "added hospital subsidy": 0.02,
    "home nursing teams": 40.0, "premium adjustment": 0.5, "point race[LE]": 0.05,
    "down referral fee": 0.2, "gatekeeping": 0.3, "family doctor coverage": 0.6,
}  # fmt: skip
"""Every mechanism at work at once: what holds here holds for any mixture of levers."""


class Runs:
    """Series of named scalars by run name, at every step."""

    def __init__(
        self,
        names: tuple[str, ...],
        times: NDArray[np.float64],
        series: dict[str, NDArray[np.float64]],
    ) -> None:
        self.times = times
        self.names = names
        self.series = series
        self._column = {name: i for i, name in enumerate(names)}

    def get(self, run: str, name: str) -> NDArray[np.float64]:
        """Return (time,) of one scalar."""
        return self.series[run][:, self._column[name]]

    def year(self, run: str, name: str, year: int) -> float:
        """Return the mean over one calendar year."""
        inside = (self.times >= year) & (self.times < year + 1)
        return float(self.get(run, name)[inside].mean())

    def growth(self, run: str, name: str, first: int, last: int) -> float:
        """Return the mean yearly log growth between two calendar years."""
        ratio = self.year(run, name, last) / self.year(run, name, first)
        return float(np.log(ratio)) / (last - first)


def lever_values(model: Model, folder: Path, regime: str) -> dict[str, float]:
    """Return what a shipped regime sets; none of them has a schedule."""
    controls = read_controls(folder, model)
    scenario = read_scenario(regime, folder, model, controls)
    inputs = make_inputs([scenario], model)
    assert not inputs.schedules
    return dict(zip(inputs.names, inputs.values[0].tolist(), strict=True))


def run_all(model: Model, runs: Mapping[str, Values], names: tuple[str, ...]) -> Runs:
    """Run sets of values at every step; no run may go bad."""
    inputs = tuple(dict.fromkeys(name for values in runs.values() for name in values))
    defaults = {item.name: item.default for item in model.inputs}
    rows = np.full((len(runs), len(inputs)), [defaults[name] for name in inputs])
    schedules: dict[str, list[Schedule | None]] = {}
    for i, values in enumerate(runs.values()):
        for name, value in values.items():
            if isinstance(value, Schedule):
                schedules.setdefault(name, [None] * len(runs))[i] = value
            else:
                rows[i, inputs.index(name)] = value
    output = simulate(
        model,
        Inputs(inputs, rows, {name: tuple(row) for name, row in schedules.items()}),
        Save(names, "step"),
    )
    assert not output.status.any(), output.bad_name
    return Runs(
        output.names,
        output.times,
        {run: output.values[i] for i, run in enumerate(runs)},
    )
