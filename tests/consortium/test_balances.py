"""Patients, staff and money are conserved, recomputed here from the saved flows.

Each balance says: what a stock gained over a step is the step times inflows less
outflows. The flows are named here once more, by hand, so that an equation in the model
that forgets one is found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.consortium.regimes import REGIMES, Runs
from tests.tolerances import BALANCE, DIP_IDENTITY

if TYPE_CHECKING:
    from sdmodel.model.core import Model

COMMUNITIES = ("east", "west")
PROVIDERS = ("PE", "LE", "PW", "LW", "TH")
HOSPITALS = ("LE", "LW", "TH")
SCHEMES = ("employee", "resident")
CONDITIONS = ("common", "chronic", "severe")
TIERS = ("primary", "lead", "tertiary")

# stock, inflows, outflows; [i] runs over the elements given.
STOCKS: tuple[tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...]], ...] = (
    ("At Risk", ("entry",), ("incidence", "deaths at risk"), COMMUNITIES),
    ("Undiagnosed", ("incidence",),
     ("detection", "complication undiagnosed", "deaths undiagnosed"), COMMUNITIES),
    ("Uncontrolled", ("detection", "loss of control"),
     ("gain of control", "complication uncontrolled", "deaths uncontrolled"),
     COMMUNITIES),
    ("Controlled", ("gain of control",),
     ("loss of control", "complication controlled", "deaths controlled"), COMMUNITIES),
    ("Complicated",
     ("complication undiagnosed", "complication uncontrolled",
      "complication controlled"), ("deaths complicated",), COMMUNITIES),
    ("Admission Backlog", ("cases joining backlog",),
     ("cases from backlog", "cases given up"), PROVIDERS),
    ("Visit Backlog", ("visits joining backlog",),
     ("visits from backlog", "visits given up"), PROVIDERS),
    ("Trainees One", ("seats filled",), ("move to two",), COMMUNITIES),
    ("Trainees Two", ("move to two",), ("move to three",), COMMUNITIES),
    ("Trainees Three", ("move to three",), ("graduation",), COMMUNITIES),
    ("Primary Physicians", ("graduation",), ("departures",), COMMUNITIES),
    ("Hospital Physicians", ("hires", "hires from primary"), ("hospital leavers",),
     HOSPITALS),
    ("Beds", ("beds opened",), ("beds closed",), PROVIDERS),
    ("Reserve", ("fund income",), ("fund spending",), SCHEMES),
    ("Refunds Due", ("refund claims",), ("refunds",), SCHEMES),
    ("Cash", ("cash in", "borrowing"), ("cash out", "repayment"), PROVIDERS),
    ("Debt", ("borrowing",), ("repayment",), PROVIDERS),
    ("Ledger Income", ("fund income",), (), SCHEMES),
    ("Ledger Spending", ("fund spending",), (), SCHEMES),
)  # fmt: skip


def residual(
    runs: Runs, run: str, stock: str, inflows: list[str], outflows: list[str]
) -> float:
    """Return the worst gap over all steps, relative to the sum of absolute flows."""
    step = np.diff(runs.times)
    gained = np.diff(runs.get(run, stock))
    came = np.array([runs.get(run, name)[:-1] for name in inflows])
    went = np.array([runs.get(run, name)[:-1] for name in outflows])
    net = came.sum(axis=0) - (went.sum(axis=0) if outflows else 0.0)
    moved = np.abs(came).sum() + (np.abs(went).sum() if outflows else 0.0)
    stock_size = np.abs(runs.get(run, stock)).max()
    size = max(float(moved * step[0]), float(stock_size))
    return float(np.abs(gained - step * net).max() / size) if size else 0.0


@pytest.mark.parametrize("regime", REGIMES)
@pytest.mark.parametrize("balance", STOCKS, ids=lambda b: b[0])
def test_a_stock_gains_what_flows_in_less_what_flows_out(
    eight: Runs,
    regime: str,
    balance: tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...]],
) -> None:
    stock, inflows, outflows, elements = balance
    for e in elements:
        gap = residual(
            eight,
            regime,
            f"{stock}[{e}]",
            [f"{name}[{e}]" for name in inflows],
            [f"{name}[{e}]" for name in outflows],
        )
        assert gap <= BALANCE, f"{stock}[{e}]"


def relative(left: np.ndarray, right: np.ndarray) -> float:
    scale = max(np.abs(left).max(), np.abs(right).max())
    return float(np.abs(left - right).max() / scale) if scale else 0.0


@pytest.mark.parametrize("regime", REGIMES)
def test_people_in_and_out_make_the_population(eight: Runs, regime: str) -> None:
    deaths = ("at risk", "undiagnosed", "uncontrolled", "controlled", "complicated")
    for c in COMMUNITIES:
        gap = residual(
            eight, regime, f"population[{c}]",
            [f"entry[{c}]"], [f"deaths {d}[{c}]" for d in deaths],
        )  # fmt: skip
        assert gap <= BALANCE


@pytest.mark.parametrize("regime", REGIMES)
def test_everyone_who_seeks_care_goes_somewhere(eight: Runs, regime: str) -> None:
    def total(names: list[str]) -> np.ndarray:
        return np.asarray(sum(eight.get(regime, name) for name in names))

    for c in COMMUNITIES:
        for k in CONDITIONS:
            for s in SCHEMES:
                visits = total([f"first visits[{c},{t},{k},{s}]" for t in TIERS])
                assert (
                    relative(visits, eight.get(regime, f"visits sought[{c},{k},{s}]"))
                    <= BALANCE
                )
                cases = total([f"initial admissions[{c},{t},{k},{s}]" for t in TIERS])
                assert (
                    relative(
                        cases, eight.get(regime, f"admissions sought[{c},{k},{s}]")
                    )
                    <= BALANCE
                )
    for k in CONDITIONS:
        for s in SCHEMES:
            arriving = total([f"cases arriving[{p},{k},{s}]" for p in PROVIDERS])
            sought = total([f"admissions sought[{c},{k},{s}]" for c in COMMUNITIES])
            assert relative(arriving, sought) <= BALANCE
    for p in PROVIDERS:
        demanded = eight.get(regime, f"cases demanded total[{p}]")
        fates = ("cases joining backlog", "cases admitted total")
        fate = total([f"{name}[{p}]" for name in fates]) - eight.get(
            regime, f"cases from backlog[{p}]"
        )
        assert relative(demanded, fate) <= BALANCE
        cases = total([f"cases[{p},{k},{s}]" for k in CONDITIONS for s in SCHEMES])
        assert (
            relative(cases, eight.get(regime, f"cases admitted total[{p}]")) <= BALANCE
        )


@pytest.mark.parametrize("regime", REGIMES)
def test_what_the_funds_pay_is_what_others_receive(eight: Runs, regime: str) -> None:
    def total(names: list[str]) -> np.ndarray:
        return np.asarray(sum(eight.get(regime, name) for name in names))

    paid = total([f"fund spending[{s}]" for s in SCHEMES])
    received = total(
        [f"fund receipts[{p}]" for p in PROVIDERS]
        + [f"refunds[{s}]" for s in SCHEMES]
        + [f"pharmacy payment[{s}]" for s in SCHEMES]
    )
    assert relative(paid, received) <= BALANCE
    advanced = total([f"advance payments[{p}]" for p in PROVIDERS])
    assert (
        relative(advanced, total([f"refund claims[{s}]" for s in SCHEMES])) <= BALANCE
    )
    # A claim is paid or still owed: owed now = owed at first + claims - payments.
    step = eight.times[1] - eight.times[0]
    for s in SCHEMES:
        owed = total([f"Unpaid Claims[{p},{s}]" for p in PROVIDERS])
        liability = total([f"fund liability[{p},{s}]" for p in PROVIDERS])
        refund = eight.get(regime, f"refund claims[{s}]")
        payment = total([f"fund payment[{p},{s}]" for p in PROVIDERS])
        flows = np.cumsum(liability - refund - payment)[:-1] * step
        assert relative(owed[1:], owed[0] + flows) <= BALANCE


@pytest.mark.parametrize("regime", REGIMES)
def test_capitation_money_goes_to_those_who_receive_it(
    eight: Runs, regime: str
) -> None:
    for s in SCHEMES:
        given = sum(
            eight.get(regime, f"capitation income[{c},{s}]") for c in COMMUNITIES
        )
        taken = sum(eight.get(regime, f"capitation claims[{p},{s}]") for p in PROVIDERS)
        assert relative(np.asarray(given), np.asarray(taken)) <= BALANCE


@pytest.mark.parametrize("regime", REGIMES)
def test_point_value_is_budget_over_points(eight: Runs, regime: str) -> None:
    points = eight.get(regime, "total points")
    budget = eight.get(regime, "DIP budget")
    share = eight.get(regime, "DIP in force")
    value = eight.get(regime, "market point value")
    assert relative(value * points, budget) <= DIP_IDENTITY
    claims = sum(
        eight.get(regime, f"DIP claims[{p},{s}]") for p in PROVIDERS for s in SCHEMES
    )
    assert relative(np.asarray(claims), share * budget) <= DIP_IDENTITY


@pytest.mark.parametrize("regime", REGIMES)
def test_payment_shares_make_one(eight: Runs, regime: str) -> None:
    parts = ("per diem", "DRG", "DIP", "inpatient capitation", "inpatient FFS")
    whole = sum(eight.get(regime, f"{part} in force") for part in parts)
    assert np.abs(np.asarray(whole) - 1).max() <= BALANCE


@pytest.mark.parametrize("regime", REGIMES)
def test_no_stock_is_negative(consortium: Model, eight: Runs, regime: str) -> None:
    for state in consortium.states:
        low = float(eight.get(regime, state.name).min())
        assert low >= 0.0, state.name
