"""What-if runs: numbers against a hand calculation, records, and bad runs."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
import xarray as xr

import sdmodel
from sdmodel.errors import DataError, RunError, ScenarioError, UsageError
from sdmodel.experiments.compare import compare
from sdmodel.experiments.whatif import evaluate, headline_keys, run
from sdmodel.experiments.workbook import open_workbook, read_scenario
from sdmodel.study.scenario import Scenario

if TYPE_CHECKING:
    from pathlib import Path

    from sdmodel.engines.base import EngineName
    from sdmodel.experiments.workbook import Workbook
    from sdmodel.model.core import Model


@pytest.fixture
def workbook(tiny_folder: Path) -> Workbook:
    return open_workbook(tiny_folder)


def scenario(name: str, **values: float) -> Scenario:
    named = {key.replace("_", " "): value for key, value in values.items()}
    return Scenario(name, {"en": name}, {}, named, {}, None)


def test_a_run_is_what_pencil_and_paper_give(tiny: Model, engine: EngineName) -> None:
    found = run(tiny, "baseline", engine=engine)
    # Trust stays at 0.4, where the lookup gives 0.92: visits are constant.
    spending = 10_000 * (3 * 0.92 * 60 + 1.2 * 1.08 * 400)
    balance = 500_000 + 20 * (10_000 * 440 - 0.65 * spending)
    assert found["fund_balance@final"].item() == pytest.approx(balance, rel=1e-12)
    assert found["spending_per_capita@mean"].item() == pytest.approx(spending / 1e4)
    empty = 2020 + 500_000 / (0.65 * spending - 4_400_000)
    assert found["fund_depletion_year@crossing"].item() == pytest.approx(empty)


def test_a_schedule_acts_linearly(tiny: Model, engine: EngineName) -> None:
    found = run(tiny, ["baseline", "drg"], engine=engine, save="all")
    drg = found["DRG share"].sel(run="drg")
    assert drg.sel(time=2025.0).item() == 0.4
    assert drg.sel(time=2027.5).item() == pytest.approx(0.6)
    assert drg.sel(time=2040.0).item() == 0.8
    assert (found["DRG share"].sel(run="baseline") == 0).all()
    ratio = found["spending"].sel(time=2040.0) / found["spending"].sel(time=2020.0)
    assert ratio.sel(run="drg").item() == pytest.approx(1 - 0.8 * 0.08)


def test_the_dataset_has_dims_units_and_inputs(tiny: Model) -> None:
    found = run(tiny, ["baseline", "drg"], keys=["fund_balance@2035"])
    assert found["fund_balance"].dims == ("run", "time")
    assert found["fund_balance"].attrs["units"] == "CNY"
    assert found["fund_balance@2035"].dims == ("run",)
    assert found["DRG share"].dims == ("run", "time")
    assert found.attrs["model_digest"] == tiny.digest
    assert found["status"].to_numpy().tolist() == [0, 0]
    everything = run(tiny, "baseline", save="all")
    assert everything["visits"].dims == ("run", "time", "Tier")
    assert everything["Tier"].to_numpy().tolist() == ["primary", "tertiary"]


def test_scenarios_in_one_batch_equal_their_single_runs(
    tiny: Model, engine: EngineName
) -> None:
    together = run(tiny, ["baseline", "drg", "capitation"], engine=engine, save="all")
    for name in ("capitation", "baseline", "drg"):
        alone = run(tiny, name, engine=engine, save="all").sel(run=name)
        for variable, values in alone.data_vars.items():
            same = together[variable].sel(run=name).to_numpy()
            assert same.tobytes() == values.to_numpy().tobytes(), variable


def test_a_run_changes_nothing_that_the_caller_holds(tiny: Model) -> None:
    drg = read_scenario("drg", tiny)
    before = (dict(drg.values), repr(tiny.inputs))
    first = run(tiny, [drg])
    run(tiny, [scenario("x", premium=500.0)])
    assert (dict(drg.values), repr(tiny.inputs)) == before
    xr.testing.assert_identical(first, run(tiny, [drg]))


def test_a_bad_run_is_told_and_spares_its_neighbours(
    workbook: Workbook, engine: EngineName
) -> None:
    answer = evaluate(
        workbook.model,
        [scenario("good"), scenario("bad", tertiary_capacity=0.0)],
        headline_keys(workbook.outcomes),
        engine=engine,
    )
    assert answer.status.tolist() == [0, 1]
    (said,) = answer.bad_runs()
    assert "'bad' went bad: 'tertiary occupancy'" in said
    assert "at 2020" in said
    for values in answer.values.values():
        assert np.isnan(values[1])
    alone = run(workbook.model, scenario("good"), engine=engine)
    assert answer.values["fund_balance"][0] == alone["fund_balance@final"].item()


def test_two_scenarios_cannot_share_an_id(tiny: Model) -> None:
    with pytest.raises(RunError, match="two scenarios are called 'x'"):
        run(tiny, [scenario("x"), scenario("x", premium=500.0)])
    with pytest.raises(RunError, match="no scenario to run"):
        run(tiny, [])


def test_comparison_shows_only_what_differs(tiny: Model) -> None:
    found = compare(tiny, ["baseline", "drg", "capitation"])
    assert set(found.levers) == {"DRG share", "capitation share", "training effort"}
    assert found.levers["training effort"] == {
        "baseline": 0.0,
        "drg": 0.0,
        "capitation": 0.8,
    }
    rows = {row.outcome.id: row for row in found.rows}
    spending = rows["spending_per_capita"]
    gap = spending.values["drg"] - spending.values["baseline"]  # type: ignore[operator]  # both exist
    assert spending.difference["drg"] == gap
    assert spending.relative["drg"] == pytest.approx(gap / 684.0)
    assert spending.difference["baseline"] == 0.0
    depletion = rows["fund_depletion_year"]
    assert depletion.values["drg"] is None
    assert depletion.difference["drg"] is None
    with pytest.raises(UsageError, match="two scenarios or more"):
        compare(tiny, ["drg"])


def test_the_public_names_exist_and_read_well(tiny_folder: Path) -> None:
    for name in sdmodel.__all__:
        assert getattr(sdmodel, name).__name__.rpartition(".")[2] == name
    model = sdmodel.read_model(tiny_folder)
    drg = sdmodel.read_scenario("drg", model)
    assert sdmodel.run(model, drg)["fund_balance@final"].item() > 0
    with pytest.raises(AttributeError, match="no attribute 'runn'"):
        _ = sdmodel.runn
    with pytest.raises(ScenarioError, match="nearest: 'drg'"):
        sdmodel.read_scenario("drgg", model)


def test_a_changed_file_counts_at_once(tmp_path: Path, tiny_folder: Path) -> None:
    # Both are kept between what-ifs; whoever edits a file must see it in the next one.
    folder = tmp_path / "tiny"
    shutil.copytree(tiny_folder, folder)
    model = sdmodel.read_model(folder)
    before = run(model, "drg")
    assert before["fund_balance"].attrs["units"] == "CNY"
    outcomes, drg = folder / "outcomes.csv", folder / "scenarios" / "drg.toml"
    text = outcomes.read_text("utf-8")
    outcomes.write_text(text.replace("fund_balance", "fund_left"), "utf-8")
    drg.write_text('title = "none"\n[values]\n"DRG share" = 0.0\n', "utf-8")
    after = run(model, "drg")
    assert "fund_left" in after
    assert "fund_balance" not in after
    assert (after["fund_left"].values != before["fund_balance"].values).any()
    outcomes.write_text("id,expresion\n", "utf-8")
    with pytest.raises(DataError, match="expresion"):
        run(model, "drg")


def test_a_scenario_is_read_again_when_any_of_its_files_changes(
    tmp_path: Path, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "tiny"
    shutil.copytree(tiny_folder, folder)
    workbook = open_workbook(folder)
    monkeypatch.chdir(tmp_path)
    alone = tmp_path / "mine.toml"
    alone.write_text('from = "drg"\n[values]\npremium = 560.0\n', "utf-8")
    first = workbook.scenario("mine.toml")
    assert first.values["premium"] == 560.0
    # What a caller does with one is not seen by the next.
    first.values.clear()  # type: ignore[attr-defined]  # a Mapping to readers, a dict here
    assert workbook.scenario("mine.toml").values["premium"] == 560.0
    assert workbook.scenario("mine.toml", sets=["premium=570"]).values["premium"] == 570
    assert workbook.scenario("mine.toml").values["premium"] == 560.0
    alone.write_text('from = "drg"\n[values]\npremium = 55.0e1\n', "utf-8")
    assert workbook.scenario("mine.toml").values["premium"] == 550.0
    drg = folder / "scenarios" / "drg.toml"
    drg.write_text('title = "none"\n[values]\n"training effort" = 0.5\n', "utf-8")
    assert workbook.scenario("mine.toml").values["training effort"] == 0.5
    drg.unlink()
    with pytest.raises(ScenarioError, match="no scenario 'drg'"):
        workbook.scenario("mine.toml")


def test_answers_of_one_form_share_nothing(tiny: Model) -> None:
    first = run(tiny, scenario("x", premium=500.0))
    kept = first.copy(deep=True)
    again = run(tiny, scenario("x", premium=600.0))
    assert (again["fund_balance"].values != first["fund_balance"].values).any()
    again["fund_balance"].attrs["units"] = "none"
    again.attrs.clear()
    again["fund_balance"].values[:] = 0.0
    xr.testing.assert_identical(run(tiny, scenario("x", premium=500.0)), kept)
    xr.testing.assert_identical(first, kept)
    other = run(tiny, scenario("y", premium=500.0), keys=["fund_balance@2035"])
    assert other["run"].item() == "y"
    assert set(other) - set(kept) == {"fund_balance@2035"}
    plain = run(tiny, scenario("x", premium=500.0), engine="numpy")
    assert (plain.attrs["engine"], kept.attrs["engine"]) == ("numpy", "compiled")
