"""A table of values: one row per run, its header naming controls or constants."""

from __future__ import annotations

import array
import csv
import math
from typing import TYPE_CHECKING

import numpy as np

from sdmodel.errors import StudyError
from sdmodel.model.core import plain
from sdmodel.study.controls import mixes
from sdmodel.study.files import host_error
from sdmodel.study.names import settable
from sdmodel.study.values import limits_of, parse_number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sdmodel.model.core import Model
    from sdmodel.study.controls import Control

SHOWN = 20
"""Wrong cells that are told; the rest are counted."""
LARGEST_BYTES = 500_000_000
"""Numbers of a table that are held in memory."""


def read_values(
    path: Path,
    model: Model,
    controls: Sequence[Control],
    *,
    rows: int = 0,
    allow_outside: bool = False,
) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Return the names of a table's header, and its values (run, name).

    Parameters
    ----------
    path
        A CSV file in UTF-8; every cell a number.
    model, controls
        Whose constants the header may name, and within which limits.
    rows
        How many rows to take; 0 for all.
    allow_outside
        Whether values outside their limits pass.

    Raises
    ------
    StudyError
        With every wrong name at once, then with the wrong cells.
    HostError
        If there is no right to read it.
    """
    if not path.is_file():
        msg = f"{path}: no such table of values"
        raise StudyError(msg)
    numbers = array.array("d")
    problems: list[str] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = csv.reader(file, strict=True)
            names = _header(path, next(lines, []), model, controls)
            _read(path, lines, names, rows, numbers, problems)
    except UnicodeDecodeError as error:
        msg = f"{path}: not UTF-8 (byte {error.start}); save the table as UTF-8"
        raise StudyError(msg) from error
    except csv.Error as error:
        msg = f"{path}: not a CSV table: {error}"
        raise StudyError(msg) from error
    except OSError as error:
        raise host_error(error, path, "read") from error
    if not problems:
        values = np.frombuffer(numbers).reshape(-1, len(names))
        if not len(values):
            problems.append(f"{path}: no row of values below the header")
        elif len(values) < rows:
            problems.append(f"{path}: n = {rows}, but the table has {len(values)} rows")
        problems += _ranges(path, names, values, model, controls, allow=allow_outside)
    if problems:
        more = len(problems) - SHOWN
        told = [f"{path}: and {more} more"] if more > 0 else []
        raise StudyError(problems[:SHOWN] + told)
    return names, values


def _header(
    path: Path, header: Sequence[str], model: Model, controls: Sequence[Control]
) -> tuple[str, ...]:
    if len(header) == 1 and ";" in header[0]:
        msg = f"{path}: the columns are divided by ';'; divide them by ','"
        raise StudyError(msg)
    problems: list[str] = []
    names: list[str] = []
    for number, cell in enumerate(header, start=1):
        if not cell.strip():
            problems.append(f"{path}, column {number}: no name in the header")
            continue
        try:
            elements = settable(cell.strip(), model, controls)
        except ValueError as error:
            problems.append(f"{path}, column '{cell.strip()}': {error}")
            continue
        if len(elements) > 1:
            problems.append(
                f"{path}, column '{cell.strip()}': an array; give each element a column"
            )
        names += elements
    problems += [
        f"{path}: column '{name}' stands twice"
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]
    if not header:
        problems.append(f"{path}: the table is empty; its first row names constants")
    if problems:
        raise StudyError(problems)
    return tuple(names)


def _read(
    path: Path,
    lines: Iterator[list[str]],
    names: Sequence[str],
    rows: int,
    numbers: array.array[float],
    problems: list[str],
) -> None:
    """Gather the numbers of all rows; note what is none, by line and column."""
    width, taken = len(names), 0
    for place, line in enumerate(lines, start=2):
        if not any(line):
            continue
        if rows and taken == rows:
            return
        taken += 1
        if len(line) != width:
            problems.append(
                f"{path}, row {place}: {len(line)} cells, but the header has {width}"
            )
            continue
        try:
            # The quick way first: a million rows are few problems and many numbers.
            found = array.array("d", map(float, line))
            if not math.isfinite(math.fsum(found)) or "_" in "".join(line):
                raise ValueError  # noqa: TRY301 - told cell by cell below
        except (ValueError, OverflowError):
            for name, cell in zip(names, line, strict=True):
                try:
                    parse_number(cell)
                except ValueError as error:
                    problems.append(f"{path}, row {place}, '{name}': {error}")
            if not problems:
                found = array.array("d", map(parse_number, line))
        numbers.extend(found) if not problems else None
        if 8 * len(numbers) > LARGEST_BYTES:
            msg = (
                f"{path}: more than {LARGEST_BYTES / 1e6:.0f} MB of numbers; divide "
                "the table, or let the study draw"
            )
            raise StudyError(msg)


def _ranges(
    path: Path,
    names: Sequence[str],
    values: NDArray[np.float64],
    model: Model,
    controls: Sequence[Control],
    *,
    allow: bool,
) -> list[str]:
    """Return a sentence for each value outside its limits, and each mix above one."""
    problems: list[str] = []
    for i, name in enumerate(names):
        low, high = limits_of(name, model, controls)
        outside = np.flatnonzero((values[:, i] < low) | (values[:, i] > high))
        if len(outside) and not allow:
            row = int(outside[0])
            problems.append(
                f"{path}, run {row + 1}, '{name}': {values[row, i]:g} is outside "
                f"{low:g} … {high:g}, as are {len(outside)} of {len(values)} values; "
                "--allow-outside-limits lets them through"
            )
    place = {plain(name): i for i, name in enumerate(names)}
    for mix, members in mixes(tuple(controls)).items():
        if not any(plain(member.name) in place for member in members):
            continue
        total = np.zeros(len(values))
        for member in members:
            at = place.get(plain(member.name))
            total += member.default if at is None else values[:, at]
        over = np.flatnonzero(total > 1.0 + 1e-9)
        if len(over):
            problems.append(
                f"{path}, run {int(over[0]) + 1}: shares of '{mix}' add to "
                f"{total[over[0]]:g}, as in {len(over)} runs; they may add to at most 1"
            )
    return problems
