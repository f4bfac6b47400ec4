"""The book of a model: every variable by sector, its picture, loops and boundary."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sdmodel.errors import DataError
from sdmodel.experiments.exogenous import exogenous_series
from sdmodel.model.core import plain
from sdmodel.report.sketch import draw_view, read_views
from sdmodel.study.meanings import read_meanings
from sdmodel.study.tables import read_rows
from sdmodel.translate.guard import decode, read_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sdmodel.experiments.workbook import Workbook
    from sdmodel.model.core import Model, Variable
    from sdmodel.study.controls import Control

_ELEMENT_ZH = re.compile(r"（[^（）]*）$")
BOUNDARY = "boundary.csv"
SIDES = ("endogenous", "exogenous", "left out")


@dataclass(frozen=True)
class Entry:
    """One variable as the book shows it; ``sources`` are (source, grade) pairs."""

    name: str
    dims: str
    kind: str
    unit: str
    equation: str
    meaning: str
    meaning_zh: str
    sources: tuple[tuple[str, str], ...]
    limits: str
    anchor: str


@dataclass(frozen=True)
class Sector:
    """A group of the file: its entries and its pictures (SVG)."""

    name: str
    entries: tuple[Entry, ...]
    pictures: tuple[str, ...] = ()

    @property
    def stocks(self) -> tuple[Entry, ...]:
        """The stocks of the sector."""
        return tuple(entry for entry in self.entries if entry.kind == "stock")


@dataclass(frozen=True)
class Boundary:
    """What stands inside the model, enters from outside, or is left out, and why."""

    side: str
    item_en: str
    item_zh: str
    why_en: str
    why_zh: str


@dataclass(frozen=True)
class Book:
    """Everything that the pages of a model's book show."""

    model: Model
    sectors: tuple[Sector, ...]
    boundary: tuple[Boundary, ...]
    controls: tuple[Control, ...]
    scalars: int
    exogenous: tuple[tuple[str, str, str], ...] = ()
    loops: tuple[Mapping[str, str], ...] = field(default=())

    @property
    def variables(self) -> int:
        """How many variables there are, as `check` counts: the clock's are not."""
        return sum(v.kind != "control" for v in self.model.variables.values())


def make_book(workbook: Workbook) -> Book:
    """Return the book of a model.

    Raises
    ------
    DataError
        If ``names.csv`` or ``boundary.csv`` beside the model is wrong.
    """
    model, folder = workbook.model, workbook.folder
    meanings = read_meanings(folder, model)
    controls = {plain(item.name): item for item in workbook.controls}
    by_sector: dict[str, list[Entry]] = {}
    for variable in model.variables.values():
        sector = variable.group.lstrip(".") or "Other"
        entry = _entry(variable, controls, meanings)
        by_sector.setdefault(sector, []).append(entry)
    pictures = _pictures(model, by_sector)
    return Book(
        model=model,
        sectors=tuple(
            Sector(name, tuple(entries), tuple(pictures.get(name, ())))
            for name, entries in by_sector.items()
        ),
        boundary=_boundary(folder),
        controls=workbook.controls,
        scalars=sum(len(item.elements) for item in model.variables.values()),
        exogenous=tuple(
            (item.name, item.kind, ", ".join(item.used_by[:6]))
            for item in exogenous_series(model)
        ),
        loops=_loops(folder),
    )


def anchor(name: str) -> str:
    """Return the address of a variable on the page."""
    return "v-" + re.sub(r"\W+", "-", name.casefold()).strip("-")


def _entry(
    variable: Variable, controls: Mapping[str, Control], meanings: Mapping[str, str]
) -> Entry:
    rows = [
        row
        for name in (variable.name, *variable.elements)
        if (row := controls.get(plain(name))) is not None
    ]
    limits = ""
    if rows:
        low, high = min(row.min for row in rows), max(row.max for row in rows)
        limits = f"{low:g} … {high:g}" if f"{low:g}" != f"{high:g}" else "fixed"
    meaning_zh = meanings.get(plain(variable.name), "")
    if not meaning_zh and rows:
        meaning_zh = rows[0].label_zh
        if variable.dims:  # the label of an element ends with the element
            meaning_zh = _ELEMENT_ZH.sub("", meaning_zh)
    return Entry(
        name=variable.name,
        dims=f"[{', '.join(variable.dims)}]" if variable.dims else "",
        kind=variable.kind,
        unit=variable.unit,
        equation=" ".join(variable.equation.split()),
        meaning=variable.comment,
        meaning_zh=meaning_zh,
        sources=tuple(dict.fromkeys((row.source, row.grade) for row in rows)),
        limits=limits,
        anchor=anchor(variable.name),
    )


def _boundary(folder: Path | None) -> tuple[Boundary, ...]:
    if folder is None or not (folder / BOUNDARY).is_file():
        return ()
    columns = ("side", "item_en", "item_zh", "why_en", "why_zh")
    problems: list[str] = []
    found = []
    for row in read_rows(folder / BOUNDARY, columns):
        row.word("side", SIDES, problems)
        problems += [
            f"{row.where}, column '{column}': blank"
            for column in columns
            if not row.cells[column]
        ]
        found.append(Boundary(*(row.cells[column] for column in columns)))
    if problems:
        raise DataError(problems)
    return tuple(found)


def _loops(folder: Path | None) -> tuple[Mapping[str, str], ...]:
    if folder is None or not (folder / "loops.csv").is_file():
        return ()
    columns = ("id", "name_en", "name_zh", "polarity", "waypoints", "source")
    return tuple(row.cells for row in read_rows(folder / "loops.csv", columns))


def _pictures(
    model: Model, by_sector: Mapping[str, Sequence[Entry]]
) -> dict[str, list[str]]:
    """Return the drawn views of each sector: where most of their variables stand."""
    if Path(model.path).suffix.casefold() != ".mdl":
        return {}
    text = decode(read_bytes(Path(model.path)), model.path)
    kinds = {plain(item.name): item.kind for item in model.variables.values()}
    links = {plain(item.name): anchor(item.name) for item in model.variables.values()}
    homes = {
        plain(entry.name): sector
        for sector, entries in by_sector.items()
        for entry in entries
    }
    found: dict[str, list[str]] = {}
    for view in read_views(text):
        own = [
            homes[plain(item.name)]
            for item in view.items.values()
            if not item.ghost and plain(item.name) in homes
        ]
        if own:
            picture = draw_view(view, kinds, links)
            found.setdefault(max(own, key=own.count), []).append(picture)
    return found
