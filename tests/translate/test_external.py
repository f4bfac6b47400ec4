"""Numbers from other files: constants, tables, series and subscripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sdmodel.engines.simulate import simulate
from sdmodel.errors import ModelFileError, UnsupportedError
from sdmodel.study.design import Inputs, Save
from sdmodel.translate.read import read_model
from tests.translate.judging import agree, ours
from tests.translate.writing import vensim

if TYPE_CHECKING:
    from pathlib import Path

    from sdmodel.engines.base import EngineName

SHEET: list[list[str | float | None]] = [
    ["time", 0, 1, 2, 4, None, None],
    ["a", 1, 3, None, 7, None, None],
    ["b", 5, 4, 3, 2, None, None],
    [None, None, None, None, None, None, None],
    ["k", 2.5, "north", None, None, None, None],
    ["m", 1, 2, 3, None, None, None],
    ["n", 4, 5, 6, None, None, None],
    ["x", "north", "south", "east", None, None, None],
]
DIMS = "D: north, south, east ~~|\nE: e1, e2 ~~|\n"
CONSTANTS = DIMS + (
    "k = GET DIRECT CONSTANTS('in.xlsx', 'S', 'B5') ~~|\n"
    "v[D] = GET XLS CONSTANTS('in.xlsx', 'S', 'B6') ~~|\n"
    "m[E,D] = GET DIRECT CONSTANTS('in.xlsx', 'S', 'B6') ~~|\n"
    "t[D,E] = GET DIRECT CONSTANTS('in.xlsx', 'S', 'B6*') ~~|\n"
    "w[north] = GET DIRECT CONSTANTS('in.xlsx', 'S', 'B7') ~~|\n"
    "w[south] = Time ~~|\nw[east] = 3 ~~|\n"
    "named[D] = GET_DIRECT_CONSTANTS('in.xlsx', 'S', 'm_row') ~~|\n"
    "s = SUM(m[E!,D!])*k+SUM(w[D!])+SUM(t[D!,e1])+SUM(named[D!]) ~~|"
)
SERIES = DIMS + "".join(
    f"a {name}{mark}:= GET DIRECT DATA('in.xlsx', 'S', '1', 'B2') ~~|\n"
    f"b {name}[E]{mark}:= GET XLS DATA('in.xlsx', 'S', '1', 'B2') ~~|\n"
    f"y {name}[E] = b {name}[E]*2+a {name} ~~|\n"
    for name, mark in (
        ("plain", ""),
        ("inter", ":INTERPOLATE:"),
        ("back", ":HOLD BACKWARD:"),
        ("ahead", ":LOOK FORWARD:"),
        ("raw", ":RAW:"),
    )
)
LOOKUPS = DIMS + (
    "f(GET DIRECT LOOKUPS('in.xlsx', 'S', '1', 'B2')) ~~|\n"
    "g[E](GET XLS LOOKUPS('in.xlsx', 'S', '1', 'B2')) ~~|\n"
    "h[E] = GET DIRECT LOOKUPS('in.xlsx', 'S', '1', 'B2') ~~|\n"
    "y = f(Time*2-1) ~~|\nz[E] = g[E](Time/2)+h[E](9-Time) ~~|"
)
SUBSCRIPTS = (
    "P: GET DIRECT SUBSCRIPT('in.xlsx', 'S', 'B8', 'D8', '') ~~|\n"
    "x[P] = 1,2,3 ~~|\ny[P] = x[P]*Time ~~|\nz = y[south] ~~|"
)
TEXT = (
    "k = GET DIRECT CONSTANTS('in.csv', ',', 'B5') ~~|\n"
    "d := GET DIRECT DATA('in.csv', ',', '1', 'B3') ~~|\ny = d*k ~~|"
)
CASES = {
    "constants": CONSTANTS,
    "series": SERIES,
    "lookups": LOOKUPS,
    "subscripts": SUBSCRIPTS,
    "text": TEXT,
}


def fill(folder: Path) -> None:
    import openpyxl
    from openpyxl.workbook.defined_name import DefinedName

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "S"
    for row in SHEET:
        sheet.append(row)
    book.defined_names["m_row"] = DefinedName("m_row", attr_text="S!$B$6:$D$6")
    book.save(folder / "in.xlsx")
    lines = [",".join("" if v is None else str(v) for v in row) for row in SHEET]
    (folder / "in.csv").write_text("\n".join(lines) + "\n")


def write(tmp_path: Path, body: str) -> Path:
    path = tmp_path / "m.mdl"
    path.write_text(vensim(body))
    return path


@pytest.mark.parametrize("case", CASES)
def test_agrees_with_pysd(case: str, tmp_path: Path, engine: EngineName) -> None:
    fill(tmp_path)
    _, compared = agree(write(tmp_path, CASES[case]), engine)
    assert compared > 5


def test_the_judge_reads_the_same_files(tmp_path: Path) -> None:
    fill(tmp_path)
    model = read_model(write(tmp_path, SERIES), cache=False)
    names = ("y inter[e1]", "y back[e2]")
    asked = Inputs((), np.zeros((1, 0))), Save(names)
    judged = simulate(model, *asked, engine="pysd").values
    np.testing.assert_allclose(simulate(model, *asked).values, judged, rtol=1e-12)


def test_constants_from_a_file_may_be_set(tmp_path: Path, engine: EngineName) -> None:
    fill(tmp_path)
    model = read_model(write(tmp_path, CONSTANTS), cache=False)
    assert model.input_index.keys() >= {"k", "v[south]", "m[e2,east]"}
    assert model.variables["k"].kind == "constant"
    given = Inputs(("k",), np.array([[1.0], [3.0]]))
    out = simulate(model, given, Save(("k",)), engine=engine)
    assert out.values[:, 0, 0].tolist() == [1.0, 3.0]


DATA = DIMS + (
    "u:INTERPOLATE: ~~|\ne[E]:HOLD BACKWARD: ~~|\nf:RAW: ~~|\ny[E] = u+e[E]*2 ~~|"
)
COLUMNS = {
    "down": "Time\tu\te[e1]\te[e2]\tf\n0\t1\t2\t3\t4\n2\t5\t\t7\t8\n4\t9\t1\t2\t3\n",
    "across": "Time\t0\t2\t4\nu\t1\t5\t9\ne[e1]\t2\t\t1\ne[e2]\t3\t7\t2\nf\t4\t8\t3\n",
}


@pytest.mark.parametrize("way", COLUMNS)
def test_data_without_an_equation_stands_beside_the_model(
    way: str, tmp_path: Path, engine: EngineName
) -> None:
    (tmp_path / "data.tab").write_text(COLUMNS[way])
    (tmp_path / "output.csv").write_text("Time,y[e1]\n0,5\n")
    got = ours(write(tmp_path, DATA), engine)
    np.testing.assert_allclose(got["u"], 1 + 2 * np.arange(17) / 4)
    np.testing.assert_array_equal(got["e[e2]"], [3.0] * 8 + [7.0] * 8 + [2.0])
    np.testing.assert_array_equal(got["e[e1]"], [2.0] * 16 + [1.0])
    assert got["f"][8] == 8.0
    assert np.isnan(got["f"][9])


def test_a_changed_file_is_another_model(tmp_path: Path) -> None:
    (tmp_path / "data.tab").write_text(COLUMNS["down"])
    path = write(tmp_path, DATA)
    first = read_model(path)
    (tmp_path / "data.tab").write_text(COLUMNS["down"].replace("9", "11"))
    second = read_model(path)
    assert first.digest != second.digest
    assert read_model(path).digest == second.digest
    assert [t.y for t in first.lookups] != [t.y for t in second.lookups]


def test_no_file_outside_the_models_folder(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    fill(tmp_path)
    (home / "link.xlsx").symlink_to(tmp_path / "in.xlsx")
    for name in ("../in.xlsx", str(tmp_path / "in.xlsx"), "link.xlsx"):
        body = f"k = GET DIRECT CONSTANTS('{name}', 'S', 'B5') ~~|"
        with pytest.raises(ModelFileError, match="leads out of the model's folder"):
            read_model(write(home, body), cache=False)


BAD = {
    "missing": ("('im.xlsx', 'S', 'B5')", "no file 'im.xlsx' beside.*'in.xlsx'"),
    "sheet": ("('in.xlsx', 'T', 'B5')", "'in.xlsx' cannot be read: .*'T'"),
    "name": ("('in.xlsx', 'S', 'nix')", "The cellrange name 'nix'"),
    "beyond": ("('in.xlsx', 'S', 'B500')", "The cells are empty"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_read_is_told(case: str, tmp_path: Path) -> None:
    fill(tmp_path)
    where, words = BAD[case]
    path = write(tmp_path, f"x = 1 ~~|\nk = GET DIRECT CONSTANTS{where} ~~|")
    with pytest.raises(ModelFileError, match=f"line 3: 'k': .*{words}"):
        read_model(path, cache=False)


def test_other_kinds_of_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "d.vdf").write_bytes(b"\0")
    path = write(tmp_path, "k = GET DIRECT CONSTANTS('d.vdf', 'S', 'B5') ~~|")
    with pytest.raises(UnsupportedError, match=r"'d\.vdf' is no table"):
        read_model(path, cache=False)


def test_data_without_a_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"has a column 'u' \(there is none"):
        read_model(write(tmp_path, DATA), cache=False)


def test_the_judge_is_given_the_file_of_subscripts(tmp_path: Path) -> None:
    path = tmp_path / "m.mdl"
    (tmp_path / "names.csv").write_text("name\nA1\nA2\n")
    body = "D: GET DIRECT SUBSCRIPT('names.csv', ',', 'A2', 'A', '') ~~|\nx[D] = D ~~|"
    path.write_text(vensim(body))
    for engine in ("pysd", "numpy"):
        assert ours(path, engine)["x[a2]"].tolist() == [2.0] * 17


def test_the_judge_is_read_by_names_where_it_widens_a_range(tmp_path: Path) -> None:
    path = tmp_path / "m.mdl"
    (tmp_path / "in.csv").write_text("1,2,3\n")
    body = (
        "D: a, b, c ~~|\nW: f, g ~~|\nx[D, W] = 1 ~~|\n"
        "y[D, f] = GET DIRECT CONSTANTS('in.csv', ',', 'A1') ~~|\nz[D] = y[D, f] ~~|"
    )
    path.write_text(vensim(body))
    for engine in ("pysd", "numpy"):
        got = ours(path, engine)
        assert [got[f"y[{d},f]"][0] for d in "abc"] == [1, 2, 3]
