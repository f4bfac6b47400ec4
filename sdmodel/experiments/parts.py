"""One chunk of a sweep: run it, and reduce each run to its outcomes at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from sdmodel.experiments.ensemble import by_name, names_of
from sdmodel.experiments.streams import block_moments, cells, together
from sdmodel.study.design import Save

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sdmodel.engines.base import Progress
    from sdmodel.experiments.ensemble import Ensemble
    from sdmodel.experiments.question import Question
    from sdmodel.experiments.streams import Cells


@dataclass(frozen=True)
class Part:
    """What a chunk came to.

    ``values`` has dims (run, key), nan where a run went bad or an outcome does not
    exist; ``status``, ``bad_time`` (run,). ``bands`` is None where none were asked.
    """

    values: NDArray[np.float64]
    status: NDArray[np.int8]
    bad_time: NDArray[np.float64]
    bands: BandPart | None = None


@dataclass(frozen=True)
class BandPart:
    """The spread over a chunk's runs of each outcome at each kept time.

    Columns are outcomes times times, the times of one outcome together. ``blocks`` is
    (block, 5, column), see `streams`; ``low`` and ``high`` (column,); ``counts`` one
    pair of cells and counts per column.
    """

    blocks: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    counts: tuple[Cells, ...] = field(repr=False)


def compute(
    question: Question,
    index: int,
    *,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Part:
    """Run a chunk and reduce it.

    Parameters
    ----------
    question
        The sweep.
    index
        Which of its chunks.
    jobs, progress
        As for `simulate`.
    """
    scenario, start, stop = question.span(index)
    ensemble = question.ensemble(scenario, jobs)
    runs, keys = stop - start, question.keys
    save = save_of(question, ensemble)
    inputs = ensemble.inputs(question.names, question.values(start, stop))
    values = np.full((runs, len(keys)), np.nan)
    status = np.zeros(runs, dtype=np.int8)
    bad_time = np.full(runs, np.nan)
    bands: list[BandPart] = []
    for rows, output in ensemble.outputs(inputs, save, progress):
        elements = by_name(output)
        status[rows], bad_time[rows] = output.status, output.bad_time
        failed = output.status != 0
        kept = np.searchsorted(output.times, np.array(question.bands) - 1e-9)
        course = np.empty((len(failed), len(question.outcomes), len(kept)))
        for place, outcome in enumerate(question.outcomes):
            series = outcome.expression.evaluate(elements)
            if series.ndim < 2:  # an expression without names is one number
                series = np.broadcast_to(series, (len(failed), len(output.times)))
            for i, key in enumerate(keys):
                if key.outcome.id == outcome.id:
                    found = key.value(series, output.times, question.window)
                    values[rows, i] = np.where(
                        failed | ~np.isfinite(found), np.nan, found
                    )
            course[:, place] = series[:, kept]
        if question.bands:
            course[failed] = np.nan
            course[~np.isfinite(course)] = np.nan
            bands.append(_band_part(course.reshape(len(failed), -1)))
        # Let go before the next ones are made: two at once would be the peak.
        del output, elements, series, course
    return Part(values, status, bad_time, _joined(bands) if bands else None)


def save_of(question: Question, ensemble: Ensemble) -> Save:
    """Return what each run must keep for the outcomes and bands of a question."""
    times = ensemble.times(question.keys)
    if times is not None and question.bands:
        times = tuple(sorted({*times, *question.bands}))
    return Save(names_of(question.outcomes), times)


def _band_part(course: NDArray[np.float64]) -> BandPart:
    """Reduce (run, column), nan where there is no number."""
    known = ~np.isnan(course)
    return BandPart(
        blocks=block_moments(course),
        low=np.min(course, axis=0, initial=np.inf, where=known),
        high=np.max(course, axis=0, initial=-np.inf, where=known),
        counts=tuple(
            cells(np.ascontiguousarray(course[known[:, i], i]))
            for i in range(course.shape[1])
        ),
    )


def _joined(parts: list[BandPart]) -> BandPart:
    if len(parts) == 1:
        return parts[0]
    return BandPart(
        blocks=np.concatenate([part.blocks for part in parts]),
        low=np.min([part.low for part in parts], axis=0),
        high=np.max([part.high for part in parts], axis=0),
        counts=tuple(
            together([part.counts[i] for part in parts])
            for i in range(len(parts[0].counts))
        ),
    )
