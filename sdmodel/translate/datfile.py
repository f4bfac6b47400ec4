"""Vensim's .dat files: the name of a series, then a time and a value on each line."""

from __future__ import annotations

import csv
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Series = dict[str, tuple[list[float], list[float]]]


def listed(path: Path, key: Callable[[str], str]) -> Series:
    """Return the times and values of each series, by a key of its name."""
    found: Series = {}
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        series: tuple[list[float], list[float]] = ([], [])
        for line in file:
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


def as_tables(path: Path, folder: Path) -> Iterator[Path]:
    """Write a .dat file as tables for PySD, which reads none; yield their paths.

    Series of the same times share a table, so that no cell is empty.
    """
    shared: dict[tuple[float, ...], dict[str, list[float]]] = {}
    for name, (clock, values) in listed(path, str).items():
        shared.setdefault(tuple(clock), {})[name] = values
    for number, (times, columns) in enumerate(shared.items()):
        target = folder / f"{path.stem} {number}.csv"
        with target.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["Time", *columns])
            writer.writerows(zip(times, *columns.values(), strict=True))
        yield target
