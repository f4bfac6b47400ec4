"""How many cells a spreadsheet spans, counted before a reader fills them all in.

A sheet with one cell in its last corner is a few kilobytes, and seventeen thousand
million cells once it is a table.
"""

from __future__ import annotations

import re
import zipfile
from functools import lru_cache
from typing import TYPE_CHECKING

from sdmodel.translate.guard import local_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lxml.etree import _Element

_PLACE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})\Z")
_SHEETS = re.compile(r"xl/worksheets/[^/]*\.xml\Z|content\.xml\Z", re.IGNORECASE)


def spanned(path: Path) -> int:
    """Return the cells from the first to the last of the largest sheet of a file.

    Nothing for files of another kind, or where a sheet cannot be read, which is for
    the readers to tell.
    """
    there = path.stat()
    return _spanned(path, there.st_mtime_ns, there.st_size)


@lru_cache(maxsize=64)
def _spanned(path: Path, _time: int, _size: int) -> int:
    # A model asks for the same file again and again.
    if not zipfile.is_zipfile(path):
        return 0
    most = 0
    with zipfile.ZipFile(path) as archive:
        for item in archive.infolist():
            if _SHEETS.match(item.filename):
                most = max(most, _of_sheet(archive, item))
    return most


def _of_sheet(archive: zipfile.ZipFile, item: zipfile.ZipInfo) -> int:
    from lxml import etree

    rows = columns = empty = met = 0
    with archive.open(item) as file:
        parts = etree.iterparse(
            file, events=("end",), resolve_entities=False, no_network=True
        )
        try:
            for _, node in parts:
                kind = local_name(node)
                if kind == "c":
                    found = _PLACE.match(str(node.get("r", "")).upper())
                    if found:
                        columns = max(columns, _number(found[1]))
                        rows = max(rows, int(found[2]))
                elif kind == "row":
                    met += 1  # cells may have no place, but that after the last
                    rows, columns = max(rows, met), max(columns, len(node))
                elif kind == "table-row":
                    width, times = _width(node), _times(node, "rows")
                    # Empty rows count only where something stands below them.
                    rows += (empty + times) * (width > 0)
                    empty = 0 if width else empty + times
                    columns = max(columns, width)
                if kind in {"row", "table-row"}:
                    node.clear()
        except etree.XMLSyntaxError:
            return 0
    return rows * columns


def _number(letters: str) -> int:
    value = 0
    for letter in letters:
        value = value * 26 + ord(letter) - ord("A") + 1
    return value


def _width(row: _Element) -> int:
    """Return how far a row of an OpenDocument table goes, empty cells behind apart."""
    at = last = 0
    for cell in row.iterchildren("*"):
        at += _times(cell, "columns")
        if len(cell) or any(_attributes(cell, "value-type")):
            last = at
    return last


def _times(node: _Element, what: str) -> int:
    text = next(_attributes(node, f"number-{what}-repeated"), "1")
    return int(text[:9]) if text.isascii() and text.isdigit() else 1


def _attributes(node: _Element, name: str) -> Iterator[str]:
    for key, value in node.attrib.items():
        if str(key).rpartition("}")[2] == name:
            yield str(value)
