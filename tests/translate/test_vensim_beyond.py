"""What Vensim files from the wild hold and PySD stops at, against closed forms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sdmodel.engines.simulate import simulate
from sdmodel.study.design import Inputs, Save
from sdmodel.translate.read import read_model
from tests.translate.judging import agree
from tests.translate.test_beyond import TIME, of_vensim
from tests.translate.writing import vensim

if TYPE_CHECKING:
    from pathlib import Path

    from sdmodel.engines.base import EngineName


def test_a_value_can_be_asked_whether_it_is_missing(
    tmp_path: Path, engine: EngineName
) -> None:
    body = (
        "x = IF THEN ELSE(Time > 1, Time, :NA:) ~~|\n"
        "y = IF THEN ELSE(x = :NA:, -1, x) ~~|\n"
        "z = IF THEN ELSE(:NA: <> x, x, -2) ~~|\n"
        "none = INITIAL(x) ~~|\nfirst = IF THEN ELSE(none = :NA:, 5, none) ~~|\n"
        "kept = SAMPLE IF TRUE(Time > 2, Time, :NA:) ~~|\n"
        "late = DELAY FIXED(x, 1, :NA:) ~~|\n"
    )
    got = of_vensim(tmp_path, body, engine)
    np.testing.assert_array_equal(got["y"], np.where(TIME > 1, TIME, -1))
    np.testing.assert_array_equal(got["z"], np.where(TIME > 1, TIME, -2))
    assert np.isnan(got["none"]).all()
    assert (got["first"] == 5).all()
    np.testing.assert_array_equal(got["kept"], np.where(TIME > 2, TIME, np.nan))
    np.testing.assert_array_equal(got["late"], np.where(TIME > 2, TIME - 1, np.nan))
    model = read_model(tmp_path / "m.mdl", cache=False)
    save = Save(("y", "first", "kept"))
    assert not simulate(model, Inputs((), np.zeros((1, 0))), save).status.any()


def test_a_stock_that_begins_missing_is_a_bad_run(tmp_path: Path) -> None:
    path = tmp_path / "m.mdl"
    path.write_text(vensim("s = INTEG(1, :NA:) ~~|\n"))
    model = read_model(path, cache=False)
    out = simulate(model, Inputs((), np.zeros((1, 0))), Save(("s",)))
    assert out.bad_name == ("s",)


def test_a_sample_that_looks_at_itself_keeps_extremes(
    tmp_path: Path, engine: EngineName
) -> None:
    body = (
        ":MACRO: PEAK(x)\nPEAK = SAMPLE IF TRUE(x>PEAK,x,x) ~~|\n:END OF MACRO:\n"
        "D: a,b ~~|\nk[D] = 1,2 ~~|\nw[D] = SIN(k[D]*Time) ~~|\n"
        "least[D] = SAMPLE IF TRUE(w[D] < least[D], w[D], w[D]) ~~|\n"
        "most = PEAK(w[b]) ~~|\n"
        "count = SAMPLE IF TRUE(Time > 1, count + 1, 0) ~~|\n"
    )
    got = of_vensim(tmp_path, body, engine)
    for k, name in enumerate("ab", start=1):
        least = np.minimum.accumulate(np.sin(k * TIME))
        np.testing.assert_allclose(got[f"least[{name}]"], least, rtol=1e-14)
    most = np.maximum.accumulate(np.sin(2 * TIME))
    np.testing.assert_allclose(got["most"], most, rtol=1e-14)
    np.testing.assert_array_equal(got["count"], np.maximum(np.arange(17) - 4, 0))


def test_tables_of_older_files(tmp_path: Path, engine: EngineName) -> None:
    body = (
        "f(0,1,4,10,30,20) ~~|\nx = f(Time) ~~|\n"
        "g([(0,0) - (4,9)],(0,1),(4,9)) ~~|\ny = g(Time) ~~|\n"
        "z = WITH LOOKUP(Time, ([(0,0)-\\\n\t\t(4,9),(0,1),(2,3)],(0,1),(4,9))) ~~|\n"
    )
    got = of_vensim(tmp_path, body, engine)
    np.testing.assert_allclose(
        got["x"], np.interp(TIME, [0, 1, 4], [10, 30, 20]), rtol=1e-14
    )
    np.testing.assert_array_equal(got["y"], 1 + 2 * TIME)
    np.testing.assert_array_equal(got["z"], 1 + 2 * TIME)


def test_a_quotation_mark_in_a_name(tmp_path: Path, engine: EngineName) -> None:
    body = (
        '"share \\"old\\" until 2016" = 3 ~~|\nx = "share \\"old\\" until 2016"*2 ~~|\n'
    )
    got = of_vensim(tmp_path, body, engine)
    assert (got["x"] == 6).all()
    assert "share”old”until2016" in got


EDGES = {
    "PULSE": "PULSE({}, {})",
    "STEP": "STEP({1}, {0})",
    "RAMP": "RAMP({1}, {0}, {0}+1)",
}


def test_edges_are_pysds(tmp_path: Path, engine: EngineName) -> None:
    """Starts on, between and beside steps, with widths down to none and below."""
    rows = [
        f"{name.lower()} {i} {j} = {call.format(start, width)} ~~|"
        for name, call in EDGES.items()
        for i, start in enumerate(("0", "-0.5", "1", "1.1", "0.9999999", "1.0000001"))
        for j, width in enumerate(("0", "0.25", "0.3", "1", "-1", "1e-7"))
    ]
    trains = [
        f"t {i} {j} {k} = PULSE TRAIN({start}, {width}, {every}, {end}) ~~|"
        for i, start in enumerate(("0", "1.1", "-1"))
        for j, (width, every) in enumerate(
            (("0.25", "1"), ("1", "0.5"), ("0", "1"), ("0.5", "0"), ("0.3", "0.7"))
        )
        for k, end in enumerate(("3", "3.01", "9", "0"))
    ]
    path = tmp_path / "m.mdl"
    path.write_text(vensim("\n".join([*rows, *trains]) + "\ns = INTEG(1, 0) ~~|"))
    _, compared = agree(path, engine)
    assert compared >= len(rows) + len(trains)
