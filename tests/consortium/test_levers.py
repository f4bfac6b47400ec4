"""Each lever moves what the sources say it moves, in the direction they say.

One run differs from its neighbour in one lever. A move counts from a thousandth of the
outcome's value on; a lever that should do nothing where it is tried says why.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import pytest

from sdmodel.study.controls import read_controls
from tests.consortium.regimes import Runs, run_all

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sdmodel.model.core import Model

YEAR = 2036
A_THOUSANDTH = 1e-3


class Case(NamedTuple):
    """A lever at a value in a regime, and what should rise and fall."""

    lever: str
    value: float
    up: tuple[str, ...] = ()
    down: tuple[str, ...] = ()
    beside: Mapping[str, float] = MappingProxyType({})
    regime: str = "baseline"


CLOSE = {"integration aim": 0.8}
SHARED = {**CLOSE, "shared savings rate": 0.6, "benchmark growth": 0.045}
CASES = (
    # Forms and degree of integration
    Case("integration aim", 0.8, ("down referral rate",), ("tertiary visit share",)),
    Case("asset merger", 0.8, ("hospital margin", "Bed Use[PE]"), ("Beds[PE]",)),
    Case("management trust", 0.8, ("down referral rate",), ("tertiary visit share",)),
    Case("budget pooling", 0.8, ("Prevention Effort[east]",), ("siphon[east]",)),
    Case("budget pooling", -0.8, ("tertiary admission share",),
         ("Prevention Effort[east]", "down referral rate"), regime="capitation"),
    Case("staff pooling", 0.8, ("Skill[east]", "trust in primary")),
    Case("information sharing", 0.8, ("down referral rate",),
         ("repeat visit share[east]", "cost per admission")),
    # A name draws patients and staff where nothing else ties; where the hospital runs
    # its institutions, it helps them.
    Case("brand tie", 0.5, ("siphon[east]", "tertiary visit share"),
         ("primary visit share", "trust in primary", "primary physicians per 10000")),
    Case("brand tie", 0.5, ("trust in primary", "primary visit share"),
         ("tertiary visit share",), CLOSE),
    Case("horizontal merger", 1.0, ("service intensity", "tertiary visit share")),
    Case("part of west in reform", 0.0, ("tertiary admission share",),
         ("down referral rate",), regime="capitation"),
    # Free choice evens out what one community gained by reforming alone.
    Case("community competition", 1.0, ("cases admitted total[LW]",),
         ("cases admitted total[LE]",), {"part of west in reform": 0.0}, "capitation"),
    Case("specialist alliance", 1.0, ("Specialist Knowledge", "Trust[LE]"),
         ("tertiary visit share",)),
    Case("telemedicine capacity", 2000.0, ("Skill[east]",), ("tertiary visit share",)),
    Case("joint procurement", 1.0, ("hospital margin", "fund balance"),
         ("cost per admission", "spending per capita")),
    # Staff
    Case("rotation rate", 0.2, ("Skill[east]", "trust in primary")),
    Case("dispatch subsidy", 0.5, ("Skill[east]", "hospital physician income"),
         beside={"rotation rate": 0.2}),
    Case("resource reallocation rate", 0.02, ("primary physicians per 10000",),
         ("primary workload",)),
    Case("training seats", 200.0, ("primary physicians per 10000",),
         ("primary workload",)),
    Case("primary subsidy", 170.0, ("primary physician income",)),
    Case("performance pay", 0.3, ("primary pay ratio",), ("primary workload",)),
    Case("performance weight", 1.0, ("Prevention Effort[east]",),
         ("primary workload",)),
    Case("volume link of pay", 0.0, (),
         ("service intensity", "spending per capita"), regime="ffs"),
    # Patients
    Case("family doctor coverage", 0.8, ("primary visit share", "trust in primary")),
    Case("panel continuity", 1.0, ("trust in primary",), ("avoidable admissions",)),
    Case("gatekeeping", 1.0, ("primary visit share",), ("tertiary visit share",)),
    Case("closed network", 1.0, ("in county share", "tertiary case mix"),
         ("tertiary visit share",)),
    Case("reimbursement gap", 0.2, ("repeat visit share[east]",),
         ("tertiary visit share",)),
    Case("cover change[primary]", 0.1, ("primary visit share", "visits seen total[PE]"),
         ("oop share", "fund balance", "tertiary visit share")),
    Case("cover change[lead]", 0.1,
         ("visits seen total[LE]", "cases admitted total[LE]"),
         ("oop share", "fund balance", "visits seen total[TH]")),
    Case("cover change[tertiary]", -0.1,
         ("oop share", "fund balance", "visits seen total[LE]",
          "cases admitted total[LE]"),
         ("tertiary visit share", "cases admitted total[TH]")),
    Case("chronic copay relief", 1.0, ("primary visit share", "chronic control rate"),
         ("oop share", "fund balance")),
    Case("settlement delay", 1.0, ("oop share",), ("tertiary admission share",)),
    Case("drug list gap", 0.0, ("primary visit share", "trust in primary")),
    Case("specialist slots", 1.0, ("primary visit share",)),
    Case("publicity", 1.0, ("trust in primary",)),
    # Referral and tests
    Case("referral standard", 1.0, ("down referral rate",),
         ("up referral rate[east,common]", "tertiary visit share",
          "tertiary admission share")),
    Case("down referral fee", 0.3, ("down referral rate", "hospital margin")),
    Case("test recognition", 1.0, (), ("cost per admission", "spending per capita"),
         {"information sharing": 0.8}),
    # Coordination
    Case("chronic bundle", 200.0, ("chronic control rate",),
         ("premature deaths total",)),
    Case("case management", 1.0, (), ("admissions per person",)),
    # Those not yet ill pay for it.
    Case("chronic focus", 1.0, ("chronic control rate", "incidence[east]"),
         regime="capitation"),
    Case("panel focus", 1.0, (), ("chronic control rate",), regime="capitation"),
    Case("panel focus", 1.0, ("chronic control rate",), (),
         {"family doctor coverage": 0.9}, "capitation"),
    Case("home nursing teams", 100.0, ("spending per capita",),
         ("los tertiary", "readmission rate", "fund balance")),
    # Payment, savings and funds
    Case("DRG share", 0.6, ("upcoding index",), ("los tertiary",)),
    Case("DIP share", 0.7, ("upcoding index",), ("los tertiary",)),
    Case("inpatient capitation share", 0.3, ("Prevention Effort[east]",)),
    Case("per diem share", 0.3, ("los tertiary",)),
    Case("outpatient capitation share", 0.6, (), ("visits per person",)),
    Case("service unit share", 0.8, (), ("visit charge[TH]",)),
    Case("audit intensity", 1.0, (), ("upcoding index",)),
    Case("tariff level", 0.8, ("readmission rate", "oop share"),
         ("los tertiary", "hospital margin"), regime="drg"),
    Case("case weight level coefficient", 0.85, (), ("DIP claims[TH,employee]",),
         regime="dip"),
    Case("point race[LE]", 0.1, ("DIP claims[LE,employee]",),
         ("DIP claims[LW,employee]", "DIP claims[TH,employee]"), regime="dip"),
    Case("DIP floor", 1.0, ("dip point value",), regime="dip",
         beside={"budget growth": 0.0}),
    Case("DIP ceiling", 1.0, ("fund balance",), ("dip point value",),
         {"budget growth": 0.08}, "dip"),
    Case("global budget strictness", 1.0, ("oop share",), ("spending per capita",)),
    Case("overspend sharing", 0.0, ("unmet need",)),
    Case("surplus retention", 1.0, ("Prevention Effort[east]",),
         beside={**CLOSE, "global budget strictness": 1.0, "budget growth": 0.04}),
    Case("budget growth", 0.05, ("dip point value", "hospital margin"), regime="dip"),
    Case("ratchet", 1.0, (), ("shared savings paid[east]",), SHARED),
    Case("shared savings rate", 0.6,
         ("Prevention Effort[east]", "shared savings paid[east]"),
         ("service intensity", "reward of a case[LE]"),
         {**CLOSE, "benchmark growth": 0.045}),
    Case("benchmark growth", 0.055, ("shared savings paid[east]",), beside=SHARED),
    Case("minimum savings rate", 0.05, (), ("shared savings paid[east]",), SHARED),
    Case("quality gate", 0.4, (), ("shared savings paid[east]",), SHARED),
    Case("loss share", 0.6, ("fund balance", "Prevention Effort[east]"),
         ("primary physician income",), {**CLOSE, "benchmark growth": 0.01}),
    Case("savings share to primary", 0.9,
         ("primary physician income", "Prevention Effort[east]"),
         ("hospital margin",), SHARED),
    Case("village share of savings", 1.0, ("primary physician income",), beside=SHARED),
    Case("staff share of savings", 0.6, ("primary physician income",), beside=SHARED),
    Case("grid closure", 1.0, ("in county share",), ("tertiary admission share",)),
    Case("premium subsidy change", 0.2, ("fund balance",)),
    Case("premium adjustment", 1.0, ("fund balance",),
         beside={"premium subsidy change": -0.15}),
    Case("pooling level", 1.0, ("lowest net reserve",), ("equity gap",)),
    Case("added hospital subsidy", 0.1, ("hospital margin",)),
    Case("bed cap", 1.0, ("tertiary wait", "unmet need"), ("Beds[TH]",)),
    Case("policy start", 2032.0, (), ("chronic control rate",), regime="capitation"),
    Case("policy ramp time", 6.0, (), ("chronic control rate",), regime="capitation"),
    Case("point race[TH]", 0.1, ("DIP claims[TH,employee]",),
         ("DIP claims[LE,employee]",), regime="dip"),
    Case("point race[LW]", 0.1, ("DIP claims[LW,employee]",),
         ("DIP claims[LE,employee]",), regime="dip"),
    Case("point race[PE]", 0.1, ("DIP claims[PE,employee]",), regime="dip"),
    Case("point race[PW]", 0.1, ("DIP claims[PW,employee]",), regime="dip"),
)  # fmt: skip
MECHANISMS = (
    Case("coordination delay", 2.0, (), ("Integration[east]",), CLOSE),
    Case("integration ceiling", 0.5, (), ("down referral rate",), CLOSE),
    Case("base repeat share", 0.07, ("primary visit share", "visits per person")),
    Case("duplicate test fraction", 0.3, (), ("cost per admission",),
         {"test recognition": 1.0, "information sharing": 0.8}),
    Case("loss response", 1.0, ("readmission rate",), ("los tertiary",),
         {"tariff level": 0.85}, "drg"),
    Case("brand of alliance", 0.3, ("siphon[east]",),
         beside={"specialist alliance": 1.0}),
    Case("primary led advantage", 1.0, ("Prevention Effort[east]",),
         beside={**SHARED, "savings share to primary": 0.8}),
    Case("retention limit", 0.1, (), ("hospital margin",),
         {"budget growth": 0.08, "global budget strictness": 1.0,
          "premium subsidy change": 0.2}),
    Case("publicity effect", 0.3, ("trust in primary",), beside={"publicity": 1.0}),
    Case("cost of waiting for refunds", 0.9, (), ("tertiary admission share",)),
    Case("refund share[TH]", 0.8, (), ("tertiary admission share",)),
    # Distance keeps the patients of the community that did not reform at home.
    Case("cross pull", 4.0, (), ("cases admitted total[LE]",),
         {"part of west in reform": 0.0}, "capitation"),
    Case("bed growth ceiling", 0.02, (), ("Beds[TH]",)),
    Case("cost shift response", 0.5, ("oop share",), (), {"tariff level": 0.85},
         "drg"),
    Case("audit response", 3.0, ("audit in force",), ("upcoding index",),
         regime="drg"),
    Case("budget response to deficit", 0.0, ("hospital margin",), ("fund balance",),
         {"premium subsidy change": -0.15}, "dip"),
    Case("loss by delay", 10.0, ("referral to lead[east]",), (),
         {"specialist slots": 1.0}),
    Case("withdrawal rate", 0.5, ("unmet need",), (), {"bed cap": 1.0}),
    Case("plenty response", 0.1, (), ("fund balance",)),
    # Whoever cannot pay more forgoes care, and some of it was needed.
    Case("forgone care effect on deaths", 0.5, ("premature deaths total",), (),
         {"cover change[lead]": -0.2, "cover change[tertiary]": -0.2}),
    Case("creep under any contract", 1.0, ("cost per admission",), (), {},
         "capitation"),
    Case("gate response", 0.8, ("chance of gate[east]", "chronic control rate"), (),
         {**SHARED, "quality gate": 0.24}),
    Case("result spread", 0.15, (), ("los tertiary",), {}, "drg"),
    Case("ageing effect on complications", 0.4, ("Complicated[east]",)),
    # What charges pass on leaves less with hospitals.
    Case("purchase passed on", 1.0, (), ("hospital margin", "spending per capita"),
         {"joint procurement": 1.0}),
    # Who looks ahead cuts in time, and less in the end.
    Case("budget foresight", 4.0, ("Global Budget[TH,resident]",), ("unmet need",),
         {"home nursing teams": 100.0}),
)  # fmt: skip
"""What is no lever but carries a mechanism of the sources."""
IDLE = (
    (Case("telemedicine capacity", 25.0),
     "ten times today's consultations are few beside millions of visits"),
    (Case("community competition", 1.0),
     "patients have no reason to change between communities that are alike"),
    (Case("DIP ceiling", 1.2, regime="dip"),
     "a budget that grows by two per cent keeps the point value below its plan"),
    (Case("dispatch subsidy", 0.5), "a subsidy for going down while nobody is sent"),
    (Case("quality gate", 0.4), "a gate in front of savings that nobody shares"),
    (Case("policy start", 2034.0), "a reform that changes nothing has no date"),
    (Case("audit intensity", 1.0, regime="ffs"), "fees leave nothing to code"),
    (Case("settlement delay", 1.0, beside={"refund share[TH]": 0.0}),
     "patients who lay out nothing wait for nothing"),
)  # fmt: skip
OUTCOMES = ("tertiary visit share", "spending per capita", "down referral rate",
            "hospital margin", "chronic control rate")  # fmt: skip


@pytest.fixture(scope="module")
def pairs(consortium: Model, regimes: dict[str, dict[str, float]]) -> Runs:
    """Each case and its neighbour without the lever."""
    runs: dict[str, dict[str, float]] = {}
    cases = (*CASES, *MECHANISMS, *(case for case, _ in IDLE))
    for case in cases:
        base = {**regimes[case.regime], **case.beside}
        runs[f"{case} without"] = base
        runs[f"{case} with"] = {**base, case.lever: case.value}
    names = {n: None for case in cases for n in (*case.up, *case.down)}
    return run_all(consortium, runs, (*names, *(n for n in OUTCOMES if n not in names)))


def change(runs: Runs, case: Case, name: str) -> float:
    """Return the change of a name, relative to its value without the lever."""
    before = runs.year(f"{case} without", name, YEAR)
    after = runs.year(f"{case} with", name, YEAR)
    return (after - before) / max(abs(before), abs(after), 1e-300)


@pytest.mark.parametrize(
    "case", [*CASES, *MECHANISMS], ids=lambda c: f"{c.lever} {c.value:g}"
)
def test_a_lever_moves_what_it_should(pairs: Runs, case: Case) -> None:
    for name in case.up:
        assert change(pairs, case, name) > A_THOUSANDTH, name
    for name in case.down:
        assert change(pairs, case, name) < -A_THOUSANDTH, name


@pytest.mark.parametrize(
    ("case", "reason"), IDLE, ids=[f"{c.lever} {c.value:g}" for c, _ in IDLE]
)
def test_a_lever_rests_where_it_has_no_hold(
    pairs: Runs, case: Case, reason: str
) -> None:
    for name in OUTCOMES:
        assert abs(change(pairs, case, name)) < A_THOUSANDTH, reason


def test_every_lever_is_tried(consortium: Model, consortium_folder: Path) -> None:
    levers = {
        control.name
        for control in read_controls(consortium_folder, consortium)
        if control.role == "lever"
    }
    assert levers == {case.lever for case in CASES}
