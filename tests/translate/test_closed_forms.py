"""Numbers that follow from the mathematics, not from another program."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sdmodel.translate.read import read_model
from sdmodel.translate.sums import pairwise
from tests.translate.oracle import simulate
from tests.translate.writing import vensim

if TYPE_CHECKING:
    from pathlib import Path

    from sdmodel.model.core import Model


def model_of(tmp_path: Path, body: str) -> Model:
    path = tmp_path / "m.mdl"
    path.write_text(vensim(body))
    return read_model(path, cache=False)


def test_decay_is_eulers(tmp_path: Path) -> None:
    model = model_of(tmp_path, "s = INTEG(-s*k, 8) ~~|\nk = 0.5 ~~|")
    got = simulate(model)["s"]
    wanted = [8 * (1 - 0.5 * 0.25) ** n for n in range(17)]
    np.testing.assert_allclose(got, wanted, rtol=1e-12)


@pytest.mark.parametrize("order", [1, 3, 6])
def test_delay_of_a_step_is_the_negative_binomial(order: int, tmp_path: Path) -> None:
    """Euler's chain of n stages passes p = n·dt/T a step: F(k) = P(NB <= k - n)."""
    model = model_of(tmp_path, f"d = DELAY N(STEP(1, 0), 2, 0, {order}) ~~|")
    got = simulate(model)["d"]
    p = order * 0.25 / 2
    wanted = [
        sum(
            math.comb(j + order - 1, order - 1) * p**order * (1 - p) ** j
            for j in range(k - order + 1)
        )
        for k in range(17)
    ]
    np.testing.assert_allclose(got, wanted, atol=1e-12)


def test_fixed_delay_moves_the_series(tmp_path: Path) -> None:
    got = simulate(model_of(tmp_path, "d = DELAY FIXED(Time, 1, 7) ~~|"))["d"]
    assert got == [7.0] * 4 + [0.25 * k for k in range(13)]


def test_non_negative_stock_stops_at_zero(tmp_path: Path) -> None:
    path = tmp_path / "m.xmile"
    path.write_text(
        '<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0">'
        "<sim_specs><start>0</start><stop>4</stop><dt>0.5</dt></sim_specs>"
        '<model><variables><stock name="S"><eqn>1</eqn><outflow>out</outflow>'
        '<non_negative/></stock><flow name="out"><eqn>0.7</eqn></flow>'
        "</variables></model></xmile>"
    )
    got = simulate(read_model(path, cache=False))["S"]
    np.testing.assert_allclose(got, [1, 0.65, 0.3, 0, 0, 0, 0, 0, 0], atol=1e-15)


@pytest.mark.parametrize("count", [*range(1, 20), 127, 128, 129, 300, 1000])
def test_pairwise_is_numpys_order(count: int) -> None:
    """Checked through sums that are not associative in floating point."""
    values = np.random.default_rng(count).normal(size=count) * 10.0 ** (
        np.arange(count) % 17
    )
    tree: list[float] = []

    def add(a: int, b: int) -> int:
        tree.append(tree[a] + tree[b])
        return len(tree) - 1

    tree.extend(values.tolist())
    assert tree[pairwise(list(range(count)), add)] == values.sum()


def test_initial_value_of_a_run_is_its_own(tmp_path: Path) -> None:
    model = model_of(tmp_path, "a = INITIAL(k*2) ~~|\nk = 3 ~~|\ns = INTEG(1, a) ~~|")
    got = simulate(model, {"k": 5.0})
    assert got["a"][-1] == 10.0
    assert got["s"][0] == 10.0


def test_order_of_a_delay_falls_with_the_runs_delay_time(tmp_path: Path) -> None:
    body = (
        "d = DELAY3I(STEP(1,0), t, 0) ~~|\nt = 2 ~~|\ne = DELAY N(STEP(1,0),0.5,0,2)~~|"
    )
    model = model_of(tmp_path, body)
    got = simulate(model, {"t": 0.5})
    assert got["d"] == got["e"]
    assert math.isnan(simulate(model, {"t": 0.1})["d"][0])


def test_a_constant_that_shapes_the_model_is_no_input(tmp_path: Path) -> None:
    body = "n = 3 ~~|\nt = 1 ~~|\nk = 2 ~~|\nd = SMOOTH N(Time, k, 0, n) ~~|"
    model = model_of(tmp_path, body + "\nf = DELAY FIXED(Time, t, 0) ~~|")
    assert [item.name for item in model.inputs] == ["k"]
    assert len(model.states) == 3 + 4


def test_element_may_use_another_of_its_own_variable(tmp_path: Path) -> None:
    body = "D: a,b,c ~~|\nx[a] = Time ~~|\nx[b] = x[a]*2 ~~|\nx[c] = x[b]+1 ~~|"
    assert simulate(model_of(tmp_path, body))["x[c]"][4] == 3.0


def test_what_a_model_says_of_itself(tmp_path: Path) -> None:
    body = (
        "****\n\t.Sector one\n****~\n\twords\n\t|\n"
        "D: a,b ~~|\nx[D] = 1,2 ~ person/year [0, 9] ~ how many |\n"
        "y[D] = x[D]*2 ~ person/year ~ twice\n\tas many |"
    )
    model = model_of(tmp_path, body)
    x, y = model.variables["x"], model.variables["y"]
    assert (x.kind, x.dims, x.elements) == ("constant", ("D",), ("x[a]", "x[b]"))
    assert (x.unit, x.limits, x.group) == ("person/year", (0.0, 9.0), "Sector one")
    assert (x.line, y.line, y.equation) == (8, 9, "x[D]*2")
    assert y.comment == "twice as many"
    assert [(i.name, i.default) for i in model.inputs] == [("x[a]", 1.0), ("x[b]", 2.0)]
    assert model.find("X [A]") == "x[a]"


def test_deep_chain_needs_no_recursion(tmp_path: Path) -> None:
    body = "v0 = Time ~~|\n" + "".join(
        f"v{i} = v{i - 1} + 1 ~~|\n" for i in range(1, 1500)
    )
    lines = body.splitlines()
    model = model_of(tmp_path, "\n".join(reversed(lines)))
    assert simulate(model)["v1499"][4] == 1500.0
