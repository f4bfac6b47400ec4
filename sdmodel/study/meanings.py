"""What variables mean and where values come from, in Chinese: tables beside a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sdmodel.errors import DataError, did_you_mean
from sdmodel.model.core import plain
from sdmodel.study.tables import read_rows

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from sdmodel.model.core import Model

FILE = "names.csv"
SOURCES = "sources.csv"


def read_meanings(folder: Path | None, model: Model) -> dict[str, str]:
    """Return what variables mean in Chinese, by `plain` name; empty without the file.

    A row whose name begins with a dot, as groups do in a Vensim file, names a sector.

    Raises
    ------
    DataError
        If the table names what is no variable or sector, or leaves a meaning blank;
        every problem at once.
    """
    if folder is None or not (folder / FILE).is_file():
        return {}
    sectors = {f".{v.group.lstrip('.').strip()}" for v in model.variables.values()}
    known = {plain(name): name for name in (*model.variables, *sorted(sectors))}
    problems: list[str] = []
    found: dict[str, str] = {}
    for row in read_rows(folder / FILE, ("name", "meaning_zh")):
        name = row.cells["name"]
        key = plain(name)
        if key not in known:
            hint = did_you_mean(name, list(known.values()))
            problems.append(f"{row.where}, column 'name': no variable '{name}'{hint}")
        elif key in found:
            problems.append(f"{row.where}: '{name}' already has a row")
        elif not row.cells["meaning_zh"]:
            problems.append(f"{row.where}, column 'meaning_zh': blank")
        found[key] = row.cells["meaning_zh"]
    if problems:
        raise DataError(problems)
    return found


def read_sources(folder: Path | None, known: Collection[str]) -> dict[str, str]:
    """Return sources in Chinese, by their English text.

    Parameters
    ----------
    known
        The sources that ``controls.csv`` and ``targets.csv`` name.

    Raises
    ------
    DataError
        If ``sources.csv`` holds what is none of them, or leaves one blank; every
        problem at once.
    """
    if folder is None or not (folder / SOURCES).is_file():
        return {}
    problems: list[str] = []
    found: dict[str, str] = {}
    for row in read_rows(folder / SOURCES, ("source", "source_zh")):
        english, chinese = row.cells["source"], row.cells["source_zh"]
        if english not in known:
            hint = did_you_mean(english, sorted(known))
            problems.append(
                f"{row.where}, column 'source': "
                f"neither controls.csv nor targets.csv has '{english}'{hint}"
            )
        elif not chinese:
            problems.append(f"{row.where}, column 'source_zh': blank")
        found[english] = chinese
    if problems:
        raise DataError(problems)
    return found
