"""What the verbs that do studies share."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sdmodel.experiments.workbook import Workbook
    from sdmodel.study.study import Study


def open_study(
    name: str,
    *,
    model: str | None = None,
    method: str | None = None,
    data: tuple[str, ...] = (),
    n: int | None = None,
    seed: int | None = None,
) -> tuple[Workbook, Study]:
    """Return a study with the workbook of its model, and the options in place.

    A method named on the command line keeps the study's ``n`` only if it is the
    study's method too: trajectories and base rows are not the same thing.

    Raises
    ------
    SdmodelError
        If the study, its model or an option is wrong.
    """
    from sdmodel.experiments.workbook import open_workbook, workbook_of_study
    from sdmodel.study.locate import find_study
    from sdmodel.study.study import model_of, override

    path = find_study(name)
    workbook = open_workbook(model or model_of(path), data)
    workbook, study = workbook_of_study(workbook, path)
    if method is not None:
        method = method.strip().casefold()
        if n is None and method != study.method:
            n = DEFAULT_N.get(method)
    return workbook, override(study, method=method, n=n, seed=seed)


def default_out(given: str, name: str = "out") -> Path:
    """Return where a study's results go: runs/STUDY/out, or beside a study file.

    Raises
    ------
    StudyError
        If there is no such study.
    """
    from sdmodel.study.locate import find_study

    path = find_study(given)
    if len(Path(given).parts) == 1 and not Path(given).suffix:
        return Path("runs") / path.parent.name / name
    return path.parent / name


DEFAULT_N = {
    "morris": 64,
    "sobol": 1024,
    "fast": 513,
    "rbd-fast": 1024,
    "delta": 1024,
    "pawn": 1024,
    "dgsm": 256,
    "lhs": 10_000,
}
"""Sizes of designs where neither study nor command line says."""


def study_record(study: Study) -> dict[str, object]:
    """Return a study as the manifest keeps it."""
    record = asdict(study)
    return record | {"path": str(study.path) if study.path else None}


def command_line() -> list[str]:
    """Return the command as it was given, for the manifest."""
    return ["sdmodel", *sys.argv[1:]] if sys.argv else ["sdmodel"]


def open_page(path: Path) -> None:
    """Show a page in the reader's browser, if there is one."""
    import webbrowser

    webbrowser.open(path.resolve().as_uri())
