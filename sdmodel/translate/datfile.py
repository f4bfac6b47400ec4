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
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import xarray as xr

Columns = dict[str, tuple[list[float], list[float]]]
"""Times and values of each series, by a key of its name."""

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
    lines = csv.reader(io.StringIO(text_of(path), newline=""), delimiter=mark)
    try:
        rows = [row for row in lines if row]
    except csv.Error as error:
        msg = f"line {lines.line_num} of {path.name} is no line of a table ({error})"
        raise EquationError(msg) from None
    if not rows:
        return {}
    if all(_number(cell) == _number(cell) for cell in rows[0][1:4]):
        width = max(map(len, rows))
        if width * len(rows) > MAX_CELLS:
            msg = f"{path.name} has more than {MAX_CELLS:,} cells"
            raise EquationError(msg)
        full = [row + [""] * (width - len(row)) for row in rows]
        rows = [list(column) for column in zip(*full, strict=True)]
    times = [_number(row[0]) for row in rows[1:]]
    return {
        key(name): (times, [_number(r[i]) if i < len(r) else _NAN for r in rows[1:]])
        for i, name in enumerate(rows[0])
        if i and name
    }


def _netcdf(path: Path, key: Callable[[str], str]) -> Columns:
    import xarray as xr

    try:
        with xr.open_dataset(path, engine="h5netcdf") as data:
            return dict(_series(data.load(), key))
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
        return float(text)
    except ValueError:
        return _NAN


def listed(path: Path, key: Callable[[str], str]) -> Columns:
    """Return the times and values of each series, by a key of its name."""
    found: Columns = {}
    series: tuple[list[float], list[float]] = ([], [])
    for line in text_of(path).splitlines():
        point = _point(line.split())
        if point:
            series[0].append(point[0])
            series[1].append(point[1])
        elif line.strip():
            series = found.setdefault(key(line.strip()), ([], []))
    return found


def _point(words: list[str]) -> tuple[float, ...]:
    try:
        values = tuple(float(word) for word in words)
    except ValueError:
        return ()
    return values if len(values) == 2 and not any(map(math.isnan, values)) else ()


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
