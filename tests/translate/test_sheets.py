"""Spreadsheets that would fill the memory are refused before they are read."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import pytest

from sdmodel.errors import ModelFileError
from sdmodel.translate.read import read_model
from sdmodel.translate.sheets import spanned
from tests.translate.writing import vensim

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SHEET = "xl/worksheets/sheet1.xml"
ODS = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:'
    'office:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body>'
    '<office:spreadsheet><table:table table:name="S">{}</table:table>'
    "</office:spreadsheet></office:body></office:document-content>"
)
ROW = '<table:table-row table:number-rows-repeated="{}">{}</table:table-row>'
FULL = (
    '<table:table-cell office:value-type="float" office:value="5" '
    'table:number-columns-repeated="{}"><text:p>5</text:p></table:table-cell>'
)
EMPTY = '<table:table-cell table:number-columns-repeated="{}"/>'


def workbook(change: Callable[[bytes], bytes]) -> bytes:
    import openpyxl

    made, changed = io.BytesIO(), io.BytesIO()
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "S"
    for row in ((5, 6, 7), (1, 2)):
        sheet.append(row)
    book.save(made)
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(changed, "w") as new:
        for item in old.infolist():
            data = old.read(item.filename)
            data = change(data) if item.filename == SHEET else data
            new.writestr(item.filename, data)
    return changed.getvalue()


def opendocument(rows: str) -> bytes:
    made = io.BytesIO()
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    with zipfile.ZipFile(made, "w") as new:
        new.writestr("mimetype", kind)
        new.writestr("content.xml", ODS.format(rows))
    return made.getvalue()


def last(row: str) -> Callable[[bytes], bytes]:
    return lambda data: data.replace(b"</sheetData>", f"{row}</sheetData>".encode())


CORNER = last('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')
TABLES = {
    "plain.xlsx": (workbook(lambda data: data), 6),
    "corner.xlsx": (workbook(CORNER), 1_048_576 * 16_384),
    "placeless.xlsx": (workbook(last("<row>" + "<c/>" * 30 + "</row>" * 1)), 3 * 30),
    "torn.xlsx": (workbook(lambda data: data[:100]), 0),
    "plain.ods": (opendocument(ROW.format(2, FULL.format(3))), 6),
    "far.ods": (opendocument(ROW.format(9**6, FULL.format(9**4))), 9**10),
    # What stands behind and below the last number does not count.
    "empty.ods": (
        opendocument(
            ROW.format(1, FULL.format(2) + EMPTY.format(9**4))
            + ROW.format(9**6, EMPTY.format(9**4))
        ),
        2,
    ),
    "below.ods": (
        opendocument(ROW.format(7, EMPTY.format(1)) + ROW.format(1, FULL.format(2))),
        16,
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_cells_are_counted_unread(name: str, tmp_path: Path) -> None:
    data, cells = TABLES[name]
    (tmp_path / name).write_bytes(data)
    assert spanned(tmp_path / name) == cells


@pytest.mark.parametrize("name", ["corner.xlsx", "far.ods"])
def test_too_many_are_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(TABLES[name][0])
    file = tmp_path / "m.mdl"
    file.write_text(vensim(f"q = GET DIRECT CONSTANTS('{name}', 'S', 'A1') ~~|"))
    with pytest.raises(ModelFileError, match="a sheet of more than 5,000,000 cells"):
        read_model(file, cache=False)
