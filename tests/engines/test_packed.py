"""A single run, and code made in haste, give the bits of a batch on the real model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sdmodel.engines.batch import make_batch
from sdmodel.engines.native import compile_plan
from sdmodel.engines.plan import make_plan
from sdmodel.engines.target import host_target
from sdmodel.experiments.bench import draw
from sdmodel.experiments.workbook import open_workbook
from sdmodel.study.design import Schedule

if TYPE_CHECKING:
    from sdmodel.model.core import Model

STEPS = np.arange(12, dtype=np.int64)
LANES = host_target().lanes


@pytest.fixture(scope="module")
def shipped() -> Model:
    return open_workbook("consortium").model


@pytest.mark.parametrize("scheduled", [0, 40])
def test_every_scalar_of_the_model_keeps_its_bits(
    shipped: Model, scheduled: int
) -> None:
    inputs = draw(shipped, LANES)
    drives = inputs.names[:: len(inputs.names) // scheduled] if scheduled else ()
    start = shipped.time.start
    schedules = {
        shipped.input_index[name]: tuple(
            Schedule((start, start + 0.5), (0.2 + 0.01 * run, 0.3)) if run % 3 else None
            for run in range(LANES)
        )
        for name in drives
    }
    plan = make_plan(shipped, tuple(shipped.scalars), drives)
    batch = make_batch(shipped, plan, inputs, schedules, STEPS)
    wide = compile_plan(plan).run(batch)
    for how in ({"single": True}, {"quick": True}, {"quick": True, "every": True}):
        other = compile_plan(
            plan,
            use_cache=False,
            single=how.get("single", False),
            quick=how.get("quick", False),
            every=how.get("every", False),
        ).run(batch)
        np.testing.assert_array_equal(other.values, wide.values)
        np.testing.assert_array_equal(other.bad_step, wide.bad_step)
