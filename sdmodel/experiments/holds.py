"""What an outcome would be if links of a model did not answer a change."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sdmodel.engines.simulate import simulate
from sdmodel.experiments.ensemble import by_name
from sdmodel.experiments.whatif import make_inputs
from sdmodel.model.cut import CutModel, course_name, cut_links, switch_name
from sdmodel.study.design import Inputs, Save, Schedule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sdmodel.engines.base import EngineName
    from sdmodel.model.cut import Link
    from sdmodel.model.web import Web
    from sdmodel.study.outcomes import OutcomeKey
    from sdmodel.study.scenario import Scenario
    from sdmodel.study.summaries import Window


@dataclass(frozen=True)
class Held:
    """A scenario as it is and with each cut.

    ``values`` has dims (row, outcome), ``series`` (row, step, outcome), ``sources``
    maps what cuts read to (row, step). Row 0 is the scenario itself, then one row a
    cut; a row that went bad is nan.
    """

    cuts: tuple[str, ...]
    values: NDArray[np.float64]
    series: NDArray[np.float64] = field(repr=False)
    sources: Mapping[str, NDArray[np.float64]] = field(repr=False)

    def effect(self, cut: str, outcome: int) -> float:
        """Return what an outcome owes to the links of a cut."""
        row = 1 + self.cuts.index(cut)
        return float(self.values[0, outcome] - self.values[row, outcome])

    def course(self, cut: str, outcome: int) -> NDArray[np.float64]:
        """Return the same over time, (step,)."""
        row = 1 + self.cuts.index(cut)
        found: NDArray[np.float64] = (
            self.series[0, :, outcome] - self.series[row, :, outcome]
        )
        return found


@dataclass(frozen=True)
class Switchboard:
    """A model with a switch for each cut, and the outcomes that are looked at."""

    web: Web
    cuts: Mapping[str, Sequence[Link]]
    keys: Sequence[OutcomeKey]
    window: Window
    engine: EngineName = "compiled"

    @cached_property
    def cut_model(self) -> CutModel:
        """The model with its switches."""
        return cut_links(self.web, self.cuts)

    def hold(
        self,
        scenarios: Sequence[Scenario],
        courses: Sequence[Mapping[str, Mapping[str, NDArray[np.float64]]]],
        times: NDArray[np.float64],
    ) -> tuple[Held, ...]:
        """Run each scenario as it is and once with each cut, all as one batch.

        Parameters
        ----------
        scenarios
            What to run.
        courses
            For each scenario and cut, the courses (step,) that its readers see.
        times
            Times of the courses, (step,).
        """
        model, cuts = self.cut_model.model, tuple(self.cuts)
        base = make_inputs(scenarios, model)
        rows = 1 + len(cuts)
        names = (*base.names, *(switch_name(cut) for cut in cuts))
        switches = np.vstack([np.zeros(len(cuts)), np.eye(len(cuts))])
        count = len(scenarios)
        values = np.hstack(
            [np.repeat(base.values, rows, axis=0), np.tile(switches, (count, 1))]
        )
        schedules: dict[str, list[Schedule | None]] = {
            name: [s for s in given for _ in range(rows)]
            for name, given in base.schedules.items()
        }
        clock = tuple(times.tolist())
        known: dict[bytes, Schedule] = {}
        for i, given in enumerate(courses):
            for row, cut in enumerate(cuts, 1 + i * rows):
                for source, course in given[cut].items():
                    seen = known.setdefault(
                        course.tobytes(), Schedule(clock, tuple(course.tolist()))
                    )
                    column = schedules.setdefault(
                        course_name(source), [None] * (count * rows)
                    )
                    column[row] = seen
        return self._run(names, values, schedules, count)

    def _run(
        self,
        names: tuple[str, ...],
        values: NDArray[np.float64],
        schedules: Mapping[str, list[Schedule | None]],
        count: int,
    ) -> tuple[Held, ...]:
        sources = self.sources
        outcomes = [n for k in self.keys for n in k.outcome.expression.names]
        output = simulate(
            self.cut_model.model,
            Inputs(names, values, {n: tuple(runs) for n, runs in schedules.items()}),
            Save(tuple(dict.fromkeys([*outcomes, *sources])), "step"),
            engine=self.engine,
            quick=True,
        )
        series = by_name(output)
        shape = (len(values), len(output.times))
        over = np.empty((*shape, len(self.keys)))
        found = np.empty((len(values), len(self.keys)))
        saved = np.asarray(self.web.model.time.saved)
        at = np.searchsorted(output.times, saved - 1e-9)
        for i, key in enumerate(self.keys):
            over[:, :, i] = key.outcome.expression.evaluate(series)
            found[:, i] = key.value(over[:, at, i], saved, self.window)
        bad = output.status != 0
        over[bad], found[bad] = np.nan, np.nan
        rows = len(values) // count
        return tuple(
            Held(
                tuple(self.cuts),
                found[part],
                over[part],
                {name: series[name][part] for name in sources},
            )
            for part in (slice(i * rows, (i + 1) * rows) for i in range(count))
        )

    @property
    def sources(self) -> tuple[str, ...]:
        """What the cuts read, each once."""
        every = [s for ss in self.cut_model.sources.values() for s in ss]
        return tuple(dict.fromkeys(every))

    def without_feedback(
        self,
        scenarios: Sequence[Scenario],
        held: Sequence[Held],
        times: NDArray[np.float64],
    ) -> tuple[Held, ...]:
        """Run each scenario with each cut fed by what it reads when it is open.

        With a link held at another run's course its source still answers the levers,
        but no longer what the link would have sent around. That course, played to the
        reader, leaves all in place but the feedback.
        """
        courses = [
            {
                cut: {s: one.sources[s][row] for s in self.cut_model.sources[cut]}
                for row, cut in enumerate(self.cuts, 1)
            }
            for one in held
        ]
        return self.hold(scenarios, courses, times)
