"""What Vensim files from the wild hold and PySD stops at, against closed forms."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sdmodel.engines.simulate import simulate
from sdmodel.errors import RunError
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


def test_the_judge_says_that_it_cannot_run_such_a_sample(tmp_path: Path) -> None:
    path = tmp_path / "m.mdl"
    path.write_text(vensim("x = Time ~~|\nm = SAMPLE IF TRUE(x < m, x, x) ~~|\n"))
    model = read_model(path, cache=False)
    with pytest.raises(RunError, match=r"PySD cannot run the model: .* names itself"):
        simulate(model, Inputs((), np.zeros((1, 0))), Save(("m",)), engine="pysd")


def test_net_present_value(tmp_path: Path, engine: EngineName) -> None:
    body = (
        "x = 3+Time ~~|\nr = 0.2 ~~|\nv = NPV(x, r, 7, 2) ~~|\n"
        "D: a,b ~~|\nk[D] = 1,2 ~~|\nw[D] = NPV(k[D], 0, 0, 1)+NPV(k[D], 0, 1, 1) ~~|"
    )
    got = of_vensim(tmp_path, body, engine)
    shares = 1.05 ** -np.arange(17.0)
    np.testing.assert_allclose(
        got["v"], 2 * (7 + np.cumsum(0.25 * (3 + TIME) * shares)), rtol=1e-13
    )
    np.testing.assert_allclose(got["w[b]"], 4 * (TIME + 0.25) + 1, rtol=1e-13)


def test_log_gamma(tmp_path: Path, engine: EngineName) -> None:
    points = [1e-8, 0.1, 0.5, 1.0, 1.5, 2.0, 3.0, 10.0, 170.0, 1e6]
    body = "".join(f"g{i} = GAMMA LN({x!r}) ~~|\n" for i, x in enumerate(points))
    got = of_vensim(tmp_path, body + "none = GAMMA LN(-1.5) ~~|", engine)
    for i, x in enumerate(points):
        np.testing.assert_allclose(
            got[f"g{i}"][0], math.lgamma(x), rtol=1e-14, atol=1e-13
        )
    assert np.isnan(got["none"]).all()


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


ODD = ("0", "-2.5", "3", "1e-7", "0.3")
ONE = "ABS SQRT EXP LN SIN COS TAN ARCSIN ARCCOS ARCTAN SINH COSH TANH INTEGER"
TWO = "MODULO QUANTUM ZIDZ MIN MAX POWER LOG"
STATEFUL = (
    "DELAY1(i,{})", "DELAY1I(i,{},5)", "DELAY N(i,{},5,1)", "DELAY FIXED(i,{},5)",
    "SMOOTH(i,{})", "SMOOTHI(i,{},5)", "SMOOTH3(i,{})", "SMOOTH3I(i,{},5)",
    "SMOOTH N(i,{},5,4)", "TREND(i,{},0.1)", "TREND(z,{},0)", "FORECAST(i,{},2)",
    "FORECAST(z,{},2)", "SAMPLE IF TRUE(Time>={},i,9)", "SAMPLE IF TRUE(Time={},i,9)",
)  # fmt: skip


def test_odd_arguments_are_pysds(tmp_path: Path, engine: EngineName) -> None:
    """Zeros, negatives and tiny numbers; delays of one step, between and beside."""
    calls = [f"{f}({a})" for f in ONE.split() for a in ODD]
    calls += [f"{f}({a},{b})" for f in TWO.split() for a in ODD for b in ODD]
    calls += [f"XIDZ({a},{b},7)" for a in ODD for b in ODD]
    calls += [c.format(t) for c in STATEFUL for t in ("0.25", "0.3", "1.3", "2")]
    calls += ["DELAY FIXED(i,0,5)", "DELAY FIXED(i,-1,5)", "DELAY FIXED(i,1.125,5)"]
    calls += ["tb(Time-2)", "tb(99)", "tb(-99)", "-2^2", "2^0.5^2", "MODULO(-i,2)"]
    body = "i = STEP(3,1)+1 ~~|\nz = Time*0 ~~|\ntb((0,1),(1,5),(2,2)) ~~|\n"
    body += "".join(f"v{k} = {call} ~~|\n" for k, call in enumerate(calls))
    path = tmp_path / "m.mdl"
    path.write_text(vensim(body + "s = INTEG(1, 0) ~~|\n"))
    _, compared = agree(path, engine)
    assert compared >= len(calls)
