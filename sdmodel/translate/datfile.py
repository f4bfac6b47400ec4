"""Files of series over time: .csv, .tab, Vensim's .dat, and NetCDF as PySD writes it.

In a .dat file stands the name of a series, then a time and a value on each line.
"""

from __future__ import annotations

import csv
import io
import math
from itertools import product
from typing import TYPE_CHECKING

from sdmodel.translate.nouns import EquationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    import xarray as xr


class Columns(dict[str, tuple[list[float], list[float]]]):
    """Times and values of each series, by a key of its name.

    ``faults`` tells by that key what stands where a number belongs; under no name,
    what is wrong with all of the table. Whoever reads a series asks `check` first:
    a table may hold texts in columns of which nobody wants numbers.
    """

    def __init__(self) -> None:
        super().__init__()
        self.faults: dict[str, list[str]] = {}

    def fault(self, key: str, what: str) -> None:
        """Note what is wrong with a series, or with all under no name."""
        self.faults.setdefault(key, []).append(what)

    def check(self, path: Path, keys: Iterable[str]) -> None:
        """Refuse to give numbers of series in which something else stands.

        Raises
        ------
        EquationError
            With the file, and the lines with what stands there.
        """
        found = [what for key in ("", *keys) for what in self.faults.get(key, ())]
        if found:
            more = len(found) - FAULTS_TOLD
            rest = f"; and {more:,} more" if more > 0 else ""
            msg = f"{path.name}, {'; '.join(found[:FAULTS_TOLD])}{rest}"
            raise EquationError(msg)


FAULTS_TOLD = 5
"""Cells of one table that are told."""

MISSING = frozenset({"", "-", "na", "n/a", "#n/a", "nan", "null", "none"})
"""What stands for a number that is missing; the words are those of pandas and PySD."""

MAX_CELLS = 5_000_000
"""Of a table whose times run across: it is turned round."""

_NAN = math.nan


def text_of(path: Path) -> str:
    """Return the text of a table: UTF-8, or else what Windows writes in the West."""
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def columns_of(path: Path, key: Callable[[str], str]) -> Columns:
    """Return the series of a file; times run down or across a table.

    Raises
    ------
    EquationError
        If it is no table, or too large a one.
    """
    suffix = path.suffix.lower()
    if suffix == ".nc":
        return _netcdf(path, key)
    if suffix == ".dat":
        return listed(path, key)
    mark = "\t" if suffix == ".tab" else ","
    text = text_of(path)
    if "\0" in text:
        msg = f"{path.name} is no text but a binary file; save the table as UTF-8"
        raise EquationError(msg)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
    try:
        rows = [(lines.line_num, row) for row in lines if any(map(str.strip, row))]
    except csv.Error as error:
        msg = f"line {lines.line_num} of {path.name} is no line of a table ({error})"
        raise EquationError(msg) from None
    return _columns([row for _, row in rows], [line for line, _ in rows], path, key)


def _columns(
    rows: list[list[str]], lines: list[int], path: Path, key: Callable[[str], str]
) -> Columns:
    """Return the series of the cells of a table, whose rows stand in these lines."""
    found = Columns()
    if not rows:
        return found
    across = all(_number(cell) == _number(cell) for cell in rows[0][1:4])
    width = max(map(len, rows)) if across else len(rows[0])
    if width * len(rows) > MAX_CELLS:
        msg = f"{path.name} has more than {MAX_CELLS:,} cells"
        raise EquationError(msg)
    for line, row in zip(lines, rows, strict=True):
        if beyond := [cell for cell in row[width:] if cell.strip()]:
            found.fault(
                "", f"line {line}: {_shown(beyond[0])} stands beyond the header"
            )
    full = [(row + [""] * (width - len(row)))[:width] for row in rows]
    if across:
        full = [list(column) for column in zip(*full, strict=True)]
    heads, body = full[0], full[1:]
    at = [lines[0]] * len(body) if across else lines[1:]
    times = []
    for line, row in zip(at, body, strict=True):
        times.append(_cell(found, "", line, row[0]))
        if not row[0].strip() and (value := next(filter(str.strip, row), "")):
            found.fault("", f"line {line}: a value ({_shown(value)}) has no time")
    for i, head in enumerate(heads):
        if i and head:
            at = [lines[i]] * len(body) if across else lines[1:]
            name = key(head)
            found.faults.pop(name, None)  # of two columns of one name the last counts
            values = zip(at, body, strict=True)
            found[name] = (times, [_cell(found, name, n, row[i]) for n, row in values])
    return found


def _cell(found: Columns, key: str, line: int, text: str) -> float:
    """Return the number in a cell; note a text that is neither one nor a gap."""
    value = _number(text)
    if value != value and text.strip().casefold() not in MISSING:
        found.fault(key, f"line {line}: {_shown(text)} is no number")
    return value


def _shown(text: str) -> str:
    text = text.strip()
    return repr(text if len(text) <= 40 else f"{text[:37]}...")


def _netcdf(path: Path, key: Callable[[str], str]) -> Columns:
    import xarray as xr

    try:
        with xr.open_dataset(path, engine="h5netcdf") as data:
            found = Columns()
            found.update(_series(data.load(), key))
            return found
    except Exception as error:
        msg = f"{path.name} is no NetCDF 4 file with a time ({type(error).__name__})"
        raise EquationError(msg) from None


def _series(
    data: xr.Dataset, key: Callable[[str], str]
) -> Iterator[tuple[str, tuple[list[float], list[float]]]]:
    times = [float(item) for item in data["time"].values]
    for name, array in data.data_vars.items():
        if "time" not in array.dims or array.dtype.kind not in "fiu":
            continue
        array = array.transpose("time", ...)
        labels = [[str(item) for item in data[dim].values] for dim in array.dims[1:]]
        columns = array.values.reshape(len(times), -1).T
        for place, elements in enumerate(product(*labels)):
            shown = f"{name}[{','.join(elements)}]" if elements else str(name)
            yield key(shown), (times, columns[place].astype(float).tolist())


def _number(text: str) -> float:
    try:
        return _NAN if "_" in text else float(text)  # Python takes 1_000 for a number
    except ValueError:
        return _NAN


def listed(path: Path, key: Callable[[str], str]) -> Columns:
    """Return the times and values of each series, by a key of its name."""
    found, name = Columns(), ""
    series: tuple[list[float], list[float]] = ([], [])
    for line, text in enumerate(text_of(path).splitlines(), 1):
        words = text.split()
        time = _number(words[0]) if words else _NAN
        if words and time != time:
            name = key(text.strip())
            series = found.setdefault(name, ([], []))
        elif len(words) == 2:
            series[0].append(time)
            series[1].append(_cell(found, name, line, words[1]))
        elif words:
            what = f"line {line}: {_shown(text)} is not a time and a value"
            found.fault(name, what)
    return found


def as_tables(path: Path, folder: Path, place: int) -> Iterator[Path]:
    """Write a .dat file as tables for PySD, which reads none; yield their paths.

    Series of the same times share a table, so that no cell is empty; ``place`` keeps
    files of one name apart.
    """
    shared: dict[tuple[float, ...], dict[str, list[float]]] = {}
    for name, (clock, values) in listed(path, str).items():
        shared.setdefault(tuple(clock), {})[name] = values
    for number, (times, columns) in enumerate(shared.items()):
        target = folder / f"table {place} {number}.csv"
        with target.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["Time", *columns])
            writer.writerows(zip(times, *columns.values(), strict=True))
        yield target
