"""Other places: amounts scale together, limits follow, local figures are reached."""

from __future__ import annotations

import csv
import json
import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sdmodel.cli.main import main
from sdmodel.engines.simulate import simulate
from sdmodel.experiments.workbook import open_workbook, read_model
from sdmodel.study.controls import unit_of
from sdmodel.study.design import Inputs, Save
from sdmodel.study.grids import Grid, is_amount, list_grids, on_grid
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
