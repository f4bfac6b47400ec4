"""What if: scenarios in, outcomes out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from sdmodel.engines.simulate import simulate
from sdmodel.errors import RunError
from sdmodel.experiments.labelled import dataset
from sdmodel.experiments.workbook import folder_of, workbook_of
from sdmodel.study.design import Inputs, Save, Schedule
from sdmodel.study.outcomes import OutcomeKey, parse_key
from sdmodel.study.scenario import Scenario
from sdmodel.study.summaries import Window
from sdmodel.study.values import value_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import xarray as xr
    from numpy.typing import NDArray

    from sdmodel.engines.base import EngineName, Progress
    from sdmodel.model.core import Model
    from sdmodel.study.outcomes import Outcome

SaveWhat = Literal["outcomes", "all"]


@dataclass(frozen=True)
class Answer:
    """What came of scenarios, one row a scenario, in plain arrays.

    ``series`` maps outcome ids to (run, time), ``values`` outcome keys to (run,), both
    nan where there is no number; every value of a bad run is nan. ``inputs`` is what
    went in; ``elements`` holds the saved model elements, (run, time) as computed.
    """

    scenarios: tuple[Scenario, ...]
    inputs: Inputs = field(repr=False)
    keys: tuple[OutcomeKey, ...]
    times: NDArray[np.float64]
    series: dict[str, NDArray[np.float64]]
    values: dict[str, NDArray[np.float64]]
    elements: dict[str, NDArray[np.float64]] = field(repr=False)
    status: NDArray[np.int8]
    bad_time: NDArray[np.float64]
    bad_name: tuple[str, ...]

    def bad_runs(self) -> tuple[str, ...]:
        """Return one sentence for each run that went bad."""
        return tuple(
            f"scenario '{scenario.id}' went bad: '{self.bad_name[i]}' ceased to be a "
            f"finite number at {self.bad_time[i]:.10g}; it has no outcomes"
            for i, scenario in enumerate(self.scenarios)
            if self.status[i] != 0
        )


def make_inputs(scenarios: Sequence[Scenario], model: Model) -> Inputs:
    """Return one row per scenario; what a scenario leaves alone has its default."""
    names = tuple(dict.fromkeys(name for s in scenarios for name in s.values))
    values = np.empty((len(scenarios), len(names)))
    schedules: dict[str, tuple[Schedule | None, ...]] = {}
    for column, name in enumerate(names):
        default = model.inputs[model.input_index[name]].default
        given = [s.values.get(name, default) for s in scenarios]
        timed = tuple(v if isinstance(v, Schedule) else None for v in given)
        values[:, column] = [
            value_at(value, model.time.start) if isinstance(value, Schedule) else value
            for value in given
        ]
        if any(timed):
            schedules[name] = timed
    return Inputs(names, values, schedules)


def evaluate(
    model: Model,
    scenarios: Sequence[Scenario],
    keys: Sequence[OutcomeKey],
    *,
    engine: EngineName = "compiled",
    save: SaveWhat = "outcomes",
    window: Window | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
    quick: bool = False,
) -> Answer:
    """Run scenarios and sum up their outcomes, without xarray; see also `simulate`.

    Raises
    ------
    RunError
        If there is nothing to run, or two scenarios share an id.
    """
    _check(scenarios)
    window = window or Window()
    needed = [name for key in keys for name in key.outcome.expression.names]
    names = tuple(dict.fromkeys(model.scalars if save == "all" else needed))
    inputs = make_inputs(scenarios, model)
    output = simulate(
        model,
        inputs,
        Save(names),
        engine=engine,
        jobs=jobs,
        progress=progress,
        quick=quick,
    )
    elements = {name: output.values[:, :, i] for i, name in enumerate(output.names)}
    series = _series(keys, elements, (len(scenarios), len(output.times)))
    values = _values(keys, series, output.times, window)
    if output.status.any():
        for found in values.values():
            found[output.status != 0] = np.nan
    return Answer(
        scenarios=tuple(scenarios),
        inputs=inputs,
        keys=tuple(keys),
        times=output.times,
        series=series,
        values=values,
        elements=elements,
        status=output.status,
        bad_time=output.bad_time,
        bad_name=output.bad_name,
    )


def _series(
    keys: Sequence[OutcomeKey],
    elements: dict[str, NDArray[np.float64]],
    shape: tuple[int, int],
) -> dict[str, NDArray[np.float64]]:
    """Return each outcome's series (run, time), nan where there is no number."""
    outcomes = {key.outcome.id: key.outcome for key in keys}
    whole = np.empty((len(outcomes), *shape))
    for row, outcome in zip(whole, outcomes.values(), strict=True):
        row[...] = outcome.expression.evaluate(elements)
    bad = ~np.isfinite(whole)
    if bad.any():
        whole[bad] = np.nan
    return dict(zip(outcomes, whole, strict=True))


def _values(
    keys: Sequence[OutcomeKey],
    series: dict[str, NDArray[np.float64]],
    times: NDArray[np.float64],
    window: Window,
) -> dict[str, NDArray[np.float64]]:
    """Return each key's number (run,).

    Keys that are summed up alike go through the summary together: for one run its cost
    is that of calling it, not of its arithmetic.
    """
    alike: dict[tuple[str, float | None], list[OutcomeKey]] = {}
    for key in keys:
        alike.setdefault((key.summary, key.year), []).append(key)
    values: dict[str, NDArray[np.float64]] = {}
    for group in alike.values():
        rows = np.concatenate([series[key.outcome.id] for key in group])
        found = group[0].value(rows, times, window)
        for key, part in zip(group, found.reshape(len(group), -1), strict=True):
            values[key.text] = part
    return {key.text: values[key.text] for key in keys}


def _check(scenarios: Sequence[Scenario]) -> None:
    if not scenarios:
        msg = "no scenario to run; give at least one"
        raise RunError(msg)
    ids = [scenario.id for scenario in scenarios]
    twice = [name for name in dict.fromkeys(ids) if ids.count(name) > 1]
    if twice:
        raise RunError(_same_id(scenarios, name) for name in twice)


def _same_id(scenarios: Sequence[Scenario], name: str) -> str:
    first, *others = (scenario for scenario in scenarios if scenario.id == name)
    if all(other == first for other in others):
        return f"scenario '{name}' is given twice; name it once"
    return f"two scenarios are called '{name}'; rename one of the files"


def headline_keys(outcomes: Iterable[Outcome]) -> tuple[OutcomeKey, ...]:
    """Return each outcome with the summary of its row."""
    return tuple(OutcomeKey(o.id, o, o.summary) for o in outcomes)


def run(
    model: Model,
    scenarios: Scenario | str | Path | Iterable[Scenario | str | Path],
    *,
    engine: EngineName = "compiled",
    save: SaveWhat = "outcomes",
    keys: Sequence[str] = (),
    window: Window | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Run scenarios of a model.

    Parameters
    ----------
    model
        From `read_model`.
    scenarios
        One or several: scenarios, ids of the model's folder, or ``.toml`` files.
    engine
        What computes: "compiled", "numpy" or "pysd".
    save
        "outcomes", or "all" for every variable of the model too.
    keys
        Further outcome keys, such as ``fund_balance@2035`` or ``spending@total``.
    window
        Years over which outcomes are summed up, and the discount rate.
    jobs
        Threads; all cores if None.
    progress
        Called with runs done and runs in all.

    Returns
    -------
    xarray.Dataset
        Dims (run, time, subscripts…); ``run`` holds scenario ids. Of each outcome
        ``id`` the series (run, time) and ``id@summary`` (run,); each constant that a
        scenario sets (run,), or (run, time) if scheduled; ``status`` (run,), 0 good
        and 1 bad, with ``bad_time`` and ``bad_name``.

    Raises
    ------
    SdmodelError
        If a scenario or table is wrong.
    """
    workbook = workbook_of(model, folder_of(model))
    several = [scenarios] if isinstance(scenarios, Scenario | str) else scenarios
    listed = [several] if not hasattr(several, "__iter__") else list(several)
    read = [
        item if isinstance(item, Scenario) else workbook.scenario(item)
        for item in listed
    ]
    wanted = {key.text: key for key in headline_keys(workbook.outcomes)}
    for text in keys:
        key = parse_key(text, workbook.outcomes, model)
        wanted[key.text] = key
    answer = evaluate(
        model,
        read,
        tuple(wanted.values()),
        engine=engine,
        save=save,
        window=window,
        jobs=jobs,
        progress=progress,
    )
    return dataset(answer, model, engine=engine, save=save)
