"""Numbers as readers want them; sentences that follow from the numbers."""

from __future__ import annotations

import math

import pytest

from sdmodel.report.notice import Notice, read_notice, rule_text
from sdmodel.report.words import (
    Change,
    brief_change,
    clause,
    concerning,
    number,
    signed,
    strongest,
    unit_words,
    verdict,
    who_gains,
)

NONE = math.nan


def change(**fields: object) -> Change:
    basic: dict[str, object] = {
        "outcome": "y",
        "label": "Fund balance",
        "unit": "CNY",
        "good": "up",
        "stakeholder": "fund",
        "value": 110.0,
        "baseline": 100.0,
        "low": 5.0,
        "high": 15.0,
    }
    return Change(**(basic | fields))  # type: ignore[arg-type]  # of the right kinds


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.23456, "share", "23.5 %"),
        (0.23456, "1", "0.235"),
        (1234567.0, "CNY", "1.23 million"),
        (-2.5e9, "CNY", "−2.50 billion"),
        (98765.4, "CNY", "98,765"),
        (12.345, "", "12.3"),
        (-0.0001, "", "−0.00010"),
        (0.0, "", "0"),
        (-0.0, "", "0"),
        (NONE, "CNY", "none"),
        (math.inf, "CNY", "none"),
        (None, "CNY", "none"),
    ],
)
def test_numbers(value: float | None, unit: str, text: str) -> None:
    assert number(value, unit) == text


def test_signs_and_years() -> None:
    assert number(2033.4567, "Year", calendar=True) == "2033.5"
    assert signed(0.0123, "share") == "+1.23 points"
    assert signed(-1234.0) == "−1,234"
    assert signed(NONE) == "none"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (2.5e-8, "", "< +0.00001"),
        (-2.5e-8, "", "> −0.00001"),
        (0.0, "", "0"),
        (0.0, "share", "0 points"),
        (4.2e-5, "", "+0.000042"),
        (3e-16, "share", "0 points"),
    ],
)
def test_no_powers_of_ten_and_no_signed_zero(
    value: float, unit: str, text: str
) -> None:
    assert signed(value, unit) == text


ANY = Notice("any")


@pytest.mark.parametrize(
    ("fields", "direction"),
    [
        # Half a day is half a day, whatever the wait was.
        ({"notice": Notice("absolute", 0.5), "value": 100.4}, "same"),
        ({"notice": Notice("absolute", 0.5), "value": 100.6}, "better"),
        # Each death counts, if its sign is sure.
        ({"notice": ANY, "value": 100.2, "low": 0.01, "high": 0.5}, "better"),
        ({"notice": ANY, "value": 100.2, "low": -0.01, "high": 0.5}, "same"),
        ({"notice": ANY, "value": 100.2, "low": -20.0, "high": 0.5}, "unclear"),
        ({"notice": ANY, "value": 100.0, "low": 0.0, "high": 0.0}, "same"),
        # Small shares: a tenth of their value.
        ({"unit": "share", "baseline": 0.002, "value": 0.006, "low": 0.001}, "better"),
        ({"unit": "share", "baseline": 0.04, "value": 0.043, "low": 0.001}, "same"),
        ({"unit": "share", "baseline": 0.06, "value": 0.066, "low": 0.001}, "better"),
        # A bound whose own interval holds zero.
        ({"lowest": -0.1}, "unclear"),
        ({"lowest": 0.1}, "better"),
        ({"value": 90.0, "low": -15.0, "high": -5.0, "highest": 0.1}, "unclear"),
        ({"value": 90.0, "low": -15.0, "high": -5.0, "highest": -1.0}, "worse"),
    ],
)
def test_rules_of_an_outcome_and_the_edge(
    fields: dict[str, object], direction: str
) -> None:
    assert change(**fields).direction == direction
    assert change(**fields).at_edge == (
        direction == "unclear" and ("lowest" in fields or "highest" in fields)
    )


def test_rules_are_read_and_told() -> None:
    assert read_notice(0.00137, 365.0).size == pytest.approx(0.5, rel=1e-3)
    assert read_notice({"relative": 0.1}) == Notice("relative", 0.1)
    text = rule_text(
        {
            "Wait": (read_notice(0.00137, 365.0), "day", False),
            "Deaths": (read_notice("any"), "person", False),
            "Years": (read_notice("any"), "year", False),
            "Margin": (read_notice(0.005), "%", True),
        }
    )
    assert "1 % of the baseline’s value" in text
    assert "0.5 day (Wait)" in text
    assert "excludes zero (Deaths; Years)" in text
    assert "0.5 percentage points (Margin)" in text


def test_units_in_words() -> None:
    assert unit_words("CNY/(Person*Year)", "2019") == "CNY of 2019 per person and year"
    assert unit_words("Dmnl") == unit_words("1") == ""
    assert unit_words("Year") == "year"
    assert unit_words("share") == "%"
    assert unit_words("person*year") == "person-year"


@pytest.mark.parametrize(
    ("fields", "direction"),
    [
        ({}, "better"),
        ({"good": "down"}, "worse"),
        ({"good": "neutral"}, "changed"),
        ({"low": -5.0}, "unclear"),
        ({"value": 90.0, "low": -15.0, "high": -5.0}, "worse"),
        ({"value": 90.0}, "unclear"),  # draws say the opposite of the central values
        ({"value": 100.5, "low": 0.1, "high": 0.9}, "same"),
        ({"low": NONE, "high": NONE}, "better"),
        ({"value": NONE}, "none"),
        ({"unit": "share", "value": 0.504, "baseline": 0.5, "low": 0.001}, "same"),
        ({"unit": "share", "value": 0.506, "baseline": 0.5, "low": 0.001}, "better"),
        ({"calendar": True, "value": 2030.4, "baseline": 2030.0}, "same"),
        ({"baseline": 0.0, "value": 0.0}, "same"),
        ({"baseline": 0.0, "value": 3.0}, "better"),
    ],
)
def test_directions(fields: dict[str, object], direction: str) -> None:
    assert change(**fields).direction == direction


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "fund balance rises by 10 % (+5.0 to +15 %)"),
        (
            {
                "unit": "share",
                "value": 0.4,
                "baseline": 0.5,
                "low": -0.2,
                "high": -0.05,
            },
            "fund balance falls by 10 points (−20 to −5.0 points)",
        ),
        (
            {"baseline": -1.0, "value": 9e6, "low": 1e6, "high": 2e7},
            (
                "fund balance rises from −1.00 to 9.00 million "
                "(+1.00 million to +20.0 million)"
            ),
        ),
        (
            {"label": "DIP value", "low": NONE, "high": NONE},
            "DIP value rises by 10 %",
        ),
        (
            {"calendar": True, "value": 2033.0, "baseline": 2031.0, "low": 1.0},
            "fund balance comes later, by 2.0 years (+1.0 to +15)",
        ),
    ],
)
def test_clauses(fields: dict[str, object], text: str) -> None:
    assert clause(change(**fields)) == text


def test_who_gains_follows_the_numbers() -> None:
    better = change(stakeholder="fund")
    worse = change(stakeholder="patients", good="down", label="Waiting")
    unclear = change(stakeholder="primary", low=-1.0)
    same = change(stakeholder="hospitals", value=100.0)
    sentence, details = who_gains([better, worse, unclear, same])
    assert sentence == (
        "The insurance fund gains; patients lose; primary care may gain or lose, "
        "depending on the assumptions; hospitals with their physicians see no "
        "noticeable change."
    )
    assert details == [
        "Patients: worse: waiting rises by 10 % (+5.0 to +15 %).",
        (
            "Primary care: direction unclear: fund balance rises by 10 % "
            "(−1.0 to +15 %)."
        ),
        "The insurance fund: better: fund balance rises by 10 % (+5.0 to +15 %).",
    ]
    swapped, _ = who_gains(
        [change(stakeholder="fund", good="down"), change(stakeholder="patients")]
    )
    assert swapped == "Patients gain; the insurance fund loses."
    assert who_gains([])[0] == "There is nothing to compare."


def test_what_is_neither_good_nor_bad_decides_nothing() -> None:
    price = change(stakeholder="hospitals", good="neutral", low=-1.0)
    better = change(stakeholder="hospitals")
    assert concerning([price, better], "hospitals") == [better]
    assert who_gains([price, better])[0] == "Hospitals with their physicians gain."


def test_the_strongest_comes_first_with_size_and_range() -> None:
    small, large = change(), change(label="DIP value", value=150.0, high=60.0)
    assert strongest([small, large], "better") == [large, small]
    assert strongest([small, large], "worse") == []
    assert brief_change(large) == ("DIP value", "rises by 50 %", "+5.0 to +60 %")
    assert brief_change(change(low=1e-9))[2] == "< +0.001 to +15 %"
    assert brief_change(change(low=NONE, high=NONE))[2] == ""


def test_a_stakeholder_may_gain_and_lose() -> None:
    both = [change(), change(good="down")]
    assert verdict(both) == "mixed"
    assert who_gains(both)[0] == (
        "The insurance fund gains in some ways and loses in others."
    )


def test_the_largest_changes_are_named_first_and_the_rest_counted() -> None:
    many = [change(label=f"DIP{i}", value=100.0 + 10 * i) for i in range(1, 5)]
    _, (line,) = who_gains(many)
    assert line.startswith("The insurance fund: better: DIP4 rises by 40 %")
    assert line.endswith("and 2 more.")
    assert "DIP1" not in line
