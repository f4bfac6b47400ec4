"""Outcomes: expressions of the model, and how a series becomes one number."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdmodel.errors import DataError, UsageError
from sdmodel.study.expression import parse
from sdmodel.study.outcomes import (
    SUMMARY_NAMES,
    parse_key,
    read_outcomes,
    stock_outcomes,
    summary_unit,
)
from sdmodel.study.summaries import Window, at_time, crossing, summarise
from sdmodel.translate.read import read_model

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from sdmodel.model.core import Model

TIMES = np.arange(2020.0, 2040.0 + 0.25, 0.25)


def one(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values[None, :]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("premium", 2.0),
        ("  PREMIUM ", 2.0),
        ('"premium" + "trust delay" * 2', 12.0),
        ('("premium" + "trust delay") * 2', 14.0),
        ('"trust delay" - "premium" - 1', 2.0),
        ('"trust delay" / "premium" / 5', 0.5),
        ('-"premium" + 1e1', 8.0),
        ('2 * -"premium"', -4.0),
        ('"price[tertiary]" - .5', 6.5),
        ("price[tertiary] - premium", 5.0),
        ("12 * premium / (1 + trust delay)", 4.0),
    ],
)
def test_expressions_follow_the_rules_of_arithmetic(
    text: str, expected: float, tiny: Model
) -> None:
    values = {"premium": 2.0, "trust delay": 5.0, "price[tertiary]": 7.0}
    expression = parse(text, tiny)
    series = {name: np.full((1, 3), values[name]) for name in expression.names}
    assert expression.evaluate(series) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "blank"),
        ('"premium" +', "missing at the end"),
        ('* "premium"', "missing before"),
        ('("premium"', "never closed"),
        ('"premium")', "without what it closes"),
        ('"premium" "premium"', "operator is missing"),
        ('"premiun"', "no variable 'premiun'.*nearest: 'premium'"),
        ('"price" * 2', "is an array; name its elements: price.primary."),
        ("premium ? 2", "cannot be read"),
        ('__import__("os")', "no variable|operator is missing"),
    ],
)
def test_bad_expressions_are_refused(text: str, words: str, tiny: Model) -> None:
    with pytest.raises(ValueError, match=words):
        parse(text, tiny)


def test_a_constant_rate_integrates_to_rate_times_years() -> None:
    flat = one(np.full(len(TIMES), 3.0))
    window = Window()
    assert summarise(flat, TIMES, "total", window) == pytest.approx(3.0 * 14)
    assert summarise(flat, TIMES, "mean", window) == pytest.approx(3.0)
    quarters = np.arange(2026.0, 2040.0, 0.25) - 2026.0
    expected = np.sum(3.0 * 0.25 / 1.05**quarters)
    assert summarise(flat, TIMES, "discounted", window) == pytest.approx(expected)
    free = Window(rate=0.0)
    assert summarise(flat, TIMES, "discounted", free) == pytest.approx(3.0 * 14)


def test_the_total_is_what_a_stock_gathers_by_euler_steps() -> None:
    rate = np.sin(TIMES)
    first = 24
    stock = 0.0
    for value in rate[first:-1]:
        stock += 0.25 * value
    assert TIMES[first] == 2026.0
    assert summarise(one(rate), TIMES, "total", Window()) == pytest.approx(stock)


def test_peaks_before_the_policy_years_do_not_count() -> None:
    series = one(np.where(TIMES < 2026, 99.0, 2030 - np.abs(TIMES - 2030)))
    assert summarise(series, TIMES, "peak", Window())[0] == 2030.0
    assert summarise(series, TIMES, "trough", Window())[0] == 2020.0
    assert summarise(series, TIMES, "final", Window())[0] == 2020.0


def test_a_model_without_the_policy_years_is_summed_up_whole() -> None:
    times = np.arange(0.0, 11.0)
    assert summarise(one(times), times, "total", Window())[0] == pytest.approx(45.0)
    assert Window().first(np.arange(2027.0, 2031.0)) == 0


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([3, 1, -1, -3], 1.5),
        ([3, 1, 0, -1], 2.0),
        ([3, 1, 0, 0], np.nan),
        ([-1, 1, 1, 1], 0.0),
        ([3, -1, 5, -1], 0.75),
        ([3, np.nan, -1, -1], np.nan),
    ],
)
def test_crossing_is_the_first_time_below_zero(
    values: list[float], expected: float
) -> None:
    found = crossing(np.array([values], dtype=float), np.arange(4.0))
    np.testing.assert_allclose(found, [expected])


@given(st.integers(1, 5), st.integers(0, 2**31), st.sampled_from(SUMMARY_NAMES))
def test_a_run_is_summed_up_alike_alone_and_in_a_batch(
    runs: int, seed: int, summary: str
) -> None:
    series = np.random.default_rng(seed).normal(size=(runs, len(TIMES)))
    together = summarise(series, TIMES, summary, Window())
    alone = [summarise(one(row), TIMES, summary, Window())[0] for row in series]
    assert together.tobytes() == np.array(alone).tobytes()
    # As engines give it: one column of a larger block, not contiguous.
    block = np.empty((runs, len(TIMES), 3))
    block[:, :, 1] = series
    strided = summarise(block[:, :, 1], TIMES, summary, Window())
    assert together.tobytes() == strided.tobytes()


def test_values_that_do_not_exist_are_nan() -> None:
    bad = np.ones((1, len(TIMES)))
    bad[0, 40] = np.inf
    for summary in set(SUMMARY_NAMES) - {"final", "trough", "crossing"}:
        assert np.isnan(summarise(bad, TIMES, summary, Window())[0])


def test_a_year_is_exact_on_the_grid_and_linear_between() -> None:
    series = one(TIMES**2)
    assert at_time(series, TIMES, 2035.0)[0] == 2035.0**2
    expected = (2035.0**2 + 2035.25**2) / 2
    assert at_time(series, TIMES, 2035.125)[0] == pytest.approx(expected)
    assert at_time(series, TIMES, 2040.0)[0] == 2040.0**2


def test_the_shipped_table_is_read(tiny: Model, tiny_folder: Path) -> None:
    outcomes = {o.id: o for o in read_outcomes(tiny_folder, tiny)}
    assert list(outcomes)[:2] == ["primary_visit_share", "tertiary_occupancy"]
    assert outcomes["fund_depletion_year"].series_unit == "CNY"
    assert outcomes["spending_total"].series_unit == "CNY/Year"
    assert outcomes["primary_visit_share"].expression.names == (
        "visits[primary]",
        "visits[tertiary]",
    )


@pytest.mark.parametrize(
    ("text", "key", "unit"),
    [
        ("fund_balance", "fund_balance", "CNY"),
        ("Fund Balance@2035", "fund_balance@2035", "CNY"),
        ("fund_balance@TROUGH", "fund_balance@trough", "CNY"),
        ("spending_total@total", "spending_total@total", "CNY"),
        ("fund_balance@crossing", "fund_balance@crossing", "Year"),
    ],
)
def test_keys_name_a_summary_or_a_year(
    text: str, key: str, unit: str, tiny: Model, tiny_folder: Path
) -> None:
    found = parse_key(text, read_outcomes(tiny_folder, tiny), tiny)
    assert (found.text, found.unit) == (key, unit)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("fund_balanc", "no outcome 'fund_balanc'; nearest: 'fund_balance'"),
        ("fund_balance@peek", "neither a year nor a summary.*nearest: 'peak'"),
        ("fund_balance@nan", "neither a year"),
        ("fund_balance@2099", "runs from 2020 to 2040"),
        ("fund_balance@", "neither a year"),
    ],
)
def test_bad_keys_are_refused(
    text: str, words: str, tiny: Model, tiny_folder: Path
) -> None:
    with pytest.raises(UsageError, match=words):
        parse_key(text, read_outcomes(tiny_folder, tiny), tiny)


def test_units_of_totals_lose_their_year() -> None:
    assert summary_unit("CNY/Year", "total") == "CNY"
    assert summary_unit("Person", "discounted") == "Person*Year"
    assert summary_unit("CNY", "peak") == "CNY"


def test_stocks_are_looked_at_where_there_is_no_table(tiny: Model) -> None:
    assert [o.id for o in stock_outcomes(tiny)] == ["Trust in Primary", "Fund Balance"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("up,fund\n", "upp,fund\n"), "column 'good': 'upp'; allowed: up.*'up'"),
        ((",crossing,", ",crosing,"), "column 'summary': 'crosing'.*'crossing'"),
        (("fund_balance,", "Fund-Balance,"), "column 'id'"),
        (("Trust in Primary,", "Trusst in Primary,"), "nearest: 'Trust in Primary'"),
        (("id,expression", "id,expresion"), "unknown column 'expresion'"),
        (("fund_reserve_months,", "fund_balance,"), "'fund_balance' already has a row"),
        ((",Year,", ",,"), "column 'unit': blank"),
    ],
)
def test_a_bad_table_names_row_and_column(
    change: tuple[str, str], words: str, tiny: Model, tiny_folder: Path, tmp_path: Path
) -> None:
    text = (tiny_folder / "outcomes.csv").read_text("utf-8")
    assert change[0] in text
    (tmp_path / "outcomes.csv").write_text(text.replace(*change), "utf-8")
    with pytest.raises(DataError, match=words):
        read_outcomes(tmp_path, tiny)


def test_a_table_saved_by_a_spreadsheet_is_read_alike(
    tiny: Model, tiny_folder: Path, tmp_path: Path
) -> None:
    shutil.copy(tiny_folder / "outcomes.csv", tmp_path)
    text = (tmp_path / "outcomes.csv").read_text("utf-8").replace("\n", "\r\n")
    (tmp_path / "outcomes.csv").write_bytes(text.encode("utf-8-sig"))
    assert read_outcomes(tmp_path, tiny) == read_outcomes(tiny_folder, tiny)


def test_a_model_without_a_stock_is_looked_at_through_what_it_computes(
    tmp_path: Path,
) -> None:
    path = tmp_path / "m.mdl"
    path.write_text(
        "{UTF-8}\nk = 2 ~~|\nx = k*Time ~~|\nINITIAL TIME = 0 ~~|\n"
        "FINAL TIME = 2 ~~|\nTIME STEP = 1 ~~|\nSAVEPER = 1 ~~|\n"
    )
    model = read_model(path, cache=False)
    assert [o.id for o in stock_outcomes(model)] == ["x"]
