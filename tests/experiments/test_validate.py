"""Figures, balances and fits are those that arithmetic gives."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sdmodel.cli.main import main
from sdmodel.errors import DataError
from sdmodel.experiments.deciding import deciders
from sdmodel.experiments.history import theil
from sdmodel.experiments.validate import Validation, validate
from sdmodel.experiments.workbook import open_workbook
from tests.tolerances import BALANCE

if TYPE_CHECKING:
    from pathlib import Path

    from sdmodel.engines.base import EngineName

TEXT = """
[runs]
plain = {}
rich = { set = { premium = 880.0 }, outside = true }

[history]
mape = 0.2
shock = [2024, 2026]
late = 2026

[[check]]
id = "premium"
title = { en = "Premium", zh = "缴费" }
claim = { en = "Twice the premium, twice the income.", zh = "缴费翻倍，收入翻倍。" }
source = "arithmetic"
  [[check.compare]]
  says = { en = "Ratio", zh = "比" }
  of = "fund income@2030"
  figure = "rich / plain"
  relation = "="
  bound = 2.0
  tolerance = 1e-12
  [[check.compare]]
  says = { en = "Gain of the reserve over twenty years", zh = "二十年结余增量" }
  of = "Fund Balance@2040"
  figure = "rich - plain"
  relation = "="
  bound = 88e6
  tolerance = 1.0

[[check]]
id = "saving"
title = { en = "Saving", zh = "节约" }
claim = { en = "DRG may save or cost.", zh = "DRG或省或费。" }
source = "the range of the saving holds zero"
draws = 128
  [[check.compare]]
  says = { en = "Spending", zh = "费用" }
  of = "spending@2035"
  figure = '"spending@2035 in drg" / plain - 1'
  relation = "both signs"
  bound = 0.001

[balance]
tolerance = 1e-9
  [[balance.of]]
  id = "fund"
  title = { en = "Fund", zh = "基金" }
  held = "Fund Balance"
  in = ["fund income"]
  out = ["fund payments"]
"""
DRG = 'drg = { scenario = "drg" }'
TARGETS = """variable,kind,from,to,value,sd,unit,source
Population,level,2021,2021,10000,,Person,counted
Population,level,2022,2022,10000,,Person,counted
Population,level,2023,2023,12500,,Person,counted
Population,level,2025,2025,20000,,Person,counted
"""


def model_with(tiny_folder: Path, place: Path, text: str) -> Path:
    """Return a copy of the toy model, saved at each step, with these checks."""
    folder = shutil.copytree(tiny_folder, place / "tiny")
    source = folder / "tiny.mdl"
    whole = source.read_text("utf-8")
    source.write_text(whole.replace("SAVEPER  = 0.25", "SAVEPER  = 0.125"), "utf-8")
    (folder / "checks.toml").write_text(text, "utf-8")
    (folder / "targets.csv").write_text(TARGETS, "utf-8")
    return folder


@pytest.fixture
def folder(tiny_folder: Path, tmp_path: Path) -> Path:
    return model_with(
        tiny_folder, tmp_path, TEXT.replace("plain = {}", f"plain = {{}}\n{DRG}")
    )


def test_figures_are_those_of_arithmetic(folder: Path, engine: EngineName) -> None:
    found = validate(open_workbook(folder), engine=engine)
    premium, saving = found.verdicts
    assert premium.holds
    assert [f.figure for f in premium.findings] == pytest.approx([2.0, 88e6])
    (finding,) = saving.findings
    assert finding.signs is not None
    assert finding.signs.positive > 0 < finding.signs.negative
    assert finding.signs.positive + finding.signs.negative <= finding.signs.draws == 128
    assert finding.signs.deciders[0].name == "DRG saving"
    assert finding.signs.deciders[0].correlation < -0.9
    (balance,) = found.balances
    assert balance.holds
    assert balance.gap <= BALANCE
    early, shock = found.fits
    assert (early.period, shock.period) == ("early", "shock")
    assert early.mape == pytest.approx((0 + 0 + 0.2) / 3)
    assert early.judged
    assert early.holds
    assert shock.mape == pytest.approx(0.5)
    assert not shock.judged
    assert found.holds


def broken(folder: Path, old: str, new: str) -> Validation:
    path = folder / "checks.toml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    return validate(open_workbook(folder))


def test_what_is_not_so_fails(folder: Path) -> None:
    found = broken(folder, "bound = 2.0", "bound = 2.1")
    assert not found.holds
    assert [f.holds for f in found.verdicts[0].findings] == [False, True]


def test_a_flow_that_is_left_out_is_found(folder: Path) -> None:
    found = broken(folder, 'out = ["fund payments"]', "out = []")
    assert not found.balances[0].holds
    assert found.balances[0].gap > 0.1


def test_one_sign_is_not_both(folder: Path) -> None:
    found = broken(folder, '"spending@2035 in drg" / plain - 1', "rich / plain - 0.5")
    assert not found.verdicts[1].holds


def test_a_run_that_goes_bad_fails_by_name(folder: Path) -> None:
    found = broken(
        folder,
        "rich = { set = { premium = 880.0 }, outside = true }",
        'rich = { set = { "trust delay" = 0.0 }, outside = true }',
    )
    assert not found.verdicts[0].holds
    assert "run 'rich' went bad" in found.verdicts[0].bad[0]


def test_a_missed_history_fails(folder: Path) -> None:
    found = broken(folder, "mape = 0.2", "mape = 0.05")
    assert [f.holds for f in found.fits] == [False, True]
    assert not found.holds


@pytest.mark.parametrize(("values", "judged"), [("premium = 441.0", False), ("", True)])
def test_another_place_is_not_held_to_history(
    folder: Path, values: str, judged: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "grids").mkdir()
    (folder / "grids" / "there.toml").write_text(
        f"scale = 2.0\n[values]\n{values}\n[evidence]\n"
        + ('premium = "assumption: a test"\n' if values else ""),
        "utf-8",
    )
    found = validate(open_workbook(f"{folder}@there"))
    assert [f.judged for f in found.fits] == [judged, False]
    main(["validate", "--model", f"{folder}@there"])
    told = "shown beside this grid and not judged" in capsys.readouterr().out
    assert told is not judged


def test_the_verb_ends_with_one_if_a_check_fails(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["validate", "--model", str(folder), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["holds"] is True
    assert document["checks"][0]["comparisons"][0]["figure"] == pytest.approx(2.0)
    assert document["history"][0]["mape"] == pytest.approx(0.2 / 3)
    broken(folder, "bound = 2.0", "bound = 2.1")
    assert main(["validate", "--model", str(folder), "--lang", "zh"]) == 1
    text = capsys.readouterr().out
    assert "premium  FAILS  缴费" in text
    assert "1 of 5 fail: premium" in text


def test_a_model_without_checks_is_told_so(tiny_folder: Path) -> None:
    with pytest.raises(DataError, match=r"no checks\.toml beside the model"):
        validate(open_workbook(tiny_folder))


def test_shares_of_the_error_by_hand() -> None:
    data = np.array([1.0, 2.0, 3.0, 4.0])
    assert theil(data + 1, data) == pytest.approx((1.0, 0.0, 0.0))
    assert theil(2 * data - 2.5, data) == pytest.approx((0.0, 1.0, 0.0))
    assert theil(data[::-1], data) == pytest.approx((0.0, 0.0, 1.0))
    assert sum(theil(np.array([3.0, 1.0, 4.0, 1.5]), data)) == pytest.approx(1.0)


def test_a_decider_is_found_among_many_and_chance_is_not() -> None:
    rng = np.random.default_rng(1)
    sample = rng.random((256, 60))
    names = [f"a{i}" for i in range(60)]
    found = deciders(names, sample, sample[:, 7] ** 3 - sample[:, 2] / 3, 5)
    assert [d.name for d in found] == ["a7", "a2"]
    assert found[0].low < found[0].correlation < found[0].high
    assert not deciders(names, sample, rng.random(256), 5)
    assert not deciders(names, sample, np.full(256, np.nan), 5)


def test_rank_correlation_is_that_of_scipy() -> None:
    from scipy.stats import spearmanr

    rng = np.random.default_rng(2)
    sample = rng.random((100, 1))
    figure = sample[:, 0] + 0.3 * rng.random(100)
    (found,) = deciders(["a"], sample, figure, 1)
    assert found.correlation == pytest.approx(spearmanr(sample[:, 0], figure).statistic)
