"""Claims are run, and those that do not hold are told."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from sdmodel.cli.main import main
from sdmodel.experiments.claimed import LEAST, try_claims
from sdmodel.experiments.workbook import open_workbook
from sdmodel.study.systems import read_systems

if TYPE_CHECKING:
    from pathlib import Path

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
