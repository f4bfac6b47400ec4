"""Hostile, broken and odd files: bytes, paths, names, verbs and XMILE."""

from __future__ import annotations

import codecs
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sdmodel.errors import ModelFileError, SdmodelError
from sdmodel.translate.read import read_model
from tests.translate.test_guard import REFUSED
from tests.translate.writing import XMILE, Write, vensim

BYTES = {
    "empty": (b"", "the file is empty"),
    "blank": (b" \n\t\n", "the file is empty"),
    "binary": (b"\x89PNG\r\n\x1a\n\x00\x00", "NUL byte"),
    "latin-1 under UTF-8": (
        "{UTF-8}\nx = 1 ~~|\nPoblación = 2 ~~|".encode("latin-1"),
        "line 3: byte 0xf3 is not UTF-8",
    ),
    "utf-16": (codecs.BOM_UTF16_LE + "x = 1 ~~|".encode("utf-16-le"), "UTF-16"),
    "unknown encoding": (b"{KLINGON}\nx = 1 ~~|", "encoding 'KLINGON'"),
    "control character": (b"{UTF-8}\nx = 1 ~~|\ny\x1b = 2 ~~|", "line 3: .*control"),
}


@pytest.mark.parametrize("case", BYTES)
def test_bytes_refused(case: str, write: Write) -> None:
    content, words = BYTES[case]
    with pytest.raises(ModelFileError, match=words):
        read_model(write(content), cache=False)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("missing.mdl", "no such model file"),
        ("notes.txt", "models end in"),
        ("folder", "holds no model file"),
        ("two", "several model files"),
    ],
)
def test_paths_refused(name: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "folder").mkdir()
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "a.mdl").write_text("x")
    (tmp_path / "two" / "b.mdl").write_text("x")
    with pytest.raises(SdmodelError, match=words):
        read_model(tmp_path / name, cache=False)


def test_bom_comment_quotes_and_crlf_change_nothing(write: Write) -> None:
    body = 'x = 2 ~ Dmnl ~ says """ and import os; os.abort() |\ny = x*Time ~~|'
    plain = read_model(write(vensim(body)), cache=False)
    content = vensim(body).replace("\n", "\r\n").encode()
    odd = read_model(write(codecs.BOM_UTF8 + content), cache=False)
    assert odd.nodes == plain.nodes
    assert odd.scalars == plain.scalars
    assert 'says """' in odd.variables["x"].comment


def test_nothing_is_written_beside_the_model(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("mine")
    for name in ("numpy.mdl", "conftest.mdl"):
        (tmp_path / name).write_text(vensim("x = 1 ~~|"))
        read_model(tmp_path / name, cache=False)
    assert (tmp_path / "conftest.py").read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("name", ["人口 模型.mdl", 'it\'s "odd" $x;.mdl', "M.MDL"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_odd_file_names_and_line_ends_are_read(
    name: str, ends: str, tmp_path: Path
) -> None:
    plain, odd = tmp_path / "m" / "m.mdl", tmp_path / "odd" / name
    for path, text in ((plain, "\n"), (odd, ends)):
        path.parent.mkdir()
        path.write_bytes(
            vensim("人口 = INTEG(-人口/2, 9) ~~|").replace("\n", text).encode()
        )
    model = read_model(odd, cache=False)
    assert model.nodes == read_model(plain, cache=False).nodes
    assert model.name == odd.stem
    assert [item.name for item in odd.parent.iterdir()] == [name]


VERBS = {
    "run": ["--save", "all", "--csv", "all.csv", "--model"],
    "check": [],
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("case", ["limits that are Python", "loop of two", "undefined"])
def test_the_program_ends_with_two_and_leaves_nothing(
    verb: str, case: str, write: Write, tmp_path: Path
) -> None:
    path = write(vensim(REFUSED[case][0]))
    done = subprocess.run(
        [sys.executable, "-m", "sdmodel", verb, *VERBS[verb], str(path)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"sdmodel: {path}, line ")
    assert "Traceback" not in done.stderr
    assert [item.name for item in tmp_path.iterdir()] == [path.name]


def test_names_stay_as_written(write: Write) -> None:
    body = "人口 = INTEG(出生*2, 100) ~ person ~ 注释|\n出生 = 1 ~~|\nD's = 人口 ~~|"
    model = read_model(write(vensim(body)), cache=False)
    assert list(model.variables)[:3] == ["人口", "出生", "D's"]
    assert model.variables["人口"].comment == "注释"


XML = {
    "malformed": (
        XMILE.format(doctype="", eqn="2", more="<aux name='x'><eqn>1</aux>"),
        "line 7: not well-formed XML",
    ),
    "doctype": (
        XMILE.format(
            doctype='<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>\n',
            eqn="2",
            more="",
        ),
        "line 2: holds a DOCTYPE",
    ),
    "twice": (
        XMILE.format(doctype="", eqn="2", more="<aux name='s'><eqn>1</eqn></aux>"),
        "line 7: 's' is defined again; line 5",
    ),
    "undefined": (
        XMILE.format(doctype="", eqn="nothing", more=""),
        "line 6: 'out': no variable 'nothing'",
    ),
    "code": (
        XMILE.format(doctype="", eqn="__import__('os').abort()", more=""),
        "'out' cannot be read",
    ),
    "no end": (
        XMILE.format(doctype="", eqn="2", more="").replace("</xmile>", ""),
        "not well-formed XML .Premature end",
    ),
    "no time axis": (
        re.sub("<sim_specs>.*\n", "", XMILE.format(doctype="", eqn="2", more="")),
        "<sim_specs> is missing",
    ),
    "no stop": (
        XMILE.format(doctype="", eqn="2", more="").replace("<stop>4</stop>", ""),
        "line 3: <stop> is missing",
    ),
    "an empty stop": (
        XMILE.format(doctype="", eqn="2", more="").replace(">4<", "><"),
        "line 3: <stop> is ''; it must be a number",
    ),
    "a start of code": (
        XMILE.format(doctype="", eqn="2", more="").replace(">0<", ">open('PWN')<"),
        "line 3: <start> is 'open.'PWN'.'; it must be a number",
    ),
    "no equation": (
        XMILE.format(doctype="", eqn="2", more="<aux name='g'></aux>"),
        "line 7: 'g' has no <eqn>",
    ),
    "no name": (
        XMILE.format(doctype="", eqn="2", more="<aux><eqn>1</eqn></aux>"),
        "line 7: a <aux> without a name",
    ),
    "deep elements": (
        XMILE.format(doctype="", eqn="2", more="<g>" * 50_000),
        "line 7: not well-formed XML",
    ),
    "not xmile": ("<html></html>", "the root is not <xmile"),
    "not xml": ("hello", "not well-formed XML"),
}


@pytest.mark.parametrize("case", XML)
def test_xmile_refused(case: str, tmp_path: Path) -> None:
    content, words = XML[case]
    path = tmp_path / "m.xmile"
    path.write_text(content)
    with pytest.raises(ModelFileError, match=words):
        read_model(path, cache=False)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-7"])
def test_no_encoding_hides_a_doctype(encoding: str, tmp_path: Path) -> None:
    doctype = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>\n'
    text = XMILE.format(doctype=doctype, eqn="2", more="")
    path = tmp_path / "m.xmile"
    path.write_bytes(text.replace("utf-8", encoding).encode(encoding))
    with pytest.raises(ModelFileError, match=r"not written as UTF-8|DOCTYPE"):
        read_model(path, cache=False)


def test_xmile_reads(tmp_path: Path) -> None:
    path = tmp_path / "m.xmile"
    # Stella says in every file how a module, a stock and a flow are drawn.
    look = "<style><module color='b'/><stock color='b'/></style>"
    path.write_text(XMILE.format(doctype="", eqn="2", more=look))
    model = read_model(path, cache=False)
    assert model.time.steps == 8
    assert model.variables["S"].line == 5


def test_pysd_keeps_its_own_eval(write: Write) -> None:
    from pysd.translators.vensim import vensim_element

    read_model(write(vensim("x = 1 ~~|")), cache=False)
    assert "eval" not in vars(vensim_element)
