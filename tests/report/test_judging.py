"""Verdicts on stakeholders, and sentences that say what the numbers say."""

from __future__ import annotations

import math
import tomllib
from typing import TYPE_CHECKING

import pytest

from sdmodel.errors import DataError
from sdmodel.experiments.facts import read_about
from sdmodel.experiments.workbook import open_workbook
from sdmodel.report.judging import (
    brief_change,
    clause,
    concerning,
    strongest,
    verdict,
    who_gains,
)
from tests.report.changes import change

if TYPE_CHECKING:
    from pathlib import Path

NONE = math.nan
BETTER = change()
WORSE = change(good="down", label="Spending")
UNCLEAR = change(low=-5.0, label="Reserve")
EDGE = change(lowest=-0.1, label="Income")
SAME = change(value=100.0, label="Load")


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "fund balance higher by 10 % (+5.0 to +15 %)"),
        (
            {
                "unit": "share",
                "value": 0.4,
                "baseline": 0.5,
                "low": -0.2,
                "high": -0.05,
            },
            "fund balance lower by 10 points (−20 to −5.0 points)",
        ),
        (
            {"baseline": -1.0, "value": 9e6, "low": 1e6, "high": 2e7},
            (
                "fund balance higher, from −1.00 to 9.00 million "
                "(+1.00 million to +20.0 million CNY)"
            ),
        ),
        (
            {"label": "DIP value", "low": NONE, "high": NONE},
            "DIP value higher by 10 %",
        ),
        (
            {"calendar": True, "value": 2033.0, "baseline": 2031.0, "low": 1.0},
            "fund balance later by 2.0 years (+1.0 to +15)",
        ),
        # A range that holds zero says it all; the central change would mislead.
        ({"low": -5.0}, "fund balance (−5.0 to +15 %)"),
        # A range that does not is told with its size, even where it is at the edge.
        ({"lowest": -0.1}, "fund balance higher by 10 % (+5.0 to +15 %)"),
        # No range is told that looks as if zero were a bound of another kind.
        ({"low": 1e-9}, "fund balance higher by 10 % (about 0 to +15 %)"),
        (
            {"value": 90.0, "low": -15.0, "high": -1e-9},
            "fund balance lower by 10 % (−15 to about 0 %)",
        ),
    ],
)
def test_clauses(fields: dict[str, object], text: str) -> None:
    assert clause(change(**fields)) == text


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ([BETTER], "gains"),
        ([WORSE], "loses"),
        ([BETTER, BETTER, UNCLEAR], "gains"),
        ([WORSE, WORSE, EDGE], "loses"),
        # One sure outcome of three is no verdict, whatever the others may do.
        ([BETTER, UNCLEAR, UNCLEAR], "unclear"),
        ([WORSE, EDGE, SAME], "unclear"),
        # Half is no majority.
        ([BETTER, UNCLEAR], "unclear"),
        ([BETTER, SAME], "mixed"),
        # One against is enough.
        ([BETTER, BETTER, BETTER, WORSE], "mixed"),
        ([SAME, SAME, UNCLEAR], "unclear"),
        ([SAME, SAME], "same"),
        # What has no value has no vote.
        ([BETTER, change(value=NONE)], "gains"),
    ],
)
def test_a_verdict_needs_a_majority_and_none_against(
    changes: list[object], kind: str
) -> None:
    assert verdict(changes) == kind  # type: ignore[arg-type]  # they are changes


def test_only_headline_outcomes_decide_and_the_others_are_told() -> None:
    coding = change(
        label="Coded weight", good="down", value=96.7, low=-5.0, high=-2.0,
        headline=False,
    )  # fmt: skip
    reserve = change(label="Reserve", value=65.0, low=-60.0, high=-10.0)
    sentence, (line,) = who_gains([coding, reserve])
    assert sentence == "The insurance fund loses."
    assert line == (
        "The insurance fund: worse: reserve lower by 35 % (−60 to −10 %). "
        "Further changes: better: coded weight lower by 3.3 % (−5.0 to −2.0 %)."
    )
    sentence, (line,) = who_gains([coding])
    assert sentence == "There is nothing to compare."
    assert line.startswith("The insurance fund: Further changes: better: coded weight")


def test_who_gains_follows_the_numbers() -> None:
    worse = change(stakeholder="patients", good="down", label="Waiting")
    unclear = change(stakeholder="primary", low=-1.0)
    same = change(stakeholder="hospitals", value=100.0)
    sentence, details = who_gains([BETTER, worse, unclear, same])
    assert sentence == (
        "The insurance fund gains; patients lose; primary care may gain or lose, "
        "depending on the assumptions; hospitals with their physicians see no "
        "noticeable change."
    )
    assert details == [
        "Patients: worse: waiting higher by 10 % (+5.0 to +15 %).",
        "Primary care: direction unclear: fund balance (−1.0 to +15 %).",
        "The insurance fund: better: fund balance higher by 10 % (+5.0 to +15 %).",
    ]
    swapped, _ = who_gains(
        [change(stakeholder="fund", good="down"), change(stakeholder="patients")]
    )
    assert swapped == "Patients gain; the insurance fund loses."
    assert who_gains([])[0] == "There is nothing to compare."


def test_what_is_at_the_edge_is_told_apart_from_what_is_unclear() -> None:
    sentence, (line,) = who_gains([EDGE, UNCLEAR])
    assert "may gain or lose" in sentence
    assert line == (
        "The insurance fund: at the edge: income higher by 10 % (+5.0 to +15 %); "
        "direction unclear: reserve (−5.0 to +15 %)."
    )


def test_a_verdict_that_is_none_names_what_is_sure() -> None:
    assert who_gains([WORSE, UNCLEAR, EDGE])[0] == (
        "The insurance fund (worse: spending) may gain or lose, depending on the "
        "assumptions."
    )
    assert who_gains([BETTER, WORSE])[0] == (
        "The insurance fund (better: fund balance; worse: spending) sees a mixed "
        "result."
    )


def test_what_is_neither_good_nor_bad_decides_nothing() -> None:
    price = change(stakeholder="hospitals", good="neutral", low=-1.0)
    better = change(stakeholder="hospitals")
    assert concerning([price, better], "hospitals") == [better]
    assert who_gains([price, better])[0] == "Hospitals with their physicians gain."


def test_the_strongest_comes_first_with_size_and_range() -> None:
    small, large = change(), change(label="DIP value", value=150.0, high=60.0)
    assert strongest([small, large], "better") == [large, small]
    assert strongest([small, large], "worse") == []
    assert brief_change(large) == ("DIP value", "higher by 50 %", "+5.0 to +60 %")
    assert brief_change(change(low=NONE, high=NONE))[2] == ""


def test_the_largest_changes_are_named_first_and_the_rest_counted() -> None:
    many = [change(label=f"DIP{i}", value=100.0 + 10 * i) for i in range(1, 8)]
    _, (line,) = who_gains(many)
    assert line.startswith("The insurance fund: better: DIP7 higher by 70 %")
    assert line.endswith("and 2 more.")
    assert "DIP2" not in line
    further = [
        change(label=f"DIP{i}", value=100.0 + 10 * i, headline=False)
        for i in range(1, 5)
    ]
    _, (line,) = who_gains([BETTER, *further])
    assert "Further changes: better: DIP4 higher by 40 %" in line
    assert line.endswith("and 2 more.")


def test_the_consortium_judges_each_by_outcomes_of_its_own() -> None:
    workbook = open_workbook("consortium")
    assert workbook.folder is not None
    about = tomllib.loads((workbook.folder / "report.toml").read_text("utf-8"))
    judged = about["verdict"]
    assert set(judged) == {o.stakeholder for o in workbook.outcomes}
    # Coded weight helps only a fund that pays by weight.
    assert "upcoding_index" not in judged["fund"]
    read_about(workbook.folder, _facts(about), workbook.outcomes)


def _facts(about: dict[str, object]) -> dict[str, list[dict[str, str]]]:
    """Return facts that hold every sector and link of the picture."""
    picture = about["picture"]
    assert isinstance(picture, dict)
    of = {box["id"]: box["sectors"] for box in picture["box"]}
    names = [name for sectors in of.values() for name in sectors]
    links = [
        {"from": a, "to": b}
        for arrow in picture["arrow"]
        for a in of[arrow["from"]]
        for b in of[arrow["to"]]
    ]
    return {"sectors": [{"name": name} for name in names], "links": links}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("funds = ['x']", "'funds'.*nearest: 'fund'"),
        ("fund = 3", "fund = 3; allowed: a list of outcome ids"),
        ("fund = []", r"fund = \[\]; allowed: a list of outcome ids"),
        ("fund = ['fund_balanc']", "'fund_balanc'; .*nearest: 'fund_balance'"),
        ("fund = ['trust_in_primary']", "'trust_in_primary'; allowed: outcomes of"),
    ],
)
def test_verdicts_by_no_outcome_of_the_stakeholder_are_refused(
    tmp_path: Path, tiny_folder: Path, text: str, words: str
) -> None:
    outcomes = open_workbook(str(tiny_folder)).outcomes
    (tmp_path / "report.toml").write_text(f"[verdict]\n{text}\n", "utf-8")
    with pytest.raises(DataError, match=rf"report\.toml, \[verdict\].*{words}"):
        read_about(tmp_path, {"sectors": [], "links": []}, outcomes)
