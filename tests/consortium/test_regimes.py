"""Each regime does what theory and studies lead one to expect (signs, not sizes).

Q1 to Q13 and Q18 of the modelling notes that the model rests on. Where a statement is
about one lever, two runs differ in that lever alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sdmodel.study.design import Schedule
from tests.consortium.regimes import Runs, Values, run_all
from tests.tolerances import BALANCE, DIP_IDENTITY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sdmodel.model.core import Model

PROVIDERS = ("PE", "LE", "PW", "LW", "TH")
SCHEMES = ("employee", "resident")
CLAIMS = tuple(f"DIP claims[{p},{s}]" for p in PROVIDERS for s in SCHEMES)
OWED = tuple(f"fund liability[{p},{s}]" for p in PROVIDERS for s in SCHEMES)
SENT = tuple(
    f"transferred up[{k},{s}]" for k in ("common", "chronic", "severe") for s in SCHEMES
)
BUDGETS = tuple(f"Global Budget[{p},{s}]" for p in PROVIDERS for s in SCHEMES)
NAMES = (
    "service intensity",
    "Practice Level[TH]",
    "visits per person",
    "tertiary visit share",
    "tertiary admission share",
    "fund spending per member",
    "fund income per member",
    "los tertiary",
    "cost per admission",
    "upcoding index",
    "Coding[LE]",
    "coding ceiling[LE]",
    "readmission rate",
    "admissions per person",
    "dip point value",
    "market point value",
    "planned point value",
    "total points",
    "DIP budget",
    "hospital margin",
    "fund balance",
    "lowest net reserve",
    "in county share",
    "Prevention Effort[east]",
    "primary visit share",
    "primary visits per person[east]",
    "avoidable admissions",
    "unmet need",
    "oop share",
    "down referral rate",
    "lost margin of sending down[LE]",
    "gain of a freed bed[LE]",
    "total population",
    "chronic control rate",
    *CLAIMS,
    *OWED,
    *BUDGETS,
    *SENT,
)
Ask = Callable[..., Runs]


def total(runs: Runs, run: str, names: tuple[str, ...]) -> NDArray[np.float64]:
    """Return (time,), the sum of series."""
    return np.asarray(sum(runs.get(run, name) for name in names))


@pytest.fixture(scope="module")
def ask(consortium: Model, regimes: dict[str, dict[str, float]]) -> Ask:
    """Run variants of a regime: ``ask("dip", low={...}, high={...})``."""

    def run(regime: str, **variants: Values) -> Runs:
        values = {run: {**regimes[regime], **v} for run, v in variants.items()}
        return run_all(consortium, {"as is": regimes[regime], **values}, NAMES)

    return run


def from_2026(before: float, after: float) -> Schedule:
    """Change a behaviour when policy starts, so that history stays the same."""
    return Schedule((2026.0, 2026.25), (before, after))


def test_q1_fee_for_service_grows_on_every_side(eight: Runs) -> None:
    def rises(name: str) -> bool:
        return eight.growth("ffs", name, 2027, 2039) > 0

    assert rises("Practice Level[TH]")
    assert eight.year("ffs", "service intensity", 2030) > eight.year(
        "baseline", "service intensity", 2030
    )
    assert rises("visits per person")
    assert rises("tertiary visit share")
    spending = eight.growth("ffs", "fund spending per member", 2027, 2039)
    assert spending > eight.growth("ffs", "fund income per member", 2027, 2039)
    assert spending > eight.growth("baseline", "fund spending per member", 2027, 2039)


def test_q2_drg_shortens_stays_and_lifts_codes(eight: Runs) -> None:
    def ratio(name: str, year: int) -> float:
        return eight.year("drg", name, year) / eight.year("ffs", name, year)

    assert 0.87 <= ratio("los tertiary", 2028) <= 0.97  # Meng et al. 2020
    assert 0.9 <= ratio("cost per admission", 2028) <= 1.0
    assert ratio("upcoding index", 2030) > 1
    assert 1 < ratio("readmission rate", 2030) < 1.03
    assert ratio("admissions per person", 2030) >= 1


def test_q3_coding_drifts_to_a_ceiling(ask: Ask) -> None:
    runs = ask("drg", free={"audit intensity": 0.0})
    coding = runs.get("free", "Coding[LE]")
    ceiling = 1 + runs.get("free", "coding ceiling[LE]")
    assert (coding <= ceiling).all()
    early = runs.year("free", "Coding[LE]", 2029) - runs.year(
        "free", "Coding[LE]", 2027
    )
    late = runs.year("free", "Coding[LE]", 2039) - runs.year("free", "Coding[LE]", 2037)
    assert early > 5 * abs(late)


def test_q4_point_value_falls_as_volume_rises(eight: Runs) -> None:
    points = eight.get("dip", "total points")
    budget = eight.get("dip", "DIP budget")
    value = eight.get("dip", "market point value")
    # One per cent more points in a fixed budget: the value falls by the same factor.
    assert np.allclose(budget / (1.01 * points), value / 1.01, rtol=DIP_IDENTITY)
    assert np.allclose(value * points, budget, rtol=DIP_IDENTITY)


def test_q5_all_who_race_for_points_lose(ask: Ask) -> None:
    hard = {"ratchet": 0.0, "budget growth": 0.0, "DIP floor": 0.0}
    runs = ask(
        "dip",
        calm={**hard, "procedure response": from_2026(0.04, 0.0)},
        race={**hard, "procedure response": from_2026(0.04, 0.12)},
    )

    def more(name: str) -> bool:
        return runs.year("race", name, 2032) > runs.year("calm", name, 2032)

    assert more("total points")
    assert not more("market point value")
    assert not more("hospital margin")


def test_q6_one_who_races_alone_gains_what_others_lose(ask: Ask) -> None:
    fixed = {"ratchet": 0.0, "selection response": 0.0}
    runs = ask(
        "dip",
        same=fixed,
        alone={**fixed, "point race[LE]": 0.1},
    )
    first = int(np.searchsorted(runs.times, 2029.0))

    def claims(run: str, p: str) -> float:
        return float(sum(runs.get(run, f"DIP claims[{p},{s}]")[first] for s in SCHEMES))

    def share(run: str, p: str) -> float:
        return claims(run, p) / sum(claims(run, q) for q in PROVIDERS)

    assert share("alone", "LE") > share("same", "LE")
    for p in ("PE", "PW", "LW", "TH"):
        assert share("alone", p) < share("same", p)
    for run in ("same", "alone"):
        paid = sum(claims(run, p) for p in PROVIDERS)
        budget = runs.get(run, "DIP budget")[first]
        assert paid <= budget * (1 + BALANCE)


def test_q7_a_floor_under_the_point_value_costs_the_fund(ask: Ask) -> None:
    hard = {"ratchet": 0.0, "budget growth": 0.0}
    runs = ask("dip", floor={**hard, "DIP floor": 1.0}, free={**hard, "DIP floor": 0.0})
    bound = runs.get("floor", "dip point value") > runs.get(
        "floor", "market point value"
    )
    assert bound.any()
    assert runs.year("floor", "fund balance", 2038) < runs.year(
        "free", "fund balance", 2038
    )
    claims = total(runs, "floor", CLAIMS)
    assert (
        claims[bound][-1:] > 0.95 * runs.get("floor", "DIP budget")[bound][-1:]
    ).all()


def test_q8_capitation_keeps_patients_near_and_prevents(eight: Runs) -> None:
    def gain(name: str, year: int) -> float:
        return eight.year("capitation", name, year) - eight.year("ffs", name, year)

    assert gain("in county share", 2035) > 0
    assert gain("Prevention Effort[east]", 2030) > 0
    assert gain("primary visits per person[east]", 2035) > 0
    assert gain("avoidable admissions", 2035) < gain("avoidable admissions", 2027) < 0
    assert gain("unmet need", 2035) > 0  # the risk of under-provision


def test_q9_capitation_without_integration_changes_little(ask: Ask) -> None:
    apart = {"integration aim": 0.0}
    cap = ask("capitation", apart=apart)
    fee = ask("ffs", apart=apart)
    for name in ("down referral rate", "Prevention Effort[east]"):
        alone = cap.year("apart", name, 2035) - fee.year("apart", name, 2035)
        together = cap.year("as is", name, 2035) - fee.year("as is", name, 2035)
        assert abs(alone) < 0.05 * together


def test_q10_a_binding_budget_sets_growth_and_makes_waits(ask: Ask) -> None:
    hard = {"overspend sharing": 0.0, "ratchet": 0.0, "surplus retention": 0.0}
    runs = ask(
        "global-budget", hard=hard, loose={**hard, "global budget strictness": 0.0}
    )
    owed = total(runs, "hard", OWED)
    budget = total(runs, "hard", BUDGETS)
    late = runs.times >= 2032
    assert (owed[late] <= budget[late] * (1 + BALANCE)).all()
    grown = np.log(owed[-1] / owed[late][0]) / (runs.times[-1] - runs.times[late][0])
    grown_budget = np.log(budget[-1] / budget[late][0]) / (
        runs.times[-1] - runs.times[late][0]
    )
    assert grown == pytest.approx(grown_budget, abs=0.002)
    for name in ("unmet need", "oop share"):
        assert runs.year("hard", name, 2036) > runs.year("loose", name, 2036)
    # Cases turned away in the county leave it. The net outflow is another matter: a
    # budget that binds outside as well slows what draws patients there.
    assert (
        total(runs, "hard", SENT)[late].mean() > total(runs, "loose", SENT)[late].mean()
    )


def test_q11_kept_surplus_feeds_effort_and_the_ratchet_starves_it(ask: Ask) -> None:
    close = {"integration aim": 0.8, "ratchet": 0.0}
    runs = ask(
        "global-budget",
        keep={**close, "surplus retention": 1.0},
        claw={**close, "surplus retention": 0.0},
        ratchet={**close, "surplus retention": 1.0, "ratchet": 1.0},
    )
    effort = {
        r: runs.year(r, "Prevention Effort[east]", 2030)
        for r in ("keep", "claw", "ratchet")
    }
    assert effort["keep"] > effort["ratchet"] > effort["claw"]


def test_q12_loose_ties_draw_patients_up(ask: Ask) -> None:
    runs = ask(
        "baseline", none={"integration aim": 0.0}, loose={"integration aim": 0.25}
    )
    for name in ("tertiary visit share", "tertiary admission share"):
        assert runs.year("loose", name, 2035) > runs.year("none", name, 2035)
    assert runs.year("loose", "down referral rate", 2035) < 0.02


def test_q13_close_ties_without_common_money_move_little(ask: Ask) -> None:
    close = {"integration aim": 0.9}
    runs = ask(
        "capitation",
        apart={"integration aim": 0.0},
        unpooled={**close, "budget pooling": -0.9},
        pooled=close,
    )

    def effort(run: str) -> float:
        return runs.year(run, "Prevention Effort[east]", 2035)

    assert effort("unpooled") - effort("apart") < 0.1 * (
        effort("pooled") - effort("apart")
    )


def test_q18_a_fee_for_sending_down_must_pass_the_margin_lost(ask: Ask) -> None:
    """One step of the fee does more above the margin lost than below it."""
    fees = (0.0, 0.1, 0.2, 0.3, 0.4)
    runs = ask("ffs", **{f"{fee}": {"down referral fee": fee} for fee in fees})
    rate = [runs.year(f"{fee}", "down referral rate", 2032) for fee in fees]
    lost = runs.year("0.0", "lost margin of sending down[LE]", 2032)
    lost -= runs.year("0.0", "gain of a freed bed[LE]", 2032)
    steps = np.diff(rate)
    assert (steps > 0).all()
    below = [s for f, s in zip(fees[1:], steps, strict=True) if f <= lost]
    above = [s for f, s in zip(fees[1:], steps, strict=True) if f > lost]
    assert below
    assert max(below) < max(above)
