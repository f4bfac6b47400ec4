"""Patients between tiers: whoever sets out arrives, in every regime and year."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sdmodel.experiments.workbook import open_workbook
from sdmodel.lab.flows import read_flows
from sdmodel.lab.record import value_sets
from sdmodel.lab.runs import native_runs
from sdmodel.study.design import Schedule
from tests.tolerances import FLOW_BALANCE

if TYPE_CHECKING:
    from numpy.typing import NDArray

TIERS = ("primary", "lead", "tertiary")
KINDS = ("visits", "admissions")


@pytest.fixture(scope="module")
def regimes() -> int:
    """How many of the runs are regimes and cases of the literature."""
    return len(open_workbook("consortium").scenario_ids())


@pytest.fixture(scope="module")
def flows() -> dict[str, NDArray[np.float64]]:
    """Flows by id, of dims (run, year): first the regimes, then all policies."""
    book = open_workbook("consortium")
    model = book.model
    rows = read_flows(book.folder, model)
    names = tuple(dict.fromkeys(n for row in rows for n in row.expression.names))
    sets = [dict(book.scenario(name).values) for name in book.scenario_ids()]
    # Rows that add to one by convention would add to one and a rounding of the table.
    moved = [c for c in book.controls if c.group != "fixed"]
    sets += value_sets(moved, model)
    drives = {n for s in sets for n, v in s.items() if isinstance(v, Schedule)}
    years = [float(y) for y in range(int(model.time.start), int(model.time.stop) + 1)]
    values = native_runs(model, names, sorted(drives)).run(sets, years).values
    series = {name: values[:, :, i] for i, name in enumerate(names)}
    return {row.id: row.expression.evaluate(series) for row in rows}


def test_every_flow_has_a_label_in_both_languages() -> None:
    book = open_workbook("consortium")
    rows = read_flows(book.folder, book.model)
    assert all(row.label_en and row.label_zh for row in rows)
    for kind in KINDS:
        units = {row.unit for row in rows if row.id.startswith(f"{kind}_")}
        assert len(units) == 1


def _links(
    flows: dict[str, NDArray[np.float64]], kind: str
) -> dict[tuple[str, str], NDArray[np.float64]]:
    ends = (*TIERS, "none")
    found = {(a, b): flows.get(f"{kind}_{a}_{b}") for a in TIERS for b in ends}
    return {pair: link for pair, link in found.items() if link is not None}


@pytest.mark.parametrize("kind", KINDS)
def test_patients_are_conserved_between_tiers(
    flows: dict[str, NDArray[np.float64]], kind: str
) -> None:
    links = _links(flows, kind)
    nodes = {
        (side, t): flows[f"{kind}_{side}_{t}"]
        for side, ends in (("from", TIERS), ("to", (*TIERS, "none")))
        for t in ends
        if f"{kind}_{side}_{t}" in flows
    }
    left, right = (
        sum(v for (s, _), v in nodes.items() if s == side) for side in ("from", "to")
    )
    assert np.isfinite(left).all()
    np.testing.assert_array_less(np.abs(left - right), FLOW_BALANCE * left)
    for (side, tier), size in nodes.items():
        at = 0 if side == "from" else 1
        through = sum(link for pair, link in links.items() if pair[at] == tier)
        gap = np.abs(through - size)
        np.testing.assert_array_less(gap, FLOW_BALANCE * left, f"{side} {tier}")


@pytest.mark.parametrize("kind", KINDS)
def test_no_way_runs_backwards_in_a_regime(
    flows: dict[str, NDArray[np.float64]], kind: str, regimes: int
) -> None:
    for pair, link in _links(flows, kind).items():
        assert (link[:regimes] >= 0.0).all(), pair


def test_ways_agree_with_what_the_model_counts(
    flows: dict[str, NDArray[np.float64]],
) -> None:
    up = flows["visits_primary_lead"] + flows["visits_primary_tertiary"]
    counted = flows["referred_up"] + flows["drawn_up"]
    np.testing.assert_allclose(up, counted, rtol=FLOW_BALANCE)
    down = flows["admissions_lead_primary"] + flows["admissions_tertiary_primary"]
    np.testing.assert_allclose(down, flows["sent_down"], rtol=FLOW_BALANCE)
    # Whoever is admitted ends the stay in some tier.
    ended = sum(flows[f"admissions_to_{tier}"] for tier in TIERS)
    admitted = sum(flows[f"admissions_{tier}"] for tier in TIERS)
    np.testing.assert_allclose(ended, admitted, rtol=FLOW_BALANCE)
