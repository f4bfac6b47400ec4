"""Flows between places, for a picture of who is treated where: ``flows.csv``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sdmodel.errors import DataError
from sdmodel.study.expression import Expression, element_names, parse
from sdmodel.study.tables import read_rows

if TYPE_CHECKING:
    from pathlib import Path

    from sdmodel.model.core import Model

COLUMNS = ("id", "expression", "unit", "label_en", "label_zh")
FILE = "flows.csv"


@dataclass(frozen=True)
class Flow:
    """One row: a flow per year, an expression of the model's names."""

    id: str
    expression: Expression
    unit: str
    label_en: str
    label_zh: str


def read_flows(folder: Path | None, model: Model) -> tuple[Flow, ...]:
    """Return the rows of ``flows.csv``; none without the file.

    Raises
    ------
    DataError
        If the table is wrong; every problem at once.
    """
    if folder is None or not (folder / FILE).is_file():
        return ()
    problems: list[str] = []
    found: dict[str, Flow] = {}
    names = element_names(model)
    for row in read_rows(folder / FILE, COLUMNS):
        cells = row.cells
        try:
            expression = parse(cells["expression"], model, names)
        except ValueError as error:
            problems.append(f"{row.where}, column 'expression': {error}")
            continue
        if cells["id"] in found:
            problems.append(f"{row.where}: '{cells['id']}' already has a row")
        problems += [
            f"{row.where}, column '{column}': blank"
            for column in ("id", "unit", "label_en")
            if not cells[column]
        ]
        found[cells["id"]] = Flow(
            cells["id"],
            expression,
            cells["unit"],
            cells["label_en"],
            cells["label_zh"],
        )
    if problems:
        raise DataError(problems)
    return tuple(found.values())
