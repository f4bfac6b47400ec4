"""What an economist would expect of changes nobody tuned the model for.

Directions and sizes that theory, accounting or common sense give, beside those of
``checks.toml`` and ``systems.csv``; bounds are wide on purpose. All in one batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sdmodel.study.controls import read_controls
from tests.consortium.regimes import EVERYTHING, Runs, run_all

if TYPE_CHECKING:
    from pathlib import Path

    from sdmodel.model.core import Model

PROVIDERS = ("PE", "LE", "PW", "LW", "TH")
CORNERS = 48
SHARES = (
    "primary visit share", "tertiary visit share", "tertiary admission share",
    "in county share", "unmet need", "oop share", "chronic control rate",
    "readmission rate", "trust in primary", "tertiary bed occupancy",
    "down referral rate", "ordered pattern index", "liquidity[resident]",
    "referral to lead[east]", *(f"Trust[{p}]" for p in PROVIDERS),
)  # fmt: skip
NAMES = (
    *SHARES, "los tertiary", "upcoding index", "hospital margin", "fund balance",
    "fund income per member", "primary physicians per 10000", "primary workload",
    "primary physician income", "spending per capita", "visits per person",
    "admissions per person", "tertiary wait", "oop burden", "severe share at tertiary",
    "bed occupancy[LE]", "Beds[TH]", "dip point value", "total points",
    "Controlled[west]", "Controlled[east]", "hospital physician income",
    "Perceived Visit Wait[PE]", "Perceived Visit Wait[LE]", "Perceived Visit Wait[TH]",
    "Margin[LE]", "Margin[TH]", "Reserve[resident]", "service intensity",
    "Global Budget[TH,employee]", "Global Budget[TH,resident]",
    *(f"DIP claims[{p},employee]" for p in PROVIDERS),
    *(f"visits seen total[{p}]" for p in PROVIDERS),
    *(f"cases admitted total[{p}]" for p in PROVIDERS),
)  # fmt: skip
ALL_RACE = {f"point race[{p}]": 0.2 for p in PROVIDERS}
SPLIT = {"minimum savings rate": 0.05, "quality gate": 0.5, "benchmark growth": 0.0,
         "integration aim": 0.8}  # fmt: skip
TIGHT = {"global budget strictness": 1.0, "overspend sharing": 0.0,
         "budget growth": 0.0}  # fmt: skip
NO_COVER = {f"cover change[{t}]": -1.0 for t in ("primary", "lead", "tertiary")}
OWN = {"primary": "PE", "lead": "LE", "tertiary": "TH"}
TARIFFS = (0.8, 0.9, 1.0, 1.1)
DEGREES = (0.0, 0.25, 0.5, 0.75, 1.0)
CHANGES: dict[str, tuple[str, dict[str, float]]] = {
    "late": ("baseline", {"policy start": 2036.0}),
    "early": ("baseline", {"policy start": 2024.0}),
    "slow": ("baseline", {"policy ramp time": 6.0}),
    "late everything": ("baseline", {**EVERYTHING, "policy start": 2036.0}),
    "seats": ("baseline", {"training seats": 135.6}),
    "cheap tariff": ("drg", {"tariff level": 0.8}),
    "hard cap": ("baseline", TIGHT),
    "bed cap": ("baseline", {"bed cap": 1.0}),
    "poor": ("baseline", {"real income growth": 0.02}),
    "rich": ("baseline", {"real income growth": 0.05}),
    "east alone": ("capitation", {"part of west in reform": 0.0}),
    "race LE": ("dip", {"point race[LE]": 0.2}),
    "race LW": ("dip", {"point race[LW]": 0.2}),
    "no race": ("dip", {"ratchet": 0.0}),
    "all race": ("dip", {"ratchet": 0.0, **ALL_RACE}),
    "impossible": ("baseline", SPLIT),
    "impossible shared": ("baseline", {**SPLIT, "shared savings rate": 1.0}),
    "calm": ("baseline", {"pandemic scale": 0.0}),
    "name": ("baseline", {"brand tie": 1.0}),
    "name close": ("capitation", {"brand tie": 1.0}),
    "scandal": ("baseline", {"trust shock": 0.3}),
    "nurses": ("baseline", {"home nursing teams": 100.0}),
    "salaries": ("drg", {"volume link of pay": 0.0}),
    "open grid": ("baseline", {"integration aim": 0.8, "grid closure": 1.0}),
    "generous grid": ("baseline", {"integration aim": 0.8, "grid closure": 1.0,
                                   "benchmark growth": 0.1}),
    "no cover": ("baseline", NO_COVER),
    **{f"cover {t}": ("baseline", {f"cover change[{t}]": 0.1}) for t in OWN},
    **{f"tariff {x}": ("drg", {"tariff level": x}) for x in TARIFFS},
    **{f"ties {x}": ("baseline", {"integration aim": x}) for x in DEGREES},
    **{f"drg {x}": ("ffs", {"DRG share": x}) for x in DEGREES},
}  # fmt: skip


def corners(model: Model, folder: Path) -> dict[str, dict[str, float]]:
    """Half of the levers each at one of its ends; payment shares add to one."""
    draw = np.random.default_rng(1)
    levers = [c for c in read_controls(folder, model) if c.role == "lever"]
    splits = (
        ("DRG share", "DIP share", "inpatient capitation share", "per diem share"),
        ("service unit share", "outpatient capitation share"),
    )
    found = {}
    for i in range(CORNERS):
        picked = draw.random(len(levers)) < 0.5
        values = {
            lever.name: float(lever.min if draw.random() < 0.5 else lever.max)
            for lever, is_in in zip(levers, picked, strict=True)
            if is_in
        }
        for names in splits:
            whole = draw.integers(len(names) + 1)
            values |= {name: float(j == whole) for j, name in enumerate(names)}
        found[f"corner {i}"] = values
    return found


@pytest.fixture(scope="module")
def many(
    consortium: Model, consortium_folder: Path, regimes: dict[str, dict[str, float]]
) -> Runs:
    """Every change of this file and the corners, in one batch."""
    runs = {name: {**regimes[r], **values} for name, (r, values) in CHANGES.items()}
    runs |= {r: regimes[r] for r in ("baseline", "drg", "dip", "capitation")}
    runs |= corners(consortium, consortium_folder)
    return run_all(consortium, runs, NAMES)


def gain(many: Runs, after: str, before: str, name: str, year: int) -> float:
    """Return the relative change of a name between two runs."""
    old = many.year(before, name, year)
    return (many.year(after, name, year) - old) / abs(old)


def test_no_lever_acts_before_the_policy_start(many: Runs) -> None:
    before = many.times < 2036
    for name in NAMES:
        early = many.get("late everything", name)[before]
        assert np.array_equal(early, many.get("late", name)[before]), name


@pytest.mark.parametrize("other", ["early", "late", "slow"])
def test_a_reform_that_changes_nothing_has_no_date(many: Runs, other: str) -> None:
    for name in NAMES:
        here, there = many.get(other, name), many.get("baseline", name)
        assert np.array_equal(here, there), name


def test_twice_the_students_take_years_and_dilute_pay(many: Runs) -> None:
    physicians = "primary physicians per 10000"
    assert 0 < gain(many, "seats", "baseline", physicians, 2028) < 0.03
    assert gain(many, "seats", "baseline", physicians, 2036) > 0.1
    assert gain(many, "seats", "baseline", "primary workload", 2036) < -0.05
    assert gain(many, "seats", "baseline", "primary physician income", 2036) < 0


def test_a_shortage_of_one_fund_is_not_paid_by_the_other(many: Runs) -> None:
    # A programme costs both funds; the residents' one runs short and cuts its budgets.
    assert gain(many, "nurses", "baseline", "Reserve[resident]", 2032) < -0.05
    budget = "Global Budget[TH,{}]"
    cut = gain(many, "nurses", "baseline", budget.format("resident"), 2034)
    assert cut < -0.02
    other = gain(many, "nurses", "baseline", budget.format("employee"), 2034)
    assert abs(other) < 0.02 < abs(cut)
    assert gain(many, "nurses", "baseline", "fund balance", 2039) < -0.01


def test_salaries_do_not_undo_thrift(many: Runs) -> None:
    assert gain(many, "salaries", "drg", "service intensity", 2036) < 1e-3
    assert gain(many, "salaries", "drg", "los tertiary", 2036) < 1e-3
    assert gain(many, "salaries", "drg", "visits per person", 2036) < -0.01


def test_a_tariff_below_cost_is_paid_by_many(many: Runs) -> None:
    for name in ("los tertiary", "hospital physician income", "hospital margin"):
        assert gain(many, "cheap tariff", "drg", name, 2030) < -0.01, name
    for name in ("readmission rate", "oop share", "severe share at tertiary"):
        assert gain(many, "cheap tariff", "drg", name, 2030) > 0.001, name
    assert gain(many, "cheap tariff", "drg", "fund balance", 2030) > 0.02


def test_stays_answer_every_cut_of_the_tariff(many: Runs) -> None:
    stays = [many.year(f"tariff {x}", "los tertiary", 2032) for x in TARIFFS]
    assert all(np.diff(stays) > 0)
    assert stays[1] / stays[2] < 0.997


def test_each_cover_moves_its_own_tier(many: Runs) -> None:
    """Ten points more bring patients there, and not to the tiers beside it."""
    for tier, provider in OWN.items():
        for kind in ("visits seen total", "cases admitted total"):
            name = f"{kind}[{provider}]"
            assert gain(many, f"cover {tier}", "baseline", name, 2032) > 0.01, name
            rises = {
                other: gain(many, f"cover {tier}", "baseline", f"{kind}[{other}]", 2032)
                for other in OWN.values()
            }
            assert max(rises, key=lambda p: rises[p]) == provider, rises


def test_a_hard_cap_without_growth_saves_and_rations(many: Runs) -> None:
    for name in ("unmet need", "oop share"):
        assert gain(many, "hard cap", "baseline", name, 2034) > 0.005, name
    for name in ("spending per capita", "hospital margin"):
        assert gain(many, "hard cap", "baseline", name, 2034) < -0.05, name


def test_frozen_beds_fill_up_here_and_in_the_county(many: Runs) -> None:
    assert gain(many, "bed cap", "baseline", "Beds[TH]", 2036) < -0.1
    assert gain(many, "bed cap", "baseline", "tertiary wait", 2036) > 0.5
    assert gain(many, "bed cap", "baseline", "bed occupancy[LE]", 2036) > 0
    assert gain(many, "bed cap", "baseline", "in county share", 2036) > 0


def test_a_richer_county_uses_more_and_feels_it_less(many: Runs) -> None:
    for name in ("visits per person", "admissions per person", "spending per capita",
                 "fund income per member", "tertiary visit share"):  # fmt: skip
        assert gain(many, "rich", "poor", name, 2036) > 0.001, name
    assert gain(many, "rich", "poor", "oop burden", 2036) < -0.05


def test_who_does_not_reform_does_not_gain(many: Runs) -> None:
    assert gain(many, "east alone", "capitation", "Controlled[west]", 2036) < -0.1
    assert abs(gain(many, "east alone", "capitation", "Controlled[east]", 2036)) < 0.06


def test_twins_mirror_each_other(many: Runs) -> None:
    east, west = "DIP claims[LE,employee]", "DIP claims[LW,employee]"
    for mine, its in ((east, west), (west, east)):
        left, right = many.get("race LE", mine), many.get("race LW", its)
        assert np.allclose(left, right, rtol=1e-12, atol=0.0)


def test_a_race_of_all_wins_nothing(many: Runs) -> None:
    assert gain(many, "all race", "no race", "total points", 2036) > 0.05
    assert gain(many, "all race", "no race", "dip point value", 2036) < -0.05
    for p in PROVIDERS:
        name = f"DIP claims[{p},employee]"
        assert abs(gain(many, "all race", "no race", name, 2036)) < 0.01, p


def test_savings_that_cannot_be_reached_move_nobody(many: Runs) -> None:
    for name in (
        "primary physician income",
        "primary physicians per 10000",
        "chronic control rate",
        "trust in primary",
        "hospital margin",
    ):
        change = gain(many, "impossible shared", "impossible", name, 2036)
        assert abs(change) < 1e-3, name


def test_without_the_pandemic_2020_is_a_year_like_others(many: Runs) -> None:
    assert gain(many, "calm", "baseline", "visits per person", 2020) > 0.05
    for name in ("visits per person", "tertiary visit share"):
        assert abs(gain(many, "calm", "baseline", name, 2030)) < 0.01, name


def test_a_name_draws_patients_where_no_purse_is_shared(many: Runs) -> None:
    share = "primary visit share"
    assert gain(many, "name", "baseline", share, 2030) < -0.02
    assert gain(many, "name close", "capitation", share, 2036) > 0.005
    trust = "trust in primary"
    assert gain(many, "name", "baseline", trust, 2036) < -0.005
    assert gain(many, "name close", "capitation", trust, 2036) > 0.005


def test_a_scandal_is_forgotten_at_last(many: Runs) -> None:
    early = gain(many, "scandal", "baseline", "primary visit share", 2029)
    late = gain(many, "scandal", "baseline", "primary visit share", 2038)
    assert early < -0.02
    assert early / 5 < late <= 0.001


def test_savings_of_a_closed_grid_have_a_ceiling(many: Runs) -> None:
    before = many.year("open grid", "hospital margin", 2036)
    assert many.year("generous grid", "hospital margin", 2036) - before < 0.08
    assert many.get("generous grid", "Margin[LE]").max() < 0.3


def test_without_cover_patients_pay_all_and_use_less(many: Runs) -> None:
    assert many.year("no cover", "oop share", 2036) == pytest.approx(1.0)
    for name in ("visits per person", "admissions per person", "spending per capita"):
        assert gain(many, "no cover", "baseline", name, 2036) < -0.05, name
    assert gain(many, "no cover", "baseline", "oop burden", 2036) > 0.2


def test_loose_ties_are_worse_than_none_and_than_close_ones(many: Runs) -> None:
    down = [many.year(f"ties {x}", "down referral rate", 2036) for x in DEGREES]
    assert all(np.diff(down) > 0)
    primary = [many.year(f"ties {x}", "primary visit share", 2036) for x in DEGREES]
    assert primary.index(min(primary)) == 1
    assert max(primary) == primary[-1]


def test_more_payment_by_the_case_shortens_stays_and_lifts_codes(many: Runs) -> None:
    for name, sign in (("los tertiary", -1), ("upcoding index", 1)):
        values = [many.year(f"drg {x}", name, 2032) for x in DEGREES]
        assert all(sign * np.diff(values) > 0), name


def test_no_corner_of_the_levers_is_absurd(many: Runs) -> None:
    for i in range(CORNERS):
        run = f"corner {i}"
        for name in SHARES:
            series = many.get(run, name)
            assert series.min() >= -1e-9, (run, name)
            assert series.max() <= 1 + 1e-9, (run, name)
        for name in (
            "tertiary wait",
            "Perceived Visit Wait[PE]",
            "Perceived Visit Wait[LE]",
            "Perceived Visit Wait[TH]",
        ):
            assert many.get(run, name).max() < 1, (run, name)
        assert many.get(run, "Margin[LE]").max() < 0.6, run
        assert many.get(run, "Margin[TH]").max() < 0.6, run
