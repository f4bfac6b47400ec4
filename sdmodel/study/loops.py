"""Feedback loops by name: each a few waypoints, joined in the model's own graph."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from sdmodel.errors import DataError, ModelFileError
from sdmodel.study.tables import Row, read_rows

if TYPE_CHECKING:
    from pathlib import Path

    from sdmodel.model.web import Web

FILE = "loops.csv"
COLUMNS = ("id", "name_en", "name_zh", "polarity", "waypoints", "source")
POLARITIES = ("R", "B")
BETWEEN = ">"


@dataclass(frozen=True)
class Loop:
    """A feedback loop.

    ``path`` holds its elements in order, the first not repeated at the end. Its first
    link, between the first two, is the one that is cut to see what the loop does.
    """

    id: str
    name_en: str
    name_zh: str
    polarity: Literal["R", "B"]
    waypoints: tuple[str, ...]
    path: tuple[str, ...]
    source: str

    @property
    def links(self) -> tuple[tuple[str, str], ...]:
        """What is read and who reads it, once around."""
        return tuple(itertools.pairwise((*self.path, self.path[0])))


def read_loops(folder: Path | None, web: Web) -> tuple[Loop, ...]:
    """Return the rows of ``loops.csv``, each closed in the model's graph.

    Raises
    ------
    DataError
        If the table is wrong or a loop does not close; every problem at once.
    """
    if folder is None or not (folder / FILE).is_file():
        return ()
    problems: list[str] = []
    found: dict[str, Loop] = {}
    for row in read_rows(folder / FILE, COLUMNS):
        loop = _loop(row, web, problems)
        if loop is None:
            continue
        if loop.id in found:
            problems.append(f"{row.where}: '{loop.id}' already has a row")
        found[loop.id] = loop
    if problems:
        raise DataError(problems)
    return tuple(found.values())


def _loop(row: Row, web: Web, problems: list[str]) -> Loop | None:
    before = len(problems)
    problems += [
        f"{row.where}, column '{column}': blank"
        for column in ("id", "name_en", "name_zh", "source")
        if not row.cells[column]
    ]
    polarity = row.word("polarity", POLARITIES, problems)
    waypoints = []
    for text in row.cells["waypoints"].split(BETWEEN):
        try:
            waypoints.append(_element(text.strip(), web))
        except (ModelFileError, ValueError) as error:
            problems.append(f"{row.where}, column 'waypoints': {error}")
    if len(problems) > before:
        return None
    path = _closed(row, waypoints, web, problems)
    if path is None:
        return None
    return Loop(
        id=row.cells["id"],
        name_en=row.cells["name_en"],
        name_zh=row.cells["name_zh"],
        polarity=cast("Literal['R', 'B']", polarity),
        waypoints=tuple(waypoints),
        path=path,
        source=row.cells["source"],
    )


def _element(text: str, web: Web) -> str:
    """Return the element that owns the value of what a waypoint names."""
    model = web.model
    if not text:
        msg = f"a name is missing; write name {BETWEEN} name {BETWEEN} name"
        raise ValueError(msg)
    name = model.find(text)
    if name not in model.scalars:
        elements = model.variables[name].elements
        if len(elements) != 1:
            shown = ", ".join(elements[:6]) or "none"
            msg = f"'{name}' is an array; name one of its elements: {shown}"
            raise ValueError(msg)
        name = elements[0]
    owner = web.canonical(name)
    if owner not in web.parents or owner in model.input_index:
        msg = f"'{name}' is a constant, on which no loop runs"
        raise ValueError(msg)
    return owner


def _closed(
    row: Row, waypoints: list[str], web: Web, problems: list[str]
) -> tuple[str, ...] | None:
    """Return the way around through the waypoints, or say why there is none."""
    whole: list[str] = []
    for start, end in zip(waypoints, [*waypoints[1:], waypoints[0]], strict=True):
        way = web.path(start, end)
        if way is None:
            problems.append(
                f"{row.where}, '{row.cells['id']}': no equation leads from '{start}' "
                f"to '{end}'"
            )
            return None
        whole += way[:-1]
    twice = [name for name in dict.fromkeys(whole) if whole.count(name) > 1]
    if twice:
        problems.append(
            f"{row.where}, '{row.cells['id']}': the shortest way passes '{twice[0]}' "
            "twice; add a waypoint on the way that is meant"
        )
        return None
    return tuple(whole)
