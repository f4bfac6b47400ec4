"""What runs, chunks and bytes cost here, and what a sweep of any size would take."""

from __future__ import annotations

import dataclasses
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sdmodel.experiments.asking import file_bytes
from sdmodel.experiments.parts import compute
from sdmodel.experiments.question import SMALLEST_CHUNK
from sdmodel.experiments.sweep_checks import digest
from sdmodel.experiments.sweep_files import chunk_of, run_file
from sdmodel.study.files import sync

if TYPE_CHECKING:
    from collections.abc import Callable

    from sdmodel.experiments.question import Question
    from sdmodel.experiments.sweep_files import Chunk

Found = TypeVar("Found")

REPEATS = 3
LARGEST = 16384
"""Runs of the larger of the two chunks that are measured."""


@dataclass(frozen=True)
class Costs:
    """Seconds and bytes on this machine, on one core.

    ``compute_run`` is a run, drawn, simulated, reduced and made part of a file;
    ``store_run`` and ``store_chunk`` what the one process that writes spends on each
    run and, besides, on each chunk; ``run_bytes`` a run on disk, ``chunk`` the runs of
    a chunk.
    """

    compute_run: float
    store_run: float
    store_chunk: float
    run_bytes: float
    chunk: int

    def seconds(self, runs: float, cores: int) -> float:
        """Return what a sweep takes: the cores compute while one process writes."""
        computing = runs * self.compute_run / cores
        writing = runs * self.store_run + runs / self.chunk * self.store_chunk
        return max(computing, writing)

    def cores_of_use(self) -> float:
        """Return the number of cores beyond which writing is what takes the time."""
        writing = self.store_run + self.store_chunk / self.chunk
        return self.compute_run / writing

    def document(self, runs: float, cores: int) -> dict[str, Any]:
        """Return all of it for JSON, with a sweep of ``runs`` on ``cores``."""
        return dataclasses.asdict(self) | {
            "runs": runs,
            "cores": cores,
            "hours": self.seconds(runs, cores) / 3600,
            "bytes": runs * self.run_bytes,
            "cores_of_use": self.cores_of_use(),
        }


def measure(question: Question) -> Costs:
    """Measure a sweep's costs on its first scenario; what is written is removed.

    The best of three counts. Two sizes of chunk tell what a chunk costs from what its
    runs cost.
    """
    large = min(max(question.rows, 1), LARGEST, question.chunk)
    small = min(SMALLEST_CHUNK, large)
    found: dict[int, tuple[float, float]] = {}
    for size in {small, large}:
        asked = dataclasses.replace(question, chunk=size)
        compute(asked, 0, jobs=1)  # compiled before the clock starts
        made, computing = _best(partial(_make, asked))
        _, storing = _best(partial(_store, made))
        found[size] = (computing, storing)
    per_run = (found[large][1] - found[small][1]) / max(large - small, 1)
    per_run = max(per_run, 0.0)
    columns = len(question.names) + len(question.keys)
    return Costs(
        compute_run=found[large][0] / large,
        store_run=per_run,
        store_chunk=max(found[small][1] - small * per_run, 0.0),
        run_bytes=float(file_bytes(1, columns)),
        chunk=question.chunk,
    )


def _best(work: Callable[[], Found]) -> tuple[Found, float]:
    """Return what the work gives, and the seconds of its quickest repeat."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        found = work()
        times.append(time.perf_counter() - start)
    return found, min(times)


def _make(question: Question) -> Chunk:
    return chunk_of(question, 0, compute(question, 0, jobs=1))


def _store(chunk: Chunk) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / run_file(0)
        path.write_bytes(chunk.runs)
        sync(path)
        digest(path.read_bytes())
