"""Files with data that a user names: which one counts, and what is refused."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import pytest
import xarray as xr

from sdmodel.cli.main import main
from sdmodel.engines.simulate import simulate
from sdmodel.errors import ModelFileError
from sdmodel.study.design import Inputs, Save
from sdmodel.translate.read import read_model
from tests.tolerances import ENGINE_VS_PYSD
from tests.translate.writing import vensim

if TYPE_CHECKING:
    from pathlib import Path

    from sdmodel.engines.base import EngineName

BODY = (
    "D: A1,A2 ~~|\nSimple :INTERPOLATE: ~~|\nTwo Words[D] :HOLD BACKWARD: ~~|\n"
    "x = Simple*2 ~~|\ny[D] = Two Words[D] ~~|\n"
)
FIRST = "Time,Simple\n0,1\n4,5\n"
SECOND = "Time\tSimple\tTwo Words[A1]\tTwo Words[A2]\n0\t7\t10\t20\n2\t7\t30\t40\n"


def write(tmp_path: Path) -> tuple[Path, list[Path]]:
    """Write a model in a folder of its own, and two tables in another."""
    home, other = tmp_path / "home", tmp_path / "other"
    home.mkdir()
    other.mkdir()
    model = home / "m.mdl"
    model.write_text(vensim(BODY))
    tables = [other / "a.csv", other / "b.tab"]
    tables[0].write_text(FIRST)
    tables[1].write_text(SECOND)
    return model, tables


def values(
    path: Path, data: list[Path], engine: EngineName, names: tuple[str, ...]
) -> list[list[float]]:
    model = read_model(path, data=data, cache=False)
    out = simulate(model, Inputs((), np.zeros((1, 0))), Save(names), engine=engine)
    return [out.values[0, ::4, i].tolist() for i in range(len(names))]


@pytest.mark.parametrize("engine", ["numpy", "compiled", "pysd"])
def test_the_first_file_that_holds_a_variable_counts(
    engine: EngineName, tmp_path: Path
) -> None:
    path, tables = write(tmp_path)
    names = ("x", "y[A1]", "y[A2]")
    held = [[10, 10, 30, 30, 30], [20, 20, 40, 40, 40]]
    assert values(path, tables, engine, names) == [[2, 4, 6, 8, 10], *held]
    assert values(path, tables[::-1], engine, names) == [[14] * 5, *held]
    # A table beside the model counts only for what the named ones lack.
    (path.parent / "data.csv").write_text(
        "Time,Simple,Two Words[A1],Two Words[A2]\n0,0,0,0\n1,0,0,0\n"
    )
    assert values(path, tables, engine, names) == [[2, 4, 6, 8, 10], *held]
    assert values(path, tables[:1], engine, names)[1:] == [[0.0] * 5] * 2


@pytest.mark.parametrize("turned", [False, True])
def test_as_pysd_takes_its_data_files(
    turned: bool, tmp_path: Path, engine: EngineName
) -> None:
    import pysd

    path, tables = write(tmp_path)
    given = tables[::-1] if turned else tables
    names = ("x", "y[A1]", "y[A2]")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        judge = pysd.read_vensim(str(path), data_files=[str(p) for p in given])
        frame = judge.run()
    model = read_model(path, data=given, cache=False)
    out = simulate(model, Inputs((), np.zeros((1, 0))), Save(names), engine=engine)
    np.testing.assert_allclose(
        out.values[0], frame[list(names)].to_numpy(), rtol=ENGINE_VS_PYSD
    )


@pytest.mark.parametrize("engine", ["numpy", "compiled", "pysd"])
def test_a_netcdf_file_as_pysd_writes_it(engine: EngineName, tmp_path: Path) -> None:
    path, _ = write(tmp_path)
    table = tmp_path / "other" / "run.nc"
    time, size = [0.0, 4.0], ("time", "D")
    xr.Dataset(
        {
            "simple": ("time", [1.0, 5.0]),
            "two_words": (size, [[1.0, 2.0], [3.0, 4.0]]),
            "model": ((), 3.0),
        },
        {"time": time, "D": ["A1", "A2"]},
    ).to_netcdf(table, engine="h5netcdf")
    found = values(path, [table], engine, ("x", "y[A1]", "y[A2]"))
    assert found == [[2, 4, 6, 8, 10], [1, 1, 1, 1, 3], [2, 2, 2, 2, 4]]


@pytest.mark.parametrize("engine", ["numpy", "compiled", "pysd"])
def test_a_table_that_windows_wrote(engine: EngineName, tmp_path: Path) -> None:
    path = tmp_path / "m.mdl"
    path.write_text(vensim("Höhe :INTERPOLATE: ~~|\nx = Höhe ~~|\n"), encoding="utf-8")
    table = tmp_path / "T.CSV"
    table.write_bytes("Time,Höhe\r\n0,1\r\n4,5\r\n".encode("cp1252"))
    assert values(path, [table], engine, ("x",)) == [[1, 2, 3, 4, 5]]


def test_what_cannot_be_is_told_at_once(tmp_path: Path) -> None:
    path, tables = write(tmp_path)
    wrong = [tables[0].with_name("c.csv"), tmp_path, tables[0]]
    with pytest.raises(ModelFileError) as caught:
        read_model(path, data=wrong, cache=False)
    first, second = caught.value.problems
    assert "c.csv: no such file; nearest: 'a.csv'" in first
    assert "it is no table (.csv, .dat, .nc, .tab)" in second
    broken = tmp_path / "x.nc"
    broken.write_text("no")
    with pytest.raises(ModelFileError, match=r"'Simple': x\.nc is no NetCDF 4 file"):
        read_model(path, data=[broken], cache=False)
    with pytest.raises(ModelFileError, match=r"Two Words\[A1\]' \(a.csv\); name one"):
        read_model(path, data=tables[:1], cache=False)


def test_the_digest_holds_files_and_order_and_the_cache_their_paths(
    tmp_path: Path,
) -> None:
    path, tables = write(tmp_path)
    digests = {read_model(path, data=given).digest for given in (tables, tables[::-1])}
    assert len(digests) == 2
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    copies = [table.rename(moved / table.name) for table in tables]
    again = read_model(path, data=copies)
    assert again.digest in digests
    assert again.data == tuple(str(item.resolve()) for item in copies)
    extra = moved / "again.csv"
    extra.write_text("Time,Simple\n0,1\n")
    (told,) = read_model(path, data=[*copies, extra]).warnings
    assert told.startswith("data file again.csv: no variable is read from it")


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("t.csv", b"", r"none of .* \(Simple, Two Words\[A1\]"),
        ("t.csv", b"\x00\x01\x02,\x00\n", "no text but a binary file"),
        ("t.csv", b"Time,Simpel\n0,1\n", "nearest: 'Simple'"),
        ("t.dat", b"Simpel\n0 1\n", "nearest: 'Simple'"),
    ],
)
def test_a_named_file_that_holds_none_of_the_data_is_refused(
    name: str, content: bytes, told: str, tmp_path: Path
) -> None:
    path, tables = write(tmp_path)
    for table in tables:  # what beside the model would do instead
        table.rename(path.parent / f"data {table.name}")
    wrong = tmp_path / name
    wrong.write_bytes(content)
    with pytest.raises(ModelFileError, match=told) as caught:
        read_model(path, data=[wrong], cache=False)
    assert name in str(caught.value)
    path.write_text(vensim("x = 1 ~~|\n"))
    with pytest.raises(ModelFileError, match=f"{name}: .*(no data variables|binary)"):
        read_model(path, data=[wrong], cache=False)


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        (
            "data.csv",
            "Time,d\n0,1,2,3\n10\n5,abc\n7,9\n",
            ["line 2: '2' stands beyond the header", "line 4: 'abc' is no number"],
        ),
        ("data.csv", "Time,d\nsoon,1\n7,9\n", ["line 2: 'soon' is no number"]),
        ("data.csv", "Time,d\n,1\n7,9\n", ["line 2: a value ('1') has no time"]),
        ("data.csv", "Time,d\n0,1_000\n", ["line 2: '1_000' is no number"]),
        ("data.csv", "Time,0,5\nd,1,abc\n", ["line 2: 'abc' is no number"]),
        ("data.csv", "Time,0,5\nd,1,2,3\n", ["a value ('3') has no time"]),
        ("data.tab", "Time\td\n0\tabc\n5\t1\n", ["line 2: 'abc' is no number"]),
        ("data.dat", "d\n0 1\n5 abc\n7 9\n", ["line 3: 'abc' is no number"]),
        ("data.dat", "d\n0 1\n5\n", ["line 3: '5' is not a time and a value"]),
    ],
)
def test_no_text_vanishes_from_a_table(
    named: bool, name: str, content: str, told: list[str], tmp_path: Path
) -> None:
    model = tmp_path / "m.mdl"
    model.write_text(vensim("d ~~|\nx = d ~~|\n"))
    table = tmp_path / "other" / name if named else tmp_path / name
    table.parent.mkdir(exist_ok=True)
    table.write_text(content)
    with pytest.raises(ModelFileError) as caught:
        read_model(model, data=[table] if named else (), cache=False)
    for words in (name, *told):
        assert words in str(caught.value)


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
def test_an_empty_cell_and_a_short_row_are_missing_values(
    engine: EngineName, tmp_path: Path
) -> None:
    model, table = tmp_path / "m.mdl", tmp_path / "t.csv"
    model.write_text(vensim("d ~~|\nx = d ~~|\n"))
    table.write_text("Time,d,note\n0,1,from a book\n1,,\n2\n3,NA,\n4,5,\n,,\n")
    assert values(model, [table], engine, ("x",)) == [[1, 2, 3, 4, 5]]


def test_on_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, tables = write(tmp_path)
    options = [word for table in tables for word in ("--data", str(table))]
    run = ["run", "--model", str(path), "--save", "all"]
    out = tmp_path / "o.csv"
    assert main([*run, "--csv", str(out), *options]) == 0
    head, *rows = out.read_text().splitlines()
    place = head.split(",").index("x")
    assert float(rows[-1].split(",")[place]) == 10
    assert main(["check", str(path), *options]) == 0
    capsys.readouterr()
    assert main(run) == 2
    assert "name one elsewhere by --data FILE" in capsys.readouterr().err
    assert main([*run, "--csv", str(tables[0]), *options]) == 2
    assert tables[0].read_text() == FIRST
