"""The engines give the same numbers: each other's, PySD's, and the closed form's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sdmodel.engines.emit_body import EMITTED
from sdmodel.engines.operations import LEAVES
from sdmodel.engines.operations import OPERATIONS as COMPUTED
from sdmodel.engines.simulate import simulate
from sdmodel.model.functions import OPERATIONS
from sdmodel.study.design import Inputs, Save, Schedule
from sdmodel.translate.read import read_model
from tests.engines.small import decay, medley, sample
from tests.tolerances import ENGINE_VS_PYSD, KERNEL_VS_NUMPY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sdmodel.engines.base import EngineName
    from sdmodel.model.core import Model

ROOT = Path(__file__).resolve().parents[2]
KINDS = """{UTF-8}
tier: pri, hos, ter ~~|
later: hos, ter ~~|
rate = 0.5 ~~|
base[tier] = 1, 2, 3 ~~|
own[pri] = 0.25 ~~|
own[later] = base[later] / 8 ~~|
S = INTEG(-S*rate*eff + STEP(0.1, 2010.5), 1) ~~|
eff = tab(Time) * WITH LOOKUP(S, ((0,1),(0.5,2),(2,3))) ~~|
tab((2010,1),(2011,2),(2012,1.5)) ~~|
M[tier] = INTEG(base[tier]*S - M[tier]*own[tier], base[tier]) ~~|
total = SUM(M[tier!]) ~~|
late[tier] = SMOOTH3(M[tier], 0.5) ~~|
share[tier] = EXP(-M[tier])/SUM(M[tier!])^0.3 + LN(M[tier]) ~~|
pick[tier] = IF THEN ELSE(M[tier] > total/3, MIN(M[tier], 2), MAX(S, 0.5)) ~~|
ratio = XIDZ(S, total - total, 4) + ZIDZ(S, total) + PULSE(2011, 0.25) ~~|
INITIAL TIME = 2010 ~~|
FINAL TIME = 2012 ~~|
TIME STEP = 0.0625 ~~|
SAVEPER = 0.25 ~~|
"""


@pytest.fixture
def kinds(tmp_path: Path) -> Model:
    """A model with a scalar, an array, a table, a delay and a mixed array."""
    path = tmp_path / "kinds.mdl"
    path.write_text(KINDS, encoding="utf-8")
    return read_model(path)


def everything(model: Model) -> tuple[str, ...]:
    """Names of all scalars that PySD knows too."""
    return tuple(
        element
        for variable in model.variables.values()
        for element in variable.elements
        if element in model.scalars
    )


def distance(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Largest difference, of each column's maximum."""
    scale = np.abs(b).max(axis=1, keepdims=True)
    return float((np.abs(a - b) / np.where(scale == 0, 1, scale)).max())


def test_each_operation_is_computed_and_emitted() -> None:
    others = {"lookup", "uniform", "inverse", "part"}
    assert set(COMPUTED) | LEAVES | others == set(OPERATIONS)
    assert set(EMITTED) | LEAVES == set(OPERATIONS)


def test_pysd_agrees_on_scalars_arrays_and_schedules(
    kinds: Model, engine: EngineName
) -> None:
    inputs = Inputs(
        ("rate", "base[hos]"),
        np.array([[0.5, 2.0], [0.375, 2.5], [0.5, 1.5]]),
        {
            "rate": (None, None, Schedule((2010.5, 2011.0), (0.4, 0.8))),
            "base[ter]": (None, Schedule((2010.3, 2011.1), (3.0, 1.0)), None),
        },
    )
    save = Save(everything(kinds))
    judge = simulate(kinds, inputs, save, engine="pysd")
    ours = simulate(kinds, inputs, save, engine=engine)
    assert judge.status.tolist() == ours.status.tolist() == [0, 0, 0]
    assert judge.names == ours.names
    np.testing.assert_array_equal(judge.times, ours.times)
    assert distance(ours.values, judge.values) <= ENGINE_VS_PYSD
    assert not np.array_equal(judge.values[0], judge.values[2])


def test_pysd_agrees_on_the_toy_model(tiny: Model, engine: EngineName) -> None:
    inputs = sample(tiny, 2, spread=0.1)
    save = Save(everything(tiny))
    judge = simulate(tiny, inputs, save, engine="pysd")
    ours = simulate(tiny, inputs, save, engine=engine)
    assert distance(ours.values, judge.values) <= ENGINE_VS_PYSD


SHIPPED = sorted(path.parent for path in (ROOT / "models").glob("*/*.mdl"))


@pytest.mark.slow
@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_pysd_agrees_on_shipped_models_for_some_steps(folder: Path) -> None:
    model = read_model(folder)
    times = tuple(model.time.start + model.time.step * k for k in range(3))
    save = Save(everything(model), times)
    query = Inputs((), np.empty((1, 0)))
    judge = simulate(model, query, save, engine="pysd")
    for engine in ("compiled", "numpy"):
        ours = simulate(model, query, save, engine=engine)
        assert distance(ours.values, judge.values) <= ENGINE_VS_PYSD


def test_pysd_starts_clean_each_time(kinds: Model, tmp_path: Path) -> None:
    save = Save(("S",))
    before = sorted(tmp_path.iterdir())
    changed = Inputs(("rate",), np.array([[0.9], [0.5]]))
    both = simulate(kinds, changed, save, engine="pysd")
    alone = simulate(kinds, Inputs((), np.empty((1, 0))), save, engine="pysd")
    np.testing.assert_array_equal(both.values[1], alone.values[0])
    assert sorted(tmp_path.iterdir()) == before


def test_pysd_flags_what_python_refuses(kinds: Model) -> None:
    judge = simulate(
        kinds,
        Inputs(("base[pri]",), np.array([[-9.0]])),
        Save(("share[pri]",)),
        engine="pysd",
    )
    assert judge.status.tolist() == [1]
    assert judge.bad_name[0]


def test_compiled_agrees_with_numpy_on_every_operation() -> None:
    model = medley()
    inputs = sample(model, 37)
    save = Save(tuple(model.scalars), "step")
    plain = simulate(model, inputs, save, engine="numpy")
    fast = simulate(model, inputs, save)
    good = np.isfinite(plain.values)
    np.testing.assert_array_equal(good, np.isfinite(fast.values))
    wide = np.where(good, plain.values, 0.0)
    assert distance(np.where(good, fast.values, 0.0), wide) <= KERNEL_VS_NUMPY
    assert plain.bad_name == fast.bad_name
    np.testing.assert_array_equal(plain.bad_time, fast.bad_time)


def test_euler_decay_is_the_closed_form(engine: EngineName) -> None:
    model = decay()
    inputs = Inputs(("rate",), np.array([[0.5], [1.0]]))
    out = simulate(model, inputs, Save(("S",), "step"), engine=engine)
    step = np.arange(len(out.times))
    for run, rate in enumerate((0.5, 1.0)):
        exact = (1 - rate / 16) ** step
        np.testing.assert_allclose(out.values[run, :, 0], exact, rtol=1e-13)


def test_halving_the_step_halves_the_error(engine: EngineName) -> None:
    errors = []
    for step in (1 / 16, 1 / 32, 1 / 64):
        out = simulate(
            decay(step), Inputs((), np.empty((1, 0))), Save(("S",)), engine=engine
        )
        errors.append(abs(out.values[0, -1, 0] - np.exp(-2.0)))
    ratios = np.array(errors[:-1]) / np.array(errors[1:])
    np.testing.assert_allclose(ratios, 2.0, rtol=0.05)


def test_a_schedule_is_linear_inside_and_constant_outside(engine: EngineName) -> None:
    points = Schedule((1.0, 3.0), (0.2, 0.6))
    inputs = Inputs(("rate",), np.array([[0.5], [0.7]]), {"rate": (points, None)})
    out = simulate(decay(), inputs, Save(("rate", "S")), engine=engine)
    np.testing.assert_array_equal(
        out.values[0, :, 0], np.interp([0.0, 1, 2, 3, 4], [1.0, 3.0], [0.2, 0.6])
    )
    np.testing.assert_array_equal(out.values[1, :, 0], 0.7)
    plain = simulate(
        decay(), Inputs(("rate",), np.array([[0.7]])), Save(("S",)), engine=engine
    )
    np.testing.assert_array_equal(out.values[1, :, 1], plain.values[0, :, 0])


def test_a_constant_schedule_is_the_constant(engine: EngineName) -> None:
    flat = Inputs((), np.empty((1, 0)), {"rate": (Schedule((2.0,), (0.3,)),)})
    fixed = Inputs(("rate",), np.array([[0.3]]))
    a, b = (
        simulate(decay(), inputs, Save(("S",)), engine=engine)
        for inputs in (flat, fixed)
    )
    np.testing.assert_array_equal(a.values, b.values)
