"""Tables as CSV: read with each problem told by row, written for spreadsheets."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sdmodel.errors import DataError, did_you_mean
from sdmodel.study.files import read_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Row:
    """One row of a table: its line in the file, and its cells without outer spaces."""

    where: str
    cells: dict[str, str]

    def number(self, column: str, problems: list[str]) -> float:
        """Return a cell as a finite number; note what is wrong and return nan."""
        text = self.cells[column]
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or "_" in text:
            problems.append(
                f"{self.where}, column '{column}': '{text}' is not a number; "
                "allowed: a finite number with a decimal point"
            )
            return math.nan
        return value

    def word(
        self, column: str, allowed: tuple[str, ...], problems: list[str]
    ) -> str | None:
        """Return a cell that must be one of ``allowed``; otherwise note it: None."""
        text = self.cells[column]
        if text not in allowed:
            problems.append(
                f"{self.where}, column '{column}': '{text}'; allowed: "
                f"{', '.join(allowed)}{did_you_mean(text, allowed)}"
            )
            return None
        return text


def read_rows(path: Path, columns: tuple[str, ...]) -> tuple[Row, ...]:
    """Return the rows of a CSV table that has exactly these columns, in any order.

    Raises
    ------
    DataError
        If the file cannot be read, or its columns differ.
    """
    text = read_text(path, DataError, "table")
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        msg = f"{path}: not a CSV table: {error}"
        raise DataError(msg) from error
    header = [cell.strip() for cell in lines[0]]
    _check_header(path, header, columns)
    problems: list[str] = []
    rows: list[Row] = []
    for number, line in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in line):
            continue
        where = f"{path}, row {number}"
        if len(line) != len(header):
            problems.append(
                f"{where}: {len(line)} cells, but the header has {len(header)}; "
                "a text with a comma stands in double quotes"
            )
            continue
        cells = {name: cell.strip() for name, cell in zip(header, line, strict=True)}
        rows.append(Row(where, cells))
    if problems:
        raise DataError(problems)
    return tuple(rows)


def _check_header(path: Path, header: list[str], columns: tuple[str, ...]) -> None:
    if len(header) == 1 and ";" in header[0]:
        msg = f"{path}: the columns are divided by ';'; divide them by ','"
        raise DataError(msg)
    problems = [f"{path}: column '{c}' is missing" for c in columns if c not in header]
    problems += [
        f"{path}: unknown column '{c}'; allowed: {', '.join(columns)}"
        + did_you_mean(c, columns)
        for c in header
        if c not in columns
    ]
    problems += [
        f"{path}: column '{c}' stands twice"
        for c in dict.fromkeys(header)
        if header.count(c) > 1
    ]
    if problems:
        raise DataError(problems)


def csv_bytes(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Return a CSV table that spreadsheets open, numbers in full precision.

    A byte order mark stands first if there is any letter beyond ASCII, by which
    spreadsheets know UTF-8. Texts that a spreadsheet would take for a formula
    (beginning with = + - @) get an apostrophe before them. None, and a number that does
    not exist or is not finite, is an empty cell.
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([cell(name) for name in columns])
    writer.writerows([cell(item) for item in row] for row in rows)
    text = buffer.getvalue()
    return text.encode("utf-8" if text.isascii() else "utf-8-sig")


def cell(item: object) -> str:
    """Return one cell: numbers by ``repr``, texts made harmless."""
    if item is None:
        return ""
    if isinstance(item, float):
        return repr(float(item)) if math.isfinite(item) else ""
    text = str(item)
    if isinstance(item, str) and text.startswith(("=", "+", "-", "@", "\t", "\r")):
        return "'" + text
    return text
