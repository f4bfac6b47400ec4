"""Anywhere within the stated ranges the model stays finite and its stocks positive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sdmodel.engines.simulate import simulate
from sdmodel.study.controls import read_controls
from sdmodel.study.design import Inputs, Save
from tests.tolerances import BALANCE

if TYPE_CHECKING:
    from pathlib import Path

    from sdmodel.model.core import Model

DRAWS = 400
SEED = 20261


def test_no_draw_of_all_levers_and_assumptions_goes_bad(
    consortium: Model, consortium_folder: Path
) -> None:
    """Draw everything at once, uniformly; shares of a mix by Dirichlet."""
    rng = np.random.default_rng(SEED)
    controls = [
        control
        for control in read_controls(consortium_folder, consortium)
        if control.group != "fixed"
    ]
    rows = np.array([rng.uniform(c.min, c.max, DRAWS) for c in controls]).T
    for mix in sorted({control.mix for control in controls if control.mix}):
        members = [i for i, c in enumerate(controls) if c.mix == mix]
        shares = rng.dirichlet(np.ones(len(members) + 1), DRAWS)
        rows[:, members] = shares[:, :-1]
    states = tuple(state.name for state in consortium.states)
    years = tuple(float(year) for year in range(2010, 2041))
    output = simulate(
        consortium,
        Inputs(tuple(control.name for control in controls), rows),
        Save(states, years),
    )
    assert not output.status.any(), output.bad_name
    # Cash that is spent to the last may end a rounding error below nothing.
    lowest = output.values.min(axis=(0, 1))
    largest = output.values.max(axis=(0, 1))
    named = zip(output.names, lowest, largest, strict=True)
    assert [name for name, low, high in named if low < -BALANCE * high] == []
