"""The table of what the sources name: what is read, and what is refused."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from sdmodel.errors import DataError
from sdmodel.study.claims import Side
from sdmodel.study.controls import read_controls
from sdmodel.study.outcomes import read_outcomes
from sdmodel.study.systems import read_systems

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sdmodel.model.core import Model
    from sdmodel.study.systems import System

HEAD = "id,kind,label_en,label_zh,status,carried_by,claims,reason,source\n"
ROW = "A1,form,Form,形式,carried,variable:spending,,,paper\n"


@pytest.fixture
def read(
    tiny_folder: Path, tiny: Model, tmp_path: Path
) -> Callable[[str], tuple[System, ...]]:
    """Read rows, written below the header, as the toy model's table."""
    folder = shutil.copytree(tiny_folder, tmp_path / "tiny")

    def read_text(rows: str) -> tuple[System, ...]:
        (folder / "systems.csv").write_text(HEAD + rows, "utf-8")
        controls = read_controls(folder, tiny)
        return read_systems(folder, tiny, controls, read_outcomes(folder, tiny))

    return read_text


def refused(read: Callable[[str], tuple[System, ...]], rows: str) -> tuple[str, ...]:
    with pytest.raises(DataError) as caught:
        read(rows)
    return caught.value.problems


def test_carriers_are_found_by_name_and_written_as_in_the_model(
    read: Callable[[str], tuple[System, ...]],
) -> None:
    row = "carried,lever:training_effort; preset: DRG;outcome:fund_balance,"
    claims = '"training effort: trust_in_primary +; drg: spending_total -"'
    (system,) = read(f"A1,form,Form,形式,{row}{claims},,paper\n")
    assert [c.text for c in system.carriers] == [
        "lever:training effort",
        "preset:drg",
        "outcome:fund_balance",
    ]
    assert (system.status, system.label_zh, system.source) == (
        "carried",
        "形式",
        "paper",
    )


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("drg", Side("baseline"), Side("drg")),
        ("drg vs capitation", Side("capitation"), Side("drg")),
        (
            "training effort",
            Side("baseline", (("training effort", 0.0),)),
            Side("baseline", (("training effort", 1.0),)),
        ),
        (
            "premium 400 to 500 in drg",
            Side("drg", (("premium", 400.0),)),
            Side("drg", (("premium", 500.0),)),
        ),
        (
            "premium 400 to 500 with training effort 0.5 in drg",
            Side("drg", (("training effort", 0.5), ("premium", 400.0))),
            Side("drg", (("training effort", 0.5), ("premium", 500.0))),
        ),
        (
            "price 300 to 200",
            Side("baseline", (("price[primary]", 300.0), ("price[tertiary]", 300.0))),
            Side("baseline", (("price[primary]", 200.0), ("price[tertiary]", 200.0))),
        ),
    ],
)
def test_a_claim_names_two_runs(
    read: Callable[[str], tuple[System, ...]], text: str, before: Side, after: Side
) -> None:
    cell = f'"{text}: fund_balance@2030 +, spending_total -"'
    (system,) = read(
        f"F1,mechanism,Form,形式,carried,variable:spending,{cell},,paper\n"
    )
    (claim,) = system.claims
    assert (claim.before, claim.after) == (before, after)
    assert [e.text for e in claim.effects] == [
        "fund_balance@2030 +",
        "spending_total -",
    ]


def test_every_problem_is_told_at_once(
    read: Callable[[str], tuple[System, ...]],
) -> None:
    said = refused(
        read,
        "1A,form,Form,形式,carried,variable:spending,,,paper\n"
        "A2,shape,Form,形式,carried,variable:spending,,,paper\n"
        "A3,form,Form,,carried,,,,\n"
        "A4,form,Form,形式,context,,,,paper\n"
        "A5,form,Form,形式,carried,variable:spendng,,,paper\n"
        "A6,form,Form,形式,carried,variable:drg; spending,,,paper\n",
    )
    words = (
        "row 2, column 'id': '1A'",
        "row 3, column 'kind': 'shape'; allowed: form, case",
        "row 4, column 'label_zh': blank",
        "row 4, column 'source': blank",
        "row 4, column 'carried_by': blank",
        "row 5, column 'reason': blank",
        "row 6, column 'carried_by': no variable 'spendng'; nearest: 'spending'",
        "row 7, column 'carried_by': no variable 'drg'; it is a preset: write",
        "row 7, column 'carried_by': 'spending'; allowed: KIND:NAME",
    )
    assert len(said) == len(words)
    for sentence, word in zip(said, words, strict=True):
        assert word in sentence


@pytest.mark.parametrize(
    ("cell", "word"),
    [
        ("fund_balance +", "allowed: CHANGE: OUTCOME +"),
        ("premium: fund_balance", "allowed: an outcome and +, - or 0"),
        ("premium: fund_balanc +", "no outcome 'fund_balanc'; nearest: 'fund_balance'"),
        ("premum: fund_balance +", "neither a scenario nor a constant"),
        ("drgg: fund_balance +", "'drgg': neither a scenario; nearest: 'drg'"),
        ("Fund Balance: spending_total +", "is a stock"),
        ("premium 4 to 4: fund_balance +", "no change"),
        ("premium with drg: fund_balance +", "say 'with NAME VALUE'"),
        ("premium with training efort 1: fund_balance +", "no such lever"),
        ("premium 4 to 1e: fund_balance +", "'1e' is not a number"),
        ("price: fund_balance +", "say 'price LOW to HIGH'"),
        ("drg vs drg: fund_balance +", "against itself"),
        ("drg vs dig: fund_balance +", "no scenario 'dig'; nearest: 'drg'"),
        ("premium: fund_depletion_year +", "cannot grow by a share"),
        ("premium: fund_balance 0", "a claim of no effect says why"),
    ],
)
def test_a_wrong_claim_is_refused(
    read: Callable[[str], tuple[System, ...]], cell: str, word: str
) -> None:
    (said,) = refused(
        read, f'A1,form,Form,形式,carried,variable:spending,"{cell}",,paper\n'
    )
    assert word in said


def test_what_can_be_moved_must_claim_what_it_changes(
    read: Callable[[str], tuple[System, ...]],
) -> None:
    row = "A1,form,Form,形式,carried,lever:premium; variable:spending,,,paper\n"
    (said,) = refused(read, row)
    assert "no row claims what 'lever:premium' changes" in said
    # The claim may stand in another row.
    more = (
        "A2,form,Form,形式,carried,variable:spending,premium: fund_balance +,,paper\n"
    )
    assert len(read(row + more)) == 2


def test_two_rows_do_not_share_an_id(
    read: Callable[[str], tuple[System, ...]],
) -> None:
    (said,) = refused(read, ROW + ROW)
    assert "row 3, column 'id': 'A1' already stands" in said
