"""Sweeps: any number of runs, chunk by chunk, to disk, and on from where they stopped.

The runs of a chunk are reduced to their outcomes as soon as they are done; what all
runs come to is made from the files of the chunks when the last is there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sdmodel.errors import HostError, UsageError
from sdmodel.experiments.asking import ask, check_disk, replaced
from sdmodel.experiments.parts import compute
from sdmodel.experiments.sweep_checks import COMPLETE
from sdmodel.experiments.sweep_files import about, chunk_of, names_in_file
from sdmodel.experiments.sweep_store import Store, advice, open_store
from sdmodel.experiments.sweep_tables import bad_rows
from sdmodel.experiments.workbook import folder_of, workbook_of, workbook_of_study
from sdmodel.study.files import remove_if_empty
from sdmodel.study.locate import find_study
from sdmodel.study.places import check_apart
from sdmodel.study.results import (
    MANIFEST,
    RESULTS,
    RunFolder,
    describe,
    held,
    now,
    open_run,
)
from sdmodel.study.study import is_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import xarray as xr

    from sdmodel.engines.base import EngineName, Progress
    from sdmodel.experiments.question import Question
    from sdmodel.experiments.sweep_files import Chunk
    from sdmodel.model.core import Model


@dataclass(frozen=True)
class Sweep:
    """A sweep that is complete.

    ``bad`` holds its first bad runs: run, scenario, draw, time, variable, then the
    values of ``names``; ``bad_runs`` counts them all.
    """

    folder: Path
    runs: int
    bad_runs: int
    names: tuple[str, ...]
    bad: list[list[Any]] = field(repr=False)

    def results(self) -> xr.Dataset:
        """Return moments, quantiles and bands: dims scenario, outcome, quantile."""
        return open_run(self.folder).dataset(RESULTS)

    def dataset(self) -> xr.Dataset:
        """Return every run, inputs beside outcomes, dim run; read into memory."""
        import xarray as xr

        parts = [
            xr.load_dataset(path, engine="h5netcdf")
            for path in sorted(self.folder.glob("runs-*.nc"))
        ]
        return xr.concat(
            parts, "run", data_vars="minimal", coords="minimal",
            compat="override", join="outer", combine_attrs="override",
        )  # fmt: skip


def sweep(
    model: Model,
    study: str | Path,
    out: str | Path,
    *,
    engine: EngineName = "compiled",
    jobs: int | None = None,
    bands: bool = False,
    chunk: int | None = None,
    cluster: str | None = None,
    restart: bool = False,
    allow_large: bool = False,
    progress: Progress | None = None,
) -> Sweep:
    """Run a study's design over its scenarios, to a folder.

    Called again with the same question it goes on where it stopped, whatever stopped
    it, and ends with the same bytes.

    Parameters
    ----------
    model
        The model.
    study
        Name of a shipped study, or path of a study file.
    out
        Folder for the results.
    engine, jobs, progress
        As for ``simulate``; progress counts the runs of the whole sweep.
    bands
        Whether to keep the spread of every outcome in each whole year.
    chunk
        Runs stored together; default by the model's size.
    cluster
        Address of a Dask scheduler, or "local" for one on this machine.
    restart
        Whether what an older sweep left in the folder may go.
    allow_large
        Whether a sweep of a hundred million runs or of 20 GB is meant.

    Returns
    -------
    Sweep
        Where the results are, and the runs that went bad.

    Raises
    ------
    StudyError
        If it cannot be done as asked, before any run.
    UsageError
        If what it reads lies in that folder.
    ResultsError
        If the folder holds something else.
    HostError
        If the folder cannot be written, or the cluster not reached.
    """
    workbook = workbook_of(model, folder_of(model))
    workbook, asked = workbook_of_study(workbook, find_study(study))
    if is_table(asked.method):
        check_apart(Path(out), [Path(asked.method)])
    scenarios = [workbook.scenario(name) for name in asked.scenarios]
    question = ask(
        workbook,
        asked,
        scenarios,
        engine=engine,
        bands=bands,
        chunk=chunk,
        allow_large=allow_large,
    )
    record = describe(
        "sweep",
        command=[],
        model=model,
        engine=engine,
        started=now(),
        scenarios=scenarios,
        study={"name": asked.name, "method": asked.method, "n": asked.n},
        seed=asked.seed,
        warnings=replaced(question),
    )
    with held(Path(out)):
        return fill(
            Path(out),
            question,
            record,
            jobs=jobs,
            cluster=cluster,
            restart=restart,
            progress=progress,
        )


def sample(model: Model, study: str | Path) -> xr.Dataset:
    """Return the runs that a sweep would make, their inputs on the dim run.

    Raises
    ------
    StudyError
        If it cannot be done as asked.
    """
    import xarray as xr

    workbook = workbook_of(model, folder_of(model))
    workbook, asked = workbook_of_study(workbook, find_study(study))
    scenarios = [workbook.scenario(name) for name in asked.scenarios[:1]]
    question = ask(workbook, asked, scenarios)
    values = question.values(0, question.rows)
    names, _ = names_in_file(question)
    found = {name: (("run",), values[:, i].copy()) for i, name in enumerate(names)}
    coords = {"run": np.arange(question.rows)}
    return xr.Dataset(found, coords=coords, attrs=about(question))


def fill(
    folder: Path,
    question: Question,
    record: dict[str, Any],
    *,
    jobs: int | None = None,
    cluster: str | None = None,
    restart: bool = False,
    progress: Progress | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Sweep:
    """Compute what is not in a folder yet, and finish it; see `sweep`.

    ``folder`` is held by the caller, ``record`` is its manifest; ``say`` is told what
    was damaged and is done again.
    """
    fresh, stood = not (folder / MANIFEST).exists(), folder.exists()
    if fresh:
        check_disk(folder, question, question.runs)
    store = open_store(folder, question, record, restart=restart, say=say)
    left = question.runs - store.runs_kept
    needed = check_disk(folder, question, left) if left else 0
    if progress is not None:
        progress(store.runs_kept, question.runs)
    try:
        for index, chunk in _chunks(store, jobs, cluster, progress):
            store.add(index, chunk)
            if progress is not None:
                progress(store.runs_kept, question.runs)
        done = store.manifest["state"] == COMPLETE
        bad = bad_rows(question, folder) if done else store.finish()
    except HostError as error:
        if cluster is not None and fresh and not store.kept:
            # A cluster that never answered began nothing.
            (folder / MANIFEST).unlink(missing_ok=True)
            remove_if_empty(() if stood else (folder,))
            raise
        share = (question.runs - store.runs_kept) / max(left, 1)
        raise advice(store, error, int(needed * share)) from error
    results = RunFolder(folder, store.manifest).dataset(RESULTS)
    return Sweep(
        folder=folder,
        runs=question.runs,
        bad_runs=int(results["bad"].to_numpy()[:, 0].sum()),
        names=question.names,
        bad=bad,
    )


def _chunks(
    store: Store,
    jobs: int | None,
    cluster: str | None,
    progress: Progress | None,
) -> Iterator[tuple[int, Chunk]]:
    """Yield the chunks that are still to come, in any order."""
    question = store.question
    if cluster is not None:
        if question.engine == "pysd":
            msg = "--cluster: the judge stays on this machine; use compiled or numpy"
            raise UsageError(msg)
        from sdmodel.experiments.cluster import chunks

        yield from chunks(question, store.pending, cluster, jobs)
        return
    for index in store.pending:
        before = store.runs_kept

        def report(done: int, _: int, before: int = before) -> None:
            if progress is not None:
                progress(before + done, question.runs)

        part = compute(question, index, jobs=jobs, progress=report)
        yield index, chunk_of(question, index, part)


def first_bad(found: Sweep, most: int) -> Sequence[str]:
    """Return a sentence for each of the first bad runs, with what made it bad."""
    sentences = []
    for run, scenario, _draw, time, variable, *values in found.bad[:most]:
        given = ", ".join(
            f"'{name}' = {value:.6g}"
            for name, value in list(zip(found.names, values, strict=True))[:8]
        )
        more = f" and {len(found.names) - 8} more" if len(found.names) > 8 else ""
        sentences.append(
            f"run {run} (scenario '{scenario}'): '{variable}' ceased to be a finite "
            f"number at {time:.10g}, with {given}{more}"
        )
    return sentences
