"""Other places: amounts scale together, limits follow, local figures are reached."""

from __future__ import annotations

import csv
import dataclasses
import json
import re
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sdmodel.cli.main import main
from sdmodel.engines.simulate import simulate
from sdmodel.experiments.whatif import evaluate, headline_keys
from sdmodel.experiments.workbook import open_workbook, read_model, workbook_of
from sdmodel.study.amounts import is_amount
from sdmodel.study.checks_file import read_checks
from sdmodel.study.controls import unit_of
from sdmodel.study.design import Inputs, Save, Schedule
from sdmodel.study.grids import Grid, list_grids, on_grid
from sdmodel.study.systems import read_systems
from tests.tolerances import HOMOGENEITY

if TYPE_CHECKING:
    from pathlib import Path

    from sdmodel.model.core import Model

NONE = Inputs((), np.empty((1, 0)))


def scaled(model: Model, scale: float, tmp_path: Path) -> Model:
    return on_grid(model, Grid("g", tmp_path / "g.toml", {}, {}, scale, {}, {}, {}))


@pytest.mark.parametrize("scale", [0.5, 3.0])
def test_twice_the_amounts_give_twice_the_flows_and_the_same_shares(
    scale: float, consortium: Model, tmp_path: Path
) -> None:
    save = Save(tuple(consortium.scalars), (2010.0, 2026.0, 2040.0))
    here = simulate(consortium, NONE, save, engine="numpy").values[0]
    there = simulate(
        scaled(consortium, scale, tmp_path), NONE, save, engine="numpy"
    ).values[0]
    stocks = {state.name for state in consortium.states}
    for column, name in enumerate(save.names):
        own, other = here[:, column], there[:, column]
        largest = np.abs(own).max() or 1.0
        amount = name in stocks and is_amount(unit_of(name, consortium))
        # A ratio stays; what is per amount, or a square, goes by its own power.
        powers = (1,) if amount else (0, 1, -1, 2)
        gaps = [np.abs(own - other / scale**power).max() for power in powers]
        assert min(gaps) <= HOMOGENEITY * largest, name


def test_every_shipped_grid_is_read_and_runs(consortium_folder: Path) -> None:
    grids = list_grids(consortium_folder)
    assert {grid.id for grid in grids} >= {
        "county-half-million", "city-district", "province",
    }  # fmt: skip
    for grid in grids:
        assert {"en", "zh"} <= set(grid.title) & set(grid.story)
        workbook = open_workbook(f"consortium@{grid.id}")
        total = simulate(workbook.model, NONE, Save(("total population",)))
        assert total.status.tolist() == [0]
        assert total.values[0, 0, 0] == pytest.approx(grid.scale * 1e6)
        for control in workbook.controls:
            assert control.min <= control.default <= control.max


@pytest.mark.parametrize("name", ["county-half-million", "city-district", "province"])
def test_presets_move_shares_on_a_grid_as_on_one_of_the_model_s_size(
    name: str, consortium: Model, consortium_folder: Path
) -> None:
    # The same place but for its size: what else a grid sets does move the shares.
    grid = next(g for g in list_grids(consortium_folder) if g.id == name)
    pair = []
    for place in (grid, dataclasses.replace(grid, scale=1.0)):
        book = workbook_of(on_grid(consortium, place), consortium_folder)
        presets = [book.scenario(preset) for preset in book.scenario_ids()]
        pair.append(evaluate(book.model, presets, headline_keys(book.outcomes)))
    there, here = pair
    assert len(there.scenarios) >= 39
    assert not there.bad_runs()
    amounts = set()
    for key in there.keys:
        own, other = here.values[key.text], there.values[key.text]
        # The baseline, which sets no amount, says what an outcome is.
        power = min((0, 1), key=lambda p: abs(other[0] - own[0] * grid.scale**p))
        amounts |= {key.outcome.id} if power else set()
        # A date may not come in any of them.
        np.testing.assert_allclose(
            other / grid.scale**power,
            own,
            rtol=0,
            atol=HOMOGENEITY * np.abs(own[~np.isnan(own)]).max(initial=0),
            err_msg=key.text,
        )
    assert amounts == {"premature_deaths", "life_years_lost", "fund_balance"}


def test_a_stack_of_grids_answers_a_preset_as_one_of_them() -> None:
    found = []
    for name in ("consortium", "consortium@province"):
        book = open_workbook(name)
        rows = [book.scenario(preset) for preset in ("baseline", "buurtzorg", "pace")]
        answer = evaluate(book.model, rows, headline_keys(book.outcomes))
        stay = answer.values["los_tertiary"]
        found.append(stay[1:] / stay[0] - 1)
    assert found[0].max() < -0.01
    np.testing.assert_allclose(found[1], found[0], rtol=HOMOGENEITY / 0.01)


def test_a_file_of_one_s_own_is_in_the_amounts_of_the_grid(
    tmp_path: Path, consortium_folder: Path
) -> None:
    book = open_workbook("consortium@county-half-million")
    seats = "training seats"
    assert book.scenario("luohu").values[seats] == 60
    shipped = consortium_folder / "scenarios" / "luohu.toml"
    assert book.scenario(shipped).values[seats] == 60
    assert book.scenario("luohu", sets=[f"{seats}=140"]).values[seats] == 140
    own = tmp_path / "own.toml"
    own.write_text(f'from = "luohu"\n[values]\n"{seats}" = 130\n', "utf-8")
    assert book.scenario(own).values[seats] == 130
    own.write_text('title = "as there"\nfrom = "luohu"\n', "utf-8")
    assert book.scenario(own).values[seats] == 60
    schedule = f'title = "x"\n[values]\n"{seats}" = "60@2026..100@2030"\n'
    own.write_text(schedule, "utf-8")
    assert book.scenario(own).values[seats] == Schedule((2026, 2030), (60, 100))


def test_a_schedule_of_a_shipped_scenario_is_scaled(
    tiny_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "tiny"
    shutil.copytree(tiny_folder, folder)
    (folder / "grids").mkdir()
    (folder / "grids" / "half.toml").write_text("scale = 0.5\n", "utf-8")
    text = '"tertiary capacity" = "20000@2026..30000@2030"\n"premium" = 500\n'
    (folder / "scenarios" / "more.toml").write_text(f"[values]\n{text}", "utf-8")
    values = open_workbook(f"{folder}@half").scenario("more").values
    assert values["tertiary capacity"] == Schedule((2026, 2030), (10_000, 15_000))
    assert values["premium"] == 500


def test_the_listing_says_which_amounts_are_scaled(
    capsys: pytest.CaptureFixture[str],
) -> None:
    on = ["scenarios", "--model", "consortium@county-half-million"]
    assert main([*on, "--json"]) == 0
    listed = {item["id"]: item for item in json.loads(capsys.readouterr().out)}
    assert listed["buurtzorg"]["values"]["home nursing teams"] == 50
    assert listed["buurtzorg"]["scaled"] == {"home nursing teams": 0.5}
    assert listed["drg"]["scaled"] == {}
    assert main(on) == 0
    said = capsys.readouterr().out
    assert "0.5 times what the files say: home nursing teams, training seats" in said
    assert main(["scenarios"]) == 0
    assert "Amounts" not in capsys.readouterr().out


@pytest.mark.parametrize("name", ["county-half-million", "province"])
def test_claims_and_checks_are_read_on_a_grid(name: str) -> None:
    book = open_workbook(f"consortium@{name}")
    assert book.folder is not None
    tables = (book.folder, book.model, book.controls, book.outcomes)
    checks = read_checks(*tables)
    scale = book.model.scale
    seats = checks.runs["more seats"].values["training seats"]
    assert seats == pytest.approx(101.7 * scale, rel=HOMOGENEITY)
    for row in read_systems(*tables):
        for claim in row.claims:
            for side in (claim.before, claim.after):
                sets = [f"{element}={value!r}" for element, value in side.values]
                assert book.scenario(side.scenario, sets=sets).id == side.scenario


def test_the_judge_runs_the_grid_too(tiny_folder: Path, tmp_path: Path) -> None:
    grid = tmp_path / "big.toml"
    grid.write_text("scale = 2.0\n", encoding="utf-8")
    model = read_model(f"{tiny_folder}@{grid}")
    save = Save(tuple(model.scalars))
    ours = simulate(model, NONE, save, engine="numpy")
    judged = simulate(model, NONE, save, engine="pysd")
    assert model.moved
    np.testing.assert_allclose(ours.values, judged.values, rtol=1e-12)


def test_local_figures_are_reached(
    tmp_path: Path, consortium_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = consortium_folder / "grids" / "example" / "local-statistics.csv"
    out = tmp_path / "我的县.toml"
    assert main(["grids", "--fit", str(table), "--out", str(out), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    for row in csv.DictReader(table.read_text("utf-8").splitlines()):
        fit = said["fit"][row["id"]]
        assert fit["wanted"] == float(row["value"])
        assert fit["reached"] == pytest.approx(fit["wanted"], rel=0.01), row["id"]
    # The grid file alone gives the same: here by running it as a user would.
    assert main(["run", "--model", f"consortium@{out}", "--save", "all", "--csv",
                 str(tmp_path / "all.csv")]) == 0  # fmt: skip
    wide = (tmp_path / "all.csv").read_text("utf-8-sig").splitlines()
    rows = list(csv.DictReader(wide))
    at = next(row for row in rows if float(row["time"]) == 2024)
    assert float(at["total population"]) == pytest.approx(620_000, rel=0.01)


HEAD = "id,value,year,source\n"
BAD = {
    "unknown statistic": ("populaton,1e5,2020,s\n", "nearest: 'population'"),
    "no population": ("lead_beds,100,2020,s\n", "'population' .* is needed"),
    "percent": (
        "population,1e5,2020,s\nemployee_share,25,2020,s\n",
        "a share is a fraction: 0.25",
    ),
    "text": ("population,many,2020,s\n", "'many' is not a number"),
    "year": ("population,1e5,1980,s\n", "whole years from 2011"),
    "no source": ("population,1e5,2020,\n", "'source': blank"),
    "twice": ("population,1e5,2020,s\npopulation,2e5,2020,s\n", "already has a row"),
    "thousands": ('population,"100,000",2020,s\n', "is not a number"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_wrong_table_is_refused(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, out = tmp_path / "t.csv", tmp_path / "g.toml"
    table.write_text(HEAD + BAD[case][0], encoding="utf-8")
    assert main(["grids", "--fit", str(table), "--out", str(out)]) == 2

    assert re.search(BAD[case][1], capsys.readouterr().err)
    assert not out.exists()


GRIDS = {
    "unknown key": ("scal = 2\n", "unknown key 'scal'; .*nearest: 'scale'"),
    "scale": ("scale = -1\n", "'scale': -1; allowed"),
    "no evidence": ('[values]\n"grid population" = 5\n', "has no \\[evidence\\]"),
    "stock": (
        '[values]\nReserve = 5\n[evidence]\nReserve = "x"\n',
        "'Reserve' is a stock",
    ),
    "not finite": (
        '[values]\n"grid population" = nan\n[evidence]\n"grid population" = "x"\n',
        "allowed: a finite number",
    ),
}


@pytest.mark.parametrize("case", GRIDS)
def test_a_wrong_grid_is_refused(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    grid = tmp_path / "g.toml"
    grid.write_text(GRIDS[case][0], encoding="utf-8")
    assert main(["run", "--model", f"consortium@{grid}"]) == 2

    assert re.search(GRIDS[case][1], capsys.readouterr().err)


def test_an_unknown_grid_is_told_with_the_nearest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["run", "--model", "consortium@city-distrct"]) == 2
    assert "nearest: 'city-district'" in capsys.readouterr().err
