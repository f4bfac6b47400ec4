"""From a study to the question of its sweep, refused where it is absurd."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sdmodel.errors import HostError, StudyError
from sdmodel.experiments.analysis import check_mixes
from sdmodel.experiments.designs import check_n
from sdmodel.experiments.methods import find_method
from sdmodel.experiments.question import (
    RUN_BYTES,
    SMALLEST_CHUNK,
    Question,
    seconds_of,
    usual_chunk,
)
from sdmodel.experiments.space import study_space
from sdmodel.experiments.wholes import check_held, check_table
from sdmodel.study.outcomes import parse_key
from sdmodel.study.study import is_table
from sdmodel.study.summaries import Window
from sdmodel.study.values_table import LARGEST_BYTES as LARGEST_DESIGN
from sdmodel.study.values_table import read_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sdmodel.engines.base import EngineName
    from sdmodel.experiments.space import Space
    from sdmodel.experiments.workbook import Workbook
    from sdmodel.model.core import Model
    from sdmodel.study.scenario import Scenario
    from sdmodel.study.study import Study

LARGEST_RUNS = 100_000_000
LARGEST_BYTES = 20_000_000_000
"""Beyond these a sweep is asked for by mistake, unless it is said that it is not."""

OTHER_SECONDS = 1e-5
"""Of a run outside the engine, roughly: drawing, reducing, writing."""

OTHER_BYTES = 27
"""Of a run in a file: its number, scenario, draw, status and time of going bad."""


CELL_BYTES, USUAL_CELLS = 16, 4096
"""Of the counts of a chunk's values of an outcome in a year."""


def ask(
    workbook: Workbook,
    study: Study,
    scenarios: Sequence[Scenario],
    *,
    engine: EngineName = "compiled",
    bands: bool = False,
    chunk: int | None = None,
    allow_outside: bool = False,
    allow_large: bool = False,
) -> Question:
    """Return the question of a sweep, all of it checked.

    Parameters
    ----------
    workbook, study
        From `workbook_of_study`.
    scenarios
        Those of the study, read.
    engine
        What computes.
    bands
        Whether to keep the spread of every outcome in each whole year.
    chunk
        Runs stored together, a multiple of 256; default by the model's size.
    allow_outside
        Whether a table may hold values outside their limits.
    allow_large
        Whether more than `LARGEST_RUNS` or `LARGEST_BYTES` are meant.

    Raises
    ------
    StudyError
        If it cannot be done as asked; before anything is drawn.
    """
    model = workbook.model
    keys = tuple(parse_key(t, workbook.outcomes, model) for t in study.outcomes)
    space, table, method = None, None, study.method
    if is_table(study.method):
        path, method = Path(study.method), "table"
        names, table = read_values(
            path,
            model,
            workbook.controls,
            rows=study.n,
            allow_outside=allow_outside,
        )
        check_table(names, table, workbook.controls, scenarios)
        rows = len(table)
    else:
        space = study_space(study, workbook.controls)
        if not space.groups:
            msg = (
                f"{study.path}: the study draws nothing; name levers, uncertainties or "
                "constants in [design], 'factors' or 'ranges'"
            )
            raise StudyError(msg)
        check_held(space, workbook.controls, scenarios)
        names = space.names
        rows = design_rows(study, space)
    if chunk is not None and (chunk < 1 or chunk % SMALLEST_CHUNK):
        msg = f"--chunk {chunk}: allowed: a multiple of {SMALLEST_CHUNK}"
        raise StudyError(msg)
    columns = len(names) + len(keys)
    if not allow_large:
        _refuse_large(rows * len(scenarios), columns, model, engine)
    return Question(
        model=model,
        scenarios=tuple((s.id, dict(s.values)) for s in scenarios),
        keys=keys,
        names=names,
        space=space,
        table=table,
        method=method,
        n=rows if table is not None else study.n,
        seed=study.seed,
        window=Window(rate=study.discount),
        engine=engine,
        bands=whole_years(model) if bands else (),
        chunk=chunk or usual_chunk(model, engine, columns),
        settings=settings_of(engine),
    )


def settings_of(engine: str) -> dict[str, int]:
    """Return the kernel settings of this machine; none where nothing is compiled."""
    from sdmodel.engines.native import missing
    from sdmodel.engines.target import kernel_settings

    return kernel_settings() if engine == "compiled" and not missing() else {}


def design_rows(study: Study, space: Space) -> int:
    """Return how many rows a study's design has, without drawing it.

    Raises
    ------
    StudyError
        If the sample size will not do, or the design must be held and is too large.
    """
    if study.method == "lhs":
        return study.n
    check_n(study.method, study.n)
    method = find_method(study.method)
    check_mixes(space, method)
    rows = study.n * method.block([group.columns for group in space.groups])
    needed = RUN_BYTES * rows * space.dimensions
    if study.method != "sobol" and needed > LARGEST_DESIGN:
        msg = (
            f"method '{study.method}', n = {study.n}: a design of {rows:,} rows and "
            f"{needed / 1e9:.1f} GB, which must be held in memory; at most "
            f"{LARGEST_DESIGN / 1e9:.1f} GB; 'lhs' and 'sobol' have no such limit"
        )
        raise StudyError(msg)
    return rows


def file_bytes(runs: int, columns: int) -> int:
    """Return about how many bytes the runs of a sweep take on disk."""
    return runs * (RUN_BYTES * columns + OTHER_BYTES)


def size_sentence(runs: int, columns: int, model: Model, engine: str) -> str:
    """Return what a sweep would take: runs, hours of all cores, bytes."""
    from sdmodel.engines.native import cores, missing

    many, slower = 1, 1.0
    if engine == "compiled" and not missing():
        from sdmodel.engines.target import host_target

        # The usual time, which sizes chunks alike everywhere, is that of eight lanes.
        many, slower = cores(), 8 / host_target().lanes
    needed = runs * (seconds_of(model, engine) * slower / many + OTHER_SECONDS)
    size = file_bytes(runs, columns)
    return (
        f"{runs:,} runs: roughly {_duration(needed)} on {many} cores, "
        f"{_size(size)} on disk"
    )


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{max(seconds, 1):.0f} s"
    if seconds < 3600:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:,.1f} hours"


def _size(count: float) -> str:
    unit, scale = ("GB", 1e9) if count >= 1e9 else ("MB", 1e6)
    return f"{count / scale:,.1f} {unit}"


def _refuse_large(runs: int, columns: int, model: Model, engine: str) -> None:
    if runs <= LARGEST_RUNS and file_bytes(runs, columns) <= LARGEST_BYTES:
        return
    msg = (
        f"{size_sentence(runs, columns, model, engine)}; more than {LARGEST_RUNS:,} "
        f"runs or {LARGEST_BYTES / 1e9:.0f} GB need --allow-large; lower n, or name "
        "fewer factors or scenarios"
    )
    raise StudyError(msg)


def check_disk(folder: Path, question: Question, runs: int) -> int:
    """Return how many bytes ``runs`` more runs take; refuse what the disk cannot hold.

    Raises
    ------
    HostError
        Saying how much is needed and how much is free.
    """
    needed = file_bytes(runs, len(question.names) + len(question.keys))
    # The spread over time is kept by chunk until all are there.
    courses = len(question.bands) * len(question.outcomes)
    needed += (
        runs
        * courses
        * CELL_BYTES
        * min(USUAL_CELLS, question.chunk)
        // (question.chunk)
    )
    place = folder.resolve()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    if needed > free:
        msg = (
            f"{folder}: about {needed / 1e6:,.1f} MB are needed for {runs:,} runs, and "
            f"{free / 1e6:,.1f} MB are free; make room, choose another folder with "
            "--out, or lower n"
        )
        raise HostError(msg)
    return needed


def whole_years(model: Model) -> tuple[float, ...]:
    """Return the saved times that are whole years; all of them if there are none."""
    saved = np.array(model.time.saved)
    whole = saved[np.abs(saved - np.rint(saved)) < 1e-9]
    return tuple((whole if len(whole) > 1 else saved).tolist())


def replaced(question: Question) -> list[str]:
    """Return a sentence for each scenario some of whose values the design draws."""
    found = []
    for name, values in question.scenarios:
        both: list[Any] = [item for item in values if item in set(question.names)]
        if both:
            shown = ", ".join(f"'{item}'" for item in both[:5])
            more = f" and {len(both) - 5} more" if len(both) > 5 else ""
            found.append(
                f"scenario '{name}' sets {shown}{more}, which the design draws: the "
                "drawn values take their place"
            )
    return found
