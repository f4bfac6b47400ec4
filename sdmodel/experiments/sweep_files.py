"""The files of a sweep's chunks: every run, and the spread over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sdmodel.experiments.parts import BandPart
from sdmodel.study.controls import unit_of
from sdmodel.study.results import dataset_bytes, versions

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from sdmodel.experiments.parts import Part
    from sdmodel.experiments.question import Question


def run_file(index: int) -> str:
    """Return the name of a chunk's runs."""
    return f"runs-{index:06d}.nc"


def band_file(index: int) -> str:
    """Return the name of a chunk's spread over time, kept until the sweep is done."""
    return f"bands-{index:06d}.npz"


def names_in_file(question: Question) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return how inputs and outcomes are called in NetCDF, where a slash is a group."""
    outcomes = tuple(_safe(key.text) for key in question.keys)
    taken = {*outcomes, "run", "scenario", "draw", "status", "bad_time"}
    inputs = tuple(
        f"{_safe(name)} (input)" if _safe(name) in taken else _safe(name)
        for name in question.names
    )
    return inputs, outcomes


def _safe(name: str) -> str:
    return name.replace("/", "∕")  # noqa: RUF001 - the look-alike is meant


def about(question: Question) -> dict[str, Any]:
    """Return the attributes of every NetCDF file of a sweep."""
    kernel = {f"kernel_{name}": value for name, value in question.settings.items()}
    return {
        "model": question.model.name,
        "model_digest": question.model.digest,
        "study_digest": question.digest,
        "engine": question.engine,
        "method": question.method,
        "n": question.n,
        "seed": question.seed,
        **kernel,
        **{f"version_{name}": text for name, text in versions().items()},
    }


def chunk_bytes(question: Question, index: int, part: Part) -> bytes:
    """Return a chunk's runs as NetCDF: inputs and outcomes on one dimension."""
    import xarray as xr

    scenario, start, stop = question.span(index)
    values = question.values(start, stop)
    inputs, outcomes = names_in_file(question)
    ids = [name for name, _ in question.scenarios]
    draws = np.arange(start, stop, dtype=np.int64)
    found: dict[str, Any] = {
        "scenario": (
            ("run",),
            np.full(stop - start, scenario, dtype=np.int16),
            {
                "flag_values": np.arange(len(ids), dtype=np.int16),
                "flag_meanings": " ".join(name.replace(" ", "_") for name in ids),
            },
        ),
        "draw": (("run",), draws, {"long_name": "row of the design"}),
    }
    for i, name in enumerate(inputs):
        unit = unit_of(question.names[i], question.model)
        told = {"units": unit, "role": "input"}
        found[name] = (("run",), np.ascontiguousarray(values[:, i]), told)
    for i, key in enumerate(question.keys):
        told = {
            "units": key.unit,
            "role": "outcome",
            "long_name": key.outcome.label_en,
            "label_zh": key.outcome.label_zh,
            "summary": key.summary if key.year is None else f"value in {key.year:g}",
        }
        found[outcomes[i]] = (("run",), np.ascontiguousarray(part.values[:, i]), told)
    found["status"] = (("run",), part.status, {"long_name": "0 good, 1 bad"})
    found["bad_time"] = (("run",), part.bad_time, {"units": "Year"})
    first = scenario * question.rows
    dataset = xr.Dataset(found, coords={"run": first + draws}, attrs=about(question))
    return dataset_bytes(dataset)


def band_arrays(part: BandPart) -> dict[str, NDArray[Any]]:
    """Return a chunk's spread over time as named arrays."""
    return {
        "blocks": part.blocks,
        "low": part.low,
        "high": part.high,
        "sizes": np.array([len(keys) for keys, _ in part.counts]),
        "keys": np.concatenate([keys for keys, _ in part.counts]),
        "counts": np.concatenate([counts for _, counts in part.counts]),
    }


def bands_of(arrays: Mapping[str, NDArray[Any]]) -> BandPart:
    """Return what `band_arrays` gave."""
    cuts = np.cumsum(arrays["sizes"])[:-1]
    pairs = zip(
        np.split(arrays["keys"], cuts), np.split(arrays["counts"], cuts), strict=True
    )
    return BandPart(arrays["blocks"], arrays["low"], arrays["high"], tuple(pairs))


def read_bands(path: Path) -> BandPart:
    """Return what `band_arrays` gave, from its file."""
    with np.load(path, allow_pickle=False) as found:
        return bands_of(dict(found))
