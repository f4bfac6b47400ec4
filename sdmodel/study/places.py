"""Where a file may be written: never over what was read, nor over a run's record."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sdmodel.errors import UsageError
from sdmodel.study.grids import FOLDER as GRIDS
from sdmodel.study.locate import MODEL_SUFFIXES
from sdmodel.study.results import MANIFEST, PAGE
from sdmodel.study.scenario import SCENARIOS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SOURCES = (*MODEL_SUFFIXES, ".vpmx", ".vpm", ".toml")
"""Endings of what people write by hand: models, scenarios, studies and grids."""

TABLES = (
    "controls.csv", "outcomes.csv", "targets.csv", "flows.csv", "names.csv",
    "sources.csv", "boundary.csv", "systems.csv", "loops.csv",
)  # fmt: skip
"""Tables of a model folder. Other names beside a model may be a reader's own output."""
PARTS = (SCENARIOS, GRIDS, "evidence")
"""Folders in a model folder that hold nothing but its files."""


def model_tables(folder: Path | None) -> tuple[Path, ...]:
    """Return the tables that belong to a model folder; nothing for a lone file."""
    if folder is None:
        return ()
    found = [folder / name for name in TABLES]
    for part in PARTS:
        found += sorted((folder / part).rglob("*.csv"))
    return tuple(found)


def check_target(
    path: Path,
    inputs: Iterable[Path] = (),
    *,
    ending: str = "",
    own: Path | None = None,
) -> None:
    """Refuse, before any work, to write a file over what must not be lost.

    Parameters
    ----------
    path
        The file to come.
    inputs
        Files that this command reads.
    ending
        The one of ``SOURCES`` that this command writes, if it writes any.
    own
        The file of a run folder that this command may write.

    Raises
    ------
    UsageError
        If it is called as a model, a scenario or a study is, is read by this command,
        or is a file of a run folder.
    """
    true = path.resolve()
    for name in (path, true):
        suffix = name.suffix.casefold()
        if suffix in SOURCES and suffix != ending:
            msg = (
                f"{path}: a name that ends in {suffix} is that of a model, a scenario, "
                "a study or a grid, and this command writes none here; choose another "
                "ending"
            )
            raise UsageError(msg)
    for source in inputs:
        if source.resolve() == true or _same(path, source):
            msg = (
                f"{path}: this command reads this file and would write over it; choose "
                "another name"
            )
            raise UsageError(msg)
    if own is not None and own.resolve() == true:
        return
    for folder in true.parents:
        if _is_of_run(true, folder):
            msg = (
                f"{path}: this is a file of the run in {folder}, which would be lost; "
                "choose another name"
            )
            raise UsageError(msg)


def check_apart(folder: Path, files: Iterable[Path]) -> None:
    """Refuse a folder for results, which is replaced as a whole, if files lie in it.

    Raises
    ------
    UsageError
        If it does.
    """
    true = folder.resolve()
    for file in files:
        if true in file.resolve().parents:
            msg = (
                f"{folder}: this folder is replaced as a whole, and {file} lies in it; "
                "name another folder"
            )
            raise UsageError(msg)


def _same(path: Path, other: Path) -> bool:
    """Say whether two names lead to one file, as where case does not count."""
    try:
        return path.samefile(other)
    except OSError:
        return False


def _is_of_run(path: Path, folder: Path) -> bool:
    """Say whether a path is the record of a run, a result of it or its page."""
    manifest = folder / MANIFEST
    if not manifest.is_file():
        return False
    try:
        record = json.loads(manifest.read_bytes())
    except (OSError, ValueError, RecursionError):
        # A record that cannot be read may yet be mended by hand.
        return path == manifest
    outputs = record.get("outputs") if isinstance(record, dict) else None
    if not isinstance(outputs, dict) or not {"format", "kind"} <= set(record):
        return False  # a record of another program's, under the same name
    if record["kind"] == "sweep":
        return path.exists()  # an unfinished one does not list its chunks
    inside = path.relative_to(folder).parts[0]
    return inside in {MANIFEST, PAGE, *outputs}
