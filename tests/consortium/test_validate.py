"""The shipped model does all that checks.toml and targets.csv ask of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sdmodel.experiments.validate import Validation, validate
from sdmodel.experiments.workbook import open_workbook

if TYPE_CHECKING:
    from pathlib import Path

OPEN = {"open-dip-cost", "open-two-counties", "open-who-gains"}


@pytest.fixture(scope="module")
def found(consortium_folder: Path, _own_cache: None) -> Validation:
    return validate(open_workbook(consortium_folder))


def test_every_expected_behaviour_has_its_check(found: Validation) -> None:
    ids = {v.check.id for v in found.verdicts}
    assert {f"Q{i}" for i in range(1, 25)} | OPEN <= ids


def test_all_hold(found: Validation) -> None:
    failed = [
        (v.check.id, f.comparison.says["en"], f.figure)
        for v in found.verdicts
        for f in v.findings
        if not f.holds
    ]
    assert not failed
    assert not [v.bad for v in found.verdicts if v.bad]
    assert not [(b.balance.id, b.gap, b.run) for b in found.balances if not b.holds]
    assert not [(f.variable, f.period, f.mape) for f in found.fits if not f.holds]


def test_where_studies_disagree_the_deciding_assumptions_are_named(
    found: Validation,
) -> None:
    for verdict in found.verdicts:
        if verdict.check.id in OPEN:
            (finding,) = verdict.findings
            assert finding.signs is not None
            assert finding.signs.deciders
