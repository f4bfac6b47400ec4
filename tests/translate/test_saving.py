"""SAVEPER that is no multiple of TIME STEP, and data without an equation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sdmodel.engines.simulate import simulate
from sdmodel.errors import ModelFileError
from sdmodel.study.design import Inputs, Save
from sdmodel.translate.read import read_model
from tests.translate.judging import agree, ours
from tests.translate.writing import vensim

if TYPE_CHECKING:
    from pathlib import Path

    from sdmodel.engines.base import EngineName

SAVINGS: dict[str, tuple[str, str, list[float]]] = {
    "0.1 of eighths": ("0.125", "0.1", [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4]),
    "0.1 of quarters": ("0.25", "0.1", [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4]),
    "0.6 of quarters": ("0.25", "0.6", [0, 3]),
    "every step": ("0.5", "0.25", [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4]),
    "the first alone": ("0.25", "9.1", [0]),
}


@pytest.mark.parametrize("case", SAVINGS)
def test_saveper_apart_from_the_step(
    case: str, tmp_path: Path, engine: EngineName
) -> None:
    step, save, times = SAVINGS[case]
    tail = (
        "FINAL TIME = 4 ~~|\nINITIAL TIME = 0 ~~|\n"
        f"SAVEPER = {save} ~~|\nTIME STEP = {step} ~~|\n"
    )
    path = tmp_path / "m.mdl"
    path.write_text(vensim("s = INTEG(Time, 1) ~~|\nx = Time*2 ~~|", tail))
    got, compared = agree(path, engine)
    assert compared >= 4
    np.testing.assert_array_equal(got["x"], 2 * np.array(times))
    told = "\n".join(read_model(path, cache=False).warnings)
    assert f"only the {len(times)} steps are saved" in told


ENDINGS: dict[str, tuple[str, str, str, float, list[float]]] = {
    "beyond by a part": ("4", "0.75", "0.75", 4.5, [0, 0.75, 1.5, 2.25, 3, 3.75, 4.5]),
    "a step not saved beyond": ("4", "0.75", "1.5", 4.5, [0, 1.5, 3, 4.5]),
    "the last not saved": ("3.5", "1", "3", 4, [0, 3]),
    "saved apart": ("4", "0.75", "1", 4.5, [0, 3]),
    "one step": ("0.5", "2", "2", 2, [0, 2]),
    "no step": ("0", "2", "2", 0, [0]),
    "less than a hundred thousandth": ("4.000005", "1", "1", 4, [0, 1, 2, 3, 4]),
    "a little more": ("4.00002", "1", "1", 5, [0, 1, 2, 3, 4, 5]),
    "decimals": ("1", "0.3", "0.3", 1.2, [0, 0.3, 0.6, 0.9, 1.2]),
}


@pytest.mark.parametrize("case", ENDINGS)
def test_a_step_that_does_not_divide_the_horizon(
    case: str, tmp_path: Path, engine: EngineName
) -> None:
    final, step, save, last, times = ENDINGS[case]
    tail = (
        f"FINAL TIME = {final} ~~|\nINITIAL TIME = 0 ~~|\n"
        f"SAVEPER = {save} ~~|\nTIME STEP = {step} ~~|\n"
    )
    path = tmp_path / "m.mdl"
    body = "s = INTEG(2, 1) ~~|\nx = FINAL TIME - s ~~|\ny = STEP(1, 4) ~~|"
    path.write_text(vensim(body, tail))
    got, compared = agree(path, engine)
    assert compared >= 6
    # A stock that grows by 2 tells the time at which it was saved.
    np.testing.assert_allclose(got["s"], 1 + 2 * np.array(times), rtol=1e-15)
    assert got["finaltime"].tolist() == [float(final)] * len(times)
    model = read_model(path, cache=False)
    assert model.time.last == pytest.approx(last, abs=1e-5)
    told = "\n".join(model.warnings)
    assert (f"the last step ends at {last:g}" in told) == (last != float(final))
    judge = simulate(
        model, Inputs((), np.zeros((1, 0))), Save(("s", "x")), engine="pysd"
    )
    np.testing.assert_allclose(judge.values[0, :, 0], got["s"], rtol=1e-15)
    np.testing.assert_allclose(judge.values[0, :, 1], got["x"], rtol=1e-15)


DATA = """Simple
0\t10
2\t30
4 10
A Values[A1]
0\t1
4\t5
A Values[A2]
0\t2
4\t2
"""
BODY = (
    "D: A1,A2 ~~|\nSimple ~ u ~ no word |\nA Values[D] ~~|\n"
    "x = Simple ~~|\ny[D] = A Values[D]*2 ~~|\n"
)


def series(path: Path, engine: EngineName) -> tuple[list[float], list[float]]:
    got = ours(path, engine)
    return got["x"][::4].tolist(), got["y[a1]"][::4].tolist()


def test_data_without_a_word_come_from_a_dat_file(
    tmp_path: Path, engine: EngineName
) -> None:
    path = tmp_path / "m.mdl"
    path.write_text(vensim(BODY))
    (tmp_path / "data.dat").write_text(DATA)
    (tmp_path / "output.csv").write_text("Time,Simple,x\n0,7,8\n")
    assert series(path, engine) == ([10, 20, 30, 20, 10], [2, 4, 6, 8, 10])


def test_the_judge_is_given_the_same_data(tmp_path: Path) -> None:
    path = tmp_path / "m.mdl"
    path.write_text(vensim(BODY))
    (tmp_path / "other.dat").write_text(DATA)
    model = read_model(path, cache=False)
    names = ("x", "y[A1]", "y[A2]")
    out = simulate(model, Inputs((), np.zeros((1, 0))), Save(names), engine="pysd")
    assert out.values[0, ::4, 0].tolist() == [10, 20, 30, 20, 10]
    assert out.values[0, ::4, 1].tolist() == [2, 4, 6, 8, 10]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ((), r"no \.csv, \.tab or \.dat file .* 'Simple' \(there is none\)"),
        (("other.dat",), r"has a column 'A Values\[A1\]' \(other.dat\)"),
        (("a.csv", "b.csv"), r"in several tables .* \(a.csv, b.csv\); keep it in one"),
    ],
)
def test_where_data_are_looked_for(
    files: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    path = tmp_path / "m.mdl"
    path.write_text(vensim(BODY))
    for name in files:
        text = "Time,Simple,z\n0,1,2\n" if name.endswith("csv") else DATA[:30]
        (tmp_path / name).write_text(text)
    with pytest.raises(ModelFileError, match=r"line [34]: .*no equation, .* data; "):
        read_model(path, cache=False)
    with pytest.raises(ModelFileError, match=words):
        read_model(path, cache=False)


def test_an_element_without_data_is_missing(tmp_path: Path, engine: EngineName) -> None:
    path = tmp_path / "m.mdl"
    body = "D: A1,A2 ~~|\nu[D] ~~|\nx[D] = IF THEN ELSE(u[D] = :NA:, -1, u[D]) ~~|"
    path.write_text(vensim(body))
    (tmp_path / "data.tab").write_text("Time\tu[A2]\n0\t1\n4\t5\n")
    got = ours(path, engine)
    assert got["x[a1]"].tolist() == [-1.0] * 17
    assert got["x[a2]"][::4].tolist() == [1, 2, 3, 4, 5]
    told = "\n".join(read_model(path, cache=False).warnings)
    assert "'u[A1]', line 3: no data" in told


def test_a_table_beside_is_part_of_the_digest_only_of_a_model_with_data(
    tmp_path: Path,
) -> None:
    table = tmp_path / "data.csv"
    digests = []
    for body in ("x = 1 ~~|", "Simple ~~|\nx = Simple ~~|"):
        path = tmp_path / "m.mdl"
        path.write_text(vensim(body))
        for text in ("Time,Simple\n0,1\n", "Time,Simple\n0,2\n"):
            table.write_text(text)
            digests.append(read_model(path, cache=False).digest)
    assert digests[0] == digests[1]
    assert digests[2] != digests[3]
