"""Functions of XMILE and Stella that PySD lacks, against closed forms and scipy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import stats

from sdmodel.engines.simulate import simulate
from sdmodel.study.design import Inputs, Save
from sdmodel.translate.read import read_model
from tests.translate.test_constructs_xmile import ROW, WHOLE, aux, elements
from tests.translate.test_xmile_beyond import TIME, run

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from sdmodel.engines.base import EngineName

# A loan of 10 000 at 1 % a month over 36 months: the example of Stella's own manual.
LOAN = 332.14309812851
NUMBERS = {
    "PMT(0.01, 36, 10000, 0)": -LOAN,
    f"PV(0.01, 36, {-LOAN}, 0)": 10000.0,
    f"FV(0.01, 36, {-LOAN}, 10000)": 0.0,
    "FV(0.05, 3, 0, 100)": -115.7625,
    "PMT(0, 4, 100, -20)": -20.0,
    "PV(0, 4, -20, -20)": 100.0,
    "FV(0, 4, -20, 100)": -20.0,
    "FACTORIAL(0)": 1.0,
    "FACTORIAL(5)": 120.0,
    "FACTORIAL(17)": math.factorial(17),
    "COMBINATIONS(5, 3)": 10.0,
    "COMBINATIONS(30, 15)": math.comb(30, 15),
    "COMBINATIONS(4, 4)": 1.0,
    "PERMUTATIONS(5, 3)": 60.0,
    "PERMUTATIONS(9, 0)": 1.0,
    "GAMMALN(7.5)": math.lgamma(7.5),
}


@pytest.mark.parametrize("text", NUMBERS)
def test_one_number(text: str, tmp_path: Path, engine: EngineName) -> None:
    got = run(tmp_path, aux("x", text), engine)
    np.testing.assert_allclose(got["x"], NUMBERS[text], rtol=1e-12, atol=1e-7)


def test_ten_percent_of_a_year_in_any_period(
    tmp_path: Path, engine: EngineName
) -> None:
    """A payment that follows from a rate leaves no debt under that rate."""
    body = aux("rate", "0.02 + TIME/50") + aux("due", "PMT(rate, 12, 500, -50)")
    got = run(tmp_path, body + aux("left", "FV(rate, 12, due, 500)"), engine)
    np.testing.assert_allclose(got["left"], -50.0, rtol=1e-12)


@pytest.mark.parametrize("when", ["1", "0", "1.1", "STARTTIME + 2", "STOPTIME", "9"])
def test_what_was_at_a_time(when: str, tmp_path: Path, engine: EngineName) -> None:
    got = run(tmp_path, aux("x", f"HISTORY(TIME^2 + 3, {when})"), engine)
    number = {"STARTTIME + 2": 2.0, "STOPTIME": 4.0}.get(when) or float(when)
    step = round(number * 4) / 4
    np.testing.assert_array_equal(got["x"], np.where(step <= TIME, step**2 + 3, 0.0))


def test_before_the_start_there_was_nothing(tmp_path: Path, engine: EngineName) -> None:
    assert not run(tmp_path, aux("x", "HISTORY(TIME + 3, -1)"), engine)["x"].any()


def test_ranks_with_ties(tmp_path: Path, engine: EngineName) -> None:
    values = {"a": "2", "b": "1", "c": "2"}
    body = elements("v", ROW, values) + elements(
        "w", ROW, {"a": "5", "b": "0", "c": "4"}
    )
    for i in (1, 2, 3):
        body += aux(f"plain {i}", f"RANK(v[*], {i})")
        body += aux(f"tied {i}", f"RANK(v, {i}, w)")
    got = run(tmp_path, body, engine)
    assert [got[f"plain{i}"][0] for i in (1, 2, 3)] == [2, 1, 3]
    assert [got[f"tied{i}"][0] for i in (1, 2, 3)] == [2, 3, 1]


def test_lists_as_initial_values(tmp_path: Path, engine: EngineName) -> None:
    body = (
        f'<stock name="S">{ROW}<eqn>1, 2, 5</eqn><inflow>f</inflow></stock>'
        f'<flow name="f">{ROW}<eqn>2</eqn></flow>'
    )
    got = run(tmp_path, body, engine)
    for row, first in (("a", 1), ("b", 2), ("c", 5)):
        np.testing.assert_array_equal(got[f"s[{row}]"], first + 2 * TIME)


RUNS = 300


def drawn(
    tmp_path: Path, body: str, engine: EngineName
) -> dict[str, NDArray[np.float64]]:
    path = tmp_path / "m.xmile"
    path.write_text(WHOLE.format(body), encoding="utf-8")
    model = read_model(path, cache=False)
    names = tuple(model.scalars)
    seeds = Inputs(("noise seed",), np.arange(RUNS, dtype=float)[:, None])
    out = simulate(model, seeds, Save(names), engine=engine)
    return {name: out.values[:, :, i].ravel() for i, name in enumerate(names)}


def test_draws_have_their_distributions(tmp_path: Path, engine: EngineName) -> None:
    means = {"few": 0.7, "some": 9.0, "many": 60.0, "lots": 4000.0}
    body = "".join(aux(name, f"POISSON({4 * m})") for name, m in means.items())
    body += aux("t", "TRIANGULAR(1, 2, 5)") + aux("e", "TRIANGULAR(1, 5, 5, 3)")
    body += aux("none", "POISSON(0)") + aux("bad", "POISSON(-1)")
    got = drawn(tmp_path, body, engine)
    assert not got["none"].any()
    assert np.isnan(got["bad"]).all()
    count = got["t"].size
    for name, mean in means.items():
        values = got[name]
        assert np.array_equal(values, np.floor(values))
        law = stats.poisson(mean)  # of the arrivals in a quarter of a unit of time
        edges = np.unique(law.ppf(np.linspace(0.02, 0.98, 15)))
        cells = np.searchsorted(edges, values)
        chances = np.diff([0.0, *law.cdf(edges), 1.0])
        seen = np.bincount(cells, minlength=len(chances))
        assert stats.chisquare(seen, chances * count).pvalue > 1e-4, name
    for name, mode in (("t", 0.25), ("e", 1.0)):
        triangle = stats.triang(mode, loc=1, scale=4)
        assert stats.kstest(got[name], triangle.cdf).pvalue > 1e-4


def test_engines_draw_the_same(tmp_path: Path) -> None:
    body = aux("p", "POISSON(20 + 100*TIME, 4)") + aux("t", "TRIANGULAR(0, TIME, 9)")
    compiled, plain = (
        drawn(tmp_path, body, engine) for engine in ("compiled", "numpy")
    )
    np.testing.assert_array_equal(compiled["p"], plain["p"])
    np.testing.assert_allclose(compiled["t"], plain["t"], rtol=1e-14)
    assert np.corrcoef(compiled["p"], compiled["t"])[0, 1] < 0.9


def test_a_poisson_draw_is_the_quantile_of_its_law() -> None:
    """Exactly up to a mean of 30, and beyond it for all but six draws in a thousand."""
    from sdmodel.translate.build import Builder
    from sdmodel.translate.draws import poisson_quantile

    shares = (np.arange(400) + 0.5) / 400
    for mean, beside in (
        (0.3, 0),
        (4.0, 0),
        (30.0, 0),
        (30.1, 2),
        (200.0, 2),
        (1e5, 2),
    ):
        b = Builder()
        mine = [b.value(poisson_quantile(b, b.const(mean), b.const(u))) for u in shares]
        wrong = np.abs(np.array(mine) - stats.poisson(mean).ppf(shares))
        assert wrong.max() <= 1
        assert wrong.sum() <= beside, mean
