"""The book holds every variable of a model, drawn and told, and nothing runs in it."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

import pytest

from sdmodel.cli.main import main
from sdmodel.experiments.workbook import open_workbook
from sdmodel.model.core import plain
from sdmodel.report.book import make_book
from sdmodel.report.book_page import book_html
from sdmodel.report.sketch import read_views

if TYPE_CHECKING:
    from pathlib import Path

NASTY = '<img src=x onerror=alert(1)> """'


def test_every_variable_of_the_consortium_stands_in_a_sector_and_a_picture() -> None:
    workbook = open_workbook("consortium")
    book = make_book(workbook)
    told = [entry for sector in book.sectors for entry in sector.entries]
    assert [entry.name for entry in told] == list(workbook.model.variables)
    assert all(entry.meaning and entry.unit for entry in told)
    assert [entry.name for entry in told if not entry.meaning_zh] == []
    drawn = {
        plain(name)
        for sector in book.sectors
        for picture in sector.pictures
        for name in re.findall(r'<a href="#(v-[^"]+)"', picture)
    }
    missing = [entry.name for entry in told if plain(entry.anchor) not in drawn]
    assert missing == []
    sides = {row.side for row in book.boundary}
    assert sides == {"endogenous", "exogenous", "left out"}


def test_constants_without_evidence_are_called_assumptions() -> None:
    book = make_book(open_workbook("consortium"))
    page = unescape(book_html(book))
    count = sum(control.grade == "assumption" for control in book.controls)
    assert f"assumption</span> {count}" in page
    for sector in book.sectors:
        for entry in sector.entries:
            if entry.sources:
                assert all(grade for _, grade in entry.sources), entry.name


def test_a_page_of_any_model_shows_text_as_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "人口.mdl"
    file.write_text(
        f'{{UTF-8}}\nS = INTEG("a <b> & c", 1) ~ <u> ~ {NASTY} |\n"a <b> & c" = 2 ~~|\n'
        "INITIAL TIME = 0 ~~|\nFINAL TIME = 2 ~~|\nTIME STEP = 1 ~~|\nSAVEPER = 1 ~~|\n"
        "\\\\\\---/// Sketch information\nV300\n*View <1>\n"
        '10,1,S,100,100,40,20,3,3,0,0,0,0,0,0\n10,2,"a <b> & c",10,10,40,20,8,3\n'
        "1,3,2,1,0,0,0,0,0,64,0,-1--1--1,,1|(50,50)|\nnonsense,1\n10,x,y\n",
        encoding="utf-8",
    )
    out = tmp_path / "书.html"
    assert main(["book", "--model", str(file), "--out", str(out)]) == 0
    page = out.read_text("utf-8")
    assert "onerror" in page
    assert "<img" not in page.replace("img-src", "")
    assert "<b>" not in page
    assert "<script" not in page
    assert page.count("<svg") == 1
    capsys.readouterr()
    assert main(["book", "--model", "consortum", "--out", str(out)]) == 2
    assert "nearest: 'consortium'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("name,meaning_zh\nnosuch,词\n", "no variable 'nosuch'"),
        ("name,meaning_zh\nx,\n", "column 'meaning_zh': blank"),
        ("name\nx\n", "column 'meaning_zh' is missing"),
    ],
)
def test_a_wrong_table_of_names_is_told(
    table: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "m"
    folder.mkdir()
    (folder / "m.mdl").write_text(
        "{UTF-8}\nS = INTEG(x, 1) ~~|\nx = 2 ~~|\nINITIAL TIME = 0 ~~|\n"
        "FINAL TIME = 2 ~~|\nTIME STEP = 1 ~~|\nSAVEPER = 1 ~~|\n",
        encoding="utf-8",
    )
    (folder / "names.csv").write_text(table, encoding="utf-8")
    out = tmp_path / "b.html"
    assert main(["book", "--model", str(folder), "--out", str(out)]) == 2
    assert words in capsys.readouterr().err
    assert not out.exists()


def test_a_sketch_of_other_programs_is_read_as_far_as_it_goes() -> None:
    assert read_views("no sketch at all") == ()
    assert read_views("x\n\\\\\\---/// Sketch\n*Empty\n") == ()
