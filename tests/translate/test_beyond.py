"""What PySD lacks, against closed forms; and what it reads otherwise than its field."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sdmodel.errors import ModelFileError, UnsupportedError
from sdmodel.translate.read import read_model
from tests.translate.judging import Columns, ours
from tests.translate.writing import vensim

if TYPE_CHECKING:
    from pathlib import Path

    from sdmodel.engines.base import EngineName

TIME = np.arange(17) / 4
XMILE = """<?xml version="1.0" encoding="utf-8"?>
<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0">
<sim_specs><start>0</start><stop>4</stop><dt>0.25</dt></sim_specs>
<dimensions><dim name="D"><elem name="a"/><elem name="b"/></dim></dimensions>
{macro}<model><variables>{body}</variables></model></xmile>
"""


def of_vensim(tmp_path: Path, body: str, engine: EngineName) -> Columns:
    path = tmp_path / "m.mdl"
    path.write_text(vensim(body))
    return ours(path, engine)


def of_xmile(tmp_path: Path, body: str, engine: EngineName, macro: str = "") -> Columns:
    path = tmp_path / "m.xmile"
    path.write_text(XMILE.format(body=body, macro=macro))
    return ours(path, engine)


def aux(name: str, equation: str, more: str = "") -> str:
    return f'<aux name="{name}"><eqn>{equation}</eqn>{more}</aux>'


def test_delay_material_moves_the_series(tmp_path: Path, engine: EngineName) -> None:
    body = "x = DELAY MATERIAL(Time^2, 1, 7, -9) ~~|"
    got = of_vensim(tmp_path, body, engine)["x"]
    np.testing.assert_allclose(got, [*[7.0] * 4, *TIME[:13] ** 2], rtol=1e-14)


def test_relative_time_value(tmp_path: Path, engine: EngineName) -> None:
    body = "x = GET TIME VALUE(1, Time*2, 0)+5 ~~|"
    np.testing.assert_array_equal(of_vensim(tmp_path, body, engine)["x"], 2 * TIME + 5)


@pytest.mark.parametrize(
    ("what", "words"), [("0, 1, 3", "calendar"), ("2,0,1", "clock")]
)
def test_dates_and_clocks_are_refused(what: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "m.mdl"
    path.write_text(vensim(f"x = GET TIME VALUE({what}) ~~|"))
    with pytest.raises(UnsupportedError, match=f"line 2: 'x': .*{words}"):
        read_model(path, cache=False)


def test_tables_read_by_other_rules(tmp_path: Path, engine: EngineName) -> None:
    body = (
        "f((1,10),(2,30),(3,20)) ~~|\ng((0,5),(1,4),(4,0)) ~~|\n"
        "e = LOOKUP EXTRAPOLATE(f, Time) ~~|\na = LOOKUP FORWARD(f, Time) ~~|\n"
        "b = LOOKUP BACKWARD(f, Time) ~~|\ni = LOOKUP INVERT(g, 5-Time) ~~|"
    )
    got = of_vensim(tmp_path, body, engine)
    inner = np.interp(TIME, [1, 2, 3], [10, 30, 20])
    outer = np.where(TIME < 1, 10 + 20 * (TIME - 1), inner)
    outer = np.where(TIME > 3, 20 - 10 * (TIME - 3), outer)
    np.testing.assert_allclose(got["e"], outer, rtol=1e-14)
    np.testing.assert_array_equal(
        got["a"], np.select([TIME <= 1, TIME <= 2], [10.0, 30.0], 20.0)
    )
    np.testing.assert_array_equal(
        got["b"], np.select([TIME < 2, TIME < 3], [10.0, 30.0], 20.0)
    )
    back = np.where(TIME < 1, TIME, 1 + 3 * (TIME - 1) / 4)
    np.testing.assert_allclose(got["i"], back, rtol=1e-14)


def test_a_table_that_turns_back_has_no_inverse(tmp_path: Path) -> None:
    path = tmp_path / "m.mdl"
    path.write_text(vensim("f((1,1),(2,3),(3,2)) ~~|\nx = LOOKUP INVERT(f, 2) ~~|"))
    with pytest.raises(ModelFileError, match="line 3: 'x': LOOKUP INVERT"):
        read_model(path, cache=False)


def test_a_table_goes_through_a_macro(tmp_path: Path, engine: EngineName) -> None:
    body = (
        ":MACRO: READ(tab, x)\nREAD = tab(x)*2 ~~|\n:END OF MACRO:\n"
        "f((0,1),(4,5)) ~~|\ny = READ(f, Time) ~~|"
    )
    np.testing.assert_allclose(of_vensim(tmp_path, body, engine)["y"], 2 * (1 + TIME))


def test_a_delay_shorter_than_its_stages_keeps_them(
    tmp_path: Path, engine: EngineName
) -> None:
    """The stages are stepped as Vensim's published run of DELAY3 has it."""
    body = "x = DELAY3I(STEP(1, 0), 0.5, 0) ~~|"
    got = of_vensim(tmp_path, body, engine)["x"]
    stages, wanted = np.zeros(3), []
    for _ in TIME:
        wanted.append(stages[2] / 0.5)
        out = stages / 0.5
        stages = stages + 0.25 * 3 * (np.array([1.0, *out[:2]]) - out)
    np.testing.assert_allclose(got, wanted, rtol=1e-12)


def test_names_that_xmile_has_for_the_time_axis(
    tmp_path: Path, engine: EngineName
) -> None:
    body = aux("x", "DT*100+STARTTIME+STOPTIME") + aux("y", "TIME*PI")
    got = of_xmile(tmp_path, body, engine)
    assert got["x"][0] == 29.0
    np.testing.assert_allclose(got["y"], TIME * np.pi, rtol=1e-15)


def test_xmile_macro_with_a_stock(tmp_path: Path, engine: EngineName) -> None:
    macro = (
        '<macro name="FILL"><parm>goal</parm><parm>t</parm><eqn>level+bonus</eqn>'
        '<variables><stock name="level"><eqn>1</eqn><inflow>flow</inflow></stock>'
        '<flow name="flow"><eqn>(goal-level)/t</eqn></flow>'
        '<aux name="bonus"><eqn>2</eqn></aux></variables></macro>'
    )
    body = aux("y", "FILL(5, 2)*2") + aux("bonus", "100")
    got = of_xmile(tmp_path, body, engine, macro)
    level = 5 - 4 * (1 - 0.125) ** np.arange(17)
    np.testing.assert_allclose(got["y"], 2 * (level + 2), rtol=1e-13)


def test_xmile_sums_an_array_named_alone(tmp_path: Path, engine: EngineName) -> None:
    dims = '<dimensions><dim name="D"/></dimensions>'
    body = (
        f'<aux name="x">{dims}<element subscript="a"><eqn>3</eqn></element>'
        '<element subscript="b"><eqn>TIME</eqn></element></aux>'
        + aux("s", "SUM(x)+10*MAX(x)+100*MIN(x)+1000*PROD(x)")
    )
    got = of_xmile(tmp_path, body, engine)["s"]
    wanted = 3 + TIME + 10 * np.maximum(3, TIME) + 100 * np.minimum(3, TIME)
    np.testing.assert_allclose(got, wanted + 3000 * TIME, rtol=1e-14)


GRAPH = "<gf{kind}><xpts>1,2,3</xpts><ypts>10,30,20</ypts></gf>"


@pytest.mark.parametrize("kind", ["", "extrapolate", "discrete"])
def test_xmile_tables_keep_their_rule_inside_a_variable(
    kind: str, tmp_path: Path, engine: EngineName
) -> None:
    mark = f' type="{kind}"' if kind else ""
    got = of_xmile(tmp_path, aux("y", "TIME", GRAPH.format(kind=mark)), engine)["y"]
    wanted = np.interp(TIME, [1, 2, 3], [10, 30, 20])
    if kind == "extrapolate":
        wanted = np.where(TIME < 1, 10 + 20 * (TIME - 1), wanted)
        wanted = np.where(TIME > 3, 20 - 10 * (TIME - 3), wanted)
    elif kind == "discrete":
        wanted = np.select([TIME < 2, TIME < 3], [10.0, 30.0], 20.0)
    np.testing.assert_allclose(got, wanted, rtol=1e-14)


def test_allocate_available_clears_the_market(
    tmp_path: Path, engine: EngineName
) -> None:
    """All that is supplied is given, at one price, to the last digits."""
    body = (
        "r: a,b,c,d ~~|\np: kind,middle,width,extra ~~|\nq[r] = 8,5,3,6 ~~|\n"
        "pp[r,p] = 1,5,2,0; 2,4,3,0; 3,6,1,0; 4,5,0.5,0; ~~|\n"
        "got[r] = ALLOCATE AVAILABLE(q[r], pp[r,kind], 6*Time) ~~|\n"
        "total = SUM(got[r!]) ~~|\nalone[r] = IF THEN ELSE(r=b, 5, 0) ~~|\n"
        "one[r] = ALLOCATE AVAILABLE(alone[r], pp[r,kind], Time) ~~|"
    )
    got = of_vensim(tmp_path, body, engine)
    supply = np.minimum(6 * TIME, 22)
    np.testing.assert_allclose(got["total"], supply, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(got["one[b]"], np.minimum(TIME, 5), rtol=1e-10)
    np.testing.assert_array_equal(got["one[a]"], 0 * TIME)
    # Where the supply falls short, curves of one shape meet at one height.
    price = 6 + 1 * _normal_quantile(1 - got["got[c]"][2:12] / 3)
    height = np.where(
        price < 5, 1 - 0.5 * np.exp((price - 5) / 0.5), 0.5 * np.exp((5 - price) / 0.5)
    )
    np.testing.assert_allclose(got["got[d]"][2:12], 6 * height, rtol=1e-6)


def _normal_quantile(p: np.ndarray) -> np.ndarray:
    from statistics import NormalDist

    return np.array([NormalDist().inv_cdf(x) for x in p.tolist()])


def test_a_function_still_to_be_written_is_no_number(tmp_path: Path) -> None:
    path = tmp_path / "m.mdl"
    path.write_text(vensim("x = A FUNCTION OF(y, Time) ~~|\ny = 2 ~~|"))
    model = read_model(path, cache=False)
    assert any("still to be written" in text for text in model.warnings)
    assert np.isnan(ours(path, "numpy")["x"]).all()


SELECTS = {"none": ("0,0,0", 1), "several": ("1,1,0", 2), "either": ("0,0,0", 3)}


@pytest.mark.parametrize("case", SELECTS)
def test_errors_asked_of_vector_select_make_no_number(
    case: str, tmp_path: Path, engine: EngineName
) -> None:
    picks, error = SELECTS[case]
    body = (
        f"r: a,b,c ~~|\ns[r] = {picks} ~~|\nx = VECTOR SELECT(s[r!], r, 7, 0, {error})"
    )
    got = of_vensim(tmp_path, body.replace("r, 7", "s[r!], 7") + " ~~|", engine)
    assert np.isnan(got["x"]).all()


@pytest.mark.parametrize("action", ["1e999", "-1e999", "11", "-1"])
def test_an_action_that_vector_select_lacks_is_refused(
    tmp_path: Path, action: str, engine: EngineName
) -> None:
    asked = f"VECTOR SELECT(x[r!], x[r!], 0, {action}, 0)"
    body = f"r: a, b ~~|\nx[r] = 3, 5 ~~|\ny = {asked} ~~|"
    with pytest.raises(ModelFileError, match="it is 0 to 10"):
        of_vensim(tmp_path, body, engine)


def test_vector_select_finds_its_action_by_name(
    tmp_path: Path, engine: EngineName
) -> None:
    body = (
        "r: a, b ~~|\nx[r] = 3, 5 ~~|\n"
        "y = INITIAL(VECTOR SELECT(x[r!], x[r!], 0, most, 0)) ~~|\nmost == 3 ~~|"
    )
    np.testing.assert_array_equal(of_vensim(tmp_path, body, engine)["y"], 25 + 0 * TIME)


def test_a_negative_number_in_parentheses_keeps_its_sign(
    tmp_path: Path, engine: EngineName
) -> None:
    """PySD's parser drops the parentheses."""
    body = "n = 3 ~~|\nx = (-2)^2 + (-0.5) ^ n ~~|\ny = -2^2 ~~|"
    got = of_vensim(tmp_path, body, engine)
    assert (got["x"][0], got["y"][0]) == (3.875, -4.0)
    assert of_xmile(tmp_path, aux("x", "(-2)^2"), engine)["x"][0] == 4.0


def test_vector_elm_map_counts_from_an_element(
    tmp_path: Path, engine: EngineName
) -> None:
    body = (
        "r: a,b,c,d ~~|\nx[r] = 10,20,30,40 ~~|\n"
        "y = VECTOR ELM MAP(x[b], INTEGER(Time)-1) ~~|\n"
        "z[r] = VECTOR ELM MAP(x[r], 1) ~~|"
    )
    got = of_vensim(tmp_path, body, engine)
    wanted = np.array([10.0, 20.0, 30.0, 40.0, np.nan])[TIME.astype(int)]
    np.testing.assert_array_equal(got["y"], wanted)
    assert [got[f"z[{name}]"][0] for name in "abc"] == [20.0, 30.0, 40.0]
    assert np.isnan(got["z[d]"]).all()


def test_remarks_in_braces_are_left_out(tmp_path: Path, engine: EngineName) -> None:
    body = 'x = 3 {of {these}, and\nthose} + {and} 2*Time ~~|\n"y {z}" = x ~~|'
    np.testing.assert_array_equal(
        of_vensim(tmp_path, body, engine)["y{z}"], 3 + 2 * TIME
    )


def test_mapping_element_by_element(tmp_path: Path, engine: EngineName) -> None:
    body = (
        "town: t1,t2,t3 -> (land: l2,l1,far) ~~|\nland: l1,l2,l3,l4 ~~|\n"
        "far: l3,l4 ~~|\nv[town] = 10,20,30 ~~|\nw[land] = v[town]*Time ~~|"
    )
    got = of_vensim(tmp_path, body, engine)
    for name, value in (("l1", 20), ("l2", 10), ("l3", 30), ("l4", 30)):
        np.testing.assert_array_equal(got[f"w[{name}]"], value * TIME)


def test_what_is_missing_by_intent_is_no_bad_run(tmp_path: Path) -> None:
    from sdmodel.engines.simulate import simulate
    from sdmodel.study.design import Inputs, Save

    path = tmp_path / "m.mdl"
    body = "x = IF THEN ELSE(Time>1, :NA:, 2) ~~|\ny = x+1 ~~|\nk = 1 ~~|\nz = 1/k ~~|"
    path.write_text(vensim(body + "\ns = INTEG(y, 0) ~~|"))
    model = read_model(path, cache=False)
    assert model.missing == {"x", "y"}
    for engine in ("compiled", "numpy"):
        out = simulate(
            model,
            Inputs(("k",), np.array([[1.0], [0.0]])),
            Save(("x", "y", "z")),
            engine=engine,
        )
        assert out.status.tolist() == [0, 1]
        fed = simulate(model, Inputs((), np.zeros((1, 0))), Save(("x", "s")))
        assert fed.status.tolist() == [1]
