"""What the runs of a sweep come to: moments, quantiles, and their spread over time.

Everything here is a function of the question and of the chunks' files, so that a sweep
that was broken off ends with the same bytes as one that was not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sdmodel.experiments.streams import (
    BOUND,
    Moments,
    block_moments,
    cell_quantiles,
    cells,
    gathered,
    together,
)
from sdmodel.experiments.sweep_files import (
    about,
    band_file,
    names_in_file,
    read_bands,
    run_file,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    import xarray as xr
    from numpy.typing import NDArray

    from sdmodel.experiments.question import Question
    from sdmodel.experiments.streams import Cells

QUANTILES = (0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975)
EXACT = 2**24
"""Runs of a scenario up to which its quantiles are those of NumPy, interpolated; beyond
they are streamed."""
HELD_BYTES = 40_000_000


@dataclass(frozen=True)
class Column:
    """What one outcome comes to over the runs of one scenario."""

    runs: int
    bad: int
    undefined: int
    moments: Moments
    low: float
    high: float
    quantiles: NDArray[np.float64]


def columns(question: Question, folder: Path, scenario: int) -> list[Column]:
    """Sum up every outcome of a scenario from the files of its chunks."""
    exact = question.rows <= EXACT
    held = HELD_BYTES // (8 * question.rows) if exact else 1
    found: list[Column] = []
    for first in range(0, len(question.keys), max(held, 1)):
        keys = range(first, min(first + max(held, 1), len(question.keys)))
        found += _columns(question, folder, scenario, keys, exact=exact)
    return found


def _columns(
    question: Question, folder: Path, scenario: int, keys: range, *, exact: bool
) -> list[Column]:
    names = [names_in_file(question)[1][i] for i in keys]
    whole = np.empty((len(names), question.rows if exact else 0))
    blocks: list[NDArray[np.float64]] = []
    counts: list[list[Cells]] = [[] for _ in names]
    low, high = np.full(len(names), np.inf), np.full(len(names), -np.inf)
    bad = 0
    for start, data in chunks_of(question, folder, scenario, (*names, "status")):
        *series, status = data
        part = np.stack(series, axis=1)
        known = ~np.isnan(part)
        bad += int(np.count_nonzero(status))
        blocks.extend(block_moments(part))
        low = np.minimum(low, part.min(axis=0, initial=np.inf, where=known))
        high = np.maximum(high, part.max(axis=0, initial=-np.inf, where=known))
        if exact:
            whole[:, start : start + len(part)] = part.T
            continue
        for i in range(len(names)):
            column = np.ascontiguousarray(part[known[:, i], i])
            counts[i] = [together([*counts[i], cells(column)])]
    gathered_all = gathered(blocks)
    found = []
    for i in range(len(names)):
        one = Moments(
            *(
                np.asarray(getattr(gathered_all, field))[i : i + 1]
                for field in ("count", "mean", "second", "third", "fourth")
            )
        )
        size = int(one.count[0])
        if not size:
            quantiles = np.full(len(QUANTILES), np.nan)
        elif exact:
            quantiles = np.quantile(whole[i][~np.isnan(whole[i])], QUANTILES)
        else:
            # Nothing lies beyond the ends, though a cell may.
            quantiles = cell_quantiles(counts[i][0], QUANTILES)
            quantiles = np.clip(quantiles, low[i], high[i])
        found.append(
            Column(
                runs=question.rows,
                bad=bad,
                undefined=question.rows - bad - size,
                moments=one,
                low=float(low[i]) if size else np.nan,
                high=float(high[i]) if size else np.nan,
                quantiles=quantiles,
            )
        )
    return found


def chunks_of(
    question: Question, folder: Path, scenario: int, names: Sequence[str]
) -> Iterator[tuple[int, list[NDArray[Any]]]]:
    """Yield of each chunk of a scenario its first row, and some of its variables."""
    import h5netcdf

    first = scenario * question.chunks_each
    for index in range(first, first + question.chunks_each):
        # A tenth of the time that xarray takes, which looks at every variable.
        with h5netcdf.File(folder / run_file(index), "r") as data:
            found = [data.variables[name][...] for name in names]
        yield question.span(index)[1], found


def results_dataset(question: Question, folder: Path) -> xr.Dataset:
    """Return what the runs come to.

    Dims scenario, outcome, quantile; with bands also band_outcome and time.
    """
    import xarray as xr

    table = [columns(question, folder, s) for s in range(len(question.scenarios))]

    def gather(pick: Callable[[Column], Any]) -> NDArray[Any]:
        return np.array([[pick(column) for column in row] for row in table])

    dims = ("scenario", "outcome")
    found: dict[str, Any] = {
        "runs": (dims, gather(lambda c: c.runs)),
        "bad": (dims, gather(lambda c: c.bad), {"long_name": "runs that went bad"}),
        "undefined": (
            dims,
            gather(lambda c: c.undefined),
            {"long_name": "good runs in which the outcome has no value"},
        ),
        "mean": (dims, gather(lambda c: c.moments.mean[0])),
        "sd": (dims, gather(lambda c: c.moments.sd[0])),
        "skewness": (dims, gather(lambda c: c.moments.skewness[0])),
        "kurtosis": (dims, gather(lambda c: c.moments.kurtosis[0])),
        "minimum": (dims, gather(lambda c: c.low)),
        "maximum": (dims, gather(lambda c: c.high)),
        "quantiles": ((*dims, "quantile"), gather(lambda c: c.quantiles)),
        "unit": (("outcome",), [key.unit for key in question.keys]),
    }
    coords: dict[str, Any] = {
        "scenario": [name for name, _ in question.scenarios],
        "outcome": [key.text for key in question.keys],
        "quantile": list(QUANTILES),
    }
    attrs = about(question) | {
        "counted": "moments and quantiles are over runs - bad - undefined runs",
        "quantile_rule": "interpolated between order statistics"
        if question.rows <= EXACT
        else f"order statistics within a relative {BOUND:g}",
    }
    if question.bands:
        _add_bands(question, folder, found)
        coords["band_outcome"] = [outcome.id for outcome in question.outcomes]
        coords["time"] = list(question.bands)
        attrs["band_rule"] = f"order statistics within a relative {BOUND:g}"
    return xr.Dataset(found, coords=coords, attrs=attrs)


def _add_bands(question: Question, folder: Path, found: dict[str, Any]) -> None:
    shape = (len(question.outcomes), len(question.bands))
    parts = [
        _bands(question, folder, place, shape)
        for place in range(len(question.scenarios))
    ]
    dims = ("scenario", "band_outcome", "time")
    for name in ("count", "mean", "sd", "minimum", "maximum"):
        found[f"band_{name}"] = (dims, np.array([part[name] for part in parts]))
    found["band_quantiles"] = (
        (*dims, "quantile"),
        np.array([part["quantiles"] for part in parts]),
    )


def _bands(
    question: Question, folder: Path, scenario: int, shape: tuple[int, int]
) -> dict[str, NDArray[np.float64]]:
    """Sum up the spread over time of a scenario, (outcome, time) and quantile last."""
    first = scenario * question.chunks_each
    files = [
        folder / band_file(index)
        for index in range(first, first + question.chunks_each)
    ]

    def blocks() -> Iterable[NDArray[np.float64]]:
        for path in files:
            yield from read_bands(path).blocks

    total = gathered(blocks())
    low = np.full(shape[0] * shape[1], np.inf)
    high = -low
    counts: list[Cells] = []
    for path in files:
        part = read_bands(path)
        low = np.minimum(low, part.low)
        high = np.maximum(high, part.high)
        counts = (
            [together(pair) for pair in zip(counts, part.counts, strict=True)]
            if counts
            else list(part.counts)
        )
    known = total.count > 0
    quantiles = np.array([cell_quantiles(c, QUANTILES) for c in counts])
    # Nothing lies beyond the ends, though a cell may.
    quantiles = np.clip(quantiles, low[:, None], high[:, None])
    return {
        "count": total.count.reshape(shape),
        "mean": total.mean.reshape(shape),
        "sd": total.sd.reshape(shape),
        "minimum": np.where(known, low, np.nan).reshape(shape),
        "maximum": np.where(known, high, np.nan).reshape(shape),
        "quantiles": quantiles.reshape(*shape, len(QUANTILES)),
    }
