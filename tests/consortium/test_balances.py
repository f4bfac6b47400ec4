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
from tests.tolerances import BALANCE, DIP_IDENTITY, EMPTY_STOCK

if TYPE_CHECKING:
    from sdmodel.model.core import Model

RUNS = (*REGIMES, "everything")
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
    ("Primary Physicians", ("graduation", "staff received"), ("departures",),
     COMMUNITIES),
    ("Hospital Physicians", ("hires", "hires from primary"),
     ("hospital leavers", "staff moved"), HOSPITALS),
    ("Dispatched", ("sent to primary",), ("back from primary",), COMMUNITIES),
    ("Registered", ("signing up",), ("contracts ended",), COMMUNITIES),
    ("Beds", ("beds opened",), ("beds closed",), PROVIDERS),
    ("Reserve", ("fund income", "pool transfer"), ("fund spending",), SCHEMES),
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


@pytest.mark.parametrize("regime", RUNS)
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


@pytest.mark.parametrize("regime", RUNS)
def test_people_in_and_out_make_the_population(eight: Runs, regime: str) -> None:
    deaths = ("at risk", "undiagnosed", "uncontrolled", "controlled", "complicated")
    for c in COMMUNITIES:
        gap = residual(
            eight, regime, f"population[{c}]",
            [f"entry[{c}]"], [f"deaths {d}[{c}]" for d in deaths],
        )  # fmt: skip
        assert gap <= BALANCE


@pytest.mark.parametrize("regime", RUNS)
def test_everyone_who_seeks_care_goes_somewhere(eight: Runs, regime: str) -> None:
    def total(names: list[str]) -> np.ndarray:
        return np.asarray(sum(eight.get(regime, name) for name in names))

    def chosen(made: str, effect: str, c: str, k: str, s: str) -> np.ndarray:
        """Return what a tier is chosen for, with what its price keeps away."""
        parts = [
            eight.get(regime, f"{made}[{c},{tier},{k},{s}]")
            / eight.get(regime, f"{effect}[{tier},{s}]")
            for tier in TIERS
        ]
        return np.asarray(sum(parts))

    for c in COMMUNITIES:
        for k in CONDITIONS:
            for s in SCHEMES:
                visits = chosen("first visits", "visit price effect", c, k, s)
                sought = eight.get(regime, f"visits sought[{c},{k},{s}]")
                assert relative(visits, sought) <= BALANCE
                cases = chosen("initial admissions", "admission price effect", c, k, s)
                sought = eight.get(regime, f"admissions sought[{c},{k},{s}]")
                assert relative(cases, sought) <= BALANCE
        each = [(k, s) for k in CONDITIONS for s in SCHEMES]
        sought = total([f"admissions sought[{c},{k},{s}]" for k, s in each])
        made = total(
            [
                f"initial admissions[{c},{tier},{k},{s}]"
                for tier in TIERS
                for k, s in each
            ]
        )
        forgone = eight.get(regime, f"admissions forgone[{c}]") * sought
        assert relative(made + forgone, sought) <= BALANCE
    for k in CONDITIONS:
        for s in SCHEMES:
            arriving = total([f"cases arriving[{p},{k},{s}]" for p in PROVIDERS])
            made = total(
                [
                    f"initial admissions[{c},{tier},{k},{s}]"
                    for c in COMMUNITIES
                    for tier in TIERS
                ]
            )
            assert relative(arriving, made) <= BALANCE
    for p in PROVIDERS:
        demanded = eight.get(regime, f"cases demanded total[{p}]")
        fates = ("cases joining backlog", "cases admitted total")
        fate = total([f"{name}[{p}]" for name in fates]) - eight.get(
            regime, f"cases from backlog[{p}]"
        )
        assert relative(demanded, fate) <= BALANCE
        asked = total(
            [f"cases demanded[{p},{k},{s}]" for k in CONDITIONS for s in SCHEMES]
        )
        withdrawn = eight.get(regime, f"cases withdrawn[{p}]")
        assert relative(asked, demanded + withdrawn) <= BALANCE
        cases = total([f"cases[{p},{k},{s}]" for k in CONDITIONS for s in SCHEMES])
        assert (
            relative(cases, eight.get(regime, f"cases admitted total[{p}]")) <= BALANCE
        )


@pytest.mark.parametrize("regime", RUNS)
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


@pytest.mark.parametrize("regime", RUNS)
def test_capitation_money_goes_to_those_who_receive_it(
    eight: Runs, regime: str
) -> None:
    """All of it is received, and each community pays for its own members."""

    def get(name: str, of: str, s: str) -> np.ndarray:
        return eight.get(regime, f"{name}[{of},{s}]")

    neighbour = {"east": "west", "west": "east"}
    own = {"east": ("PE", "LE"), "west": ("PW", "LW")}
    for s in SCHEMES:
        given = sum(get("capitation income", c, s) for c in COMMUNITIES)
        taken = sum(get("capitation claims", p, s) for p in PROVIDERS)
        assert relative(np.asarray(given), np.asarray(taken)) <= BALANCE
        for c in COMMUNITIES:
            clinic, lead = own[c]
            from_guests = get("paid to neighbour", neighbour[c], s)
            at_home = (
                get("capitation claims", clinic, s)
                + get("capitation claims", lead, s)
                - from_guests
            )
            away = get("paid outside", c, s) + get("paid to neighbour", c, s)
            income = get("capitation income", c, s)
            assert relative(at_home + away, income) <= BALANCE
            assert (from_guests >= 0).all()
            assert (get("kept inside", c, s) >= 0).all()


@pytest.mark.parametrize("regime", RUNS)
def test_money_follows_members_who_cross(eight: Runs, regime: str) -> None:
    """A lead hospital's guests are the neighbours who do not stay at their own."""
    lead = {"east": "LE", "west": "LW"}
    for c, o in (("east", "west"), ("west", "east")):
        leaves = 1 - eight.get(regime, f"stay at own lead[{o}]")
        for s in SCHEMES:

            def total(name: str, of: str, s: str = s) -> np.ndarray:
                parts = [eight.get(regime, f"{name}[{of},{k},{s}]") for k in CONDITIONS]
                return np.asarray(sum(parts))

            cases = eight.get(regime, f"guest share of cases[{c},{s}]")
            guests = cases * total("cases arriving", lead[c])
            assert relative(guests, total("lead admissions", o) * leaves) <= BALANCE
            visits = eight.get(regime, f"guest share of visits[{c},{s}]")
            asked = total("visits demanded", lead[c])
            induced = eight.get(regime, f"Visit Inducement[{lead[c]}]")
            crossed = total("lead visits", o) * leaves * induced
            assert relative(visits * asked, crossed) <= BALANCE
    # Nothing that is spent on members is lost between the two communities.
    spent = sum(eight.get(regime, f"member spending[{c}]") for c in COMMUNITIES)
    owed = sum(
        eight.get(regime, f"care liability[{p},{s}]")
        for p in PROVIDERS
        for s in SCHEMES
    )
    assert relative(np.asarray(spent), np.asarray(owed)) <= BALANCE


@pytest.mark.parametrize("regime", RUNS)
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


@pytest.mark.parametrize("regime", RUNS)
def test_payment_shares_make_one(eight: Runs, regime: str) -> None:
    parts = ("per diem", "DRG", "DIP", "inpatient capitation", "inpatient FFS")
    whole = sum(eight.get(regime, f"{part} in force") for part in parts)
    assert np.abs(np.asarray(whole) - 1).max() <= BALANCE


@pytest.mark.parametrize("regime", RUNS)
def test_no_stock_is_negative(consortium: Model, eight: Runs, regime: str) -> None:
    for state in consortium.states:
        series = eight.get(regime, state.name)
        assert series.min() >= -EMPTY_STOCK * series.max(), state.name


@pytest.mark.parametrize("regime", RUNS)
def test_visits_arrive_where_patients_were_sent(eight: Runs, regime: str) -> None:
    """First visits, referrals up, repeats and added visits make what arrives."""

    def get(name: str) -> np.ndarray:
        return eight.get(regime, name)

    for k in CONDITIONS:
        for s in SCHEMES:
            made, arrived = np.zeros(len(eight.times)), np.zeros(len(eight.times))
            for c in COMMUNITIES:
                primary = get(f"first visits[{c},primary,{k},{s}]")
                siphoned = get(f"siphoned visits[{c},{k},{s}]")
                up = (primary - siphoned) * get(f"up referral rate[{c},{k}]")
                near = get(f"referral to lead[{c}]")
                added = get("visits added by tele") * get(f"tele reach[{c}]")
                first = [get(f"first visits[{c},{t},{k},{s}]") for t in TIERS]
                hospital = first[1] + first[2] + siphoned + up * (1 + near * added)
                repeats = get(f"repeat visit share[{c}]") * hospital
                made += primary - siphoned + hospital + repeats
            for p in PROVIDERS:
                induced = get(f"Visit Inducement[{p}]")
                arrived += get(f"visits demanded[{p},{k},{s}]") / induced
            assert relative(made, arrived) <= BALANCE


@pytest.mark.parametrize("regime", RUNS)
def test_physicians_who_move_arrive(eight: Runs, regime: str) -> None:
    left = sum(eight.get(regime, f"staff moved[{h}]") for h in HOSPITALS)
    came = sum(eight.get(regime, f"staff received[{c}]") for c in COMMUNITIES)
    assert relative(np.asarray(left), np.asarray(came)) <= BALANCE
    for c, hospital in zip(COMMUNITIES, ("LE", "LW"), strict=True):
        away = eight.get(regime, f"Dispatched[{c}]")
        assert (away <= eight.get(regime, f"Hospital Physicians[{hospital}]")).all()


@pytest.mark.parametrize("regime", RUNS)
def test_programmes_and_shared_savings_are_paid_in_full(
    eight: Runs, regime: str
) -> None:
    def total(names: list[str]) -> np.ndarray:
        return np.asarray(sum(eight.get(regime, name) for name in names))

    owed = total([f"fund liability[{p},{s}]" for p in PROVIDERS for s in SCHEMES])
    care = total([f"care liability[{p},{s}]" for p in PROVIDERS for s in SCHEMES])
    consulted = total([f"consultations added[{c}]" for c in COMMUNITIES])
    beside = (
        total([f"shared savings paid[{c}]" for c in COMMUNITIES])
        + total([f"outflow settlement[{c}]" for c in COMMUNITIES])
        + total([f"care programmes[{c}]" for c in COMMUNITIES])
        + total([f"fees for sending down[{h}]" for h in HOSPITALS])
        + total([f"relief paid[{c},{s}]" for c in COMMUNITIES for s in SCHEMES])
        + eight.get(regime, "consultation price") * consulted
    )
    assert relative(owed, care + beside) <= BALANCE
    given = total([f"pool transfer[{s}]" for s in SCHEMES])
    moved = np.abs(eight.get(regime, "pool transfer[resident]")).max()
    assert np.abs(given).max() <= BALANCE * max(moved, 1.0)


@pytest.mark.parametrize("regime", RUNS)
def test_cash_follows_every_flow(eight: Runs, regime: str) -> None:
    """What a provider takes in and pays out, named once more."""
    community = {"PE": "east", "LE": "east", "PW": "west", "LW": "west"}
    for p in PROVIDERS:

        def get(name: str, p: str = p) -> np.ndarray:
            return eight.get(regime, f"{name}[{p}]")

        paid = sum(eight.get(regime, f"fund payment[{p},{s}]") for s in SCHEMES)
        came = get("patient payments") + get("advance payments") + paid + get("subsidy")
        assert relative(came, get("cash in")) <= BALANCE
        spent = get("variable cost") + get("staff cost") + get("upkeep") + get("bonus")
        c = community.get(p)
        if p.startswith("P"):
            share = eight.get(regime, "programme cost share")
            spent = spent + share * eight.get(regime, f"care programmes[{c}]")
            spent = spent + eight.get(regime, f"village pay[{c}]")
        elif c:
            spent = spent + eight.get(regime, f"dispatch pay[{c}]")
        assert relative(spent, get("cash out")) <= BALANCE


@pytest.mark.parametrize("regime", RUNS)
def test_charges_are_paid_by_patients_or_promised_by_funds(
    eight: Runs, regime: str
) -> None:
    """What patients pay by provider and by scheme is the same money."""

    def total(names: list[str]) -> np.ndarray:
        return np.asarray(sum(eight.get(regime, name) for name in names))

    by_provider = total([f"patient payments[{p}]" for p in PROVIDERS])
    by_scheme = total([f"patient spending[{s}]" for s in SCHEMES])
    assert relative(by_provider, by_scheme) <= BALANCE
