"""A table of local statistics: what a user knows of a place, and what it moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from sdmodel.errors import DataError, did_you_mean
from sdmodel.study.expression import Expression, parse
from sdmodel.study.grids import FOLDER
from sdmodel.study.names import settable
from sdmodel.study.tables import read_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sdmodel.model.core import Model

COLUMNS = (
    "id", "label_en", "label_zh", "unit", "kind", "expression", "moves", "low", "high",
    "needed",
)  # fmt: skip
TABLE = ("id", "value", "year", "source")
FILE = "statistics.csv"
SCALE = "scale"


@dataclass(frozen=True)
class Statistic:
    """A figure that a place publishes, and the constants that bring it about.

    ``moves`` are elements whose values are multiplied together until ``expression``
    gives the figure; empty where the size of the whole grid does.
    """

    id: str
    label_en: str
    label_zh: str
    unit: str
    kind: Literal["level", "flow"]
    expression: Expression
    moves: tuple[str, ...]
    low: float
    high: float
    needed: bool


@dataclass(frozen=True)
class Local:
    """One row of a user's table: the figure of a year, and where it is from."""

    statistic: Statistic
    value: float
    year: float
    source: str


def read_statistics(folder: Path | None, model: Model) -> tuple[Statistic, ...]:
    """Return the statistics that a model folder knows how to use.

    Raises
    ------
    DataError
        If ``grids/statistics.csv`` is missing or wrong; every problem at once.
    """
    if folder is None or not (folder / FOLDER / FILE).is_file():
        msg = f"{model.name}: has no {FOLDER}/{FILE}, so no local table can be read"
        raise DataError(msg)
    problems: list[str] = []
    found: list[Statistic] = []
    for row in read_rows(folder / FOLDER / FILE, COLUMNS):
        cells = row.cells
        kind = row.word("kind", ("level", "flow"), problems)
        needed = row.word("needed", ("yes", "no"), problems)
        low, high = row.number("low", problems), row.number("high", problems)
        moves: list[str] = []
        try:
            expression = parse(cells["expression"], model)
            if cells["moves"] != SCALE:
                for name in cells["moves"].split(";"):
                    moves += settable(name.strip(), model, ())
        except ValueError as error:
            problems.append(f"{row.where}: {error}")
            continue
        found.append(
            Statistic(
                id=cells["id"],
                label_en=cells["label_en"],
                label_zh=cells["label_zh"],
                unit=cells["unit"],
                kind=cast("Literal['level', 'flow']", kind or "level"),
                expression=expression,
                moves=tuple(moves),
                low=low,
                high=high,
                needed=needed == "yes",
            )
        )
    if problems:
        raise DataError(problems)
    return tuple(found)


def read_local(
    path: Path, statistics: Sequence[Statistic], model: Model, last_year: float
) -> tuple[Local, ...]:
    """Return the rows of a user's table; rows without a value are left out.

    Raises
    ------
    DataError
        With every problem of the table at once.
    """
    known = {item.id: item for item in statistics}
    problems: list[str] = []
    found: dict[str, Local] = {}
    for row in read_rows(path, TABLE):
        name = row.cells["id"]
        statistic = known.get(name)
        if statistic is None:
            problems.append(
                f"{row.where}, column 'id': '{name}' is no known statistic"
                f"{did_you_mean(name, known)}"
            )
            continue
        if name in found:
            problems.append(f"{row.where}: '{name}' already has a row")
        if not row.cells["value"]:
            continue
        before = len(problems)
        value, year = row.number("value", problems), row.number("year", problems)
        if len(problems) > before:
            continue
        hint = ""
        if statistic.unit == "1" and 1 < value <= 100:
            hint = f"; a share is a fraction: {value / 100:g}"
        if not statistic.low <= value <= statistic.high:
            problems.append(
                f"{row.where}, '{name}': {value:g}; allowed: {statistic.low:g} to "
                f"{statistic.high:g} {statistic.unit}{hint}"
            )
        end = last_year if statistic.kind == "level" else last_year - 1
        if not model.time.start < year <= end or year != round(year):
            problems.append(
                f"{row.where}, '{name}', column 'year': {year:g}; allowed: whole years "
                f"from {model.time.start + 1:g} to {end:g}"
            )
        if not row.cells["source"]:
            problems.append(
                f"{row.where}, '{name}', column 'source': blank; say where it is from"
            )
        found[name] = Local(statistic, value, year, row.cells["source"])
    problems += [
        f"{path}: '{item.id}' ({item.label_en}) is needed and has no value"
        for item in statistics
        if item.needed and item.id not in found
    ]
    if problems:
        raise DataError(problems)
    return tuple(found.values())


def local_template(statistics: Sequence[Statistic]) -> list[list[object]]:
    """Return the rows of an empty table, one a statistic."""
    return [[item.id, "", "", ""] for item in statistics]
