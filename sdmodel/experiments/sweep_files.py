"""The files of a sweep's chunks: every run, and the spread over time."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from sdmodel.experiments.labelled import name_in_file
from sdmodel.experiments.parts import BandPart
from sdmodel.study.controls import unit_of
from sdmodel.study.netcdf import netcdf_bytes
from sdmodel.study.results import versions

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from sdmodel.experiments.parts import Part
    from sdmodel.experiments.question import Question


RUN = "run"
"""The dimension of a chunk's file, and the first of its variables."""


def run_file(index: int) -> str:
    """Return the name of a chunk's runs."""
    return f"runs-{index:06d}.nc"


def band_file(index: int) -> str:
    """Return the name of a chunk's spread over time, kept until the sweep is done."""
    return f"bands-{index:06d}.npz"


def names_in_file(question: Question) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return how inputs and outcomes are called in NetCDF, where a slash is a group."""
    outcomes = tuple(name_in_file(key.text) for key in question.keys)
    taken = {*outcomes, RUN, "scenario", "draw", "status", "bad_time"}
    inputs = tuple(
        f"{name_in_file(name)} (input)"
        if name_in_file(name) in taken
        else name_in_file(name)
        for name in question.names
    )
    return inputs, outcomes


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


@dataclass(frozen=True)
class Chunk:
    """The files of a chunk: its runs, and its spread over time if bands are kept."""

    runs: bytes = field(repr=False)
    bands: bytes | None = field(repr=False, default=None)

    def packed(self) -> bytes:
        """Return both as one: the length of the first, and the two."""
        head = len(self.runs).to_bytes(8, "big")
        return head + self.runs + (self.bands or b"")


def unpacked_chunk(data: bytes) -> Chunk:
    """Return what `Chunk.packed` gave."""
    cut = 8 + int.from_bytes(data[:8], "big")
    return Chunk(data[8:cut], data[cut:] or None)


def chunk_of(question: Question, index: int, part: Part) -> Chunk:
    """Return the files of a chunk."""
    bands = None
    if part.bands is not None:
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **_arrays(part.bands))
        bands = buffer.getvalue()
    return Chunk(chunk_bytes(question, index, part), bands)


def chunk_bytes(question: Question, index: int, part: Part) -> bytes:
    """Return a chunk's runs as NetCDF: inputs and outcomes on one dimension."""
    return netcdf_bytes(_variables(question, index, part), about(question))


def _variables(
    question: Question, index: int, part: Part
) -> dict[str, tuple[tuple[str, ...], NDArray[Any], dict[str, Any]]]:
    """Return what a chunk's file holds: dim, values (run,) and attributes by name."""
    scenario, start, stop = question.span(index)
    inputs, outcomes = names_in_file(question)
    ids = [name for name, _ in question.scenarios]
    draws = np.arange(start, stop, dtype=np.int64)
    flags = {
        "flag_values": np.arange(len(ids), dtype=np.int16),
        "flag_meanings": " ".join(name.replace(" ", "_") for name in ids),
    }
    found: dict[str, tuple[NDArray[Any], dict[str, Any]]] = {
        RUN: (scenario * question.rows + draws, {}),
        "scenario": (np.full(stop - start, scenario, dtype=np.int16), flags),
        "draw": (draws, {"long_name": "row of the design"}),
    }
    values = question.values(start, stop)
    for i, name in enumerate(inputs):
        unit = unit_of(question.names[i], question.model)
        told = {"units": unit, "role": "input"}
        found[name] = (np.ascontiguousarray(values[:, i]), told)
    for i, key in enumerate(question.keys):
        told = {
            "units": key.unit,
            "role": "outcome",
            "long_name": key.outcome.label_en,
            "label_zh": key.outcome.label_zh,
            "summary": key.summary if key.year is None else f"value in {key.year:g}",
        }
        found[outcomes[i]] = (np.ascontiguousarray(part.values[:, i]), told)
    found["status"] = (part.status, {"long_name": "0 good, 1 bad"})
    found["bad_time"] = (part.bad_time, {"units": "Year"})
    return {name: ((RUN,), *item) for name, item in found.items()}


def _arrays(part: BandPart) -> dict[str, NDArray[Any]]:
    """Return a chunk's spread over time as named arrays."""
    return {
        "blocks": part.blocks,
        "low": part.low,
        "high": part.high,
        "sizes": np.array([len(keys) for keys, _ in part.counts]),
        "keys": np.concatenate([keys for keys, _ in part.counts]),
        "counts": np.concatenate([counts for _, counts in part.counts]),
    }


def _bands_of(arrays: Mapping[str, NDArray[Any]]) -> BandPart:
    """Return what `_arrays` gave."""
    cuts = np.cumsum(arrays["sizes"])[:-1]
    pairs = zip(
        np.split(arrays["keys"], cuts), np.split(arrays["counts"], cuts), strict=True
    )
    return BandPart(arrays["blocks"], arrays["low"], arrays["high"], tuple(pairs))


def read_bands(path: Path) -> BandPart:
    """Return what `chunk_of` wrote."""
    with np.load(path, allow_pickle=False) as found:
        return _bands_of(dict(found))
