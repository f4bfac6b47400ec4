"""What scenarios' own texts tell comes about: each direction, and figures as rounded.

A range is one of relative changes, wide enough that a small change of the model does
not make a rounded figure wrong; where the text says "about a tenth", 0.05 to 0.15.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sdmodel.experiments.whatif import evaluate, headline_keys
from sdmodel.experiments.workbook import open_workbook
from sdmodel.study.outcomes import parse_key
from tests.consortium.regimes import REGIMES

if TYPE_CHECKING:
    from pathlib import Path

    from sdmodel.experiments.workbook import Workbook

A_LOT, A_LITTLE = (0.001, 9.0), (0.001, 0.06)
LESS, A_LITTLE_LESS, HARDLY = (-0.9, -0.001), (-0.06, -0.001), (-0.02, 0.02)

TOLD = {
    ("ffs", "baseline"): {
        "los_tertiary": A_LOT, "service_intensity": A_LOT, "cost_per_admission": A_LOT,
        "spending_per_capita": (0.05, 0.15), "hospital_margin": A_LOT,
        "oop_burden": A_LOT, "oop_share": A_LITTLE_LESS, "unmet_need": LESS,
        "readmission_rate": A_LITTLE_LESS, "down_referral_rate": (-0.4, -0.2),
    },
    ("per-diem", "baseline"): {
        "los_tertiary": (0.05, 0.12), "service_intensity": A_LITTLE_LESS,
        "cost_per_admission": HARDLY, "spending_per_capita": HARDLY,
        "hospital_margin": (-0.3, -0.1), "down_referral_rate": (-0.5, -0.2),
        "readmission_rate": A_LITTLE_LESS, "primary_visit_share": A_LITTLE_LESS,
    },
    ("drg", "baseline"): {
        "los_tertiary": (-0.04, -0.01), "cost_per_admission": (-0.04, -0.01),
        "upcoding_index": (0.005, 0.02), "hospital_margin": A_LOT,
        "fund_reserve_months": LESS, "readmission_rate": A_LITTLE, "unmet_need": A_LOT,
    },
    ("drg", "ffs"): {
        "los_tertiary": (-0.13, -0.06), "cost_per_admission": (-0.2, -0.1),
    },
    ("dip", "baseline"): {
        "upcoding_index": A_LITTLE, "dip_point_value": (-0.1, -0.04),
        "hospital_margin": LESS, "los_tertiary": (-0.04, -0.01),
        "service_intensity": (-0.04, -0.01), "fund_balance": A_LOT,
    },
    ("dip", "drg"): {"los_tertiary": LESS, "service_intensity": LESS},
    ("capitation", "baseline"): {
        "chronic_control_rate": (0.5, 0.9), "chronic_control_rate@2030": (0.1, 0.3),
        "avoidable_admissions": (-0.2, -0.1), "down_referral_rate": (1.3, 2.3),
        "tertiary_admission_share": (-0.17, -0.08), "in_county_share": (0.001, 0.03),
        "spending_per_capita": (-0.15, -0.05), "fund_balance": A_LOT,
        "hospital_margin": LESS, "hospital_physician_income": LESS,
        "primary_physician_income": A_LOT, "oop_share": A_LITTLE, "oop_burden": LESS,
        "service_intensity": HARDLY,
    },
    ("global-budget", "baseline"): {
        "spending_per_capita": (-0.1, -0.05), "fund_reserve_months": (0.3, 0.6),
        "unmet_need": (1.0, 4.0), "hospital_margin": (-0.3, -0.1),
        "hospital_physician_income": (-0.15, -0.05), "oop_share": A_LITTLE,
        "los_tertiary": HARDLY, "service_intensity": HARDLY,
        "tertiary_wait@2040": (-0.15, -0.001),
    },
    ("mixed", "baseline"): {
        "chronic_control_rate": (0.25, 0.45), "down_referral_rate": (1.0, 1.9),
        "spending_per_capita": (-0.1, -0.04), "fund_reserve_months": A_LOT,
        "hospital_margin": (-0.06, 0.06), "primary_physician_income": A_LITTLE,
        "los_tertiary": (-0.03, 0.03), "upcoding_index": HARDLY,
    },
    ("luohu", "baseline"): {
        "primary_physician_income@2030": (0.33, 0.9), "primary_physician_income": A_LOT,
        "primary_physicians_per_10000": (0.35, 0.7), "chronic_control_rate": A_LOT,
        "in_county_share": A_LOT, "spending_per_capita": LESS,
    },
    ("pace", "baseline"): {
        "chronic_control_rate": A_LOT, "avoidable_admissions": LESS,
        "fund_reserve_months": LESS,
    },
    ("peking-third", "baseline"): {
        "primary_visit_share": LESS, "tertiary_visit_share": A_LOT,
        "primary_physicians_per_10000": LESS, "trust_in_primary": LESS,
        "down_referral_rate": (-0.15, 0.0),
    },
    ("ruijin-luwan", "baseline"): {
        "primary_visit_share": LESS, "primary_physicians_per_10000": LESS,
        "cost_per_admission": A_LITTLE,
    },
    ("uk-gatekeeping", "baseline"): {
        "primary_visit_share": A_LOT, "unmet_need@2040": (0.5, 2.5),
        "primary_workload": A_LOT, "primary_physician_income": LESS,
        "tertiary_wait": LESS,
    },
    ("regional-hub", "baseline"): {
        "fund_reserve_months": (-0.5, -0.3), "unmet_need": A_LOT, "los_tertiary": LESS,
    },
    ("shenyang-1984", "baseline"): {
        "tertiary_wait@2040": (1.0, 2.5), "tertiary_bed_occupancy": A_LOT,
        "down_referral_rate": A_LOT,
    },
    ("singapore", "baseline"): {
        "oop_share": A_LOT, "fund_reserve_months": A_LOT, "unmet_need": LESS,
        "hospital_margin": (0.001, 0.1),
    },
    ("pcmh", "baseline"): {
        "primary_workload@2030": A_LOT, "trust_in_primary": (0.05, 0.15),
        "avoidable_admissions": (-0.08, -0.03), "chronic_control_rate": A_LITTLE,
    },
    ("beijing-childrens", "baseline"): {
        "primary_visit_share": A_LITTLE_LESS, "tertiary_admission_share": LESS,
    },
    ("dualistic", "baseline"): {
        "oop_share": A_LOT, "in_county_share": A_LOT,
        "primary_physician_income": (-0.06, 0.1),
        "primary_physicians_per_10000": (0.5, 1.3),
    },
    ("zhenjiang", "baseline"): {
        "hospital_physician_income": LESS, "primary_physicians_per_10000": A_LOT,
        "los_tertiary": A_LOT, "primary_physician_income@2030": (0.1, 0.2),
        "primary_physician_income": (-0.04, 0.04),
    },
    ("shanghai", "baseline"): {
        "primary_visit_share": A_LOT, "spending_per_capita": LESS, "unmet_need": A_LOT,
    },
    ("grid-2020", "baseline"): {
        "in_county_share": A_LOT, "tertiary_admission_share": (-0.35, -0.2),
        "hospital_margin": LESS, "chronic_control_rate": (0.08, 0.18),
    },
    ("hmo", "baseline"): {"primary_physician_income": (0.2, 0.9)},
}  # fmt: skip
"""By scenario and what it is set against: relative changes that its text tells."""

GOING_ON = {
    "trust_in_primary": A_LOT, "chronic_control_rate": A_LOT,
    "primary_visit_share": (-0.15, -0.05), "tertiary_visit_share": A_LOT,
    "in_county_share": (-0.05, -0.015), "spending_per_capita@year": (0.5, 0.85),
    "fund_balance": A_LOT,
}  # fmt: skip
"""What the baseline's text tells of 2040 against 2026."""


@pytest.fixture(scope="module")
def book(consortium_folder: Path, _own_cache: None) -> Workbook:
    return open_workbook(consortium_folder)


@pytest.fixture(scope="module")
def found(book: Workbook) -> dict[str, dict[str, float]]:
    """Every headline outcome of those told of, and those of 2026, 2030 and 2040."""
    told = dict.fromkeys((*REGIMES, *(scenario for scenario, _ in TOLD)))
    dated = [
        parse_key(f"{outcome.id}@{year}", book.outcomes, book.model)
        for outcome in book.outcomes
        if outcome.summary != "crossing"
        for year in (2026, 2030, 2040)
    ]
    keys = [*headline_keys(book.outcomes), *dated]
    values = evaluate(book.model, [book.scenario(r) for r in told], keys).values
    ids = {outcome.id: f"{outcome.id}@{outcome.summary}" for outcome in book.outcomes}
    return {
        regime: {
            **{name: float(column[i]) for name, column in values.items()},
            **{id_: float(values[id_ if id_ in values else key][i])
               for id_, key in ids.items()},
        }
        for i, regime in enumerate(told)
    }  # fmt: skip


def test_every_regime_says_what_it_shows(book: Workbook) -> None:
    for regime in REGIMES:
        scenario = book.scenario(regime)
        assert set(scenario.shows) == {"en", "zh"}, regime


def test_what_regimes_show_comes_about(found: dict[str, dict[str, float]]) -> None:
    wrong = [
        f"{scenario} against {other}: {name} {change:+.3f}, told {low} to {high}"
        for (scenario, other), told in TOLD.items()
        for name, (low, high) in told.items()
        if not low <= (change := found[scenario][name] / found[other][name] - 1) <= high
    ]
    assert wrong == []


def test_what_going_on_as_today_shows_comes_about(
    found: dict[str, dict[str, float]],
) -> None:
    today = found["baseline"]
    for name, (low, high) in GOING_ON.items():
        id_ = name.partition("@")[0]
        change = today[f"{id_}@2040"] / today[f"{id_}@2026"] - 1
        assert low <= change <= high, (name, change)
    assert today["tertiary_admission_share@2040"] > 0.5
    assert 0.1 < 0.9 - today["in_county_share@2040"] < 0.12
    assert 2028 < found["ffs"]["fund_depletion_year"] < 2033
    assert [r for r in REGIMES if found[r]["fund_depletion_year"] > 0] == ["ffs"]
