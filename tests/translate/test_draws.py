"""Random functions: the same draws whatever the engine, order, chunk or threads."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sdmodel.engines.simulate import simulate
from sdmodel.study.design import Inputs, Save
from sdmodel.translate.build import Builder
from sdmodel.translate.read import read_model
from sdmodel.translate.special import erfc, normal_quantile
from tests.translate.writing import vensim

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from sdmodel.engines.base import EngineName
    from sdmodel.model.core import Model

RUNS = 400
BODY = (
    "D: a,b ~~|\nu = RANDOM 0 1() ~~|\nv = RANDOM UNIFORM(-2, 4, 0) ~~|\n"
    "n = RANDOM NORMAL(-3, 8, 1, 2, 0) ~~|\nt = RANDOM NORMAL(4, 5, 0, 1, 0) ~~|\n"
    "e = RANDOM EXPONENTIAL(0, 6, 1, 2, 0) ~~|\nx[D] = RANDOM UNIFORM(0, 1, 0) ~~|\n"
    "y = RANDOM UNIFORM(0, 1, 0)-RANDOM UNIFORM(0, 1, 0) ~~|\n"
    "w = RANDOM UNIFORM(0, 1, 7) ~~|\ns = INTEG(u-0.5, u) ~~|\n"
    "i = INITIAL(RANDOM UNIFORM(0,1,0)) ~~|"
)


@pytest.fixture
def model(tmp_path: Path) -> Model:
    path = tmp_path / "m.mdl"
    path.write_text(vensim(BODY))
    return read_model(path, cache=False)


def seeds(first: int, last: int) -> Inputs:
    return Inputs(("noise seed",), np.arange(first, last, dtype=float)[:, None])


def draws(
    model: Model, inputs: Inputs, engine: EngineName, jobs: int | None = None
) -> dict[str, NDArray[np.float64]]:
    names = tuple(model.scalars)
    out = simulate(model, inputs, Save(names), engine=engine, jobs=jobs)
    return {name: out.values[:, :, i] for i, name in enumerate(names)}


def test_engines_chunks_and_threads_draw_the_same(model: Model) -> None:
    whole = draws(model, seeds(0, 50), "numpy")
    for engine, jobs in (("compiled", 1), ("compiled", 2)):
        got = draws(model, seeds(0, 50), engine, jobs)  # type: ignore[arg-type] # a Literal
        for name in ("u", "v", "x[a]", "w", "i"):
            np.testing.assert_array_equal(got[name], whole[name])
        np.testing.assert_allclose(got["n"], whole["n"], rtol=1e-13, atol=1e-13)
    part = draws(model, seeds(20, 30), "compiled")
    np.testing.assert_array_equal(
        part["s"], draws(model, seeds(0, 50), "compiled")["s"][20:30]
    )
    single = draws(model, Inputs((), np.zeros((1, 0))), "compiled")
    np.testing.assert_array_equal(single["u"][0], whole["u"][0])


def test_distributions_are_as_named(model: Model, engine: EngineName) -> None:
    got = draws(model, seeds(0, RUNS), engine)
    count = RUNS * got["u"].shape[1]
    assert 0 < got["u"].min() < got["u"].max() < 1
    wide = 5 / np.sqrt(count)  # five standard errors of a mean of unit variance
    assert abs(got["u"].mean() - 0.5) < wide * np.sqrt(1 / 12)
    assert abs(got["v"].mean() - 1) < wide * np.sqrt(3)
    assert abs(np.var(got["v"]) - 3) < wide * 3
    assert -3 <= got["n"].min() < got["n"].max() <= 8
    from scipy import stats

    kept = stats.truncnorm(-2, 3.5, loc=1, scale=2)
    tail = stats.truncnorm(4, 5)
    falls = stats.truncexpon(2.5, loc=1, scale=2)
    for name, law in (("n", kept), ("t", tail), ("e", falls)):
        assert stats.kstest(got[name].ravel(), law.cdf).pvalue > 1e-4


def test_streams_differ_by_call_element_time_run_and_seed(model: Model) -> None:
    got = draws(model, seeds(0, RUNS), "compiled")
    wide = 5 / np.sqrt(got["u"].size)
    for a, b in (("u", "w"), ("x[a]", "x[b]"), ("u", "x[a]")):
        assert abs(np.corrcoef(got[a].ravel(), got[b].ravel())[0, 1]) < wide
    u = got["u"]
    assert abs(np.corrcoef(u[:, :-1].ravel(), u[:, 1:].ravel())[0, 1]) < wide
    assert abs(np.corrcoef(u[:-1].ravel(), u[1:].ravel())[0, 1]) < wide
    assert np.var(got["y"]) > 0.15  # two calls in one equation: 1/6 if independent
    np.testing.assert_array_equal(got["i"], np.repeat(got["i"][:, :1], 17, axis=1))
    np.testing.assert_array_equal(got["s"][:, 0], u[:, 0])


def test_a_models_own_noise_seed_is_the_one(tmp_path: Path) -> None:
    path = tmp_path / "m.mdl"
    path.write_text(vensim("Noise Seed = 3 ~~|\nu = RANDOM 0 1() ~~|"))
    model = read_model(path, cache=False)
    assert [item.name for item in model.inputs] == ["Noise Seed"]
    default = draws(model, Inputs((), np.zeros((1, 0))), "numpy")["u"]
    np.testing.assert_array_equal(default, draws(model, seeds(3, 4), "numpy")["u"])
    assert (default != draws(model, seeds(4, 5), "numpy")["u"]).any()


def test_models_without_random_functions_have_no_seed(tmp_path: Path) -> None:
    path = tmp_path / "m.mdl"
    path.write_text(vensim("x = 3 ~~|"))
    assert [i.name for i in read_model(path, cache=False).inputs] == ["x"]


def test_the_normal_quantile_is_pythons() -> None:
    law = NormalDist()
    for p in (1e-300, 1e-12, 0.003, 0.07, 0.0750001, 0.3, 0.5, 0.77, 0.999, 1 - 1e-12):
        b = Builder()
        assert b.value(normal_quantile(b, b.const(p))) == pytest.approx(
            law.inv_cdf(p), rel=1e-14, abs=1e-16
        )


def test_erfc_is_the_c_librarys() -> None:
    import math

    for z in np.linspace(-6, 26, 321).tolist():
        b = Builder()
        assert b.value(erfc(b, b.const(z))) == pytest.approx(math.erfc(z), rel=1e-12)
