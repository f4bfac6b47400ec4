"""Numbers, schedules, names and limits as a scenario gives them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdmodel.study.controls import read_controls
from sdmodel.study.design import Schedule
from sdmodel.study.names import settable
from sdmodel.study.values import (
    limit_problem,
    limits_of,
    mix_problems,
    parse_number,
    parse_schedule,
    parse_value,
    schedule_text,
    time_problem,
    value_at,
)

if TYPE_CHECKING:
    from pathlib import Path

    from sdmodel.model.core import Model
    from sdmodel.study.controls import Control


@pytest.fixture
def controls(tiny: Model, tiny_folder: Path) -> tuple[Control, ...]:
    return read_controls(tiny_folder, tiny)


def test_schedule_is_read_point_by_point() -> None:
    schedule = parse_schedule(" 0.4@2026 .. 0.8@2029..1e-1@2030.5")
    assert schedule == Schedule((2026.0, 2029.0, 2030.5), (0.4, 0.8, 0.1))


finite = st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: round(x, 6))
years = st.lists(
    st.integers(0, 4000).map(lambda k: 2000 + k / 16),
    min_size=2,
    max_size=6,
    unique=True,
).map(sorted)


@given(years, st.data())
def test_schedule_survives_being_written_and_read(
    times: list[float], data: st.DataObject
) -> None:
    values = data.draw(st.lists(finite, min_size=len(times), max_size=len(times)))
    schedule = Schedule(tuple(times), tuple(values))
    assert parse_schedule(schedule_text(schedule)) == schedule
    assert parse_value(schedule_text(schedule)) == schedule


@given(years, st.data(), st.floats(1990, 2300))
def test_value_at_is_linear_interpolation_held_outside(
    times: list[float], data: st.DataObject, when: float
) -> None:
    values = data.draw(st.lists(finite, min_size=len(times), max_size=len(times)))
    expected = float(np.interp(when, times, values))
    found = value_at(Schedule(tuple(times), tuple(values)), when)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_read_in_full(value: float) -> None:
    assert parse_number(repr(value)) == value
    assert parse_value(value) == value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0.8@2029..0.4@2026", "runs backwards"),
        ("0.8@2026..0.4@2026", "repeats the year 2026"),
        ("0.8@2026", "one point"),
        ("0.8..0.4", "not of the form value@year"),
        ("0.8@2026@1..0.4@2027", "not of the form value@year"),
        ("nan@2026..0.4@2027", "not a finite number"),
        ("0.1@2026..0.4@", "no value is given"),
    ],
)
def test_bad_schedules_are_refused(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_schedule(text)


@pytest.mark.parametrize(
    ("given_value", "words"),
    [
        (True, "true or false"),
        (float("nan"), "not a finite number"),
        (float("-inf"), "not a finite number"),
        (10**400, "not a finite number"),
        ("0.3", "is text; write the number without quotes"),
        ("0,3", "decimal comma; write 0.3"),
        ("30 %", "write the fraction 0.3"),
        ("5 years", "carries a unit"),
        ("", "no value"),
        ("many", "not a number"),
        ([1, 2], "an array"),
        ({"a": 1}, "a table"),
    ],
)
def test_values_of_the_wrong_kind_are_told_as_such(
    given_value: object, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        parse_value(given_value)


@pytest.mark.parametrize(
    "name", ["price[tertiary]", "PRICE [ Tertiary ]", "pri_ce[tertiary]"]
)
def test_names_match_without_case_space_and_underscore(
    name: str, tiny: Model, controls: tuple[Control, ...]
) -> None:
    assert settable(name, tiny, controls) == ("price[tertiary]",)


def test_a_whole_array_sets_all_its_elements(
    tiny: Model, controls: tuple[Control, ...]
) -> None:
    assert settable("price", tiny, controls) == ("price[primary]", "price[tertiary]")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Fund Balance", "is a stock.*set its initial value: 'initial fund balance'"),
        ("spending", r"computed by the model \(spending = SUM"),
        ("visits[primary]", "computed by the model.*such as"),
        ("TIME STEP", "run settings"),
        ("time", "run settings"),
        ("final_time", "run settings"),
        ("trust effect lookup", "lookup table"),
        ("price[secondary]", "elements: price.primary., price.tertiary."),
        ("DRG shar", "nearest: 'DRG share'"),
        ("drug share", "nearest: 'DRG share'"),
        ("training efort", "nearest: 'training effort'"),
        ("truste delay", "nearest: 'trust delay'"),
    ],
)
def test_what_cannot_be_set_says_why_and_what_can(
    name: str, words: str, tiny: Model, controls: tuple[Control, ...]
) -> None:
    with pytest.raises(ValueError, match=words):
        settable(name, tiny, controls)


def test_limits_come_from_the_control_else_from_the_model(
    tiny: Model, controls: tuple[Control, ...]
) -> None:
    assert limits_of("premium", tiny, controls) == (300.0, 600.0)
    assert limits_of("premium", tiny, ()) == (0.0, 5000.0)


def test_shares_count_with_their_schedules_in_every_year(
    tiny: Model, controls: tuple[Control, ...]
) -> None:
    values = {
        "DRG share": parse_schedule("0@2026..0.8@2030"),
        "DIP share": parse_schedule("0.9@2026..0@2030"),
    }
    assert mix_problems(values, tiny, controls) == []
    values["capitation share"] = parse_schedule("0@2026..0.3@2028..0@2030")
    (said,) = mix_problems(values, tiny, controls)
    assert "shares of 'payment' add to 1.15 in 2028" in said
    assert "'DRG share' 0.4 + 'DIP share' 0.45 + 'capitation share' 0.3" in said


def test_shares_that_make_a_whole_are_allowed(
    tiny: Model, controls: tuple[Control, ...]
) -> None:
    thirds = dict.fromkeys(("DRG share", "DIP share", "capitation share"), 1 / 3)
    assert mix_problems(thirds, tiny, controls) == []
    tenths = {"DRG share": 0.1, "DIP share": 0.2, "capitation share": 0.7}
    assert mix_problems(tenths, tiny, controls) == []


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("30", "0.30"),
        ("2.6", ""),
        ("2.6@2026..0.1@2030", ""),
        ("40@2026..80@2030", "0.40"),
    ],
)
def test_only_what_looks_like_a_percentage_is_told_as_a_fraction(
    text: str, hint: str, tiny: Model, controls: tuple[Control, ...]
) -> None:
    value = parse_schedule(text) if "@" in text else parse_number(text)
    said = limit_problem("DRG share", value, tiny, controls)
    assert said is not None
    assert ("as a fraction" in said) == bool(hint)
    assert hint in said


def test_a_convention_is_told_as_fixed(
    tiny: Model, controls: tuple[Control, ...]
) -> None:
    fixed = [
        replace(
            c, group="Fixed", min=c.default * (1 - 1e-9), max=c.default * (1 + 1e-9)
        )
        for c in controls
        if c.name == "premium"
    ]
    said = limit_problem("premium", 2e6, tiny, fixed)
    assert said is not None
    assert said.startswith(f"2000000, but it is held fixed at {fixed[0].default:g} CNY")
    assert "'sdmodel grids'" in said


def test_what_is_read_once_takes_no_schedule(tiny: Model) -> None:
    assert tiny.read_at_start == {"initial trust", "initial fund balance"}
    when = parse_schedule("0.3@2026..0.4@2030")
    assert time_problem("DRG share", when, tiny) is None
    assert time_problem("initial trust", 0.3, tiny) is None
    assert "once, in 2020" in str(time_problem("initial trust", when, tiny))
