"""Halving the time step moves no headline outcome by more than the tolerance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sdmodel.experiments.whatif import evaluate
from sdmodel.study.controls import read_controls
from sdmodel.study.outcomes import parse_key, read_outcomes
from sdmodel.study.scenario import read_scenario
from sdmodel.translate.read import read_model
from tests.consortium.regimes import EVERYTHING, REGIMES, run_all
from tests.tolerances import HALF_STEP, SMALL_SHARE

if TYPE_CHECKING:
    from pathlib import Path

    from sdmodel.model.core import Model


@pytest.fixture(scope="module")
def halved(consortium_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Model:
    text = (consortium_folder / "consortium.mdl").read_text(encoding="utf-8")
    assert text.count("= 0.0625") == 1
    path = tmp_path_factory.mktemp("halved") / "consortium.mdl"
    path.write_text(text.replace("= 0.0625", "= 0.03125"), encoding="utf-8")
    return read_model(path)


@pytest.mark.parametrize("regime", REGIMES)
def test_half_the_step(
    consortium: Model, halved: Model, consortium_folder: Path, regime: str
) -> None:
    controls = read_controls(consortium_folder, consortium)
    scenario = read_scenario(regime, consortium_folder, consortium, controls)
    outcomes = read_outcomes(consortium_folder, consortium)
    keys = [parse_key(outcome.id, outcomes) for outcome in outcomes]
    whole = evaluate(consortium, [scenario], keys)
    half = evaluate(halved, [scenario], keys)
    for key in keys:
        here = float(whole.values[key.text][0])
        there = float(half.values[key.text][0])
        assert np.isnan(here) == np.isnan(there), key.text
        if np.isfinite(here):
            assert abs(here - there) <= HALF_STEP * max(abs(here), SMALL_SHARE), (
                key.text
            )


def test_half_the_step_with_all_levers_at_once(
    consortium: Model, halved: Model, consortium_folder: Path
) -> None:
    names = tuple(
        outcome.expression.names[0]
        for outcome in read_outcomes(consortium_folder, consortium)
        if outcome.summary != "crossing"
    )
    whole = run_all(consortium, {"all": EVERYTHING}, names)
    half = run_all(halved, {"all": EVERYTHING}, names)
    for name in names:
        here, there = (runs.year("all", name, 2039) for runs in (whole, half))
        assert abs(here - there) <= HALF_STEP * max(abs(here), SMALL_SHARE), name
