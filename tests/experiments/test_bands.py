"""Bands: the same draws for every scenario, failures told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sdmodel.errors import DataError, StudyError
from sdmodel.experiments.bands import Bands, bands
from sdmodel.experiments.ensemble import Ensemble, crossed
from sdmodel.experiments.space import Space, make_space
from sdmodel.experiments.targets import read_targets, target_keys
from sdmodel.experiments.whatif import evaluate, headline_keys
from sdmodel.experiments.workbook import workbook_of
from sdmodel.study.design import Schedule

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sdmodel.engines.base import EngineName
    from sdmodel.model.core import Model


def test_differences_are_taken_within_each_draw(
    tiny: Model, tiny_folder: Path, engine: EngineName
) -> None:
    book = workbook_of(tiny, tiny_folder)
    space = make_space([c for c in book.controls if c.role == "uncertainty"])
    scenarios = [book.scenario(name) for name in book.scenario_ids()]
    keys = headline_keys(book.outcomes)
    found = bands(
        tiny,
        {s.id: s.values for s in scenarios},
        keys,
        space,
        runs=32,
        seed=0,
        engine=engine,
    )
    rows = found.difference_table("baseline").to_dict("records")
    by_place = {(row["scenario"], row["outcome"]): row for row in rows}
    # DRG leaves visits alone in every draw, though visits themselves vary.
    row = by_place["drg", "primary_visit_share"]
    assert row["p95"] - row["p5"] > 0.05
    assert row["change_p5"] == row["change_p95"] == 0.0
    assert not found.failed.any()
    assert len(found.series_table()) == 3 * len(keys) * len(found.times)
    # A draw at the defaults is the what-if itself.
    answer = evaluate(tiny, scenarios, keys, engine=engine)
    defaults = np.array([[c.default for c in book.controls if c.role == "uncertainty"]])
    inputs = crossed(tiny, [s.values for s in scenarios], space.names, defaults)
    every = range(len(tiny.time.saved))
    values, series, _ = Ensemble(tiny, {}, engine).courses(keys, inputs, every)
    for i, key in enumerate(keys):
        assert np.array_equal(series[:, :, i], answer.series[key.outcome.id])
        assert np.array_equal(values[:, i], answer.values[key.text], equal_nan=True)


def test_a_scenario_keeps_what_it_sets_itself(tiny: Model) -> None:
    drawn = np.array([[1.0], [2.0]])
    ramp = Schedule((2026.0, 2030.0), (0.1, 0.5))
    bases: list[Mapping[str, float | Schedule]]
    bases = [{}, {"trust delay": 7.0}, {"premium": 500.0, "DRG share": ramp}]
    inputs = crossed(tiny, bases, ["trust delay"], drawn)
    column = inputs.names.index("trust delay")
    assert inputs.values[:, column].tolist() == [1, 2, 7, 7, 1, 2]
    assert inputs.values[:, inputs.names.index("premium")].tolist()[4:] == [500, 500]
    assert inputs.schedules["DRG share"] == (None, None, None, None, ramp, ramp)


def test_failed_draws_are_left_out_and_counted() -> None:
    values = np.array([[[1.0], [2.0], [np.nan]], [[3.0], [np.nan], [5.0]]])
    found = Bands(
        scenarios=("baseline", "other"),
        outcomes=("y",),
        times=(2026.0,),
        names=("u",),
        inputs=np.zeros((3, 1)),
        values=values,
        series=values[:, :, None, :],
        failed=np.isnan(values[:, :, 0]),
    )
    row = found.difference_table("baseline").iloc[1]
    assert row["draws"] == 1
    assert row["change_p50"] == 2.0
    assert found.series_table()["draws"].tolist() == [2, 2]


def test_nothing_to_draw_from(tiny: Model) -> None:
    with pytest.raises(StudyError, match="names no uncertainty"):
        bands(tiny, {"baseline": {}}, (), Space(()))


def test_targets_are_read_with_all_problems(
    tiny: Model, tiny_folder: Path, tmp_path: Path
) -> None:
    book = workbook_of(tiny, tiny_folder)
    head = "variable,kind,from,to,value,sd,unit,source\n"
    (tmp_path / "targets.csv").write_text(
        head
        + "trust_in_primary,level,2020,2020,0.4,0.02,1,survey\n"
        + "spending,flow,2020,2021,7e6,,CNY/Year,bulletin\n",
        encoding="utf-8",
    )
    found = read_targets(tmp_path, tiny, book.outcomes)
    assert [t.expression.names for t in found] == [("Trust in Primary",), ("spending",)]
    assert np.isnan(found[1].sd)
    assert [k.text for k in target_keys(found, book.outcomes)] == [
        "trust_in_primary",
        "spending",
    ]
    assert read_targets(None, tiny) == ()
    (tmp_path / "targets.csv").write_text(
        head
        + "spendin,flow,2020,2021,7e6,,CNY/Year,bulletin\n"
        + "spending,rate,2021,2020,x,,CNY/Year,\n",
        encoding="utf-8",
    )
    with pytest.raises(DataError) as caught:
        read_targets(tmp_path, tiny)
    text = str(caught.value)
    for words in (
        "nearest: 'spending'",
        "'rate'",
        "'x' is not",
        "no interval",
        "blank",
    ):
        assert words in text


def test_the_bound_of_a_range_has_an_interval_of_its_own() -> None:
    # Of 256 draws, 17 fall below zero: the 5 % quantile is at the edge of it.
    draws = np.linspace(-1.0, 15.0, 256)
    values = np.stack([np.zeros(256), draws])[:, :, None]
    found = Bands(
        scenarios=("baseline", "other"),
        outcomes=("y",),
        times=(2026.0,),
        names=("u",),
        inputs=np.zeros((256, 1)),
        values=values,
        series=values[:, :, None, :],
        failed=np.zeros((2, 256), dtype=bool),
    )
    row = found.difference_table("baseline").iloc[1]
    assert row["change_p5_low"] < row["change_p5"] < row["change_p5_high"]
    assert row["change_p5_low"] == draws[4]
    assert row["change_p5_high"] == draws[20]
    assert row["when_p50"] == row["p50"]
    values[1, :100] = np.nan
    row = found.difference_table("baseline").iloc[1]
    assert row["undefined"] == 100
    assert np.isnan(row["change_p5_low"])
    assert np.isnan(row["p50"])
    assert row["when_p50"] == np.median(draws[100:])
