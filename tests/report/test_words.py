"""Numbers as readers want them; sentences that follow from the numbers."""

from __future__ import annotations

import math

import pytest

from sdmodel.experiments.notice import Notice, read_notice, rule_text
from sdmodel.report.words import (
    number,
    signed,
    unit_words,
)
from sdmodel.study.signs import minus, minuses
from tests.report.changes import change

NONE = math.nan


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.23456, "share", "23.5 %"),
        (-0.05, "share", "−5.00 %"),
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
        (2.5e-8, "", "about 0"),
        (-2.5e-8, "", "about 0"),
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


def test_numbers_in_texts_have_one_minus_and_ranges_stay() -> None:
    assert minuses("stays -8.07 % (-13.05 to -.3)") == "stays −8.07 % (−13.05 to −.3)"
    for text in ("2019-23", "2019 - 23", "PMC-625", "a)-3", "--seed"):
        assert minuses(text) == text
    assert minus("-0.00") == "0.00"
    assert minus("-0.01") == "−0.01"
