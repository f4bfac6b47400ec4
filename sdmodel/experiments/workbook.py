"""A model together with the tables of its folder: all that a question refers to."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from sdmodel.errors import SdmodelError, StudyError
from sdmodel.study.controls import read_controls
from sdmodel.study.factors import ranged
from sdmodel.study.files import stamp
from sdmodel.study.grids import find_grid, on_grid, read_grid
from sdmodel.study.locate import is_shipped, locate_model, split_grid
from sdmodel.study.outcomes import element_outcomes, read_outcomes, stock_outcomes
from sdmodel.study.places import model_tables
from sdmodel.study.scenario import BASELINE, SCENARIOS, scenario_chain, scenario_paths
from sdmodel.study.scenario import read_scenario as read_scenario_of
from sdmodel.study.study import read_study
from sdmodel.study.toml_files import read_toml
from sdmodel.translate.read import files_of
from sdmodel.translate.read import read_model as translate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sdmodel.model.core import Model
    from sdmodel.study.controls import Control
    from sdmodel.study.files import Stamp
    from sdmodel.study.outcomes import Outcome
    from sdmodel.study.scenario import Scenario
    from sdmodel.study.study import Study

    _Files = tuple[tuple[Path, Stamp], ...]

_CONTROLS, _OUTCOMES = "controls.csv", "outcomes.csv"
_JUDGE = (
    "engine pysd turns the equations into a Python program and runs it; what could "
    "carry code of the file into it is refused, but nothing else stands between: for "
    "a stranger's model prefer compiled or numpy"
)


_MOST_READ = 64
"""Scenarios that a workbook keeps."""


@dataclass(frozen=True)
class Workbook:
    """A model, its controls and its outcomes; ``folder`` is None for a lone file.

    A model without ``outcomes.csv`` is looked at through its stocks, or through
    all that it computes if it has none.
    """

    model: Model
    folder: Path | None
    controls: tuple[Control, ...]
    outcomes: tuple[Outcome, ...]
    _read: dict[str, tuple[_Files, Scenario]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def scenario_ids(self) -> tuple[str, ...]:
        """Return the ids of its scenarios, the baseline first.

        Without scenario files the values in the model file are the baseline.
        """
        return tuple(scenario_paths(self.folder)) or (BASELINE,)

    def cautions(self, engine: str = "compiled") -> tuple[str, ...]:
        """Return what a user of this model is told before the numbers."""
        if engine == "pysd" and not is_shipped(self.model.path):
            return (*self.model.warnings, _JUDGE)
        return self.model.warnings

    def scenario(
        self,
        name: str | Path,
        *,
        sets: Sequence[str] = (),
        allow_outside: bool = False,
    ) -> Scenario:
        """Read one of its scenarios, or a ``.toml`` file, with ``--set`` on top.

        As written it is kept until a file changes from which it was read.
        """
        text = str(name)
        files, kept = self._read.get(text, ((), None))
        as_written = not sets and not allow_outside
        if kept is not None and as_written and all(stamp(p) == s for p, s in files):
            return _copy(kept)
        if as_written:
            files = self._files(text)
        found = read_scenario_of(
            name,
            self.folder,
            self.model,
            self.controls,
            allow_outside=allow_outside,
            sets=sets,
        )
        if as_written:
            if len(self._read) >= _MOST_READ:
                self._read.clear()
            self._read[text] = (files, _copy(found))
        return found

    def _files(self, name: str) -> _Files:
        """Return what a scenario is read from, and its state: folder and files."""
        folder = () if self.folder is None else (self.folder / SCENARIOS,)
        chain = [file.path for file in scenario_chain(name, self.folder)]
        return tuple((path, stamp(path)) for path in (*folder, *chain))


def _copy(scenario: Scenario) -> Scenario:
    """Return a scenario whose values are its own: a caller's may be changed by hand."""
    return dataclasses.replace(
        scenario,
        title=dict(scenario.title),
        story=dict(scenario.story),
        values=dict(scenario.values),
        evidence=dict(scenario.evidence),
        shows=dict(scenario.shows),
    )


def open_workbook(
    name_or_path: str | Path = "consortium", data: Sequence[Path | str] = ()
) -> Workbook:
    """Read a model and the tables beside it.

    Parameters
    ----------
    name_or_path
        A shipped model's name, a model folder, or a model file; ``@GRID`` behind it
        puts the model on a grid of its folder, or of a ``.toml`` file.
    data
        As in `read_model`.

    Raises
    ------
    SdmodelError
        If the model or a table is wrong; problems of both tables at once.
    """
    _, folder = locate_model(name_or_path)
    return workbook_of(read_model(name_or_path, data), folder)


def workbook_of(model: Model, folder: Path | None) -> Workbook:
    """Return a model that was read already, with the tables of ``folder``.

    Tables are read again when their files have changed: someone who asks one what-if
    after another waits for the runs alone.
    """
    tables = () if folder is None else (folder / _CONTROLS, folder / _OUTCOMES)
    return _workbook(_Same(model), folder, tuple(map(stamp, tables)))


class _Same:
    """A model as the key of a cache: itself, not one like it."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def __hash__(self) -> int:
        return id(self.model)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.model is self.model


@lru_cache(maxsize=4)
def _workbook(same: _Same, folder: Path | None, stamps: tuple[Stamp, ...]) -> Workbook:
    del stamps  # only tells one state of the files from another
    model = same.model
    problems: list[str] = []
    controls: tuple[Control, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    kind: type[SdmodelError] | None = None
    try:
        if folder is not None and (folder / _CONTROLS).exists():
            controls = read_controls(folder, model)
    except SdmodelError as error:
        problems += error.problems
        kind = type(error)
    try:
        if folder is not None and (folder / _OUTCOMES).exists():
            outcomes = read_outcomes(folder, model)
        else:
            outcomes = stock_outcomes(model)
    except SdmodelError as error:
        problems += error.problems
        kind = type(error)
    if kind is not None:
        raise kind(problems)
    return Workbook(model, folder, controls, outcomes)


def workbook_of_study(workbook: Workbook, path: Path) -> tuple[Workbook, Study]:
    """Return a study file, and the workbook as the study sees it.

    The ranges that the study gives are among its controls. A model without
    ``outcomes.csv`` is looked at through any of its variables.

    Raises
    ------
    StudyError
        With every problem of the file at once.
    """
    design = read_toml(path, StudyError, "study").get("design")
    given = design.get("ranges") if isinstance(design, dict) else None
    controls = ranged(path, given, workbook.controls, workbook.model)
    outcomes = workbook.outcomes
    if workbook.folder is None or not (workbook.folder / "outcomes.csv").exists():
        outcomes = element_outcomes(workbook.model)
    study = read_study(
        path,
        controls=controls,
        outcomes=outcomes,
        scenarios=workbook.scenario_ids(),
        model=workbook.model,
    )
    return dataclasses.replace(workbook, controls=controls, outcomes=outcomes), study


def read_model(
    name_or_path: str | Path = "consortium", data: Sequence[Path | str] = ()
) -> Model:
    """Return a model by the name of a shipped one or by its path, with ``@GRID``.

    Parameters
    ----------
    name_or_path
        As in `open_workbook`.
    data
        Tables of series over time, wherever they are, for data variables; the first
        that holds a variable counts, and all go before tables beside the model.

    Raises
    ------
    ModelFileError
        If there is no such model or it cannot be read.
    ScenarioError
        If there is no such grid, or it does not fit the model.
    """
    source, folder = locate_model(name_or_path)
    _, grid = split_grid(name_or_path)
    model = translate(source, data=data)
    return model if grid is None else on_grid(model, read_grid(find_grid(grid, folder)))


def input_files(name_or_path: str | Path = "consortium") -> tuple[Path, ...]:
    """Return what is read with a model: its file, its data, its tables and its grid.

    Raises
    ------
    SdmodelError
        If there is no such model or grid.
    """
    source, folder = locate_model(name_or_path)
    _, grid = split_grid(name_or_path)
    grids = () if grid is None else (find_grid(grid, folder),)
    return (*files_of(source), *model_tables(folder), *grids)


def read_scenario(
    name: str | Path, model: Model, *, allow_outside_limits: bool = False
) -> Scenario:
    """Return a scenario of a model: an id of its folder, or a ``.toml`` file.

    Raises
    ------
    ScenarioError
        With every problem at once.
    """
    workbook = workbook_of(model, folder_of(model))
    return workbook.scenario(name, allow_outside=allow_outside_limits)


def folder_of(model: Model) -> Path | None:
    """Return the folder whose tables belong to a model that was read."""
    return locate_model(model.path)[1]
