"""The baseline follows what was observed, from the same equations as the future.

Observed figures: Gao et al. 2022, table 3 (tertiary shares); national bulletins for
visits, admissions, enrolment and the funds, per head of the national population.
Money is in constant prices of 2019, deflated by 1.029 for 2018.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sdmodel.experiments.inspect import inspect_model

if TYPE_CHECKING:
    from sdmodel.model.core import Model
    from tests.consortium.regimes import Runs

YEARS = range(2015, 2020)
TERTIARY_VISITS = (0.1951, 0.2055, 0.2115, 0.2226, 0.2362)
TERTIARY_ADMISSIONS = (0.3244, 0.3382, 0.3436, 0.3651, 0.3942)
VISITS = (5.567, 5.696, 5.842, 5.913, 6.184)
ADMISSIONS = (0.1522, 0.1632, 0.1745, 0.1811, 0.1886)
PERCENTAGE_POINT = 0.01
TENTH = 0.1
POLICY_START = 2026


@pytest.mark.parametrize(
    ("name", "observed"),
    [
        ("tertiary visit share", TERTIARY_VISITS),
        ("tertiary admission share", TERTIARY_ADMISSIONS),
    ],
)
def test_tertiary_shares_within_a_percentage_point(
    eight: Runs, name: str, observed: tuple[float, ...]
) -> None:
    for year, value in zip(YEARS, observed, strict=True):
        assert abs(eight.year("baseline", name, year) - value) <= PERCENTAGE_POINT


@pytest.mark.parametrize(
    ("name", "years", "observed"),
    [
        ("visits per person", YEARS, VISITS),
        ("admissions per person", YEARS, ADMISSIONS),
        ("fund income per member", (2018, 2019), (1525 * 1.029, 1750)),
        ("fund spending per member", (2018, 2019), (1263 * 1.029, 1492)),
    ],
)
def test_volumes_and_funds_within_a_tenth(
    eight: Runs, name: str, years: range, observed: tuple[float, ...]
) -> None:
    for year, value in zip(years, observed, strict=True):
        assert abs(eight.year("baseline", name, year) / value - 1) <= TENTH


def test_regimes_share_their_history(consortium: Model, eight: Runs) -> None:
    past = eight.times <= POLICY_START
    stocks = [state.name for state in consortium.states]
    for regime in eight.series:
        for name in (*stocks, "visits per person", "fund balance"):
            here = eight.get(regime, name)[past]
            assert (here == eight.get("baseline", name)[past]).all(), (regime, name)


def test_no_observed_outcome_is_fed_in(consortium: Model) -> None:
    allowed = {
        "net population growth",
        "share 65 plus",
        "historical income index",
        "pandemic severity",
    }
    series = inspect_model(consortium).exogenous
    assert {s.name for s in series if s.kind == "table"} == allowed
