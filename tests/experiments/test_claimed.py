"""Claims are run, and those that do not hold are told."""

from __future__ import annotations

import json
import math
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sdmodel.cli.main import main
from sdmodel.experiments.claimed import LEAST, try_claims
from sdmodel.experiments.workbook import open_workbook
from sdmodel.study.systems import read_systems

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from sdmodel.experiments.claimed import Trial

HEAD = "id,kind,label_en,label_zh,status,carried_by,claims,reason,source\n"


@pytest.fixture
def folder(tiny_folder: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny_folder, tmp_path / "tiny")


def tried(folder: Path, cell: str, reason: str = "") -> tuple[Trial, ...]:
    row = f'A1,form,Form,形式,carried,variable:spending,"{cell}",{reason},paper\n'
    (folder / "systems.csv").write_text(HEAD + row, "utf-8")
    book = open_workbook(folder)
    systems = read_systems(folder, book.model, book.controls, book.outcomes)
    return try_claims(book, systems)


def test_a_claim_holds_if_the_outcome_moves_that_way(folder: Path) -> None:
    up, down, none = tried(
        folder,
        "premium: fund_balance +, fund_balance -, primary_visit_share 0",
        "money does not choose the tier here",
    )
    assert (up.holds, down.holds, none.holds) == (True, False, True)
    # Premiums come in for fifteen years and earn no interest in the toy model.
    assert up.after - up.before == pytest.approx(down.after - down.before)
    assert none.change == 0.0
    assert "claimed" in up.sentence


def test_a_change_below_the_least_is_none(folder: Path) -> None:
    by, whole = 1e-6, 300.0
    small, same = tried(
        folder,
        f"premium {whole} to {whole * (1 + by)}: fund_balance +, fund_balance 0",
        "a change of one in a million",
    )
    assert 0 < abs(small.change) < LEAST
    assert (small.holds, same.holds) == (False, True)


def test_the_claims_compare_scenarios_as_run_does(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (trial,) = tried(folder, "drg vs capitation: spending_total +")
    assert main(["run", "drg", "capitation", "--json", "--model", str(folder)]) == 0
    read = json.loads(capsys.readouterr().out)["scenarios"]
    for side, name in ((trial.before, "capitation"), (trial.after, "drg")):
        assert side == read[name]["outcomes"]["spending_total"]["value"]


def test_the_verb_lists_and_tests(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tried(folder, "premium: fund_balance +, spending_total -")

    def sd(*args: str, code: int = 0) -> str:
        assert main(["systems", *args, "--model", str(folder)]) == code
        return capsys.readouterr().out

    assert "variable:spending" in sd()
    (row,) = json.loads(sd("--json"))
    assert row["carried_by"] == ["variable:spending"]
    assert row["claims"][0] == {
        "change": "premium",
        "outcome": "fund_balance",
        "direction": "+",
    }
    assert json.loads(sd("--json", "--kind", "mechanism")) == []
    shown = sd("--test", code=1)
    assert "2 effects claimed, 1 not found" in shown
    (row,) = json.loads(sd("--test", "--json", code=1))
    assert [claim["holds"] for claim in row["claims"]] == [True, False]
    assert row["claims"][0]["after"] > row["claims"][0]["before"]


def test_a_model_without_the_table_says_so(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["systems", "--model", str(folder)]) == 0
    assert capsys.readouterr().out.startswith("This model has no systems.csv")
    assert main(["systems", "--json", "--model", str(folder)]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_draws_say_how_often_a_claim_holds(folder: Path) -> None:
    row = 'A1,form,Form,形式,carried,variable:spending,"{}",,paper\n'
    cell = (
        "premium: fund_balance +; drg vs baseline: spending_total -, spending_total +"
    )
    (folder / "systems.csv").write_text(HEAD + row.format(cell), "utf-8")
    book = open_workbook(folder)
    systems = read_systems(folder, book.model, book.controls, book.outcomes)
    money, down, up = try_claims(book, systems, draws=64, seed=3)
    assert len(money.drawn) == 64
    assert money.share == 1.0
    # DRG saves or costs: its saving is drawn from -0.05 to 0.2, and so are the signs.
    assert 0 < up.share < down.share < 1
    assert up.share + down.share <= 1
    low, high = down.spread
    assert low < 0 < high
    assert min(down.drawn) <= low <= high <= max(down.drawn)
    # The same seed draws the same, and central values do not depend on draws.
    assert try_claims(book, systems, draws=64, seed=3) == (money, down, up)
    (plain, *_) = try_claims(book, systems)
    assert (plain.before, plain.after) == (money.before, money.after)
    assert math.isnan(plain.share)


def test_a_draw_at_the_defaults_is_the_central_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = open_workbook(folder)

    def centre(n: int, dimensions: int, seed: int) -> NDArray[np.float64]:
        del seed
        defaults = [c.default for c in book.controls if c.role == "uncertainty"]
        assert len(defaults) == dimensions
        return np.tile(defaults, (n, 1))

    monkeypatch.setattr("sdmodel.experiments.claimed.sobol_points", centre)
    monkeypatch.setattr("sdmodel.experiments.space.Space.values", lambda _, unit: unit)
    tried(folder, "premium: fund_balance +")
    systems = read_systems(folder, book.model, book.controls, book.outcomes)
    (trial,) = try_claims(book, systems, draws=2)
    assert trial.drawn == (trial.change, trial.change)


def test_draws_are_a_power_of_two(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tried(folder, "premium: fund_balance +")
    given = ["systems", "--test", "--draws", "20", "--model", str(folder)]
    assert main(given) == 2
    assert "--draws 20; allowed: a power of two" in capsys.readouterr().err
    assert main([*given[:3], "16", *given[4:], "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["claims"][0]["draws"] == 16
    assert row["claims"][0]["holds_in_draws"] == 1.0
