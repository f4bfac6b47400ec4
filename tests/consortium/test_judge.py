"""The engines give PySD's numbers on the shipped model, and plain PySD runs it.

Each regime, and all levers at once, act from the model's first day here, so that a few
steps meet every branch of the payment rule; the full horizon is compared once per
release and its figures stand in ``docs/performance.md``.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sdmodel.engines.simulate import simulate
from sdmodel.study.design import Inputs, Save
from tests.consortium.regimes import EVERYTHING, REGIMES
from tests.tolerances import ENGINE_VS_PYSD

if TYPE_CHECKING:
    from pathlib import Path

    from sdmodel.engines.base import EngineName, Output
    from sdmodel.model.core import Model

STEPS = 12
FROM_THE_FIRST_DAY = {
    "policy start": 2010.0, "policy ramp time": 0.25,
    "case payment start": 2009.0, "case payment rollout time": 0.5,
    "budget rule start": 2010.0, "budget rule ramp": 0.25,
}  # fmt: skip
"""What else waits for a year of its own, so that every branch is judged."""


@pytest.fixture(scope="module")
def question(
    consortium: Model, regimes: dict[str, dict[str, float]]
) -> tuple[Inputs, Save]:
    asked = [regimes[regime] for regime in REGIMES] + [EVERYTHING]
    rows = [{**values, **FROM_THE_FIRST_DAY} for values in asked]
    names = tuple(dict.fromkeys(name for row in rows for name in row))
    defaults = {item.name: item.default for item in consortium.inputs}
    values = np.array([[row.get(n, defaults[n]) for n in names] for row in rows])
    axis = consortium.time
    times = tuple(axis.start + k * axis.step for k in range(STEPS + 1))
    return Inputs(names, values), Save(tuple(consortium.scalars), times)


@pytest.fixture(scope="module")
def verdict(consortium: Model, question: tuple[Inputs, Save]) -> Output:
    return simulate(consortium, *question, engine="pysd")


def test_all_variables_of_all_regimes(
    consortium: Model,
    question: tuple[Inputs, Save],
    verdict: Output,
    engine: EngineName,
) -> None:
    output = simulate(consortium, *question, engine=engine)
    assert not verdict.status.any()
    assert not output.status.any()
    for run, regime in enumerate((*REGIMES, "everything")):
        size = np.abs(verdict.values[run]).max(axis=0)
        gap = np.abs(verdict.values[run] - output.values[run]).max(axis=0)
        worst = int(np.argmax(gap / np.where(size > 0, size, 1)))
        assert (gap <= ENGINE_VS_PYSD * size).all(), (regime, output.names[worst])


def test_plain_pysd_runs_the_file(consortium_folder: Path, tmp_path: Path) -> None:
    import pysd

    copy = tmp_path / "consortium.mdl"
    shutil.copyfile(consortium_folder / "consortium.mdl", copy)
    table = pysd.read_vensim(copy).run(final_time=2010.125)
    assert len(table) == 3  # two steps after the start
    assert np.isfinite(table.select_dtypes("number").to_numpy()).all()
