"""XMILE that PySD lacks, on both engines against closed forms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sdmodel.errors import ModelFileError, UnsupportedError
from sdmodel.translate.read import read_model
from sdmodel.translate.xmile_expr import ExpressionError, expression
from tests.translate.judging import ours
from tests.translate.test_constructs_xmile import (
    BOTH,
    ROW,
    WHOLE,
    X,
    aux,
    elements,
)

if TYPE_CHECKING:
    from pathlib import Path

    from sdmodel.engines.base import EngineName
    from tests.translate.judging import Columns

TIME = np.arange(17) / 4
TABLE = (
    "<gf><xpts>0,2,4</xpts><ypts>1,3,2</ypts></gf>"  # as np.interp(x, [0,2,4], [1,3,2])
)
GRID = elements(
    "m",
    BOTH,
    {f"{r},{c}": f"{i + 1}{j + 1}" for i, r in enumerate("abc") for j, c in enumerate(
        ("e1", "e2")
    )},
)  # fmt: skip
M = np.array([[11, 12], [21, 22], [31, 32]], dtype=float)


def run(tmp_path: Path, body: str, engine: EngineName, models: str = "") -> Columns:
    path = tmp_path / "m.xmile"
    whole = WHOLE.format(body).replace("</xmile>", f"{models}</xmile>")
    path.write_text(whole, encoding="utf-8")
    return ours(path, engine)


SCALARS = {
    "SUM(m)": M.sum(),
    "SUM(m[*,*])": M.sum(),
    "SUM(m[b,*])": M[1].sum(),
    "SUM(m[2,*])": M[1].sum(),
    "SUM(m[*,e2])": M[:, 1].sum(),
    "SUM(m[a:b,e1])": M[:2, 0].sum(),
    "SUM(m[2:3,*]*2)": 2 * M[1:].sum(),
    "SUM(m[*,*]*w[*])": (M * np.array([[2], [3], [5]])).sum(),
    "MEAN(m[*,e1])": M[:, 0].mean(),
    "MEAN(m[a,e1],7,3)": 7.0,
    "STDDEV(m)": M.std(),
    "MIN(m[c,*])": 31.0,
    "MAX(m)": 32.0,
    "MAX(m[a,*],13)": 13.0,
    "MIN(m[a,*],m[b,e1],5)": 5.0,
    "MAX(1,2,3)": 3.0,
    "PROD(w[*])": 30.0,
    "SIZE(m)": 6.0,
    "SIZE(m[a,*])": 2.0,
    "SIZE(Row)": 3.0,
    "RANK(w[*],1)": 1.0,
    "RANK(w,SIZE)": 3.0,
    "RANK(0-w[*],1)": 3.0,
    "Row.c+Col.e2": 5.0,
    "m[1+1,e2]": 22.0,
    "m[w[a],w[a]-1]": 21.0,
    "m[9*1,e1]": 0.0,
    "7 // 0 + 6 // 3": 2.0,
    "ROUND(2.5)+ROUND(-2.5)+ROUND(0.4)": 0.0,
    "ROOTN(27,3)": 3.0,
    "PERCENT(0.2)": 20.0,
    "PI() - PI": 0.0,
    "COS(PI())": -1.0,
    "2^-1^2 + -2^2 + (-2)^2": 0.5,
    "IF NOT 0 AND 3&gt;2 THEN 1 ELSE 2": 1.0,
}


@pytest.mark.parametrize("text", SCALARS)
def test_one_number(text: str, tmp_path: Path, engine: EngineName) -> None:
    weights = elements("w", ROW, {"a": "2", "b": "3", "c": "5"})
    got = run(tmp_path, GRID + weights + aux("x", text), engine)
    np.testing.assert_allclose(got["x"], SCALARS[text], rtol=1e-14, atol=1e-14)


def test_arrays_in_equations_of_arrays(tmp_path: Path, engine: EngineName) -> None:
    def each(name: str, text: str, dims: str = ROW) -> str:
        return f'<aux name="{name}">{dims}<eqn>{text}</eqn></aux>'

    turned = '<dimensions><dim name="Col"/><dim name="Row"/></dimensions>'
    square = '<dimensions><dim name="Row"/><dim name="Row"/></dimensions>'
    body = (
        GRID
        + each("rows", "SUM(m[Row,*])")
        + each("share", "SUM(m[Row,*])/SUM(m)")
        + each("back", "m'", turned)
        + each("same", "m", turned)
        + each("q", "m[@1,e1]*10+m[@2,e1]", square)
        + each("qt", "q'", square)
        + aux("trace", "SUM(q[*,*])")
        + each("pick", "m[Row,INT(TIME)+1]")
        + '<stock name="S">' + ROW + "<eqn>rows</eqn><inflow>f</inflow></stock>"
        + '<flow name="f">' + ROW + "<eqn>S*0+1</eqn></flow>"
        + elements("P", ROW, {"a": "1", "b": "2", "c": "3"}, "stock").replace(
            "</stock>", "<outflow>f</outflow></stock>"
        )
    )  # fmt: skip
    got = run(tmp_path, body, engine)
    column = M[:, 0]
    for i, row in enumerate("abc"):
        assert np.all(got[f"rows[{row}]"] == M[i].sum())
        np.testing.assert_allclose(got[f"share[{row}]"], M[i].sum() / M.sum())
        np.testing.assert_array_equal(got[f"s[{row}]"], M[i].sum() + TIME)
        np.testing.assert_array_equal(got[f"p[{row}]"], i + 1 - TIME)
        picked = np.select([TIME < 1, TIME < 2], [M[i, 0], M[i, 1]], 0.0)
        np.testing.assert_array_equal(got[f"pick[{row}]"], picked)
        for j, col in enumerate(("e1", "e2")):
            assert np.all(got[f"back[{col},{row}]"] == M[i, j])
            assert np.all(got[f"same[{col},{row}]"] == M[i, j])
        for k, other in enumerate("abc"):
            value = column[i] * 10 + column[k]
            assert np.all(got[f"q[{row},{other}]"] == value)
            assert np.all(got[f"qt[{other},{row}]"] == value)
    assert np.all(got["trace"] == 11 * 3 * column.sum())


def test_the_last_step_and_the_own_value(tmp_path: Path, engine: EngineName) -> None:
    body = (
        aux("p", "PREVIOUS(TIME, 7)")
        + aux("count", "PREVIOUS(SELF, 0)+1")
        + aux("most", "MAX(PREVIOUS(SELF, 0), SIN(TIME))")
        + f'<aux name="a">{ROW}<eqn>PREVIOUS(SELF, 1)*2</eqn></aux>'
    )
    got = run(tmp_path, body, engine)
    np.testing.assert_array_equal(got["p"], [7.0, *TIME[:-1]])
    np.testing.assert_array_equal(got["count"], np.arange(1.0, 18.0))
    np.testing.assert_allclose(got["most"], np.maximum.accumulate(np.sin(TIME)))
    np.testing.assert_array_equal(got["a[b]"], 2.0 ** np.arange(1, 18))


def test_what_was_some_time_ago(tmp_path: Path, engine: EngineName) -> None:
    body = (
        aux("c", "0.75")
        + aux("r", "RAMP(2) + RAMP(1, 3)")
        + aux("a", "HISTORY(TIME+1, TIME - DT)")
        + aux("b", "HISTORY(TIME+1, TIME - c - 1 + 0.25)")
    )
    got = run(tmp_path, body, engine)
    np.testing.assert_array_equal(got["r"], 2 * TIME + np.maximum(TIME - 3, 0))
    np.testing.assert_array_equal(got["a"], [0, *(TIME + 1)[:-1]])
    np.testing.assert_array_equal(got["b"], [*[0] * 6, *(TIME + 1)[:-6]])


def test_tables_by_name(tmp_path: Path, engine: EngineName) -> None:
    body = (
        aux("g", "TIME", TABLE)
        + f'<aux name="bare"><eqn/>{TABLE}</aux>'
        + f'<gf name="h">{TABLE.removeprefix("<gf>")}'
        + aux("x", "LOOKUP(g, 1)+LOOKUP(bare, TIME/2)+LOOKUP(h, 3)+bare(4)")
        + f'<aux name="each">{ROW}<element subscript="a"><eqn>1</eqn>{TABLE}</element>'
        '<element subscript="b"><eqn>4</eqn></element>'
        '<element subscript="c"><eqn>5</eqn></element></aux>'
    )
    got = run(tmp_path, body, engine)
    table = np.interp(TIME, [0, 2, 4], [1, 3, 2])
    np.testing.assert_array_equal(got["g"], table)
    half = np.interp(TIME / 2, [0, 2, 4], [1, 3, 2])
    np.testing.assert_allclose(got["x"], 2 + half + 2.5 + 2, rtol=1e-15)
    assert [got[f"each[{row}]"][0] for row in "abc"] == [2.0, 4.0, 5.0]


def test_waves_and_growth(tmp_path: Path, engine: EngineName) -> None:
    body = (
        aux("s", "SINWAVE(3, 8)")
        + aux("c", "COSWAVE(3, 8)")
        + aux("stock", "100", "<inflow>f</inflow>", "stock")
        + aux("f", "stock*CGROWTH(21)", "", "flow")
    )
    got = run(tmp_path, body, engine)
    np.testing.assert_allclose(got["s"], 3 * np.sin(np.pi * TIME / 4), atol=1e-12)
    np.testing.assert_allclose(got["c"], 3 * np.cos(np.pi * TIME / 4), atol=1e-12)
    # It grows by 21 per cent in a unit of time, whatever the step.
    np.testing.assert_allclose(got["stock"], 100 * 1.21**TIME, rtol=1e-13)


MODULES = """
<model name="Hares"><variables>
<stock name="Hares"><eqn>100</eqn><inflow>births</inflow></stock>
<flow name="births"><eqn>Hares*rate - eaten</eqn></flow>
<aux name="rate" access="input"><eqn>99</eqn></aux>
<aux name="eaten" access="input"/>
<module name="Den"><connect to="Den.area" from=".area"/></module>
</variables></model>
<model name="Den"><variables><aux name="area" access="input"><eqn/></aux>
<aux name="room"><eqn>area*2</eqn></aux></variables></model>
<model name="Lynx"><variables><aux name="eaten"><eqn>3</eqn></aux></variables></model>
"""


def test_modules(tmp_path: Path, engine: EngineName) -> None:
    body = (
        '<module name="Hares"><connect to="Hares.rate" from=".birth_rate"/>'
        '<connect2 to="Hares.rate" from="birth_rate"/>'
        '<connect to="Hares.eaten" from="Lynx.eaten"/></module><module name="Lynx"/>'
        + aux("birth rate", "0.5")
        + aux("area", "7")
        + aux("seen", "Hares.Hares + Hares.Den.room")
    )
    got = run(tmp_path, body, engine, MODULES)
    steps = np.arange(17)
    hares = (100 - 6) * 1.125**steps + 6
    np.testing.assert_allclose(got["hares.hares"], hares, rtol=1e-13)
    np.testing.assert_allclose(got["seen"], hares + 14, rtol=1e-13)


REFUSED = {
    "empty": (aux("x", "  "), "'x' cannot be read .its <eqn> is empty"),
    "unfinished": (aux("x", "1 +"), "'x' cannot be read .it ends too early"),
    "signs": (aux("x", "1 ? 2"), r"from '\? 2' on"),
    "star": (X + aux("y", "x[*]"), "a \\* or a range stands outside SUM"),
    "number": (X + aux("y", "x[9]"), "9 is no element of Row"),
    "backwards": (X + aux("y", "SUM(x[3:1])"), "a range that runs backwards"),
    "count": (aux("x", "DELAY1(1)"), "DELAY1 takes 2 or 3 arguments, 1 given"),
    "lookup": (aux("x", "LOOKUP(1, 2)"), "LOOKUP takes a graphical function"),
    "no such": (aux("x", "FROB(2)"), "no function FROB"),
    "not here": (
        aux("x", "HISTORY(2, TIME*2)"),
        "the function HISTORY; .*not supported",
    ),
    "points": (aux("x", "1", "<gf><ypts>1,b</ypts></gf>"), "the ypts 'b' is no number"),
    "uneven": (
        aux("x", "1", "<gf><xpts>1</xpts><ypts>1,2</ypts></gf>"),
        "a graphical function of 1 x and 2 y",
    ),
    "module": ('<module name="A"/>', "'A': a module, yet the file has no <model"),
    "elsewhere": (
        '<module name="A" resource="../a.xmile"/>',
        "'A': a module in another file; not supported",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_is_named_with_its_line(case: str, tmp_path: Path) -> None:
    body, words = REFUSED[case]
    path = tmp_path / "m.xmile"
    path.write_text(WHOLE.format(body + aux("z", "1")), encoding="utf-8")
    with pytest.raises((ModelFileError, UnsupportedError), match=f"line 8: .*{words}"):
        read_model(path, cache=False)


def test_a_module_that_contains_itself_is_refused(tmp_path: Path) -> None:
    models = '<model name="A"><variables><module name="A"/></variables></model>'
    path = tmp_path / "m.xmile"
    whole = WHOLE.format(aux("z", "1") + '<module name="A"/>')
    path.write_text(whole.replace("</xmile>", f"{models}</xmile>"), encoding="utf-8")
    with pytest.raises(ModelFileError, match=r"'A.A': a module that contains itself"):
        read_model(path, cache=False)


@pytest.mark.parametrize(
    "text",
    ["(" * 200 + "1" + ")" * 200, "2^" * 999 + "2", "1 mod " * 999 + "1",
     "if 1 then " * 99 + "1", "1//" * 999 + "1", "a[" * 99, "1<" * 99 + "1"],
)  # fmt: skip
def test_depth_ends_in_a_sentence(text: str) -> None:
    with pytest.raises(ExpressionError):
        expression(text, lambda name, arguments: name)
