"""Many runs around one scenario, each reduced to its outcomes as soon as it is done."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from sdmodel.engines.simulate import simulate
from sdmodel.study.design import Inputs, Save, Schedule
from sdmodel.study.summaries import Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from sdmodel.engines.base import EngineName, Output, Progress
    from sdmodel.model.core import Model
    from sdmodel.study.outcomes import Outcome, OutcomeKey

CHUNK_BYTES = 48_000_000
"""Series held at once; the outcomes of a whole study are far smaller."""

FEWEST_RUNS = 256
"""Smallest chunk: engines work on batches of lanes, on several cores."""


@dataclass(frozen=True)
class Ensemble:
    """How runs around one scenario are made.

    ``base`` holds the scenario's values, numbers or schedules, by element name; a
    sampled constant takes the place of both. ``settings`` are those of a kernel on
    another processor, ``quick`` says that runs are few; see `simulate`.
    """

    model: Model
    base: Mapping[str, float | Schedule]
    engine: EngineName = "compiled"
    jobs: int | None = None
    window: Window = field(default_factory=Window)
    settings: Mapping[str, int] | None = None
    quick: bool = False

    def inputs(self, names: Sequence[str], values: NDArray[np.float64]) -> Inputs:
        """Return the runs whose constants ``names`` take ``values`` (run, name)."""
        runs = len(values)
        sampled = set(names)
        fixed = {
            name: value
            for name, value in self.base.items()
            if name not in sampled and not isinstance(value, Schedule)
        }
        held = np.broadcast_to(np.array(list(fixed.values())), (runs, len(fixed)))
        return Inputs(
            names=(*names, *fixed),
            values=np.ascontiguousarray(np.hstack([values, held])),
            schedules={
                name: (value,) * runs
                for name, value in self.base.items()
                if name not in sampled and isinstance(value, Schedule)
            },
        )

    def outputs(
        self,
        inputs: Inputs,
        save: Save,
        progress: Progress | None = None,
    ) -> Iterator[tuple[slice, Output]]:
        """Simulate chunk by chunk; yield which runs each output holds."""
        times = self.model.time.saved if save.times is None else save.times
        row = 8 * max(len(times), 1) * max(len(save.names), 1)
        size = max(FEWEST_RUNS, CHUNK_BYTES // row // FEWEST_RUNS * FEWEST_RUNS)
        total = len(inputs.values)
        for start in range(0, total, size):
            rows = slice(start, min(start + size, total))

            def report(done: int, _: int, start: int = start) -> None:
                if progress is not None:
                    progress(start + done, total)

            part = Inputs(
                inputs.names,
                inputs.values[rows],
                {name: runs[rows] for name, runs in inputs.schedules.items()},
            )
            yield (
                rows,
                simulate(
                    self.model,
                    part,
                    save,
                    engine=self.engine,
                    jobs=self.jobs,
                    progress=report,
                    settings=self.settings,
                    quick=self.quick,
                ),
            )

    def outcomes(
        self,
        keys: Sequence[OutcomeKey],
        names: Sequence[str],
        values: NDArray[np.float64],
        progress: Progress | None = None,
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return the outcomes (run, key) of these runs, and which runs failed (run,).

        A failed run has nan for every outcome.
        """
        save = Save(names_of(key.outcome for key in keys), self.times(keys))
        found = np.full((len(values), len(keys)), np.nan)
        failed = np.zeros(len(values), dtype=bool)
        for rows, output in self.outputs(self.inputs(names, values), save, progress):
            series = by_name(output)
            failed[rows] = output.status != 0
            for i, key in enumerate(keys):
                over_time = key.outcome.expression.evaluate(series)
                found[rows, i] = key.value(over_time, output.times, self.window)
        found[failed] = np.nan
        return found, failed

    def courses(
        self,
        keys: Sequence[OutcomeKey],
        inputs: Inputs,
        kept: Sequence[int],
        progress: Progress | None = None,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
        """Return outcomes (run, key), their series (run, time, key), and failed runs.

        ``kept`` are the places of the saved times whose values are kept; the outcomes
        are summed up over all of them. A failed run has nan throughout.
        """
        runs = len(inputs.values)
        found = np.empty((runs, len(keys)))
        series = np.empty((runs, len(kept), len(keys)))
        failed = np.zeros(runs, dtype=bool)
        save = Save(names_of(key.outcome for key in keys))
        at = np.asarray(kept, dtype=np.int64)
        for rows, output in self.outputs(inputs, save, progress):
            parts = by_name(output)
            failed[rows] = output.status != 0
            for i, key in enumerate(keys):
                over_time = key.outcome.expression.evaluate(parts)
                series[rows, :, i] = over_time[:, at]
                found[rows, i] = key.value(over_time, output.times, self.window)
        found[failed] = np.nan
        series[failed] = np.nan
        return found, series, failed

    def times(self, keys: Sequence[OutcomeKey]) -> tuple[float, ...] | None:
        """Return the few saved times that suffice for these keys, or None for all."""
        saved = self.model.time.saved
        needed: set[float] = set()
        for key in keys:
            if key.year is None and key.summary == "final":
                needed.add(saved[-1])
            elif key.year in saved:
                needed.add(float(key.year))
            else:
                return None
        return tuple(sorted(needed))


def names_of(outcomes: Iterable[Outcome]) -> tuple[str, ...]:
    """Return the elements that these outcomes need, each once."""
    return tuple(dict.fromkeys(name for o in outcomes for name in o.expression.names))


def crossed(
    model: Model,
    bases: Sequence[Mapping[str, float | Schedule]],
    names: Sequence[str],
    drawn: NDArray[np.float64],
) -> Inputs:
    """Return every scenario with every draw, one scenario after the other.

    One question for all scenarios means one compiled kernel for all.

    Parameters
    ----------
    model
        Gives the values of constants that a scenario leaves alone.
    bases
        Values of each scenario; a sampled constant that one sets itself is not
        sampled there.
    names, drawn
        Sampled constants, and their values (draw, name).
    """
    draws = len(drawn)
    every = tuple(dict.fromkeys([*names, *(name for base in bases for name in base)]))
    defaults = {item.name: item.default for item in model.inputs}
    column = {name: drawn[:, i] for i, name in enumerate(names)}
    values = np.empty((len(bases), draws, len(every)))
    schedules: dict[str, list[Schedule | None]] = {}
    for s, base in enumerate(bases):
        for i, name in enumerate(every):
            given = base.get(name)
            if isinstance(given, Schedule):
                runs = schedules.setdefault(name, [None] * (len(bases) * draws))
                runs[s * draws : (s + 1) * draws] = [given] * draws
            if given is None or isinstance(given, Schedule):
                values[s, :, i] = column.get(name, defaults[name])
            else:
                values[s, :, i] = given
    return Inputs(
        every,
        values.reshape(-1, len(every)),
        {name: tuple(runs) for name, runs in schedules.items()},
    )


def by_name(output: Output) -> dict[str, NDArray[np.float64]]:
    """Return the series (run, time) of each saved element."""
    return {name: output.values[:, :, i] for i, name in enumerate(output.names)}
