"""What the evidence marks recalled, or nobody measured, is an assumption, no target."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

UNMEASURED = re.compile(
    r"recalled|\bsizes? (is|are) ours|^direction\b|not reported|^assum"
)
OUR_PRICES = "from recalled consumer prices"
"""The one exception (evidence/README.md): money is turned into 2019 prices so."""


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_what_nobody_measured_is_graded_an_assumption(consortium_folder: Path) -> None:
    """The range of a lever is a choice of policy, but no recalled figure passes."""
    found = []
    for row in rows(consortium_folder / "controls.csv"):
        lever = row["role"] == "lever"
        said = (
            "recalled" in row["source"] if lever else UNMEASURED.search(row["source"])
        )
        if said and row["grade"] != "assumption":
            found.append(row["name"])
    assert found == []


def test_no_recalled_figure_is_a_target(consortium_folder: Path) -> None:
    sources = {row["source"] for row in rows(consortium_folder / "targets.csv")}
    assert [s for s in sources if "recalled" in s.replace(OUR_PRICES, "")] == []
